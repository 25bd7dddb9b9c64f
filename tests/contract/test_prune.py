"""deploy/prune.py: what the image goes without is what no service imports."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from shopkeeper import services

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("prune", ROOT / "deploy/prune.py")
assert spec is not None
assert spec.loader is not None
prune = importlib.util.module_from_spec(spec)
spec.loader.exec_module(prune)

IMPORTED = """
import importlib, importlib.abc, sys
class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        parts = name.split(".")
        gone = parts[0] in TESTS and "tests" in parts
        if gone or name.startswith(FOLDERS):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
for name in NAMES:
    importlib.import_module(f"shopkeeper.services.{name}.app")
from shopkeeper.apps.cli import main
for module in main.COMMANDS.values():
    importlib.import_module(module)
# What commands import when they run, but for those that need extras, which no image has.
import pkgutil, shopkeeper.apps.report, shopkeeper.services, shopkeeper.shared
for package in (shopkeeper.apps.report, shopkeeper.services, shopkeeper.shared):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not found.name.startswith("shopkeeper.shared.testing"):
            importlib.import_module(found.name)
import onnxruntime
from scipy import sparse
product = sparse.csr_array([[1, 2], [0, 3]]) @ sparse.csc_array([[1], [1]])
assert product.toarray().tolist() == [[3], [3]]
# The gateway's routes and their document, of which Litestar imports parts only when it is made.
from types import SimpleNamespace
from shopkeeper.services.gateway.http.application import routes
context, guards = SimpleNamespace(ready=None), SimpleNamespace(before=None, after=None)
assert routes(context, guards, origins=(), body_bytes_max=1).openapi_schema.paths
from shopkeeper.apps.report.clusters import Asked, clustered
asked = ("do you ship abroad", "do you ship abroad today", "what is your address")
assert [cluster.size for cluster in clustered(Asked(text, "") for text in asked).clusters] == [2]
print(len(sys.modules))
"""


def test_no_service_and_no_command_imports_what_is_removed():
    values = {
        "TESTS": prune.TESTS_OF,
        "FOLDERS": tuple(name.replace("/", ".") for name in prune.FOLDERS),
        "NAMES": services.NAMES,
    }
    head = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    done = subprocess.run(
        [sys.executable, "-c", head + IMPORTED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 500


def test_what_goes_is_found_whole_and_nothing_else(tmp_path):
    kept = [
        "numpy/testing/a.py",
        "numpy/core.py",
        "other/tests/a.py",
        "onnxruntime/capi/a.py",
        "scipy/sparse/a.so",
    ]
    gone = [
        "scipy.libs/other.so",
        "scipy/special/a.py",
        "scipy/sparse/linalg/a.py",
        "numpy/lib/tests/a.py",
        "faker/providers/a.py",
        "numpy/lib/tests/data/tests/b.pyi",
        "onnxruntime/tools/c.py",
        "onnxruntime/capi/libonnxruntime.so.1.32.0",
        "other/a.pyi",
        "scipy/special/a.pxd",
        "scipy/stats/a.py",
    ]
    for name in (*kept, *gone):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert prune.prune(tmp_path) > 0
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {*kept}


def test_the_interpreters_own_packages_are_no_second_copy():
    """Of onnxruntime the library for C goes, and models run without: nobody loads it."""
    script = (
        "import onnxruntime, sys\n"
        "onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider'])\n"
        "mapped = open('/proc/self/maps').read() if sys.platform == 'linux' else ''\n"
        "assert '/libonnxruntime.so' not in mapped\n"
    )
    model = str(ROOT / "models/items.onnx")
    done = subprocess.run(
        [sys.executable, "-c", script, model], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_symbols_stay_in_what_auditwheel_has_changed(tmp_path):
    for name in ("a/b/c.so", "top.so", "numpy/_core/d.so", "numpy.libs/libe.so", "numpy_x/f.so"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = {str(path.relative_to(tmp_path)) for path in prune.strippable(tmp_path)}
    assert found == {"a/b/c.so", "top.so", "numpy_x/f.so"}
