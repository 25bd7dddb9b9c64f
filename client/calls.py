"""Every route of the gateway as a flow: which request it takes, and what its reply means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeVar
from urllib.parse import quote

import msgspec

from .documents import (
    Answer,
    Pending,
    RecommendationList,
    Sentiment,
    SimilarItems,
    Trending,
)
from .errors import (
    EventsRefused,
    NotConfirmed,
    NotFound,
    Overloaded,
    ProblemError,
    ShopkeeperError,
    Unreachable,
)
from .events import Batch, Receipt, batches, unsent
from .retrying import Policy, Request, send

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .events import Publishable
    from .retrying import Flow, Reply

    Param = str | float | Sequence[str] | None

T = TypeVar("T")
Ranking = Literal["personalised", "popular", "newest"]
JSON = (("content-type", "application/json"),)
CLOUDEVENTS = (("content-type", "application/cloudevents-batch+json"),)
TOO_LARGE, BAD, ACCEPTED = 413, 400, 202


def publish(given: Iterable[Publishable], policy: Policy) -> Flow[Receipt]:
    """All events, batch by batch. Raises EventsRefused once all are sent, NotConfirmed at the first
    batch that the broker did not take, ProblemError."""
    receipt = Receipt()
    for whole in batches(given):
        waiting = [whole]
        while waiting:
            batch = waiting.pop()
            try:
                receipt = receipt.plus((yield from _publish_batch(batch, policy)))
            except ProblemError as error:
                if error.problem.status == TOO_LARGE and len(batch.events) > 1:
                    waiting += reversed(batch.halves())
                    continue
                if isinstance(error, Overloaded):
                    raise NotConfirmed(unsent(batch, waiting), receipt) from error
                raise
            except Unreachable as error:
                raise NotConfirmed(unsent(batch, waiting), receipt) from error
    if receipt.errors:
        raise EventsRefused(receipt)
    return receipt


def _publish_batch(batch: Batch, policy: Policy) -> Flow[Receipt]:
    request = Request("POST", "/v1/events", content=batch.body, headers=CLOUDEVENTS)
    try:
        reply = yield from send(request, policy)
    except ProblemError as error:
        errors = error.problem.errors
        if error.problem.status != BAD or not all("index" in each for each in errors) or not errors:
            raise
        return batch.receipt({"errors": errors})  # none of them was right
    return batch.receipt(msgspec.json.decode(reply.content))


def recommendations(user_id: str, policy: Policy, **context: Param) -> Flow[RecommendationList]:
    """The user's list, or one for this request's context."""
    return _read(_user(user_id, "recommendations"), policy, RecommendationList, context)


def search(
    q: str, policy: Policy, wait: float, **context: Param
) -> Flow[RecommendationList | Pending]:
    """The list for a search, or where it will be. A search is published by each request."""
    params = _params({"q": q, "wait": wait, **context})
    request = Request("GET", "/v1/search", params, repeatable=False, patience_s=wait)
    return _or_pending((yield from send(request, policy)), RecommendationList)


def found(pending: Pending, policy: Policy) -> Flow[RecommendationList | None]:
    """The list for a search, once it is there."""
    return _later(pending, policy, RecommendationList)


def similar(product_id: str, policy: Policy) -> Flow[SimilarItems]:
    """A product's neighbours."""
    return _read(_product(product_id, "similar"), policy, SimilarItems)


def sentiment(product_id: str, policy: Policy) -> Flow[Sentiment]:
    """What a product's reviews say."""
    return _read(_product(product_id, "sentiment"), policy, Sentiment)


def trending(policy: Policy, category: str | None) -> Flow[Trending]:
    """What is clicked most."""
    return _read("/v1/trending", policy, Trending, {"category": category})


def segments(user_id: str, policy: Policy) -> Flow[dict[str, Any]]:
    """Brands and categories for a user."""
    return _read("/v1/segments", policy, dict[str, Any], {"user": user_id})


def preference(user_id: str, policy: Policy) -> Flow[str]:
    """How the user wants lists ranked."""
    said = yield from _read(_user(user_id, "preference"), policy, dict[str, Any])
    return str(said.get("ranking", "personalised"))


def set_preference(user_id: str, ranking: Ranking, policy: Policy) -> Flow[None]:
    """Set that."""
    content = msgspec.json.encode({"ranking": ranking})
    request = Request("PUT", _user(user_id, "preference"), content=content, headers=JSON)
    yield from send(request, policy)


def assumptions(user_id: str, policy: Policy) -> Flow[dict[str, Any]]:
    """What is assumed of the user."""
    return _read(_user(user_id, "assumptions"), policy, dict[str, Any])


def forget_assumptions(user_id: str, policy: Policy) -> Flow[None]:
    """Delete that."""
    yield from send(Request("DELETE", _user(user_id, "assumptions")), policy)


def ask(question: dict[str, str | None], wait: float, policy: Policy) -> Flow[Answer | Pending]:
    """An answer within `wait` seconds, or where it will be. A question is published by each
    request, so one whose reply was lost is not asked again."""
    content = msgspec.json.encode({k: v for k, v in question.items() if v is not None})
    request = Request(
        "POST",
        "/v1/questions",
        (("wait", f"{wait:g}"),),
        content,
        JSON,
        repeatable=False,
        patience_s=wait,
    )
    return _or_pending((yield from send(request, policy)), Answer)


def answer_to(pending: Pending, policy: Policy) -> Flow[Answer | None]:
    """The answer, once it is there."""
    return _later(pending, policy, Answer)


def _or_pending(reply: Reply, kind: type[T]) -> T | Pending:
    if reply.status == ACCEPTED:
        return Pending(location=reply.headers["location"])
    return _decoded(reply, kind)


def _later(pending: Pending, policy: Policy, kind: type[T]) -> Flow[T | None]:
    try:
        return _decoded((yield from send(Request("GET", pending.location), policy)), kind)
    except NotFound:
        return None


def _read(
    path: str,
    policy: Policy,
    kind: type[T],
    params: Mapping[str, Param] | None = None,
) -> Flow[T]:
    request = Request("GET", path, _params(params or {}))
    return _decoded((yield from send(request, policy)), kind)


def _params(given: Mapping[str, Param]) -> tuple[tuple[str, str], ...]:
    """As the gateway reads them: what is None is left out, several are several of one name."""
    found: list[tuple[str, str]] = []
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, int | float):
            found.append((name, f"{value:g}"))
        elif isinstance(value, str):
            found.append((name, value))
        else:
            found += [(name, each) for each in value]
    return tuple(found)


def _decoded(reply: Reply, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(reply.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ShopkeeperError(f"the reply is none of a gateway's: {error}") from error


def _user(user_id: str, what: str) -> str:
    return f"/v1/users/{quote(user_id, safe='')}/{what}"


def _product(product_id: str, what: str) -> str:
    return f"/v1/products/{quote(product_id, safe='')}/{what}"
