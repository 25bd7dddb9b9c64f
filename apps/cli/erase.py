"""`shopkeeper erase USER`: has a user forgotten, and shows that nothing is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from shopkeeper.shared.runtime.operations.erasure.erasing import Erasing

from . import connection

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.operations.erasure.erasing import Report
    from shopkeeper.shared.runtime.operations.erasure.inputs import Kept
    from shopkeeper.shared.runtime.settings import KafkaSettings

WAIT_S = 60.0
COPIES_MAX = 1_000_000
BROKER_WAIT_S = 10.0


@click.command("erase")
@click.argument("user", metavar="USER")
@connection.wait_option(WAIT_S, 1, "How long to wait for the workers, and to try again.")
@click.option("--dry-run", is_flag=True, help="Only say what there is of the user.")
@click.option(
    "--copies-max",
    type=click.IntRange(min=0),
    default=COPIES_MAX,
    show_default=True,
    metavar="RECORDS",
    help="A partition of which more would have to be published again stays as it is.",
)
@click.option("--skip-inputs", is_flag=True, help="Do not look through the shop's own topics.")
def command(user: str, wait_s: float, dry_run: bool, copies_max: int, skip_inputs: bool) -> None:
    """Erase USER, a user_id or an anonymous_id, and whom logins linked to it.

    Publishes user.erased.v1, withdraws the user's reviews, waits until all workers that run have
    forgotten the user, takes the user's records out of every topic that is ours, and looks through
    these topics and the checkpoints again. Prints, by topic, records before and after. Exit status
    1, with a line for each place, if something is left; the shop's own topics (shop.*) keep what
    they have until their retention takes it. It may be repeated, also after being killed.

    \b
    Examples:
      shopkeeper erase u-1042
      shopkeeper erase u-1042 --dry-run
    """

    async def work(kafka: KafkaSettings) -> tuple[Report, list[Kept]]:
        erasing = Erasing(kafka, user, wait_s=wait_s, copies_max=copies_max, say=connection.say)
        report = await (erasing.look() if dry_run else erasing.run())
        return report, [] if skip_inputs else await erasing.inputs()

    report, inputs = connection.run("erase", work, BROKER_WAIT_S)
    for topic in sorted({*report.before, *report.after}):
        before, after = report.before.get(topic, 0), report.after.get(topic, 0)
        click.echo(f"{topic}\t{before}" + ("" if dry_run else f"\t{after}"))
    for kept in inputs:
        click.echo(_line_of(kept), err=True)
    if dry_run:
        return
    for line in report.left:
        click.echo(f"left: {line}", err=True)
    if report.left:
        raise click.ClickException(
            f"something of the user is left in {len(report.left)} places after "
            f"{report.seconds:.1f} s; run the same command again"
        )
    click.echo(f"nothing is left in what is ours, after {report.seconds:.1f} s", err=True)


def _line_of(kept: Kept) -> str:
    partition, offset = kept.first
    if kept.retention_ms is None:
        until = "gone once the broker's log cleaner has run; the newest value is empty, if erased"
    else:
        at = datetime.fromtimestamp((kept.newest_ms + kept.retention_ms) / 1000, UTC)
        until = f"gone by {at:%Y-%m-%d %H:%M} UTC, with the topic's retention"
    return f"input {kept.topic}: {kept.records} records, the first at {partition}/{offset}; {until}"
