"""A whole shop of workers at a time, of all processes that test side by side."""

from __future__ import annotations

import pytest

from tests.broker.conftest import one_whole_shop


@pytest.fixture
def alone():
    with one_whole_shop():
        yield
