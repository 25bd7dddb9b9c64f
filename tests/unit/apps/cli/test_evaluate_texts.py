"""`shopkeeper evaluate` of text services: figures, calibration and its pictures."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from shopkeeper.apps.cli.evaluate import command

REVIEWS = [
    ("great, love it", "positive"),
    ("broke after a day", "negative"),
    ("质量很好", "positive"),
]
QUESTIONS = [("where is my order", "track_order"), ("我要退货", "after_sales")]


def evaluated(*arguments: str):
    return CliRunner().invoke(command, arguments)


@pytest.mark.parametrize(
    ("service", "label", "rows"),
    [("sentiment", "label", REVIEWS), ("intent", "intent", QUESTIONS)],
)
def test_calibration_is_printed_and_drawn(tmp_path, service, label, rows):
    file = tmp_path / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text, label: name}) + "\n" for text, name in rows))
    result = evaluated(service, str(file), "--plots", str(tmp_path / "plots"))
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["accuracy"] == 1.0
    assert sum(each["texts"] for each in figures["tiers"].values()) == len(rows)
    assert {each["accuracy"] for each in figures["tiers"].values()} == {1.0}
    found = figures["calibration"]
    assert sum(each["texts"] for each in found["bins"]) == len(rows)
    assert found["accuracy_of_surest"]["1"] == 1.0
    gap = sum(each["texts"] * abs(each["accuracy"] - each["confidence"]) for each in found["bins"])
    assert found["expected_error"] == pytest.approx(gap / len(rows), abs=1e-3)
    for name in ("reliability", "abstention"):
        drawn = (tmp_path / "plots" / f"{name}.svg").read_text()
        assert drawn.startswith("<svg")
        assert "share" in drawn


def test_plots_of_aspects_are_refused_clearly(tmp_path):
    file = tmp_path / "aspects.jsonl"
    file.write_text(
        '{"text": "good price", "aspects": [{"aspect": "price", "polarity": "positive"}]}'
    )
    result = evaluated("sentiment", str(file), "--plots", str(tmp_path))
    assert result.exit_code == 1
    assert "no calibration" in result.output
