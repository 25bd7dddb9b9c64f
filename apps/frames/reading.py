"""Reads one topic from its start into a data frame: a row per event, a column per field."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from aiokafka.errors import KafkaConnectionError

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.contracts.decoder import EventDecoder
from shopkeeper.shared.contracts.envelope import Event, Several
from shopkeeper.shared.runtime.kafka.reader import Reader
from shopkeeper.shared.runtime.kafka.routing import hop_of
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.runtime.settings import read as read_setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas

ROWS_MAX = 2_000_000
PLACE = ("topic", "partition", "offset", "published", "key", "id", "type", "time", "cause")
INSTALL = 'pandas is missing: pip install "shopkeeper[notebook]"'
START = (
    "start `shopkeeper demo` or `shopkeeper broker`, or name another by KAFKA_BOOTSTRAP_SERVERS or "
    'by read(..., broker="host:port")'
)
_JSON = msgspec.json.Decoder()


class TopicUnreadable(ValueError):
    """No topic of that name holds events that others may read."""


class BrokerUnreachable(ConnectionError):
    """No broker answers where one was looked for; the message says where, and what to do."""


def read(
    name: str, broker: str = "", *, rows_max: int = ROWS_MAX, newest: bool = False
) -> pandas.DataFrame:
    """A topic's events up to now, in order of their times.

    name: as in `shopkeeper topics list`, without a prefix. broker: host:port; "": of
    KAFKA_BOOTSTRAP_SERVERS. newest: of each key the newest event alone, as a compacted topic is
    meant. Columns: where the record lies (`topic`, `partition`, `offset`, `published`), its
    CloudEvents attributes (`key`, `id`, `type`, `time`, and `cause`, the id of the event that it
    was made for), then each field of the event; times are UTC. What a field holds within it (items
    of a list, products of an order) stays a list or a dictionary. Bad records, tombstones and what
    a worker published again are left out.

    Raises TopicUnreadable, BrokerUnreachable, ImportError without pandas, SettingsError,
    KafkaError.
    """
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ImportError(INSTALL) from error
    topic = topics.BY_NAME.get(name)
    if topic is None or not topic.types:
        raise TopicUnreadable(f"{name!r} is no topic of events (`shopkeeper topics list`)")
    environ = os.environ | ({"KAFKA_BOOTSTRAP_SERVERS": broker} if broker else {})
    kafka = KafkaSettings.from_env(environ)
    prefix = read_setting(environ, "TYPE_PREFIX")
    # A notebook's thread has an event loop that runs already.
    with ThreadPoolExecutor(1, "frames") as pool:
        try:
            rows = pool.submit(asyncio.run, _rows(kafka, name, prefix, rows_max)).result()
        except KafkaConnectionError:
            where = ", ".join(kafka.bootstrap_servers)
            raise BrokerUnreachable(f"no broker at {where}: {START}") from None
    frame = pandas.DataFrame(rows, columns=None if rows else list(PLACE))
    frame = frame.sort_values(["time", "partition", "offset"], kind="stable", ignore_index=True)
    if newest:
        frame = frame.drop_duplicates("key", keep="last", ignore_index=True)
    return frame


async def _rows(
    kafka: KafkaSettings, name: str, type_prefix: str, rows_max: int
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    is_shop = name.startswith("shop.")
    topic = topics.BY_NAME[name]
    decoder = EventDecoder(name, topic.types, topic.consumers[0], type_prefix) if is_shop else None
    async with Reader(kafka, [name], from_start=True) as reader:
        async for record in reader.until_now():
            if record.value is None or hop_of(record) is not None:
                continue
            place = {
                "topic": name,
                "partition": record.partition,
                "offset": record.offset,
                "published": datetime.fromtimestamp(record.timestamp / 1000, UTC),
                "key": (record.key or b"").decode("utf-8", "replace"),
            }
            for row in _events(decoder, record) if decoder else _outputs(record):
                found.append(place | row)
            if len(found) >= rows_max:
                break
    return found


def _events(decoder: EventDecoder, record: Any) -> Iterator[dict[str, Any]]:
    """What the worker that reads this topic makes of a record of a shop."""
    (verdict,) = decoder.decode([record])
    for event in verdict.verdicts if isinstance(verdict, Several) else (verdict,):
        if isinstance(event, Event) and event.data is not None:
            yield {
                "id": event.id,
                "type": event.type,
                "time": datetime.fromtimestamp(event.time_ms / 1000, UTC),
                "cause": "",
                **msgspec.to_builtins(event.data),
            }


def _outputs(record: Any) -> Iterator[dict[str, Any]]:
    """What a worker published; nothing of a record that is none."""
    headers = {n: (v or b"").decode("utf-8", "replace") for n, v in record.headers or ()}
    row = output_row(record.value, headers)
    if row is not None:
        yield row


def output_row(value: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
    """A record's columns, those of its place left out; None: no JSON object, or without a time."""
    try:
        data = _JSON.decode(value)
        time = datetime.fromisoformat(headers.get("ce_time", "")).astimezone(UTC)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    return {
        "id": headers.get("ce_id", ""),
        "type": headers.get("ce_type", ""),
        "time": time,
        "cause": headers.get("ce_causationid", ""),
        **{key: held for key, held in data.items() if key not in PLACE},
    }
