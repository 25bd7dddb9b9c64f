"""Hashed word and character n-grams of a whole batch of texts, in numpy, without a loop per text.

Weinberger et al. 2009 (feature hashing); the word hash is a polynomial one, so that the hash of
any run of characters is a difference of two prefix sums. Training and serving share this module:
`FEATURES_VERSION` is written into a model and checked when it is loaded.

Texts are one array of code points, each text between two spaces. A *token* is a run of letters and
digits, or a single Han character, kana, Hangul syllable or symbol. All hashes are modulo 2**64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from . import alphabet
from .chinese import simplified
from .normalisation import TEXT_CHARACTERS_MAX, clean, folded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

FEATURES_VERSION = 2
CHARACTERS_MAX_PER_CHUNK = 1 << 16  # arrays of this length stay in the processor's cache

EN, ZH = 0, 1  # tables of weights
STYLE = 10  # width of a text's style vector
_LENGTHS = np.array([8, 16, 32, 64, 128, 256, 512])

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # Fibonacci hashing's constant, odd
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MIX_1 = np.uint64(0xFF51AFD7ED558CCD)  # murmur3's finaliser
_MIX_2 = np.uint64(0xC4CEB9FE1A85EC53)
_SHIFT = np.uint64(33)

U64 = np.uint64


@dataclass(frozen=True, slots=True)
class Sizes:
    """Which n-grams one table is made of."""

    words: tuple[int, ...]
    characters: tuple[int, ...]


SIZES: Mapping[int, Sizes] = {EN: Sizes((1, 2), (2, 3, 4, 5)), ZH: Sizes((), (1, 2, 3))}


@dataclass(frozen=True, slots=True)
class Features:
    """A batch as the model takes it.

    ids: (n,) int32, table << buckets_log2 | bucket. tf: (n,) float32, 1 + ln(count).
    segments: (n,) int32, ascending, 2 * row + block; block 0 holds words, block 1 characters.
    style: (rows, STYLE) float32. tables: (rows,) int32, EN or ZH.
    """

    ids: NDArray[np.int32]
    tf: NDArray[np.float32]
    segments: NDArray[np.int32]
    style: NDArray[np.float32]
    tables: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts as one array. points: (characters,) uint32; starts: (rows + 1,) int64.

    capitals: (rows,) bool, whether the text had an upper-case letter.
    """

    points: NDArray[np.uint32]
    starts: NDArray[np.int64]
    capitals: NDArray[np.bool_]


def to_batch(texts: Sequence[str]) -> Batch:
    """Normalise texts and lay them out as one array, each between two spaces."""
    return of_cleaned([clean(text[:TEXT_CHARACTERS_MAX]) for text in texts])


