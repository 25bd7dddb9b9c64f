"""docs/files.md, held against the readers: every example gives the events that stand below it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from shopkeeper.shared.datasets.products import catalogue_events, load
from shopkeeper.shared.datasets.readers import READERS, Books, read, recognise
from shopkeeper.shared.datasets.users import profile_events

DOCS = Path(__file__).resolve().parents[2] / "docs"
BLOCK = re.compile(r"^### ([\w-]+)$|^```\w+ ([\w.-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NOW_MS = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)


def examples(page: str) -> list[tuple[str, dict[str, str], str, list[object]]]:
    """(format, files, "events", "products" or "profiles", what comes of them)."""
    found, form, files = [], "", {}
    for heading, name, text in BLOCK.findall((DOCS / page).read_text("utf-8")):
        if heading:
            form = heading
        elif name in ("events", "products", "profiles"):
            found.append((form, files, name, [orjson.loads(line) for line in text.splitlines()]))
            files = {}
        else:
            files[name] = text
    return found


EXAMPLES = examples("files.md")


@pytest.mark.parametrize(
    ("form", "files", "what", "expected"), EXAMPLES, ids=[next(iter(e[1])) for e in EXAMPLES]
)
def test_an_example_gives_what_the_page_says(tmp_path, form, files, what, expected):
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    path, books = tmp_path / next(iter(files)), Books()
    if what == "products":
        events = list(catalogue_events(load(path, books=books, now_ms=NOW_MS), NOW_MS))
        assert [e.data for e in events] == expected
    elif what == "profiles":
        assert [e.data for e in profile_events(path, NOW_MS)] == expected
    else:
        assert recognise(path) == form
        found = [
            {
                "type": event.type,
                "time": datetime.fromtimestamp(event.time_ms / 1000, UTC)
                .isoformat(timespec="milliseconds")
                .replace("+00:00", "Z"),
                "data": event.data,
            }
            for event in read(path, books=books, now_ms=NOW_MS)
        ]
        assert found == expected
    assert books.balanced()


def test_every_format_has_an_example_in_both_languages() -> None:
    assert {e[0] for e in EXAMPLES if e[2] == "events"} == set(READERS)
    assert examples("files.zh.md") == EXAMPLES
