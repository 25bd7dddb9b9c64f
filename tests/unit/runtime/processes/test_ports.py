"""Two programs that look for a port at the same time never get the same one."""

from __future__ import annotations

import socket

from shopkeeper.shared.runtime.processes.embedded import HOST, free_port, reserved_port


def test_a_reserved_port_is_nobody_elses_until_it_is_let_go():
    wanted = free_port()
    with reserved_port(wanted) as first:
        assert first == wanted
        with reserved_port(wanted) as second:
            assert second != wanted
    with reserved_port(wanted) as again:
        assert again == wanted


def test_a_port_on_which_somebody_listens_is_gone_around():
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with reserved_port(taken.getsockname()[1]) as other:
            assert other != taken.getsockname()[1]
