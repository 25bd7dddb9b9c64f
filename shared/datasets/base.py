"""What the readers of files share: the event that they make, the errors, the books, the options."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

BAD_VALUE_SHOWN = 40  # characters of a bad cell in a message


class FormatError(ValueError):
    """A file, or a row of it, that cannot be read as said; the message names file and line.

    Of a row also its line, a label for what is wrong, and the message without the place.
    """

    def __init__(
        self, message: str, *, line: int | None = None, reason: str = "", problem: str = ""
    ) -> None:
        super().__init__(message)
        self.line, self.reason, self.problem = line, reason, problem or message


class BadRow(Exception):
    """A row that cannot become an event.

    field: the reader's name of the cell that is to blame, "" for the whole row. reason: a label
    for the books, the decoder's where it has one. problem: for a person.
    """

    def __init__(self, field: str, reason: str, problem: str) -> None:
        super().__init__(field, reason, problem)
        self.field, self.reason, self.problem = field, reason, problem


class LeftOut(Exception):
    """A good row that is no event of ours; its only argument says why, for the books."""


class ShopEvent(NamedTuple):
    """One event to publish."""

    topic: str
    type: str  # suffix
    key: str
    data: dict[str, Any]
    time_ms: int
    id: str


OnBad = Callable[[FormatError], None]


def refuse(error: FormatError) -> None:
    """The usual answer to a bad row: the file is refused."""
    raise error


def nobody(line: str) -> None:
    """Says nothing: for callers that have nobody to say it to."""


@dataclass(slots=True)
class Books:
    """What became of the rows of a file.

    rows = events + merged + the sums of skipped_bad and of left_out. `merged` are the rows of an
    event beyond its first (the lines of an order). dropped_cells: optional cells that could not be
    used, by column; their rows were. notes: what was found out about the file and taken for true.
    skus: of a catalogue that has both, SKU of a variant -> id of its product.
    """

    rows: int = 0
    events: int = 0
    merged: int = 0
    skipped_bad: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    dropped_cells: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    skus: dict[str, str] = field(default_factory=dict)

    def accounted(self) -> int:
        """Rows of which it is known what became of them."""
        lost = self.skipped_bad.total() + self.left_out.total()
        return self.events + self.merged + lost

    def balanced(self) -> bool:
        """Whether every row that was read is accounted for."""
        return self.rows == self.accounted()

    def note(self, line: str) -> bool:
        """Keep a note once; whether it is new."""
        if line in self.notes:
            return False
        self.notes.append(line)
        return True


@dataclass(frozen=True, slots=True)
class Options:
    """What a user says about a file; what is not said is found out, and said.

    encoding: a codec's name. columns: the reader's field -> the file's column. rating_scale: lowest
    and highest rating. say: gets each note about the file, once. zone: of times that name none.
    user_key: of the pseudonyms of users whom a file of orders knows by an address alone. skus: what
    a file of orders may call products -> the catalogue's ids (`Books.skus`).
    """

    encoding: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    rating_scale: tuple[float, float] | None = None
    say: Callable[[str], None] = nobody
    type_prefix: str = ""  # of the shop's own types, in files of messages
    zone: tzinfo | None = None  # None: UTC
    user_key: bytes = b""
    skus: Mapping[str, str] = field(default_factory=dict)


DEFAULTS = Options()


def shown(text: str) -> str:
    """A cell as messages show it."""
    return repr(text if len(text) <= BAD_VALUE_SHOWN else text[:BAD_VALUE_SHOWN] + "…")
