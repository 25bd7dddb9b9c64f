"""From a request to a ranked list: candidates, scores, fallbacks, diversity, exploration.

Experts propose candidates in one compiled pass; the base score or the blend, a small network that
learns online from lists and clicks, orders them; fallbacks fill what is missing; rules mix and
exclude. Requests of all partitions are ranked together. Online metrics measure what was shown.
"""
