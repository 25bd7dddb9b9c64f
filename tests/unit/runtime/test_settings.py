"""Settings are checked at start, and an error names the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from shopkeeper import services
from shopkeeper.apps.docs.settings import page
from shopkeeper.services.recommender.spec import RecommenderSettings
from shopkeeper.shared.runtime.settings import (
    REFERENCE,
    KafkaSettings,
    SettingsError,
    WorkerSettings,
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
    RecommenderSettings.from_env({"DECAY_HALF_LIFE": "336"})
    with pytest.raises(SettingsError, match="exclude each other"):
        RecommenderSettings.from_env({"DECAY_HALF_LIFE": "336", "PRUNING_DELTA": "0.5"})


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


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LIST_INTERVAL", "often", "LIST_INTERVAL='often' is not a number"),
        ("LIST_AGE_MAX", "-1", "LIST_AGE_MAX='-1' is not between 0 and 1e"),
        ("PRUNING_DELTA", "1", "PRUNING_DELTA='1' is not between 0 and 0.99"),
        ("RULES", "/does/not/exist.json", "RULES='/does/not/exist.json' does not exist"),
        ("SEARCH", "maybe", "SEARCH='maybe' is not one of on, off"),
    ],
)
def test_a_service_checks_its_own_settings_before_it_is_built(name, value, message):
    with pytest.raises(SettingsError, match=message):
        services.spec("recommender").check_settings({name: value})
    services.spec("intent").check_settings({name: value})


def test_the_environment_is_not_shown_with_the_settings():
    assert "hunter2" not in repr(WorkerSettings.from_env({"SECRET_OF_ANOTHER": "hunter2"}))


def test_every_setting_is_on_the_generated_page_and_the_page_is_current():
    text = page(services.specs())
    own = [setting for spec in services.specs() for setting in spec.settings]
    assert all(f"| `{s.name}` " in text for s in (*REFERENCE, *own))
    there = Path(__file__).parents[3] / "docs" / "settings.md"
    assert there.read_text("utf-8") == text, "run: python -m shopkeeper.apps.docs.settings"


def test_no_setting_has_two_owners():
    names = [
        s.name for owner in (REFERENCE, *(x.settings for x in services.specs())) for s in owner
    ]
    assert len(names) == len(set(names))
