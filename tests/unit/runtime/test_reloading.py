"""Files that are loaded anew: when, what is refused, and what a reader of the value sees."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time

import pytest

from shopkeeper.shared.runtime.reloading import ChangeDetector, FileWatch, Reloadable, signature
from shopkeeper.shared.runtime.telemetry.metrics import Registry

A, B, C = ((("file", n, n, n),) for n in (1, 2, 3))
COUNTED = "shopkeeper_model_reloads_total"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "number"
    path.write_text("1")
    return path


def reloadable(path, load=None):
    def number():
        return int(path.read_text())

    return Reloadable("intent", "rules", path, load or number, lambda: "The one before goes on")


def rewritten(path, text):
    """Written as an editor would, so that a file system's coarse clock cannot hide it."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(path)


def taken(found):
    while (value := found.take()) is None:
        time.sleep(0.01)
    return value


def looked(found):
    """Two looks: files are at rest at the second."""
    found.look()
    found.look()
    return found.take()


def test_files_are_due_once_when_they_have_changed_and_are_at_rest():
    changes = ChangeDetector(A)
    assert not changes.due(A)
    assert not changes.due(B)  # perhaps still being written
    assert not changes.due(C)
    assert changes.due(C)
    assert changes.due(C)  # until somebody has tried
    changes.tried(C)
    assert not changes.due(C)
    assert not changes.due(A)
    assert changes.due(A)  # also what was there before is another version


def test_a_signature_follows_links_and_names_what_lies_right_inside(tmp_path):
    one, other = tmp_path / "v1", tmp_path / "v2"
    for folder in (one, other):
        (folder / "inside").mkdir(parents=True)
        (folder / "model").write_text("m")
        (folder / "inside" / "else").write_text("e")
    link = tmp_path / "now"
    link.symlink_to(one)
    before = signature(link)
    assert [name for name, *_ in before] == ["model"]
    link.unlink()
    link.symlink_to(other)
    assert signature(link) != before
    assert signature(tmp_path / "nothing") == ()
    assert signature(one / "model") == before


def test_a_changed_file_is_loaded_and_taken_once(file):
    found = reloadable(file)
    assert found.first() == 1
    assert looked(found) is None
    rewritten(file, "2")
    found.look()
    assert found.take() is None
    found.look()
    assert found.take() == 2
    assert found.take() is None


def test_only_the_newest_of_several_values_is_taken(file):
    found = reloadable(file)
    found.first()
    for text in ("2", "3"):
        rewritten(file, text)
        found.look()
        found.look()
    assert found.take() == 3
    assert found.take() is None


def test_what_cannot_be_used_is_said_once_and_tried_again_when_it_changes(file, caplog):
    found = reloadable(file)
    observe = found.metrics(registry := Registry())
    labels = {"model": "intent", "kind": "rules"}

    def sample(name, **more):
        observe()
        return registry.get_sample_value(name, labels | more)

    found.first()
    assert sample("shopkeeper_last_reload_successful") == 1
    assert sample(COUNTED, outcome="refused") == 0
    rewritten(file, "two")
    for _ in range(5):
        assert looked(found) is None
    [record] = caplog.records
    assert str(file) in record.message
    assert "'two'" in record.message
    assert "The one before goes on" in record.message
    assert record.exc_info is None
    assert sample("shopkeeper_last_reload_successful") == 0
    assert sample(COUNTED, outcome="refused") == 1
    rewritten(file, "2")
    assert looked(found) == 2
    assert sample("shopkeeper_last_reload_successful") == 1
    assert sample(COUNTED, outcome="loaded") == 1


def test_a_file_that_goes_away_is_refused_and_found_again(file):
    found = reloadable(file)
    found.first()
    file.unlink()
    assert looked(found) is None
    assert found.failing
    file.write_text("3")
    assert looked(found) == 3
    assert not found.failing


def test_a_bug_in_the_loader_is_told_with_its_trace_and_ends_nothing(file, caplog):
    def load():
        raise KeyError("bug")

    found = reloadable(file, load)
    found.load_now()
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert found.failing


@pytest.mark.parametrize("fails", [False, True])
def test_what_was_read_while_files_changed_is_dropped_without_a_word(file, caplog, fails):
    """It may be of two versions. The files are loaded when they are at rest."""
    interfere = iter(["2", None, None])

    def load():
        before = int(file.read_text())
        if (text := next(interfere)) is not None:
            rewritten(file, text)
            if fails:
                raise ValueError("half copied")
        return before

    found = reloadable(file, load)
    found.load_now()
    assert found.take() is None
    assert not caplog.records
    assert looked(found) == 2


def test_nothing_new_is_no_reload_and_mends_a_refusal(file):
    """As of another model's files in the same folder."""
    answers = iter([1, ValueError("broken"), None])

    def load():
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = reloadable(file, load)
    found.first()
    rewritten(file, "2")
    assert looked(found) is None
    assert found.failing
    rewritten(file, "1")
    assert looked(found) is None
    assert not found.failing


def test_the_watch_looks_on_a_thread_of_its_own_and_stops(file):
    loaded_on = []
    more = threading.Event()

    def load():
        loaded_on.append(threading.get_ident())
        more.set()
        return int(file.read_text())

    async def run():
        found, unread = reloadable(file, load), reloadable(file)
        found.first()
        watch = FileWatch([found, unread], 0.01)
        await watch.start()
        more.clear()
        rewritten(file, "2")
        await asyncio.to_thread(more.wait)
        value = await asyncio.to_thread(taken, found)
        await watch.stop()
        return value, unread.take()

    assert asyncio.run(run()) == (2, 2)
    first, *others = loaded_on
    assert first == threading.get_ident()
    assert threading.get_ident() not in others
    assert "reloading" not in {thread.name for thread in threading.enumerate()}


def test_a_watch_that_never_looks_reads_what_was_never_read(file):
    async def run():
        found, unread = reloadable(file), reloadable(file)
        found.first()
        watch = FileWatch([found, unread], 0)
        await watch.start()
        value = await asyncio.to_thread(taken, unread)
        await watch.stop()
        return value, found.take()

    assert asyncio.run(run()) == (1, None)


def test_an_unreadable_folder_has_an_empty_signature(tmp_path):
    loop = tmp_path / "loop"
    os.symlink(loop, loop)
    assert signature(loop) == ()
