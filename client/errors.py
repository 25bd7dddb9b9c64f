"""What can go wrong, by who acts next.

ShopkeeperError
  ProblemError        the gateway said no, with a problem document (RFC 9457)
    NotAllowed        401, 403: another key or token
    NotFound          404: nothing yet
    Overloaded        429, 502, 503, 504 for longer than the policy retries
  Unreachable         no reply, for longer than the policy retries
  EventsRefused       some events are wrong; the receipt names each
  NotConfirmed        some events may not have arrived; it holds them, to be published again
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .events import Event, Receipt


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document. errors: one object per event, or per parameter, that is wrong."""

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    detail: str = ""
    instance: str = ""
    errors: tuple[dict[str, Any], ...] = ()


class ShopkeeperError(Exception):
    """Base of all that this client raises."""


class ProblemError(ShopkeeperError):
    """The gateway said no; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.title}: {problem.detail}")
        self.problem = problem


class NotAllowed(ProblemError):
    """Another key or token is needed, or a newer one."""


class NotFound(ProblemError):
    """There is nothing of that name yet."""


class Overloaded(ProblemError):
    """It was tried as often as the policy says; later it may do."""


class Unreachable(ShopkeeperError):
    """No reply came; `__cause__` is httpx's error."""


class EventsRefused(ShopkeeperError):
    """Some events are wrong. `receipt` names each; all others were accepted."""

    def __init__(self, receipt: Receipt) -> None:
        first = receipt.errors[0]
        super().__init__(
            f"{len(receipt.errors)} of {receipt.sent} events refused; "
            f"number {first.index} ({first.event_id}): {first.error}: {first.detail}"
        )
        self.receipt = receipt


class NotConfirmed(ShopkeeperError):
    """Some events may not have arrived; `__cause__` says why.

    events: those, with the ids they were sent with: published again they count once. receipt: of
    what was confirmed before.
    """

    def __init__(self, events: Sequence[Event], receipt: Receipt) -> None:
        super().__init__(f"{len(events)} events are not confirmed; {receipt.accepted} are")
        self.events, self.receipt = tuple(events), receipt


def problem_error(status: int, content: bytes) -> ProblemError:
    """The error of a reply that says no, whether or not it is a problem document (a proxy's)."""
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        problem = Problem(title="Error", detail=content[:200].decode("utf-8", "replace"))
    problem = msgspec.structs.replace(problem, status=status)
    kinds: dict[int, type[ProblemError]] = {
        401: NotAllowed,
        403: NotAllowed,
        404: NotFound,
        429: Overloaded,
        502: Overloaded,
        503: Overloaded,
        504: Overloaded,
    }
    return kinds.get(status, ProblemError)(problem)
