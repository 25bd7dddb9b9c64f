"""Elements of an XML text, collected piece by piece; what could grow without bound is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import IO, Any
from xml.parsers import expat

CHUNK_CHARACTERS = 1 << 16


class Elements(ABC):
    """Builds some elements; a document type, and entities with it, is refused."""

    what: str  # for errors, "a feed"

    def __init__(self) -> None:
        self.found: list[tuple[int, dict[str, Any]]] = []  # (line, element) not yet handed on
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: IO[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line, element) of each that is found. Raises ExpatError and ValueError; what was found
        before is in `found`."""
        while chunk := text.read(CHUNK_CHARACTERS):
            self.parser.Parse(chunk, False)
            yield from self.found
            self.found.clear()
        self.parser.Parse("", True)

    def _doctype(self, *_: object) -> None:
        raise ValueError(f"{self.what} with a document type is not read")

    @abstractmethod
    def _start(self, tag: str, attributes: dict[str, str]) -> None: ...

    @abstractmethod
    def _text(self, text: str) -> None: ...

    @abstractmethod
    def _end(self, tag: str) -> None: ...
