"""Parquet files: rows as of any other file, and a way out where pyarrow is missing."""

from __future__ import annotations

import datetime
import importlib.util

import pytest

from shopkeeper.shared.datasets.readers import FormatError, read

HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


@pytest.mark.skipif(HAS_PYARROW, reason="pyarrow is installed")
def test_without_pyarrow_the_error_says_how_to_have_it(tmp_path):
    path = tmp_path / "clicks.parquet"
    path.write_bytes(b"PAR1" + bytes(64) + b"PAR1")
    with pytest.raises(FormatError, match="pip install pyarrow"):
        list(read(path))


@pytest.mark.skipif(not HAS_PYARROW, reason="needs pyarrow")
def test_rows_become_events(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "clicks.parquet"
    at = datetime.datetime(2026, 1, 1, 10)
    table = pyarrow.table(
        {
            "user_id": ["u1", "u2"],
            "item_id": ["i1", "i2"],
            "timestamp": pyarrow.array([at, at], pyarrow.timestamp("ns")),
            "event": ["view", "addtocart"],
        }
    )
    pyarrow.parquet.write_table(table, path)
    events = list(read(path))
    assert [(e.type, e.key, e.data["product_id"]) for e in events] == [
        ("product.clicked.v1", "u1", "i1"),
        ("product.added.v1", "u2", "i2"),
    ]
    assert {e.time_ms for e in events} == {1_767_261_600_000}
