"""`shopkeeper classify SERVICE [FILE]`: texts in, labels out, one JSON line each."""

from __future__ import annotations

import codecs
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import click
import orjson

from shopkeeper import services
from shopkeeper.shared.runtime import settings as runtime_settings
from shopkeeper.shared.runtime.api import service

from .service_names import ServiceName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Classify = Callable[[Sequence[str]], list[dict[str, object]]]

BATCH_LINES = 512  # lines in memory at once, and texts per ONNX call
LINE_BYTES_MAX = 4 << 20


class BadLine(ValueError):
    """A line of the input is not `{"text": "..."}`; its message names the line."""


def texts_of(lines: BinaryIO) -> Iterator[str]:
    """The texts of JSON lines; empty lines are passed over. Raises BadLine."""
    number = 0
    while line := lines.readline(LINE_BYTES_MAX + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if len(line) > LINE_BYTES_MAX:
            raise BadLine(f"line {number}: longer than {LINE_BYTES_MAX} bytes")
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadLine(f"line {number}: not valid JSON ({error.msg})") from None
        if not isinstance(found, dict) or not isinstance(found.get("text"), str):
            raise BadLine(f'line {number}: expected an object {{"text": "..."}}')
        yield found["text"]


def batches(texts: Iterator[str]) -> Iterator[list[str]]:
    """Lists of up to `BATCH_LINES`; on a bad line the good ones before it come first."""
    while True:
        batch: list[str] = []
        try:
            for text in islice(texts, BATCH_LINES):
                batch.append(text)
        except BadLine:
            if batch:
                yield batch
            raise
        if not batch:
            return
        yield batch


def load(task: str) -> Classify:
    """The classifier of this service, from MODEL_DIR or the models that came with the package."""
    model_dir = runtime_settings.model_dir_of(os.environ)
    threads = int(runtime_settings.read(os.environ, "ORT_INTRA_OP_THREADS"))
    reference = services.spec(task).classify
    assert reference is not None, f"{task} classifies no texts"
    classify: Classify = service.load(reference)(model_dir, threads)
    return classify


@click.command("classify")
@click.argument("task", type=ServiceName(lambda spec: spec.classify))
@click.argument("file", type=click.File("rb"), default="-")
def command(task: str, file: BinaryIO) -> None:
    """Label the texts of FILE (JSON lines {"text": "..."}; standard input by default).

    Prints one JSON line per text, in the same order: label, score (the label's probability),
    probabilities of all labels, language (en, zh, other), and of intents route and slots. Stops
    at a bad line with exit status 1, after the results of the lines before it.

    \b
    Examples:
      echo '{"text": "where is my parcel"}' | shopkeeper classify intent
      shopkeeper classify sentiment reviews.jsonl
    """
    from shopkeeper.shared.text.manifest import ModelError

    try:
        classify = load(task)
        for batch in batches(texts_of(file)):
            for result in classify(batch):
                sys.stdout.buffer.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
            sys.stdout.buffer.flush()
    except (BadLine, ModelError, runtime_settings.SettingsError) as error:
        raise click.ClickException(str(error)) from None
