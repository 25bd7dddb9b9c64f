"""The Python client, waiting and for asyncio, on a real gateway: publish, read, streams that are
cut and go on."""

from __future__ import annotations

import asyncio
import json
import queue
import random
import threading
import time

import pytest

from shopkeeper.client import (
    AnswerUpdate,
    AsyncClient,
    Client,
    Erased,
    EventsRefused,
    ListUpdate,
    NotAllowed,
    NotConfirmed,
    NotFound,
    Pending,
    Policy,
    ProductClicked,
    ProductReviewed,
    UserErased,
)
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process

from .client_streams import CuttingProxy, gateway, lists, publish

QUICK = Policy(pause_s=0.05, pause_s_max=0.5, tries_max=400)
NAMES = [f"list-{number:03}" for number in range(120)]
CUTS = random.Random(17).sample(range(250, 1500), 12)  # headers take about 200 bytes


def names_of(updates):
    return [update.list.recomm_id for update in updates]


def follow(url, user, count, seen=lambda update: None, last_event_id=None):
    """The next `count` updates, by the client that waits."""
    with (
        Client(url, policy=QUICK) as shop,
        shop.subscribe(user, last_event_id=last_event_id) as all_,
    ):
        found = []
        for update in all_:
            found.append(update)
            seen(update)
            if len(found) == count:
                break
        return found


async def follow_async(url, user, count, seen=lambda update: None, last_event_id=None):
    """The same by the other."""
    async with (
        AsyncClient(url, policy=QUICK) as shop,
        shop.subscribe(user, last_event_id=last_event_id) as updates,
    ):
        found = []
        async for update in updates:
            found.append(update)
            seen(update)
            if len(found) == count:
                break
        return found


FOLLOWERS = {
    "sync": follow,
    "async": lambda *args, **more: asyncio.run(follow_async(*args, **more)),
}


class Follower:
    """A subscriber on a thread, which the test publishes to."""

    def __init__(self, twin, url, user, count):
        self.started, self.found, self._seen = threading.Event(), [], queue.Queue()
        self.thread = threading.Thread(target=self._run, args=(twin, url, user, count), daemon=True)
        self.thread.start()

    def _run(self, twin, *args):
        self.found = FOLLOWERS[twin](*args, seen=self._see)

    def _see(self, update):
        self._seen.put(update)
        self.started.set()

    def wait_for(self, count):
        """Until it has seen so many more."""
        for _ in range(count):
            self._seen.get(timeout=120)

    def result(self):
        self.thread.join(120)
        assert not self.thread.is_alive(), "some updates did not come"
        return self.found


def until_there(read):
    """What is published within a second or two."""
    while True:
        try:
            return read()
        except NotFound:
            time.sleep(0.05)


def test_a_click_published_comes_back_as_a_list(kafka):
    with worker_process("recommender", kafka), gateway(kafka) as (_, url), Client(url) as shop:
        shop.publish_many(ProductClicked(user_id="u0", product_id=each) for each in ("p1", "p2"))
        until_there(lambda: shop.similar("p1"))
        # The recommender reads that row by itself, and makes nobody's list of it before.
        while not shop.recommendations("u2").recomm_id:
            shop.publish(ProductClicked(user_id="u2", product_id="p1"))
            time.sleep(0.05)
        with shop.subscribe("u1") as updates:
            receipt = shop.publish(ProductClicked(user_id="u1", product_id="p1", session_id="s"))
            assert (receipt.accepted, receipt.errors) == (1, ())
            update = next(updates)
            assert isinstance(update, ListUpdate)
            assert update.list.user_id == "u1"
        assert shop.recommendations("u1").recomm_id == update.list.recomm_id
    clicks = asyncio.run(read_topic(kafka, topics.CLICKS))
    (click,) = (each for each in clicks if each.key == b"u1")
    assert json.loads(click.value)["id"] == update.list.cause, "the client's id is the list's cause"


@pytest.mark.parametrize("twin", FOLLOWERS)
def test_a_stream_cut_anywhere_misses_and_doubles_nothing(kafka, twin):
    asyncio.run(publish(kafka, lists("u", ["first"])))
    with gateway(kafka) as (_, url), CuttingProxy.before(url, CUTS) as proxy:
        follower = Follower(twin, proxy.url, "u", len(NAMES) + 1)
        assert follower.started.wait(60)
        # One by one, so that connections are cut between and within them.
        both = [lists(user, [name])[0] for name in NAMES for user in ("other", "u")]
        asyncio.run(publish(kafka, both))
        assert names_of(follower.result()) == ["first", *NAMES]
        assert proxy.connections > len(CUTS), "every cut happened"


