"""What `shopkeeper train` makes n-gram models of (apps/train/linear.py), for the scripts here."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

from shopkeeper.apps.train.linear import (
    NGRAM_INPUTS,
    Linear,
    TensorProto,
    graph,
    helper,
    idf_of,
    ngram_sums,
    node,
    onnx_file,
    term_frequencies,
    weighted,
    write_model,
)

__all__ = [
    "NGRAM_INPUTS",
    "ROOT",
    "Linear",
    "TensorProto",
    "graph",
    "helper",
    "idf_of",
    "ngram_sums",
    "node",
    "onnx_file",
    "read_rows",
    "term_frequencies",
    "weighted",
    "write_model",
]
ROOT = Path(__file__).resolve().parent.parent


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a gzipped CSV file with a header."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
