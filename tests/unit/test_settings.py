"""Settings are checked at start, and an error names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopkeeper.shared.runtime.settings import (
    REFERENCE,
    KafkaSettings,
    SettingsError,
    WorkerSettings,
    reference_table,
)


def test_the_defaults_are_valid():
    settings = WorkerSettings.from_env({})
    assert settings.kafka.bootstrap_servers == ("localhost:9092",)
    assert settings.checkpoint_interval_s == 5.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BATCH_RECORDS_MAX", "many"),
        ("BATCH_RECORDS_MAX", "0"),
        ("BATCH_RECORDS_MAX", "1.5"),
        ("CHECKPOINT_INTERVAL", "nan"),
        ("CHECKPOINT_INTERVAL", "-1"),
        ("LOG_LEVEL", "LOUD"),
        ("KAFKA_BOOTSTRAP_SERVERS", "no-port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "host:99999"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
        ("KAFKA_SSL_CAFILE", "/does/not/exist.pem"),
        ("TOPIC_PREFIX", "under_score."),
        ("BATCH_BYTES_MAX", "67108865"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name, value):
    with pytest.raises(SettingsError, match=name):
        WorkerSettings.from_env({name: value})


def test_a_batch_must_fit_the_buffer():
    with pytest.raises(SettingsError, match="BATCH_BYTES_MAX exceeds BUFFER_BYTES_MAX"):
        WorkerSettings.from_env({"BATCH_BYTES_MAX": "100000", "BUFFER_BYTES_MAX": "70000"})


def test_decay_and_pruning_exclude_each_other():
    WorkerSettings.from_env({"DECAY_HALF_LIFE": "336"})
    with pytest.raises(SettingsError, match="exclude each other"):
        WorkerSettings.from_env({"DECAY_HALF_LIFE": "336", "PRUNING_DELTA": "0.5"})


def test_a_password_comes_from_a_file_and_is_not_in_the_options_unless_sasl(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    kafka = KafkaSettings.from_env(
        {
            "KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "KAFKA_SASL_USERNAME": "shop",
            "KAFKA_SASL_PASSWORD_FILE": str(secret),
        }
    )
    assert kafka.client_options()["sasl_plain_password"] == "s3cret"
    assert "sasl_plain_password" not in KafkaSettings.from_env({}).client_options()


def test_every_setting_is_in_the_generated_table_and_the_table_is_current():
    table = reference_table()
    assert all(f"`{s.name}`" in table for s in REFERENCE)
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    assert table in page.read_text("utf-8"), "run: python -m shopkeeper.shared.runtime.settings"
