"""Structured logs. A line may carry topic, partition, offset and event id; never text or users.

What a customer wrote may be in the message of an exception (of a failed conversion, a missing key,
an assertion), and at DEBUG in the requests that client libraries repeat. So messages are printed of
exceptions only whose words are ours or the operating system's (`words_of`), and libraries say
nothing below INFO.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from aiokafka.errors import KafkaError

if TYPE_CHECKING:
    from types import TracebackType

OURS = "shopkeeper"  # the package: our loggers, and exceptions whose messages we wrote

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


def words_of(error: BaseException) -> str:
    """An exception's message, where it cannot hold what a customer wrote; else ""."""
    ours = type(error).__module__.partition(".")[0] == OURS
    return str(error) if ours or isinstance(error, (OSError, KafkaError, RuntimeError)) else ""


class _Said:
    """An exception among a line's arguments."""

    def __init__(self, error: BaseException) -> None:
        self._name, self._words = type(error).__name__, words_of(error)

    def __str__(self) -> str:
        return self._words or self._name

    def __repr__(self) -> str:
        return f"{self._name}({self._words!r})" if self._words else f"{self._name}()"


class _Formatter(logging.Formatter):
    """Leaves out what exceptions may say of customers."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = said(record)
        return super().formatMessage(record)

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        if ei[1] is None:
            return ""
        return "".join(_traceback(ei[1], set())).rstrip("\n")


def said(record: logging.LogRecord) -> str:
    """A line's message."""
    if record.name == "asyncio" and record.exc_info:
        return str(record.msg).partition("\n")[0]  # what follows repeats tasks, with their results
    if not (isinstance(record.args, tuple) and record.args):
        return record.getMessage()
    args: tuple[Any, ...] = tuple(
        _Said(each) if isinstance(each, BaseException) else each for each in record.args
    )
    return str(record.msg) % args


def _traceback(error: BaseException, seen: set[int]) -> list[str]:
    """As Python prints it, with `words_of` in the place of messages."""
    seen.add(id(error))
    lines = []
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        lines = [*_traceback(earlier, seen), "\nwhich led to:\n\n"]
    lines.append("Traceback (most recent call last):\n")
    lines += traceback.format_tb(error.__traceback__)
    words = words_of(error)
    lines.append(f"{type(error).__name__}: {words}\n" if words else f"{type(error).__name__}\n")
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            lines += _traceback(each, seen)
    return lines


class JsonFormatter(_Formatter):
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
            "message": said(record),
        }
        for name in FIELDS:
            value = record.__dict__.get(name)
            if value is not None:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


class TextFormatter(_Formatter):
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


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    """A thread ended by an exception: not past the formatters, as Python would have it."""
    if failed.exc_value is not None:
        logging.getLogger(__name__).error("a thread has failed", exc_info=failed.exc_value)


def hush(quiet: bool) -> None:
    """Whether a broker is known to be away: one line of ours says so, for as long as it takes."""
    _Calm.hushed = quiet


def configure(worker: str, level: str, log_format: str) -> None:
    """Send all logging to standard error in the chosen form; quieten the libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(worker) if log_format == "json" else TextFormatter(worker))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    threading.excepthook = _log_thread
    root.setLevel("INFO" if level == "DEBUG" else level)
    logging.getLogger(OURS).setLevel(level)
    for name in ("faust", "mode", "aiokafka", "asyncio"):
        library = logging.getLogger(name)
        library.setLevel("INFO" if level == "DEBUG" else "WARNING")
        library.addFilter(_Calm())
    # It prints each request at DEBUG, those that carry a password or a token among them.
    logging.getLogger("aiokafka.conn").setLevel("INFO" if level == "DEBUG" else "WARNING")
    if level != "DEBUG":
        for name in NOISY:
            logging.getLogger(name).addFilter(_Calm(hushable=True))
