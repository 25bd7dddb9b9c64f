"""Events without what is done with products that nothing may be learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec
import numpy as np

from shopkeeper.shared.contracts.event_columns import EventColumns

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from shopkeeper.shared.contracts.envelope import Event


class Withholding(Protocol):
    """Knows of which products nothing may be learned or said; the catalogue does."""

    def teaches(self, product_id: str) -> bool:
        """Whether what users do with a product may be learned from."""
        ...

    def are_usable(self, items: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(items,) whether each may be named."""
        ...


def withheld(
    events: Sequence[Event], teaches: Callable[[str], bool], counters: Counter[str]
) -> Sequence[Event]:
    """The events that may be learned from, in their order. Of an order the lines that may be; one
    with none left is gone. What is left out is counted as `event_withheld`, an event once."""
    kept: list[Event] = []
    taken = np.ones(len(events), np.bool_)
    changed = 0
    for place in range(len(events)):
        event = events[place]
        found = _allowed(event, teaches)
        taken[place] = found is event
        changed += found is not event
        if found is not None:
            kept.append(found)
    if not changed:
        return events
    counters["event_withheld"] += changed
    if isinstance(events, EventColumns) and len(kept) == int(taken.sum()):
        return events.select(taken)
    return kept


def _allowed(event: Event, teaches: Callable[[str], bool]) -> Event | None:
    data = event.data
    product_id = getattr(data, "product_id", None)
    if product_id is not None:
        return event if teaches(product_id) else None
    lines = getattr(data, "products", None)
    if not lines:
        return event
    left = [line for line in lines if teaches(line.product_id)]
    if len(left) == len(lines):
        return event
    if not left:
        return None
    return msgspec.structs.replace(event, data=msgspec.structs.replace(data, products=left))
