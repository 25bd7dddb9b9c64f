"""`python -m tests.survival`: the survival matrix, every check in every scenario.

Progress goes to standard error, the result as JSON to standard output or to --out; --table reads
that file and prints the tables of docs/survival.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from pathlib import Path

from . import golden
from .matrix import Run, run
from .nodes import running_node
from .scenarios import SCENARIOS, Scenario
from .views import CHECKS

BUILD = Path(__file__).parents[2] / "build"
OUT = BUILD / "survival.json"


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.survival", description=__doc__)
    parser.add_argument("--broker", choices=("auto", "kafka", "embedded"), default="auto")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        help="a scenario; may be repeated; the other rows of --out stay",
    )
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--table", action="store_true", help="only print what --out holds")
    asked = parser.parse_args()
    if asked.table:
        print(table(json.loads(asked.out.read_text("utf-8"))))
        return 0
    result = matrix(asked.broker, asked.only)
    if asked.only and asked.out.exists():
        result = joined(json.loads(asked.out.read_text("utf-8")), result)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(table(result))
    return 0 if all(row["holds"] for row in result["runs"]) else 1


def matrix(kind, only):
    """Run them; the control first, for the others are compared with it."""
    begun, runs, undisturbed = time.monotonic(), [], None
    with running_node(kind) as node:
        for make in SCENARIOS:
            scenario = make()
            if only and scenario.name not in (*only, Scenario.name):
                continue
            since = time.monotonic()
            try:
                done = run(node, scenario, undisturbed)
            except Exception:  # a cell of its own; the others go on
                traceback.print_exc()
                done = Run(scenario.name, scenario.title)
                done.wrong = {"the run": traceback.format_exc(limit=-1).splitlines()[-1:]}
            if undisturbed is None:
                undisturbed = done.outcomes
            runs.append(done.report() | {"run_s": time.monotonic() - since})
            print(json.dumps(runs[-1], ensure_ascii=False), file=sys.stderr, flush=True)
        return {
            "broker": node.kind,
            "recorded": golden.about() if golden.FOLDER.exists() else None,
            "seconds": time.monotonic() - begun,
            "checks": {check.name: check.title for check in CHECKS},
            "runs": runs,
        }


def joined(before, result):
    """What is in the file, with the runs that were made anew in the place of theirs."""
    if (before["broker"], before["checks"]) != (result["broker"], result["checks"]):
        return result
    anew = {row["scenario"]: row for row in result["runs"]}
    runs = [anew.pop(row["scenario"], row) for row in before["runs"]]
    return result | {"runs": [*runs, *anew.values()]}


def table(result):
    """The two tables of docs/survival.md: what holds, and how long it took."""
    checks = list(result["checks"])
    lines = ["| | " + " | ".join(checks) + " |", "|---|" + "---|" * len(checks)]
    for row in result["runs"]:
        cells = [cell(row["wrong"], check) for check in checks]
        lines.append(f"| {row['scenario']} | {' | '.join(cells)} |")
    notes = [
        f"{row['scenario']}, {check}: {said}."
        for row in result["runs"]
        for check, said in row["notes"].items()
    ]
    lines += ["", *notes] if notes else []
    lines += ["", "| scenario | what happens | lasted | normal again after | restarts |"]
    lines.append("|---|---|---|---|---|")
    lines += [
        f"| {row['scenario']} | {row['title']} | {row['fault_s']:.1f} s | {row['normal_s']:.1f} s "
        f"| {sum(row['restarts'].values())} |"
        for row in result["runs"]
    ]
    cells = sum(len(row["wrong"]) for row in result["runs"])
    seconds = sum(row["run_s"] for row in result["runs"])
    lines += ["", f"{cells} cells, broker {result['broker']}, {seconds:.0f} s."]
    return "\n".join(lines)


def cell(wrong, check):
    if check not in wrong:
        return "not reached"
    return "holds" if not wrong[check] else wrong[check][0]


if __name__ == "__main__":
    sys.exit(main())
