"""A dashboard as Python says it, and as Grafana's JSON model has it.

Panels are laid out in rows from left to right; each has a number of its own, since alerts link to
it: a number is never used again for another panel.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "shopkeeper-prometheus"}
COLUMNS = 24
SCHEMA_VERSION = 39
PALETTE = {"mode": "palette-classic"}


@dataclass(frozen=True, slots=True)
class Query:
    """One expression in PromQL, and what its series are called: Grafana's legend format."""

    expr: str
    legend: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. unit: one of Grafana's unit ids. kind: its type of panel. width: of 24 columns.
    stacked: series on top of one another. highest: the axis' end, where it is known."""

    number: int
    title: str
    description: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    stacked: bool = False
    lowest: float | None = 0
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    number: int
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the dashboard's head. values: the query whose values can be chosen."""

    name: str
    label: str
    values: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard; `name` is its file's, `shopkeeper-{name}` its uid."""

    name: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = ()
    since: str = "now-30m"

    @property
    def uid(self) -> str:
        """What links name it by."""
        return f"shopkeeper-{self.name}"

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All of them, in their order."""
        return tuple(panel for row in self.rows for panel in row.panels)


def as_text(dashboard: Dashboard) -> str:
    """The file's content."""
    return json.dumps(as_json(dashboard), indent=1, ensure_ascii=False) + "\n"


def as_json(dashboard: Dashboard) -> dict[str, Any]:
    """Grafana's JSON model of a dashboard."""
    panels: list[dict[str, Any]] = []
    top = 0
    for row in dashboard.rows:
        panels.append(_heading(row, top))
        top += 1
        left = height = 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, height = top + height, 0, 0
            panels.append(_panel(panel, left, top))
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,  # one crosshair for all panels
        "refresh": "10s",
        "time": {"from": dashboard.since, "to": "now"},
        "timezone": "browser",
        "tags": ["shopkeeper"],
        "links": [
            {
                "title": "Shopkeeper",
                "type": "dashboards",
                "tags": ["shopkeeper"],
                "asDropdown": True,
                "includeVars": False,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ],
        "templating": {"list": [_variable(each) for each in dashboard.variables]},
        "annotations": {"list": []},
        "panels": panels,
    }


def _heading(row: Row, top: int) -> dict[str, Any]:
    return {
        "id": row.number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top},
        "panels": [],
    }


def _panel(panel: Panel, left: int, top: int) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "color": PALETTE}
    for name, bound in (("min", panel.lowest), ("max", panel.highest)):
        if bound is not None:
            defaults[name] = bound
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "lineWidth": 1,
            "fillOpacity": 30 if panel.stacked else 5,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        }
    return {
        "id": panel.number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": {"h": panel.height, "w": panel.width, "x": left, "y": top},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _options(panel.kind),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "expr": query.expr,
                "legendFormat": query.legend,
                "instant": panel.kind in ("bargauge", "table"),
                "range": panel.kind not in ("bargauge", "table"),
                "datasource": DATASOURCE,
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _options(kind: str) -> dict[str, Any]:
    newest = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if kind == "timeseries":
        return {
            "legend": {
                "displayMode": "table",
                "placement": "bottom",
                "showLegend": True,
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if kind == "stat":
        return {"reduceOptions": newest, "colorMode": "value", "graphMode": "area"}
    return {"reduceOptions": newest, "orientation": "horizontal", "displayMode": "basic"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": {"query": variable.values, "refId": variable.name},
        "refresh": 2,  # whenever the time changes
        "sort": 1,
        "includeAll": True,
        "multi": True,
        "allValue": ".+",
        "current": {"text": "All", "value": "$__all"},
    }
