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
        if (parts[0] in TESTS and "tests" in parts) or name.startswith(FOLDERS):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
for name in NAMES:
    importlib.import_module(f"shopkeeper.services.{name}.app")
from shopkeeper.apps.cli import main
for module in main.COMMANDS.values():
    importlib.import_module(module)
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


def test_folders_of_tests_are_found_whole_and_nothing_else(tmp_path):
    kept = ["numpy/testing/a.py", "numpy/core.py", "other/tests/a.py", "onnxruntime/capi/a.py"]
    gone = ["numpy/lib/tests/a.py", "numpy/lib/tests/data/tests/b.py", "onnxruntime/tools/c.py"]
    for name in (*kept, *gone):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = prune.removable(tmp_path)
    assert found == [tmp_path / "numpy/lib/tests", tmp_path / "onnxruntime/tools"]
