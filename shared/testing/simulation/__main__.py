"""Runs simulated schedules: `python -m shopkeeper.shared.testing.simulation --schedules 10000`.

Prints a summary as JSON; on a failure also the seed and the smallest schedule that fails, and the
exit status is 1. `--trace` runs one seed and prints what happened.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from .broken import BROKEN
from .campaign import conduct, prepare, run, shrink
from .schedule import Schedule, draw

if TYPE_CHECKING:
    from .campaign import Failure


def _described(failure: Failure) -> dict[str, Any]:
    return {
        "seed": failure.seed,
        "problems": failure.problems,
        "shrunk_problems": failure.shrunk_problems,
        "shrunk_in_runs": failure.runs,
        "shrunk": asdict(failure.shrunk),
    }


def _replay(schedule: Schedule, broken: str | None) -> int:
    """Run one schedule and print all that happens."""
    outcome = run(schedule, broken)
    click.echo("\n".join([str(schedule), "", *outcome.trace]))
    for problem in outcome.problems:
        click.echo(f"VIOLATED: {problem}", err=True)
    return int(bool(outcome.problems))


@click.command()
@click.option("--schedules", default=1000, show_default=True, help="How many to run.")
@click.option("--seed", default=0, show_default=True, help="Of the first one.")
@click.option("--broken", type=click.Choice(sorted(BROKEN)), help="A guard to break on purpose.")
@click.option("--jobs", default=1, show_default=True, help="Processes.")
@click.option("--trace", is_flag=True, help="Run the one seed and print what happens.")
@click.option("--schedule", type=click.Path(exists=True), help="Run this one (JSON) with --trace.")
def main(
    schedules: int, seed: int, broken: str | None, jobs: int, trace: bool, schedule: str | None
) -> None:
    """Run SCHEDULES simulated schedules, on JOBS processes."""
    prepare()
    if schedule is not None:
        given = msgspec.json.decode(Path(schedule).read_bytes(), type=Schedule)
        sys.exit(_replay(given, broken))
    if trace:
        sys.exit(_replay(draw(seed), broken))
    found = conduct(seed, schedules, jobs, broken)
    summary: dict[str, Any] = {
        "schedules": found.schedules,
        "first_seed": seed,
        "broken": broken,
        "seconds": round(found.wall_s, 1),
        "simulated_seconds": round(found.simulated_s),
        "callbacks": found.callbacks,
        "faults": dict(sorted(found.happened.items())),
    }
    if found.failed is not None:
        failure = shrink(found.failed, broken)
        summary["failure"] = _described(failure)
        click.echo(f"{failure.shrunk}", err=True)
        for problem in failure.shrunk_problems:
            click.echo(f"VIOLATED: {problem}", err=True)
    click.echo(json.dumps(summary, indent=2))
    sys.exit(int(found.failed is not None))


if __name__ == "__main__":
    main()
