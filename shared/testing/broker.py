"""A broker for the tests: what TEST_BROKER names, or else an embedded one of our own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shopkeeper.shared.runtime.processes.embedded import embedded_broker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["broker_under_test", "embedded_broker"]


@contextlib.contextmanager
def broker_under_test(environ: Mapping[str, str]) -> Iterator[str]:
    """The address of a running broker.

    TEST_BROKER is an address ("host:port", used as it is), "kafka" (an Apache Kafka of our own,
    see kafka_broker.py) or empty (the embedded broker).
    """
    wanted = environ.get("TEST_BROKER", "")
    if wanted == "kafka":
        from .kafka_broker import kafka_broker

        with kafka_broker() as broker:
            yield broker.address
    elif wanted:
        yield wanted
    else:
        with embedded_broker() as address:
            yield address
