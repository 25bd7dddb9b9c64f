"""Which layers are kept (apps/train/reading/layers.py), for the scripts here."""

from shopkeeper.apps.train.reading.layers import kept_layers, layer_count

__all__ = ["kept_layers", "layer_count"]
