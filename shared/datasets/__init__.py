"""Readers of behaviour data files: rows in, shop events out, streaming."""
