"""Loops of users and sessions, and of tables that grow, loaded before an event waits for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from shopkeeper.shared.contracts.envelope import Event
from shopkeeper.shared.contracts.event_columns import EventColumns
from shopkeeper.shared.contracts.events.shop import ProductClicked

from ..numeric import rows
from ..numeric.items import ItemIndex
from ..numeric.ring_numbers import RingNumbers
from ..numeric.sparse import add_product
from .sessions import Sessions

if TYPE_CHECKING:
    from ...config import SessionsConfig

CLICKS = 40


def warm(config: SessionsConfig) -> None:
    """Do a little of everything."""
    few = replace(config, users_max=4, sessions_max=4, eviction_interval_records=30)
    sessions = Sessions(few, ItemIndex())
    log = [click(n) for n in range(CLICKS)]
    sessions.learn(EventColumns.of_events(log[: CLICKS // 2]))
    base = sessions.snapshot()
    sessions.learn(EventColumns.of_events(log[CLICKS // 2 :]))
    changes = sessions.changes()
    again = Sessions(few, ItemIndex())
    again.restore(base)
    if changes is not None:
        again.apply(changes)
    sessions.forget(next(iter(sessions.users)))
    rows.warm()
    numbers = RingNumbers(2, 8)
    numbers.number(np.arange(4))
    numbers.get(3)
    one = sparse.csr_matrix(np.ones((1, 1), np.float32))
    add_product(np.zeros((1, 1), np.float32), one, one)


def click(number: int) -> Event:
    """One of the clicks that loops are loaded with."""
    # Every fourth one without a session's id, and late: not all are a loop's.
    session = None if number % 4 == 0 else f"s{number % 7}"
    data = ProductClicked(product_id=f"p{number}", user_id=f"u{number % 6}", session_id=session)
    time_ms = 3_600_000 * (1_000 + (number if number % 8 else 0))
    return Event(
        "product.clicked.v1",
        data,
        key=b"",
        offset=number,
        time_ms=time_ms,
        id=str(number),
        source="",
        correlation_id=str(number),
    )
