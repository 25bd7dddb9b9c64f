"""The installed tree for serving: bytes on disk by distribution, as `du` counts them.

    python benchmarks/installed_size.py                    # a fresh environment, of the lock file
    python benchmarks/installed_size.py --pruned           # and then what deploy/prune.py leaves
    python benchmarks/installed_size.py --environment .venv # what is there of the lock file

An editable installation has the models in the tree: they are counted where they are.

Prints a table for docs/sizing.md. What several distributions share counts for the first.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROWS_MAX = 12
SHOWN_MB_LEAST = 1.0
READ = """
import importlib.metadata as m, json
print(json.dumps({d.metadata["Name"]: [str(d.locate_file(f)) for f in d.files or ()]
                  for d in m.distributions()}))
"""


def on_disk(path: Path) -> int:
    """Bytes that a file's blocks take; 0 where it is gone."""
    try:
        return path.lstat().st_blocks * 512
    except OSError:
        return 0


def install(folder: Path) -> Path:
    """An environment of the lock file and of this tree, as the image has it; its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lock = ["--require-hashes", "-r", str(ROOT / "requirements.lock")]
    subprocess.run([*pip, "--no-compile", *lock], check=True)
    subprocess.run([*pip, "--no-compile", "--no-deps", str(ROOT)], check=True)
    return python


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def served() -> set[str]:
    """The distributions of an installation for serving: those of the lock file, and ours."""
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    return {plain(name) for name in re.findall(r"^([\w.-]+)==", lock, re.M)} | {"shopkeeper"}


def sizes(python: Path) -> dict[str, int]:
    """Distribution -> bytes on disk; `models` apart from the rest of shopkeeper."""
    listed = json.loads(
        subprocess.run([python, "-c", READ], capture_output=True, check=True).stdout
    )
    found: dict[str, int] = {}
    seen: set[Path] = set()
    wanted = served()
    for name, files in sorted(listed.items()):
        for file in map(Path, files):
            path = file.resolve()
            if path in seen or path.suffix == ".pyc" or plain(name) not in wanted:
                continue
            seen.add(path)
            models = name == "shopkeeper" and "shopkeeper/models/" in path.as_posix()
            part = "shopkeeper: models" if models else name
            found[part] = found.get(part, 0) + on_disk(path)
    if "shopkeeper: models" not in found:  # an editable installation
        for folder in ("models", "services", "shared", "apps", "client", "schemas"):
            part = "shopkeeper: models" if folder == "models" else "shopkeeper"
            files = [path for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
            found[part] = found.get(part, 0) + sum(map(on_disk, filter(Path.is_file, files)))
    return found


def table(found: dict[str, int]) -> str:
    """Markdown: the largest, the others in one row, and all."""
    total = sum(found.values())
    rows = ["| distribution | MB | share |", "|---|---|---|"]
    largest = sorted(found.items(), key=lambda item: -item[1])
    shown = [(n, s) for n, s in largest[:ROWS_MAX] if s >= SHOWN_MB_LEAST * 1e6]
    rows += [f"| {name} | {size / 1e6:.0f} | {size / total:.1%} |" for name, size in shown]
    rest = total - sum(size for _, size in shown)
    rows.append(f"| {len(found) - len(shown)} others | {rest / 1e6:.0f} | {rest / total:.1%} |")
    rows.append(f"| **all** | **{total / 1e6:.0f}** | |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--environment", type=Path, help="of an installation that is there")
    parser.add_argument("--pruned", action="store_true", help="as the image has it")
    parser.add_argument("--keep", type=Path, help="where the fresh environment stays")
    asked = parser.parse_args()
    if asked.environment is not None:
        print(table(sizes(asked.environment / "bin" / "python")))
        return
    with tempfile.TemporaryDirectory() as name:
        python = install(asked.keep or Path(name) / "venv")
        if asked.pruned:
            subprocess.run([python, str(ROOT / "deploy/prune.py")], check=True)
        print(table(sizes(python)))


if __name__ == "__main__":
    main()
