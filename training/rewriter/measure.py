"""Measure a rewriter: `PYTHONPATH=src python training/rewriter/measure.py STATE`.

Prints one JSON object: the exact share on 1,000 made-up pairs of the select part; the exact share
and the share with the same words on the follow-ups of `own_{en,zh}.tsv`, which were written before
anything was trained; milliseconds; the same with int8 graphs. Wrong own follow-ups go to stderr.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
import time
from pathlib import Path

from decode import OnnxRewriter
from onnxruntime.quantization import quantize_dynamic
from pairs import Maker
from pieces import plain

PAIRS, BATCH, TIMED = 1000, 16, 30
_FREE = re.compile(r"\b(?:a|an|the|is|are|does|do|of|in|for|on|by)\b|[的是有 ]|[^\w]")


def same(text: str) -> str:
    return re.sub(r"\s+", "", plain(text))


def words(text: str) -> list[str]:
    """What a question is of, in no order: without articles, auxiliaries, prepositions."""
    text = plain(text)
    if re.search("[\u3400-\u9fff]", text):
        return sorted(_FREE.sub("", text))
    return sorted(_FREE.sub(" ", text).split())


def measured(rewriter: OnnxRewriter, log: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    maker = Maker(1, "select")
    pairs = [maker.draw() for _ in range(PAIRS)]
    said: list[str] = []
    for at in range(0, PAIRS, BATCH):
        said += rewriter.rewrite([pair[:3] for pair in pairs[at : at + BATCH]])
    right = [same(each) == same(pair.whole) for each, pair in zip(said, pairs, strict=True)]
    found["made up, exact"] = sum(right) / PAIRS
    for name, chosen in (
        ("whole already", [same(pair.line) == same(pair.whole) for pair in pairs]),
        ("follow-ups", [same(pair.line) != same(pair.whole) for pair in pairs]),
    ):
        hits = sum(r for r, c in zip(right, chosen, strict=True) if c)
        found[f"made up, {name}"] = round(hits / sum(chosen), 4)
    alike = sum(words(each) == words(pair.whole) for each, pair in zip(said, pairs, strict=True))
    found["made up, same words"] = alike / PAIRS
    for language in ("en", "zh"):
        path = Path(__file__).with_name(f"own_{language}.tsv")
        rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
        said = []
        for at in range(0, len(rows), BATCH):
            said += rewriter.rewrite([tuple(row[:3]) for row in rows[at : at + BATCH]])
        exact = alike = 0
        for row, text in zip(rows, said, strict=True):
            wanted = row[3].split(" / ")
            hit = any(same(text) == same(each) for each in wanted)
            near = hit or any(words(text) == words(each) for each in wanted)
            exact, alike = exact + hit, alike + near
            if log and not near:
                print(" | ".join(row[:3]), "->", text, file=sys.stderr)
        found[f"own {language}, exact"] = exact / len(rows)
        found[f"own {language}, same words"] = alike / len(rows)
    for size in (1, BATCH):
        took = []
        for at in range(TIMED):
            batch = [pair[:3] for pair in pairs[at * size : (at + 1) * size]]
            began = time.perf_counter()
            rewriter.rewrite(batch)
            took.append((time.perf_counter() - began) * 1000 / size)
        found[f"ms a question, batch of {size}, median"] = round(statistics.median(took), 2)
    return found


def main(folder: Path) -> None:
    told = {"float": measured(OnnxRewriter(folder), log=True)}
    for name in ("encoder", "step"):
        quantize_dynamic(folder / f"{name}.onnx", folder / f"{name}.int8.onnx")
    told["int8"] = measured(OnnxRewriter(folder, ".int8"), log=False)
    for suffix in ("", ".int8"):
        sizes = [(folder / f"{name}{suffix}.onnx").stat().st_size for name in ("encoder", "step")]
        told[f"bytes{suffix}"] = sum(sizes)
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
