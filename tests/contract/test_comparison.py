"""docs/comparison.md: each wish has a test that exists, and its Chinese twin says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["docs/comparison.md", "docs/comparison.zh.md"]
TEST = re.compile(r"`(tests/[\w/]+\.py)`")


def rows(name: str) -> list[list[str]]:
    """The cells of the table of wishes, without its head."""
    text = (ROOT / name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


@pytest.mark.parametrize("name", PAGES)
def test_every_wish_names_a_test_that_exists_and_has_tests(name: str) -> None:
    table = rows(name)
    assert len(table) > 20
    for wish, _, tests in table:
        named = TEST.findall(tests)
        assert named, wish
        for path in named:
            assert "def test_" in (ROOT / path).read_text("utf-8"), path


def test_the_two_languages_name_the_same_issues_and_tests_in_the_same_order() -> None:
    def shape(name: str) -> list[tuple[list[str], list[str]]]:
        return [(re.findall(r"\((https[^)]+)\)", a), TEST.findall(t)) for _, a, t in rows(name)]

    assert shape(PAGES[0]) == shape(PAGES[1])
    english, chinese = ((ROOT / name).read_text("utf-8") for name in PAGES)
    assert len(re.findall(r"^- \*\*", english, re.M)) == len(re.findall(r"^- \*\*", chinese, re.M))
