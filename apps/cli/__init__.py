"""The `shopkeeper` command line: one module per command."""

import os

# The matrices are small: threads of the algebra library would only spin and take a core from the
# broker. It reads this when numpy is imported, so before any module of ours is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
