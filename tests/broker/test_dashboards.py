"""Every panel of every dashboard, asked of a real Prometheus that scrapes a running shop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from shopkeeper.apps.docs import panels
from shopkeeper.apps.docs.dashboards import ALL
from tests.broker.busy_shop import busy_shop
from tests.broker.prometheus_server import needs_prometheus, prometheus

if TYPE_CHECKING:
    from shopkeeper.shared.runtime.settings import KafkaSettings

pytestmark = needs_prometheus

WAIT_S_MAX = 420.0
# What is 0, or has not begun, in a shop where all is well; everything else has to be more.
NOTHING_YET = {
    "8 Echoes that count for no variant",
    "13 Abstentions, last hour",
    "2 Restarts, last hour",
    "17 Entries found by words alone",
    "21 Open streams",
    "22 Streams that came back, a minute",
    "23 Requests refused, a minute",
    "27 Fallbacks a minute",
    "28 Users too fast for a person, events a minute",
    "29 What of the catalogue the last 20,000 places showed",
    "1 Lag",
    "4 Alerts",
    "5 Lag by partition",
    "9 Rebalances",
    "17 Records lost, batches left out",
    "18 Alerts that could not be sent, a minute",
    "19 Alertmanagers known",
    "20 Targets that do not answer",
}
TABLE = Path(__file__).parents[2] / "build" / "panels.md"


def test_every_expression_of_every_panel_returns_numbers(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    """None is empty, and none is 0 but where nothing is to be seen. The table of what was seen is
    left in build/panels.md."""
    known = {f"{panel.number} {panel.title}" for each in ALL for panel in each.panels}
    assert known >= NOTHING_YET
    with busy_shop(kafka) as shop, prometheus(tmp_path, shop.ports) as address:
        deadline = time.monotonic() + WAIT_S_MAX
        while True:
            time.sleep(2.0)
            shop.alive()
            seen = list(panels.evaluate(f"http://{address}", rate_interval="20s"))
            # A quantile of a histogram that nobody filled lately is a series without a number.
            missing = [
                each
                for each in seen
                if each.numbers == 0 or (each.largest == 0 and each.panel not in NOTHING_YET)
            ]
            if not missing or time.monotonic() > deadline:
                break
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(panels.table(seen), "utf-8")
    assert not missing, panels.table(missing)
