"""The chart of docs/compression.md."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from encoder.draw_compression import drawn, table

REPORT = {
    "language": "zh",
    "models": [
        {
            "name": name,
            "kind": kind,
            "megabytes": size,
            "accuracy": 0.90125,
            "by_set": {"waimai_10k": 0.8886},
            "texts_per_second": rate,
        }
        for name, kind, size, rate in [
            ("n-grams", "ngrams", 5.2, 9000),
            ("4 layers, fp32", "alone", 96.4, 150),
            ("4 layers, int8", "alone", 24.9, 500),
            ("n-grams + 4 layers", "cascade", 30.1, 2500),
        ]
    ],
}


def test_every_model_has_a_point_and_its_name() -> None:
    root = ET.fromstring(drawn(REPORT))
    texts = {
        "".join(each.itertext()).strip() for each in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert {
        "n-grams (5 MB)", "4 layers, fp32 (96 MB)", "4 layers (25 MB)", "4 layers (30 MB)",
        "a model alone", "behind the n-grams",
    } <= texts  # fmt: skip


def test_the_same_report_gives_the_same_file() -> None:
    assert drawn(REPORT) == drawn(REPORT)


def test_the_table_has_a_row_for_every_model() -> None:
    lines = table(REPORT).splitlines()
    assert lines[0] == "| model | MB | texts/s | accuracy | waimai_10k |"
    assert lines[2] == "| n-grams | 5.2 | 9,000 | 0.9012 | 0.889 |"
    assert len(lines) == 2 + len(REPORT["models"])
