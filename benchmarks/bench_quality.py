"""Quality on the test parts of the public data sets: what docs/results.md reports, once a release.

Each line: the recommender, and its gain over plain item-based CF (neighbours of all recent items
with decay, and self-similarity where repeats count) by the same code, with paired bootstrap
intervals. To choose anything use `shopkeeper evaluate recommender TRAIN --hold-out 0.1` instead.

usage: python benchmarks/bench_quality.py [FOLDER [NAME...]]   (of the data, beside the checkout)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from harness import report

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.local_cluster import LIVE_BATCH_EVENTS, Repeats
from shopkeeper.services.recommender.evaluation.metrics import CUTOFFS, RankingMetrics
from shopkeeper.services.recommender.evaluation.next_item import measure, prequential
from shopkeeper.services.recommender.evaluation.splits import lines
from shopkeeper.shared.datasets.products import load

DATA = Path(__file__).parents[2] / "shared" / "data" / "recsys"
PLAIN = RecommenderConfig(blend=False, two_step_weight=0.0)
FILES = {
    "diginetica": ("sessions_train.csv.gz", "sessions_test.csv.gz"),
    "retailrocket": ("sessions_train.csv.gz", "sessions_test.csv.gz"),
    "yoochoose-100k": ("clicks_train.csv.gz", "clicks_test.csv.gz"),
    "amazon-beauty": ("user_sequences.csv.gz", None),
}
RUNS: dict[str, list[dict[str, Any]]] = {
    "diginetica": [{}, {"repeats": "forbid"}],
    "retailrocket": [
        {},
        {"catalogue": "items.csv.gz"},
        {"catalogue": "items.csv.gz", "partitions": 4},
        {"catalogue": "items.csv.gz", "partitions": 16},
        {"repeats": "forbid"},
    ],
    "yoochoose-100k": [{}, {"partitions": 4}, {"partitions": 16}, {"repeats": "forbid"}],
    "amazon-beauty": [{}],
}
STREAMS: dict[str, tuple[str, Repeats]] = {
    "yoochoose-100k": ("clicks_train.csv.gz", "allow"),
    "online-retail": ("lines_train.csv.gz", "forbid"),
}


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    names = sys.argv[2:] or [*FILES, "streams"]
    if not folder.is_dir():
        print(f"{folder}: no data sets there: nothing measured", file=sys.stderr)
        return
    for name in names:
        if name == "streams":
            streams(folder)
            continue
        train, test = FILES[name]
        for options in RUNS[name]:
            paths = folder / name / train, None if test is None else folder / name / test
            options = dict(options)
            catalogue = options.pop("catalogue", None)
            if catalogue:
                options["products"] = load(folder / name / catalogue, titled=False)
            figures, tally = measure(*paths, **options)
            _, plain = measure(*paths, **options, config=PLAIN)
            report(
                "quality", data=name, **figures, catalogue=catalogue,
                gain_over_plain_cf=tally.gain_over(plain),
            )  # fmt: skip


def streams(folder: Path) -> None:
    """Prequential; beside what is retrained every night, and popularity: bench_traditional.py."""
    for name, (file, repeats) in STREAMS.items():
        path = folder / name / file
        figures, live = prequential(path, repeats)
        plain, base = prequential(path, repeats, PLAIN)
        report(
            "stream", data=name, **figures,
            plain_cf={k: plain[k] for k in ("HR@20", "MRR@20", "NDCG@20")},
            gain_over_plain_cf=live.gain_over(base),
        )  # fmt: skip


def popularity(path: Path, repeats: Repeats) -> tuple[RankingMetrics, int]:
    """The same targets by what most sessions had so far: the list is the same for everyone; and
    how many items there are."""
    ids: dict[str, int] = {}
    sessions: dict[str, list[int]] = {}
    counts = np.zeros(1 << 20, np.int64)
    top: list[int] = []
    tally = RankingMetrics()
    numbers: dict[str, int] = {}
    for event in lines(path):
        if event.offset % LIVE_BATCH_EVENTS == 0:
            top = np.argsort(-counts[: len(ids)], kind="stable")[:500].tolist()
        session = event.data.session_id
        item = ids.setdefault(event.data.product_id, len(ids))
        before = sessions.setdefault(session, [])
        new = item not in before
        if before and (repeats == "allow" or new):
            seen = before if repeats == "forbid" else []
            offered = [each for each in top if each not in seen][: CUTOFFS[-1]]
            tally.add(numbers.setdefault(session, len(numbers)), item, offered)
        before.append(item)
        counts[item] += new
    return tally, len(ids)


if __name__ == "__main__":
    main()
