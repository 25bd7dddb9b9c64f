"""Experts: one file per source of evidence, and the list of them all.

A new expert is a file with an `EXPERT` (base.py), its import here and its line in `ALL`. The order
of `ALL` is the order in which experts propose, but for early ones, and that of the blend's columns.
"""

from __future__ import annotations

from . import (
    category,
    content,
    context,
    neighbours,
    popularity,
    repeats,
    reviews,
    search,
    sequences,
    sessions,
    two_step,
    vectors,
    whole_session,
)

ALL = (
    neighbours.EXPERT,
    two_step.EXPERT,
    whole_session.EXPERT,
    sequences.EXPERT,
    sessions.EXPERT,
    popularity.EXPERT,
    repeats.EXPERT,
    reviews.EXPERT,
    category.EXPERT,
    content.EXPERT,
    search.EXPERT,
    vectors.EXPERT,
    context.EXPERT,
)
