"""`shopkeeper ask [QUESTION]`: asks a running shop, and waits for the answer on its topic; without
a question it holds a conversation, a line each."""

from __future__ import annotations

import asyncio
import os
import sys
import time
import uuid
from functools import partial
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

from . import absent, connection
from .absent import SpokenError
from .output import reader_gone
from .spoken import spoken
from .summaries import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopkeeper.shared.contracts.events.answers import AnswerGiven
    from shopkeeper.shared.runtime.settings import KafkaSettings

POLL_S = 0.2
BROKER_WAIT_S = 10.0
TEXT_CHARACTERS_MAX = 2000
PROMPT = "> "


def lines(given: AnswerGiven) -> list[str]:
    """An answer as a terminal shows it: its text, then a line per source, in the language of the
    question."""
    in_its = partial(spoken, given.language)
    if given.answer is None:
        why = in_its((given.abstained or "unknown").replace("_", " "))
        shown = [in_its("I do not know ({why}); a person should answer.", why=why)]
        return shown + _handed_over(given)
    shown = [printable(given.answer, TEXT_CHARACTERS_MAX)]
    if given.phrased_by:
        shown.append(_indented(in_its("phrased by {model}", model=given.phrased_by)))
    for source in given.sources:
        where = " · ".join(part for part in (source.title, source.url) if part)
        kind = in_its(source.kind)
        shown.append(_indented(f"{kind} {source.id}" + (f": {where}" if where else "")))
    if given.products:
        shown.append(_indented(in_its("see also {products}", products=", ".join(given.products))))
    if given.next:
        shown.append(_indented(in_its("ask also: {questions}", questions=" · ".join(given.next))))
    return shown + _handed_over(given)


def _indented(line: str) -> str:
    return printable(f"  {line}", 300)


def _handed_over(given: AnswerGiven) -> list[str]:
    """What the person who takes over gets."""
    if given.handover is None:
        return []
    said = given.handover.summary.splitlines()
    return [
        _indented(spoken(given.language, "to a person:")),
        *(printable(f"    {line}", 300) for line in said),
    ]


class Desk:
    """Where questions are asked and answers come: one conversation's, opened once."""

    def __init__(self, reader: Reader, publisher: Publisher, wait_s: float) -> None:
        self._reader, self._publisher, self._wait_s = reader, publisher, wait_s

    async def ask(self, question: dict[str, Any]) -> bytes | None:
        """The answer's value; None where none came in time."""
        event_id = str(uuid.uuid4())
        await self._publisher.publish(
            ShopEvent(
                topics.QUESTIONS,
                "question.asked.v1",
                question["anonymous_id"],
                question,
                int(time.time() * 1000),
                event_id,
            )
        )
        await self._publisher.flush()
        until = time.monotonic() + self._wait_s
        while time.monotonic() < until:
            if reader_gone():
                raise BrokenPipeError
            for record in await self._reader.poll(POLL_S):
                if dict(record.headers).get("ce_causationid") == event_id.encode():
                    value: bytes = record.value
                    return value
        return None


async def ask_all(
    kafka: KafkaSettings,
    context: dict[str, Any],
    questions: Callable[[], str | None],
    show: Callable[[bytes | None], None],
    type_prefix: str,
    wait_s: float,
) -> None:
    """Ask what `questions` gives, until it gives None; each once the one before is answered."""
    async with (
        Reader(kafka, [topics.ANSWERS], from_start=False) as reader,
        Publisher(kafka, "ask", type_prefix) as publisher,
    ):
        desk = Desk(reader, publisher, wait_s)
        while (text := await asyncio.to_thread(questions)) is not None:
            if text.strip():
                show(await desk.ask({**context, "question": text.strip()}))


def typed() -> str | None:
    """The next line of the terminal, or of what is piped in; None at its end."""
    if sys.stdin.isatty():
        click.echo(PROMPT, nl=False, err=True)
    line = sys.stdin.readline()
    return line if line else None


@click.command("ask")
@click.argument("question", nargs=-1)
@click.option("--product", "product_id", help="Id of the product that is looked at.")
@click.option(
    "--conversation", "conversation_id", metavar="ID", help="Id of a conversation to go on with."
)
@click.option("--json", "raw", is_flag=True, help="The answer as it was published.")
@click.option(
    "--lang",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Of errors; answers are in the language of the question.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the answer.",
)
def command(
    question: tuple[str, ...],
    product_id: str | None,
    conversation_id: str | None,
    raw: bool,
    lang: str,
    timeout_s: float,
) -> None:
    """Ask the shop QUESTION and print the answer with its sources. Without QUESTION, hold a
    conversation: a line is a question, Ctrl-D ends it. Lines may be piped in.

    Exit status 1 where no answer came; "I do not know" is an answer.

    \b
    Examples:
      shopkeeper ask "how do I return something?"
      shopkeeper ask --product tents-01a 多少钱
      shopkeeper ask --conversation c-1 "and in blue?"
      shopkeeper ask
    """
    text = " ".join(question).strip()
    if question and not text:
        raise SpokenError(lang, "the question is empty")
    try:
        prefix = read_setting(os.environ, "TYPE_PREFIX")
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    # Who goes on with a conversation is whoever began it.
    name = conversation_id or uuid.uuid4().hex[:12]
    context = {"anonymous_id": f"ask-{name}", "conversation_id": name}
    if product_id is not None:
        context["product_id"] = product_id
    waiting = iter([text])
    questions = typed if not question else lambda: next(waiting, None)

    async def work(kafka: KafkaSettings) -> None:
        def show(value: bytes | None) -> None:
            _show(value, raw, timeout_s, lang)

        await ask_all(kafka, context, questions, show, prefix, timeout_s)

    connection.run("ask", work, BROKER_WAIT_S, lang)


def _show(value: bytes | None, raw: bool, timeout_s: float, language: str) -> None:
    if value is None:
        raise SpokenError(language, absent.NO_ANSWER, seconds=timeout_s)
    if raw:
        click.echo(value.decode())
        return
    try:
        given = outputs.decode(ANSWER_GIVEN, value)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SpokenError(language, absent.ANSWER_NOT_BY_SCHEMA, error=error) from None
    for line in lines(given):
        click.echo(line)
