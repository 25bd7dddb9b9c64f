"""Calibration against naive twins."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.shared.text.calibration import (
    BINS,
    SHARES,
    accuracy_of_surest,
    by_tier,
    expected_error,
    figures,
    reliability,
)

TEXTS = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.5, 1.0])), st.booleans()),
    min_size=1,
    max_size=60,
)


@given(TEXTS)
def test_bins_are_those_of_a_loop(texts):
    kept: dict[int, list] = {}
    for sure, right in texts:
        kept.setdefault(max(0, math.ceil(sure * BINS) - 1), []).append((sure, right))
    found = reliability(*zip(*texts, strict=True))
    assert [b.texts for b in found] == [len(kept[n]) for n in sorted(kept)]
    error = 0.0
    for each, number in zip(found, sorted(kept), strict=True):
        sures, rights = zip(*kept[number], strict=True)
        assert each.confidence == pytest.approx(sum(sures) / len(sures))
        assert each.accuracy == pytest.approx(sum(rights) / len(rights))
        error += abs(sum(sures) - sum(rights)) / len(texts)
    assert expected_error(*zip(*texts, strict=True)) == pytest.approx(error)


@given(TEXTS, st.randoms())
def test_the_surest_do_not_depend_on_the_order(texts, chance):
    found = accuracy_of_surest(*zip(*texts, strict=True))
    mixed = list(texts)
    chance.shuffle(mixed)
    assert accuracy_of_surest(*zip(*mixed, strict=True)) == pytest.approx(found)
    assert found[0] == pytest.approx(sum(right for _, right in texts) / len(texts))


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_surest_are_the_first_of_a_sorted_list(rights):
    sures = [1 - n / 100 for n in range(len(rights))]
    for share, found in zip(SHARES, accuracy_of_surest(sures, rights), strict=True):
        first = rights[: max(1, round(share * len(rights)))]
        assert found == pytest.approx(sum(first) / len(first))


@given(st.lists(st.tuples(st.sampled_from(["ngrams", "en", "zh"]), st.booleans()), min_size=1))
def test_tiers_are_counted_one_by_one(answers):
    found = by_tier([tier for tier, _ in answers], [right for _, right in answers])
    for tier, each in found.items():
        of = [right for name, right in answers if name == tier]
        assert each["texts"] == len(of)
        assert each["share"] == pytest.approx(len(of) / len(answers), abs=1e-4)
        assert each["accuracy"] == pytest.approx(sum(of) / len(of), abs=1e-4)
    assert sum(each["texts"] for each in found.values()) == len(answers)


def test_a_calibrated_model_has_no_error():
    sures = [0.75] * 4 + [0.5] * 2
    assert expected_error(sures, [1, 1, 1, 0, 1, 0]) == 0
    assert figures(sures, [1, 1, 1, 0, 1, 0])["accuracy_of_surest"]["0.6"] == 0.75


@pytest.mark.parametrize("sures", [[], [1.5], [-0.1], [math.nan], [0.5, 0.5]])
def test_what_is_no_confidence_is_refused(sures):
    with pytest.raises(ValueError, match="confidence"):
        expected_error(sures, [True])
