"""Parquet files, where pyarrow is installed: batches of rows, never the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .base import FormatError
from .cells import header_key
from .lines import Record

MAGIC = b"PAR1"
BATCH_ROWS = 4096


def _open(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise FormatError(f"{path}: a Parquet file needs pyarrow: pip install pyarrow") from None
    try:
        return pyarrow.parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        raise FormatError(f"{path}: {error}") from None


def names(path: Path) -> list[str]:
    """The names of the columns. Raises FormatError."""
    return list(_open(path).schema_arrow.names)


def records(path: Path) -> Iterator[Record]:
    """The rows, numbered from 1, by `header_key` of their columns. Raises FormatError."""
    import pyarrow
    from pyarrow import types

    file, number = _open(path), 0
    try:
        for batch in file.iter_batches(BATCH_ROWS):
            columns: dict[str, list[Any]] = {}
            for field, column in zip(batch.schema, batch.columns, strict=True):
                if types.is_timestamp(field.type):
                    # Text, in milliseconds: Python's times have no nanoseconds.
                    unit = pyarrow.timestamp("ms", tz=field.type.tz)
                    values = [
                        None if each is None else each.isoformat()
                        for each in column.cast(unit, safe=False).to_pylist()
                    ]
                elif types.is_date(field.type) or types.is_decimal(field.type):
                    values = [None if v is None else str(v) for v in column.to_pylist()]
                elif types.is_binary(field.type):
                    values = [
                        None if v is None else v.decode("utf-8", "replace")
                        for v in column.to_pylist()
                    ]
                else:
                    values = column.to_pylist()
                columns.setdefault(header_key(field.name), values)
            for index in range(batch.num_rows):
                number += 1
                yield Record(number, {name: values[index] for name, values in columns.items()})
    except (OSError, pyarrow.ArrowException) as error:
        raise FormatError(f"{path}: {error}") from None
