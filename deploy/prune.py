"""Removes from an environment what serving never imports or reads, and strips symbols.

    python deploy/prune.py    # of the environment that runs it; the image's build does

Packages' own tests and converters, parts of scipy, a second copy of onnxruntime for programs in C,
makers of random examples, stubs and headers for compilers and editors. `shopkeeper train` and
`case-study` need more than this leaves, as they need more than requirements.lock has.
tests/contract/test_prune.py imports every service and command with these modules out of reach.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

# Folders by that name, anywhere below these packages.
TESTS_OF = ("numpy", "scipy", "numba", "llvmlite")
FOLDERS = (
    # What makes or converts models; onnxruntime runs them without.
    "onnxruntime/transformers",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    # Of scipy, sparse matrices are used, which import nothing else of it; numba would link scipy's
    # BLAS into loops that multiply matrices, of which we have none.
    "scipy.libs",
    "scipy/cluster",
    "scipy/constants",
    "scipy/datasets",
    "scipy/differentiate",
    "scipy/fft",
    "scipy/fftpack",
    "scipy/integrate",
    "scipy/interpolate",
    "scipy/io",
    "scipy/linalg",
    "scipy/misc",
    "scipy/ndimage",
    "scipy/odr",
    "scipy/optimize",
    "scipy/signal",
    "scipy/sparse/csgraph",
    "scipy/sparse/linalg",
    "scipy/spatial",
    "scipy/special",
    "scipy/stats",
    # For graphics processors; no worker uses one.
    "numba/cuda",
    # Random examples for an OpenAPI document; the gateway's asks for none.
    "faker",
    "polyfactory",
)
# The same code as in the module that Python loads.
FILES = ("onnxruntime/capi/libonnxruntime.so*",)
# For compilers and editors.
SUFFIXES = (".pyi", ".pxd", ".pyx", ".h", ".hpp", ".c", ".cc", ".cpp", ".a")
# How the folders end that auditwheel makes beside packages whose libraries it changes.
LIBRARIES = ".libs"


def removable(packages: Path) -> list[Path]:
    """Folders and files to remove below `site-packages`, none inside another."""
    found = [path for name in TESTS_OF for path in sorted((packages / name).rglob("tests"))]
    found += [packages / name for name in FOLDERS]
    folders = {path for path in found if path.is_dir()}
    files = [path for pattern in FILES for path in sorted(packages.glob(pattern))]
    files += [path for path in sorted(packages.rglob("*")) if path.suffix in SUFFIXES]
    kept = [path for path in [*found, *files] if path in folders or path.is_file()]
    return [path for path in kept if not {*path.parents} & folders]


def size_of(path: Path) -> int:
    """Bytes on disk, as `du` counts them."""
    inside = path.rglob("*") if path.is_dir() else ()
    return sum(each.lstat().st_blocks * 512 for each in (path, *inside))


def strippable(packages: Path) -> list[Path]:
    """Shared libraries but those that auditwheel has changed, which strip may damage."""
    changed = {path.name for path in packages.glob(f"*{LIBRARIES}")}
    changed |= {name.removesuffix(LIBRARIES) for name in changed} | {"scipy"}  # its own are gone
    found = (path for path in sorted(packages.rglob("*.so")) if not path.is_symlink())
    return [path for path in found if path.relative_to(packages).parts[0] not in changed]


def stripped(packages: Path) -> int:
    """Bytes on disk that symbols took, which nothing loads; 0 without the program strip."""
    if shutil.which("strip") is None:
        print("symbols stay: strip (binutils) is not installed")
        return 0
    saved = 0
    for path in strippable(packages):
        before = size_of(path)
        subprocess.run(["strip", "--strip-unneeded", str(path)], check=True)
        saved += before - size_of(path)
    return saved


def prune(packages: Path) -> int:
    """Do it; the bytes on disk that are free then."""
    saved = 0
    for path in removable(packages):
        saved += size_of(path)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return saved + stripped(packages)


def main() -> None:
    packages = Path(sysconfig.get_path("platlib"))
    print(f"{prune(packages) / 1e6:.0f} MB removed from {packages}")


if __name__ == "__main__":
    main()
