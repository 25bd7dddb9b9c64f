"""Who takes part, how each is started, and what its job is, in words."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
VENV = ROOT / ".venv-peers"
REQUIREMENTS = FOLDER / "requirements.txt"
JOBS = ("parse", "count", "item-cf")


@dataclass(frozen=True)
class Contender:
    """A peer, or Shopkeeper itself."""

    name: str
    package: str  # whose version is told; "" for Shopkeeper
    script: str  # in this folder
    jobs: tuple[str, ...] = JOBS
    restores_progress: bool = False  # after a restart its progress goes on, not from nothing

    def command(self) -> list[str]:
        if not self.package:
            return [sys.executable, str(FOLDER / self.script)]
        python = str(VENV / "bin/python")
        if self.package == "bytewax":
            module = Path(self.script).stem
            return [python, "-m", "bytewax.run", f"{module}:flow", "-s", "5", "-b", "0"]
        return [python, self.script]

    def prepare(self, folder: Path) -> dict[str, str]:
        """Ready an empty folder for its state; returns more environment."""
        if self.package != "bytewax":
            return {}
        init = [str(VENV / "bin/python"), "-m", "bytewax.recovery", str(folder), "1"]
        subprocess.run(init, check=True, capture_output=True)
        return {"BYTEWAX_RECOVERY_DIRECTORY": str(folder)}


CONTENDERS = (
    Contender("aiokafka", "aiokafka", "aiokafka_jobs.py"),
    Contender("Faust", "faust-streaming", "faust_jobs.py"),
    Contender("Quix Streams", "quixstreams", "quix_jobs.py"),
    Contender("Bytewax", "bytewax", "bytewax_jobs.py"),
    Contender("Pathway", "pathway", "pathway_jobs.py", restores_progress=True),
    Contender("Shopkeeper", "", "shopkeeper_jobs.py", ("parse", "count")),
)
RECOMMENDER = "Shopkeeper's recommender"  # the contender for item-cf, which needs no script here


def install() -> None:
    """Make the peers' environment, once per requirements.txt."""
    stamp = VENV / ".installed"
    if stamp.is_file() and stamp.stat().st_mtime >= REQUIREMENTS.stat().st_mtime:
        return
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run(
        [str(VENV / "bin/python"), "-m", "pip", "install", "--quiet",
         "--disable-pip-version-check", "--require-hashes", "-r", str(REQUIREMENTS)],
        check=True, stdout=sys.stderr,
    )  # fmt: skip
    stamp.touch()


def versions() -> dict[str, str]:
    """What is installed in the peers' environment, by package."""
    asked = [each.package for each in CONTENDERS if each.package]
    code = (
        "import sys; from importlib.metadata import version\n"
        "for name in sys.argv[1:]: print(name, version(name))"
    )
    done = subprocess.run(
        [str(VENV / "bin/python"), "-c", code, *asked], check=True, capture_output=True, text=True
    )
    return dict(line.split() for line in done.stdout.splitlines())
