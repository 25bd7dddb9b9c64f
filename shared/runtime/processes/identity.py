"""One process at a time per worker id on one machine: a lock that ends with its holder.

Two static members of one id expel each other from their group, for ever: a broker takes the
newcomer for the old one restarted. On one machine a lock tells them apart, before the newcomer has
joined; between machines the one that is expelled notices (see `membership.IdentityTaken`).

A worker without an id is a dynamic member: killed, it stays in its group until its session times
out, on the embedded broker for ever, and whoever joins waits for it. So each such process has a
client id that no other ever has, with a locked file of that name: the next one that starts on this
machine knows by its lock that it has ended, and takes it out of the group.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import re
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from ..refusal import OperatorNeeded
from ..temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ..settings import WorkerSettings

log = logging.getLogger(__name__)

LOOK_S = 0.25
# Beyond DRAIN_DEADLINE: a predecessor that is being stopped, or has lost its supervisor, is waited
# for; `up` and systemd start the next one at once.
PATIENCE_S = 6.0
TOKEN = re.compile("[0-9a-f]{12}")
CLAIMS_MAX = 5  # of a file that another process takes for one that is left over


class IdInUse(OperatorNeeded):
    """Another process of this machine works under this id, on the same brokers."""


@contextlib.asynccontextmanager
async def held(service: str, settings: WorkerSettings) -> AsyncIterator[None]:
    """Hold the right to this worker's id, if it has one. Raises IdInUse after a while."""
    if not settings.worker_id:
        yield
        return
    path = _path(service, settings)
    descriptor = await _acquire(path, settings)
    try:
        yield
    finally:
        if descriptor is not None:
            _forget(path, descriptor)


@contextlib.contextmanager
def client_id(service: str, settings: WorkerSettings) -> Iterator[str]:
    """A client id that no other process ever has, for as long as the block runs; empty where the
    worker has a WORKER_ID, or where no file can be made."""
    made = None if settings.worker_id else _claimed(service, settings)
    if made is None:
        yield ""
        return
    token, path, descriptor = made
    try:
        yield f"shopkeeper-{service}-{token}"
    finally:
        _forget(path, descriptor)


@contextlib.contextmanager
def ended(service: str, settings: WorkerSettings) -> Iterator[list[str]]:
    """Client ids of this machine's processes that had no WORKER_ID and have ended without a word.
    They are forgotten after the block, unless it raises: then the next worker finds them."""
    found: dict[str, tuple[Path, int]] = {}
    try:
        folder, stem = Path(temporary_folder()), _stem(service, settings)
        for path in () if settings.worker_id else folder.glob(f"{stem}-*.lock"):
            token = path.stem.rpartition("-")[2]
            if TOKEN.fullmatch(token) and (descriptor := _left_over(path)) is not None:
                found[f"shopkeeper-{service}-{token}"] = path, descriptor
        yield [*found]
        for path, _ in found.values():
            with contextlib.suppress(OSError):
                path.unlink()
    finally:
        for _, descriptor in found.values():
            os.close(descriptor)


def _claimed(service: str, settings: WorkerSettings) -> tuple[str, Path, int] | None:
    for _ in range(CLAIMS_MAX):
        token = uuid.uuid4().hex[:12]
        path = Path(temporary_folder(), f"{_stem(service, settings)}-{token}.lock")
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(path, flags, 0o600)
        except OSError as error:
            log.debug("no file for a client id: %s", error)
            return None
        if _locked(descriptor, path):
            return token, path, descriptor
        os.close(descriptor)
    return None


def _left_over(path: Path) -> int | None:
    """The file, locked, where it is this user's and nobody else holds it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    if os.fstat(descriptor).st_uid == os.geteuid() and _locked(descriptor, path):
        return descriptor
    os.close(descriptor)
    return None


def _forget(path: Path, descriptor: int) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
    os.close(descriptor)


def _stem(service: str, settings: WorkerSettings) -> str:
    kafka = settings.kafka
    group = [*sorted(kafka.bootstrap_servers), kafka.topic_prefix, service, settings.worker_id]
    digest = hashlib.sha256("\n".join(group).encode()).hexdigest()
    return f"shopkeeper-{digest[:20]}"


def _path(service: str, settings: WorkerSettings) -> Path:
    return Path(temporary_folder(), f"{_stem(service, settings)}.lock")


async def _acquire(path: Path, settings: WorkerSettings) -> int | None:
    deadline = time.monotonic() + settings.drain_deadline_s + PATIENCE_S
    said = False
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:  # read-only, or another user's: the group still notices a double
            log.debug("no lock for WORKER_ID %s: %s", settings.worker_id, error)
            return None
        if _locked(descriptor, path):
            with contextlib.suppress(OSError):  # a full disk: others are told no process id, then
                os.truncate(descriptor, 0)
                os.write(descriptor, str(os.getpid()).encode())
            return descriptor
        holder = os.read(descriptor, 20).decode("ascii", "replace") or "unknown"
        os.close(descriptor)
        in_use = f"WORKER_ID {settings.worker_id!r} is in use on this machine, by process {holder}"
        if time.monotonic() >= deadline:
            raise IdInUse(
                f"{in_use}: stop that one, or give this one another WORKER_ID (for `shopkeeper "
                "up`: the prefix of its ids)"
            )
        if not said:
            log.warning("%s: waiting %.0f s for it to end", in_use, deadline - time.monotonic())
        said = True
        await asyncio.sleep(LOOK_S)


def _locked(descriptor: int, path: Path) -> bool:
    """Whether we hold the lock of the file that is at `path` now, not of one that was removed."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there, ours = path.stat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
