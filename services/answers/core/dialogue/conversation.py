"""What is remembered of conversations: little, of a bounded number of them, each for half an hour.

Which conversation a question belongs to, and which of them are forgotten, follows from the
questions' names and times alone, in their order; never from the clock or from how they were cut
into batches.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ..question import Question

EXPIRES_MS = 30 * 60 * 1000  # of event time without a question
TURNS_MAX = 6
TURN_CHARACTERS_MAX = 200
OPENING_CHARACTERS = 16  # of a sentence, by which a quote of it is known
VERSION = 1


class Asked(NamedTuple):
    """A question and when it was asked, in Unix milliseconds of event time."""

    question: Question
    time_ms: int
    session_id: str | None = None


class Key(NamedTuple):
    """Of a conversation: nobody finds another's by naming its id."""

    user: str  # "" where the shop names none
    name: str  # its id, or the session's, each with its kind before it; "": the user's


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """A line of the customer, personal data masked, and what was answered."""

    asked: str
    answered: str | None


class Conversation(msgspec.Struct, array_like=True):
    """What the next question may rest on."""

    time_ms: int  # of the newest question
    language: str = ""
    page: str | None = None  # the product looked at while the last question was asked
    product_id: str | None = None  # in focus: shown, named or chosen last
    before: str | None = None  # in focus before that
    question: str = ""  # the last whole question, personal data masked, without a product's name
    of_product: bool = False  # whether that was about a product
    order_id: str | None = None  # that was told of last
    offered: tuple[str, ...] = ()  # products of the last clarifying question, in its order
    words: str = ""  # that all of them have
    waits: bool = False  # whether that question is still to be answered
    unanswered: int = 0  # questions in a row
    turns: tuple[Turn, ...] = ()


def key_of(asked: Asked) -> Key | None:
    """None: nothing says which conversation it is."""
    question = asked.question
    user = question.user_id or question.anonymous_id or ""
    if question.conversation_id:
        return Key(user, f"conversation {question.conversation_id}")
    if asked.session_id:
        return Key(user, f"session {asked.session_id}")
    return Key(user, "") if user else None


class Conversations:
    """Of one partition: at most `most`, those asked in longest ago go first."""

    def __init__(self, most: int, erased_ms: Callable[[str], int] = lambda user: -1) -> None:
        """erased_ms: when a user was to be forgotten, in Unix milliseconds; -1: never."""
        if most < 1:
            raise ValueError("at least one conversation must be held")
        self._most, self._erased_ms = most, erased_ms
        self._kept: OrderedDict[Key, Conversation] = OrderedDict()
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, batch: Iterable[Asked]) -> list[Conversation]:
        """The conversation of each question, to be changed in place as they are answered. Those of
        one conversation share one; who is in none, or in one that is over, has a fresh one."""
        return [self._of(asked) for asked in batch]

    def _of(self, asked: Asked) -> Conversation:
        key = key_of(asked)
        if key is None or self._is_erased(key, asked.time_ms):
            return Conversation(asked.time_ms)
        kept = self._kept.pop(key, None)
        if kept is None or self._is_over(key, kept, asked.time_ms):
            kept = Conversation(asked.time_ms)
        kept.time_ms = max(kept.time_ms, asked.time_ms)
        self._kept[key] = kept
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
            self._evicted += 1
        return kept

    def _is_over(self, key: Key, kept: Conversation, time_ms: int) -> bool:
        return time_ms - kept.time_ms > EXPIRES_MS or self._is_erased(key, kept.time_ms)

    def _is_erased(self, key: Key, time_ms: int) -> bool:
        return bool(key.user) and time_ms <= self._erased_ms(key.user)

    def erase(self) -> None:
        """Forget what users said before they were to be forgotten. Linear in what is kept."""
        for key in [k for k, each in self._kept.items() if self._is_erased(k, each.time_ms)]:
            del self._kept[key]

    def forget_words(self, sentences: Iterable[str]) -> None:
        """Forget the conversations in which an answer quoted one of these. Linear in what is
        kept."""
        # An answer is cut to `TURN_CHARACTERS_MAX`, maybe within the quote.
        openings = [sentence[:OPENING_CHARACTERS] for sentence in sentences]
        for key, kept in list(self._kept.items()):
            said = "\n".join(turn.answered or "" for turn in kept.turns)
            if any(opening in said for opening in openings):
                del self._kept[key]

    def take_evicted(self) -> int:
        """Conversations that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def snapshot(self) -> bytes:
        """All of them, that asked in longest ago first."""
        return msgspec.msgpack.encode((VERSION, [(*key, kept) for key, kept in self._kept.items()]))

    def restore(self, packed: bytes) -> None:
        """Replace what is remembered by what `snapshot` gave. Raises ValueError."""
        version, kept = msgspec.msgpack.decode(packed, type=tuple[int, msgspec.Raw])
        if version != VERSION:
            raise ValueError(f"conversations of version {version}, not {VERSION}")
        found = msgspec.msgpack.decode(kept, type=list[tuple[str, str, Conversation]])
        self._kept = OrderedDict((Key(user, name), each) for user, name, each in found)
        self.erase()


def split(
    before: Mapping[int, bytes], owners: Callable[[list[str]], list[int]]
) -> dict[int, bytes]:
    """What partitions remember, by another number of them: conversations go where their key now is.

    owners: of keys, their partitions. Those that come are older than a partition's own, as far as
    anybody knows, and are forgotten first; a partition keeps more than its most until the next
    question.
    """
    moved: dict[int, list[tuple[str, str, Conversation]]] = {}
    for number in sorted(before):
        _, kept = msgspec.msgpack.decode(
            before[number], type=tuple[int, list[tuple[str, str, Conversation]]]
        )
        places = owners([owner_of(Key(user, name)) for user, name, _ in kept])
        for each, place in zip(kept, places, strict=True):
            target = moved.setdefault(place, [])
            target.append(each)
    return {
        place: msgspec.msgpack.encode((VERSION, sorted(kept, key=lambda each: each[2].time_ms)))
        for place, kept in moved.items()
    }


def owner_of(key: Key) -> str:
    """What places a conversation on a partition: its user, or else the id in its name."""
    return key.user or key.name.partition(" ")[2]
