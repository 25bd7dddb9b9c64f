"""What is free, and code that has been used up, is given back; what comes after still works."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

# In a process of its own, that has the compiler and has used it.
SCRIPT = """
import re
from pathlib import Path
import numba
from shopkeeper.shared.runtime.processes import memory

def resident():
    # kB of the compiler's code that are in memory
    found, ours = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            ours = line.endswith(memory.COMPILER) and " r-xp " in line
        elif ours and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found

assert numba.njit(lambda n: n + 1)(1) == 2
before = resident()
memory.give_back()
after = resident()
assert numba.njit(lambda n: n + 2)(1) == 3, "the compiler works again"
print(before, after, resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is given back")
def test_the_compilers_code_is_left_and_comes_again() -> None:
    said = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=120
    ).stdout
    before, after, again = map(int, re.findall(r"\d+", said))
    assert before > 10_000, "it was in memory"
    assert after < before / 10
    assert again > after
