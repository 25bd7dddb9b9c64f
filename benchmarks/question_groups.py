"""How well the report groups questions: `python benchmarks/question_groups.py FILE.csv.gz`.

FILE has columns `text` and `intent` (and perhaps `lang`). Prints, for several cosines, the share of
questions in a group of two or more, and of these the share whose intent is the most frequent of
their group.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
from collections import Counter

from shopkeeper.apps.report import clusters
from shopkeeper.services.answers.core.terms import question_terms

COSINES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
NOT_ASKED = frozenset({"oos", "chitchat"})
SAMPLE = 600


def main() -> None:
    """Draw a sample, group it, and print a line per cosine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--language")
    arguments = parser.parse_args()
    with gzip.open(arguments.file, "rt", encoding="utf-8") as file:
        rows = [
            (row["text"], row["intent"])
            for row in csv.DictReader(file)
            if row["intent"] not in NOT_ASKED
            and arguments.language in (None, row.get("lang", arguments.language))
        ]
    drawn = dict(random.Random(0).sample(sorted(set(rows)), SAMPLE))
    terms = {text: sorted(set(question_terms(text))) for text in drawn}
    texts = [text for text in sorted(drawn) if terms[text]]
    cosines = clusters.cosines_of([terms[text] for text in texts])
    for cosine in COSINES:
        groups = [g for g in clusters.groups(cosines, cosine) if len(g) >= clusters.CLUSTER_MIN]
        inside = sum(map(len, groups))
        alike = sum(Counter(drawn[texts[i]] for i in g).most_common(1)[0][1] for g in groups)
        figures = {"groups": len(groups), "grouped": inside / len(texts), "alike": alike / inside}
        print(json.dumps({"cosine": cosine} | {k: round(v, 3) for k, v in figures.items()}))


if __name__ == "__main__":
    main()
