"""What all tests share: signals as a terminal's own shell would leave them, no fixed port, and
compiled loops that no two processes compile at once."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, settings

from shopkeeper.shared.runtime.telemetry import logs

# No deadline per example: the first may have to compile a loop, and four processes share two cores.
settings.register_profile("shopkeeper", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shopkeeper")

# Tests run side by side, and several start every service.
os.environ.setdefault("GATEWAY_PORT", "0")

# A test run under `nohup`, or by a CI that does as much, hands SIGHUP on as ignored: children would
# then outlive the terminals that tests close.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

SHOWN_MAX = 40  # bytes of a test's parameter
WARM = """
from shopkeeper.services.recommender import app
app.compile_apart(app.COMPILES, app.CORE)
"""


def pytest_make_parametrize_id(val):
    """Bytes by their length: what a compressor writes may differ with the time."""
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > SHOWN_MAX else None


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """A command that a test calls in its own process sets logging up for itself, and would hush
    what the tests after it look for."""
    names = ("", logs.OURS, "faust", "mode", "aiokafka", "aiokafka.conn", "asyncio", *logs.NOISY)
    before = [(each, each.level, each.filters[:]) for each in map(logging.getLogger, names)]
    handlers, hook = logging.getLogger().handlers[:], threading.excepthook
    yield
    logging.getLogger().handlers[:] = handlers
    threading.excepthook = hook
    for logger, level, filters in before:
        logger.setLevel(level)
        logger.filters[:] = filters


def pytest_sessionstart(session):
    """Compile the recommender's loops once: in a fresh checkout each of the processes that test
    side by side, and each worker that these start, would compile them for itself, for minutes."""
    controller = not hasattr(session.config, "workerinput")
    if controller and session.config.getoption("numprocesses", None):
        subprocess.run([sys.executable, "-c", WARM], check=True)
