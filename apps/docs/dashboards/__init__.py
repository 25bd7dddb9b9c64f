"""Grafana's dashboards, from which deploy/grafana/dashboards is written."""

from .business import BUSINESS
from .model import Dashboard
from .services import SERVICES
from .streaming import STREAMING

ALL: tuple[Dashboard, ...] = (BUSINESS, SERVICES, STREAMING)
