"""Whether it helps that older counts weigh less: quality on a hold-out, by half-life.

Times are the file's; where it has an order only, events are a second apart, so that an "hour" is
3,600 events. `--stream` predicts every click before it is learned instead.

usage: python benchmarks/bench_decay.py FILE [--blend] [--stream] [EPOCH_HOURS:HALF_LIFE_HOURS...]
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from harness import report

from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.evaluation.next_item import measure, prequential

HOLD_OUT = 0.1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("rules", nargs="*", default=["24:24", "24:72", "24:168"])
    parser.add_argument("--blend", action="store_true")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--repeats", choices=("allow", "forbid"), default="allow")
    parser.add_argument("--partitions", type=int, default=1)
    options = parser.parse_intermixed_args()
    exact = None
    for rule in ("none", *options.rules):
        config = RecommenderConfig(blend=options.blend)
        if rule != "none":
            epoch, half_life = rule.split(":")
            config = replace(
                config, decay_period_hours=int(epoch), decay_half_life_hours=float(half_life)
            )
        if options.stream:
            figures, tally = prequential(
                options.file, options.repeats, config, partitions=options.partitions
            )
        else:
            figures, tally = measure(
                options.file, None, options.repeats, config, HOLD_OUT, partitions=options.partitions
            )
        exact = exact or tally
        report(
            "decay", data=options.file.parent.name, rule=rule, blend=options.blend,
            stream=options.stream, repeats=options.repeats, partitions=options.partitions,
            **{key: figures[key] for key in ("targets", "HR@20", "MRR@20", "coverage@20")
               if key in figures},
            gain_over_none=tally.gain_over(exact) if tally is not exact else None,
        )  # fmt: skip


if __name__ == "__main__":
    main()
