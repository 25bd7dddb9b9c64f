"""The hash of many keys at once is aiokafka's, key by key."""

from __future__ import annotations

import random

from aiokafka.partitioner import murmur2 as one

from shopkeeper.shared.runtime.kafka.murmur2 import murmur2, partitions_of
from shopkeeper.shared.runtime.kafka.sink import partition_of


def test_many_keys_hash_as_one_by_one():
    chance = random.Random(1)
    keys = [chance.randbytes(length) for length in range(70) for _ in range(5)]
    keys += ["顾客-7".encode(), b"\x00", b"\x00\x00\x00\x00", b"a\x00\x00\x00", b"x" * 2048]
    chance.shuffle(keys)
    assert murmur2(keys).tolist() == [one(key) & 0xFFFFFFFF for key in keys]
    assert partitions_of(keys, 6).tolist() == [partition_of(key, 6) for key in keys]


def test_no_keys():
    assert murmur2([]).tolist() == []
