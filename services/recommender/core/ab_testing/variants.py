"""An experiment: users drawn into variants, and what each variant's users did with their lists.

The variant follows from a hash of the experiment's name and the user, so that every worker and
every replay draws alike, and no table says who is where. A list's id names partition and offset of
the event that made it due; an event that echoes it (`recomm_id`) is attributed to its user's
variant.

The unit of inference is the user: each is exposed once, and has clicked and has converted at most
once. A user is exposed at the first event at which a list is due, published or not: what is counted
depends on the log alone, not on the clock, nor on how the log was cut into batches.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from xxhash import xxh3_64_intdigest

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.recommendation import RECOMMENDATIONS_UPDATED

from ...config import RecommenderConfig
from ..counting.handovers import ERASE, FORGET, HANDOVER
from ..counting.other_events import DELETED, ERASED, NO_VISITS
from ..counting.sessions import CLASS_OF_TYPE
from ..counting.snapshot import read_state
from ..numeric.types import ADD, CLICK, ORDER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import Event

FORMAT_VERSION = 1
VARIANTS_MAX = 8
NAME_CHARACTERS_MAX = 32
# Of ranking, when a list is made: what is learned and kept is the same whatever they are.
VARIED = (
    "blend",
    "candidates_base_max",
    "candidates_followed_max",
    "candidates_sessions_max",
    "candidates_two_step_max",
    "index_walk_max",
    "list_items_max",
    "neighbour_sessions_max",
    "offer_current",
    "offer_seen",
    "old_index_walk_max",
    "old_neighbours_max",
    "repeat_weight",
    "sentiment_weight",
    "session_decay",
    "two_step_weight",
)

NOBODY: Mapping[int, Sequence[str]] = MappingProxyType({})

LIST_ID_TAIL = f"/{RECOMMENDATIONS_UPDATED}/0"

# Columns of the counts
KINDS = (
    "users_exposed",
    "users_clicked",
    "users_converted",
    "lists",
    "clicks",
    "adds",
    "orders",
)
EXPOSED, CLICKED, CONVERTED, LISTS = range(4)
_COLUMN_OF = {CLICK: 4, ADD: 5, ORDER: 6}
_FLAG_OF = {CLICK: (1, CLICKED), ORDER: (2, CONVERTED)}  # bit in a user's flags, column


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to make lists: its share of the users, and the options that it changes."""

    name: str
    share: float
    overrides: dict[str, bool | int | float]  # by field of RecommenderConfig

    def applied_to(self, base: RecommenderConfig) -> RecommenderConfig:
        """`base`, overridden by the variant. Raises ValueError where they do not go together."""
        overrides: dict[str, Any] = self.overrides
        return replace(base, **overrides)


class Experiment:
    """A name, variants (the first is what others are compared with), and when it starts.

    start_ms: events before it are not counted.
    """

    def __init__(self, name: str, variants: Sequence[Variant], start_ms: int = 0) -> None:
        self.name, self.variants, self.start_ms = name, tuple(variants), start_ms
        self._bounds = list(accumulate(v.share for v in self.variants))[:-1]
        self._head = f"{name}\x00".encode()

    def key(self, user: str) -> int:
        """The user's number in this experiment, 64 bits, as good as random and always the same."""
        return xxh3_64_intdigest(self._head + user.encode())

    def variant_of_key(self, key: int) -> int:
        """The variant's index: where the number lies among the shares, laid end to end."""
        return bisect_right(self._bounds, (key >> 11) * 2.0**-53)

    def variant_of(self, user: str) -> int:
        """The index of the user's variant."""
        return self.variant_of_key(self.key(user))

    def rule(self) -> str:
        """What decides the counts: under another rule they start anew."""
        told = {v.name: [v.share, dict(sorted(v.overrides.items()))] for v in self.variants}
        return msgspec.json.encode([self.name, self.start_ms, told]).decode()


def parse(text: str) -> Experiment:
    """Read JSON: {"name", "variants": {name: {"share", and options}}, optionally "start"}.

    Raises ValueError with a message for its author.
    """
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("is not a JSON object")
    for field in given:
        if field not in ("name", "variants", "start"):
            raise ValueError(f"has an unknown field {field!r}; there are name, variants, start")
    name, told = _name("name", given.get("name")), given.get("variants")
    if not isinstance(told, dict) or not 2 <= len(told) <= VARIANTS_MAX:
        raise ValueError(f"needs `variants`, an object of 2 to {VARIANTS_MAX}")
    variants = [_variant(_name("a variant", each), fields) for each, fields in told.items()]
    total = sum(variant.share for variant in variants)
    if abs(total - 1.0) > 1e-9:
        raise ValueError(f"has shares that sum to {total:g}, not 1")
    return Experiment(name, variants, _start_ms(given.get("start")))


