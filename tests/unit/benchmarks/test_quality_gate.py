"""The gate's verdicts: what is worse than its tolerance is named, whatever the rest does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import quality_gate
from quality_gate import QUALITY, SETS, SIMULATED, SPEED, Tolerance, in_turn, judge, paths_of

BASE: dict[str, Any] = {"HR@20": 0.69, "MRR@20": 0.38, "NDCG@20": 0.45, "coverage@20": 0.9}


def broken(head: dict[str, Any]) -> list[str]:
    return [row["figure"] for row in judge(BASE, head, QUALITY) if not row["holds"]]


def test_a_tolerance_is_one_sided_and_includes_its_edge() -> None:
    higher = Tolerance("higher", absolute=0.002)
    assert higher.holds(0.5, 0.498)
    assert higher.holds(0.5, 0.9)
    assert not higher.holds(0.5, 0.4979)
    lower = Tolerance("lower", relative=0.03)
    assert lower.holds(100.0, 103.0)
    assert not lower.holds(100.0, 103.1)


def test_only_what_fell_behind_is_broken() -> None:
    assert broken(BASE) == []
    assert broken(BASE | {"HR@20": 0.687, "MRR@20": 0.5}) == ["HR@20"]


def test_a_figure_that_the_head_lost_is_broken_and_one_that_is_new_is_not() -> None:
    assert broken({name: BASE[name] for name in ("HR@20", "MRR@20", "NDCG@20")}) == ["coverage@20"]
    assert broken(BASE | {"gini@20": 0.99}) == []


def test_speed_is_judged_by_the_ratio_within_each_round() -> None:
    """The machine is twice as slow in the second round; the head as fast as the base in both."""
    rounds = [(dict.fromkeys(SPEED, s), dict.fromkeys(SPEED, s)) for s in (100.0, 50.0, 200.0)]
    assert in_turn(rounds) == dict.fromkeys(SPEED, 100.0)
    slower = [(base, {name: head[name] * 0.9 for name in SPEED}) for base, head in rounds]
    rows = judge(slower[0][0], in_turn(slower), SPEED)
    assert {row["figure"] for row in rows if not row["holds"]} == {
        "learned_per_second",
        "learned_and_all_rows_computed_per_second",
    }


def test_absent_data_is_skipped_with_a_word_and_a_simulated_log_stands_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = paths_of(tmp_path / "nowhere", None, tmp_path)
    assert list(paths) == [SIMULATED]
    said = capsys.readouterr().err
    assert [line.split(":")[0] for line in said.splitlines()] == list(SETS)
    lines = paths[SIMULATED].read_text().splitlines()
    assert lines[0] == "session_id,position,item_id"
    assert len(lines) > quality_gate.SIMULATED_SESSIONS


def test_a_broken_figure_is_exit_status_1_and_a_checkout_that_fails_is_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {tmp_path / "base": BASE, tmp_path / "head": BASE | {"HR@20": 0.5}}
    monkeypatch.setattr(quality_gate, "run", lambda checkout, arguments: figures[checkout])
    arguments = ["gate", str(tmp_path / "base"), "--head", str(tmp_path / "head"), "--rounds", "0"]
    monkeypatch.setattr("sys.argv", [*arguments, "--set", SIMULATED])
    assert quality_gate.main() == 1
    assert json.loads(capsys.readouterr().out)["broken"] == [f"{SIMULATED}: HR@20"]
    figures[tmp_path / "head"] = BASE
    assert quality_gate.main() == 0
    monkeypatch.undo()
    monkeypatch.setattr("sys.argv", [*arguments, "--set", SIMULATED])
    (tmp_path / "base").mkdir()
    assert quality_gate.main() == 2, "no package in that folder, and the installed one is not meant"
