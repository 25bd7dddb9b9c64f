"""A model in a process of its own, of low priority: for work that may take nothing from answers.

In a thread it would share the interpreter's lock with the state thread and the event loop, which
would wait for it thousands of times a second. Parent and child exchange frames on the child's
standard input and output: a length, then msgpack. The child ends when its input does, so it
outlives no parent, however that one ends.
"""

from __future__ import annotations

import contextlib
import os
import struct
import subprocess
import sys
import threading
import weakref
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from .manifest import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import IO

    from numpy.typing import NDArray

MODULE = "shopkeeper.shared.text.judge"  # this one, by its name
NICENESS = 10  # added to the parent's
ANSWER_S_MAX = 60.0  # for loading, and for one call; then the child is ended
END_S = 5.0
_LENGTH = struct.Struct("<I")


class Loaded(msgspec.Struct, frozen=True):
    """What the child says first: what it has loaded, or why it has not."""

    name: str = ""
    version: str = ""
    labels: tuple[str, ...] = ()
    parameters: dict[str, float] = {}
    error: str = ""


class Answer(msgspec.Struct, frozen=True):
    """rows: (texts, labels), float32, as bytes. error: the kind of an error; its words may quote a
    text."""

    rows: bytes = b""
    error: str = ""


class Judge:
    """A `Classifier` in a child process. One thread's calls at a time; `close` from any."""

    def __init__(self, loader: str, model_dir: str) -> None:
        """loader: "module:function", which takes a folder and gives the model. Raises ModelError,
        the child's own where it cannot load the model."""
        self._child = subprocess.Popen(
            [sys.executable, "-m", MODULE, loader, model_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the terminal is the parent's
        )
        self.close = weakref.finalize(self, _end, self._child)
        loaded = self._ask(None, Loaded)
        if loaded.error:
            self.close()
            raise ModelError(loaded.error)
        self.name, self.version = loaded.name, loaded.version
        self.labels, self.parameters = loaded.labels, loaded.parameters

    @property
    def process_id(self) -> int:
        """The child's."""
        return self._child.pid

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(texts, labels); rows sum to 1. Raises ModelError if the child fails or has ended."""
        content = msgspec.msgpack.encode([text.encode("utf-8", "surrogatepass") for text in texts])
        answer = self._ask(content, Answer)
        if answer.error:
            raise ModelError(f"model {self.name} {self.version}: {answer.error}")
        return np.frombuffer(answer.rows, np.float32).reshape(len(texts), len(self.labels))

    def _ask(self, content: bytes | None, kind: type[Any]) -> Any:
        """Write a frame, unless there is none to write, and read one."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        limit = threading.Timer(ANSWER_S_MAX, self._child.kill)
        limit.daemon = True
        limit.start()
        try:
            if content is not None:
                _write(self._child.stdin, content)
            found = _read(self._child.stdout)
        except (OSError, ValueError):  # a broken pipe; a file that `close` has closed
            found = None
        finally:
            limit.cancel()
        if found is None:
            self.close()
            raise ModelError(
                f"the process of the model ended (status {self._child.returncode}), or gave no "
                f"answer for {ANSWER_S_MAX:g} s"
            )
        return msgspec.msgpack.decode(found, type=kind)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()  # it has nothing to finish
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(END_S)


def _write(file: IO[bytes], content: bytes) -> None:
    file.write(_LENGTH.pack(len(content)) + content)
    file.flush()


def _read(file: IO[bytes]) -> bytes | None:
    """One frame; None at the end of the file."""
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    content = file.read(_LENGTH.unpack(head)[0])
    return content if len(content) == _LENGTH.unpack(head)[0] else None


def main(loader: str, model_dir: str) -> None:
    """The child."""
    # What any library prints goes to standard error: standard output is the parent's.
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    module, _, function = loader.partition(":")
    try:
        model = getattr(import_module(module), function)(model_dir)
    except Exception as error:
        _write(output, msgspec.msgpack.encode(Loaded(error=str(error))))
        return
    loaded = Loaded(model.name, model.version, tuple(model.labels), dict(model.parameters))
    _write(output, msgspec.msgpack.encode(loaded))
    while (content := _read(sys.stdin.buffer)) is not None:
        try:
            texts = [
                text.decode("utf-8", "surrogatepass")
                for text in msgspec.msgpack.decode(content, type=list[bytes])
            ]
            rows = np.ascontiguousarray(model.probabilities(texts), np.float32)
            answer = Answer(rows.tobytes())
        except Exception as error:
            answer = Answer(error=type(error).__name__)
        _write(output, msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main(*sys.argv[1:3])
