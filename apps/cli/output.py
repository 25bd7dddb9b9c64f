"""What a command prints, when whoever reads it goes away (`shopkeeper ... | head`)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def reader_gone() -> bool:
    """Whether standard output is a pipe (or socket) that nobody reads any more.

    Asked, not tried: a command that waits for records would otherwise notice only with the next.
    """
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # errors are always told
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # closed, or no descriptor: a test's buffer
        return False


@contextlib.contextmanager
def ending_with_its_reader() -> Iterator[None]:
    """Once nobody reads what is printed, end as Unix programs do: at once, without a word, by
    SIGPIPE (a shell says 141).

    The signal stays ignored until then: it would also end a process whose *broker* hangs up.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        if not reader_gone():  # some other pipe
            raise
        end_by_broken_pipe()


def end_by_broken_pipe() -> None:
    """Does not return."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(128 + signal.SIGPIPE)  # the signal is blocked