def _name(what: str, name: object) -> str:
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= NAME_CHARACTERS_MAX
        or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)
    ):
        raise ValueError(
            f"{what} must be 1 to {NAME_CHARACTERS_MAX} letters, digits, '-', '_' and '.', "
            f"not {name!r}"
        )
    return name


def _variant(name: str, fields: object) -> Variant:
    if not isinstance(fields, dict):
        raise ValueError(f"variant {name}: is not an object")
    overrides = dict(fields)
    share = overrides.pop("share", None)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0.0 < share < 1.0:
        raise ValueError(f"variant {name}: share={share!r} is not a number between 0 and 1")
    defaults = RecommenderConfig()
    for option, value in overrides.items():
        if option not in VARIED:
            raise ValueError(
                f"variant {name}: {option!r} may not vary; those that may are {', '.join(VARIED)}"
            )
        wanted = type(getattr(defaults, option))
        if wanted is float and type(value) is int:
            overrides[option] = float(value)
        elif type(value) is not wanted:
            raise ValueError(f"variant {name}: {option}={value!r} is not of type {wanted.__name__}")
    variant = Variant(name, float(share), overrides)
    try:
        variant.applied_to(defaults)
    except ValueError as error:
        raise ValueError(f"variant {name}: {error}") from None
    return variant


def _start_ms(start: object) -> int:
    if start is None:
        return 0
    try:
        moment = datetime.fromisoformat(start) if isinstance(start, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"start={start!r} is not a time with a zone, as 2026-01-31T12:00:00Z")
    return int(moment.timestamp() * 1000)


