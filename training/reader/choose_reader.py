"""What to ship: figures on `select` of formats, window lengths and span lengths, as JSON lines.

`python choose_reader.py LANGUAGE MODEL STATE --data DATA --weights WEIGHTS`
"""

from __future__ import annotations

import json
import time

import numpy as np
from export_reader import (
    arguments,
    graph_of,
    judged,
    parsed,
    reader_of,
    selected,
    vocabulary_for,
)


def main() -> None:
    parser = arguments()
    parser.add_argument("--formats", default="fp32,int8")
    parser.add_argument("--windows", default="", help="pieces, as 256,320")
    parser.add_argument("--limit", type=int, default=0, help="questions, by chance")
    given = parsed(parser)
    vocabulary = "\n".join(vocabulary_for(given)).encode()
    reads = selected(given)
    order = np.random.default_rng(0).permutation(len(reads))
    reads = [reads[n] for n in order[: given.limit or None]]
    windows = [int(each) for each in given.windows.split(",") if each] or [given.pieces]
    for name in given.formats.split(","):
        for pieces in windows:
            given.pieces = pieces
            content = graph_of(given, name == "int8")
            reader = reader_of(content, vocabulary, given.language, given)
            seconds: list[float] = []
            reader.on_call = lambda took, _, kept=seconds: kept.append(took)
            started = time.perf_counter()
            found, _ = judged(reader, reads)
            told = {
                "format": name,
                "pieces": pieces,
                "span_pieces": given.span_pieces,
                "megabytes": round(len(content) / 1e6, 1),
                "ms_a_call": round(1e3 * float(np.median(seconds)), 1),
                "seconds": round(time.perf_counter() - started, 1),
            }
            print(json.dumps(told | found), flush=True)


if __name__ == "__main__":
    main()
