"""The part of the training texts that settings, weights of tiers and thresholds are chosen on.

`train_intent.py` and `train_sentiment.py` leave it out with `--without-selection`: what a model
says of texts that it was fitted to tells nothing of how sure it may be of others.
"""

from __future__ import annotations

import hashlib

from shopkeeper.shared.text.normalisation import normalise

SELECT_OF = 12  # one text in so many


def is_selected(source: str, text: str, group: str = "") -> bool:
    """Whether a text is kept for choosing. group: of texts that must not be parted."""
    key = f"{source}/{group or normalise(text)}"
    return int(hashlib.md5(key.encode()).hexdigest(), 16) % SELECT_OF == 0
