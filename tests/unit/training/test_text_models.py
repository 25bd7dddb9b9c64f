"""Training of the shipped text models on tiny data: what is written is what `shopkeeper train`'s
own functions make of the same rows."""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx", reason="onnx is of the extra `train` (make datascience)")
pytest.importorskip("sklearn")

import own_labels
import train_intent
import train_sentiment

from shopkeeper.apps.train import intents, sentiments
from shopkeeper.apps.train.linear import graph
from shopkeeper.apps.train.state import State
from shopkeeper.apps.train.tasks import TASKS
from shopkeeper.shared.text.onnx_model import OnnxModel

if TYPE_CHECKING:
    from pathlib import Path

INTENTS = {
    "track_order": ("where is my order {}", "我的包裹{}到哪里了"),
    "payment": ("can I pay order {} by card", "{}可以刷卡付款吗"),
    "oos": ("what a day number {}", "今天是第{}天"),
}
SAID = {
    "negative": ("bad and broken {}", "很差，第{}次就坏了"),
    "neutral": ("it is {} inches wide", "宽{}厘米"),
    "positive": ("good and lovely {}", "很好，用了{}次"),
}
COUNT = 12  # texts of each label and language


def write_rows(path: Path, rows: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def tiny_data(data: Path) -> None:
    """The sets that both scripts read, a few rows each."""
    rows = [
        {"text": form.format(n), "intent": label, "lang": lang, "source": "bitext"}
        for label, forms in INTENTS.items()
        for lang, form in zip(("en", "zh"), forms, strict=True)
        for n in range(COUNT)
    ]
    for name in ("train", "dev", "dev_zh_hand"):
        write_rows(data / "intent" / "ecommerce_unified" / f"{name}.csv.gz", rows)
    for place, language in enumerate((train_sentiment.ENGLISH, train_sentiment.CHINESE)):
        for name in language.sets:
            if name in (train_sentiment.OWN, train_sentiment.PSEUDO):
                continue
            labels = ("negative", "positive") if name in language.two else tuple(SAID)
            told = [
                {"text": f"{name[:3]} {SAID[label][place].format(n)}", "label": label,
                 "product": f"p{n % 5}", "review": f"r{n % 7}"}
                for label in labels
                for n in range(COUNT)
            ]  # fmt: skip
            for split in ("train", "dev"):
                write_rows(data / "sentiment" / name / f"{split}.csv.gz", told)


def tiny_labels(folder: Path) -> None:
    """Our own labels, a few."""
    folder.mkdir(parents=True, exist_ok=True)
    reviews = [
        {"text": f"我{forms[1].format(n)}" if language == "zh" else f"I say {forms[0].format(n)}",
         "label": label, "language": language, "split": split}
        for label, forms in SAID.items()
        for language in ("en", "zh")
        for split in ("train", "judge")
        for n in range(COUNT)
    ]  # fmt: skip
    typed = [{"text": f"order {n}", "label": "track_order", "split": "train"} for n in range(5)]
    chat = [each | {"language": "en"} for each in typed]
    files = {
        "reviews_own.jsonl": reviews, "reviews_zh_labels.jsonl": [], "chat.jsonl": chat,
        "queries_en.jsonl": typed, "queries_zh.jsonl": [], "jddc_labels.jsonl": [],
    }  # fmt: skip
    for name, rows in files.items():
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (folder / name).write_text("\n".join(lines), "utf-8")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny_data(tmp_path / "data")
    tiny_labels(tmp_path / "labels")
    monkeypatch.setattr(own_labels, "LABELLED", tmp_path / "labels")
    monkeypatch.setattr(train_intent, "own_phrases", lambda: [("pay now", "payment")] * 4)
    (tmp_path / "models").mkdir()
    return tmp_path / "data"


def test_intents_are_learned_by_the_functions_of_shopkeeper_train(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = tmp_path / "models"
    train_intent.main(data, models, False, False)
    report = json.loads(capsys.readouterr().out)
    assert report["texts"] == 2 * 3 * COUNT + 10
    assert report["own_phrases"] == 4
    served = OnnxModel.load("intent", str(models))
    assert served.labels == ("out_of_scope", "payment", "track_order")
    rows = train_intent.read_rows(data / "intent" / "ecommerce_unified" / "train.csv.gz")
    texts = [row["text"] for row in rows] + [f"order {n}" for n in range(5)] * 2 + ["pay now"] * 4
    names = [row["intent"].replace("oos", "out_of_scope") for row in rows]
    names += ["track_order"] * 10 + ["payment"] * 4
    linear, parameters, _ = intents.learned(
        texts,
        np.array([served.labels.index(name) for name in names]),
        np.array([1.0] * (len(texts) - 4) + [train_intent.OWN_WEIGHT] * 4),
        labels=served.labels,
        oos=0,
        bits=TASKS["intent"].bits,
        sizes=TASKS["intent"].sizes,
        state=State(tmp_path / "state", {}),
    )
    assert graph(linear) == (models / "intent.onnx").read_bytes()
    assert parameters == {"abstain_below": report["abstain_below"]}
    best = served.probabilities(["where is my order 77", "88可以刷卡付款吗"]).argmax(axis=1)
    assert [served.labels[place] for place in best] == ["track_order", "payment"]


@pytest.mark.parametrize("free", [False, True])
def test_sentiments_are_learned_by_the_functions_of_shopkeeper_train(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], free: bool
) -> None:
    models = tmp_path / "models"
    given = argparse.Namespace(free=free, without_selection=False, pseudo=None)
    train_sentiment.main(data, models, given)
    report = json.loads(capsys.readouterr().out)
    assert report[train_sentiment.OWN]["accuracy"] > 0.5
    languages = {}
    for name, language in (("en", train_sentiment.ENGLISH), ("zh", train_sentiment.CHINESE)):
        chosen = language.free() if free else language
        read = train_sentiment.Data(data / "sentiment", chosen, "train")
        two = np.array([chosen.sets[place] in chosen.two for place in read.sources])
        assert two.any() == bool(chosen.two)
        languages[name] = sentiments.Texts(
            texts=read.texts,
            y=read.y,
            sources=read.sources,
            two=two,
            weights=np.ones(len(read.y)),
            mix=np.where(two, sentiments.MIX_WEIGHT_TWO, 1.0),
            groups=read.groups,
        )
    task = TASKS["sentiment"]
    state = State(tmp_path / "state", {})
    linear = sentiments.learned(languages, bits=task.bits, sizes=task.sizes, state=state)
    assert graph(linear) == (models / "sentiment.onnx").read_bytes()
    served = OnnxModel.load("sentiment", str(models))
    best = served.probabilities(["good and lovely 99", "很差，第99次就坏了"]).argmax(axis=1)
    assert best.tolist() == [sentiments.POSITIVE, sentiments.NEGATIVE]


def test_a_setting_is_chosen_out_of_fold(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_sentiment, "POLARITIES", train_sentiment.POLARITIES[1:2])
    english = train_sentiment.ENGLISH
    train_sentiment.select(train_sentiment.Data(data / "sentiment", english, "train"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["teach"] for line in lines] == [0.0, 0.03]
    assert all(0.9 < line["pros_cons"] <= 1.0 for line in lines)
