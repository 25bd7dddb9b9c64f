"""Shopkeeper beside other stream processors in Python, on one broker, in one run.

Three jobs (docs/benchmarks-peers.md says how each peer does them): `parse` decodes and checks,
`count` counts clicks by product in the peer's own state, `item-cf` counts what is clicked together
and publishes, for each click, the items most often seen with it. One after the other, nothing
beside; each starts with the same clicks waiting on a broker of its own. The peers are installed
into .venv-peers at the first run. TEST_BROKER=kafka runs it on Apache Kafka.

usage: python benchmarks/bench_peers.py [--help]
prints: one JSON object; figures, and in `skipped` what could not run, and why
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import PARTITIONS, report, tell
from peers import measure, page, roster, runs

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from peers.runs import Warm

LISTS = f"{roster.RECOMMENDER}, a list per click"


def starters(job: str) -> dict[str, Callable[[], AbstractContextManager[Warm]]]:
    """By contender, how one that runs and is warm is had for a job."""
    found: dict[str, Callable[[], AbstractContextManager[Warm]]] = {
        each.name: partial(runs.warm_peer, each, job)
        for each in roster.CONTENDERS
        if job in each.jobs
    }
    if job == "item-cf":
        found[roster.RECOMMENDER] = partial(runs.warm_recommender, False)
        found[LISTS] = partial(runs.warm_recommender, True)
    return found


class Session:
    """One invocation: what was measured, and what was skipped."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.skipped: list[dict[str, str]] = []

    def wanted(self, name: str) -> bool:
        only = self.args.only
        return not only or any(each.lower() in name.lower() for each in only)

    def attempt(self, what: str, name: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What `run` gives, with names before it; {} and an entry in `skipped` if it fails."""
        tell(f"{what}: {name}")
        try:
            found = {"job": what, "peer": name, **run()}
        except (measure.Failed, AssertionError, OSError) as error:
            self.skipped.append({"job": what, "peer": name, "why": str(error)[:500]})
            tell(f"skipped: {error}")
            return {}
        tell(str(found))
        return found

    def throughput(self) -> list[dict[str, Any]]:
        found = []
        for job in self.args.jobs:
            for name, start in starters(job).items():

                def run(start: Callable[[], AbstractContextManager[Warm]] = start) -> Any:
                    with start() as warm:
                        return runs.waves(warm, self.args)

                if self.wanted(name):
                    found.append(self.attempt(job, name, run))
        return list(filter(None, found))

    def latencies(self, throughput: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of item-cf, by what each reached."""
        rates = {e["peer"]: e["events_per_second"] for e in throughput if e["job"] == "item-cf"}
        found = []
        for name, start in starters("item-cf").items():

            def run(start: Any = start, rate: float = rates.get(name, 0.0)) -> Any:
                with start() as warm:
                    return {"loads": runs.open_loads(warm, rate)}

            # The recommender alone publishes no list per click that could be waited for.
            if name in rates and name != roster.RECOMMENDER:
                found.append(self.attempt("latency", name, run))
        return list(filter(None, found))

    def recoveries(self) -> list[dict[str, Any]]:
        found = [
            self.attempt("recovery", each.name, partial(runs.recover, each))
            for each in roster.CONTENDERS
            if self.wanted(each.name)
        ]
        return list(filter(None, found))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--events", type=int, default=300_000, help="clicks of a wave, at most")
    parser.add_argument("--seconds", type=float, default=8.0, help="of the measured wave, about")
    parser.add_argument("--quick", action="store_true", help="waves of 30,000 clicks, 3 s")
    parser.add_argument("--jobs", nargs="*", choices=roster.JOBS, default=roster.JOBS)
    parser.add_argument("--only", nargs="*", metavar="PEER", help="those whose names hold this")
    parser.add_argument("--latency", action="store_true", help="and item-cf's, under an open load")
    parser.add_argument("--recovery", action="store_true", help="and count's, after kill -9")
    parser.add_argument("--table", metavar="JSON", help="print an earlier run as Markdown, only")
    parser.add_argument("--plot", metavar="SVG", help="draw it there (with --table: that run)")
    args = parser.parse_args()
    if args.table:
        figures = json.loads(Path(args.table).read_text("utf-8"))
        print(page.markdown(figures))
    else:
        if args.quick:
            args.events, args.seconds = 30_000, 3.0
        roster.install()
        session = Session(args)
        figures = {
            "events": args.events, "seconds": args.seconds, "partitions": PARTITIONS,
            "broker": os.environ.get("TEST_BROKER") or "embedded",
            "versions": roster.versions(), "throughput": session.throughput(),
        }  # fmt: skip
        if args.latency:
            figures["latency"] = session.latencies(figures["throughput"])
        if args.recovery:
            figures["recovery"] = session.recoveries()
        figures["skipped"] = session.skipped
        report("peers", **figures)
    if args.plot:
        page.plot(figures, Path(args.plot))


if __name__ == "__main__":
    sys.exit(main())
