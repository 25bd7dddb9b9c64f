"""Lists that were asked for and are not ranked yet: requests wait to be ranked in one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..numeric.types import Searched
    from .ranked_list import RankedList


class Requests(NamedTuple):
    """Lists that are asked for; each column by list."""

    recents: Sequence[Sequence[int]]  # items of the last events, newest last, at most 1,024
    boughts: Sequence[Sequence[int]]  # not offered
    sessions: Sequence[int]  # number in the session index of the session at hand; -1: none
    searched: Sequence[Searched]  # what fits the user's last search
    draws: Sequence[int] = ()  # 64 bits of chance; empty: no list explores
    cells: Sequence[tuple[int, ...]] = ()  # of the user's profile; empty: no profile is used
    rankings: Sequence[str] = ()  # of contracts.preferences; empty: all are personalised

    def part(self, start: int, end: int) -> Requests:
        """Those from `start` on, up to `end`."""
        if start == 0 and end >= len(self.recents):
            return self
        columns: Any = [column[start:end] for column in self]
        return Requests(*columns)


def together(parts: Sequence[Requests]) -> Requests:
    """All of several requests, one after the other."""
    if len(parts) == 1:
        return parts[0]
    columns: Any = zip(*parts, strict=True)
    return Requests(*([each for column in part for each in column] for part in columns))


class PendingLists:
    """Lists that wait for their ranker."""

    def __init__(self, requests: Requests) -> None:
        self.requests = requests
        self.ranked: list[RankedList] | None = None

    def lists(self) -> list[RankedList]:
        """The ranked lists, as they were asked for; only after `Ranker.rank_pending`."""
        assert self.ranked is not None, "not ranked yet"
        return self.ranked


class PendingListsByVariant:
    """Lists that several rankers were asked for, each for its own users."""

    def __init__(self, pending: Mapping[int, PendingLists], variants: Sequence[int]) -> None:
        """pending: by variant. variants: by list, in the order asked for."""
        self._pending, self._variants = pending, variants

    def lists(self) -> list[RankedList]:
        """The ranked lists, as they were asked for; only after all rankers ranked them."""
        ranked = {variant: iter(pending.lists()) for variant, pending in self._pending.items()}
        return [next(ranked[variant]) for variant in self._variants]
