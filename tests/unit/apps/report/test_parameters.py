"""What decides the order of lists: every parameter explained, weights as published."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shopkeeper.apps.docs import parameters as page
from shopkeeper.apps.report import parameters
from shopkeeper.apps.report.charts import Words
from shopkeeper.services.recommender.core.experts import ALL
from shopkeeper.services.recommender.core.ranking.features import FEATURES
from shopkeeper.shared.contracts.events.base import Model
from shopkeeper.shared.contracts.events.recommendation import Parameter, ParametersUpdated

DOCS = Path(__file__).parents[4] / "docs"
LANGUAGES = ("en", "zh")


def said(partition, *weights, model="blend"):
    return ParametersUpdated(
        partition=partition,
        model=Model(model, "1"),
        parameters=[Parameter(*each) for each in weights],
        examples=1,
        missed=0,
        reciprocal_rank=0.4,
        reciprocal_rank_base=0.3,
    )


def test_every_feature_and_expert_has_a_sentence_in_both_languages_and_nothing_else_has():
    texts = parameters._texts()
    assert texts["features"].keys() == {*FEATURES}
    assert texts["experts"].keys() == {expert.name for expert in ALL}
    for kind in texts.values():
        for found in kind.values():
            assert found.keys() == {*LANGUAGES}
            assert re.search("[一-鿿]", found["zh"])
            assert not re.search("[一-鿿]", found["en"])
    for name in FEATURES:
        assert parameters.explained(name, "en").endswith(".")
        assert parameters.explained(name, "zh").endswith("。")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_page_is_what_the_generator_writes(language):
    path = DOCS / ("parameters.md" if language == "en" else "parameters.zh.md")
    text = path.read_text("utf-8")
    assert page.replaced(text, page.PARAMETERS, page.every(language)) == text, (
        "python -m shopkeeper.apps.docs.parameters docs/parameters.md docs/parameters.zh.md"
    )


def test_weights_are_means_over_partitions_the_largest_first():
    records = [said(0, ("heat", "popularity", 0.2), ("base", "neighbours", -0.8)),
               said(1, ("heat", "popularity", 0.4), ("base", "neighbours", -0.6))]  # fmt: skip
    base, heat = parameters.weights(records)
    assert (base.name, base.mean, base.low, base.high) == ("base", pytest.approx(-0.7), -0.8, -0.6)
    assert heat.mean == pytest.approx(0.3)
    assert parameters.by_expert([base, heat]) == [
        ("neighbours", pytest.approx(0.7)), ("popularity", pytest.approx(0.3)),
    ]  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_section_says_weight_and_meaning_and_pools_the_rest(language):
    words = Words(language)
    known = [(name, "neighbours", 1 / len(FEATURES)) for name in FEATURES]
    section = parameters.section({"clicks/0": said(0, *known)}, words)
    _, *rows = section.facts
    assert len(rows) == parameters.SHOWN_MAX + 1
    assert all(all(row) for row in rows[:-1])
    assert str(len(FEATURES) - parameters.SHOWN_MAX) in rows[-1][0]
    assert not section.charts[0].problem
    nothing = parameters.section({}, words)
    assert nothing.text == words("no-parameters")
    assert not nothing.facts


def test_a_page_of_weights_has_every_row_of_the_table():
    printed = page.Printed([page.View(said(0, ("base", "neighbours", -1.0)))])
    text = page.running(printed, "en")
    assert "| The sum of similarities" in text
    assert "| base | −100.0 % |" in text
    with pytest.raises(ValueError, match="no marks"):
        page.replaced("", page.WEIGHTS, text)
