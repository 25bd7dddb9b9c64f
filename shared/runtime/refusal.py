"""Failures that only an operator can mend: said in one line, without a traceback, not retried."""

from __future__ import annotations

EXIT_OPERATOR = 3  # a worker's exit status: starting it again would end the same way
EXIT_AGAIN = 75  # EX_TEMPFAIL: it stopped in order and is to be started again


class OperatorNeeded(RuntimeError):
    """Starting again would fail alike; the message names what is wrong and the way out."""
