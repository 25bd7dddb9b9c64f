"""`shopkeeper status`: a running shop at a glance, and whether anything is wrong with it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import orjson

from shopkeeper import services
from shopkeeper.shared.runtime.operations.overview import overview

from . import connection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopkeeper.shared.runtime.operations.overview import Overview, ServiceState
    from shopkeeper.shared.runtime.settings import KafkaSettings

BROKER_WAIT_S = 5.0
STALLED_S = 60.0  # unread and without a new checkpoint for so long: nobody is at it
MEMBERS_SHOWN = 3


def problems(found: Overview) -> list[str]:
    """What is wrong, one sentence each with the way out; [] where all is well."""
    wrong = []
    if found.missing:
        first = ", ".join(found.missing[:2])
        more = f" and {len(found.missing) - 2} more" if len(found.missing) > 2 else ""
        wrong.append(f"topics are missing ({first}{more}): run `shopkeeper topics init`")
    for one in found.services:
        if one.lag and not one.members:
            wrong.append(
                f"{one.service} has {one.lag:,} records to read and no worker: "
                f"run `shopkeeper up {one.service}`; one that runs is still starting"
            )
        elif _stalled(one):
            wrong.append(
                f"{one.service} has workers, and {one.lag:,} records wait, the oldest for "
                f"{duration(one.waiting_s)}, with no checkpoint for {duration(one.checkpoint_s)}: "
                "look at its log and /readyz"
            )
    minutes = found.window_s / 60
    for topic in found.dead_letters:
        if topic.recent:
            wrong.append(
                f"{topic.recent:,} dead letters in the last {minutes:g} min in {topic.topic}: "
                f"see `shopkeeper dlq show {topic.topic}`"
            )
    return wrong


def _stalled(one: ServiceState) -> bool:
    """It has workers, and something waits that no checkpoint has come for in a long time."""
    if not one.lag or one.waiting_s is None or one.waiting_s < STALLED_S:
        return False
    return one.checkpoint_s is None or one.checkpoint_s > STALLED_S


def duration(seconds: float | None) -> str:
    """About how long, in one unit."""
    if seconds is None:
        return "ever"
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"


def lines(found: Overview, wrong: list[str]) -> Iterator[str]:
    """For a person."""
    yield f"broker {found.broker} answers"
    for one in found.services:
        count = len(one.members)
        names = ", ".join(str(m) for m in one.members[:MEMBERS_SHOWN])
        names += f" and {count - MEMBERS_SHOWN} more" if count > MEMBERS_SHOWN else ""
        workers = f"{count} worker{'' if count == 1 else 's'}" + (f" ({names})" if names else "")
        yield ""
        if not one.sources:
            yield f"{one.service}: reads whole topics, without a group; its own /readyz says more"
            continue
        yield f"{one.service}: {workers}, lag {one.lag:,}"
        for source in one.sources:
            lag = " ".join(f"{n:,}" for n in source.lag)
            age = source.checkpoint_s
            written = "no checkpoint" if age is None else f"checkpoint {duration(age)} ago"
            yield f"  {source.topic:34} lag by partition {lag}; {written}"
    minutes = found.window_s / 60
    yield ""
    yield f"{'topic':44} {'retained':>12} {f'last {minutes:g} min':>14} {'per s':>9}"
    for topic in found.traffic:
        yield f"{topic.topic:44} {topic.retained:12,} {topic.recent:14,} {topic.rate_per_s:9.1f}"
    yield ""
    letters = [t for t in found.dead_letters if t.retained]
    yield f"dead letters: {sum(t.retained for t in letters):,}"
    for topic in letters:
        yield f"{topic.topic:44} {topic.retained:12,} {topic.recent:14,} {topic.rate_per_s:9.1f}"
    yield ""
    yield from ([f"wrong: {text}" for text in wrong] or ["all is well"])


def as_json(found: Overview, wrong: list[str]) -> bytes:
    """One object: everything that `lines` shows, and `problems`."""
    data = asdict(found)
    for one, shown in zip(found.services, data["services"], strict=True):
        shown |= {"lag": one.lag, "checkpoint_s": one.checkpoint_s, "waiting_s": one.waiting_s}
    return orjson.dumps(data | {"problems": wrong, "ok": not wrong})


@click.command("status")
@click.option("--json", "raw", is_flag=True, help="One JSON object.")
@click.option(
    "--minutes",
    type=click.FloatRange(0.1, 1440),
    default=5.0,
    show_default=True,
    help="For rates, and for how long a dead letter counts as fresh.",
)
@connection.wait_option(BROKER_WAIT_S)
def command(raw: bool, minutes: float, wait_s: float) -> None:
    """A running shop at a glance: workers, lag, checkpoints, rates, dead letters.

    Asks the broker alone. Lag is what no checkpoint holds yet, so a busy worker always has some.
    Exit status 1 where something is wrong: topics are missing, a service has lag and no worker or
    stands still, dead letters are fresh.

    \b
    Examples:
      shopkeeper status
      shopkeeper status --json --minutes 1
    """
    consumes = {spec.name: spec.consumes for spec in services.specs()}

    async def work(kafka: KafkaSettings) -> Overview:
        return await overview(kafka, consumes, minutes * 60)

    found: Overview = connection.run("status", work, wait_s)
    wrong = problems(found)
    if raw:
        click.echo(as_json(found, wrong))
    else:
        for line in lines(found, wrong):
            click.echo(line)
    if wrong:
        sys.exit(1)
