"""Writes the dashboards.

python -m shopkeeper.apps.docs.dashboards deploy/grafana/dashboards
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import ALL
from .model import as_text

if __name__ == "__main__":
    for dashboard in ALL:
        path = Path(sys.argv[1], f"{dashboard.name}.json")
        path.write_text(as_text(dashboard), "utf-8")
        print(path)
