"""The format `messages`: JSON events as producers send them, in our words or a vocabulary's.

Each line is what would be a record's value; what the topics' owners would make of it is published,
so that a file of Segment's calls or of a dataLayer can be replayed. One line may hold several
events. docs/vocabularies.md has the names.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Decoded, Event, Rejected, Several, Skipped

from .admission import UnsentRecord
from .base import BadRow, Books, FormatError, OnBad, Options, ShopEvent, refuse
from .formats import TOPIC_OF
from .identity import RowIds
from .lines import json_texts
from .text_files import open_text

NAME = "messages"
ABOUT = "JSON events as producers send them, one a line, in any vocabulary of docs/vocabularies.md"
SHOP_TOPICS = tuple(topic.name for topic in topics.ALL if topic.default_type)
NO_TIME_MS = 4_102_444_800_000  # 2100: what an event without a time gets where nobody publishes it
SAMPLE = 20
ANOTHER_TOPICS = frozenset(("other_type", "unknown_type"))  # why a topic passes an event on


class Reader:
    """One pass over a file of messages."""

    def __init__(self, options: Options, books: Books, on_bad: OnBad, now_ms: int | None) -> None:
        self._options, self._books, self._on_bad = options, books, on_bad
        self._timed, self._now_ms = now_ms is not None, NO_TIME_MS if now_ms is None else now_ms
        self._ids = RowIds()
        self._decoders = [
            EventDecoder(
                name, topics.BY_NAME[name].types, topics.BY_NAME[name].owner, options.type_prefix
            )
            for name in SHOP_TOPICS
        ]

    def events(self, path: Path) -> Iterator[ShopEvent]:
        """The events in the file's order. Raises FormatError, as `on_bad` does too."""
        with open_text(path, self._options.encoding, self._options.say) as text:
            for line, value in json_texts(text):
                if isinstance(value, BadRow):
                    self._bad(path, line, value.reason, value.problem)
                    continue
                for verdict in self.verdicts(value, line):
                    if isinstance(verdict, Rejected):
                        self._bad(path, line, verdict.error, verdict.message)
                    elif isinstance(verdict, Skipped):
                        self._left_out(verdict.reason)
                    elif verdict.data is None:
                        self._left_out("removal of a product")
                    elif verdict.time_ms == NO_TIME_MS and not self._timed:
                        self._bad(path, line, "invalid_time", "the event has no time")
                    else:
                        self._books.rows += 1
                        self._books.events += 1
                        yield self._made(verdict, value)

    def verdicts(self, value: bytes, line: int) -> list[Event | Rejected | Skipped]:
        """What the first topic says that is not of the opinion that this is another's."""
        passed_on: list[Event | Rejected | Skipped] = []
        for decoder in self._decoders:
            found = parts(decoder.decode((UnsentRecord(self._now_ms, None, value, [], line),))[0])
            if any(_label(verdict) not in ANOTHER_TOPICS for verdict in found):
                return found
            if not passed_on or isinstance(found[0], Rejected):
                passed_on = found
        return passed_on

    def _made(self, event: Event, value: bytes) -> ShopEvent:
        data = _without_none(msgspec.to_builtins(event.data))
        key = getattr(event.data, "user", None) or data.get("product_id") or data.get("user_id")
        # An id that the decoder made up is a place in a log; here it is what the line says.
        own = event.id if event.source else self._ids.of(f"{event.part}\x1f{value.decode()}")
        return ShopEvent(TOPIC_OF[event.type], event.type, key or "", data, event.time_ms, own)

    def _left_out(self, reason: str) -> None:
        self._books.rows += 1
        self._books.left_out[reason] += 1

    def _bad(self, path: Path, line: int, reason: str, problem: str) -> None:
        self._books.rows += 1
        self._books.skipped_bad[reason] += 1
        error = f"{path}:{line}: {problem}"
        self._on_bad(FormatError(error, line=line, reason=reason, problem=problem))


def recognises(path: Path, options: Options, nested: bool = False) -> bool:
    """Whether a JSON file begins with events, or with what is known and none of ours.

    nested: count only those that hold objects or lists, and so are no rows of a table.
    """
    own = Options(options.encoding, type_prefix=options.type_prefix)
    reader = Reader(own, Books(), refuse, None)
    with open_text(path, options.encoding) as text:
        for line, value in islice(json_texts(text), SAMPLE):
            if isinstance(value, BadRow) or (nested and not _is_nested(value)):
                continue
            if any(
                isinstance(verdict, Event) or _label(verdict) == "not_ours"
                for verdict in reader.verdicts(value, line)
            ):
                return True
    return False


def _is_nested(value: bytes) -> bool:
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and any(isinstance(v, dict | list) for v in document.values())


def parts(verdict: Decoded) -> list[Event | Rejected | Skipped]:
    """The verdicts on each event of a record."""
    return list(verdict.verdicts) if isinstance(verdict, Several) else [verdict]


def _label(verdict: Event | Rejected | Skipped) -> str:
    if isinstance(verdict, Rejected):
        return verdict.error
    return verdict.reason if isinstance(verdict, Skipped) else ""


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value
