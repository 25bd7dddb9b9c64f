"""`shopkeeper dlq list|show|replay`: what was refused, why, and back again once it is mended."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click
import orjson
from click.shell_completion import CompletionItem

from shopkeeper.services import NAMES
from shopkeeper.shared.contracts.dead_letter import CORRUPT_BATCH, REFUSED_AT
from shopkeeper.shared.runtime.kafka.publisher import Publisher

from . import connection, dead_letters
from .dead_letters import NoSuchThing, Wanted, errors_of, letters, original_headers
from .summaries import content_of, masked_preview, place_of, preview, printable

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings


class Replayed(Counter[str]):
    """published; left_out: only a hash is left of the value, or it is a whole batch."""


async def list_counts(kafka: KafkaSettings) -> dict[str, Counter[str]]:
    """Dead-letter topic -> error class -> distinct letters."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in dead_letters.TOPICS}
    async for name, record in letters(kafka, Wanted(dead_letters.TOPICS)):
        counts[name][printable(dead_letters.error_of(record))] += 1
    return counts


async def replay(kafka: KafkaSettings, wanted: Wanted) -> Replayed:
    """Publish the selected records to their source topic again, each to its old partition.

    A record that several services refused goes back once: all of them read it there.
    """
    done = Replayed(published=0, left_out=0)
    sent: set[str] = set()
    async with Publisher(kafka, "dlq") as out:
        async for name, record in letters(kafka, wanted):
            errors, first = errors_of(record), dead_letters.refused_first(record)
            if "value.replaced" in errors or errors.get("exception.class.name") == CORRUPT_BATCH:
                done["left_out"] += 1
                continue
            if len(wanted.topics) > 1:
                if first in sent:
                    continue
                sent.add(first)
            place = int(errors["partition"]) if errors.get("partition", "").isdigit() else None
            headers = original_headers(record)
            if not dead_letters.was_replayed(record):
                headers.append((REFUSED_AT, first.encode()))
            source = dead_letters.source_of(name)
            await out.send(source, record.key, record.value, headers, place)
            done["published"] += 1
        await out.flush()
    return done


def as_json(name: str, record: Any) -> bytes:
    """One JSON object: where the letter stands, what was wrong, and the record as it was refused;
    the value as JSON, else as text with what is not printable escaped."""
    refusal = {
        "error": dead_letters.error_of(record),
        "errors": errors_of(record),
        "refused_first": dead_letters.refused_first(record),
        "replayed": dead_letters.was_replayed(record),
    }
    content = content_of(record, original_headers(record))
    return orjson.dumps(place_of(record, name) | refusal | content)


def as_text(name: str, record: Any, *, unmasked: bool = False) -> str:
    """The same for a person, on lines that a terminal takes no harm from; personal data in the
    value masked unless `unmasked`."""
    again = " (sent back before, refused again)" if dead_letters.was_replayed(record) else ""
    lines = [f"{name} {record.partition}@{record.offset}{again}"]
    lines += [f"  {printable(n)}: {printable(v, 400)}" for n, v in errors_of(record).items()]
    lines.append(f"  key: {preview(record.key)}")
    lines += [f"  header {printable(n)}: {preview(v)}" for n, v in original_headers(record)]
    show = preview if unmasked else masked_preview
    lines.append(f"  value: {show(record.value, 400)}")
    return "\n".join(lines)


@click.group("dlq")
def command() -> None:
    """Dead letters: list, show, replay.

    \b
    Examples:
      shopkeeper dlq list
      shopkeeper dlq show shop.reviews.v1 --error wrong_type
      shopkeeper dlq replay shop.reviews.v1
    """


@command.command("list")
@click.option("--json", "raw", is_flag=True, help="One JSON object.")
def list_command(raw: bool) -> None:
    """Count dead letters by topic and error.

    One that was sent back and refused again counts once.

    Example: shopkeeper dlq list --json
    """
    counts: dict[str, Counter[str]] = connection.run("dlq", list_counts)
    if raw:
        click.echo(orjson.dumps({name: dict(found) for name, found in counts.items()}).decode())
        return
    for name, found in counts.items():
        details = ", ".join(f"{error} {count}" for error, count in found.most_common())
        click.echo(f"{name}\t{found.total()}\t{details}")


