"""`shopkeeper topics init|grow|reset|list|acls`: the topics on the brokers."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click
import orjson
from aiokafka.errors import KafkaError

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import acls, admin
from shopkeeper.shared.runtime.operations.growth import Grower
from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError, read
from shopkeeper.shared.runtime.telemetry import logs

from . import connection, unread

if TYPE_CHECKING:
    from collections.abc import Coroutine

WAIT_OPTION = connection.wait_option(60.0)
FORMATS = ("table", "kafka-acls", "json")


def _settings() -> tuple[KafkaSettings, int, int]:
    unread.warn(connection.say)
    try:
        return (
            KafkaSettings.from_env(os.environ),
            int(read(os.environ, "TOPIC_PARTITIONS")),
            int(read(os.environ, "TOPIC_REPLICATION")),
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _run(kafka: KafkaSettings, wait_s: float, work: Coroutine[Any, Any, Any]) -> Any:
    async def body() -> Any:
        try:
            await admin.wait_for_broker(kafka, connection.say, wait_s)
        except OperatorNeeded:
            work.close()
            raise
        except admin.BrokerAway as error:
            work.close()
            raise click.ClickException(
                f"{error} (waited {wait_s:g} s; KAFKA_BOOTSTRAP_SERVERS)"
            ) from None
        return await work

    logs.configure("topics", "WARNING", "text")
    try:
        return asyncio.run(body())
    except (admin.TopicError, KafkaError, OperatorNeeded) as error:
        raise click.ClickException(str(error) or type(error).__name__) from None


@click.group("topics")
def command() -> None:
    """Create, grow, recreate, list topics, and the rights to them.

    TOPIC_PARTITIONS, TOPIC_REPLICATION and TOPIC_PREFIX say how many and which.

    \b
    Examples:
      shopkeeper topics init
      TOPIC_PARTITIONS=8 TOPIC_REPLICATION=3 shopkeeper topics init
    """


@command.command("init")
@WAIT_OPTION
def init(wait_s: float) -> None:
    """Create every topic that is missing; leave the others as they are.

    Example: TOPIC_PARTITIONS=8 shopkeeper topics init
    """
    kafka, partitions, replication = _settings()
    created = _run(kafka, wait_s, admin.init_topics(kafka, partitions, replication))
    for name in created:
        click.echo(name)
    click.echo(f"{len(created)} topics created", err=True)


@command.command("grow")
@click.argument("partitions", type=click.IntRange(1, 1024), required=False)
@click.option("--cancel", is_flag=True, help="Give up a growth that waits for workers.")
@click.option(
    "--workers-wait",
    "workers_s",
    type=click.FloatRange(min=0),
    default=None,
    metavar="SECONDS",
    help="How long to wait for workers; without it, without end.",
)
@click.option(
    "--workers-gone",
    is_flag=True,
    help="Take it from me that no worker runs, whatever members the groups still list.",
)
@WAIT_OPTION
def grow(
    partitions: int | None, cancel: bool, workers_s: float | None, workers_gone: bool, wait_s: float
) -> None:
    """Split users' and products' state by more PARTITIONS (docs/partitions.md).

    Workers stop by themselves, finish by the old count what was published, and go on by the new
    one, if something starts them again (`shopkeeper up`, an orchestrator). Producers may go on.

    Example: shopkeeper topics grow 8
    """
    kafka, _, _ = _settings()
    grower = Grower(
        kafka,
        connection.say,
        services.reshard,
        services.merge,
        wait_s=workers_s,
        workers_gone=workers_gone,
    )
    if cancel == (partitions is not None):
        raise click.UsageError("say to how many PARTITIONS, or --cancel")
    if partitions is None:
        _run(kafka, wait_s, grower.cancel())
        click.echo("the growth was given up; nothing was changed", err=True)
        return
    done = _run(kafka, wait_s, grower.grow(partitions))
    for name, count in done.counts.items():
        click.echo(f"{kafka.topic(name)}\t{count}")
    click.echo(f"state is split by {partitions} partitions", err=True)


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@WAIT_OPTION
def reset(yes: bool, wait_s: float) -> None:
    """Delete every topic with all its records, and create them anew. Stop the workers first.

    Example: shopkeeper topics reset
    """
    kafka, partitions, replication = _settings()
    if not yes:
        servers = ",".join(kafka.bootstrap_servers)
        question = f"Delete all topics {kafka.topic_prefix}* on {servers}, records and state?"
        if not sys.stdin.isatty():
            raise click.UsageError("nobody to ask on standard input: say --yes")
        click.confirm(question, abort=True, err=True)
    for name in _run(kafka, wait_s, admin.reset_topics(kafka, partitions, replication)):
        click.echo(name)
    click.echo(f"{len(topics.ALL)} topics deleted and created anew", err=True)


@command.command("list")
@WAIT_OPTION
def list_topics(wait_s: float) -> None:
    """One line per topic: name, partitions (or "missing"), cleanup policy, key.

    Example: shopkeeper topics list
    """
    kafka, _, _ = _settings()

    for state in _run(kafka, wait_s, admin.list_topics(kafka)):
        count = "missing" if state.partition_count is None else str(state.partition_count)
        click.echo(f"{state.name}\t{count}\t{state.topic.cleanup}\t{state.topic.key}")


@command.command("acls")
@click.option(
    "--principal-prefix",
    default="",
    metavar="TEXT",
    help="Put before each role's name: User:TEXTintent instead of User:intent.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
def acls_command(principal_prefix: str, form: str) -> None:
    """The rights that each service's workers, shops and operators need on the brokers.

    Asks no broker: the list follows from what the services read and write (docs/security.md). As
    kafka-acls it is a script, which wants admin.properties beside it: an administrator's login.

    \b
    Examples:
      shopkeeper topics acls
      TOPIC_PREFIX=eu. shopkeeper topics acls --format kafka-acls > acls.sh
    """
    try:
        prefix, servers = (
            read(os.environ, name) for name in ("TOPIC_PREFIX", "KAFKA_BOOTSTRAP_SERVERS")
        )
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    table = acls.roles(services.specs())
    if form == "kafka-acls":
        for line in acls.commands(table, prefix, principal_prefix, servers):
            click.echo(line)
        return
    if form == "json":
        rows = [
            {
                "principal": f"User:{principal_prefix}{role}",
                "resource": grant.resource,
                "name": prefix + grant.name,
                "operations": list(grant.operations),
                "for": grant.reason,
            }
            for role, grants in table.items()
            for grant in grants
        ]
        click.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
        return
    for role, grants in table.items():
        for grant in grants:
            operations = ",".join(grant.operations)
            words = (f"User:{principal_prefix}{role}", grant.resource, prefix + grant.name)
            click.echo("\t".join((*words, operations, grant.reason)))
