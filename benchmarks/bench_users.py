"""User features: reference rows on MovieLens, the blend beside them, and lists for cold users.

Reference rows are plain batch methods (user-CF, item-CF, K-means on users with and without PCA,
popularity) on each user's last rating. The blend is the worker's own code on the same targets, with
paired bootstrap intervals of its gain over each row. Cold users: a fifth of all, by the MD5 of
their ids, is in no training; their first events are known, everything else is a target.

usage: python benchmarks/bench_users.py [FOLDER [RATINGS]]
FOLDER: of the data, beside the checkout. RATINGS: ml-100k.inter of the recbole 1.2.1 wheel, if any.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bench_search
import msgspec
import numpy as np
from harness import report
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score, silhouette_score

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.search.last_searches import NOT_SEARCHED
from shopkeeper.services.recommender.core.search.product_search import ProductSearch
from shopkeeper.services.recommender.core.tables import user_groups as group_view
from shopkeeper.services.recommender.core.user_groups.behaviour import WIDTH
from shopkeeper.services.recommender.core.user_groups.clicks import GroupClicks
from shopkeeper.services.recommender.core.user_groups.clustering import UserGroups
from shopkeeper.services.recommender.evaluation.metrics import RankingMetrics
from shopkeeper.services.recommender.evaluation.next_item import measure
from shopkeeper.services.recommender.evaluation.splits import lines
from shopkeeper.services.recommender.models.item_encoder import ItemEncoder
from shopkeeper.services.recommender.models.support_filter import SupportQueryFilter
from shopkeeper.shared.contracts.events.shop import ProductCatalogued
from shopkeeper.shared.contracts.outputs import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from shopkeeper.services.recommender.core.numeric.types import Searched

DATA = Path(__file__).parents[2] / "shared" / "data" / "recsys"
LIST_ITEMS = 20
CUTOFFS = (10, 20)
COMPONENTS = 20  # of the reference rows
SEEDS = 5
DECAY = 0.8
USERS_CLOSE = 50


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    files = {"ml-latest-small": folder / "ml-latest-small" / "ratings.csv.gz"}
    with tempfile.TemporaryDirectory() as place:
        if len(sys.argv) > 2:
            files["ml-100k"] = _ratings_of(Path(sys.argv[2]), Path(place) / "ratings.csv")
        for name, path in files.items():
            if path.is_file():
                last_ratings(name, path)
            else:
                print(f"{path}: not there: nothing measured", file=sys.stderr)
    for name, read in (
        ("retailrocket", retailrocket), ("online-retail", online_retail), ("ml-latest-small", films)
    ):  # fmt: skip
        if (folder / name).is_dir():
            cold(name, *read(folder / name))
        else:
            print(f"{folder / name}: not there: nothing measured", file=sys.stderr)
    for name in ("electronic", "clothing"):
        if (folder / "amazon-bundles" / name).is_dir():
            searching(name, folder / "amazon-bundles" / name)


# -- each user's last rating


def last_ratings(name: str, path: Path) -> None:
    users: dict[str, list[str]] = defaultdict(list)
    for event in lines(path):
        users[event.data.user_id].append(event.data.product_id)
    histories = [items[:-1] for items in users.values()]
    targets = [items[-1] for items in users.values()]
    names = sorted({i for items in users.values() for i in items}, key=int)
    number = {item: n for n, item in enumerate(names)}
    seen = [[number[item] for item in items] for items in histories]
    wanted = [number[item] for item in targets]
    rows: dict[str, RankingMetrics] = {}
    for row, make in references(seen, len(names)).items():
        started = time.perf_counter()
        scores, extra = make()
        rows[row] = tally = _told(scores, seen, wanted)
        report(
            "last-rating", data=name, row=row, **_figures(tally, len(names)), **extra,
            seconds=round(time.perf_counter() - started, 2),
        )  # fmt: skip
    figures, blend = measure(path, None)
    report(
        "last-rating", data=name, row="blend", **_figures(blend, figures["train_items"]),
        blend=figures["blend"], seconds=figures["learn_seconds"],
        gain_over={
            row: {k: v for c in CUTOFFS for k, v in blend.gain_over(tally, c).items()}
            for row, tally in rows.items()
        },
    )  # fmt: skip


Made = tuple["NDArray[np.float64]", dict[str, Any]]  # (users, items) scores, and what else to tell


def references(seen: list[list[int]], items: int) -> dict[str, Callable[[], Made]]:
    """Makers of the reference rows. seen: by user, items in order of time."""
    owner = np.repeat(np.arange(len(seen)), [len(each) for each in seen])
    flat = np.concatenate([np.array(each) for each in seen])
    rated = sparse.csr_matrix((np.ones(len(flat)), (owner, flat)), (len(seen), items))
    recent = [DECAY ** np.arange(len(each) - 1, -1, -1.0) for each in seen]
    decayed = sparse.csr_matrix((np.concatenate(recent), (owner, flat)), rated.shape)
    last = sparse.csr_matrix(
        (np.ones(len(seen)), (np.arange(len(seen)), [each[-1] for each in seen])), rated.shape
    )
    popular = np.asarray(rated.sum(axis=0)).ravel()
    dense = rated.toarray()
    unit = dense / np.sqrt(
        dense.sum(axis=1, keepdims=True)
    )  # else K-means tells how much, not what

    def popularity() -> Made:
        return np.tile(popular, (len(seen), 1)), {}

    def of_users() -> Made:
        near = unit @ unit.T
        np.fill_diagonal(near, 0.0)
        least = -np.sort(-near, axis=1)[:, USERS_CLOSE - 1 : USERS_CLOSE]
        return np.where(near >= least, near, 0.0) @ dense, {}

    def of_items(weights: sparse.csr_matrix, shrinkage: float) -> Made:
        together = (rated.T @ rated).toarray()
        np.fill_diagonal(together, 0.0)
        size = np.sqrt(popular + shrinkage)
        size[size == 0] = 1.0
        return weights @ (together / size / size[:, None]), {}

    def by_clusters(count: int, reduce: bool) -> Made:
        x = PCA(COMPONENTS, random_state=0).fit_transform(unit) if reduce else unit
        labels = [
            KMeans(count, n_init=4, random_state=seed).fit(x).labels_ for seed in range(SEEDS)
        ]
        shares = [
            np.stack([dense[found == c].sum(axis=0) for c in range(count)]) for found in labels
        ]
        sizes = np.bincount(labels[0], minlength=count)
        return shares[0][labels[0]], {
            "silhouette": round(float(silhouette_score(x, labels[0])), 4),
            "silhouette_raw": round(float(silhouette_score(dense, labels[0], metric="cosine")), 4),
            "rand_index_between_seeds": round(
                float(np.mean([adjusted_rand_score(a, b) for a, b in combinations(labels, 2)])), 4
            ),
            "largest_cluster": round(float(sizes.max() / sizes.sum()), 3),
        }

    found: dict[str, Callable[[], Made]] = {
        "popularity": popularity,
        f"user-CF cosine K={USERS_CLOSE}": of_users,
        "item-CF cosine, all history": lambda: of_items(rated, 0.0),
        "item-CF cosine shrunk 20, all history": lambda: of_items(rated, 20.0),
        "item-CF cosine, decay 0.8": lambda: of_items(decayed, 0.0),
        "item-CF cosine shrunk 20, decay 0.8": lambda: of_items(decayed, 20.0),
        "item-CF cosine, last item": lambda: of_items(last, 0.0),
    }
    for count in (5, 10, 20):
        for reduce in (True, False):
            name = f"K-means K={count}, {'PCA' if reduce else 'raw vectors'}"
            found[name] = partial(by_clusters, count, reduce)
    return found


def _told(scores: NDArray[np.float64], seen: list[list[int]], wanted: list[int]) -> RankingMetrics:
    """Ranks by scores, those seen left out; ties to the smaller id, as in the data's README."""
    tally = RankingMetrics()
    for user, (mine, target) in enumerate(zip(seen, wanted, strict=True)):
        row = np.round(scores[user], 12)
        row[mine] = -np.inf
        top = np.argsort(-row, kind="stable")[:LIST_ITEMS].tolist()
        tally.add(user, target, top, mine)
    return tally


