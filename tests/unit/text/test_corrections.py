"""Corrected labels change what is near to them, and nothing else; and can be withdrawn."""

from __future__ import annotations

import math

import numpy as np
import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shopkeeper.shared.text.correction_table import CorrectionTable
from shopkeeper.shared.text.corrections import (
    CORRECTED,
    NEAR,
    Corrected,
    Correction,
    Corrections,
    moved,
    readable,
)

LABELS = ("negative", "neutral", "positive")


class Fixed:
    """A model that finds every text's probabilities in its characters."""

    name, version, labels = "sentiment", "7", LABELS

    def probabilities(self, texts):
        scores = np.array([[sum(map(ord, t[i::3])) % 97 + 1 for i in range(3)] for t in texts])
        scores = scores.astype(np.float32).reshape(len(texts), 3)
        return scores / scores.sum(axis=1, keepdims=True)


def record(key, text, label, **more):
    said = {"task": "sentiment", "text": text, "label": label, **more}
    return key.encode(), orjson.dumps(said)


def worker():
    model = Corrected(Fixed())
    return model, CorrectionTable(model)


def labels_of(model, texts):
    return [LABELS[i] for i in model.probabilities(texts).argmax(axis=1)]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("text", ["still delighted after three weeks", "用了三周还是很喜欢"])
def test_the_corrected_text_gets_its_label_however_it_is_spelt_and_loses_it_again(text, label):
    model, table = worker()
    before = model.probabilities([text])
    table.apply([record("k", text, label)])
    for spelt in (text, text.upper() + "!!", f"  {text} 。"):
        row = model.probabilities([spelt])[0]
        assert LABELS[row.argmax()] == label
        assert row.max() >= CORRECTED - 1e-6
        assert row.sum() == pytest.approx(1, abs=1e-6)
    assert model.version.startswith("7+corrections.")
    table.apply([(b"k", None)])
    assert model.version == "7"
    assert (model.probabilities([text]) == before).all()


def test_a_near_text_is_pulled_along_less_than_the_same_one():
    model, table = worker()
    near = "the parcel arrived late and the box was crushed on one side, again"
    table.apply([record("k", near[:-7], "negative")])
    plain, row = Fixed().probabilities([near])[0], model.probabilities([near])[0]
    assert row[0] > plain[0]
    assert model.changed.total() == 1
    assert next(iter(model.changed))[0] == "near"


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        (
            "these headphones do work well with my telephone and my computer",
            "these headphones do not work well with my telephone and my computer",
        ),
        (
            "这个耳机和我的手机还有电脑搭配起来使用效果都很好，我推荐给大家购买",
            "这个耳机和我的手机还有电脑搭配起来使用效果都很好，我不推荐给大家购买",
        ),
    ],
)
def test_a_negation_more_or_less_is_never_near(held, asked):
    corrections = Corrections()
    corrections.put(Correction(0, "k", readable([held])[0], "positive"))
    assert corrections.nearest(readable([asked])[0]) is None


WORDS = st.lists(
    st.sampled_from(["red", "shoes", "fit", "bad", "box", "late", "快递", "很好", "cheap"]),
    max_size=9,
)
TEXTS = WORDS.map(" ".join) | st.text(max_size=40)


def grams(text):
    padded = f"  {text} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=8), st.lists(TEXTS, min_size=1, max_size=6))
def test_what_is_far_from_every_correction_keeps_its_row_to_the_bit(held, asked):
    model, table = worker()
    table.apply([record(f"k{i}", text, LABELS[i % 3]) for i, text in enumerate(held)])
    plain, found = Fixed().probabilities(asked), model.probabilities(asked)
    kept = [text for text in readable(held) if text]
    for row, text in enumerate(readable(asked)):
        near = [
            other
            for other in kept
            if len(grams(text) & grams(other))
            >= NEAR * math.sqrt(len(grams(text)) * len(grams(other)))
        ]
        if not near:
            assert (plain[row] == found[row]).all()
        if text in kept:
            assert found[row].max() >= CORRECTED - 1e-6


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), TEXTS, st.sampled_from(LABELS)), min_size=1, max_size=12),
    st.randoms(),
)
def test_what_is_held_depends_on_the_set_and_not_on_the_order(rows, random):
    corrections = [Correction(t, f"k{i}", text, label) for i, (t, text, label) in enumerate(rows)]
    one, other = Corrections(5), Corrections(5)
    for each in corrections:
        one.put(each)
    random.shuffle(corrections)
    for each in corrections:
        other.put(each)
    assert len(one) == min(5, len(rows))
    assert one.digest == other.digest
    for _, text, _ in rows:
        assert one.nearest(text) == other.nearest(text)
    for each in corrections:
        one.remove(each.key)
    assert (len(one), one.digest, one._by_gram, one._by_text) == (0, "", {}, {})


@given(
    st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3).filter(lambda r: sum(r) > 0.1),
    st.integers(0, 2),
    st.floats(NEAR, 1),
)
@example([1.0, 0.0, 0.0], 0, 1.0)
def test_a_moved_row_is_one_of_probabilities_and_never_moves_the_other_way(row, column, cosine):
    row = np.array(row, np.float32) / np.float32(sum(row))
    result = moved(row, column, cosine)
    assert result.sum() == pytest.approx(1, abs=1e-5)
    assert (result >= 0).all()
    assert result[column] >= row[column] - 1e-6


def test_personal_data_is_masked_before_a_correction_is_kept():
    model, table = worker()
    table.apply([record("k", "write to jane.doe@example.com, I am waiting", "negative")])
    held = list(model.corrections._by_text)
    assert held == ["write to [email], i am waiting"]
    assert labels_of(model, ["write to jim@example.org, I am waiting"]) == ["negative"]


def test_the_later_of_two_corrections_of_one_text_counts():
    model, table = worker()
    late = record("a", "fine", "positive", time_ms=2)
    table.apply([late, record("b", "fine", "negative", time_ms=1)])
    assert labels_of(model, ["fine"]) == ["positive"]
    table.apply([(b"a", None)])
    assert labels_of(model, ["fine"]) == ["negative"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"{", "truncated"),
        (orjson.dumps({"task": "sentiment", "text": "fine"}), "label"),
        (record("k", "fine", "splendid")[1], "none of the labels negative, neutral, positive"),
        (record("k", " ! ", "neutral")[1], "empty"),
    ],
)
def test_an_unusable_correction_is_logged_counted_and_takes_its_keys_former_one_back(
    value, why, caplog
):
    model, table = worker()
    table.apply([record("k", "fine", "positive"), (b"k", value)])
    assert table.outcomes["refused"] == 1
    assert len(model.corrections) == 0
    assert why in caplog.text


def test_another_models_correction_is_none_of_ours():
    model, table = worker()
    table.apply([(b"k", orjson.dumps({"task": "intent", "text": "fine", "label": "greeting"}))])
    assert (len(model.corrections), table.outcomes.total()) == (0, 0)
