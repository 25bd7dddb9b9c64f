"""Texts into pieces of the text models' vocabularies, and back.

The model knows the pieces that its training pairs use often. Every other piece, such as those of a
product's name, is one of `BUCKETS` by its checksum where it is read, and can only be copied.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.wordpiece import WordPiece

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pairs import Pair

MODELS = Path(__file__).resolve().parents[2] / "models"
PAD, FIRST, LAST, GAP, ENGLISH, CHINESE = range(6)
BUCKETS = 256
FREQUENT = 20  # uses in the pairs from which the vocabulary is taken
SOURCE_MAX, TARGET_MAX = 80, 40  # pieces
_HAN = re.compile("[\u3400-\u9fff]")
_END = re.compile(r"[\s?.!。,]+$")


def plain(text: str) -> str:
    """As the model reads and writes it: normalised, simplified, without the mark at its end."""
    return _END.sub("", simplified(normalise(text)))


class _Cutter:
    def __init__(self, language: str) -> None:
        self._pieces = (MODELS / f"text-{language}.vocabulary").read_text("utf-8").splitlines()
        self._words = WordPiece(self._pieces, strip_accents=True)

    def cut(self, text: str) -> list[str]:
        return [self._pieces[each] for each in self._words.encode(text)[1:-1]]


_CUTTERS = {language: _Cutter(language) for language in ("en", "zh")}


class Source(NamedTuple):
    """ids: as the model reads them. parts: 0 before, 1 title, 2 line. words: what is copied, known
    pieces by their ids, others by numbers from the vocabulary's end on. unknown: those others."""

    ids: list[int]
    parts: list[int]
    words: list[int]
    unknown: list[str]


class Pieces:
    """The model's vocabulary."""

    def __init__(self, known: list[str]) -> None:
        self.known = known
        self._id_of = {piece: at for at, piece in enumerate(known, CHINESE + 1)}
        self.size = CHINESE + 1 + len(known)  # that can be written
        self.readable = self.size + BUCKETS

    @classmethod
    def of(cls, pairs: Iterable[Pair]) -> Pieces:
        counts = Counter(
            piece for pair in pairs for piece in cut(" ".join((pair.before, pair.line, pair.whole)))
        )
        return cls(sorted(piece for piece, count in counts.items() if count >= FREQUENT))

    def read(self, piece: str) -> int:
        found = self._id_of.get(piece)
        return self.size + zlib.crc32(piece.encode()) % BUCKETS if found is None else found

    def source(self, before: str, title: str, line: str) -> Source:
        chinese = bool(_HAN.search(before + line))
        cutter = _CUTTERS["zh" if chinese else "en"]
        ids, parts = [CHINESE if chinese else ENGLISH], [0]
        words, unknown = list(ids), list[str]()
        for part, text in enumerate((before, title, line)):
            for piece in cutter.cut(plain(text))[: (30, 22, 24)[part]]:
                ids.append(self.read(piece))
                parts.append(part)
                known = self._id_of.get(piece)
                if known is None:
                    if piece not in unknown:
                        unknown.append(piece)
                    known = self.size + unknown.index(piece)
                words.append(known)
            ids.append(GAP)
            parts.append(part)
            words.append(GAP)
        return Source(ids, parts, words, unknown)

    def target(self, text: str, source: Source) -> tuple[list[int], list[int]]:
        """What the decoder reads, and what it is to write; what cannot be copied is PAD there."""
        cutter = _CUTTERS["zh" if source.ids[0] == CHINESE else "en"]
        read, written = [FIRST], []
        for piece in cutter.cut(plain(text))[: TARGET_MAX - 1]:
            read.append(self.read(piece))
            known = self._id_of.get(piece)
            if known is None:
                known = self.size + source.unknown.index(piece) if piece in source.unknown else PAD
            written.append(known)
        return read, [*written, LAST]

    def piece(self, word: int, source: Source) -> str:
        return (
            source.unknown[word - self.size]
            if word >= self.size
            else self.known[word - CHINESE - 1]
        )

    def text(self, words: list[int], source: Source) -> str:
        """Pieces as a text: spaces only between words of letters and figures."""
        said = ""
        for piece in (self.piece(word, source) for word in words if word > CHINESE):
            if piece.startswith("##"):
                said += piece[2:]
            elif (
                said
                and re.match(r"[\w]", piece)
                and not _HAN.match(piece)
                and (not _HAN.match(said[-1]) and said[-1] not in "'-")
            ):
                said += " " + piece
            else:
                said += piece
        return said


def cut(text: str) -> list[str]:
    return _CUTTERS["zh" if _HAN.search(text) else "en"].cut(plain(text))
