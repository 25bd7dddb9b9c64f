"""The client for asyncio: the methods of `sync.py`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from httpx_sse import EventSource, SSEError

from . import calls, transport
from .retrying import Lost, Pause, Policy, Reply
from .subscription import SILENCE_S_MAX, Following

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

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


class AsyncSubscription(AsyncIterator["Update"]):
    """A user's updates as they come, for ever: all since its `async with` began.

    Close it, or use it in `async with`. `last_event_id`: keep it, to go on where
    this one ended.
    """

    def __init__(self, client: AsyncClient, following: Following) -> None:
        self._client, self._following = client, following
        self._updates = self._iterate()

    def __aiter__(self) -> AsyncSubscription:
        return self

    async def __anext__(self) -> Update:
        while (update := await anext(self._updates)) is None:
            pass
        return update

    async def __aenter__(self) -> AsyncSubscription:
        await anext(self._updates)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    @property
    def last_event_id(self) -> str:
        """Of the newest update that was given."""
        return self._following.last_event_id

    async def close(self) -> None:
        """End the connection."""
        await self._updates.aclose()

    async def _iterate(self) -> AsyncGenerator[Update | None]:
        """First None, once the gateway listens for this subscriber; then its updates."""
        following, opened = self._following, False
        while True:
            try:
                async with self._client.stream(following) as response:
                    if response.status_code != httpx.codes.OK:
                        await response.aread()
                        wait_s = following.refused(transport.reply(response))
                    else:
                        async for sent in EventSource(response).aiter_sse():
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
            await asyncio.sleep(wait_s)


class AsyncClient:
    """A gateway. Used from one event loop.

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
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._url, self._key, self._timeout_s = url.rstrip("/"), key, timeout_s
        self._policy = policy or Policy()
        self._http, self._own = http or httpx.AsyncClient(), http is None

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End its connections."""
        if self._own:
            await self._http.aclose()

    # -- publish

    async def publish(self, event: Publishable) -> Receipt:
        """Send one event; return once the broker has it. Raises EventsRefused, NotConfirmed."""
        return await self._run(calls.publish([event], self._policy))

    async def publish_many(self, events: Iterable[Publishable]) -> Receipt:
        """Send events in batches. Raises EventsRefused after all are sent, NotConfirmed with those
        of the batch that did not arrive (the iterable is then not read further)."""
        return await self._run(calls.publish(events, self._policy))

    # -- subscribe

    def subscribe(self, user_id: str, *, last_event_id: str | None = None) -> AsyncSubscription:
        """The user's lists and answers as they come. First the list as it is now, or, with a
        `last_event_id`, what came since. It reconnects by itself, and none is missed or doubled."""
        return AsyncSubscription(self, Following(user_id, last_event_id, self._policy))

    def stream(self, following: Following) -> Any:
        """One connection of a subscription."""
        timeout = httpx.Timeout(self._timeout_s, read=SILENCE_S_MAX)
        headers = following.headers | transport.authorization(self._key)
        return self._http.stream(
            "GET", self._url + following.path, headers=headers, timeout=timeout
        )

    # -- read

    async def recommendations(
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
        return await self._run(
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

    async def similar(self, product_id: str) -> SimilarItems:
        """What is bought and seen with a product. Raises NotFound."""
        return await self._run(calls.similar(product_id, self._policy))

    async def sentiment(self, product_id: str) -> Sentiment:
        """How a product's reviews feel. Raises NotFound."""
        return await self._run(calls.sentiment(product_id, self._policy))

    async def trending(self, category: str | None = None) -> Trending:
        """What is clicked most lately, of all or of one category. Raises NotFound."""
        return await self._run(calls.trending(self._policy, category))

    async def search(
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
        return await self._run(
            calls.search(q, self._policy, wait, user=user, category=category, count=count)
        )

    async def found(self, pending: Pending) -> RecommendationList | None:
        """The list for a search, or None: it has not come yet."""
        return await self._run(calls.found(pending, self._policy))

    async def segments(self, user_id: str) -> dict[str, Any]:
        """Brands and categories for a user."""
        return await self._run(calls.segments(user_id, self._policy))

    async def ask(
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
        return await self._run(calls.ask(asked, wait, self._policy))

    async def answer_to(self, pending: Pending) -> Answer | None:
        """The answer, or None: it has not come yet."""
        return await self._run(calls.answer_to(pending, self._policy))

    # -- the user's own say

    async def preference(self, user_id: str) -> str:
        """How the user wants lists ranked: personalised, popular or newest."""
        return await self._run(calls.preference(user_id, self._policy))

    async def set_preference(self, user_id: str, ranking: calls.Ranking) -> None:
        """Rank this user's lists so."""
        await self._run(calls.set_preference(user_id, ranking, self._policy))

    async def assumptions(self, user_id: str) -> dict[str, Any]:
        """What is assumed of the user: groups, categories."""
        return await self._run(calls.assumptions(user_id, self._policy))

    async def forget_assumptions(self, user_id: str) -> None:
        """Delete that."""
        await self._run(calls.forget_assumptions(user_id, self._policy))

    # -- I/O

    async def _run(self, flow: Flow[T]) -> T:
        outcome: Reply | Lost | None = None
        try:
            while True:
                step = flow.send(outcome)
                outcome = None
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                else:
                    outcome = await self._send(step)
        except StopIteration as done:
            result: T = done.value
            return result

    async def _send(self, request: Request) -> Reply | Lost:
        options = transport.options(request, self._key, self._timeout_s)
        try:
            return transport.reply(
                await self._http.request(request.method, self._url + request.path, **options)
            )
        except httpx.TransportError as error:
            return transport.lost(error)
