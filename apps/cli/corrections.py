"""`shopkeeper corrections add|list|remove|load`: corrected labels, which workers apply within
seconds (docs/corrections.md)."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import msgspec
import orjson
from click.shell_completion import CompletionItem

from shopkeeper import services
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.settings import SettingsError, model_dir_of
from shopkeeper.shared.text.correction_table import CorrectedLabel, decoded, unusable
from shopkeeper.shared.text.corrections import CORRECTIONS_MAX
from shopkeeper.shared.text.labelled import BadFile
from shopkeeper.shared.text.manifest import ModelError, model_folder, read_manifest
from shopkeeper.shared.text.personal_data import mask

from . import connection
from .correction_rows import NotUsable, Prepared, key_of, of_file, prepared
from .summaries import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

BROKER_WAIT_S = 60.0
SOURCE = "shopkeeper/corrections"
TASKS = tuple(spec.name for spec in services.specs() if topics.CORRECTIONS in spec.tables)


class Held(NamedTuple):
    """The newest record of a key that is not withdrawn."""

    key: bytes
    partition: int
    time_ms: int  # of the record
    said: CorrectedLabel | None  # None: not readable
    refused: str  # why no worker uses it; "" where they do

    @property
    def name(self) -> str:
        return self.key.decode("utf-8", "replace")


def labels_by_task() -> dict[str, list[str]]:
    """The labels that each task's model has. Raises ModelError, SettingsError."""
    models = read_manifest(model_folder(model_dir_of(os.environ))).models
    missing = [task for task in TASKS if task not in models]
    if missing:
        raise ModelError(f"the manifest has no model {missing[0]}")
    return {task: models[task].labels for task in TASKS}


def _labels() -> dict[str, list[str]]:
    try:
        return labels_by_task()
    except (ModelError, SettingsError) as error:
        raise click.ClickException(str(error)) from None


async def read_held(kafka: KafkaSettings, labels: Mapping[str, Sequence[str]]) -> list[Held]:
    """What the topic holds, oldest first: of a key that stands in several partitions, one each."""
    found: dict[tuple[int, bytes], Held] = {}
    async with Reader(kafka, [topics.CORRECTIONS], from_start=True) as reader:
        async for record in reader.until_now():
            place = (record.partition, record.key or b"")
            found.pop(place, None)
            if record.value:
                found[place] = _held(record, labels)
    return sorted(found.values(), key=lambda held: (held.time_ms, held.key))


def _held(record: Any, labels: Mapping[str, Sequence[str]]) -> Held:
    said, refused = None, ""
    try:
        said = decoded(record.value)
    except (msgspec.MsgspecError, ValueError) as error:
        refused = str(error)
    else:
        if said.task not in labels:
            refused = f"task {said.task!r} is none of {', '.join(labels)}"
        else:
            refused = unusable(said, labels[said.task])
    if not record.key:
        refused = refused or "its record has no key"
    return Held(record.key or b"", record.partition, record.timestamp, said, refused)


async def write(
    kafka: KafkaSettings, records: Iterable[tuple[bytes, bytes | None, int | None]]
) -> None:
    """Publish (key, value, partition) and wait until the broker has them. Raises KafkaError.
    partition: None goes by the key."""
    async with Publisher(kafka, SOURCE) as publisher:
        for key, value, partition in records:
            await publisher.send(topics.CORRECTIONS, key, value, partition=partition)


async def put(kafka: KafkaSettings, corrections: Sequence[Prepared], labels: Any) -> list[Held]:
    """Write corrections; returns what stood there before. One of a key that stands in another
    partition than its hash says, as some client put it there, replaces it where it stands."""
    before = await read_held(kafka, labels)
    places = {held.name: held.partition for held in before}
    await write(kafka, [(one.key.encode(), one.value, places.get(one.key)) for one in corrections])
    return before


class _Label(click.ParamType):
    """One of the labels of the task that was said before it."""

    name = "label"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            known = labels_by_task().get(ctx.params.get("task") or "", [])
        except (ModelError, SettingsError):
            return []
        return [CompletionItem(label) for label in known if label.startswith(incomplete)]


def _said_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--note", default="", metavar="TEXT", help="Why."),
        click.option(
            "--by",
            default=lambda: os.environ.get("USER", ""),
            show_default="$USER",
            metavar="WHO",
            help="Who says so.",
        ),
    ):
        function = option(function)
    return function


@click.group("corrections")
def command() -> None:
    """Corrected labels: add, list, remove, load. Workers apply them within seconds.

    \b
    Examples:
      shopkeeper corrections add intent "return policy" after_sales
      shopkeeper corrections list
      shopkeeper corrections remove intent "return policy"
    """


@command.command("add")
@click.argument("task", type=click.Choice(TASKS))
@click.argument("text")
@click.argument("label", type=_Label())
@_said_options
@connection.wait_option(BROKER_WAIT_S)
def add_command(task: str, text: str, label: str, by: str, note: str, wait_s: float) -> None:
    """Have TEXT labelled LABEL by the model of TASK, and what nearly reads the same pulled along.

    Personal data in TEXT are masked. A second correction of a text replaces the first. Where TEXT
    begins with a dash, write -- before TASK. Prints the correction's name.

    \b
    Examples:
      shopkeeper corrections add intent "return policy" after_sales --by ann
      shopkeeper corrections add sentiment "exceeded my expectations" positive --note "demo"
    """
    labels = _labels()
    said = CorrectedLabel(task=task, text=text, label=label, time_ms=_now_ms(), by=by, note=note)
    try:
        one = prepared(said, labels)
    except NotUsable as error:
        raise click.UsageError(str(error)) from None
    before = connection.run("corrections", lambda kafka: put(kafka, [one], labels), wait_s)
    replaced = [held for held in before if held.name == one.key and held.said is not None]
    for held in replaced[-1:]:
        connection.say(f"replaces {_of(held)}")
    _warn_if_full(before, [one])
    click.echo(one.key)


