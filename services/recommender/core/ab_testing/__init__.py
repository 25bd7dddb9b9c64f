"""A/B tests: assignment by hash, counts per variant, and confidence sequences.

A user's variant follows from a hash, so no table says who is where. A partition counts, as a part
of its checkpoint, who was exposed, clicked and converted. The differences between variants come
with intervals that hold at all times, so that an operator may look as often as they like.
"""
