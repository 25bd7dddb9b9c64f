"""How users want lists to be ranked, read from `shop.preferences.v1` as a table.

For readers that have no headers: a value is the event's data, or a CloudEvent in structured mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from .events.shop import PreferenceSet
from .parsing import Refused, is_envelope, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .envelope import KeyValue
    from .events.shop import Ranking

PREFERENCE_SET = "preference.set.v1"
PERSONALISED: Final = "personalised"
POPULAR: Final = "popular"
NEWEST: Final = "newest"
RANKINGS = (PERSONALISED, POPULAR, NEWEST)


def preference(key: bytes | None, value: bytes) -> PreferenceSet:
    """One record's event. Raises ValueError or msgspec.ValidationError for what is none, or lies
    under another key than its user's: by the user's id nobody could replace it."""
    try:
        document: Any = parse(value)
    except Refused as refused:
        raise ValueError(str(refused.args[-1])) from None
    if "specversion" in document and is_envelope(document):
        document = document.get("data")
    said = msgspec.convert(document, PreferenceSet)
    if key != said.user.encode():
        raise ValueError("a preference's key must be its `user_id`, or else its `anonymous_id`")
    return said


class Preferences:
    """Those who want other than personalised lists, by id; everybody else wants those.

    Bounded: of more than `users_max` that who chose longest ago is forgotten, which `evicted`
    counts. One thread writes, others may read.
    """

    def __init__(self, users_max: int) -> None:
        self._users_max = users_max
        self._rankings: dict[bytes, Ranking] = {}
        self.evicted = self.junk = 0

    def __len__(self) -> int:
        return len(self._rankings)

    def apply(self, records: Sequence[KeyValue]) -> list[PreferenceSet]:
        """Records in their order; returns those that changed what their user wants."""
        changed: list[PreferenceSet] = []
        for key, value in records:
            if not value:
                self._rankings.pop(key or b"", None)
                continue
            try:
                said = preference(key, value)
            except (msgspec.MsgspecError, ValueError):
                self.junk += 1
                continue
            name = said.user.encode()
            if said.ranking != self._rankings.get(name, PERSONALISED):
                changed.append(said)
            if said.ranking == PERSONALISED:
                self._rankings.pop(name, None)
                continue
            # In place, so that no reader finds nothing; and one string for all of them.
            self._rankings[name] = POPULAR if said.ranking == POPULAR else NEWEST
            if len(self._rankings) > self._users_max:
                del self._rankings[next(iter(self._rankings))]
                self.evicted += 1
        return changed

    def ranking(self, user: str) -> Ranking:
        """How this user wants lists."""
        return self._rankings.get(user.encode(), PERSONALISED)