@command.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--task", type=click.Choice(TASKS), default=None, help="Of rows without `task`.")
@_said_options
@connection.wait_option(BROKER_WAIT_S)
def load_command(file: Path, task: str | None, by: str, note: str, wait_s: float) -> None:
    """Add the corrections of FILE: CSV with a header or JSON lines, `text` and `label`; `task`,
    `by` and `note` where a row has its own. Gzipped where its name ends in .gz.

    All rows or none: one that cannot be used is named, and nothing is written. With a --by of its
    own a file can be withdrawn as one: `corrections remove --by`.

    \b
    Examples:
      shopkeeper corrections load corrected.csv --task intent --by "week 12"
      shopkeeper corrections load corrected.jsonl.gz
    """
    labels = _labels()
    given = CorrectedLabel(task=task or "", text="", label="", time_ms=_now_ms(), by=by, note=note)
    try:
        found = of_file(file, given, labels)
    except (BadFile, OSError) as error:
        raise click.ClickException(str(error)) from None
    before = connection.run("corrections", lambda kafka: put(kafka, found, labels), wait_s)
    _warn_if_full(before, found)
    replaced = {held.name for held in before} & {one.key for one in found}
    click.echo(orjson.dumps({"corrections": len(found), "replaced": len(replaced)}).decode())


@command.command("list")
@click.argument("task", type=click.Choice(TASKS), required=False)
@click.option("--json", "raw", is_flag=True, help="One JSON object per correction, unmasked.")
@connection.wait_option(BROKER_WAIT_S)
def list_command(task: str | None, raw: bool, wait_s: float) -> None:
    """One line per correction, oldest first: name, task, label, text, by whom, note.

    Those that no worker can use say why.

    Example: shopkeeper corrections list sentiment --json
    """
    labels = _labels()
    found: list[Held] = connection.run(
        "corrections", lambda kafka: read_held(kafka, labels), wait_s
    )
    if task is not None:
        found = [held for held in found if held.said is not None and held.said.task == task]
    for held in found:
        click.echo(_as_json(held) if raw else _of(held))


@command.command("remove")
@click.argument("task", type=click.Choice(TASKS), required=False)
@click.argument("text", required=False)
@click.option("--name", "names", multiple=True, metavar="NAME", help="As `list` prints it.")
@click.option("--by", metavar="WHO", help="All that this one made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connection.wait_option(BROKER_WAIT_S)
def remove_command(
    task: str | None,
    text: str | None,
    names: tuple[str, ...],
    by: str | None,
    yes: bool,
    wait_s: float,
) -> None:
    """Withdraw the correction of TEXT, by NAME, or all of WHO: the model's own answers come back.

    \b
    Examples:
      shopkeeper corrections remove intent "return policy"
      shopkeeper corrections remove --name intent/0f3d6a52b1c98e47
      shopkeeper corrections remove --by "week 12" --yes
    """
    if (task is None) != (text is None) or [task is None, not names, by is None].count(False) != 1:
        raise click.UsageError("say which: TASK and TEXT, or --name NAME, or --by WHO")
    labels = _labels()
    found: list[Held] = connection.run(
        "corrections", lambda kafka: read_held(kafka, labels), wait_s
    )
    if by is not None:
        gone = [held for held in found if held.said is not None and held.said.by == by]
        sought = [f"by {by}"] if not gone else []
    elif text is not None and task is not None:
        gone = [held for held in found if _is_of(held, task, text)]
        sought = [f"of {task} for {printable(mask(text))!r}"] if not gone else []
    else:
        gone = [held for held in found if held.name in names]
        sought = [f"named {n}" for n in names if n not in {held.name for held in gone}]
    if sought:
        raise click.ClickException(
            f"no correction {sought[0]}; `shopkeeper corrections list` shows those there are"
        )
    if by is not None and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody to ask on standard input: say --yes")
        click.confirm(f"Withdraw {len(gone)} corrections by {by}?", abort=True, err=True)
    records = [(held.key, None, held.partition) for held in gone]
    connection.run("corrections", lambda kafka: write(kafka, records), wait_s)
    for held in gone:
        click.echo(held.name)


def _is_of(held: Held, task: str, text: str) -> bool:
    said = held.said
    return said is not None and said.task == task and key_of(task, said.text) == key_of(task, text)


def _of(held: Held) -> str:
    """For a person; personal data that others wrote there masked."""
    said = held.said
    if said is None:
        parts = [held.name, "-", "-", "-", ""]
    else:
        about = " ".join(part for part in (said.by, said.note) if part)
        parts = [held.name, said.task, said.label, mask(said.text), about]
    if held.refused:
        parts.append(f"not used: {held.refused}")
    return "\t".join(printable(part, 300) for part in parts)


def _as_json(held: Held) -> str:
    said = {} if held.said is None else msgspec.structs.asdict(held.said)
    refused = {"refused": held.refused} if held.refused else {}
    return orjson.dumps({"name": held.name, **said, **refused}).decode()


def _warn_if_full(before: Sequence[Held], added: Sequence[Prepared]) -> None:
    for task in TASKS:
        names = {h.name for h in before if h.said is not None and h.said.task == task}
        names |= {one.key for one in added if one.said.task == task}
        if len(names) > CORRECTIONS_MAX:
            connection.say(
                f"{task} has {len(names)} corrections; workers hold {CORRECTIONS_MAX}, the newest"
            )


def _now_ms() -> int:
    return int(time.time() * 1000)
