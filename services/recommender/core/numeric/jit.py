"""Compiled loops of the core: one cache on disk for all of them, since any may call any other."""

from __future__ import annotations

from pathlib import Path

from shopkeeper.shared.compiled import compiler

CORE = Path(__file__).resolve().parents[1]
jit = compiler(CORE)
inner = compiler(CORE, inner=True)  # of loops that only loops call
borrowing = compiler(CORE, borrows=True)  # of loops that make no arrays, and return none
