"""Child processes that die with their parent, also when the parent is killed with SIGKILL.

Every child inherits the read end of a pipe, the *lifeline*, whose write end only the parent
holds. The kernel closes that end when the parent ends, however it ends, and the child reads end
of file. Linux' PR_SET_PDEATHSIG alone would not do: macOS has nothing like it, and it follows the
parent's thread, not its process.

- Our own Python children call `follow_parent()`, which watches in a thread.
- Foreign programs are started through a guard, this module run by `python -m`, which holds the
  lifeline in their place and ends them.

Children get a session of their own: a Ctrl-C at the terminal reaches the parent alone, which then
ends them in its order.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

GUARD = "shopkeeper.shared.runtime.processes.process"  # this module, by its name
LIFELINE = "SHOPKEEPER_LIFELINE_FD"  # names the inherited descriptor; not a user's setting
ORPHAN_GRACE_S = 5.0
STOP_GRACE_S = 10.0

_pipe: tuple[int, int] | None = None
_follows = False
_pipe_lock = threading.Lock()


def lifeline() -> int:
    """The descriptor that children inherit: readable (end of file) once this process has ended."""
    global _pipe
    with _pipe_lock:
        if _pipe is None:
            _pipe = os.pipe()  # both ends are closed in children, unless passed on by pass_fds
        return _pipe[0]


def child_options(environ: Mapping[str, str]) -> dict[str, Any]:
    """Keyword arguments with which Popen (or asyncio) starts a child that dies with us."""
    descriptor = lifeline()
    return {
        "env": {**environ, LIFELINE: str(descriptor)},
        "pass_fds": (descriptor,),
        "start_new_session": True,
        "stdin": subprocess.DEVNULL,
    }


def guarded(command: Sequence[str], remove: str = "", grace_s: float = ORPHAN_GRACE_S) -> list[str]:
    """`command`, run by a guard that ends it when we are gone or when the guard gets SIGTERM.

    remove: a folder that the guard deletes afterwards. The guard exits with the command's status.
    """
    return [sys.executable, "-m", GUARD, f"{grace_s:g}", remove, *command]


def follow_parent(grace_s: float = ORPHAN_GRACE_S) -> None:
    """In a child: stop when the parent has gone. Does nothing in a process started otherwise.

    The process gets SIGTERM, as from its supervisor, and ends at once after `grace_s`.
    """
    global _follows
    descriptor = _inherited_lifeline()
    if descriptor is None:
        return
    _follows = True

    def orphaned() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(grace_s)
        os._exit(1)

    _watch(descriptor, orphaned)


def follows_parent() -> bool:
    """Whether a process of ours started this one, and says to the user what concerns both."""
    return _follows


def _inherited_lifeline() -> int | None:
    # Taken out of the environment: grandchildren do not inherit the descriptor of that number.
    value = os.environ.pop(LIFELINE, "")
    return int(value) if value.isdigit() else None


def _watch(descriptor: int, orphaned: Callable[[], None]) -> None:
    def body() -> None:
        with contextlib.suppress(OSError):
            while os.read(descriptor, 1):
                pass
        orphaned()

    threading.Thread(target=body, name="lifeline", daemon=True).start()


def end(child: subprocess.Popen[Any], grace_s: float = STOP_GRACE_S) -> int:
    """SIGTERM, then SIGKILL after `grace_s`; returns the exit status."""
    if child.poll() is None:
        child.terminate()
        try:
            return child.wait(grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()


def _die_with_guard() -> None:
    """In the guarded program, before it starts: Linux ends it if even the guard is killed."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def guard(arguments: Sequence[str]) -> int:
    """Run GRACE_S REMOVE COMMAND…: the body of the guard process."""
    grace_s, remove, command = float(arguments[0]), arguments[1], list(arguments[2:])
    stopping, ended = threading.Event(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())
    descriptor = _inherited_lifeline()
    # preexec_fn is safe here: no other thread runs yet.
    child = subprocess.Popen(command, preexec_fn=_die_with_guard)
    if descriptor is not None:
        _watch(descriptor, stopping.set)

    def stop() -> None:
        stopping.wait()
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        if not ended.wait(grace_s):
            with contextlib.suppress(ProcessLookupError):
                child.kill()

    threading.Thread(target=stop, name="stop", daemon=True).start()
    status = child.wait()
    ended.set()
    if remove:
        shutil.rmtree(remove, ignore_errors=True)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(guard(sys.argv[1:]))