class _Letters(click.ParamType):
    """A dead-letter topic, or a topic whose dead letters are meant."""

    name = "topic"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        names = [*dead_letters.sources(), *dead_letters.TOPICS]
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


_SELECTORS = (
    click.argument("topic", type=_Letters(), required=False),
    click.option("--service", type=click.Choice(NAMES), help="Only what this service refused."),
    click.option("--error", metavar="LABEL", help="Only this error, for example wrong_type."),
    click.option("--partition", type=click.IntRange(min=0), help="Only this partition."),
    click.option("--offset", type=click.IntRange(min=0), help="Only this offset (of the DLQ)."),
    click.option("--limit", type=click.IntRange(min=1), help="At most so many."),
)


def _selectors(function: Any) -> Any:
    for option in reversed(_SELECTORS):
        function = option(function)
    return function


def _wanted(topic: str | None, service: str | None, **filters: Any) -> Wanted:
    if topic is None:
        names = "\n".join(
            f"  {source:20} {', '.join(by_service)}"
            for source, by_service in dead_letters.sources().items()
        )
        raise click.UsageError(f"say which TOPIC; there are, with who reads them:\n\n{names}")
    try:
        return Wanted(dead_letters.topics_of(topic, service), **filters)
    except NoSuchThing as error:
        raise click.UsageError(str(error)) from None


def _run(work: Any) -> Any:
    try:
        return connection.run("dlq", work)
    except NoSuchThing as error:
        raise click.UsageError(str(error)) from None


@command.command("show")
@_selectors
@click.option("--json", "raw", is_flag=True, help="One JSON object per letter, unmasked.")
@click.option("--unmasked", is_flag=True, help="With e-mail addresses, telephones and the like.")
def show_command(raw: bool, unmasked: bool, **selected: Any) -> None:
    """Print dead letters of TOPIC with what was wrong; payloads are escaped, cut, and personal data
    in them masked.

    TOPIC is a source topic, or one dead-letter topic. A letter that was sent back and refused again
    is shown once, as it was refused last.

    \b
    Examples:
      shopkeeper dlq show shop.reviews.v1
      shopkeeper dlq show shop.searches.v1 --service intent --error missing_field --json
    """
    wanted = _wanted(**selected)

    async def work(kafka: KafkaSettings) -> int:
        shown = 0
        async for name, record in letters(kafka, wanted):
            shown += 1
            text = as_json(name, record) if raw else as_text(name, record, unmasked=unmasked)
            click.echo(text)
        return shown

    shown = _run(work)
    said = f"{shown} dead letters"
    if wanted.superseded:
        said += f" ({wanted.superseded} earlier ones of letters that were refused again left out)"
    if not shown and wanted.there:
        said += "; there are " + ", ".join(f"{e} {n}" for e, n in wanted.there.most_common())
    click.echo(said, err=True)


@command.command("replay")
@_selectors
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--json", "raw", is_flag=True, help="One JSON object (as it is without).", hidden=True
)
def replay_command(yes: bool, raw: bool, **selected: Any) -> None:
    """Publish dead letters of TOPIC to the topic that they came from, as they were.

    TOPIC is a source topic, or one dead-letter topic. Ids are the same as before; the dead letters
    stay where they are. One that is refused again makes a second letter that `list` and `show`
    know for the same one. Prints one JSON object.

    \b
    Examples:
      shopkeeper dlq replay shop.reviews.v1
      shopkeeper dlq replay shop.clicks.v1 --error time_too_old --yes
    """
    wanted = _wanted(**selected)

    async def count(kafka: KafkaSettings) -> int:
        return len([record.offset async for _, record in letters(kafka, wanted)])

    if not yes:
        found = _run(count)
        source = dead_letters.source_of(wanted.topics[0])
        click.confirm(f"Publish {found} records to {source} again?", abort=True, err=True)
        wanted = _wanted(**selected)

    async def work(kafka: KafkaSettings) -> Replayed:
        return await replay(kafka, wanted)

    done = _run(work)
    if done["left_out"]:
        click.echo(
            f"{done['left_out']} left out: only a hash (too large), or a whole batch", err=True
        )
    click.echo(orjson.dumps(dict(done)).decode())
