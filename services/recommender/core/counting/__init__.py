"""Sessionising and co-occurrence counting, incrementally and exactly.

Events of a user become sessions; an item that is new to a session becomes increments (deltas) of
n(i) and c(i, j); the owner of an item partition adds them up in integers, above the offset that
it has applied of each origin. Counts equal those of a batch job over the same log, entry by
entry, whatever was delivered twice. Decay and pruning are options, both off.
"""
