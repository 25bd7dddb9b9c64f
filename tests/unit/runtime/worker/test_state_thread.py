"""The worker's trip to the state thread: every waiting partition is folded, ranked once, published.

And what of it reaches those who wait, where a part of it raises.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from shopkeeper.shared.contracts.envelope import Output, Rejected
from shopkeeper.shared.runtime.api.processor import BatchedProcessor, Processor, Stateless
from shopkeeper.shared.runtime.kafka.records import Record
from shopkeeper.shared.runtime.state.decoders import RawDecoder
from shopkeeper.shared.runtime.state.partition import PartitionState
from shopkeeper.shared.runtime.worker.state_thread import StateThread

TOPIC = "letters.v1"


class Ranking:
    """Ranks what was submitted since the last time; keeps the sizes of its batches."""

    def __init__(self):
        self.pending: list[dict] = []
        self.batches: list[int] = []

    def rank(self):
        pending, self.pending = self.pending, []
        self.batches.append(len(pending))
        for request in pending:
            request["ranked"] = True


class Requests(Stateless):
    """One request for every event; an event of no value is refused."""

    def __init__(self, ranking: Ranking, said: list[str], name: str):
        self.ranking, self.said, self.name = ranking, said, name

    def process(self, events, now_ms):
        folded, rejected = self.fold(events, now_ms)
        self.ranking.rank()
        return self.publish(folded), rejected

    def fold(self, events, now_ms):
        self.said.append(f"fold {self.name}")
        if any(event.data == b"raise" for event in events):
            raise RuntimeError("a bug in fold")
        good = [{"of": event.data} for event in events if event.data]
        self.ranking.pending += good
        refused = [Rejected(e.offset, "state", "empty", "") for e in events if not e.data]
        return good, refused

    def publish(self, folded):
        self.said.append(f"publish {self.name}")
        assert all(request["ranked"] for request in folded)
        return [Output(TOPIC, None, request["of"], []) for request in folded]


class Plain(Stateless):
    """Not batched: its outputs are there after `process`."""

    def process(self, events, now_ms):
        return [Output(TOPIC, None, b"plain", [])], []


def state(processor) -> PartitionState:
    return PartitionState(
        TOPIC,
        0,
        service="intent",
        processor=processor,
        decoder=RawDecoder(TOPIC, "letter"),
        recent_ids_max=10,
    )


def records(*values: bytes) -> list[Record]:
    return [Record(TOPIC, 0, n, 0, 0, None, value=v, headers=()) for n, v in enumerate(values)]


def trip(rank, *asked, refresh=lambda: None):
    """What each partition that asks in one turn of the loop is answered: values, or an error."""

    async def scenario():
        thread = StateThread(rank, list, refresh)
        try:
            waiting = [thread.process(*each) for each in asked]
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        finally:
            thread.stop()
        return [
            each if isinstance(each, Exception) else [output.value for output in each[1]]
            for each in answers
        ]

    return asyncio.run(scenario())


def test_partitions_that_wait_together_are_all_folded_then_ranked_once_then_published():
    ranking, said = Ranking(), []
    first, second = (state(Requests(ranking, said, name)) for name in "ab")
    answers = trip(ranking.rank, (first, records(b"1", b"2")), (second, records(b"3")))
    assert answers == [[b"1", b"2"], [b"3"]]
    assert ranking.batches == [3]
    assert said == ["fold a", "fold b", "publish a", "publish b"]


def test_a_processor_that_is_not_batched_takes_the_same_trip():
    ranking = Ranking()
    answers = trip(
        ranking.rank,
        (state(Plain()), records(b"1")),
        (state(Requests(ranking, [], "a")), records(b"2")),
    )
    assert answers == [[b"plain"], [b"2"]]


def test_a_fold_that_raises_is_told_to_its_own_partition_only():
    ranking, said = Ranking(), []
    first, second = (state(Requests(ranking, said, name)) for name in "ab")
    answers = trip(ranking.rank, (first, records(b"raise")), (second, records(b"3")))
    assert isinstance(answers[0], RuntimeError)
    assert answers[1] == [b"3"]


def test_where_ranking_raises_nobody_publishes():
    ranking, said = Ranking(), []

    def rank():
        raise RuntimeError("a bug in rank")

    first, second = (state(Requests(ranking, said, name)) for name in "ab")
    answers = trip(rank, (first, records(b"1")), (second, records(b"2")))
    assert [str(each) for each in answers] == ["a bug in rank"] * 2
    assert said == ["fold a", "fold b"]


def test_what_another_thread_made_ready_is_taken_over_before_the_first_fold():
    ranking, said = Ranking(), []
    first, second = (state(Requests(ranking, said, name)) for name in "ab")
    asked = (first, records(b"1")), (second, records(b"2"))
    trip(ranking.rank, *asked, refresh=lambda: said.append("refresh"))
    assert said == ["refresh", "fold a", "fold b", "publish a", "publish b"]


def test_where_taking_over_raises_nobody_folds():
    said = []

    def refresh():
        raise RuntimeError("a bug in refresh")

    answers = trip(
        Ranking().rank, (state(Requests(Ranking(), said, "a")), records(b"1")), refresh=refresh
    )
    assert [str(each) for each in answers] == ["a bug in refresh"]
    assert said == []


def test_a_partition_alone_publishes_the_same_before_its_dead_letters():
    ranking = Ranking()
    batch = records(b"1", b"", b"2")
    alone = state(Requests(ranking, [], "a")).process(batch, lambda: 0)
    together = state(Requests(ranking, [], "a"))
    folded = together.fold(batch, lambda: 0)
    ranking.rank()
    result = together.publish(folded)
    assert [o.value for o in result.outputs[:2]] == [b"1", b"2"]
    assert [o.value for o in result.outputs] == [o.value for o in alone.outputs]
    assert [o.topic for o in result.outputs] == [o.topic for o in alone.outputs]
    assert (result.counts, result.folded) == (alone.counts, None)


@pytest.mark.parametrize(
    ("made", "batched"), [(Plain(), False), (Requests(Ranking(), [], ""), True)]
)
def test_a_batched_processor_is_known_by_what_it_has(made: Processor, batched: bool):
    assert isinstance(made, BatchedProcessor) == batched


# -- trips


def order_of(*steps):
    """What the thread did, in order, with steps submitted in turns of their own while it is held
    up: a letter is a partition's batch, `job` is a job."""

    async def scenario():
        ranking, said = Ranking(), []
        thread = StateThread(ranking.rank, list)
        held = threading.Event()
        waiting = [thread.submit(held.wait)]
        for step in steps:
            if step == "job":
                waiting.append(thread.submit(said.append, "job"))
            else:
                asked = state(Requests(ranking, said, step)), records(b"1")
                waiting.append(thread.process(*asked))
            await asyncio.sleep(0.01)
        held.set()
        await asyncio.gather(*waiting)
        thread.stop()
        return said, ranking.batches

    return asyncio.run(scenario())


