"""Two tiers of text models: who answers, and that a text's answer is its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from shopkeeper.shared.text.cascade import Cascade, doubts
from shopkeeper.shared.text.manifest import ModelError, Tier, model_folder, read_manifest
from shopkeeper.shared.text.onnx_model import OnnxModel
from shopkeeper.shared.text.transformer import CALL_PIECES_MAX, Transformer, cut_calls, padded

TINY = Path(__file__).with_name("tiny")  # made by training/encoder/tiny.py
TEXTS = [
    "",
    "质量很好，物流也快！",
    "一般般吧，没有想象的好，不过价格便宜",
    "不推荐",
    "where is my order",
    "Not bad at all, still delighted after three weeks.",
    "x" * 5_000,
    "好" * 5_000,
    "[SEP] [CLS] [MASK]",
    "😡😡😡 差评 \ud83d",
    "Terrible. Broke after one day, and nobody answers. " * 40,
]


def with_tiny(folder: Path) -> Path:
    """The shipped n-grams, and behind them the tiny Transformer in both languages."""
    shutil.copytree(model_folder(), folder)
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for name in ("tiny.onnx", "tiny.vocabulary"):
        shutil.copy(TINY / name, folder / name)
    tier = {"transformer": "tiny", "sure_from": 0.9, "ngram_weight": 0.5, "transformer_weight": 0.4}
    manifest |= {
        "format": 2,
        "transformers": {
            "tiny": {
                "file": "tiny.onnx",
                "sha256": hashlib.sha256((TINY / "tiny.onnx").read_bytes()).hexdigest(),
                "vocabulary": "tiny.vocabulary",
                "vocabulary_sha256": hashlib.sha256(
                    (TINY / "tiny.vocabulary").read_bytes()
                ).hexdigest(),
                "strip_accents": True,
                "version": "0.1.0",
                "pieces_max": 64,
                "tasks": {
                    task: manifest["models"][task]["labels"] for task in ("sentiment", "intent")
                },
            }
        },
        "cascades": {
            "sentiment": {t: tier | {"among": ["negative", "positive"]} for t in ("en", "zh")},
            "intent": dict.fromkeys(("en", "zh"), tier),
        },
    }
    path.write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(with_tiny(tmp_path_factory.mktemp("tiers") / "models"))


@pytest.fixture(scope="module")
def transformer(models: str) -> Transformer:
    return Transformer.load("tiny", models)


@pytest.mark.parametrize("task", ["sentiment", "intent"])
def test_a_text_has_the_same_odds_alone_and_among_others(transformer: Transformer, task: str):
    together = transformer.log_odds(TEXTS * 9, task)
    assert together.shape == (len(TEXTS) * 9, len(transformer.tasks[task]))
    assert np.isfinite(together).all()
    for place, text in enumerate(TEXTS):
        alone = transformer.log_odds([text], task)[0]
        assert (together[place :: len(TEXTS)] == alone).all(), text[:40]


def test_threads_change_nothing(transformer: Transformer, models: str):
    many = Transformer.load("tiny", models, threads=3)
    assert (many.log_odds(TEXTS * 5, "intent") == transformer.log_odds(TEXTS * 5, "intent")).all()


def test_of_a_long_text_head_and_tail_are_read(transformer: Transformer):
    middle = "文字 words " * 3_000
    [one] = transformer.pieces([f"开始 start {middle} 结束 end"])
    [other] = transformer.pieces([f"开始 start {middle}{middle} 结束 end"])
    assert one == other
    assert len(one) == transformer._pieces_max


def test_calls_hold_texts_of_one_length_and_not_too_many():
    lengths = np.array([2, 17, 16, 96, 3, *[40] * 200])
    calls = cut_calls(lengths)
    assert sorted(np.concatenate(calls).tolist()) == list(range(len(lengths)))
    for rows in calls:
        [length] = {padded(int(each)) for each in lengths[rows]}
        assert len(rows) * length <= CALL_PIECES_MAX


@pytest.mark.parametrize("name", ["sentiment", "intent"])
def test_sure_texts_are_answered_by_the_n_grams_to_the_bit(name: str, transformer: Transformer):
    never = Tier(transformer="tiny", sure_from=0.0, ngram_weight=1, transformer_weight=1)
    ngrams = OnnxModel.load(name)
    cascade = Cascade(ngrams, {"en": never, "zh": never}, {"tiny": transformer})
    assert (cascade.probabilities(TEXTS) == ngrams.probabilities(TEXTS)).all()
    assert cascade.tiers == {"ngrams": len(TEXTS)}


def test_a_label_that_is_not_compared_has_a_bound_of_its_own():
    rows = np.array([[0.3, 0.1, 0.6], [0.1, 0.1, 0.8], [0.2, 0.6, 0.2], [0.1, 0.8, 0.1]])
    found = rows.astype(np.float32)
    # 0.6 of 0.9 is two thirds; 0.8 of 0.9 is 0.89. The others say neutral.
    assert doubts(found, [0, 2], 0.7, 0.7).tolist() == [True, False, True, False]
    assert doubts(found, [0, 2], 0.9, 0.7).tolist() == [True, True, True, False]
    assert doubts(found, [0, 2], 0.7, 1.0).tolist() == [True, False, True, True]
    assert doubts(found, [0, 1, 2], 0.7, 0.0).tolist() == [True, False, True, False]


@pytest.mark.parametrize("name", ["sentiment", "intent"])
def test_who_answered_is_told_of_each_text(name: str, models: str):
    cascade = Cascade.load(name, models)
    found, who = cascade.answered(TEXTS)
    alone = OnnxModel.load(name, models).probabilities(TEXTS)
    for row, text in enumerate(TEXTS):
        assert (who[row] > 0) == bool((found[row] != alone[row]).any()), text[:40]
    assert Counter(cascade.tier_names[number] for number in who.tolist()) == cascade.tiers


@pytest.mark.parametrize("name", ["sentiment", "intent"])
def test_every_text_is_counted_for_one_tier_and_has_probabilities(name: str, models: str):
    cascade = Cascade.load(name, models)
    found = cascade.probabilities(TEXTS)
    assert cascade.tiers.total() == len(TEXTS)
    assert len(cascade.tiers) > 1
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    for place, text in enumerate(TEXTS):
        assert (cascade.probabilities([text])[0] == found[place]).all(), text[:40]
    assert cascade.probabilities([]).shape == (0, len(cascade.labels))


def test_both_tiers_are_averaged_as_the_manifest_says(models: str, transformer: Transformer):
    tier = read_manifest(Path(models)).cascades["intent"]["zh"]
    text = "一般般吧,没有想象的好"
    p = OnnxModel.load("intent").probabilities([text])[0].astype(np.float64)
    assert p.max() < tier.sure_from
    q = transformer.log_odds([text], "intent")[0].astype(np.float64)
    scores = tier.ngram_weight * np.log(p) + tier.transformer_weight * q
    expected = np.exp(scores) / np.exp(scores).sum()
    assert Cascade.load("intent", models).probabilities([text])[0] == pytest.approx(expected, 1e-4)


def test_the_version_names_every_tier(models: str):
    version = read_manifest(Path(models)).models["sentiment"].version
    assert Cascade.load("sentiment", models).version == f"{version}+0.1.0"
    shipped = {each.version for each in read_manifest(model_folder()).transformers.values()}
    assert Cascade.load("sentiment").version == "+".join([version, *sorted(shipped)])


def test_a_text_that_is_read_in_windows_stays_with_the_ngrams(models: str):
    cascade, ngrams = Cascade.load("sentiment", models), OnnxModel.load("sentiment")
    dull = "包装盒里有一本说明书。" * 500
    long = [dull, f"{dull}用了两天就坏了。{dull}"]
    assert (cascade.probabilities(long) == ngrams.probabilities(long)).all()
    assert cascade.tiers == {"ngrams": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_tiny(tmp_path / "models")


@pytest.mark.parametrize(
    ("where", "changes", "message"),
    [
        (("transformers", "tiny"), {"sha256": "0" * 64}, "SHA-256"),
        (("transformers", "tiny"), {"vocabulary_sha256": "0" * 64}, "SHA-256"),
        (("transformers", "tiny"), {"vocabulary": "../x"}, "not the name of a file"),
        (("transformers", "tiny"), {"tasks": {"sentiment": ["a"]}}, "not those expected"),
        (("cascades", "sentiment", "zh"), {"among": ["good"]}, "no label 'good'"),
        (("cascades", "sentiment", "zh"), {"bias": [1.0]}, "1 biases"),
        (("cascades", "sentiment", "zh"), {"transformer": "x"}, "no transformer 'x'"),
    ],
)
def test_what_does_not_fit_is_refused_when_it_is_loaded(
    folder: Path, where: tuple[str, ...], changes: dict[str, object], message: str
):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    entry = manifest
    for name in where:
        entry = entry[name]
    entry |= changes
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelError, match=message):
        Cascade.load("sentiment", str(folder))


def test_a_folder_of_n_grams_alone_goes_on_working(folder: Path):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["transformers"], manifest["cascades"]
    path.write_text(json.dumps(manifest | {"format": 1}))
    cascade = Cascade.load("sentiment", str(folder))
    ngrams = OnnxModel.load("sentiment", str(folder))
    assert cascade.version == ngrams.version
    assert (cascade.probabilities(TEXTS) == ngrams.probabilities(TEXTS)).all()
