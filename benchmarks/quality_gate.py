"""Quality and speed of this checkout (the head) against another one (the base), with tolerances.

Each checkout is measured by its own code, in processes of their own:

- quality: `shopkeeper evaluate recommender TRAIN --hold-out 0.1` on each data set beside the
  checkout, or on a simulated log where there is none. The test parts are left alone.
- speed: `benchmarks/bench_core.py` on the last of these, base and head in turn; the figure is the
  median over the rounds of head / base, so that a machine whose speed drifts slows down both.

Prints one JSON object. Exit status 0: every figure within its tolerance; 1: one is not; 2: a
checkout could not be measured.

usage: python benchmarks/quality_gate.py BASE [--data FOLDER] [--set NAME]... [--rounds N]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HEAD = Path(__file__).resolve().parents[1]
DATA = HEAD.parent / "shared" / "data" / "recsys"
SETS = {  # training parts; names never change their meaning
    "yoochoose-100k": "clicks_train.csv.gz",
    "retailrocket": "sessions_train.csv.gz",
    "diginetica": "sessions_train.csv.gz",
}
HOLD_OUT = "0.1"
SIMULATED = "simulated"
SIMULATED_SESSIONS, SIMULATED_ITEMS = 20_000, 2_000


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the head may fall behind the base: by an amount, or by a share of the base."""

    better: Literal["higher", "lower"]
    absolute: float = 0.0
    relative: float = 0.0

    def holds(self, base: float, head: float) -> bool:
        worse = base - head if self.better == "higher" else head - base
        return worse <= self.absolute + self.relative * abs(base) + 1e-12


QUALITY = {  # the blend's initial weights alone move HR@20 by 0.002 (docs/decisions, 18)
    "HR@20": Tolerance("higher", absolute=0.002),
    "MRR@20": Tolerance("higher", absolute=0.002),
    "NDCG@20": Tolerance("higher", absolute=0.002),
    "coverage@20": Tolerance("higher", absolute=0.02),
    "gini@20": Tolerance("lower", absolute=0.02),
}
SPEED = {
    "learned_per_second": Tolerance("higher", relative=0.03),
    "learned_and_all_rows_computed_per_second": Tolerance("higher", relative=0.03),
    "list_alone_ms_p50": Tolerance("lower", relative=0.03),
    "list_of_32_ms_mean": Tolerance("lower", relative=0.03),
    "bytes_per_item": Tolerance("lower", relative=0.01),
    "bytes_per_user": Tolerance("lower", relative=0.01),
}
TOLERANCES = {**QUALITY, **SPEED}


def simulated() -> Iterator[str]:
    """Lines of sessions that walk about popular items: the same ones at every call."""
    chance = np.random.default_rng(1)
    yield "session_id,position,item_id\n"
    for session in range(SIMULATED_SESSIONS):
        at = int(chance.zipf(1.3)) % SIMULATED_ITEMS
        for position in range(2 + int(chance.poisson(2.8))):
            yield f"{session},{position},{at}\n"
            at = (at + int(chance.integers(-3, 4))) % SIMULATED_ITEMS


def run(checkout: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """The last line of JSON that a command of a checkout prints, run by that checkout's code."""
    if not (checkout / "src" / "shopkeeper").is_dir():  # or else an installed one would be measured
        raise RuntimeError(f"{checkout} is no checkout: it has no src/shopkeeper")
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(str(checkout / each) for each in ("src", "benchmarks")),
        # Compiled loops of one checkout are no use to the other, and must not reach it.
        "NUMBA_CACHE_DIR": str(Path(tempfile.gettempdir()) / "quality-gate" / checkout.name),
        "PYTHONHASHSEED": "0",
    }
    done = subprocess.run(
        [sys.executable, *arguments], cwd=checkout, env=environ, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{checkout}: {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures


def judge(
    base: Mapping[str, Any], head: Mapping[str, Any], tolerances: Mapping[str, Tolerance]
) -> list[dict[str, Any]]:
    """Each figure of the base beside the head's. What the head does not report, it fails."""
    rows = []
    for name, tolerance in tolerances.items():
        if name not in base:
            continue  # the base is older than the figure
        old, new = base[name], head.get(name)
        rows.append(
            {
                "figure": name,
                "base": old,
                "head": new,
                "better": tolerance.better,
                "holds": new is not None and tolerance.holds(float(old), float(new)),
            }
        )
    return rows


def in_turn(rounds: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> dict[str, Any]:
    """Speed of the head over all rounds: the first base's figures times the median ratio."""
    first = rounds[0][0]
    figures = {}
    for name in SPEED:
        pairs = [(base[name], head[name]) for base, head in rounds if name in base and name in head]
        if len(pairs) == len(rounds):
            figures[name] = first[name] * median(head / base for base, head in pairs)
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("base", type=Path, metavar="BASE", help="another checkout")
    parser.add_argument("--head", type=Path, default=HEAD, help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, default=DATA, metavar="FOLDER")
    parser.add_argument("--set", action="append", choices=[*SETS, SIMULATED], dest="sets")
    parser.add_argument("--rounds", type=int, default=5, help="of speed; 0: quality only")
    options = parser.parse_args()
    base, head = options.base.resolve(), options.head.resolve()
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = measure(
                base, head, paths_of(options.data, options.sets, Path(folder)), options.rounds
            )
        except RuntimeError as error:
            print(error, file=sys.stderr)
            return 2
    print(json.dumps(outcome))
    return 0 if outcome["passed"] else 1


def paths_of(data: Path, names: Sequence[str] | None, folder: Path) -> dict[str, Path]:
    """Where each data set lies; says which are absent. A simulated log if none is left."""
    chosen = {n: data / n / f for n, f in SETS.items() if names is None or n in names}
    for name in [name for name, path in chosen.items() if not path.exists()]:
        print(f"{name}: {chosen.pop(name)} is not there: skipped", file=sys.stderr)
    if not chosen or (names and SIMULATED in names):
        chosen[SIMULATED] = folder / "simulated.csv"
        chosen[SIMULATED].write_text("".join(simulated()))
    return chosen


def measure(base: Path, head: Path, paths: Mapping[str, Path], rounds: int) -> dict[str, Any]:
    """All comparisons. Raises RuntimeError where a command fails."""
    comparisons: dict[str, list[dict[str, Any]]] = {}
    for name, path in paths.items():
        command = ["-m", "shopkeeper", "evaluate", "recommender", str(path), "--hold-out", HOLD_OUT]
        print(f"{name}: quality of base and head", file=sys.stderr)
        comparisons[name] = judge(run(base, command), run(head, command), QUALITY)
    measured: list[tuple[dict[str, Any], dict[str, Any]]] = []
    path = list(paths.values())[-1]
    for number in range(rounds):
        print(f"speed on {path.name}: round {number + 1} of {rounds}", file=sys.stderr)
        command = ["benchmarks/bench_core.py", str(path)]
        measured.append((run(base, command), run(head, command)))
    if measured:
        comparisons["speed"] = judge(measured[0][0], in_turn(measured), SPEED)
    broken = [
        f"{name}: {row['figure']}"
        for name, rows in comparisons.items()
        for row in rows
        if not row["holds"]
    ]
    return {
        "benchmark": "quality_gate",
        "base": str(base),
        "head": str(head),
        "comparisons": comparisons,
        "broken": broken,
        "passed": not broken,
    }


if __name__ == "__main__":
    sys.exit(main())
