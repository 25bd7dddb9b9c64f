"""The table that a record batch becomes: one row of numbers a record."""

from __future__ import annotations

OFFSET, TIMESTAMP, TIMESTAMP_TYPE, KEY, KEY_LENGTH, VALUE, VALUE_LENGTH, HEADERS, END = range(9)
"""Columns. KEY, VALUE, HEADERS and END are positions in the buffer, which ascend in this order: of
HEADERS the count of headers, of END what follows the record. A length of -1 stands for null."""
COLUMNS = 9
NULL = -1
