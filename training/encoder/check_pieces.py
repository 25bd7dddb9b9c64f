"""Compare our WordPiece with the `tokenizers` library: `python check_pieces.py DATA WEIGHTS`.

Prints, per language, how many training texts get other pieces, and texts per second of CPU time on
one thread.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from texts import SETS, rows_of, tokenizer

from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.wordpiece import WordPiece

MODELS = {"zh": "bge-small-zh-v1.5", "en": "all-minilm-l6-v2"}


def main(data: Path, weights: Path) -> None:
    for language, model in MODELS.items():
        path = weights / f"{model}-tokenizer.json"
        pieces = json.loads(path.read_text())["model"]["vocab"]
        library = tokenizer(path)
        ours = WordPiece(sorted(pieces, key=pieces.get), strip_accents=language == "en")
        texts = [
            normalise(row["text"])
            for name in SETS[language]
            for row in rows_of(data / f"sentiment/{name}/train.csv.gz")
        ]
        begun = time.process_time()
        theirs = [each.ids for each in library.encode_batch_fast(texts)]
        between = time.process_time()
        mine = [ours.encode(text) for text in texts]
        ended = time.process_time()
        different = sum(a != b for a, b in zip(theirs, mine, strict=True))
        line = {
            "language": language,
            "texts": len(texts),
            "other_pieces": different,
            "library_texts_per_second": round(len(texts) / (between - begun)),
            "ours_texts_per_second": round(len(texts) / (ended - between)),
        }
        print(json.dumps(line))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
