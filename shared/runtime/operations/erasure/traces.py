"""What is left of a user in one record. Pure: no broker here.

Users are compared by number (`erased_users.number_of`), for of those whom logins linked only the
number is known. What a user wrote is known by the review that it is part of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from shopkeeper.shared.contracts import review_digests, topics
from shopkeeper.shared.contracts.erased_users import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GRACE_MS = 60_000  # by how much producers' clocks may differ
_WORDS = re.compile(r"[^\s\"',;:{}\[\]()<>=&|]+")
# Of reviews these keep the words, under keys that name no user: what was superseded goes.
QUOTING = (topics.PRODUCT_SENTIMENT, topics.CATEGORY_SENTIMENT, topics.CATEGORY_PARTS)
# Texts on their way from one of our services to another, each once.
HANDED_ON = (topics.COMPLAINTS, topics.SEARCHED_QUESTIONS)


class _Source(msgspec.Struct):
    kind: Any = None
    id: Any = None


class _Said(msgspec.Struct):
    """What records of ours say of whom, and of which review."""

    user_id: Any = None
    anonymous_id: Any = None
    user: Any = None
    product_id: Any = None
    review_id: Any = None
    sources: list[_Source] = []


_decoder = msgspec.json.Decoder(_Said)
# What a record that is no JSON, or nested without end, makes a decoder raise.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


@dataclass
class Wanted:
    """Whom to look for."""

    until_ms: dict[int, int]  # number of a user -> records up to this time are theirs
    reviews: set[tuple[str, str]] = field(default_factory=set)  # product, review
    names: set[str] = field(default_factory=set)  # ids of these users, as far as they were seen

    def is_user(self, name: Any, record: Any) -> bool:
        """Whether a record that names this user is to go."""
        if not isinstance(name, str) or not name:
            return False
        until_ms = self.until_ms.get(number_of(name))
        if until_ms is None or (record.value and time_of(record) > until_ms):
            return False
        self.names.add(name)
        return True

    @property
    def products(self) -> set[str]:
        """That the reviews are of."""
        return {product_id for product_id, _ in self.reviews}


def time_of(record: Any) -> int:
    """Event time of a record, or else its timestamp; Unix milliseconds."""
    for name, value in record.headers or ():
        if name == "ce_time":
            try:
                said = datetime.fromisoformat(value.decode())
                return int(said.timestamp() * 1000)
            except (ValueError, UnicodeDecodeError):
                break
    return int(record.timestamp)


def is_trace(topic: str, record: Any, wanted: Wanted) -> bool:
    """Whether a record of one of our topics (`ours`) is of a wanted user, or has a wanted review's
    words. Of `QUOTING` topics: whether it may have, unless it is its key's newest."""
    if topic in QUOTING:
        return bool(wanted.reviews) and (
            topic != topics.PRODUCT_SENTIMENT or _text(record.key) in wanted.products
        )
    if topic == topics.REVIEW_DIGESTS:
        return _is_digest(record, wanted)
    if topics.BY_NAME[topic].key == "as in the source topic":
        return names_user(record, wanted)
    if topics.BY_NAME[topic].key == "user" and wanted.is_user(_text(record.key), record):
        return True
    headers = dict(record.headers or ())
    if topic != topics.SENTIMENTS and wanted.is_user(_text(headers.get("ce_subject")), record):
        return True
    if not record.value:
        return False
    try:
        said = _decoder.decode(record.value)
    except UNREADABLE:
        return False
    if any(wanted.is_user(name, record) for name in (said.user_id, said.anonymous_id, said.user)):
        return True
    return bool(wanted.reviews) and _quotes(topic, said, wanted)


def names_user(record: Any, wanted: Wanted) -> bool:
    """Whether a record of whatever form names a wanted user anywhere."""
    return any(wanted.is_user(each, record) for each in _words(record))


def _is_digest(record: Any, wanted: Wanted) -> bool:
    if record.value is None:
        return False
    try:
        digest = review_digests.unpacked(record.value)
    except ValueError:
        return False
    return digest.time_ms <= wanted.until_ms.get(digest.author, -1)


def _quotes(topic: str, said: _Said, wanted: Wanted) -> bool:
    if topic == topics.SENTIMENTS:
        return (said.product_id, said.review_id) in wanted.reviews
    products = {said.product_id, *(each.id for each in said.sources if each.kind == "reviews")}
    return any(
        (product_id, each.id) in wanted.reviews
        for each in said.sources
        if each.kind == "review"
        for product_id in products
    )


def _words(record: Any) -> Iterator[str]:
    """Every text of a record that could not be used, whatever it was meant to be."""
    yield from filter(None, [_text(record.key)])
    for _, value in record.headers or ():
        yield from filter(None, [_text(value)])
    if not record.value:
        return
    try:
        yield from _strings(msgspec.json.decode(record.value))
    except UNREADABLE:
        yield from _WORDS.findall(record.value.decode("utf-8", "replace"))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield str(value)


def patterns(names: Iterable[str]) -> list[bytes]:
    """How checkpoints hold these ids: MessagePack's strings, with their length in front, so that
    no id is found within another."""
    return [msgspec.msgpack.encode(name) for name in sorted(names)]


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def ours() -> list[str]:
    """Topics that only our workers write, and that may have something of a user."""
    declared = [
        topics.INTENTS,
        topics.COMPLAINT_SENTIMENTS,
        topics.SENTIMENTS,
        topics.ANSWERS,
        topics.RECOMMENDATIONS,
        topics.SEGMENTS,
        topics.REVIEW_DIGESTS,
        *QUOTING,
        *HANDED_ON,
        topics.ERASED_USERS,
    ]
    return declared + [name for name in topics.BY_NAME if name.endswith(".dlq")]


def inputs() -> list[str]:
    """The shop's own topics that name users."""
    return [
        topics.CLICKS,
        topics.SEARCHES,
        topics.QUESTIONS,
        topics.REVIEWS,
        topics.PROFILES,
        topics.PREFERENCES,
        topics.ORDERS,
    ]
