"""What the jobs of all peers share: where to read and write, progress lines, plain item-CF.

Standard library only: it runs in the peers' environment, without Shopkeeper.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

TOP = 20
SESSION_ITEMS_MAX = 50
REPORT_S = 0.05


@dataclass(frozen=True)
class Task:
    """What a process is to do; given by bench_peers.py in the environment."""

    job: str  # parse, count or item-cf
    broker: str  # host:port
    clicks: str  # the topic that is read
    out: str  # the topic that item-cf publishes lists of similar items to
    group: str
    folder: str  # empty at first: where a peer keeps state between two runs
    partitions: int

    @classmethod
    def from_env(cls) -> Task:
        env = os.environ
        return cls(
            env["PEER_JOB"], env["PEER_BROKER"], env["PEER_CLICKS"], env["PEER_OUT"],
            env["PEER_GROUP"], env["PEER_FOLDER"], int(env["PEER_PARTITIONS"]),
        )  # fmt: skip


class Progress:
    """How many events are done, printed as `COUNT MONOTONIC_SECONDS` while it changes."""

    def __init__(self) -> None:
        self.count = 0
        threading.Thread(target=self._report, daemon=True).start()

    def _report(self) -> None:
        said = 0
        while True:
            time.sleep(REPORT_S)
            if (count := self.count) != said:
                said = count
                print(count, time.monotonic(), flush=True)


def is_click(kind: bytes | None, event_id: bytes | None) -> bool:
    """Whether CloudEvents headers say that this is a click, with an id."""
    return bool(event_id) and kind is not None and kind.endswith(b"product.clicked.v1")


def is_valid(click: Any) -> bool:
    """Whether a decoded click has the fields that the job needs, with their types."""
    return isinstance(click, dict) and all(
        isinstance(click.get(name), str) and 0 < len(click[name]) <= 200
        for name in ("product_id", "user_id", "session_id")
    )


def visit(session: list[str], product: str) -> list[str]:
    """The items that were in the session before `product`, which joins it; none where it is there
    already, or the session is full."""
    if product in session or len(session) >= SESSION_ITEMS_MAX:
        return []
    others = session.copy()
    session.append(product)
    return others


def add(row: dict[str, int], others: list[str]) -> None:
    """Count one common session with each of `others`."""
    for other in others:
        row[other] = row.get(other, 0) + 1


def most(row: dict[str, int]) -> list[tuple[str, int]]:
    """The items counted most, at most TOP."""
    return heapq.nlargest(TOP, row.items(), key=itemgetter(1))
