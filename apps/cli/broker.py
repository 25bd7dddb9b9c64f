"""`shopkeeper broker`: the embedded broker alone, with every topic, for tries on a laptop."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import click
from aiokafka.errors import KafkaError

from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.processes import terminal
from shopkeeper.shared.runtime.processes.embedded import (
    ENDED,
    BrokerUnavailable,
    embedded_broker,
    gone,
    is_free,
)
from shopkeeper.shared.runtime.processes.embedded_retention import EmbeddedRetention
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError, read
from shopkeeper.shared.runtime.tasks import end_tasks
from shopkeeper.shared.runtime.telemetry import logs

from . import connection, unread

PORT = 9092  # where every command looks for brokers that is told of none


@click.command("broker")
@click.option(
    "--port", default=PORT, show_default=True, type=click.IntRange(1, 65535), help="Of 127.0.0.1."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the log in this folder between runs; without it, nothing is kept.",
)
def command(port: int, data: Path | None) -> None:
    """Run the embedded broker on this machine until Ctrl-C, with every topic created.

    For laptops, tries and tests: workers and your own producers connect as to Kafka. Its log is
    held in memory, so production uses Apache Kafka.

    \b
    Examples:
      shopkeeper broker                       # then `up` in another terminal
      shopkeeper broker --port 19092 --data ./broker
    """
    unread.warn(connection.say)
    logs.configure("broker", "WARNING", "text")
    terminal.exit_on_signals()
    terminal.watch()
    if not is_free(port):
        raise click.ClickException(
            f"port {port} is taken: another broker may run there already; --port names another"
        )
    try:
        partitions = int(read(os.environ, "TOPIC_PARTITIONS"))
        prefix = read(os.environ, "TOPIC_PREFIX")
        with embedded_broker(data, port) as address:
            status = asyncio.run(_run(KafkaSettings((address,), topic_prefix=prefix), partitions))
    except KeyboardInterrupt:
        status = 0
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    except (BrokerUnavailable, admin.TopicError) as error:
        raise click.ClickException(str(error)) from None
    except KafkaError as error:
        raise click.ClickException(f"broker: {error!r}") from None
    sys.exit(status)


async def _run(kafka: KafkaSettings, partitions: int) -> int:
    """Clean the broker's log until a signal comes, or the broker is gone; the exit status."""
    stopping = asyncio.Event()
    terminal.stop_on_signals(stopping.set, stopping.set)
    created = await admin.init_topics(kafka, partitions, 1, compacted=admin.COMPACTED_BY_US)
    [address] = kafka.bootstrap_servers
    named = "" if address.endswith(f":{PORT}") else f"KAFKA_BOOTSTRAP_SERVERS={address} "
    async with EmbeddedRetention(kafka) as retention:
        waiting = [
            asyncio.create_task(work) for work in (stopping.wait(), gone(address), retention.run())
        ]
        connection.say(f"a broker at {address}, {len(created)} topics created")
        connection.say(f"in another terminal: {named}shopkeeper up")
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        await end_tasks(waiting)
    if stopping.is_set():
        return 0
    connection.say(ENDED)
    return 1
