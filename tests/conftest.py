"""What all tests share: signals as a terminal's own shell would leave them."""

from __future__ import annotations

import signal

# A test run under `nohup`, or by a CI that does as much, hands SIGHUP on as ignored: children would
# then outlive the terminals that tests close.
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
