"""Judging two models: intervals, sides of two-class sets, and what counts as worse."""

from __future__ import annotations

import numpy as np
import pytest

from shopkeeper.apps.train import judging
from shopkeeper.apps.train.rows import Row
from shopkeeper.apps.train.tasks import Answers

LABELS = ("negative", "neutral", "positive")


def answers(version: str, decided: list[str]) -> Answers:
    p = np.array([[0.8 if label == said else 0.1 for label in LABELS] for said in decided])
    return Answers(version, LABELS, p, decided, ["ngrams"] * len(decided))


def rows(labels: list[str], source: str = "own") -> list[Row]:
    return [
        Row(f"text {n}", label, "test", source, "", "en", 1.0) for n, label in enumerate(labels)
    ]


def report(right_before: int, right_now: int, count: int = 200):
    truth = ["neutral"] * (count // 2) + ["positive"] * (count - count // 2)
    wrong = {"neutral": "positive", "positive": "neutral"}

    def said(right: int) -> list[str]:
        return [label if n < right else wrong[label] for n, label in enumerate(truth)]

    running, new = answers("1", said(right_before)), answers("2", said(right_now))
    return judging.compared(running, new, rows(truth))


def test_the_figures_are_those_of_hand() -> None:
    line = report(100, 150)["all"]
    assert line["running"]["accuracy"] == 0.5
    assert line["new"]["accuracy"] == 0.75
    assert line["difference"] == 0.25
    low, high = line["difference_interval"]
    assert low < 0.25 < high
    assert line["new"]["interval"] == pytest.approx([0.6857, 0.8050], abs=1e-3)  # Wilson, by hand


@pytest.mark.parametrize(
    ("before", "now", "count", "worse"),
    [
        (150, 150, 200, False),
        (150, 170, 200, False),
        (150, 120, 200, True),  # surely
        (150, 147, 200, True),  # by a point and a half
        (150, 149, 200, False),  # half a point, within chance
        (30, 40, 40, True),  # of too few texts nothing is known
    ],
)
def test_what_is_worse(before, now, count, worse) -> None:
    assert judging.verdict(report(before, now, count)).worse is worse


def test_of_a_set_that_knows_two_labels_the_likelier_of_both_counts() -> None:
    p = np.array([[0.3, 0.5, 0.2], [0.1, 0.6, 0.3]])
    said = Answers("1", LABELS, p, ["neutral", "neutral"], ["ngrams"] * 2)
    assert judging.chosen(said, ["negative", "positive"], ["two", "two"]) == [
        "negative",
        "positive",
    ]
    assert judging.chosen(said, ["negative", "neutral"], ["s", "s"]) == ["neutral", "neutral"]


def test_texts_of_one_group_are_one_draw() -> None:
    values = np.array([1.0] * 50 + [0.0] * 50)
    alone = judging.bootstrap(values, np.arange(100))
    together = judging.bootstrap(values, np.repeat(np.arange(4), 25))
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])
