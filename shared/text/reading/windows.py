"""A question and a passage as what a span model reads: windows of pieces of one bounded length.

A window is `[CLS] question [SEP] part of the passage [SEP]`. Each piece has a kind: the model is
told which pieces of the passage the question has too, alone or beside the same neighbour (Chen et
al. 2017, "Reading Wikipedia to answer open-domain questions", the feature "exact match").
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

QUESTION, PASSAGE, SHARED, SHARED_PAIR = range(4)  # kinds
KINDS = 4
QUESTION_PIECES_MAX = 60
OVERLAP = 128  # pieces of the passage that two neighbouring windows share, half of one at most
WINDOWS_MAX = 8  # of one passage: those with most pieces of the question
MARKS = 3  # [CLS] and twice [SEP]


class Window(NamedTuple):
    """What is read at once. ids, kinds: (pieces,)."""

    ids: list[int]
    kinds: list[int]
    begin: int  # of the passage's part, among `ids`
    size: int  # of the passage's pieces in it
    first: int  # the part's first piece, among the passage's


def kinds_of(question: Sequence[int], passage: Sequence[int]) -> list[int]:
    """Of each piece of the passage its kind."""
    single, pairs = set(question), set(pairwise(question))
    kinds = [SHARED if piece in single else PASSAGE for piece in passage]
    for at, pair in enumerate(pairwise(passage)):
        if pair in pairs:
            kinds[at] = kinds[at + 1] = SHARED_PAIR
    return kinds


def begins_of(length: int, room: int, overlap: int = OVERLAP) -> list[int]:
    """Where windows begin in a passage of `length` pieces. room: pieces of it in one window."""
    begins = [0]
    step = room - min(overlap, room // 2)
    while begins[-1] + room < length:
        begins.append(min(begins[-1] + step, length - room))
    return begins


def window(
    question: Sequence[int],
    passage: Sequence[int],
    kinds: Sequence[int],
    first: int,
    room: int,
    marks: tuple[int, int],
) -> Window:
    """The window of the passage's pieces from `first` on. marks: ids of [CLS] and [SEP]."""
    cls, sep = marks
    part = passage[first : first + room]
    ids = [cls, *question, sep, *part, sep]
    begin = len(question) + 2
    read = [*[QUESTION] * begin, *kinds[first : first + room], PASSAGE]
    return Window(ids, read, begin, len(part), first)


def telling(begins: Sequence[int], kinds: Sequence[int], room: int) -> list[int]:
    """The `WINDOWS_MAX` of the beginnings whose windows share most with the question, in order."""
    if len(begins) <= WINDOWS_MAX:
        return list(begins)
    shared = [0, *accumulate(kind - PASSAGE for kind in kinds)]
    length = len(kinds)
    best = sorted(begins, key=lambda begin: shared[begin] - shared[min(begin + room, length)])
    return sorted(best[:WINDOWS_MAX])
