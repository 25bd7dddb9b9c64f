"""Origins as the setting has them, and as browsers send them."""

from __future__ import annotations

import pytest

from shopkeeper.services.gateway.app import build, origins_of
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings
from tests.unit.gateway.serving import Serving


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("http://localhost:5173/", "http://localhost:5173"),
        ("https://Shop.example", "https://shop.example"),
        ("https://shop.example:443, http://other:80", "https://shop.example"),
        ("http://other:80", "http://other"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("null", "null"),
        ("https://*.example", "https://shop.example"),
    ],
)
def test_an_origin_is_let_in_however_it_is_written(written, sent):
    serving = Serving(origins=origins_of(written))
    for origin, allowed in ((sent, sent), ("https://evil.test", None)):
        said = serving.get("/v1/categories", headers={"Origin": origin}).headers
        assert said.get("access-control-allow-origin") == allowed


@pytest.mark.parametrize("wrong", ["localhost:5173", "shop.example", "https://shop.example/page"])
def test_what_is_no_origin_stops_the_gateway_by_name(wrong):
    with pytest.raises(SettingsError, match=f"GATEWAY_ORIGINS: '{wrong}' is no origin"):
        build(WorkerSettings.from_env({"GATEWAY_ORIGINS": wrong, "WORKER_ID": "g"}))
    assert origins_of("") == []
