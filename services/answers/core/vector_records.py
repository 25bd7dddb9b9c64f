"""Vectors of one entry, as the index holds them and as a record of
`personalisation.entry-vectors.v1`.

A record is found by what its vectors were made of: the encoders, the title and the text. Other
encoders or another text have another key, so nothing out of date is ever read.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

FORMAT: Final = 1
KEY_BYTES: Final = 16


class EntryVectors(NamedTuple):
    """Of an entry's text and, if it has one, its title. A row is about its codes times its scale.

    codes: (rows, dimensions); scales: (rows,).
    """

    language: str  # of the encoder
    codes: NDArray[np.int8]
    scales: NDArray[np.float32]


class _Record(msgspec.Struct, array_like=True, frozen=True):
    format: int
    language: str
    scales: bytes  # float32, little-endian
    codes: bytes  # int8, row by row
    checksum: int  # XXH3 of the key and of all that stands above


_decoder = msgspec.msgpack.Decoder(_Record)
_encoder = msgspec.msgpack.Encoder()


def encoders_mark(encoders: Iterable[tuple[str, str]]) -> bytes:
    """(16,) what tells a set of encoders from another. encoders: language and checksum of each."""
    said = repr((FORMAT, sorted(encoders)))
    return hashlib.blake2b(said.encode(), digest_size=KEY_BYTES).digest()


def key_of(mark: bytes, title: str, text: str) -> bytes:
    """(16,) a record's key. mark: `encoders_mark`."""
    # Keyed, so that who reads the topic without the models' files cannot look a text up.
    hashed = hashlib.blake2b(digest_size=KEY_BYTES, key=mark)
    hashed.update(b"%d:" % len(title))
    hashed.update(f"{title}{text}".encode("utf-8", "surrogatepass"))
    return hashed.digest()


def packed(key: bytes, vectors: EntryVectors) -> bytes:
    """A record's value."""
    scales, codes = vectors.scales.astype("<f4").tobytes(), vectors.codes.tobytes()
    checksum = _checksum(key, vectors.language, scales, codes)
    return _encoder.encode(_Record(FORMAT, vectors.language, scales, codes, checksum))


def unpacked(key: bytes, value: bytes, dimensions: Mapping[str, int]) -> EntryVectors:
    """Raises ValueError: damaged, of another version, or of no encoder that is loaded.

    dimensions: of a vector, by language.
    """
    try:
        record = _decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if record.format != FORMAT:
        raise ValueError(f"a record of format {record.format}; this version reads {FORMAT}")
    if record.checksum != _checksum(key, record.language, record.scales, record.codes):
        raise ValueError("the checksum is another")
    columns = dimensions.get(record.language)
    scales = np.frombuffer(record.scales, "<f4").astype(np.float32)
    codes = np.frombuffer(record.codes, np.int8)
    if columns is None or not len(scales) or len(codes) != len(scales) * columns:
        raise ValueError(f"{len(codes)} numbers for {len(scales)} vectors of {record.language!r}")
    return EntryVectors(record.language, codes.reshape(len(scales), columns), scales)


def _checksum(key: bytes, language: str, scales: bytes, codes: bytes) -> int:
    hashed = xxhash.xxh3_64(key)
    for part in (language.encode(), scales, codes):
        hashed.update(part)
    return hashed.intdigest()
