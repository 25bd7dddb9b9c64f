"""A pack's own training data: example texts with the intent that each has."""

from __future__ import annotations

from typing import Literal

import msgspec

from .pack import INTENTS, PackError, Words, folder_of

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
    """(text, intent) of each. Raises PackError."""
    return [(each.text, each.intent) for each in read_examples(domain)]
