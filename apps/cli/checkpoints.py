"""`shopkeeper checkpoints list|reset`: what a service remembers, and to have it start over."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
from aiokafka.errors import KafkaError

from shopkeeper.services import NAMES
from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.operations import checkpoints as checkpoint_admin
from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from shopkeeper.shared.runtime.kafka.membership import Member

BROKER_WAIT_S = 60.0


def _run(work: Callable[[KafkaSettings], Coroutine[Any, Any, Any]]) -> Any:
    try:
        kafka = KafkaSettings.from_env(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None

    async def body() -> Any:
        await admin.wait_for_broker(kafka, lambda line: click.echo(line, err=True), BROKER_WAIT_S)
        return await work(kafka)

    logs.configure("checkpoints", "ERROR", "text")
    try:
        return asyncio.run(body())
    except (KafkaError, OperatorNeeded, admin.BrokerAway) as error:
        raise click.ClickException(str(error) or type(error).__name__) from None


@click.group("checkpoints")
def command() -> None:
    """Checkpoints: list, reset.

    \b
    Examples:
      shopkeeper checkpoints list
      shopkeeper checkpoints reset sentiment
    """


@command.command("list")
@click.argument("services", metavar="[SERVICE]...", nargs=-1, type=click.Choice(NAMES))
def list_command(services: tuple[str, ...]) -> None:
    """One line per checkpoint: service, source topic, partition, offset, bytes, age.

    Example: shopkeeper checkpoints list recommender
    """

    async def work(kafka: KafkaSettings) -> list[checkpoint_admin.Kept]:
        found = []
        for service in services or NAMES:
            found += await checkpoint_admin.kept(kafka, service)
        return found

    for kept in _run(work):
        age_s = max(0.0, time.time() - kept.written_ms / 1000)
        click.echo(
            f"{kept.service}\t{kept.source}\t{kept.partition}\t{kept.next_offset}\t"
            f"{kept.size_bytes}\t{age_s:.0f} s"
        )


def _refuse_members(service: str, members: list[Member]) -> None:
    who = ", ".join(map(str, members[:3]))
    more = f" and {len(members) - 3} more" if len(members) > 3 else ""
    raise click.ClickException(
        f"{service} has workers in its group: {who}{more}. Stop them first: one that runs would "
        "write its checkpoints anew. One that was killed, or that has a WORKER_ID, is listed until "
        "its session times out (SESSION_TIMEOUT; on the embedded broker for ever): say --force "
        "once none runs"
    )


@command.command("reset")
@click.argument("service", type=click.Choice(NAMES))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--force", is_flag=True, help="Even though the group has members (see above).")
def reset_command(service: str, yes: bool, force: bool) -> None:
    """Give up all checkpoints of SERVICE, and nothing else. Stop its workers first.

    They then begin with no state at the beginning of their topics: what those still hold is
    counted again, what is older than their retention is gone. Outputs come again with the same
    ids. With the recommender's go the deltas that its stages hand each other, which it makes
    anew. Refused while the service's group has members, unless --force says that none runs: one
    that was killed is listed until its session times out, on the embedded broker for ever.

    Example: shopkeeper checkpoints reset sentiment
    """
    if not force and (members := _run(lambda kafka: checkpoint_admin.members(kafka, service))):
        _refuse_members(service, members)
    if not yes:
        question = f"Give up what {service} remembers (its topics are read again from the start)?"
        if not sys.stdin.isatty():
            raise click.UsageError("nobody to ask on standard input: say --yes")
        click.confirm(question, abort=True, err=True)
    for name, count in _run(lambda kafka: checkpoint_admin.reset(kafka, service)).items():
        click.echo(f"{name}: {count} records given up", err=True)
