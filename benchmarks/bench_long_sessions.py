"""Sessions of 15 clicks and more: the recommender beside plain item-CF over the whole session.

On the last tenth of the training sessions of the public sets (test parts are left alone), and on a
simulated shop whose sessions have 25 clicks, 45 % of them on what the session saw before. Each line
has HR@20 and MRR@20 of all held-out sessions, by their length, of the long ones beside item-CF
(with and without self-similarity), and these by how much the session had seen, with intervals.

usage: python benchmarks/bench_long_sessions.py [FOLDER [NAME...]]   (FOLDER: of the data)
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from harness import report

from shopkeeper.services.recommender.evaluation.long_sessions import (
    measure_long,
    simulated_sessions,
)

DATA = Path(__file__).parents[2] / "shared" / "data" / "recsys"
FILES = {
    "yoochoose-100k": "clicks_train.csv.gz",
    "retailrocket": "sessions_train.csv.gz",
    "diginetica": "sessions_train.csv.gz",
}
SIMULATED = "simulated"
SESSIONS = 3_000


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    for name in sys.argv[2:] or [SIMULATED, *FILES]:
        if name == SIMULATED:
            with tempfile.TemporaryDirectory() as made:
                path = Path(made) / "sessions.csv"
                path.write_text("".join(simulated_sessions(SESSIONS)))
                report("long sessions", data=name, **measure_long(path))
        elif (folder / name).is_dir():
            report("long sessions", data=name, **measure_long(folder / name / FILES[name]))
        else:
            print(f"{folder / name}: no data set there: not measured", file=sys.stderr)


if __name__ == "__main__":
    main()
