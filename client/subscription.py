"""A user's stream over many connections, without I/O: what to ask for, what an event means, when
to come back.

The gateway's ids resume exactly. Where it cannot (it was away for longer than it remembers) it
sends the current list, which may be the one seen last: what was seen lately is not given again.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import msgspec

from .documents import Answer, AnswerUpdate, Erased, ListUpdate, RecommendationList, Update
from .errors import ShopkeeperError, problem_error
from .retrying import AGAIN

if TYPE_CHECKING:
    from .retrying import Policy, Reply

log = logging.getLogger("shopkeeper.client")

SILENCE_S_MAX = 45.0  # the gateway says something every 15 s
SEEN_MAX = 256
SERVER_FAULT = 500


class ServerSent(Protocol):
    """What is needed of an event of the parser (httpx-sse)."""

    @property
    def event(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def retry(self) -> int | None: ...


class Following:
    """One subscriber's place, from connection to connection."""

    def __init__(self, user_id: str, last_event_id: str | None, policy: Policy) -> None:
        self.path = f"/v1/users/{quote(user_id, safe='')}/stream"
        self.last_event_id = last_event_id or ""
        self._policy, self._failures = policy, 0
        self._retry_s: float | None = None
        self._seen: OrderedDict[str, None] = OrderedDict()

    @property
    def headers(self) -> dict[str, str]:
        """Of the next connection."""
        headers = {"accept": "text/event-stream", "cache-control": "no-store"}
        if self.last_event_id:
            headers["last-event-id"] = self.last_event_id
        return headers

    def take(self, sent: ServerSent) -> Update | None:
        """What an event says, or None: it opens the stream, is of a kind that this version does
        not know, or was seen. Raises ShopkeeperError where it cannot be read."""
        self._failures = 0
        if sent.retry is not None:
            self._retry_s = sent.retry / 1000
        try:
            update = self._update(sent) if sent.data else None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ShopkeeperError(f"{self.path}: event {sent.id!r} is none: {error}") from error
        if sent.id:
            self.last_event_id = sent.id
        return update

    def cut(self, why: object = "the stream ended") -> float:
        """Seconds to wait after a connection was lost, or none could be had."""
        self._failures += 1
        # The first time as soon as the gateway allows: a cut is nobody's overload.
        seconds = self._policy.backoff_s(self._failures)
        if self._failures == 1 and self._retry_s is not None:
            seconds = min(seconds, self._retry_s)
        log.info("%s: %s; again in %.1f s", self.path, why, seconds)
        return seconds

    def refused(self, reply: Reply) -> float:
        """Seconds to wait after the gateway said no. Raises ProblemError where waiting does not
        help: another key, a user that may not be read."""
        error = problem_error(reply.status, reply.content)
        if reply.status not in AGAIN and reply.status < SERVER_FAULT:
            raise error
        asked_s = self._policy.retry_after_s(reply)
        return max(self.cut(error), min(asked_s or 0.0, self._policy.retry_after_s_max))

    def no_stream(self, error: Exception) -> ShopkeeperError:
        """What answered is no gateway."""
        return ShopkeeperError(f"{self.path}: {error}")

    def _update(self, sent: ServerSent) -> Update | None:
        if sent.event == "delete":
            self._seen.clear()
            return Erased(id=sent.id)
        if sent.event == "recommendations":
            made = msgspec.json.decode(sent.data, type=RecommendationList)
            return ListUpdate(id=sent.id, list=made) if self._is_new(made.recomm_id) else None
        if sent.event == "answer":
            answer = msgspec.json.decode(sent.data, type=Answer)
            new = self._is_new(answer.cause and f"answer to {answer.cause}")
            return AnswerUpdate(id=sent.id, answer=answer) if new else None
        return None

    def _is_new(self, name: str) -> bool:
        """Whether it was not given lately; what has no name is always new."""
        if not name:
            return True
        if name in self._seen:
            return False
        self._seen[name] = None
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)
        return True
