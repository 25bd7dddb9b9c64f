"""`shopkeeper ask QUESTION`: asks a running shop, and waits for the answer on its topic."""

from __future__ import annotations

import os
import time
import uuid
from typing import TYPE_CHECKING, Any

import click
import msgspec

from shopkeeper.shared.contracts import outputs, topics
from shopkeeper.shared.contracts.events.answers import ANSWER_GIVEN
from shopkeeper.shared.datasets.base import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.settings import SettingsError
from shopkeeper.shared.runtime.settings import read as read_setting

from . import connection
from .output import reader_gone
from .summaries import printable

if TYPE_CHECKING:
    from shopkeeper.shared.contracts.events.answers import AnswerGiven
    from shopkeeper.shared.runtime.settings import KafkaSettings

POLL_S = 0.2
BROKER_WAIT_S = 10.0
TEXT_CHARACTERS_MAX = 2000


def lines(given: AnswerGiven) -> list[str]:
    """An answer as a terminal shows it: its text, then a line per source."""
    if given.answer is None:
        why = (given.abstained or "unknown").replace("_", " ")
        return [f"I do not know ({why}); a person should answer."]
    shown = [printable(given.answer, TEXT_CHARACTERS_MAX)]
    for source in given.sources:
        where = " · ".join(part for part in (source.title, source.url) if part)
        shown.append(
            printable(f"  {source.kind} {source.id}" + (f": {where}" if where else ""), 300)
        )
    return shown


async def ask(
    kafka: KafkaSettings, question: dict[str, Any], type_prefix: str, wait_s: float
) -> bytes | None:
    """The answer's value; None where none came in time."""
    event_id = str(uuid.uuid4())
    event = ShopEvent(
        topics.QUESTIONS,
        "question.asked.v1",
        question["anonymous_id"],
        question,
        int(time.time() * 1000),
        event_id,
    )
    async with Reader(kafka, [topics.ANSWERS], from_start=False) as reader:
        async with Publisher(kafka, "ask", type_prefix) as publisher:
            await publisher.publish(event)
        until = time.monotonic() + wait_s
        while time.monotonic() < until:
            if reader_gone():
                raise BrokenPipeError
            for record in await reader.poll(POLL_S):
                if dict(record.headers).get("ce_causationid") == event_id.encode():
                    value: bytes = record.value
                    return value
    return None


@click.command("ask")
@click.argument("question", nargs=-1, required=True)
@click.option("--product", "product_id", help="Id of the product that is looked at.")
@click.option("--json", "raw", is_flag=True, help="The answer as it was published.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
def command(question: tuple[str, ...], product_id: str | None, raw: bool, timeout_s: float) -> None:
    """Ask the shop QUESTION and print the answer with its sources.

    Exit status 1 where no answer came; "I do not know" is an answer.

    \b
    Examples:
      shopkeeper ask "how do I return something?"
      shopkeeper ask --product tents-01a 多少钱
    """
    text = " ".join(question).strip()
    if not text:
        raise click.UsageError("the question is empty")
    try:
        prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    data = {"question": text, "anonymous_id": f"ask-{uuid.uuid4().hex[:12]}"}
    if product_id is not None:
        data["product_id"] = product_id

    async def work(kafka: KafkaSettings) -> bytes | None:
        return await ask(kafka, data, prefix, timeout_s)

    value = connection.run("ask", work, BROKER_WAIT_S)
    if value is None:
        raise click.ClickException(
            f"no answer within {timeout_s:g} s: is an answers worker running? (`shopkeeper status`)"
        )
    if raw:
        click.echo(value.decode())
        return
    try:
        given = outputs.decode(ANSWER_GIVEN, value)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"the answer does not follow its schema: {error}") from None
    for line in lines(given):
        click.echo(line)
