"""What all tests share: signals as a terminal's own shell would leave them, and no fixed port."""

from __future__ import annotations

import os
import signal

# Tests run side by side, and several start every service.
os.environ.setdefault("GATEWAY_PORT", "0")

# A test run under `nohup`, or by a CI that does as much, hands SIGHUP on as ignored: children would
# then outlive the terminals that tests close.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
