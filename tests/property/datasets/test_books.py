"""Mutated files of every format: never a traceback, and every row is accounted for."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.shared.contracts.events.shop import SHOP_TYPES
from shopkeeper.shared.datasets.products import load
from shopkeeper.shared.datasets.readers import READERS, Books, FormatError, read
from tests.contract.test_files_page import EXAMPLES, NOW_MS

PIECES = st.sampled_from(
    ['"', ",", ";", "\t", "::", "\n", "\r", "\x00", "\ufeff", "\u00a0", "nan", "1e400", "-1", "",
     "9" * 30, "13/13/2013", "2024-13-01", "{", "}", "[", "null", "é", "茶", "x" * 600,
     "12/1/10 8:26"]
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 12), PIECES), max_size=6)


def mutated(text: str, changes: list[tuple[int, int, str]]) -> str:
    for place, length, piece in changes:
        at = place % (len(text) + 1)
        text = text[:at] + piece + text[at + length :]
    return text


@settings(max_examples=400)
@given(example=st.sampled_from(EXAMPLES), changes=CHANGES, named=st.booleans())
def test_the_books_balance_whatever_is_in_the_file(example, changes, named) -> None:
    form, files, what, _ = example
    bad: list[FormatError] = []
    books = Books()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, text) in enumerate(files.items()):
            content = text if number else mutated(text, changes)
            (Path(folder) / name).write_bytes(content.encode())
        path = Path(folder) / next(iter(files))
        try:
            if what == "products":
                events = load(path, on_bad=bad.append, books=books, now_ms=NOW_MS)
                assert len(events) == books.events
            else:
                name = form if named else "auto"
                found = list(read(path, name, bad.append, books=books, now_ms=NOW_MS))
                assert len(found) == books.events
                assert len({event.id for event in found}) == len(found)
                assert all(event.type in SHOP_TYPES for event in found)
        except FormatError:
            return  # the file as a whole is refused, and says why
    assert books.balanced()
    assert len(bad) == books.skipped_bad.total()
    assert all(error.args[0] for error in bad)


@settings(max_examples=100)
@given(rows=st.lists(st.sampled_from(["s,i,1700000000", ",i,1700000000", 's,"i,1700000000', "s"])))
def test_every_line_is_a_row(rows) -> None:
    books = Books()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clicks.csv"
        path.write_text("session_id,item_id,timestamp\n" + "\n".join(rows) + "\n", "utf-8")
        events = list(read(path, "yoochoose", lambda _: None, books=books, now_ms=NOW_MS))
    assert books.rows == len(rows)
    assert len(events) == rows.count("s,i,1700000000")
    assert books.balanced()


def test_every_format_is_mutated() -> None:
    assert {example[0] for example in EXAMPLES if example[2] == "events"} == set(READERS)
