"""Whole record batches as bytes: to send what no client would, or to damage what was sent."""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopkeeper.shared.runtime.settings import KafkaSettings

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
CRC_AT, ATTRIBUTES_AT, PAYLOAD_AT = 17, 21, 61
Pair = tuple[bytes | None, bytes | None]


def build(pairs: Sequence[Pair], codec: str = "none") -> bytearray:
    """A batch of message format 2 of (key, value) pairs, its offsets from 0 on."""
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=CODECS[codec],
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=10_000_000,
    )
    now_ms = int(time.time() * 1000)  # an old record would fall to retention
    for index, (key, value) in enumerate(pairs):
        builder.append(index, now_ms, key, value, [])
    return bytearray(builder.build())


def sealed(built: bytearray) -> bytearray:
    """With its length and checksum made right again."""
    struct.pack_into(">i", built, 8, len(built) - 12)
    struct.pack_into(">I", built, CRC_AT, calc_crc32c(bytes(built[ATTRIBUTES_AT:])))
    return built


async def send_raw(
    kafka: KafkaSettings, topic: str, partition: int, built: bytes | bytearray
) -> int:
    """Have a broker take these bytes for a batch of `topic` (unprefixed); returns its first offset.

    Raises KafkaError where the broker looks into what it is sent, as Apache Kafka does.
    """
    async with AIOKafkaProducer(**kafka.client_options(), enable_idempotence=False) as producer:
        batch = producer.create_batch()
        batch.append(key=None, value=b"", timestamp=None)
        batch.close()
        batch._build()
        batch._buffer = bytes(built)
        sent = await producer.send_batch(batch, kafka.topic(topic), partition=partition)
        return int((await sent).offset)
