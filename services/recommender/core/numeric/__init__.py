"""What all rooms compute with: item numbers, compiled loops, sparse products, price bands.

Product ids are numbered once per process, so that arrays can be indexed by item. Loops that numpy
cannot express are compiled with numba; `jit.py` says how they are cached.
"""
