"""Structured logs. A line may carry topic, partition, offset and event id; never text or users."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import orjson

# Filters are not inherited by child loggers, so each of these needs its own.
NOISY = tuple(
    f"aiokafka.{name}"
    for name in (
        "conn",
        "client",
        "cluster",
        "consumer.group_coordinator",
        "consumer.fetcher",
        "consumer.subscription_state",
        "producer.sender",
        "producer.producer",
    )
)
FIELDS = ("event_id", "topic", "partition", "offset", "trace_id")


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def __init__(self, worker: str) -> None:
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "worker": self._worker,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in FIELDS:
            value = record.__dict__.get(name)
            if value is not None:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


class TextFormatter(logging.Formatter):
    """For a person at a terminal."""

    def __init__(self, worker: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {worker}: %(message)s", "%H:%M:%S")


class _Calm(logging.Filter):
    """Turns the client libraries' repeated connection errors into one line per kind a minute, and
    into none where `hush` says that they are news to nobody."""

    hushed = False

    def __init__(self, hushable: bool = False) -> None:
        super().__init__()
        self._hushable = hushable
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if self._hushable and _Calm.hushed and record.levelno < logging.CRITICAL:
            return False
        template = str(record.msg)
        if record.created - self._last.get(template, 0.0) < 60.0:
            return False
        if len(self._last) > 1000:
            self._last.clear()
        self._last[template] = record.created
        return True


def hush(quiet: bool) -> None:
    """Whether a broker is known to be away: one line of ours says so, for as long as it takes."""
    _Calm.hushed = quiet


def configure(worker: str, level: str, log_format: str) -> None:
    """Send all logging to standard error in the chosen form; quieten the libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(worker) if log_format == "json" else TextFormatter(worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("faust", "mode", "aiokafka", "asyncio"):
        library = logging.getLogger(name)
        library.setLevel("DEBUG" if level == "DEBUG" else "WARNING")
        library.addFilter(_Calm())
    # It prints each request at DEBUG, those that carry a password or a token among them.
    logging.getLogger("aiokafka.conn").setLevel("INFO" if level == "DEBUG" else "WARNING")
    if level != "DEBUG":
        for name in NOISY:
            logging.getLogger(name).addFilter(_Calm(hushable=True))
