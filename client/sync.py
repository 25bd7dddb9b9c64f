"""The client that waits: one method per route."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from httpx_sse import EventSource, SSEError

from . import calls, transport
from .retrying import Lost, Pause, Policy, Reply
from .subscription import SILENCE_S_MAX, Following

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from .documents import (
        Answer,
        Pending,
        RecommendationList,
        Sentiment,
        SimilarItems,
        Trending,
        Update,
    )
    from .events import Publishable, Receipt
    from .retrying import Flow, Request

T = TypeVar("T")


class Subscription(Iterator["Update"]):
    """A user's updates as they come, for ever: all since its `with` began.

    Close it, or use it in `with`, from the thread that iterates. `last_event_id`: keep it, to go on
    where this one ended.
    """

    def __init__(self, client: Client, following: Following) -> None:
        self._client, self._following = client, following
        self._updates = self._iterate()

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> Update:
        while (update := next(self._updates)) is None:
            pass
        return update

    def __enter__(self) -> Subscription:
        next(self._updates)
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def last_event_id(self) -> str:
        """Of the newest update that was given."""
        return self._following.last_event_id

    def close(self) -> None:
        """End the connection."""
        self._updates.close()

    def _iterate(self) -> Generator[Update | None]:
        """First None, once the gateway listens for this subscriber; then its updates."""
        following, opened = self._following, False
        while True:
            try:
                with self._client.stream(following) as response:
                    if response.status_code != httpx.codes.OK:
                        response.read()
                        wait_s = following.refused(transport.reply(response))
                    else:
                        for sent in EventSource(response).iter_sse():
                            update = following.take(sent)
                            if not opened:
                                opened = True
                                yield None
                            if update is not None:
                                yield update
                        wait_s = following.cut()
            except SSEError as error:
                raise following.no_stream(error) from error
            except httpx.TransportError as error:
                wait_s = following.cut(repr(error))
            time.sleep(wait_s)


class Client:
    """A gateway. Safe to use from several threads, except for subscriptions.

    key: a secret key, a page's key, or a user's token; a callable is asked before each request, for
    tokens that expire. http: an httpx client with proxies or certificates of yours; it is not
    closed. All methods raise ProblemError and Unreachable.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | Callable[[], str] | None = None,
        policy: Policy | None = None,
        timeout_s: float = 10.0,
        http: httpx.Client | None = None,
    ) -> None:
        self._url, self._key, self._timeout_s = url.rstrip("/"), key, timeout_s
        self._policy = policy or Policy()
        self._http, self._own = http or httpx.Client(), http is None

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End its connections."""
        if self._own:
            self._http.close()

    # -- publish

    def publish(self, event: Publishable) -> Receipt:
        """Send one event; return once the broker has it. Raises EventsRefused, NotConfirmed."""
        return self._run(calls.publish([event], self._policy))

    def publish_many(self, events: Iterable[Publishable]) -> Receipt:
        """Send events in batches. Raises EventsRefused after all are sent, NotConfirmed with those
        of the batch that did not arrive (the iterable is then not read further)."""
        return self._run(calls.publish(events, self._policy))

    # -- subscribe

    def subscribe(self, user_id: str, *, last_event_id: str | None = None) -> Subscription:
        """The user's lists and answers as they come. First the list as it is now, or, with a
        `last_event_id`, what came since. It reconnects by itself, and none is missed or doubled."""
        return Subscription(self, Following(user_id, last_event_id, self._policy))

    def stream(self, following: Following) -> Any:
        """One connection of a subscription."""
        timeout = httpx.Timeout(self._timeout_s, read=SILENCE_S_MAX)
        headers = following.headers | transport.authorization(self._key)
        return self._http.stream(
            "GET", self._url + following.path, headers=headers, timeout=timeout
        )

    # -- read

    def recommendations(
        self,
        user_id: str,
        *,
        product: str | None = None,
        category: str | None = None,
        exclude: Sequence[str] = (),
        count: int | None = None,
        placement: str | None = None,
        language: str | None = None,
    ) -> RecommendationList:
        """The user's list now; with a product, a category or an `exclude`, one for that context."""
        return self._run(
            calls.recommendations(
                user_id,
                self._policy,
                product=product,
                category=category,
                exclude=exclude,
                count=count,
                placement=placement,
                language=language,
            )
        )

    def similar(self, product_id: str) -> SimilarItems:
        """What is bought and seen with a product. Raises NotFound."""
        return self._run(calls.similar(product_id, self._policy))

    def sentiment(self, product_id: str) -> Sentiment:
        """How a product's reviews feel. Raises NotFound."""
        return self._run(calls.sentiment(product_id, self._policy))

    def trending(self, category: str | None = None) -> Trending:
        """What is clicked most lately, of all or of one category. Raises NotFound."""
        return self._run(calls.trending(self._policy, category))

    def search(
        self,
        q: str,
        *,
        user: str | None = None,
        category: str | None = None,
        count: int | None = None,
        wait: float = 1.0,
    ) -> RecommendationList | Pending:
        """The list for a search, if it comes within `wait` seconds; else where it will be
        (`found`)."""
        return self._run(
            calls.search(q, self._policy, wait, user=user, category=category, count=count)
        )

    def found(self, pending: Pending) -> RecommendationList | None:
        """The list for a search, or None: it has not come yet."""
        return self._run(calls.found(pending, self._policy))

    def segments(self, user_id: str) -> dict[str, Any]:
        """Brands and categories for a user."""
        return self._run(calls.segments(user_id, self._policy))

    def ask(
        self,
        question: str,
        *,
        user_id: str | None = None,
        anonymous_id: str | None = None,
        session_id: str | None = None,
        product_id: str | None = None,
        conversation_id: str | None = None,
        wait: float = 5.0,
    ) -> Answer | Pending:
        """The answer, if it comes within `wait` seconds; else where it will be (`answer_to`)."""
        asked = {
            "question": question,
            "user_id": user_id,
            "anonymous_id": anonymous_id,
            "session_id": session_id,
            "product_id": product_id,
            "conversation_id": conversation_id,
        }
        return self._run(calls.ask(asked, wait, self._policy))

    def answer_to(self, pending: Pending) -> Answer | None:
        """The answer, or None: it has not come yet."""
        return self._run(calls.answer_to(pending, self._policy))

    # -- the user's own say

    def preference(self, user_id: str) -> str:
        """How the user wants lists ranked: personalised, popular or newest."""
        return self._run(calls.preference(user_id, self._policy))

    def set_preference(self, user_id: str, ranking: calls.Ranking) -> None:
        """Rank this user's lists so."""
        self._run(calls.set_preference(user_id, ranking, self._policy))

    def assumptions(self, user_id: str) -> dict[str, Any]:
        """What is assumed of the user: groups, categories."""
        return self._run(calls.assumptions(user_id, self._policy))

    def forget_assumptions(self, user_id: str) -> None:
        """Delete that."""
        self._run(calls.forget_assumptions(user_id, self._policy))

    # -- I/O

    def _run(self, flow: Flow[T]) -> T:
        outcome: Reply | Lost | None = None
        try:
            while True:
                step = flow.send(outcome)
                outcome = None
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                else:
                    outcome = self._send(step)
        except StopIteration as done:
            result: T = done.value
            return result

    def _send(self, request: Request) -> Reply | Lost:
        options = transport.options(request, self._key, self._timeout_s)
        try:
            return transport.reply(
                self._http.request(request.method, self._url + request.path, **options)
            )
        except httpx.TransportError as error:
            return transport.lost(error)
