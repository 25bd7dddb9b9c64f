"""A pack's own training data: example texts with the intent that each has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import read_knowledge
from shopkeeper.shared.text.language import detect

from .pack import FAQ, INTENTS, PackError, Words, folder_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from .pack import Intents

LINES_MAX = 100_000


class Example(msgspec.Struct, frozen=True):
    """A line of intents.jsonl, as `shopkeeper train` takes it; other fields may stand beside."""

    text: Words
    intent: Words
    language: Literal["en", "zh"]
    near: bool = False  # of a set to judge by: no guard's question, but near to one


def read_examples(domain: str) -> list[Example]:
    """The examples of a pack, by its name or folder; none where it has no such file.

    Raises PackError, naming file and line.
    """
    path = folder_of(domain) / INTENTS
    return read_file(path) if path.is_file() else []


def read_file(path: Path) -> list[Example]:
    """The examples of a file of lines. Raises PackError, naming file and line."""
    found: list[Example] = []
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise PackError(f"{path}: cannot be read ({error.strerror})") from None
    for number, line in enumerate(lines, 1):
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


def examples_of(domain: str) -> list[Example]:
    """Those of the pack, and the questions that its knowledge answers, which are of no intent.
    Raises PackError."""
    found = read_examples(domain)
    path = folder_of(domain) / FAQ
    if path.is_file():
        try:
            found += [
                Example(entry.title, "", "zh" if detect(entry.title) == "zh" else "en")
                for entry in read_knowledge(path)
                if entry.title
            ]
        except (FormatError, OSError) as error:
            raise PackError(str(error)) from None
    return found


def unlike(intents: Intents, examples: Iterable[Example], shops: Collection[str]) -> str:
    """What is wrong with [intents.like], or "". shops: labels of the shop's intent model."""
    own = {each.intent for each in examples}
    if unknown := sorted(set(intents.like.values()) - set(shops)):
        return f"{unknown[0]!r} is no label of a shop's; they are {', '.join(sorted(shops))}"
    if idle := sorted(set(intents.like) - own):
        return f"{INTENTS} has no example of {idle[0]!r}; it has {', '.join(sorted(own))}"
    if bare := sorted(own - set(intents.like) - set(shops)):
        return f"say which of a shop's labels {bare[0]!r} is treated as"
    return ""
