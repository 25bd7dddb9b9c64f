"""`shopkeeper train`, whole: rows in, a folder that workers load out."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli import train
from shopkeeper.shared.text.manifest import read_manifest
from tests import model_folders

WHERE = ["please", "now", "today", "thanks", "asap"]


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Path:
    """The shipped n-grams, without Transformers: fast."""
    return model_folders.copied(tmp_path_factory.mktemp("running") / "models")


def lines(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def rentals(path: Path, flip: bool = False) -> Path:
    """Rows of a label that the running model has not."""
    chance = random.Random(1)
    rows = []
    for _ in range(180):
        number, word = chance.randrange(10**6), chance.choice(WHERE)
        pairs = [
            (f"can i rent tool {number} for a week {word}", "rental"),
            (f"where is parcel {number} {word}", "track_order"),
        ]
        rows += [{"text": text, "label": label} for text, label in pairs]
    return lines(path, rows)


def run(*given: object):
    return CliRunner().invoke(train.command, [str(each) for each in given])


def test_what_is_missing_is_named_with_the_way_to_get_it() -> None:
    error = train.missing(ModuleNotFoundError("x", name="torch._C"), "train-reader", "training")
    assert 'pip install "shopkeeper[train-reader]"' in str(error)
    assert "requirements-training.lock" in str(error)
    other = ModuleNotFoundError("x", name="ours")
    assert train.missing(other, "train", "training") is other


def test_new_labels_from_nothing_to_a_folder_that_the_worker_loads(tmp_path, running) -> None:
    pytest.importorskip("onnx", reason="onnx is of the extra `train`")
    from shopkeeper.services.intent.model import load_model

    data, out = rentals(tmp_path / "own.jsonl"), tmp_path / "out"
    before = (running / "manifest.json").read_bytes()
    told = run("intent", data, "--out", out, "--replace", running)
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert report["training"]["start"] == "nothing"
    assert report["all"]["new"]["accuracy"] > 0.95
    assert report["verdict"]["worse"] is False

    model, thresholds = load_model(str(running))
    assert set(model.labels) == {"out_of_scope", "rental", "track_order"}
    assert 0 <= thresholds.abstain_below <= 1
    p = model.probabilities(["can i rent a saw"])[0]
    assert model.labels[int(p.argmax())] == "rental"
    assert p[model.labels.index("out_of_scope")] < 1e-6  # a label without rows

    entry = read_manifest(running).models["intent"]
    assert (running / entry.file).stat().st_size < 40 * 10**6
    assert not [path for path in out.rglob("*") if path.suffix in {".pkl", ".pickle"}]
    card = (running / entry.card).read_text("utf-8")
    assert entry.version in card
    assert "own.jsonl" in card
    (running / "manifest.json").write_bytes(before)


def test_the_same_command_goes_on_from_its_state(tmp_path, running) -> None:
    pytest.importorskip("onnx", reason="onnx is of the extra `train`")
    data, out = rentals(tmp_path / "own.jsonl"), tmp_path / "out"
    options = ["intent", data, "--out", out, "--start", "nothing"]
    first = run(*options)
    kept = sorted(path.name for path in (out / "state").rglob("fold*.npz"))
    assert len(kept) == 4
    (out / "state" / next((out / "state").iterdir()).name / "all rows.npz").unlink()
    second = run(*options)
    assert "fold 4 of 4: kept from before" in second.stderr
    assert "all rows: kept" not in second.stderr
    versions = [json.loads(told.stdout)["versions"]["new"] for told in (first, second)]
    assert versions[0] == versions[1]  # the same weights, to the bit


def test_a_worse_model_replaces_nothing_unless_forced(tmp_path, running) -> None:
    pytest.importorskip("onnx", reason="onnx is of the extra `train`")
    chance = random.Random(2)
    labels = ["positive", "negative"]
    texts = [
        (f"{chance.choice(['lovely', 'great', 'superb'])} thing {n}", "positive") if n % 2
        else (f"{chance.choice(['awful', 'broken', 'useless'])} thing {n}", "negative")
        for n in range(400)
    ]  # fmt: skip
    rows = [{"text": text, "label": label, "split": "test"} for text, label in texts[:200]]
    # Labels of training that say the opposite: what is learned is worse.
    rows += [
        {"text": text, "label": labels[label == "positive"], "split": "train"}
        for text, label in texts[200:]
    ]
    data = lines(tmp_path / "own.jsonl", rows)
    before = (running / "manifest.json").read_bytes()
    options = ["sentiment", data, "--out", tmp_path / "out", "--replace", running]
    told = run(*options)
    assert told.exit_code == 1
    assert "stays as it is: worse than the running model" in told.output
    assert (running / "manifest.json").read_bytes() == before
    told = run(*options, "--force")
    assert told.exit_code == 0, told.output
    entry = read_manifest(running).models["sentiment"]
    assert "-own." in entry.version
    (running / "manifest.json").write_bytes(before)


def test_a_few_rows_teach_the_running_model_and_leave_the_rest(tmp_path, running) -> None:
    pytest.importorskip("onnx", reason="onnx is of the extra `train`")
    from shopkeeper.services.intent.model import load_model

    texts = [f"zorblax {n} {word}" for n in range(60) for word in WHERE]
    data = lines(tmp_path / "own.jsonl", [{"text": t, "label": "invoice"} for t in texts])
    told = run("intent", data, "--out", tmp_path / "out", "--replace", running)
    # Rows of one label alone: the running model knows the others.
    assert told.exit_code == 0, told.output
    report = json.loads(told.stdout)
    assert report["training"]["start"] == "running"
    assert report["all"]["new"]["accuracy"] > report["all"]["running"]["accuracy"]
    new, _ = load_model(str(tmp_path / "out" / "models"))
    p = new.probabilities(["where is my parcel", "zorblax 7 please"])
    assert [new.labels[best] for best in p.argmax(axis=1)] == ["track_order", "invoice"]


def test_bad_rows_and_too_few_end_with_a_clear_line(tmp_path) -> None:
    pytest.importorskip("onnx", reason="onnx is of the extra `train`")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"text": "x", "label": "fine"}\n', "utf-8")
    told = run("sentiment", bad, "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert f"{bad}:1: label 'fine' is not one of negative, neutral, positive" in told.output
    few = lines(tmp_path / "few.jsonl", [{"text": f"t {n}", "label": "new"} for n in range(40)])
    told = run("intent", few, "--out", tmp_path / "out")
    assert told.exit_code == 1
    assert "training rows have the label 'new'" in told.output
    scarce = [{"text": f"t {n}", "label": "few" if n % 20 == 0 else "many"} for n in range(60)]
    told = run("intent", lines(tmp_path / "scarce.jsonl", scarce), "--out", tmp_path / "out")
    assert "at least 4 training rows; 'few' has" in told.output
    both = [
        {"text": f"t {n}", "label": f"l{n % 2}", "split": split}
        for n in range(20)
        for split in ("train", "test")
    ]
    told = run("intent", lines(tmp_path / "both.jsonl", both), "--out", tmp_path / "out")
    assert "the texts of all 20 rows of train are held out as well" in told.output
    nothing = tmp_path / "nothing.csv"
    nothing.write_text("text,category\nx,y\n", "utf-8")
    told = run("intent", nothing, "--out", tmp_path / "out")
    assert "the first line has `text`, `category`" in told.output
    assert "bad row" not in told.output, "leaving rows out mends no header"
