"""Batch histograms equal prometheus_client's own; probes say what they should."""

from __future__ import annotations

import urllib.error
import urllib.request

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from shopkeeper.shared.runtime.telemetry.health import Health, HealthServer
from shopkeeper.shared.runtime.telemetry.metrics import (
    SECONDS_BUCKETS,
    BatchHistogram,
    Metrics,
    Registry,
    StateMetrics,
)


@given(st.lists(st.sampled_from([0.0, 0.001, 0.0011, 0.3, 1.0, 59.0, 60.0, 61.0]), min_size=1))
def test_a_batch_histogram_is_scraped_as_prometheus_own(values):
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    batch = BatchHistogram("age_seconds", "Age.", "topic", SECONDS_BUCKETS, ours)
    batch.observe("t", np.array(values))
    twin = Histogram("age_seconds", "Age.", ["topic"], buckets=SECONDS_BUCKETS, registry=theirs)
    for value in values:
        twin.labels("t").observe(value)

    def samples(registry):
        return {
            (s.name, s.labels.get("le")): pytest.approx(s.value)
            for family in registry.collect()
            for s in family.samples
            if not s.name.endswith("_created")
        }

    assert {k: v.expected for k, v in samples(ours).items()} == samples(theirs)


def test_every_metric_carries_the_prefix():
    text = generate_latest(Metrics("w").registry).decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names
    # process_*: the standard names of what every process has.
    assert all(name.startswith(("shopkeeper_", "process_")) for name in names)


def test_who_means_the_same_metric_gets_the_same_and_nothing_else():
    registry = Registry()
    first = registry.counter("things", "Things.", "kind")
    assert registry.counter("things", "Things.", "kind") is first
    with pytest.raises(ValueError, match="things is declared twice"):
        registry.counter("things", "Things.", "colour")
    with pytest.raises(ValueError, match="things is declared twice"):
        registry.gauge("things", "Things.", "kind")
    first.labels("odd").inc(2)
    assert registry.get_sample_value("shopkeeper_things_total", {"kind": "odd"}) == 2


def test_a_services_metrics_are_on_the_workers_page():
    metrics = Metrics("w")
    StateMetrics(metrics.registry).entries.labels("rows").set(7)
    text = generate_latest(metrics.registry).decode()
    assert 'shopkeeper_state_entries{table="rows"} 7.0' in text
    assert text.count("# TYPE shopkeeper_state_entries ") == 1


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_liveness_fails_on_a_silent_loop_and_on_a_stall_with_lag():
    clock = Clock()
    health = Health(clock)
    assert health.live()[0]
    clock.now += 30
    assert not health.live()[0], "the loop has been silent for 30 s"
    health.beat()
    assert health.live()[0]
    clock.now += 45
    health.beat()
    assert health.live()[0], "no progress for 75 s, but there is no lag either"
    health.lag = 3
    assert not health.live()[0]
    health.progress()
    assert health.live()[0]


def test_the_server_answers_probes_and_metrics():
    health, metrics = Health(), Metrics("w")
    server = HealthServer(health, metrics.registry, "127.0.0.1", 0)
    server.start()
    try:
        base = f"http://127.0.0.1:{server.port}"
        assert urllib.request.urlopen(f"{base}/livez").status == 200
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{base}/readyz")
        assert refused.value.code == 503
        health.not_ready = {}
        assert urllib.request.urlopen(f"{base}/readyz").read() == b"ok\n"
        assert b"shopkeeper_build_info" in urllib.request.urlopen(f"{base}/metrics").read()
    finally:
        server.stop()
