"""Removes from an environment what serving never imports: packages' own tests and converters.

    python deploy/prune.py    # of the environment that runs it; the image's build does

tests/contract/test_prune.py imports every service with these modules out of reach.
"""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

# Folders by that name, anywhere below these packages.
TESTS_OF = ("numpy", "scipy", "numba", "llvmlite")
# What makes or converts models; onnxruntime runs them without.
FOLDERS = ("onnxruntime/transformers", "onnxruntime/quantization", "onnxruntime/tools")


def removable(packages: Path) -> list[Path]:
    """The folders to remove below `site-packages`."""
    found = [path for name in TESTS_OF for path in sorted((packages / name).rglob("tests"))]
    found += [packages / name for name in FOLDERS]
    folders = [path for path in found if path.is_dir()]
    return [path for path in folders if not {*path.parents} & {*folders}]


def main() -> None:
    packages = Path(sysconfig.get_path("platlib"))
    size = 0
    for folder in removable(packages):
        size += sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))
        shutil.rmtree(folder)
    print(f"{size / 1e6:.0f} MB removed from {packages}")


if __name__ == "__main__":
    main()
