"""Events of the simulated shoppers in a domain's own words, as its producers would send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from shopkeeper.shared.contracts.outputs import rfc3339

if TYPE_CHECKING:
    from shopkeeper.shared.datasets.readers import ShopEvent
    from shopkeeper.shared.domains.pack import Pack


class Wording:
    """What a pack calls events and fields: the first name that it gives each."""

    def __init__(self, said: Pack | None) -> None:
        """said: None where events are in our own words."""
        self._names: dict[str, str] = {}
        self._fields: dict[str, str] = {}
        if said is not None:
            for name, kind in said.events.items():
                self._names.setdefault(kind, name)
            self._fields = {field: theirs[0] for field, theirs in said.fields.items() if theirs}

    def record(self, event: ShopEvent) -> bytes | None:
        """The event as bare JSON in the domain's words; None where it has none for this type."""
        name = self._names.get(event.type)
        if name is None:
            return None
        about = {"event": name, "id": event.id, "time": rfc3339(event.time_ms).decode()}
        return orjson.dumps(about | self._renamed(event.data))

    def _renamed(self, data: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for field, value in data.items():
            inner = [self._renamed(each) for each in value] if field == "products" else value
            found[self._fields.get(field, field)] = inner
        return found
