"""Which pieces of a base model's vocabulary a span model keeps: a table of words is half of a small
English model, and a tenth of it are scripts that no English page is written in."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "encoder"))
from export import vocabulary_of

from shopkeeper.shared.text.wordpiece import CONTINUED, WordPiece

VOCABULARY = "vocabulary.txt"  # beside the states of a training
SPECIAL = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
LATIN_END = 0x250  # the first character after Latin with its extensions
SIGNS = range(0x2000, 0x2200)  # punctuation, currencies, letterlike signs, fractions, arrows


def pieces_of(tokens: Path) -> list[str]:
    """All pieces. tokens: the base model's file of its tokenizer."""
    return vocabulary_of(tokens).split("\n")


def kept_pieces(pieces: Sequence[str], texts: Iterable[str], size: int) -> list[int]:
    """Places of `size` pieces, in order: those that English is written in, and of words that no
    text has the first ones, which are the more frequent ones of the base model's corpus."""
    words = WordPiece(pieces, True)
    seen: Counter[int] = Counter()
    for text in texts:
        seen.update(words.placed(text).ids)
    latin = [n for n, piece in enumerate(pieces) if _is_latin(piece)]
    needed = {n for n in latin if pieces[n] in SPECIAL or seen[n] or _is_part(pieces[n])}
    others = [n for n in latin if n not in needed]
    return sorted([*needed, *others[: max(0, size - len(needed))]])


def _is_latin(piece: str) -> bool:
    if piece.startswith("[") and len(piece) > 1:
        return piece in SPECIAL
    return all(ord(c) < LATIN_END or ord(c) in SIGNS for c in piece)


def _is_part(piece: str) -> bool:
    """Whether words are put together of it: never left out."""
    return piece.startswith(CONTINUED) or len(piece) == 1
