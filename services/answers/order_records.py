"""Orders, and users to be forgotten, as a worker reads them: whole, from the topics' beginning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from shopkeeper.shared.contracts import erased_users, orders
from shopkeeper.shared.contracts.connectors import text_of_key
from shopkeeper.shared.contracts.orders import Refused
from shopkeeper.shared.runtime.telemetry.metrics import StateMetrics

from .core.orders.order import order_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.contracts.envelope import KeyValue
    from shopkeeper.shared.runtime.telemetry.metrics import Observer, Registry

    from .core.orders.order import Order
    from .core.orders.table import OrderTable


class OrderRecords:
    """Takes records of `shop.orders.v1` and of erased users in, on the state thread. What cannot be
    read is passed over, as in `Tables`."""

    def __init__(self, table: OrderTable) -> None:
        self._table = table

    def apply_orders(self, records: Sequence[KeyValue]) -> None:
        """Records in their order; of an order the last one counts."""
        changes: dict[str, Order | None] = {}
        for key, value in records:
            try:
                said = orders.order_of(key, value) if value else None
                name = said.order_id if said is not None else text_of_key(key or b"")
            except (msgspec.MsgspecError, Refused, ValueError):
                continue
            if name:
                changes.pop(name, None)  # so that the last one comes last
                changes[name] = None if said is None else order_of(said)
        self._table.change(changes)

    def apply_erased(self, records: Sequence[KeyValue]) -> None:
        """Users whose orders are to be forgotten."""
        self._table.erase(erased_users.users(records))

    def metrics(self, registry: Registry) -> Observer:
        """Orders as they are, and evictions since the last observation."""
        metrics = StateMetrics(registry)

        def observe() -> None:
            metrics.entries.labels("orders").set(len(self._table))
            metrics.evictions.labels("orders").inc(self._table.take_evicted())

        return observe
