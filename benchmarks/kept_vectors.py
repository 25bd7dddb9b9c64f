"""Records of `personalisation.entry-vectors.v1` for benchmarks: saved, published again, made up.

Vectors of 100,000 entries take minutes of a quiet core, and longer on a busy machine. A first run
saves them, later ones publish them before the worker starts. --stand-ins makes vectors up instead:
around real ones of a sample, so that as many lie near to a question as of real ones, about; latency
does not depend on which.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from shopkeeper.services.answers.core.dense import quantised
from shopkeeper.services.answers.core.entries import entry_of
from shopkeeper.services.answers.core.vector_records import (
    EntryVectors,
    encoders_mark,
    key_of,
    packed,
)
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.events.shop import KnowledgePublished
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.text.embedder import load_embedders
from shopkeeper.shared.text.language import detect

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from typing import Any

    from shopkeeper.shared.runtime.settings import KafkaSettings

Records = list[tuple[bytes, bytes]]
SAMPLE = 200  # entries of a language that stand-ins lie around
SPREAD = 0.35  # length of what is added to a vector of the sample


def load(file: Path) -> Records:
    """What `save` wrote."""
    records: Records = msgspec.msgpack.decode(file.read_bytes(), type=Records)
    return records


def save(kafka: KafkaSettings, file: Path) -> int:
    """Write what the topic holds; returns how many."""
    held = {r.key: r.value for r in asyncio.run(read_topic(kafka, topics.ENTRY_VECTORS))}
    records = [(key, value) for key, value in held.items() if value]
    file.write_bytes(msgspec.msgpack.encode(records))
    return len(records)


async def publish(kafka: KafkaSettings, records: Iterable[tuple[bytes, bytes]]) -> None:
    """Put them on the topic."""
    async with Publisher(kafka, "bench") as publisher:
        for key, value in records:
            await publisher.send(topics.ENTRY_VECTORS, key, value)


def stand_ins(entries: Sequence[dict[str, Any]]) -> Records:
    """Of each entry in a language that has an encoder. entries: data of `knowledge.published`."""
    chance = np.random.default_rng(1)
    embedders = load_embedders()
    mark = encoders_mark((name, each.sha256) for name, each in embedders.items())
    spoken: dict[str, list[tuple[str, str]]] = {name: [] for name in embedders}
    for data in entries:
        entry = entry_of(msgspec.convert(data, KnowledgePublished))
        language = detect(f"{entry.title} {entry.text}")
        if language in spoken:
            spoken[language].append((entry.title, entry.text))
    records = []
    for language, found in spoken.items():
        embedder = embedders[language]
        sample = [text for title, text in found[:SAMPLE] for text in (text, title)]
        real = embedder.vectors(sample)
        for number, (title, text) in enumerate(found):
            rows = 2 if title else 1
            first = 2 * (number % (len(sample) // 2))
            noise = chance.standard_normal((rows, embedder.dimensions)).astype(np.float32)
            noise *= 0.0 if number < SAMPLE else SPREAD / np.sqrt(embedder.dimensions)
            made = real[first : first + rows] + noise
            made /= np.linalg.norm(made, axis=1, keepdims=True)
            key = key_of(mark, title, text)
            records.append((key, packed(key, EntryVectors(language, *quantised(made)))))
    return records
