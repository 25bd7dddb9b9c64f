"""A pack's own training data: example texts with the intent that each has."""

from __future__ import annotations

from typing import Literal

import msgspec

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import read_knowledge

from .pack import FAQ, INTENTS, PackError, Words, folder_of

LINES_MAX = 100_000


class Example(msgspec.Struct, frozen=True):
    """A line of intents.jsonl, as `shopkeeper train` takes it; other fields may stand beside."""

    text: Words
    intent: Words
    language: Literal["en", "zh"]


def read_examples(domain: str) -> list[Example]:
    """The examples of a pack, by its name or folder; none where it has no such file.

    Raises PackError, naming file and line.
    """
    path = folder_of(domain) / INTENTS
    if not path.is_file():
        return []
    found: list[Example] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        if len(found) >= LINES_MAX:
            raise PackError(f"{path}: over {LINES_MAX} lines")
        try:
            found.append(msgspec.json.decode(line, type=Example))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise PackError(
                f"{path}, line {number}: {error}; a line is "
                '{"text": "...", "intent": "...", "language": "en" or "zh"}'
            ) from None
    return found


def examples_of(domain: str) -> list[tuple[str, str]]:
    """(text, intent) of each, and the questions that the pack's knowledge answers, which are of
    none. Raises PackError."""
    found = [(each.text, each.intent) for each in read_examples(domain)]
    path = folder_of(domain) / FAQ
    if path.is_file():
        try:
            found += [(each.title, "") for each in read_knowledge(path) if each.title]
        except (FormatError, OSError) as error:
            raise PackError(str(error)) from None
    return found
