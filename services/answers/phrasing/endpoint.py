"""The client of an OpenAI-compatible endpoint: POST .../chat/completions, on a thread of its own.

Requests of one call run side by side on that thread's event loop, so neither the worker's loop nor
its state thread does their work; who calls waits for at most the time that it gives.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import math
import threading
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
import msgspec

from ..core.phrasing.breaker import Breaker, HourlyBudget

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from ..core.phrasing.breaker import BreakerState
    from ..core.phrasing.prompt import Prompt
    from .settings import PhrasingSettings

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 262_144
RETRY_AFTER_S_MAX = 3600.0
TOKENS_MAX = 1_000_000  # of one request; an endpoint that says more is not believed
START_S = STOP_S = 2.0
GRACE_S = 0.5  # of a call, for what ends its requests

# How a request ended that had no reply, and why one was not sent.
FAILURES = ("timeout", "connection", "rate_limited", "status", "too_large", "protocol")
NOT_SENT = ("breaker", "budget", "no_time", "stopped")


class Reply(NamedTuple):
    """What became of one prompt. outcome: `replied`, `cut_off` (the reply is not whole), or one of
    `FAILURES` or `NOT_SENT`. seconds: that the request took; None: it was not sent."""

    outcome: str
    text: str = ""
    seconds: float | None = None
    tokens_in: int = 0
    tokens_out: int = 0


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None


class _Failed(Exception):
    """No reply. pause_s: for how long the endpoint wants no request."""

    def __init__(self, outcome: str, detail: str = "", pause_s: float = 0.0) -> None:
        super().__init__(outcome)
        self.outcome, self.detail, self.pause_s = outcome, detail, pause_s


class Endpoint:
    """A component of the worker: `start` and `stop` run the thread. `ask_all` is the state
    thread's; before the start and after the stop nothing is sent."""

    def __init__(self, settings: PhrasingSettings) -> None:
        self._settings = settings
        self._host = urlsplit(settings.url).hostname
        self._breaker = Breaker(settings.breaker_failures, settings.breaker_pause_s)
        self._budget = HourlyBudget(settings.requests_per_hour)
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if settings.api_key:
            self._headers["Authorization"] = f"Bearer {settings.api_key}"
        self._decoder = msgspec.json.Decoder(_Completion)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def breaker_state(self) -> BreakerState:
        return self._breaker.state

    async def start(self) -> None:
        """Begin to take requests. The endpoint need not be there."""
        started = threading.Event()
        # A daemon: a request that hangs keeps no worker from ending.
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="llm-endpoint", daemon=True
        )
        self._thread.start()
        if not await asyncio.to_thread(started.wait, START_S):
            raise RuntimeError("the thread of the large model's endpoint does not start")

    async def stop(self) -> None:
        """Give up what is out: whoever waits for it has the worker's own answer."""
        loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        await asyncio.to_thread(self._thread.join, STOP_S)

    def ask_all(self, prompts: Sequence[Prompt], seconds: float) -> list[Reply]:
        """One reply per prompt, after at most so many seconds. Raises nothing."""
        loop = self._loop
        if loop is None:
            return [Reply("stopped")] * len(prompts)
        replies = self._all(prompts, seconds)
        try:
            future = asyncio.run_coroutine_threadsafe(replies, loop)
        except RuntimeError:  # closed just now
            replies.close()
            return [Reply("stopped")] * len(prompts)
        try:
            return future.result(seconds + GRACE_S)
        except (concurrent.futures.CancelledError, TimeoutError):
            future.cancel()
            return [Reply("stopped")] * len(prompts)

    def _run(self, started: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            self._session = loop.run_until_complete(self._open())
            self._loop = loop
            started.set()
            loop.run_forever()
            open_tasks = asyncio.all_tasks(loop)
            for task in open_tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*open_tasks, return_exceptions=True))
            loop.run_until_complete(self._session.close())
        finally:
            loop.close()

    async def _open(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._settings.concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=self._headers,
        )

    async def _all(self, prompts: Sequence[Prompt], seconds: float) -> list[Reply]:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        replies = [Reply("no_time")] * len(prompts)
        waiting = iter(range(len(prompts)))
        workers: list[Coroutine[Any, Any, None]] = [
            self._work(prompts, waiting, replies, until)
            for _ in range(min(self._settings.concurrency, len(prompts)))
        ]
        await asyncio.gather(*workers)
        return replies

    async def _work(
        self,
        prompts: Sequence[Prompt],
        waiting: Iterator[int],
        replies: list[Reply],
        until: float,
    ) -> None:
        """Ask one prompt after the other, as long as there are any and there is time."""
        loop = asyncio.get_running_loop()
        for at in waiting:
            now = loop.time()
            # With less, an endpoint that is merely not quick would count as one that fails.
            if until - now < self._settings.timeout_s / 2:
                return
            if not self._breaker.admits(now):
                replies[at] = Reply("breaker")
            elif not self._budget.take(now):
                self._breaker.abandoned()
                replies[at] = Reply("budget")
            else:
                replies[at] = await self._asked(prompts[at], until)

    async def _asked(self, prompt: Prompt, until: float) -> Reply:
        """Send one and tell the breaker."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout_at(until):
                completion = await self._post(self._body(prompt))
        except _Failed as failed:
            return self._lost(failed, loop.time() - began)
        except TimeoutError:
            return self._lost(_Failed("timeout"), loop.time() - began)
        except (aiohttp.ClientError, OSError, ValueError, UnicodeError) as error:
            name = type(error).__name__  # its text may hold the address
            return self._lost(_Failed("connection", name), loop.time() - began)
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        if self._breaker.state != "closed":
            log.info("The large model at %s replies again", self._host)
        self._breaker.succeeded()
        choice, usage = completion.choices[0], completion.usage or _Usage()
        whole = choice.finish_reason in (None, "stop")
        return Reply(
            "replied" if whole else "cut_off",
            choice.message.content or "",
            loop.time() - began,
            _count(usage.prompt_tokens),
            _count(usage.completion_tokens),
        )

    def _lost(self, failed: _Failed, seconds: float) -> Reply:
        now = asyncio.get_running_loop().time()
        if self._breaker.failed(now, failed.pause_s):
            log.warning(
                "The large model at %s does not reply (%s %s): the worker's own answers stand",
                self._host,
                failed.outcome,
                failed.detail,
            )
        return Reply(failed.outcome, seconds=seconds)

    def _body(self, prompt: Prompt) -> bytes:
        fields: dict[str, Any] = {
            "model": self._settings.model,
            "messages": [{"role": role, "content": text} for role, text in prompt.messages],
            "max_tokens": self._settings.tokens_max,
            "temperature": 0,
            "stream": False,
        }
        fields |= self._settings.options
        return msgspec.json.encode({k: v for k, v in fields.items() if v is not None})

    async def _post(self, body: bytes) -> _Completion:
        # Redirects are not followed: the key is for this address.
        async with self._session.post(
            self._settings.url, data=body, allow_redirects=False
        ) as response:
            if response.status == 429:
                pause_s = _retry_after(response.headers.get("Retry-After"))
                raise _Failed("rate_limited", "429", max(pause_s, self._settings.breaker_pause_s))
            if response.status != 200:
                raise _Failed("status", str(response.status))
            read = bytearray()
            async for chunk in response.content.iter_any():
                read += chunk
                if len(read) > BODY_BYTES_MAX:
                    raise _Failed("too_large", f"over {BODY_BYTES_MAX} bytes")
        try:
            completion = self._decoder.decode(read)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise _Failed("protocol", "not a chat completion") from None
        if not completion.choices:
            raise _Failed("protocol", "no choices")
        return completion


def _retry_after(value: str | None) -> float:
    """Seconds; 0 for a date or for nonsense: the breaker's own pause holds then."""
    try:
        seconds = float(value or 0)
    except ValueError:
        return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_S_MAX) if math.isfinite(seconds) else 0.0


def _count(said: int | None) -> int:
    return min(max(said or 0, 0), TOKENS_MAX)
