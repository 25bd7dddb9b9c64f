"""One process at a time per worker id on one machine: a lock that ends with its holder.

Two static members of one id expel each other from their group, for ever: a broker takes the
newcomer for the old one restarted. On one machine a lock tells them apart, before the newcomer has
joined; between machines the one that is expelled notices (see `membership.IdentityTaken`).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..refusal import OperatorNeeded
from ..temporary import temporary_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ..settings import WorkerSettings

log = logging.getLogger(__name__)

LOOK_S = 0.25
# Beyond DRAIN_DEADLINE: a predecessor that is being stopped, or has lost its supervisor, is waited
# for; `up` and systemd start the next one at once.
PATIENCE_S = 6.0


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
            with contextlib.suppress(OSError):
                path.unlink()
            os.close(descriptor)


def _path(service: str, settings: WorkerSettings) -> Path:
    kafka = settings.kafka
    group = [*sorted(kafka.bootstrap_servers), kafka.topic_prefix, service, settings.worker_id]
    digest = hashlib.sha256("\n".join(group).encode()).hexdigest()
    return Path(temporary_folder(), f"shopkeeper-{digest[:20]}.lock")


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
