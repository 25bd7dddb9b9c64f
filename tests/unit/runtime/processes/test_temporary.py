"""Where no file can be written there is a folder for temporary files all the same, and a lock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# A limit of 0 bytes fails every write, as a full disk does.
PROGRAM = """
import asyncio, resource, sys
from shopkeeper.shared.runtime.processes import identity
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.temporary import temporary_folder
settings = WorkerSettings.from_env(
    {"KAFKA_BOOTSTRAP_SERVERS": "nobody:1", "WORKER_ID": "full", "TOPIC_PREFIX": sys.argv[2]}
)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
print(temporary_folder(), flush=True)
async def hold():
    async with identity.held("intent", settings):
        print("held")
asyncio.run(hold())
"""


@pytest.mark.parametrize("bytes_max", [0, 4096], ids=["full", "space"])
def test_a_worker_holds_its_id_where_no_file_can_be_written(tmp_path: Path, bytes_max: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(bytes_max), f"full{bytes_max}."],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path), "held"]
