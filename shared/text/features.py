"""Hashed n-grams of a whole batch of texts in vectorised numpy: no dictionary, no tokeniser.

Training and serving both call `hashed_ngrams`, so a model can never see other features than
those that it was trained on; a change here needs a new `VERSION` and new models.

Which n-grams: of a Chinese text the characters 1 to 3 (words are not delimited, and most are one
or two characters long); of any other text the characters 2 to 5, across word boundaries; and of
both the words 1 and 2 that are written in alphabets. Each is hashed to one of 2^bits buckets
(Weinberger et al. 2009, "Feature hashing for large scale multitask learning"); its value is
1 + ln(count), the sublinear term frequency. A bucket's idf and the row's length norm belong to
the model.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

VERSION = 1  # of everything below that changes a bucket or a value
CHARACTERS_MAX = 4096  # a text is cut here before anything else: reviews beyond are very rare
CHARACTERS_ZH = (1, 3)
CHARACTERS_OTHER = (2, 5)
WORDS = (1, 2)
ZH_SHARE_MIN = 0.3  # of a text's visible characters; a Chinese review may name English products

# Odd constants with well mixed bits (golden ratio; those of splitmix64's finaliser).
_MULTIPLIER = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = (1 << 64) - 1
_SEED_CHARACTERS = 1
_SEED_WORD = 2
_SEED_BIGRAM = 3

_BOUNDARY = "\0"
_FRAME = f" {_BOUNDARY} "  # texts are framed by spaces: an n-gram sees that a word begins a text


@dataclass(frozen=True, slots=True)
class Features:
    """A sparse batch in row order: `values[k]` stands in row `rows[k]`, column `buckets[k]`.

    rows, buckets: int64, (entries,); values: float32, (entries,). Within a row the buckets
    ascend and none occurs twice. A text without any n-gram has no entry.
    """

    rows: NDArray[np.int64]
    buckets: NDArray[np.int64]
    values: NDArray[np.float32]
    row_count: int


def normalise(text: str) -> str:
    """Cut, fold compatibility forms (full-width letters), case and white space."""
    text = text[:CHARACTERS_MAX]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)[:CHARACTERS_MAX]
    return " ".join(text.lower().replace(_BOUNDARY, " ").split())


def _class_table() -> NDArray[np.uint8]:
    """For each of the first 65,536 code points: 1 = part of a word, 2 = Han, 0 = neither."""
    table = np.zeros(0x10000, np.uint8)
    for code_point in range(0x10000):
        if unicodedata.category(chr(code_point))[0] in "LNM":
            table[code_point] = 1
    table[ord("'")] = 1  # don't
    for first, last in ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF)):
        table[first : last + 1] = 2
    return table


_CLASSES = _class_table()
_HAN_ABOVE = (0x20000, 0x3FFFF)  # the supplementary and tertiary ideographic planes
_LOGARITHMS = (1.0 + np.log(np.maximum(np.arange(CHARACTERS_MAX * 2), 1))).astype(np.float32)


def classes_of(code_points: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """0 other, 1 part of an alphabet's word, 2 Han; the shape of `code_points`."""
    low = np.minimum(code_points, 0xFFFF)
    classes: NDArray[np.uint8] = np.where(code_points > 0xFFFF, np.uint8(0), _CLASSES[low])
    classes[(code_points >= _HAN_ABOVE[0]) & (code_points <= _HAN_ABOVE[1])] = 2
    return classes


