"""Dead letters: a bad record unchanged, with Kafka Connect's headers (KIP-298) beside its own."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from . import topics
from .envelope import FORWARDED, Output, Rejected, parts_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .envelope import Record

PREFIX = "__connect.errors."
DEAD_LETTER_BYTES_MAX = 2_900_000  # the dead-letter topics take 3 MiB
# Where a record that `shopkeeper dlq replay` sent back was refused first: b"partition/offset" of
# its topic. It returns with the next dead letter, should there be one: that is no other letter.
REFUSED_AT = "shopkeeper.refused-at"
CORRUPT_BATCH = "corrupt_batch"  # the error of a batch of which no record can be had


def undecodable(batch: Record, first_offset: int, cause: str) -> Rejected:
    """What a batch of which no record can be had is dead-lettered as: once, with its bytes.

    batch: in its records' place, at the last one's offset; gets headers that name both ends.
    """
    batch.headers = [
        (f"{PREFIX}batch.first.offset", str(first_offset).encode()),
        (f"{PREFIX}batch.last.offset", str(batch.offset).encode()),
    ]
    message = f"offsets {first_offset} to {batch.offset} cannot be decoded: {cause}"
    return Rejected(batch.offset, "decode", CORRUPT_BATCH, message)


def dead_letter(
    record: Record, rejected: Rejected, topic: str, service: str, parts: Sequence[int] = ()
) -> Output:
    """The record for the dead-letter topic of `topic` as read by `service`.

    parts: which of its events are bad, where it holds several and others are good. A header says
    so, and the decoder takes only these from the letter once it is sent back.

    Key, value and headers are kept as they are. A record that would be too large has its value
    replaced by `sha256:<hex> bytes:<length>`, which the header `value.replaced` says.
    """
    # Sent back, it is a record like any other.
    headers = [(str(name), value) for name, value in record.headers or () if name != FORWARDED]
    if parts:
        headers = parts_header(headers, parts)
    headers += [
        (f"{PREFIX}topic", topic.encode()),
        (f"{PREFIX}partition", str(record.partition).encode()),
        (f"{PREFIX}offset", str(record.offset).encode()),
        (f"{PREFIX}stage", rejected.stage.encode()),
        (f"{PREFIX}class.name", f"shopkeeper.{service}".encode()),
        (f"{PREFIX}exception.class.name", rejected.error.encode()),
        (f"{PREFIX}exception.message", rejected.message.encode("utf-8", "replace")),
    ]
    key, value = record.key, record.value
    size = sum(len(n) + len(v or b"") for n, v in headers) + len(key or b"") + len(value or b"")
    if size > DEAD_LETTER_BYTES_MAX:
        digest = hashlib.sha256(value or b"").hexdigest()
        value = f"sha256:{digest} bytes:{len(value or b'')}".encode()
        headers.append((f"{PREFIX}value.replaced", b"true"))
        if len(key or b"") + sum(len(n) + len(v or b"") for n, v in headers) > (
            DEAD_LETTER_BYTES_MAX
        ):
            key = hashlib.sha256(key or b"").hexdigest().encode()
            headers = headers[-8:]
    return Output(topics.dead_letters(topic, service), key, value, headers, record.partition)