def test_batches_that_come_while_the_thread_works_share_the_next_trip():
    said, ranked = order_of("a", "b", "c")
    assert said == ["fold a", "fold b", "fold c", "publish a", "publish b", "publish c"]
    assert ranked == [3]


def test_no_batch_overtakes_a_job_that_was_submitted_before_it():
    said, ranked = order_of("a", "job", "b", "c")
    assert said == [
        "fold a", "publish a", "job", "fold b", "fold c", "publish b", "publish c",
    ]  # fmt: skip
    assert ranked == [1, 2]


# -- work that nobody waits for


def test_work_in_pieces_ends_with_the_piece_during_which_another_job_was_submitted():
    async def scenario():
        thread = StateThread(lambda: None, lambda outputs: outputs)
        pieces, told = [], []

        def piece(others_wait: bool) -> bool:
            pieces.append(others_wait)
            if len(pieces) == 3:
                # From the loop, as a worker's jobs come, while this piece still runs.
                asyncio.run_coroutine_threadsafe(submitted(), loop).result()
            return True

        async def submitted() -> None:
            told.append(thread.submit(lambda: len(pieces)))

        loop = asyncio.get_running_loop()
        more = await thread.run(thread.until_others_wait, piece)
        seen = await told[0]
        thread.stop()
        return more, pieces, seen

    more, pieces, seen = asyncio.run(scenario())
    assert more
    assert pieces == [False] * 3
    assert seen == 3


def test_work_in_pieces_is_told_that_others_wait_and_then_does_one():
    async def scenario():
        thread = StateThread(lambda: None, lambda outputs: outputs)
        told = []

        def piece(others_wait: bool) -> bool:
            told.append(others_wait)
            return True

        begin = threading.Event()
        jobs = [thread.submit(begin.wait)]
        jobs.append(thread.submit(thread.until_others_wait, piece))
        jobs.append(thread.submit(lambda: None))
        begin.set()
        await asyncio.gather(*jobs)
        thread.stop()
        return told

    assert asyncio.run(scenario()) == [True]


def test_work_in_pieces_goes_on_until_nothing_is_left():
    async def scenario():
        thread = StateThread(lambda: None, lambda outputs: outputs)
        left = [False, True, True]
        more = await thread.run(thread.until_others_wait, lambda others_wait: left.pop())
        thread.stop()
        return more, left

    assert asyncio.run(scenario()) == (False, [])
