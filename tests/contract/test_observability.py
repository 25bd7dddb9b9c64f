"""Dashboards, alerts, runbooks and Alertmanager: held against each other and against the metrics
that services export; checked by Prometheus' and Grafana's own tools."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard as GrafanaDashboard

from shopkeeper import services
from shopkeeper.apps.docs.dashboards import ALL
from shopkeeper.apps.docs.dashboards.model import as_json, as_text
from shopkeeper.apps.docs.panels import asked
from shopkeeper.shared.runtime.settings import WorkerSettings
from shopkeeper.shared.runtime.telemetry.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
GRAFANA = ROOT / "deploy" / "grafana"
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
RULES = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text("utf-8"))["groups"][0]["rules"]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
TESTS = yaml.safe_load((PROMETHEUS / "alerts_test.yaml").read_text("utf-8"))["tests"]
RUNBOOKS = ROOT / "docs" / "runbooks.md"
ALWAYS_FIRES = "ShopkeeperWatchdog"
# Of Prometheus itself and of its client library.
FOREIGN = {
    "ALERTS",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "prometheus_notifications_alertmanagers_discovered",
    "prometheus_notifications_dropped_total",
    "prometheus_notifications_errors_total",
    "up",
}

promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool (package prometheus) is not installed"
)
amtool = pytest.mark.skipif(
    shutil.which("amtool") is None,
    reason="amtool (package prometheus-alertmanager) is not installed",
)


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def panels():
    """(uid, number) -> the panel."""
    return {(each.uid, panel.number): panel for each in ALL for panel in each.panels}


def expressions():
    for (uid, number), panel in panels().items():
        for query in panel.queries:
            yield f"{uid}/{number}", asked(query.expr, "1m")
    for rule in RULES:
        yield rule.get("alert") or rule["record"], rule["expr"]


@cache
def registry():
    """Everything that workers declare: services are built once, which loads their models."""
    found = Metrics("test").registry
    for spec in services.specs():
        spec.build(WorkerSettings.from_env({})).metrics(found)
    return found


@cache
def exported():
    names = set(FOREIGN)
    for family in registry().collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        names |= {family.name + suffix for suffix in suffixes.get(family.type, ("",))}
    return frozenset(names)


def metrics_of(expression):
    """The metrics that an expression asks for; of a pattern of names, those that it may match."""
    patterns = re.findall(r'__name__=~"([^"]+)"', expression)
    plain = re.sub(r'"[^"]*"', "", expression)
    found = set(re.findall(r"[\w:]*(?:shopkeeper|process|prometheus)_[\w:]+|\bup\b|ALERTS", plain))
    for pattern in patterns:
        found |= {name for name in exported() if re.fullmatch(pattern, name)}
    return found


# -- dashboards


def test_the_files_are_what_the_dashboards_write():
    files = {path.name: path.read_text("utf-8") for path in (GRAFANA / "dashboards").iterdir()}
    assert files == {f"{each.name}.json": as_text(each) for each in ALL}, (
        "run python -m shopkeeper.apps.docs.dashboards deploy/grafana/dashboards"
    )


@pytest.mark.parametrize("dashboard", ALL, ids=lambda each: each.uid)
def test_numbers_of_panels_are_unique_and_panels_lie_beside_one_another(dashboard):
    said = as_json(dashboard)
    numbers = [panel["id"] for panel in said["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken = set()
    for panel in said["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells


def lost(said, back, path=""):
    """What of a document is not in another."""
    if isinstance(said, dict) and isinstance(back, dict):
        return [
            each
            for name, value in said.items()
            for each in (
                lost(value, back[name], f"{path}/{name}") if name in back else [f"{path}/{name}"]
            )
        ]
    if isinstance(said, list) and isinstance(back, list) and len(said) == len(back):
        pairs = enumerate(zip(said, back, strict=True))
        return [each for n, (a, b) in pairs for each in lost(a, b, f"{path}/{n}")]
    return [] if said == back else [path]


def through_grafanas_schema(said):
    """A dashboard, decoded and encoded by the classes that Grafana generates from its schemas."""
    plugins.register_default_plugins()
    decoded = GrafanaDashboard.from_json(json.loads(json.dumps(said)))
    return json.loads(JSONEncoder(sort_keys=True).encode(decoded))


@pytest.mark.parametrize("dashboard", ALL, ids=lambda each: each.uid)
def test_grafanas_own_schema_knows_everything_that_a_dashboard_says(dashboard):
    said = as_json(dashboard)
    assert lost(said, through_grafanas_schema(said)) == []


def test_grafanas_schema_drops_what_it_does_not_know():
    said = as_json(ALL[0])
    said["panels"][1]["options"]["legends"] = {}
    said["panels"][1]["gridPosition"] = {}
    found = lost(said, through_grafanas_schema(said))
    assert found == ["/panels/1/options/legends", "/panels/1/gridPosition"]


def test_units_are_grafanas():
    known = {value for name, value in vars(units).items() if isinstance(value, str)}
    assert {panel.unit for panel in panels().values()} <= known


def test_dashboards_are_provisioned_read_only_with_a_fixed_datasource():
    folder = GRAFANA / "provisioning"
    [source] = yaml.safe_load((folder / "datasources/prometheus.yaml").read_text())["datasources"]
    [provider] = yaml.safe_load((folder / "dashboards/shopkeeper.yaml").read_text())["providers"]
    assert provider["allowUiUpdates"] is False
    mounted = f"./deploy/grafana/dashboards:{provider['options']['path']}:ro"
    assert mounted in COMPOSE["grafana"]["volumes"]
    home = COMPOSE["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home in {f"{provider['options']['path']}/{each.name}.json" for each in ALL}
    for each in ALL:
        asked_of = {
            panel["datasource"]["uid"]
            for panel in as_json(each)["panels"]
            if panel["type"] != "row"
        }
        assert asked_of == {source["uid"]}


def test_dashboards_and_alerts_ask_for_metrics_that_workers_export():
    there = exported() | {rule["record"] for rule in RULES if "record" in rule}
    for name, expression in expressions():
        found = metrics_of(expression)
        assert found or name == ALWAYS_FIRES, name
        assert found <= there, f"{name}: {found - there}"


# -- the metrics' page


def documented():
    text = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    rows = re.findall(r"^\| (`.+?) \| (?:counter|gauge|histogram)", text, re.MULTILINE)
    return {
        re.sub(r"\{.*", "", name): re.findall(r"\w+", labels[1:-1] if labels else "")
        for row in rows
        for name, labels in re.findall(r"`(\w+)(\{[^}]*\})?`", row)
    }


def test_every_metric_is_on_its_page_with_its_labels_and_nothing_else_is():
    labels = {}
    for name, (meaning, collector) in registry()._declared.items():
        known = getattr(collector, "_labelnames", None)
        own = [meaning[2]] if known is None else list(known)  # a BatchHistogram has one
        suffix = "_total" if collector.__class__.__name__ == "Counter" else ""
        labels[name + suffix] = [each for each in own if each]
    page = documented()
    only_where_set = {name for name in page if name.startswith(("llm_", "shadow_"))}
    assert labels.keys() == page.keys() - only_where_set
    for name, own in labels.items():
        if name not in ("build_info", "model_info", "shadow_model_info"):
            assert page[name] == own, name


# -- alerts


def link_of(alert):
    """(uid, number) of the panel that an alert links to."""
    url = ALERTS[alert]["annotations"]["dashboard_url"]
    found = re.fullmatch(r"http://localhost:3000/d/([\w-]+)\?viewPanel=(\d+)", url)
    assert found is not None, url
    return found[1], int(found[2])


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_links_to_a_panel_that_shows_what_it_is_about(alert):
    panel = panels()[link_of(alert)]
    shown = {name for query in panel.queries for name in metrics_of(query.expr)}
    recorded = {rule["record"]: metrics_of(rule["expr"]) for rule in RULES if "record" in rule}
    about = metrics_of(ALERTS[alert]["expr"])
    for name in list(about | shown):
        if name in recorded:
            (about if name in about else shown).update(recorded[name])
    assert about & shown or alert == ALWAYS_FIRES


@pytest.mark.parametrize("page", ["runbooks.md", "runbooks.zh.md"])
def test_each_alert_has_its_place_in_the_runbooks_which_say_what_to_do(page):
    parts = re.split(r"^## (\w+)$", (ROOT / "docs" / page).read_text("utf-8"), flags=re.MULTILINE)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert sections.keys() == ALERTS.keys()
    for alert, text in sections.items():
        url = ALERTS[alert]["annotations"]["runbook_url"]
        assert url == f"docs/{RUNBOOKS.name}#{alert.lower()}"
        steps = re.findall(r"^- \*\*(.+?)\*\*", text, re.MULTILINE)
        wanted = ["Means", "Look", "Do"] if page == "runbooks.md" else ["含义", "查看", "处理"]
        assert steps == wanted, alert


def test_each_alert_fires_in_a_test_and_is_silent_in_another():
    cases = [case for test in TESTS for case in test["alert_rule_test"]]
    fired = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fired == ALERTS.keys()
    assert silent == ALERTS.keys() - {ALWAYS_FIRES}


def test_every_service_is_missed_where_it_is_not_there():
    down, unknown = ALERTS["ShopkeeperDown"]["expr"], ALERTS["ShopkeeperLagUnknown"]["expr"]
    for spec in services.specs():
        assert f'absent(up{{job="{spec.name}"}})' in down
        reads = bool(spec.consumes)
        assert (
            f'absent(shopkeeper_consumer_lag_messages{{job="{spec.name}"}})' in unknown
        ) == reads


@promtool
def test_promtool_accepts_the_configuration_and_the_alerts_fire_when_they_must():
    run(PROMETHEUS, "promtool", "check", "config", "prometheus.yaml")
    run(PROMETHEUS, "promtool", "test", "rules", "alerts_test.yaml")


@promtool
def test_the_dashboards_expressions_parse(tmp_path):
    rules = [{"record": f"panel:{i}", "expr": e} for i, (_, e) in enumerate(expressions())]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}))
    run(tmp_path, "promtool", "check", "rules", str(file))


# -- Alertmanager


def test_alerts_that_follow_from_others_exist():
    config = yaml.safe_load((ALERTMANAGER / "alertmanager.yaml").read_text("utf-8"))
    named = set(re.findall(r"Shopkeeper\w+", json.dumps(config)))
    assert named <= ALERTS.keys()
    assert COMPOSE["alertmanager"]["volumes"][1].startswith(f"./deploy/{ALERTMANAGER.name}:")


@amtool
def test_amtool_accepts_the_configuration():
    run(ALERTMANAGER, "amtool", "check-config", "alertmanager.yaml")


@amtool
@pytest.mark.parametrize("alert", ALERTS)
def test_amtool_says_who_is_told(alert):
    labels = [f"alertname={alert}", f"severity={ALERTS[alert]['labels']['severity']}"]
    said = run(
        ALERTMANAGER,
        *("amtool", "config", "routes", "test", "--config.file=alertmanager.yaml", *labels),
    )
    assert said.strip() == ("watchdog" if alert == ALWAYS_FIRES else "operators")
