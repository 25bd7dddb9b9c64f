"""A corrected label changes what a running worker answers within seconds, and can be withdrawn."""

from __future__ import annotations

import asyncio
import itertools
import time

import orjson

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.readers import ShopEvent
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.testing.records import read_topic
from shopkeeper.shared.testing.workers import worker_process
from tests.broker.test_end_to_end import outputs, publish
from tests.broker.test_replay_cli import shopkeeper

START_MS = 1_790_000_000_000
SECONDS_MAX = 30  # on a busy machine; about one on an idle one
TEXT = "what is your return policy"
OTHER = "wireless headphones"
numbers = itertools.count()


def asked(kafka, worker, text):
    """The answer to a search for `text`."""
    name = f"s{next(numbers)}"
    data = {"query": text, "user_id": "u"}
    event = ShopEvent(topics.SEARCHES, "products.searched.v1", "u", data, START_MS, name)
    publish(kafka, [event])
    while True:
        worker.alive()
        for headers, value in outputs(kafka, topics.INTENTS):
            if headers["ce_causationid"] == name:
                return value
        time.sleep(0.1)


def correct(kafka, value):
    async def send():
        async with Publisher(kafka, "test") as publisher:
            await publisher.send(topics.CORRECTIONS, b"c1", value, partition=0)

    asyncio.run(send())


def until(kafka, worker, wanted):
    deadline = time.monotonic() + SECONDS_MAX
    while not wanted(answer := asked(kafka, worker, TEXT)):
        assert time.monotonic() < deadline, answer
    return answer


def test_a_correction_changes_answers_within_seconds_until_it_is_withdrawn(kafka):
    value = {"task": "intent", "text": TEXT.title() + "?", "label": "out_of_scope", "by": "ann"}
    with worker_process("intent", kafka) as worker:
        before, other = asked(kafka, worker, TEXT), asked(kafka, worker, OTHER)
        assert before["intent"] != "out_of_scope"
        correct(kafka, orjson.dumps(value))
        corrected = until(kafka, worker, lambda answer: answer["intent"] == "out_of_scope")
        version = corrected["model"]["version"]
        assert version.startswith(before["model"]["version"] + "+corrections.")
        untouched = asked(kafka, worker, OTHER)
        assert untouched["probabilities"] == other["probabilities"]
        assert untouched["model"]["version"] == version
        correct(kafka, None)
        after = until(kafka, worker, lambda answer: answer["intent"] != "out_of_scope")
        assert (after["probabilities"], after["model"]) == (
            before["probabilities"],
            before["model"],
        )
        assert worker.terminate() == 0, worker.output()
        assert "out_of_scope by ann" in worker.output()


def corrections(kafka, *arguments, status=0):
    """The command's result; its error where another status is wanted."""
    done = shopkeeper(kafka, "corrections", *arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def test_the_command_corrects_an_answer_and_remove_brings_the_models_back(kafka):
    with worker_process("intent", kafka) as worker:
        before = asked(kafka, worker, TEXT)
        name = corrections(kafka, "add", "intent", TEXT, "chitchat", "--by", "ann").strip()
        corrected = until(kafka, worker, lambda answer: answer["intent"] == "chitchat")
        assert corrected["model"]["version"] != before["model"]["version"]
        # Another spelling of the text is the same one.
        assert corrections(kafka, "remove", "intent", f" {TEXT.upper()}? ").strip() == name
        after = until(kafka, worker, lambda answer: answer["intent"] != "chitchat")
        assert (after["probabilities"], after["model"]) == (
            before["probabilities"],
            before["model"],
        )
        assert worker.terminate() == 0, worker.output()
        assert "chitchat by ann" in worker.output()


def test_corrections_are_listed_loaded_replaced_and_withdrawn(kafka, tmp_path):
    file = tmp_path / "corrected.csv"
    file.write_text(
        "text,label,task,by\n"
        '"call me, 13900001234",positive,,\n'
        "good thing,neutral,,bea\n"
        "where is it,track_order,intent,\n",
        "utf-8",
    )
    loaded = corrections(kafka, "load", str(file), "--task", "sentiment", "--by", "week 12")
    assert orjson.loads(loaded) == {"corrections": 3, "replaced": 0}
    again = shopkeeper(kafka, "corrections", "add", "sentiment", "Good thing!", "negative")
    assert "replaces sentiment/" in again.stderr
    # Of a client that hashes otherwise, and one that no worker can use.
    correct(kafka, orjson.dumps({"task": "intent", "text": "x", "label": "unheard of"}))
    listed = [orjson.loads(line) for line in corrections(kafka, "list", "--json").splitlines()]
    found = [(one["task"], one["text"], one["label"]) for one in listed]
    assert sorted(found[:2]) == [
        ("intent", "where is it", "track_order"),
        ("sentiment", "call me, [phone]", "positive"),
    ]
    assert found[2:] == [("sentiment", "Good thing!", "negative"), ("intent", "x", "unheard of")]
    assert "none of the labels" in listed[-1]["refused"]
    shown = corrections(kafka, "list", "intent")
    assert "not used: 'unheard of' is none of the labels" in shown
    assert "good thing" not in shown.lower()

    assert corrections(kafka, "remove", "--name", "c1").split() == ["c1"]
    gone = corrections(kafka, "remove", "--by", "week 12", "--yes").split()
    assert len(gone) == 2
    left = [orjson.loads(line) for line in corrections(kafka, "list", "--json").splitlines()]
    assert [one["text"] for one in left] == ["Good thing!"]
    # A tombstone stands where its record stands, or a compacted topic would keep the record.
    by_key = {}
    for record in asyncio.run(read_topic(kafka, topics.CORRECTIONS)):
        by_key.setdefault(record.key, set()).add(record.partition)
    assert all(len(partitions) == 1 for partitions in by_key.values())


def test_what_cannot_be_corrected_is_said_and_nothing_is_written(kafka, tmp_path):
    error = corrections(kafka, "add", "intent", "x", "positive", status=2)
    assert "'positive' is none of the labels" in error
    assert "track_order" in error
    assert "no correction of intent for 'x'" in corrections(
        kafka, "remove", "intent", "x", status=1
    )
    assert "say which" in corrections(kafka, "remove", "intent", status=2)
    assert "no correction by ann" in corrections(kafka, "remove", "--by", "ann", status=1)
    file = tmp_path / "bad.jsonl"
    file.write_text('{"text": "a", "label": "positive"}\n{"text": "b", "label": "great"}\n')
    error = corrections(kafka, "load", str(file), "--task", "sentiment", status=1)
    assert "row 2: 'great' is none of the labels" in error
    assert corrections(kafka, "list") == ""
