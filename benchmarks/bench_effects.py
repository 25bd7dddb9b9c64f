"""What searches and reviews do to lists: experiments on real behaviour, by the worker's own code.

searches: amazon-bundles, sessions in the order of their days. A session's bundles come one after
the other: the intent that people gave a bundle is searched for, then its products are clicked, in
the order of their ids. With and without what the searches find; every click is predicted by the
user's last list before it. `first` are the first clicks after a search, `later` the others.

usage: python benchmarks/bench_effects.py [FOLDER [searches|reviews...]]   (FOLDER: data/recsys)
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import bench_search
from harness import report

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import (
    LIVE_BATCH_EVENTS,
    LocalCluster,
    unhurried,
)
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics
from shopkeeper.services.recommender.evaluation.splits import lines
from shopkeeper.services.recommender.models.item_encoder import ItemEncoder
from shopkeeper.services.recommender.models.support_filter import SupportQueryFilter
from shopkeeper.services.sentiment.aggregates import Aggregates
from shopkeeper.services.sentiment.core import summary
from shopkeeper.services.sentiment.judgement import RATING_MODEL, of_rating
from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.events.shop import ProductClicked, ProductsSearched
from shopkeeper.shared.contracts.outputs import encode

if TYPE_CHECKING:
    from shopkeeper.services.recommender.core.counting.learned import ListRequest
    from shopkeeper.services.recommender.core.ranking.ranked_list import RankedList

DATA = Path(__file__).parents[2] / "shared" / "data" / "recsys"
LIST_ITEMS = 20
CLICKED, SEARCHED = "product.clicked.v1", "products.searched.v1"
MINUTE_MS = 60_000
LIKED, DISLIKED = 4.0, 2.5  # ratings from which, and up to which
LIFTS = (0.2, 0.5, 1.0)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    parts = {"searches": searches, "reviews": reviews}
    for name in sys.argv[2:] or parts:
        parts[name](folder)


# -- searches


def searches(folder: Path) -> None:
    folder = folder / "amazon-bundles"
    if not folder.is_dir():
        print(f"{folder}: not there: nothing measured", file=sys.stderr)
        return
    models = ItemEncoder(), SupportQueryFilter()
    for name in ("electronic", "clothing"):
        domain = bench_search.Domain(folder / name)
        with_searches = replay(folder / name, domain, models, True)
        without = replay(folder / name, domain, models, False)
        for part in ("first", "later"):
            tally, base = with_searches[part], without[part]
            report(
                "searches", data=name, clicks=part, **tally.figures(len(domain.items)),
                without={k: v for k, v in base.figures(len(domain.items)).items() if "@20" in k},
                gain=tally.gain_over(base),
            )  # fmt: skip


def replay(
    folder: Path,
    domain: bench_search.Domain,
    models: tuple[ItemEncoder, SupportQueryFilter],
    used: bool,
) -> dict[str, RankingMetrics]:
    tallies = {"first": RankingMetrics(), "later": RankingMetrics()}
    numbers: dict[str, int] = {}
    last: dict[str, list[int]] = {}
    seen: dict[str, set[int]] = defaultdict(set)
    part = "first"

    def watch(due: ListRequest, ranked: RankedList) -> None:
        nonlocal part
        if due.event.type == SEARCHED:
            part = "first"
        else:
            item = due.recent[-1]
            if item not in seen[due.user]:
                seen[due.user].add(item)
                session = numbers.setdefault(due.user, len(numbers))
                tallies[part].add(session, item, last[due.user], [])
            part = "later"
        last[due.user] = ranked.items

    config = replace(
        unhurried(RecommenderConfig(), "forbid"),
        list_items_max=LIST_ITEMS,
        search_fit_min=RecommenderConfig().search_fit_min
        if used
        else 2.0,  # no product fits that well
    )
    cluster = LocalCluster(config, watch=watch, products=domain.items, models=models)
    offset = 0
    for session, start_ms, bundles in sessions_of(folder, domain):
        by = {"user_id": session, "session_id": session}
        for nth, (intent, products) in enumerate(bundles):
            time_ms = start_ms + nth * MINUTE_MS
            query = ProductsSearched(query=intent, **by)
            cluster.search([_event(SEARCHED, query, offset, time_ms)])
            clicks = [ProductClicked(product_id=product, **by) for product in products]
            offset += 1
            cluster.learn(
                [_event(CLICKED, c, offset + n, time_ms) for n, c in enumerate(clicks)], live=True
            )
            offset += len(clicks)
    return tallies


def sessions_of(
    folder: Path, domain: bench_search.Domain
) -> list[tuple[str, int, list[tuple[str, list[str]]]]]:
    """(session, Unix milliseconds, bundles as (intent, products)), by time."""
    of_bundle = {r["bundle_id"]: r["session_id"] for r in rows(folder, "session_bundle")}
    times = {r["session_id"]: int(float(r["timestamp"])) for r in rows(folder, "user_session")}
    bundles: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for bundle, intent, items in zip(
        domain.bundle_ids, domain.queries, domain.relevant, strict=True
    ):
        products = [domain.items[row].product_id for row in items]
        bundles[of_bundle[bundle]].append((intent, products))
    order = sorted(bundles, key=lambda session: (times[session], int(session)))
    return [(session, times[session] * 1000, bundles[session]) for session in order]


# -- reviews


def reviews(folder: Path) -> None:
    """MovieLens ratings: each is a click, and then a review with this rating and no text."""
    path = folder / "ml-latest-small" / "ratings.csv.gz"
    if not path.is_file():
        print(f"{path}: not there: nothing measured", file=sys.stderr)
        return
    arms = {
        "none": None,
        "sink": RecommenderConfig(sentiment_lift=0.0),
        **{f"lift {lift}": RecommenderConfig(sentiment_lift=lift) for lift in LIFTS},
    }
    told = {name: rated(path, config) for name, config in arms.items()}
    base = told["none"]
    for name, (tallies, shown) in told.items():
        report(
            "reviews", arm=name, mean_rating_shown=round(shown, 4),
            **{
                f"{kind}_HR@20": [tally.figures(1)["HR@20"], *(
                    tally.gain_over(base[0][kind])["HR@20"] if name != "none" else ()
                )]
                for kind, tally in tallies.items()
            },
        )  # fmt: skip


def rated(path: Path, config: RecommenderConfig | None) -> tuple[dict[str, RankingMetrics], float]:
    """By how the target was rated, its place in the list before it; and the mean rating, by all who
    ever rated it, of what was shown. config: None for lists that know nothing of reviews."""
    ratings: dict[tuple[str, str], float] = {}
    of_item: dict[str, list[float]] = defaultdict(list)
    for row in bench_search.read(path):
        ratings[row["user_id"], row["item_id"]] = float(row["rating"])
        of_item[row["item_id"]].append(float(row["rating"]))
    means = {item: sum(given) / len(given) for item, given in of_item.items()}
    tallies = {"all": RankingMetrics(), "liked": RankingMetrics(), "disliked": RankingMetrics()}
    last: dict[str, list[int]] = {}
    numbers: dict[str, int] = {}
    shown_sum = shown = 0.0

    def watch(due: ListRequest, ranked: RankedList) -> None:
        nonlocal shown_sum, shown
        item, user = due.recent[-1], due.user
        if user in last:
            rating = ratings[user, due.event.data.product_id]
            kinds = ["all"] + ["liked"] * (rating >= LIKED) + ["disliked"] * (rating <= DISLIKED)
            for kind in kinds:
                tallies[kind].add(numbers.setdefault(user, len(numbers)), item, last[user], [])
        last[user] = ranked.items
        shown_sum += sum(means[names[each]] for each in ranked.items)
        shown += len(ranked.items)

    cluster = LocalCluster(
        replace(unhurried(config or RecommenderConfig(), "forbid"), list_items_max=LIST_ITEMS),
        watch=watch,
    )
    names, view = cluster.worker.items.product_ids, cluster.worker.knowledge.sentiment
    said = Aggregates()
    stream = lines(path)
    while batch := list(islice(stream, LIVE_BATCH_EVENTS)):
        cluster.learn(batch, live=True)
        if config is None:
            continue
        for event in batch:
            product, user = event.data.product_id, event.data.user_id
            label, value = of_rating(ratings[user, product])
            said.fold(product, f"{user}/{product}", label, value, event.time_ms)
        for product in {event.data.product_id for event in batch}:
            counts = said.get(product)
            assert counts is not None
            view.apply([(product.encode(), encode(summary(product, counts, RATING_MODEL)))])
    return tallies, shown_sum / shown


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return bench_search.read(folder / f"{name}.csv.gz")


def _event(kind: str, data: object, offset: int, time_ms: int) -> Event:
    return Event(kind, data, None, offset, time_ms, f"{offset}", "", "")


if __name__ == "__main__":
    main()
