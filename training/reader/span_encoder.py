"""The encoder with its two heads (apps/train/reading/span_encoder.py), for the scripts here."""

from shopkeeper.apps.train.reading.span_encoder import SpanEncoder

__all__ = ["SpanEncoder"]