def _figures(tally: RankingMetrics, items: int) -> dict[str, Any]:
    wanted = ("predictions", "HR@5", "HR@10", "NDCG@10", "HR@20", "NDCG@20")
    figures = {k: v for k, v in tally.figures(items).items() if k in wanted}
    return figures | tally.intervals(10) | tally.intervals(20)


def _ratings_of(path: Path, to: Path) -> Path:
    """A tab separated file with typed columns as the CSV that the command reads."""
    if not path.is_file():
        return path
    with path.open(encoding="utf-8") as file, to.open("w", encoding="utf-8") as out:
        next(file)
        out.write("user_id,item_id,rating,timestamp\n")
        out.writelines(line.replace("\t", ",") for line in file)
    return to


# -- cold users

World = tuple[dict[str, list[str]], list[ProductCatalogued]]


def films(folder: Path) -> World:
    users: dict[str, list[str]] = defaultdict(list)
    for event in lines(folder / "ratings.csv.gz"):
        users[event.data.user_id].append(event.data.product_id)
    return users, [
        ProductCatalogued(product_id=row["item_id"], title=row["title"], category=row["genres"])
        for row in _rows(folder / "items.csv.gz")
    ]


def retailrocket(folder: Path) -> World:
    users: dict[str, list[str]] = defaultdict(list)
    for row in _rows(folder / "sessions_train.csv.gz"):
        users[row["session_id"]].append(row["item_id"])
    return users, [
        ProductCatalogued(product_id=row["item_id"], title="-", category=row["category_id"])
        for row in _rows(folder / "items.csv.gz")
        if row["category_id"]
    ]


