"""The ONNX graph of a span model (apps/train/reading/span_graph.py), for the scripts here."""

from shopkeeper.apps.train.reading.span_graph import built

__all__ = ["built"]