def _mixed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """splitmix64's finaliser (Steele et al. 2014): every input bit reaches every output bit."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(_MIX_1)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(_MIX_2)
    return hashes ^ (hashes >> np.uint64(31))


def _word_grams(
    hashed: NDArray[np.uint64], in_word: NDArray[np.bool_], rows: NDArray[np.int64]
) -> list[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
    """Words, and pairs of successive words of one text, as (rows, hashes).

    A word's hash is the sum of its characters' hashes times powers of the multiplier, which
    `add.reduceat` gives for all words at once.
    """
    edges = np.diff(in_word.astype(np.int8), prepend=np.int8(0), append=np.int8(0))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return []
    lengths = ends - starts
    positions = np.flatnonzero(in_word)
    firsts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    powers = _powers(int(lengths.max()))
    terms = hashed[positions] * powers[np.arange(len(positions)) - np.repeat(firsts, lengths)]
    words = np.add.reduceat(terms, firsts)
    word_rows = rows[starts]
    same = word_rows[1:] == word_rows[:-1]
    pairs = (words[:-1] * np.uint64(_MULTIPLIER) + words[1:])[same]
    return [
        (word_rows, words + np.uint64(_SEED_WORD)),
        (word_rows[1:][same], pairs + np.uint64(_SEED_BIGRAM)),
    ]


def _powers(count: int) -> NDArray[np.uint64]:
    powers = np.full(count, _MULTIPLIER, np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def hashed_ngrams(texts: Sequence[str], bits: int) -> Features:
    """The features of a batch. Each row depends on its own text alone.

    texts: any strings, lone surrogates included. bits: buckets are 0 to 2^bits - 1.
    """
    if not texts:
        nothing = np.zeros(0, np.int64)
        return Features(nothing, nothing, np.zeros(0, np.float32), 0)
    prepared = [normalise(text) for text in texts]
    joined = _FRAME + _FRAME.join(prepared) + _FRAME
    code_points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    # The frame's leading space stands outside of the first text, its trailing one outside the last.
    code_points = code_points[1:-1]
    boundaries = np.flatnonzero(code_points == 0)
    lengths = np.diff(boundaries) - 1
    row_count = len(texts)
    rows = np.full(len(code_points), -1, np.int64)
    inside = code_points != 0
    rows[inside] = np.repeat(np.arange(row_count), lengths)
    left = np.zeros(len(code_points), np.int64)  # characters from here to the text's end
    left[inside] = np.repeat(boundaries[1:], lengths) - np.flatnonzero(inside)

    classes = classes_of(code_points)
    han = np.bincount(rows[(classes == 2)], minlength=row_count)
    visible = np.bincount(rows[inside & (code_points != 32)], minlength=row_count)
    is_zh = (han > 0) & (han >= ZH_SHARE_MIN * visible)
    chinese = np.zeros(len(code_points), np.bool_)
    chinese[inside] = np.repeat(is_zh, lengths)
    # A text of white space alone has no n-gram, not even the one of its frame.
    left[inside] *= np.repeat(visible > 0, lengths)

    hashed = _mixed(code_points.astype(np.uint64) + np.uint64(1))
    grams: list[tuple[NDArray[np.int64], NDArray[np.uint64]]] = []
    running = hashed
    for size in range(1, CHARACTERS_OTHER[1] + 1):
        if size > 1:
            running = running[:-1] * np.uint64(_MULTIPLIER) + hashed[size - 1 :]
        wanted = left[: len(running)] >= size
        here = chinese[: len(running)]
        if not CHARACTERS_ZH[0] <= size <= CHARACTERS_ZH[1]:
            wanted &= ~here
        if not CHARACTERS_OTHER[0] <= size <= CHARACTERS_OTHER[1]:
            wanted &= here
        positions = np.flatnonzero(wanted)
        seed = np.uint64(_SEED_CHARACTERS + (size << 8))
        grams.append((rows[positions], running[positions] + seed))
    grams += _word_grams(hashed, classes == 1, rows)

    gram_rows = np.concatenate([rows for rows, _ in grams])
    hashes = np.concatenate([hashes for _, hashes in grams])
    buckets = (_mixed(hashes) >> np.uint64(64 - bits)).astype(np.int64)
    keys, counts = np.unique((gram_rows << bits) | buckets, return_counts=True)
    counts = np.minimum(counts, len(_LOGARITHMS) - 1)
    return Features(keys >> bits, keys & ((1 << bits) - 1), _LOGARITHMS[counts], row_count)
