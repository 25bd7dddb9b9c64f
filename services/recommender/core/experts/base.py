"""The contract of an expert: what it knows, what it proposes, and what it says of candidates.

An expert stands in one file of this folder and is listed in `ALL` (`__init__.py`). Columns of the
blend, reason codes, limits, attribution and metric labels follow from that list.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ...config import RecommenderConfig
    from ..knowledge import Knowledge


class Scale(Enum):
    """How a raw number is scaled before the blend sees it."""

    ROOT = "square root"
    LOG = "log(1 + x)"
    PLAIN = "as it is"


class Feature(NamedTuple):
    """One raw number that an expert says of a candidate.

    log_too: the blend also sees its logarithm, as `<name>_log`. prior: weight in the blend before
    anybody has clicked; None: it is drawn at random, as most are.
    """

    name: str
    scale: Scale
    log_too: bool = False
    prior: float | None = None


class Place(NamedTuple):
    """What the compiled loops of an expert know of its place in the list of experts.

    reason: its number among the reasons. columns: of its features, in their order, among the raw
    numbers of a candidate.
    """

    reason: int
    columns: tuple[int, ...]


class Columns(Protocol):
    """Columns of a batch of candidates, by a feature's name; (candidates,) each."""

    def raw(self, name: str) -> NDArray[np.float32]:
        """As the expert wrote it."""
        ...

    def scaled(self, name: str) -> NDArray[np.float32]:
        """As the blend sees it; may be written to."""
        ...


class View(Protocol):
    """The NamedTuple of arrays and numbers that an expert's compiled loops read."""

    @classmethod
    def of(cls, knowledge: Knowledge, config: RecommenderConfig) -> Any:
        """Read it: once for each batch of lists, of knowledge that covers every interned item."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Expert(NamedTuple):
    """One source of evidence.

    propose: compiled, `(request, workspace, view, place, count) -> count`: adds candidates to a
    list that has `count`, and writes what it says of them. describe: compiled,
    `(request, chosen, view, place) -> None`: writes what it says of candidates that were chosen,
    whoever proposed them. An expert has either or both. For types see `workspace.py`.
    """

    name: str  # the label in `ce_experts` and in metrics
    features: tuple[Feature, ...]  # of the first, the best candidates are chosen
    view: type[View]
    propose: Any = None
    describe: Any = None
    reasons: tuple[str, ...] = ()  # codes of contracts.reasons: one, or one per event class
    names_product: bool = True  # whether the reason names the recent item that led to it
    limit: str = ""  # setting: how many candidates it may choose; empty: it only describes
    weight: Callable[[RecommenderConfig], float] | None = None
    """What its first feature counts in the score without the blend; None: nothing, or (neighbours)
    that it adds to that score itself."""
    placed: bool = False  # whether the blend sees a candidate's place and share by this expert
    early: bool = False  # whether it proposes before all others
    derived: tuple[str, ...] = ()  # features made of other features
    derive: Callable[[Columns, NDArray[np.float32]], None] | None = None
    """Writes `derived`: (candidates, derived). May change the scaled columns of its own."""