class VariantCounts:
    """The counts of one partition of users.

    The first `experiment_users_max` users are enrolled; later ones get lists by their variant, and
    are not counted: to forget and count again would count some twice. An erased user is forgotten;
    counts name no user and stay.
    """

    def __init__(self, experiment: Experiment, config: RecommenderConfig, partition: int) -> None:
        self.experiment = experiment
        self._list_interval_ms = config.list_interval_ms
        self._users_max = config.experiment_users_max
        self._list_id_head = f"{topics.CLICKS}/{partition}/"
        self._searched_id_head = f"{topics.SEARCHES}/{partition}/"
        self._rule = f"{experiment.rule()} interval={config.list_interval_ms}"
        self._start()

    def _start(self) -> None:
        # By the user's number in the experiment, the user's place in the four columns below: they
        # are copied as they lie, for a checkpoint must not hold up the lists.
        self._places: dict[int, int] = {}
        self._keys = array("Q")
        self._offsets = array("q")  # of the event that exposed the user: no earlier list counts
        self._list_times_ms = array("q")  # of the event of the last list that was due
        self._flags = bytearray()  # of _FLAG_OF
        self.counts = [[0] * len(KINDS) for _ in self.experiment.variants]
        self.unattributed = 0  # events whose recomm_id names no list that their user can have had
        self.not_enrolled = 0  # events of users beyond the cap

    def __len__(self) -> int:
        """How many users are remembered."""
        return len(self._places)

    def learn(self, events: Sequence[Event], erased: Mapping[int, Sequence[str]] = NOBODY) -> None:
        """Count events, in offset order. What is removed from a cart or refunded was added or
        ordered all the same: no count is taken back.

        erased: by offset, who is to be forgotten beside those whom the event names.
        """
        experiment, places, counts = self.experiment, self._places, self.counts
        start_ms, list_interval_ms = experiment.start_ms, self._list_interval_ms
        key_of, variant_of_key = experiment.key, experiment.variant_of_key
        for event in events:
            data, time_ms = event.data, event.time_ms
            kind = CLASS_OF_TYPE.get(event.type)
            if kind is None:
                assert event.type in NO_VISITS, event.type
                names = set(erased.get(event.offset, ()))
                if event.type == HANDOVER:  # from the partition of a linked id
                    names |= {data.user_id} if data.kind in (ERASE, FORGET) else set()
                elif event.type in (ERASED, DELETED):
                    names |= {name for name in (data.user_id, data.anonymous_id) if name}
                for name in sorted(names):
                    self._forget(key_of(name))
                continue
            if time_ms < start_ms:
                continue
            key = key_of(data.user_id or data.anonymous_id)
            place = places.get(key)
            if place is None:
                if len(places) >= self._users_max:
                    self.not_enrolled += 1
                    continue
                place = self._enrol(key, event.offset, time_ms)
                row = counts[variant_of_key(key)]
                row[EXPOSED] += 1
                row[LISTS] += 1
            else:
                row = counts[variant_of_key(key)]
                if abs(time_ms - self._list_times_ms[place]) >= list_interval_ms:
                    self._list_times_ms[place] = time_ms  # as in Sessions.learn
                    row[LISTS] += 1
            if data.recomm_id is None:
                continue
            # Where a search stands among clicks no offset tells: any list of one counts.
            if (
                _offset_in(data.recomm_id, self._searched_id_head) < 0
                and not self._offsets[place]
                <= _offset_in(data.recomm_id, self._list_id_head)
                < event.offset
            ):
                self.unattributed += 1
                continue
            row[_COLUMN_OF[kind]] += 1
            if kind in _FLAG_OF:
                flag, column = _FLAG_OF[kind]
                if not self._flags[place] & flag:
                    self._flags[place] |= flag
                    row[column] += 1

    def _enrol(self, key: int, offset: int, time_ms: int) -> int:
        place = self._places[key] = len(self._keys)
        self._keys.append(key)
        self._offsets.append(offset)
        self._list_times_ms.append(time_ms)
        self._flags.append(0)
        return place

    def _forget(self, key: int) -> None:
        """The last user moves to the place that becomes free."""
        place = self._places.pop(key, None)
        if place is None:
            return
        columns = (self._keys, self._offsets, self._list_times_ms, self._flags)
        for column in columns:
            last = column.pop()
            if place < len(column):
                column[place] = last
        if place < len(self._keys):
            self._places[self._keys[place]] = place

    def snapshot(self) -> bytes:
        """The whole state; equal states give equal bytes."""
        return msgspec.msgpack.encode(
            VariantCountsState(
                format_version=FORMAT_VERSION,
                rule=self._rule,
                keys=self._keys.tobytes(),
                offsets=self._offsets.tobytes(),
                list_times_ms=self._list_times_ms.tobytes(),
                flags=bytes(self._flags),
                counts=self.counts,
                unattributed=self.unattributed,
                not_enrolled=self.not_enrolled,
            )
        )

    def restore(self, packed: bytes | None) -> None:
        """Go on from a snapshot; start anew where there is none, or it is of another experiment.

        Raises StateError for a newer format.
        """
        self._start()
        if packed is None or _rule_in(packed) not in (None, self._rule):
            return
        state = read_state(packed, VariantCountsState, FORMAT_VERSION, self._rule)
        self._keys.frombytes(state.keys)
        self._offsets.frombytes(state.offsets)
        self._list_times_ms.frombytes(state.list_times_ms)
        self._flags = bytearray(state.flags)
        self._places = {key: place for place, key in enumerate(self._keys)}
        self.counts = [list(row) for row in state.counts]
        self.unattributed, self.not_enrolled = state.unattributed, state.not_enrolled


def _offset_in(list_id: str, head: str) -> int:
    """The offset in the id of a list that begins like this; -1 for any other id."""
    if not list_id.startswith(head) or not list_id.endswith(LIST_ID_TAIL):
        return -1
    digits = list_id[len(head) : -len(LIST_ID_TAIL)]
    # Longer numbers are no offsets, and int() refuses very long ones.
    return int(digits) if digits.isdecimal() and digits.isascii() and len(digits) < 20 else -1


def total_counts(experiment: Experiment, all_counts: Sequence[VariantCounts]) -> NDArray[np.int64]:
    """(variants, KINDS) counts of some partitions together."""
    total = np.zeros((len(experiment.variants), len(KINDS)), np.int64)
    for variant_counts in all_counts:
        total += np.array(variant_counts.counts, np.int64)
    return total


class _Head(msgspec.Struct, frozen=True):
    rule: str


def _rule_in(packed: bytes) -> str | None:
    try:
        return msgspec.msgpack.decode(packed, type=_Head).rule
    except msgspec.MsgspecError:
        return None  # read_state says what is wrong


class VariantCountsState(msgspec.Struct, frozen=True):
    """A snapshot of `VariantCounts`: users by number, offset, time of the last list and flags, side
    by side."""

    format_version: int
    rule: str
    keys: bytes
    offsets: bytes
    list_times_ms: bytes
    flags: bytes
    counts: list[list[int]]
    unattributed: int
    not_enrolled: int
