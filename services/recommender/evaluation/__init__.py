"""Offline evaluation: recorded behaviour through the worker's own code, measured.

Splits, protocols (hold-out, prequential, nightly, cold items), ranking metrics with bootstrap
intervals, and a group of workers in one process that stands in for a broker.
"""
