"""Orders by customer: whoever asks is answered from their own orders alone, for no other is looked
at."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from shopkeeper.shared.contracts.erased_users import number_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .order import Order

ERASED_MAX = 100_000  # users to be forgotten who are remembered, so that none comes back
CONDEMNED_MAX = 100_000


class OrderTable:
    """Orders as their newest event has them; at `orders_max` that changed longest ago goes.

    Orders of an erased user are not held, whichever of the two is read first, unless they say that
    they were placed later; `take_condemned` names them, so that the topic forgets them as well.
    """

    def __init__(self, orders_max: int) -> None:
        if orders_max < 1:
            raise ValueError("orders_max must be at least 1")
        self.orders_max = orders_max
        self._orders: dict[str, Order] = {}  # that changed longest ago first
        self._by_user: dict[int, dict[str, None]] = {}  # number of a user -> orders
        self._erased: dict[int, int] = {}  # number of a user -> Unix milliseconds
        self._condemned: dict[str, None] = {}
        self._evicted = 0

    def __len__(self) -> int:
        return len(self._orders)

    def of(self, user_id: str) -> list[Order]:
        """A customer's orders, that changed longest ago first."""
        own = (self._orders[name] for name in self._by_user.get(number_of(user_id), ()))
        return [order for order in own if order.user_id == user_id]

    def change(self, changes: Mapping[str, Order | None]) -> None:
        """Take in what became of orders, by id, in their order; None: it is removed."""
        for order_id, order in changes.items():
            self._drop(order_id)
            if order is None:
                self._condemned.pop(order_id, None)
            elif self._forgotten(order):
                self._condemn(order_id)
            else:
                self._condemned.pop(order_id, None)
                self._orders[order_id] = order
                self._by_user.setdefault(number_of(order.user_id), {})[order_id] = None
        for order_id in list(_first(self._orders, len(self._orders) - self.orders_max)):
            self._drop(order_id)
            self._evicted += 1

    def erase(self, users: Iterable[tuple[int, int]]) -> None:
        """Forget these users' orders. users: by number, with the time of the erasure, Unix
        milliseconds."""
        for number, time_ms in users:
            self._erased[number] = max(time_ms, self._erased.pop(number, 0))
            for order in [self._orders[name] for name in self._by_user.get(number, ())]:
                if self._forgotten(order):
                    self._drop(order.id)
                    self._condemn(order.id)
        for number in list(islice(self._erased, max(0, len(self._erased) - ERASED_MAX))):
            del self._erased[number]

    def take_condemned(self) -> list[str]:
        """Orders of erased users that the topic held when it was read; each is named once."""
        condemned = list(self._condemned)
        self._condemned.clear()
        return condemned

    def take_evicted(self) -> int:
        """Orders that made room since this was asked last."""
        evicted, self._evicted = self._evicted, 0
        return evicted

    def _forgotten(self, order: Order) -> bool:
        if not self._erased:
            return False
        erased_ms = self._erased.get(number_of(order.user_id))
        return erased_ms is not None and order.placed_ms <= erased_ms

    def _drop(self, order_id: str) -> None:
        order = self._orders.pop(order_id, None)
        if order is not None:
            number = number_of(order.user_id)
            own = self._by_user[number]
            del own[order_id]
            if not own:
                del self._by_user[number]

    def _condemn(self, order_id: str) -> None:
        self._condemned[order_id] = None
        for name in list(_first(self._condemned, len(self._condemned) - CONDEMNED_MAX)):
            del self._condemned[name]


def _first(table: Mapping[str, object], count: int) -> Iterable[str]:
    return (name for name, _ in zip(table, range(max(0, count)), strict=False))