def online_retail(folder: Path) -> World:
    """There are no categories: the longer words of the title stand in for them."""
    users: dict[str, list[str]] = defaultdict(list)
    products: dict[str, ProductCatalogued] = {}
    for row in _rows(folder / "lines_train.csv.gz"):
        item, price = row["stock_code"], float(row["unit_price_gbp"])
        if not row["customer_id"] or row["invoice_no"].startswith("C"):
            continue
        if float(row["quantity"]) <= 0 or price <= 0 or not item[:5].isdigit():
            continue
        users[row["customer_id"]].append(item)
        words = "|".join(word for word in row["description"].split() if len(word) > 3)
        products.setdefault(
            item,
            ProductCatalogued(product_id=item, title="-", category=words or None, price=price),
        )
    return users, list(products.values())


def cold(name: str, users: dict[str, list[str]], products: list[ProductCatalogued]) -> None:
    config = replace(
        RecommenderConfig(), trending_half_life_hours=1e9, trending_items_max=3 * LIST_ITEMS
    )
    items = ItemIndex()
    knowledge = Knowledge(items, config)
    knowledge.catalogue.apply([(p.product_id.encode(), encode(p)) for p in products])
    known = {user: items.intern_all(each).tolist() for user, each in users.items()}
    # Settings were chosen on another fifth, with this one left out.
    warm = {user: each for user, each in known.items() if not _held_out(user)}
    started = time.perf_counter()
    most = config.recent_items_max
    windows: list[Window] = [
        (user, each[max(0, n - most) : n], NOT_SEARCHED)
        for user, each in warm.items()
        for n in range(1, len(each) + 1)
    ]
    _learn_groups(knowledge, items, config, windows)
    learned = time.perf_counter()
    top = _most_had(warm.values(), len(items))
    for first in (1, 3):
        some = [
            each
            for user, each in known.items()
            if _held_out(user) and set(each[first:]) - set(each[:first])
        ]
        groups = knowledge.user_groups.assign(
            [each[:first] for each in some], [()] * len(some)
        ).tolist()
        popular, alike = RankingMetrics(), RankingMetrics()
        for user, (each, group) in enumerate(zip(some, groups, strict=True)):
            seen = set(each[:first])
            offered = [i for i in knowledge.user_groups.trending(group) if i not in seen]
            everyone = [i for i in top if i not in seen][:LIST_ITEMS]
            lists = offered[:LIST_ITEMS], everyone
            for target in sorted(set(each[first:]) - seen):
                alike.add(user, target, lists[0], each[:first])
                popular.add(user, target, lists[1], each[:first])
        report(
            "cold-users", data=name, events_known=first, users=len(some), targets=len(alike),
            popularity={k: v for k, v in popular.figures(len(items)).items() if "20" in k},
            groups={k: v for k, v in alike.figures(len(items)).items() if "20" in k},
            gain_over_popularity=alike.gain_over(popular),
            learn_seconds=round(learned - started, 2),
        )  # fmt: skip


