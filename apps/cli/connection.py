"""What commands that talk to a broker share: settings, waiting, one clear line on failure."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click
from aiokafka.errors import KafkaError

from shopkeeper.shared.runtime.kafka import admin
from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError
from shopkeeper.shared.runtime.telemetry import logs

from .absent import SpokenError
from .spoken import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


def say(line: str) -> None:
    """To the person, not into the results."""
    click.echo(line, err=True)


def wait_option(
    seconds: float,
    least: float = 0.0,
    text: str = "How long to wait for a broker that does not answer.",
) -> Callable[[Any], Any]:
    """`--wait SECONDS`, as `wait_s`, at least `least`; `text` is its help."""
    return click.option(
        "--wait",
        "wait_s",
        type=click.FloatRange(min=least),
        default=seconds,
        show_default=True,
        metavar="SECONDS",
        help=text,
    )


def settings() -> KafkaSettings:
    """What the environment says; a usage error where it cannot be used."""
    try:
        return KafkaSettings.from_env(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def run(
    name: str,
    work: Callable[[KafkaSettings], Coroutine[Any, Any, Any]],
    wait_s: float | None = None,
    language: str = "en",
) -> Any:
    """What `work` returns, given a broker that answers; a failure is one line and exit status 1.

    name: the command's, for logs. wait_s: how long to wait for the broker; None: for ever.
    language: of what the person reads, `en` or `zh`.
    """
    kafka = settings()

    def waiting(line: str) -> None:
        say(spoken(language, "{problem}", problem=line))

    async def body() -> Any:
        try:
            await admin.wait_for_broker(kafka, waiting, wait_s)
        except admin.BrokerAway as error:
            raise SpokenError(
                language,
                "{problem} (waited {seconds:g} s; KAFKA_BOOTSTRAP_SERVERS)",
                problem=error,
                seconds=wait_s or 0.0,
            ) from None
        return await work(kafka)

    logs.configure(name, "ERROR", "text")
    try:
        return asyncio.run(body())
    except (KafkaError, OperatorNeeded) as error:
        raise SpokenError(language, "{error}", error=str(error) or type(error).__name__) from None
