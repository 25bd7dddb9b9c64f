"""The terminal that a command was started from: what ends when it goes away.

A terminal that goes away (a window is closed, `tmux kill-server`, an ssh connection that breaks)
is announced with SIGHUP, but by the kernel to the session leader only. A shell passes it on, by
its own signal or by its end. GNU make, which leads the session in `tmux new 'make demo'` and in
`ssh -t HOST make demo`, does neither: it waits for its children, which are told nothing and go on.

So `watch()` looks for itself, in a thread, and sends this process the SIGHUP that nobody else
does. The thread serves the time before an event loop runs too, and works on Linux and macOS.
What was started to outlive its terminal does: under `nohup`, where SIGHUP is ignored; in a session
of its own; in the background.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import errno
import fcntl
import os
import select
import signal
import sys
import termios
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LOOK_EVERY_S = 0.5
# After a hang-up nobody waits for a long drain: the whole has ended within 10 s.
HANG_UP_GRACE_S = 5.0
STANDARD = (0, 1, 2)

_watching = threading.Lock()


def hang_up_ends() -> bool:
    """Whether SIGHUP ends this process; not where it is ignored, as `nohup` has it."""
    return signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN


def watch() -> None:
    """From now on a terminal that goes away sends this process SIGHUP, whoever leads the session.

    Does nothing where SIGHUP is ignored, nor where there is no terminal. Only what runs in the
    foreground ends: what was sent to the background was so at the last look.
    """
    # The kernel itself tells a session leader.
    if not hang_up_ends() or os.getsid(0) == os.getpid() or not _watching.acquire(blocking=False):
        return
    # Importing takes a second or two, and the terminal may have gone meanwhile.
    group = os.getpgrp() if any(map(is_dead, STANDARD)) else _foreground_group()
    if group is None:
        return
    ours = [descriptor for descriptor in STANDARD if os.isatty(descriptor)]

    def body(group: int) -> None:
        while not any(map(is_dead, ours)) and (now := _foreground_group()) is not None:
            group = now
            time.sleep(LOOK_EVERY_S)
        if group == os.getpgrp():
            # To the main thread: another would not interrupt what that one waits for.
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGHUP)

    threading.Thread(target=body, args=(group,), name="terminal", daemon=True).start()


def is_dead(descriptor: int) -> bool:
    """Whether `descriptor` is a terminal that has gone away."""
    try:
        termios.tcgetattr(descriptor)
    except termios.error as error:
        return error.args[0] in (errno.EIO, errno.ENXIO)  # ENOTTY: a file or a pipe
    if sys.platform == "darwin":
        # macOS goes on answering for its attributes. To be readable without anything to read is
        # what tells a dead one there: even Ctrl-D is a character until it is read.
        waiting = array.array("i", [0])
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
        return bool(select.select([descriptor], [], [], 0)[0]) and waiting[0] == 0
    return False


def _foreground_group() -> int | None:
    """The process group in the foreground of our terminal; None where there is no terminal."""
    for descriptor in STANDARD:
        with contextlib.suppress(OSError):  # not a terminal, or not the one of our session
            return os.tcgetpgrp(descriptor)
    try:  # not kept open: on macOS a dead one can still be opened, and would be waited for
        descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return None if is_dead(descriptor) else os.tcgetpgrp(descriptor)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def let_go() -> None:
    """Replace dead terminals among the standard streams by /dev/null: writing then fails no more.

    Else the last words of a shutdown, and the interpreter's own flush, would end in a traceback.
    """
    dead = [descriptor for descriptor in STANDARD if is_dead(descriptor)]
    if dead:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in dead:
            os.dup2(nowhere, descriptor)
        os.close(nowhere)


def lost_output(error: OSError) -> bool:
    """Whether a write failed because who read it has gone: a terminal, or the end of a pipe.

    Then this process gets SIGHUP, and what is written from here on goes nowhere. A caller that is
    not ended by it, as under `nohup`, goes on without output.
    """
    if not isinstance(error, BrokenPipeError) and not any(map(is_dead, STANDARD)):
        return False
    if isinstance(error, BrokenPipeError):
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
    let_go()
    signal.raise_signal(signal.SIGHUP)
    return True


def exit_on_signals() -> None:
    """SIGTERM and SIGHUP raise SystemExit(0): until a loop has handlers of its own.

    One that is ignored stays ignored.
    """

    def leave(number: int, _frame: object) -> None:
        # Once: the shell and the kernel may both say that the terminal has gone, and a second
        # SystemExit would break into the clean-up that the first began.
        signal.signal(number, signal.SIG_IGN)
        let_go()
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, leave)


def stop_on_signals(stop: Callable[[], None], kill: Callable[[], None]) -> None:
    """Call `stop` at each SIGTERM and SIGINT, and once at SIGHUP, in the running event loop.

    SIGHUP has a deadline: `kill` is called HANG_UP_GRACE_S later. Where it is ignored it stays so.
    """
    loop = asyncio.get_running_loop()
    heard = False

    def hung_up() -> None:
        nonlocal heard
        let_go()
        if not heard:
            heard = True
            stop()
            loop.call_later(HANG_UP_GRACE_S, kill)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if hang_up_ends():
        loop.add_signal_handler(signal.SIGHUP, hung_up)