def searching(name: str, folder: Path) -> None:
    """Bundles as users: an intent searched for, then its items one by one. Groups are told with
    the search, and without it."""
    domain = bench_search.Domain(folder)
    config = replace(
        RecommenderConfig(), trending_half_life_hours=1e9, trending_items_max=3 * LIST_ITEMS,
        search_ms_per_second=1e9,
    )  # fmt: skip
    items = ItemIndex()
    knowledge = Knowledge(items, config)
    knowledge.catalogue.apply([(p.product_id.encode(), encode(p)) for p in domain.items])
    product_search = ProductSearch(
        config=config,
        items=items,
        encoder=ItemEncoder(),
        support_filter=SupportQueryFilter(),
        counters=Counter(),
        clock=time.perf_counter,
    )
    for product in domain.items:
        product_search.on_product_changed(product.product_id, product)
    product_search.index_pending(len(domain.items))
    found = [each or NOT_SEARCHED for each in product_search.find(domain.queries, 0)]
    chance = np.random.default_rng(0)  # the order within a bundle says nothing
    bundles = [
        (bundle, [items.intern(domain.items[row].product_id) for row in chance.permutation(of)], by)
        for bundle, of, by in zip(domain.bundle_ids, domain.relevant, found, strict=True)
    ]
    warm = [each for each in bundles if not _held_out(each[0])]
    _learn_groups(
        knowledge, items, config,
        [(u, each[:n], by) for u, each, by in warm for n in range(len(each) + 1)],
    )  # fmt: skip
    top = _most_had([each for _, each, _ in warm], len(items))
    for first in (0, 1):
        some = [each for each in bundles if _held_out(each[0]) and len(each[1]) > first]
        recents, by = [each[:first] for _, each, _ in some], [by for *_, by in some]
        none = [()] * len(some)
        told, blind = (
            knowledge.user_groups.assign(recents, none, by),
            knowledge.user_groups.assign(recents, none),
        )
        tallies = {
            "groups": RankingMetrics(),
            "without_search": RankingMetrics(),
            "popularity": RankingMetrics(),
        }
        for user, (_, each, _) in enumerate(some):
            lists = (
                knowledge.user_groups.trending(int(told[user])),
                knowledge.user_groups.trending(int(blind[user])),
                top,
            )
            seen = set(each[:first])
            for tally, offered in zip(tallies.values(), lists, strict=True):
                fresh = [item for item in offered if item not in seen][:LIST_ITEMS]
                for target in each[first:]:
                    tally.add(user, target, fresh, each[:first])
        report(
            "cold-users-searching", data=name, events_known=first, users=len(some),
            **{row: t.figures(len(items))["HR@20"] for row, t in tallies.items()},
            gain_over={
                row: tallies["groups"].gain_over(tallies[row])["HR@20"]
                for row in ("without_search", "popularity")
            },
        )  # fmt: skip


Window = tuple[str, list[int], "Searched"]  # a user at some time: last items, last search


def _learn_groups(
    knowledge: Knowledge, items: ItemIndex, config: RecommenderConfig, windows: list[Window]
) -> None:
    """Through the worker's own code: samples, model, clicks by group, the view of them."""
    trainer = UserGroups(WIDTH, config.user_groups, config.group_components)
    size = config.group_sample_users
    order = np.random.default_rng(0).permutation(len(windows))[:60_000].tolist()
    for start in range(0, len(order), size):
        _, recents, searched = zip(*(windows[n] for n in order[start : start + size]), strict=True)
        trainer.learn(knowledge.user_groups.behaviour.vectors(recents, (), searched))
    record = group_view.ModelRecord(group_view.FORMAT_VERSION, trainer.model(), b"")
    knowledge.user_groups.apply([(group_view.MODEL_KEY, msgspec.msgpack.encode(record))])
    clicks = GroupClicks(config.trending_half_life_hours, 1 << 30, 1 << 30)
    for start in range(0, len(windows), 4096):
        users, recents, searched = zip(*windows[start : start + 4096], strict=True)
        groups = knowledge.user_groups.assign(recents, [()] * len(recents), searched).tolist()
        seen = [place for place, recent in enumerate(recents) if recent]
        clicks.see(
            [users[n] for n in seen], [groups[n] for n in seen], [recents[n][-1] for n in seen],
            [0] * len(seen),
        )  # fmt: skip
    keys, scores = clicks.top()
    lately = group_view.GroupClicksRecord(
        group_view.FORMAT_VERSION, b"", 0, items.product_ids, (keys >> 32).tobytes(),
        (keys & 0xFFFFFFFF).astype(np.int32).tobytes(), scores.astype(np.float32).tobytes(),
    )  # fmt: skip
    knowledge.user_groups.apply([(b"clicks/0", msgspec.msgpack.encode(lately))])


def _most_had(histories: Iterable[list[int]], items: int) -> list[int]:
    """The 500 items that are in most places of them, best first."""
    counts = np.bincount([item for each in histories for item in each], minlength=items)
    return np.argsort(-counts, kind="stable")[:500].tolist()


def _held_out(user: str) -> bool:
    return int(hashlib.md5(user.encode()).hexdigest(), 16) % 5 == 0


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    main()
