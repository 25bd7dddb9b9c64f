"""Labels by examples: closed forms held against their plain definitions, and how batches matter."""

from __future__ import annotations

import numpy as np
import pytest

from shopkeeper.shared.text import by_examples
from shopkeeper.shared.text.by_examples import ByExamples, abstention, sharpness_of, softmax, terms

TEXTS = [
    "where is my parcel", "has the parcel been sent", "when will the parcel come", "track a parcel",
    "i want my money back", "how do i return this", "can i send it back", "money back please",
    "a red coat", "coats for winter", "warm coat", "blue coat",
]  # fmt: skip
LABELS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]


class Vectors:
    """Texts as directions that follow from their words; counts its calls."""

    def __init__(self):
        self.calls = 0

    def vectors(self, texts):
        self.calls += 1
        rows = np.zeros((len(texts), 64), np.float32)
        for row, text in enumerate(texts):
            for word in terms(text):
                rows[row, sum(word.encode()) % 64] += 1.0
        return rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-9)[:, None]


def learned(embeds=None, texts=TEXTS, labels=LABELS, count=3):
    return ByExamples(texts, labels, count, embeds)


@pytest.mark.parametrize("embeds", [None, Vectors()])
def test_a_text_has_the_label_of_what_it_is_like(embeds):
    found = learned(embeds).found(
        ["where has the parcel gone", "i want to return it", "green coat"]
    )
    assert found.scores.argmax(axis=1).tolist() == [0, 1, 2]


def test_left_out_scores_are_those_of_one_that_learned_from_the_others():
    """By words alone, whose weights change with the examples, hence with all words known: the
    kernel is kept and one example's row and column are struck out."""
    whole = learned(Vectors())
    kernel = whole._kernel(whole._parts)
    for out in range(len(TEXTS)):
        rest = [at for at in range(len(TEXTS)) if at != out]
        targets = np.where(np.array(LABELS)[rest, None] == np.arange(3), 1.0, -1.0)
        part = kernel[np.ix_(rest, rest)] + by_examples.RIDGE * np.eye(len(rest))
        expected = kernel[out, rest] @ np.linalg.solve(part, targets)
        np.testing.assert_allclose(whole.left_out.scores[out], expected, atol=1e-9)


def test_a_text_is_judged_alone_and_a_batch_takes_one_call():
    embeds = Vectors()
    model = learned(embeds)
    before = embeds.calls
    together = model.found(TEXTS)
    assert embeds.calls == before + 1
    alone = np.concatenate([model.found([text]).scores for text in TEXTS])
    np.testing.assert_allclose(together.scores, alone, atol=1e-9)
    assert model.found([]).scores.shape == (0, 3)


def test_a_lead_is_of_the_best_chosen_label_over_the_best_other():
    scores = by_examples.Found(np.array([[0.5, -1.0, 0.2], [-1.0, 0.4, 0.9]]))
    np.testing.assert_allclose(scores.lead([0, 1]), [0.3, -0.5])
    np.testing.assert_allclose(scores.lead([2]), [-0.3, 0.5])


def test_a_label_without_examples_of_a_language_is_never_the_best():
    found = learned(None, count=4).found([*TEXTS, "something else entirely"])
    assert (found.scores.argmax(axis=1) < 3).all()


def test_chinese_is_read_by_characters_and_pairs_in_either_script():
    assert terms("退貨") == terms("退货") == ["退", "货", "退货"]
    assert terms("Where's it?") == ["where's", "it", "where's it"]


def test_sharpness_and_threshold_come_of_what_was_left_out():
    model = learned(Vectors())
    sharpness = sharpness_of(model)
    assert sharpness in by_examples.SHARPNESS
    rows = softmax(model.left_out.scores * sharpness)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0)
    sure = np.array([[0.9, 0.1], [0.8, 0.2], [0.55, 0.45], [0.1, 0.9]])
    # The third is right, so it may not be given up; wrong, it may.
    assert abstention(sure, np.array([0, 0, 0, 1]), otherwise=1) == pytest.approx(0.55)
    assert abstention(sure, np.array([0, 0, 1, 1]), otherwise=1) > 0.55