@pytest.mark.parametrize("twin", FOLLOWERS)
def test_a_stream_goes_on_over_a_killed_gateway(kafka, twin):
    port = free_port()
    asyncio.run(publish(kafka, lists("u", ["first"])))
    with gateway(kafka, port) as (worker, url):
        follower = Follower(twin, url, "u", 8)
        assert follower.started.wait(60)
        asyncio.run(publish(kafka, lists("u", ["before"])))
        worker.kill()
    asyncio.run(publish(kafka, lists("u", ["while-1", "while-2", "while-3"])))
    with gateway(kafka, port):
        asyncio.run(publish(kafka, lists("u", ["after"])))
        follower.wait_for(6)  # what an erased user has not been told by then is told to nobody
        asyncio.run(publish(kafka, [(topics.RECOMMENDATIONS, "u", None), *lists("u", ["anew"])]))
        found = follower.result()
    assert isinstance(found[6], Erased)
    assert names_of([*found[:6], found[7]]) == [
        "first", "before", "while-1", "while-2", "while-3", "after", "anew"
    ]  # fmt: skip


def test_a_place_that_was_kept_resumes_in_another_process(kafka):
    asyncio.run(publish(kafka, lists("u", ["a"])))
    with gateway(kafka) as (_, url):
        (seen,) = follow(url, "u", 1)
        asyncio.run(publish(kafka, lists("u", ["b", "c"])))
        again = FOLLOWERS["async"](url, "u", 2, last_event_id=seen.id)
        assert names_of(again) == ["b", "c"]


def test_events_wait_for_a_gateway_and_arrive_once_per_id(kafka):
    """The gateway is not there; then replies are lost: the same ids are sent again."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    clicks = [ProductClicked(user_id=f"u{n}", product_id="p") for n in range(1200)]
    failed = []
    with Client(url, policy=Policy(tries_max=2, pause_s=0.01)) as shop:
        try:
            shop.publish_many(clicks)
        except NotConfirmed as error:
            failed = error.events
    assert len(failed) == 500, "the first batch, with its ids, to be sent again"
    with gateway(kafka, port), CuttingProxy.before(url, [0, 40, 0]) as proxy:
        with Client(proxy.url, policy=QUICK) as shop:
            receipt = shop.publish_many(failed)
        assert receipt.accepted == 500
        assert proxy.connections == 4
    sent = asyncio.run(read_topic(kafka, topics.CLICKS))
    ids = {json.loads(record.value)["id"] for record in sent}
    assert ids == {event.id for event in failed}
    assert len(sent) > len(ids), "what was lost was the reply"


def test_what_is_wrong_is_named_and_all_else_arrives(kafka):
    async def run(url):
        async with AsyncClient(url) as shop:
            good = [ProductReviewed(product_id="p", review_id=str(n), rating=4) for n in range(700)]
            bad = {"type": "product.clicked.v1", "id": "no-product", "user_id": "u"}
            with pytest.raises(EventsRefused) as refused:
                await shop.publish_many([*good[:650], bad, *good[650:]])
            (error,) = refused.value.receipt.errors
            assert (error.index, error.event_id) == (650, "no-product")
            assert "product_id" in error.detail
            assert refused.value.receipt.accepted == 700
            with pytest.raises(EventsRefused, match="no-product"):
                await shop.publish(bad)
            with pytest.raises(NotFound, match="p9"):
                await shop.similar("p9")
            assert await shop.recommendations("nobody")

    # A body of 1 kB holds few reviews: batches are halved until they fit.
    with gateway(kafka, GATEWAY_BODY_BYTES_MAX=16_000) as (_, url):
        asyncio.run(run(url))
    assert len(asyncio.run(read_topic(kafka, topics.REVIEWS))) == 700


def test_keys_and_tokens_are_sent_and_their_limits_raised(kafka):
    asyncio.run(publish(kafka, lists("a", ["one"])))
    with (
        gateway(kafka, GATEWAY_SECRET_KEYS="s", GATEWAY_PAGE_KEYS="p") as (_, url),
        Client(url, key=lambda: "s") as server,
        Client(url, key="p") as page,
    ):
        assert server.recommendations("a").recomm_id == "one"
        assert page.publish(ProductClicked(anonymous_id="x", product_id="p")).accepted == 1
        with pytest.raises(EventsRefused, match="secret key"):
            page.publish(UserErased(user_id="a"))
        with pytest.raises(NotAllowed) as problem:
            page.recommendations("a")
        assert problem.value.problem.status == 403
        with pytest.raises(NotAllowed), page.subscribe("a") as updates:
            next(updates)


def test_a_question_is_answered_or_waited_for(kafka):
    with worker_process("answers", kafka), gateway(kafka) as (_, url), Client(url) as shop:
        said = shop.ask("hello", anonymous_id="page-1", wait=20)
        assert not isinstance(said, Pending)
        assert said.route == "smalltalk"
        with shop.subscribe("page-1") as updates:  # from here on no answer is missed
            later = shop.ask("hello again", anonymous_id="page-1", wait=0)
            assert isinstance(later, Pending)
            update = next(updates)
            assert isinstance(update, AnswerUpdate)
        assert shop.answer_to(later) == update.answer
        assert shop.answer_to(Pending(location="/v1/questions/none/answer")) is None
