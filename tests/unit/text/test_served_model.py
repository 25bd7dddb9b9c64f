"""A model in place of another: which are refused, what is answered, and a model in a process of its
own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from shopkeeper.services.intent.model import load_cascade
from shopkeeper.shared.text.corrections import Corrected, Correction, readable
from shopkeeper.shared.text.judge import Judge
from shopkeeper.shared.text.manifest import ModelError
from shopkeeper.shared.text.served_model import TRIAL, ModelFiles, ServedModel, try_out
from tests.model_folders import copied, leaning, manifest, put, revised

LOADER = "shopkeeper.services.intent.model:load_cascade"
TEXTS = ["where is my parcel", "我的包裹在哪里", "", "asdf", "\ud83d half a pair", "x" * 4000]


@pytest.fixture
def folder(tmp_path):
    return copied(tmp_path / "models")


@pytest.fixture
def files(folder):
    found = ModelFiles("intent", lambda: load_cascade(str(folder)), str(folder))
    found.load()
    return found


def test_the_same_model_is_loaded_once(files, folder):
    assert files.load() is None
    # The manifest is written anew, and another model of the folder is another: not ours.
    revised(folder, "sentiment", version="77.0.0")
    assert files.load() is None
    revised(folder, "intent", version="77.0.0")
    assert files.load().version == "77.0.0"
    assert files.load() is None
    revised(folder, "intent", version="1.0.0")  # back to what was there before
    assert files.load().version == "1.0.0"


def test_a_model_that_is_refused_leaves_the_one_before(files, folder):
    labels = manifest(folder)["models"]["intent"]["labels"]
    before = manifest(folder)

    def refused(match, **fields):
        revised(folder, "intent", **fields)
        with pytest.raises(ModelError, match=match):
            files.load()
        put(folder, before)
        assert files.load() is None

    version = {"version": "77.0.0"}
    refused("version is still", parameters={"abstain_below": 0.5})
    refused("other labels.*restart", **version, labels=[*labels[1:], labels[0]])
    refused("other labels.*'renamed'", **version, labels=["renamed", *labels[1:]])
    refused("names no abstain_below", **version, parameters={})
    refused("abstain_below, 1.5, is not", **version, parameters={"abstain_below": 1.5})
    refused("altered or not fetched whole", **version, sha256="0" * 64)
    refused("cannot be read", **version, file="nowhere.onnx")
    refused("train it again", **version, features_version=1)
    # Fewer labels than the model's columns.
    del (shorter := dict(before["models"]["intent"]))["labels"]
    put(folder, before | {"models": before["models"] | {"intent": shorter}})
    with pytest.raises(ModelError, match="labels"):
        files.load()
    put(folder, before | {"models": {}})
    with pytest.raises(ModelError, match="names no model 'intent'"):
        files.load()


def test_a_model_whose_labels_are_not_its_columns_is_refused(folder):
    labels = manifest(folder)["models"]["intent"]["labels"]
    revised(folder, "intent", labels=labels[:-1])
    with pytest.raises(ModelError, match="cannot answer a text"):
        ModelFiles("intent", lambda: load_cascade(str(folder)), str(folder)).load()


def test_probabilities_that_are_none_are_refused():
    class Loud:
        name, version = "loud", "1"

        def __init__(self, rows):
            self.rows = rows

        def probabilities(self, texts):
            return np.tile(np.array(self.rows, np.float32), (len(texts), 1))

    try_out(Loud([0.5, 0.5]))
    for rows in ([0.5, 0.6], [np.nan, 1.0]):
        with pytest.raises(ModelError, match="no probabilities"):
            try_out(Loud(rows))


def test_after_a_replacement_answers_counts_and_parameters_are_the_new_models(folder, tmp_path):
    one = load_cascade(str(folder))
    leaning(folder, "intent", "invoice", "77.0.0")
    other = load_cascade(str(folder))
    served, calls, told = ServedModel(one), [], []
    served.on_call(lambda seconds, texts: calls.append(texts))
    served.on_answer = lambda texts, rows: told.append((texts, rows))
    before = served.probabilities(TEXTS)
    assert np.array_equal(before, one.probabilities(TEXTS))
    assert (served.version, served.tiers.total()) == (one.version, 2 * len(TEXTS))
    served.replace(other)
    assert (served.version, served.parameters) == ("77.0.0+0.1.0", other.parameters)
    counted = len(calls)
    after = served.probabilities(TEXTS)
    assert set(after.argmax(axis=1).tolist()) == {served.labels.index("invoice")}
    assert served.tiers["tiny"] == len(TEXTS)
    assert len(calls) > counted
    assert [len(texts) for texts, _ in told] == [len(TEXTS)] * 2
    assert told[1][1] is after


def test_corrections_lie_over_the_newer_model_too_and_the_shadow_sees_none(folder):
    served, told = ServedModel(load_cascade(str(folder))), []
    corrected = Corrected(served)
    served.on_answer = lambda texts, rows: told.append(rows.copy())
    [text] = readable(TEXTS[:1])
    corrected.corrections.put(Correction(1, "c", text, "payment"))
    suffix = f"+corrections.{corrected.corrections.digest}"
    payment = served.labels.index("payment")
    assert corrected.probabilities(TEXTS)[0].argmax() == payment
    assert corrected.version == served.version + suffix
    leaning(folder, "intent", "invoice", "77.0.0")
    served.replace(load_cascade(str(folder)))
    assert corrected.version == "77.0.0+0.1.0" + suffix
    after = corrected.probabilities(TEXTS).argmax(axis=1)
    assert after[0] == payment
    assert set(after[1:].tolist()) == {served.labels.index("invoice")}
    assert told[1][0].argmax() == served.labels.index("invoice")


def test_a_model_in_another_process_answers_the_same_to_the_bit(folder):
    judge, here = Judge(LOADER, str(folder)), load_cascade(str(folder))
    assert (judge.name, judge.version, judge.labels) == (here.name, here.version, here.labels)
    assert judge.parameters == here.parameters
    for texts in (TEXTS, TRIAL, [], TEXTS * 50):
        assert np.array_equal(judge.probabilities(texts), here.probabilities(texts))
    judge.close()
    judge.close()
    with pytest.raises(ModelError, match="ended"):
        judge.probabilities(TEXTS)


def test_what_is_wrong_with_its_model_is_said_in_the_childs_words(folder):
    (folder / "intent.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"intent\.onnx: SHA-256 is"):
        Judge(LOADER, str(folder))


def test_a_child_that_was_killed_is_an_error_and_not_a_hang(folder):
    judge = Judge(LOADER, str(folder))
    os.kill(judge.process_id, signal.SIGKILL)
    with pytest.raises(ModelError, match=r"ended \(status -9\)"):
        judge.probabilities(TEXTS)


def test_no_text_stands_in_the_error_of_a_call(tmp_path, monkeypatch):
    (tmp_path / "failing.py").write_text(
        "class Model:\n"
        "    name, version, labels, parameters = 'm', '1', ('a',), {}\n"
        "    def probabilities(self, texts):\n"
        "        raise ValueError(texts[0])\n"
        "def load(folder):\n"
        "    print('what a library prints is no answer')\n"
        "    return Model()\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    judge = Judge("failing:load", "")
    with pytest.raises(ModelError, match="ValueError") as caught:
        judge.probabilities(["13800001234"])
    assert "13800001234" not in str(caught.value)
    with pytest.raises(ModelError, match="ValueError"):  # and it goes on
        judge.probabilities(["13800001234"])
    judge.close()


def test_a_child_outlives_no_parent(folder):
    """Also one that is killed: its end of the pipe is closed then."""
    code = (
        "import sys, time\n"
        "from shopkeeper.shared.text.judge import Judge\n"
        f"judge = Judge({LOADER!r}, sys.argv[1])\n"
        "print(judge.process_id, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        child = int(parent.stdout.readline())
        parent.kill()
    while _runs(child):
        time.sleep(0.05)


def _runs(process_id):
    """Not one that has ended and that nobody has asked for its status."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(process_id)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")
