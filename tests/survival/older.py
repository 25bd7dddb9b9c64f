"""A worker of an older version, as far as checkpoints go: this one, which reads no format but those
before its own.

In front of a worker: `python -P tests/survival/older.py python -m shopkeeper worker SERVICE`.
"""

from __future__ import annotations

import runpy
import sys

from shopkeeper.shared.runtime.state import checkpoint_chain, checkpoints

FORMAT = checkpoint_chain.FORMAT_VERSION - 1


def main():
    # Whoever imports the constant has it by name; both say what this version reads and writes.
    checkpoint_chain.FORMAT_VERSION = checkpoints.FORMAT_VERSION = FORMAT
    module = sys.argv.index("-m") + 1
    sys.argv[:] = sys.argv[module:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
