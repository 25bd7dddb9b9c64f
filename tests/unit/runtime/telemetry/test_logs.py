"""Nothing that a customer wrote, and no id, reaches a log by way of an exception or a library."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading

import msgspec
import pytest
from aiokafka.errors import KafkaConnectionError

from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.telemetry import logs

MARK = "quibbleplotz"


@pytest.fixture(params=["text", "json"])
def written(request, monkeypatch):
    """What is logged at DEBUG, in either form."""
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("w", "DEBUG", request.param)
    return stream.getvalue


def wrong(kind):
    """Exceptions as they come about where texts and ids are worked on."""
    if kind == "key":
        return {}[MARK]
    if kind == "value":
        return int(MARK)
    if kind == "assertion":
        assert not MARK, MARK
    if kind == "decode":
        return msgspec.json.decode(json.dumps({MARK: 1}), type=dict[int, int])
    if kind == "chained":
        try:
            return wrong("key")
        except KeyError as error:
            raise OperatorNeeded("mend the rules") from error
    if kind == "group":
        raise ExceptionGroup(MARK, [ValueError(MARK), KeyError(MARK)])
    try:
        return wrong("value")
    finally:
        wrong("key")


@pytest.mark.parametrize(
    "kind", ["key", "value", "assertion", "decode", "chained", "group", "during"]
)
def test_no_exception_carries_a_text_into_a_log(written, kind):
    log = logging.getLogger("shopkeeper.services.any")
    try:
        wrong(kind)
    except Exception as error:
        log.exception("a batch has failed")
        log.error("%s: %s (%r)", "reader", error, error)
    text = written()
    assert MARK not in text
    assert "a batch has failed" in text
    assert "test_logs.py" in text  # where it happened
    assert ("mend the rules" in text) == (kind == "chained")


def test_words_that_are_ours_the_brokers_or_the_systems_are_kept(written):
    log = logging.getLogger("shopkeeper.services.any")
    for error in (OperatorNeeded("say so"), KafkaConnectionError("no broker"), OSError("disk")):
        log.error("failed: %s, %r", error, error)
    text = written()
    assert all(text.count(words) == 2 for words in ("say so", "no broker", "disk"))


def test_libraries_say_nothing_below_info_and_ours_do(written):
    logging.getLogger("aiokafka.conn").debug("Request: %s", MARK)
    logging.getLogger("another.library").debug(MARK)
    logging.getLogger("shopkeeper.shared.any").debug("ours")
    assert MARK not in written()
    assert "ours" in written()


def test_tasks_and_threads_that_fail_unseen_are_logged_without_texts(written):
    async def fails():
        raise ValueError(MARK)

    async def unseen():
        task = asyncio.get_running_loop().create_task(fails(), name="some task")
        await asyncio.sleep(0)
        del task

    def fails_in_thread():
        raise ValueError(MARK)

    asyncio.run(unseen())
    thread = threading.Thread(target=fails_in_thread)
    thread.start()
    thread.join()
    text = written()
    assert MARK not in text
    assert "Task exception was never retrieved" in text
    assert "a thread has failed" in text