def of_cleaned(cleaned: Sequence[str]) -> Batch:
    """What `to_batch` makes of texts that were cut and cleaned already.

    Traditional Chinese is read as simplified. `FEATURES_VERSION` 2 has texts of both kinds: of the
    texts that its models learned from, one in 600 was traditional.
    """
    texts = [simplified(folded(text)) for text in cleaned]
    lengths = np.fromiter((len(text) + 2 for text in texts), dtype=np.int64, count=len(texts))
    starts = np.zeros(len(texts) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    joined = " " + "  ".join(texts) + " " if texts else ""
    points = np.frombuffer(joined.encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    points, starts = _shortened(points, starts)
    # Numbers of two digits and more become zeros of that length: order numbers carry no meaning,
    # "5 stars" does.
    digit = (points >= 48) & (points <= 57)
    if digit.any():
        run = digit.copy()
        run[0] = False
        run[1:] &= digit[:-1]
        run[:-1] |= digit[:-1] & digit[1:]
        points[run] = 48
    capitals = np.fromiter(
        (text != text.lower() for text in cleaned), dtype=np.bool_, count=len(cleaned)
    )
    return Batch(points, starts, capitals)


def _shortened(
    points: NDArray[np.uint32], starts: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """A letter at most three times in a row: "soooooo" is "sooo", and XXXL stays a size."""
    same = points[1:] == points[:-1]
    fourth = np.flatnonzero(same[2:] & same[1:-1] & same[:-2]) + 3
    if len(fourth) == 0:
        return points, starts
    kinds = alphabet.classes()[points[fourth]]
    letters = (kinds >= alphabet.LATIN) & (kinds <= alphabet.OTHER_LETTER)
    fourth = fourth[letters]
    return np.delete(points, fourth), starts - np.searchsorted(fourth, starts)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Murmur3's 64-bit finaliser: every bit of the result depends on every bit of the input."""
    values = (values ^ (values >> _SHIFT)) * _MIX_1
    values = (values ^ (values >> _SHIFT)) * _MIX_2
    return values ^ (values >> _SHIFT)


@dataclass(frozen=True, slots=True)
class Tokens:
    """hashes: (tokens,) uint64; rows: (tokens,) int64."""

    hashes: NDArray[np.uint64]
    rows: NDArray[np.int64]


def tokens(points: NDArray[np.uint32], rows: NDArray[np.int64]) -> Tokens:
    """The tokens of texts laid out by `to_batch`, in order. points, rows: (characters,)."""
    kinds = alphabet.classes()[points]
    joins = (kinds == alphabet.LATIN) | (kinds == alphabet.DIGIT)
    joins |= kinds == alphabet.OTHER_LETTER
    inside = kinds != alphabet.SPACE
    # A token begins at a character that is not the continuation of a run of letters.
    begins = inside.copy()
    begins[1:] &= ~(joins[1:] & joins[:-1])
    ends = inside.copy()
    ends[:-1] &= ~(joins[1:] & joins[:-1])
    first = np.flatnonzero(begins)
    last = np.flatnonzero(ends)
    powers = np.full(len(points), _MULTIPLIER, dtype=U64)
    inverses = np.full(len(points), _INVERSE, dtype=U64)
    if len(points):
        powers[0] = inverses[0] = 1
    np.cumprod(powers, out=powers)
    np.cumprod(inverses, out=inverses)
    prefix = np.zeros(len(points) + 1, dtype=U64)
    np.cumsum(_mixed(points.astype(U64)) * powers, out=prefix[1:])
    hashes = (prefix[last + 1] - prefix[first]) * inverses[first]
    return Tokens(hashes, rows[first])


def _grams(
    units: NDArray[np.uint64], rows: NDArray[np.int64], sizes: tuple[int, ...], salt: int
) -> list[tuple[NDArray[np.uint64], NDArray[np.int64]]]:
    """Hashes and rows of the n-grams of each size; none crosses from one text into the next."""
    found = []
    rolling = units
    for size in range(1, max(sizes, default=0) + 1):
        if size > 1:
            rolling = rolling[:-1] * _MULTIPLIER + units[size - 1 :]
        if len(rolling) == 0:
            break
        if size in sizes:
            whole = rows[: len(rolling)] == rows[size - 1 :]
            found.append((_mixed(rolling[whole] + U64(salt + size)), rows[: len(rolling)][whole]))
    return found


def _count(
    points: NDArray[np.uint32], rows: NDArray[np.int64], sizes: Sizes, buckets_log2: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct (segment, bucket) pairs as one ascending int64 key, and their counts."""
    shift = U64(64 - buckets_log2)
    keys = []
    if sizes.words:
        found = tokens(points, rows)
        for hashes, of in _grams(found.hashes, found.rows, sizes.words, 0):
            keys.append((hashes >> shift).astype(np.int64) | (of * 2) << buckets_log2)
    for hashes, of in _grams(_mixed(points.astype(U64)), rows, sizes.characters, 100):
        keys.append((hashes >> shift).astype(np.int64) | (of * 2 + 1) << buckets_log2)
    joined = np.concatenate(keys) if keys else np.zeros(0, dtype=np.int64)
    joined.sort()
    if len(joined) == 0:
        return joined, joined
    first = np.flatnonzero(np.concatenate(([True], joined[1:] != joined[:-1])))
    return joined[first], np.diff(np.append(first, len(joined)))


def style(batch: Batch) -> NDArray[np.float32]:
    """(rows, STYLE): length in eight classes, no capital letter, ends like a sentence.

    What kind of text it is (a phrase, a sentence, a whole review) shifts how likely a neutral
    label is.
    """
    lengths = np.diff(batch.starts) - 2
    out = np.zeros((len(lengths), STYLE), dtype=np.float32)
    out[np.arange(len(lengths)), np.searchsorted(_LENGTHS, lengths, side="right")] = 1
    out[:, 8] = ~batch.capitals
    if len(lengths):
        out[:, 9] = np.isin(batch.points[batch.starts[1:] - 2], [33, 46, 63, 0x3002])
    return out


def _chunks(starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Row ranges of about CHARACTERS_MAX_PER_CHUNK characters each; a text is never cut."""
    rows = len(starts) - 1
    out = []
    row = 0
    while row < rows:
        limit = starts[row] + CHARACTERS_MAX_PER_CHUNK
        end = max(row + 1, int(np.searchsorted(starts, limit, side="right")) - 1)
        out.append((row, end))
        row = end
    return out


def extract(
    batch: Batch,
    tables: NDArray[np.int32],
    buckets_log2: int,
    sizes: Mapping[int, Sizes] = SIZES,
    *,
    styled: bool = True,
) -> Features:
    """Counted n-grams of every text. tables: (rows,) EN or ZH, which n-grams and weights to use.

    styled: with their style vectors, of which there are none otherwise.
    """
    ids, tf, segments = [], [], []
    mask = (1 << buckets_log2) - 1
    for begin, end in _chunks(batch.starts):
        low, high = batch.starts[begin], batch.starts[end]
        points = batch.points[low:high]
        lengths = np.diff(batch.starts[begin : end + 1])
        rows = np.repeat(np.arange(begin, end, dtype=np.int64), lengths)
        chunk_keys, chunk_counts, chunk_tables = [], [], []
        for table in (EN, ZH):
            chosen = tables[begin:end] == table
            if not chosen.any():
                continue
            if chosen.all():
                keys, counts = _count(points, rows, sizes[table], buckets_log2)
            else:
                kept = np.repeat(chosen, lengths)
                keys, counts = _count(points[kept], rows[kept], sizes[table], buckets_log2)
            chunk_keys.append(keys)
            chunk_counts.append(counts)
            chunk_tables.append(np.full(len(keys), table, dtype=np.int32))
        keys = np.concatenate(chunk_keys)
        counts = np.concatenate(chunk_counts)
        of = np.concatenate(chunk_tables)
        if len(chunk_keys) > 1:
            order = np.argsort(keys, kind="stable")
            keys, counts, of = keys[order], counts[order], of[order]
        ids.append((keys & mask).astype(np.int32) | of << buckets_log2)
        segments.append((keys >> buckets_log2).astype(np.int32))
        tf.append((1 + np.log(counts)).astype(np.float32))
    return Features(
        np.concatenate(ids) if ids else np.zeros(0, dtype=np.int32),
        np.concatenate(tf) if tf else np.zeros(0, dtype=np.float32),
        np.concatenate(segments) if segments else np.zeros(0, dtype=np.int32),
        style(batch) if styled else np.zeros((0, STYLE), np.float32),
        tables,
    )
