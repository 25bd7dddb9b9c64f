"""The process's memory as glibc keeps it: bounded, and given back. Elsewhere nothing is done."""

from __future__ import annotations

import asyncio
import ctypes
import sys
from functools import cache
from typing import Any

M_ARENA_MAX = -8  # of malloc.h
ARENAS = 2
GIVE_BACK_S = 30.0


@cache
def _glibc() -> Any:
    """None where the C library is another one."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        return library if hasattr(library, "malloc_trim") else None
    except OSError:
        return None


def bound() -> None:
    """Have few arenas: each of a worker's dozen threads would keep freed memory in its own. To be
    called before there are threads."""
    if (glibc := _glibc()) is not None:
        glibc.mallopt(M_ARENA_MAX, ARENAS)


def give_back() -> None:
    """Return what is free to the system: what loading a model took, or one large batch. Takes some
    milliseconds, without the interpreter's lock."""
    if (glibc := _glibc()) is not None:
        glibc.malloc_trim(0)


async def give_back_forever() -> None:
    """Now and then, on a thread of its own."""
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(give_back)
