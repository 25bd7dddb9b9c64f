"""Topics as arguments of commands: by their names, completed and, where one is missing, listed."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from shopkeeper.shared.contracts import topics

if TYPE_CHECKING:
    from collections.abc import Sequence


def listed(names: Sequence[str] = ()) -> str:
    """One line per topic, of these or of all: its name, and what is on it."""
    return "\n".join(f"  {name:46} {what(name)}".rstrip() for name in names or topics.BY_NAME)


def what(name: str) -> str:
    """What a topic holds, in a few words."""
    topic = topics.BY_NAME[name]
    if name.endswith(".dlq"):
        return "dead letters"
    if not topic.types:
        return "internal"
    return ", ".join(kind.rsplit(".v", 1)[0].replace(".", " ") for kind in topic.types)


class TopicName(click.ParamType):
    """The name of a topic, with or without TOPIC_PREFIX. One that is not ours is taken as it is:
    services of a shop's own have topics of their own."""

    name = "topic"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        prefix = os.environ.get("TOPIC_PREFIX", "").strip()
        return value.removeprefix(prefix) if prefix else value

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [CompletionItem(n) for n in topics.BY_NAME if n.startswith(incomplete)]


def nearest(value: str, names: Sequence[str]) -> str:
    """ " (did you mean ...?)", or "" where none is near. A part of a name is near."""
    found = [name for name in names if value and value in name][:3]
    found = found or difflib.get_close_matches(value, names, 2)
    return f" (did you mean {' or '.join(found)}?)" if found else ""
