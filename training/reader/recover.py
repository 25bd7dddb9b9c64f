"""A shipped span model's weights as a state to go on from: `python recover.py MODEL.onnx STATE.pt
HEADS`, HEADS being those of attention: 8 in Chinese, 12 in English.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from shopkeeper.apps.train.reading.recover import recovered


def main(path: Path, state: Path, heads: int) -> None:
    weights = recovered(path, heads)
    torch.save({name: torch.tensor(value) for name, value in weights.items()}, state)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
