"""Events without what is done with products that nothing may be learned from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.shared.contracts.event_columns import EventColumns

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import Event

Teaches = Callable[[str], bool]


def withheld(events: Sequence[Event], teaches: Teaches, counters: Counter[str]) -> Sequence[Event]:
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


def _allowed(event: Event, teaches: Teaches) -> Event | None:
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
