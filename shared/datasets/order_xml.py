"""Orders in XML as the documents that they would be in JSON: attributes and elements are fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

from .base import BadRow
from .cells import clean, header_key
from .xml_elements import Elements

ORDER_CHARACTERS_MAX = 1 << 20
DEPTH_MAX = 32
_ORDER = "order"


class _Orders(Elements):
    """Builds each element `order`."""

    what = "XML"

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._line, self._size = 0, 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if not self._open:
            if header_key(name) != _ORDER:
                return
            self._line, self._size = self.parser.CurrentLineNumber, 0
        if len(self._open) == DEPTH_MAX:
            raise ValueError(f"line {self._line}: an order that is nested too deep")
        self._open.append((name, dict(attributes), []))

    def _text(self, text: str) -> None:
        if self._open:
            self._size += len(text)
            if self._size > ORDER_CHARACTERS_MAX:
                raise ValueError(f"line {self._line}: an order of over a million characters")
            self._open[-1][2].append(text)

    def _end(self, _: str) -> None:
        if not self._open:
            return
        name, fields, parts = self._open.pop()
        if not self._open:
            self.found.append((self._line, fields))
            return
        text = clean("".join(parts))
        value: Any = text if text or not fields else fields
        outer = self._open[-1][1]
        if name not in outer:
            outer[name] = value
        elif isinstance(outer[name], list):
            outer[name].append(value)
        else:
            outer[name] = [outer[name], value]


def orders_of(text: IO[str]) -> Iterator[tuple[int, dict[str, Any] | BadRow]]:
    """(line, order) of each element `order`; a BadRow, and nothing after it, where it is no XML."""
    orders = _Orders()
    try:
        yield from orders.read(text)
    except (expat.ExpatError, ValueError) as error:
        yield from orders.found
        yield orders.parser.CurrentLineNumber, BadRow("", "invalid_xml", f"not XML: {error}")
        return
    yield from orders.found
