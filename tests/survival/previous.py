"""The sources of an earlier version, out of git's history: whose workers a rollback starts.

Of the newest release's tag; while nothing is released, of the commit `COMMITS_BACK` before this
one; or of the one that SURVIVAL_PREVIOUS names. There is none where the tree is no clone, or a
shallow one, or where that version writes checkpoints of another format: then a rollback is refused,
as the scenario *refused downgrade* has it.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import tarfile
from pathlib import Path

from shopkeeper.shared.runtime.state.checkpoint_chain import FORMAT_VERSION

ROOT = Path(__file__).parents[2]
COMMITS_BACK = 50
FORMAT_AT = "shared/runtime/state/checkpoint_chain.py"


class Absent(Exception):
    """There is no earlier version to roll back to; says why."""


def git(*arguments):
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise Absent(done.stderr.decode("utf-8", "replace").strip().splitlines()[0])
    return done.stdout


def revision():
    """The commit's name. Raises Absent."""
    if named := os.environ.get("SURVIVAL_PREVIOUS"):
        return named
    if tags := git("tag", "--sort=-creatordate", "--merged", "HEAD~1").decode().split():
        return tags[0]
    return git("rev-parse", "--short=7", f"HEAD~{COMMITS_BACK}").decode().strip()


def source(folder):
    """(name of the commit, its `src` below `folder`). Raises Absent."""
    try:
        commit = revision()
        archive = git("archive", "--format=tar", commit)
    except FileNotFoundError:
        raise Absent("git is not installed") from None
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(folder, filter="fully_trusted")  # its links go from src/ to the folders
    written = re.search(r"^FORMAT_VERSION = (\d+)", (Path(folder) / FORMAT_AT).read_text(), re.M)
    if written is None or int(written[1]) != FORMAT_VERSION:
        raise Absent(f"{commit} writes checkpoints of another format")
    return commit, Path(folder) / "src"
