"""What a worker runs is loaded before the first event, and compiled by another process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from shopkeeper.shared.runtime.processes import compiling

# In a process of its own, for this one has run everything already. Prints what compiled anew.
SCRIPT = """
import sys
from numba.core.dispatcher import Dispatcher
from shopkeeper.services.recommender.core.counting import warming
from shopkeeper.services.recommender.app import build
from shopkeeper.shared.contracts.event_columns import EventColumns
from shopkeeper.shared.runtime.settings import WorkerSettings

def known():
    return {
        (loop.__module__, name, str(signature))
        for module in list(sys.modules.values()) if module.__name__.startswith("shopkeeper")
        for name, loop in vars(module).items() if isinstance(loop, Dispatcher)
        for signature in loop.signatures
    }

service = build(WorkerSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": "nobody:1"}))
service.prepare(lambda topic: 1)
before = known()
clicks = service.sources[0].make(0)
for start in range(0, 400, 20):
    log = [warming.click(n) for n in range(start, start + 20)]
    folded, refused = clicks.fold(EventColumns.of_events(log), 10**13)
    assert not refused
    service.rank()
    clicks.publish(folded)
    clicks.flush()
    clicks.on_timer(10**13)
packed = clicks.snapshot()
clicks.restore(packed)
print(sorted(known() - before))
"""


def test_no_loop_is_compiled_for_an_event() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.stdout.strip().splitlines()[-1:] == ["[]"], ran.stdout + ran.stderr


def test_what_is_compiled_apart_is_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loops").mkdir()
    said = tmp_path / "said"
    (tmp_path / "compiles_a_loop.py").write_text(
        f"import os\nopen({str(said)!r}, 'a').write(os.environ[{compiling.HERE!r}])\n"
        "raise SystemExit(int(os.environ.get('STATUS', '0')))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("STATUS", "1")
    compiling.compile_apart("compiles_a_loop", tmp_path / "loops")
    assert said.read_text() == "1"
    monkeypatch.setenv("STATUS", "0")  # what failed is tried again
    for _ in range(2):
        compiling.compile_apart("compiles_a_loop", tmp_path / "loops")
    assert said.read_text() == "11"
    monkeypatch.setenv(compiling.HERE, "1")  # and no such process starts another
    compiling.compile_apart("compiles_a_loop", tmp_path / "elsewhere")
    assert said.read_text() == "11"
