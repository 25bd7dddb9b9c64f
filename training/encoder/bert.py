"""The encoder in torch (apps/train/reading/bert.py), for the scripts here."""

from shopkeeper.apps.train.reading.bert import Encoder

__all__ = ["Encoder"]
