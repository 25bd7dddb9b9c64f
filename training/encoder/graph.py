"""The ONNX graph of an encoder (apps/train/reading/graph.py), for the scripts here."""

from shopkeeper.apps.train.reading.graph import FAR, INPUTS, Graph, built, finished, heads_of

__all__ = ["FAR", "INPUTS", "Graph", "built", "finished", "heads_of"]
