"""What one review said, as the answers service counts and quotes it: its label, its aspects and a
few sentences, without its author's name.

Internal, on the compacted topic `topics.REVIEW_DIGESTS`, from the sentiment service: one record per
review that it remembers, an empty value for one that was withdrawn or forgotten. The answers
service removes what erased users (`erased_users`) wrote.
"""

from __future__ import annotations

from typing import Final

import msgspec
import xxhash

from .erased_users import number_of
from .events.sentiment import ASPECTS

FORMAT: Final = 1
SENTENCE_CHARACTERS_MAX: Final = 160
SENTENCES_MAX: Final = 8  # of a review
NOBODY: Final = 0  # author of a review that names none


class Sentence(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One sentence, personal data masked."""

    text: str
    opinions: int = 0  # bits: 1 << (2 * place in ASPECTS), one further where it is praise


class Digest(msgspec.Struct, array_like=True, frozen=True):
    """One review."""

    format: int
    product_id: str
    review_id: str
    author: int  # a number of the author, or NOBODY
    time_ms: int  # of the review's event
    label: int  # -1 negative, 0 neutral, 1 positive
    opinions: int  # all that it says of aspects, bits as in `Sentence`
    language: str
    sentences: tuple[Sentence, ...] = ()


_decoder = msgspec.msgpack.Decoder(Digest)
_encoder = msgspec.msgpack.Encoder()


def review_name(product_id: str, review_id: str) -> int:
    """A review in 64 bits."""
    return xxhash.xxh3_64_intdigest(f"{len(product_id)}:{product_id}{review_id}".encode())


def author_of(user_id: str | None, anonymous_id: str | None) -> int:
    """An author in 64 bits, never `NOBODY` for one who is named."""
    name = user_id or anonymous_id
    return number_of(name) if name else NOBODY


def review_key(name: int) -> bytes:
    """The key of a review's record. name: `review_name`."""
    return b"review/%016x" % name


def opinion(aspect: str, praise: bool) -> int:
    """The bit of one opinion. Raises ValueError for no aspect."""
    return 1 << (2 * ASPECTS.index(aspect) + praise)


def packed(record: Digest) -> bytes:
    """The value of a record."""
    return _encoder.encode(record)


def unpacked(value: bytes) -> Digest:
    """Raises ValueError, of another version's too."""
    try:
        record: Digest = _decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if record.format != FORMAT:
        raise ValueError(f"a record of format {record.format}; this version reads {FORMAT}")
    return record
