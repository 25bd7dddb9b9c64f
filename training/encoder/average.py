"""Average the weights of runs that went on from one another: `average.py OUT STATE[*TIMES] ...`.

Runs of one beginning lie in one basin, and their mean keeps most of what each is best at (Wortsman
et al. 2022, "Model soups").
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch


def main(out: Path, given: list[str]) -> None:
    """given: each a path, or PATH*TIMES where it counts so many times."""
    weighed = [each.partition("*") for each in given]
    states = [torch.load(Path(path), weights_only=True) for path, _, _ in weighed]
    weights = [float(times or 1) for _, _, times in weighed]
    torch.save(
        {
            name: sum(w * s[name].float() for w, s in zip(weights, states, strict=True))
            / sum(weights)
            for name in states[0]
        },
        out,
    )


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: python average.py OUT STATE[*TIMES] STATE ...")
    main(Path(sys.argv[1]), sys.argv[2:])
