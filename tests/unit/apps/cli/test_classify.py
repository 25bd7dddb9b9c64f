"""`shopkeeper classify`: same order, one clear line on bad input, results before it kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from shopkeeper.apps.cli import classify


def run(task: str, lines: bytes, *arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(classify.command, [task, *arguments], input=lines, env=env)


def lines_of(*texts: object) -> bytes:
    return b"".join(json.dumps({"text": text}).encode() + b"\n" for text in texts)


def test_intents_in_the_order_of_their_texts() -> None:
    result = run("intent", lines_of("where is my order", "怎么开发票", "leather sofa", " "))
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(r["label"], r["language"]) for r in found] == [
        ("track_order", "en"),
        ("invoice", "zh"),
        ("product_search", "en"),
        ("out_of_scope", "other"),
    ]
    for row in found:
        assert list(row) == ["label", "score", "probabilities", "language", "route", "slots"]
        assert row["score"] == row["probabilities"][row["label"]]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=0.002)


def test_sentiments_in_the_order_of_their_texts() -> None:
    texts = [
        "terrible, broke after a day",
        "质量很好，下次还买",
        "excellent, I love it",
        "太差了，退货",
    ]
    result = run("sentiment", lines_of(*texts))
    labels = [json.loads(line)["label"] for line in result.stdout.splitlines()]
    assert labels == ["negative", "positive", "positive", "negative"]


def test_more_lines_than_a_batch_and_no_newline_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "BATCH_LINES", 3)
    texts = [f"{i} where is my order" if i % 2 else f"{i} 怎么开发票" for i in range(10)]
    result = run("intent", lines_of(*texts).rstrip(b"\n"))
    labels = [json.loads(line)["label"] for line in result.stdout.splitlines()]
    assert labels == ["invoice", "track_order"] * 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"not json", "line 3: not valid JSON"),
        (b'{"text": 3}', "line 3: expected an object"),
        (b'{"txt": "a"}', "line 3: expected an object"),
        (b'["text"]', "line 3: expected an object"),
        (b'{"text": "\xff"}', "line 3: not valid JSON"),
        (b'{"text": "\\ud800"}', "line 3: not valid JSON"),
    ],
)
def test_a_bad_line_is_named_after_the_results_before_it(line: bytes, message: str) -> None:
    result = run("sentiment", lines_of("good") + b"\n" + line + b"\n" + lines_of("bad"))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classify, "LINE_BYTES_MAX", 100)
    result = run("sentiment", lines_of("x" * 200))
    assert result.exit_code == 1
    assert "line 1: longer than 100 bytes" in result.stderr


def test_no_input_gives_no_output() -> None:
    result = run("intent", b"")
    assert (result.exit_code, result.stdout) == (0, "")


def test_a_file_and_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_bytes(lines_of("refund please"))
    assert len(run("intent", b"", str(path)).stdout.splitlines()) == 1
    assert run("intent", b"", str(tmp_path / "none")).exit_code == 2


def test_a_folder_without_models_is_named(tmp_path: Path) -> None:
    result = run("intent", lines_of("a"), env={"MODEL_DIR": str(tmp_path)})
    assert result.exit_code == 1
    assert "manifest.json: cannot be read" in result.stderr
