"""Settings come from the environment, are validated before anything starts, and have one owner.

`REFERENCE` lists what every process reads; a service lists its own in its specification.
docs/settings.md is generated from both (`python -m shopkeeper.apps.docs.settings`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from .kafka_settings import KAFKA_SETTINGS
from .kafka_settings import KafkaSettings as KafkaSettings
from .setting import Setting as Setting
from .setting import SettingsError as SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


REFERENCE: tuple[Setting, ...] = (
    *KAFKA_SETTINGS,
    Setting(
        "TOPIC_PARTITIONS",
        "4",
        "partitions per topic that `topics init` creates",
        "integer",
        1,
        1024,
    ),
    Setting(
        "TOPIC_REPLICATION",
        "1",
        "replicas per topic that `topics init` creates (3 in production)",
        "integer",
        1,
        9,
    ),
    Setting("TYPE_PREFIX", "com.example.shop.", "reverse-DNS prefix of event types"),
    Setting(
        "DOMAIN",
        "",
        "domain pack, by its name (finance, health, social) or its folder (docs/domains.md): names "
        "of events, reasons, intents, what is never recommended or assumed; empty: a shop",
    ),
    Setting(
        "WORKER_ID",
        "",
        "static group member id (a supervisor that restarts the same id sets "
        "it); empty means dynamic. Of two workers with one id one stays, the other ends with "
        "exit status 3",
    ),
    Setting(
        "MODEL_DIR",
        "",
        "ONNX models; empty means those shipped in the package (TEXT_MODELS)",
        "file",
    ),
    Setting(
        "TEXT_MODELS",
        "best",
        "which of the shipped models answer: the most accurate, or those whose training data allow "
        "any use (docs/text.md); `free` has no product search and goes with no MODEL_DIR",
        "choice",
        choices=("best", "free"),
    ),
    Setting(
        "ORT_INTRA_OP_THREADS", "1", "threads that share the texts of one batch", "integer", 1, 64
    ),
    Setting(
        "SHADOW_MODEL_DIR",
        "",
        "a second folder of models, judged beside MODEL_DIR's by the intent and sentiment services "
        "and never answered with (docs/model-updates.md); empty means none",
        "file",
    ),
    Setting(
        "SHADOW_SHARE", "1", "share of the texts that the shadow judges as well", "number", 0, 1
    ),
    Setting(
        "TEXT_RULES",
        "",
        "a shop's rules for the intent and sentiment services, a TOML file "
        "(docs/model-updates.md); empty means none",
        "file",
    ),
    Setting(
        "RELOAD_INTERVAL",
        "2",
        "seconds between two looks at the files of MODEL_DIR, SHADOW_MODEL_DIR and TEXT_RULES, "
        "which are loaded anew when they change (intent, sentiment); 0: never",
        "number",
        0,
        3600,
    ),
    Setting(
        "LOG_LEVEL",
        "INFO",
        "least severe level logged",
        "choice",
        choices=("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Setting(
        "LOG_FORMAT",
        "text",
        "json: one object per line; text: for people",
        "choice",
        choices=("json", "text"),
    ),
    Setting(
        "HTTP_PORT",
        "0",
        "port of /metrics, /livez, /readyz; 0 picks a free one, -1 serves none",
        "integer",
        -1,
        65535,
    ),
    Setting("HTTP_HOST", "127.0.0.1", "address of /metrics, /livez, /readyz"),
    Setting("BATCH_RECORDS_MAX", "4000", "records in one batch at most", "integer", 1, 100_000),
    Setting(
        "BATCH_BYTES_MAX",
        "4194304",
        "bytes in one batch at most (a larger single record still goes through)",
        "integer",
        1024,
        67_108_864,
    ),
    Setting(
        "BUFFER_BYTES_MAX",
        "16777216",
        "bytes fetched and not finished, per worker, at which fetching pauses",
        "integer",
        65_536,
        4_294_967_296,
    ),
    Setting(
        "CHECKPOINT_INTERVAL",
        "5",
        "seconds between checkpoints of a changed partition at least",
        "number",
        0.05,
        3600,
    ),
    Setting(
        "DRAIN_DEADLINE",
        "20",
        "seconds that a stopping worker may take to finish its batches; "
        "it ends at most 2 s later whatever it waits for",
        "number",
        0.1,
        600,
    ),
    Setting(
        "DELIVERY_TIMEOUT",
        "30",
        "seconds after which an unconfirmed delivery stops the worker",
        "number",
        1,
        600,
    ),
    Setting(
        "SESSION_TIMEOUT",
        "45",
        "seconds of silence after which the broker evicts a worker",
        "number",
        6,
        300,
    ),
    Setting(
        "MAX_POLL_INTERVAL",
        "300",
        "seconds of a stuck event loop after which the worker leaves its group",
        "number",
        5,
        3600,
    ),
    Setting(
        "RECENT_IDS_MAX",
        "100000",
        "event ids remembered per partition to drop repeats",
        "integer",
        0,
        10_000_000,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "",
        "where spans are sent, OTLP over HTTP, e.g. http://localhost:4318; empty: nowhere. Needs "
        "the extra `otlp`; OpenTelemetry's other variables (OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME "
        "and so on) count as well",
    ),
)

_BY_NAME = {setting.name: setting for setting in REFERENCE}


def read(environ: Mapping[str, str], name: str) -> str:
    """The value of one setting of `REFERENCE`. Raises SettingsError, as `Setting.read` does."""
    return _BY_NAME[name].read(environ)


def model_dir_of(environ: Mapping[str, str]) -> str:
    """The folder of the models that answer, by MODEL_DIR and TEXT_MODELS; empty: the shipped best.

    Raises SettingsError, also where a folder is named beside TEXT_MODELS=free: nobody knows what
    the models in there learned from.
    """
    model_dir = read(environ, "MODEL_DIR")
    if read(environ, "TEXT_MODELS") != "free":
        return model_dir
    if model_dir:
        raise SettingsError(
            f"TEXT_MODELS=free asks for shipped models, MODEL_DIR={model_dir!r} for others: "
            "unset one of the two"
        )
    return str(resources.files("shopkeeper") / "models" / "free")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What every worker is told from outside, whichever service it runs."""

    kafka: KafkaSettings
    type_prefix: str
    worker_id: str
    model_dir: str  # see `model_dir_of`
    ort_intra_op_threads: int
    log_level: str
    log_format: str
    http_port: int
    http_host: str
    batch_records_max: int
    batch_bytes_max: int
    buffer_bytes_max: int
    checkpoint_interval_s: float
    drain_deadline_s: float
    delivery_timeout_s: float
    session_timeout_s: float
    max_poll_interval_s: float
    recent_ids_max: int
    text_models: str = "best"
    shadow_model_dir: str = ""
    shadow_share: float = 1.0
    text_rules: str = ""
    domain: str = ""  # a pack's name or folder
    client_id: str = ""  # of a process without a worker_id, see `identity.client_id`
    reload_interval_s: float = 2.0
    # Where a service reads the settings of its own. Not shown: it may hold secrets of others.
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> WorkerSettings:
        """Read and check every variable of `REFERENCE`. Raises SettingsError, naming the one."""

        def integer(name: str) -> int:
            return int(read(environ, name))

        def number(name: str) -> float:
            return float(read(environ, name))

        settings = cls(
            kafka=KafkaSettings.from_env(environ),
            type_prefix=read(environ, "TYPE_PREFIX"),
            worker_id=read(environ, "WORKER_ID"),
            model_dir=model_dir_of(environ),
            text_models=read(environ, "TEXT_MODELS"),
            ort_intra_op_threads=integer("ORT_INTRA_OP_THREADS"),
            log_level=read(environ, "LOG_LEVEL"),
            log_format=read(environ, "LOG_FORMAT"),
            http_port=integer("HTTP_PORT"),
            http_host=read(environ, "HTTP_HOST"),
            batch_records_max=integer("BATCH_RECORDS_MAX"),
            batch_bytes_max=integer("BATCH_BYTES_MAX"),
            buffer_bytes_max=integer("BUFFER_BYTES_MAX"),
            checkpoint_interval_s=number("CHECKPOINT_INTERVAL"),
            drain_deadline_s=number("DRAIN_DEADLINE"),
            delivery_timeout_s=number("DELIVERY_TIMEOUT"),
            session_timeout_s=number("SESSION_TIMEOUT"),
            max_poll_interval_s=number("MAX_POLL_INTERVAL"),
            recent_ids_max=integer("RECENT_IDS_MAX"),
            shadow_model_dir=read(environ, "SHADOW_MODEL_DIR"),
            shadow_share=number("SHADOW_SHARE"),
            text_rules=read(environ, "TEXT_RULES"),
            domain=read(environ, "DOMAIN"),
            reload_interval_s=number("RELOAD_INTERVAL"),
            environ=dict(environ),
        )
        if settings.batch_bytes_max > settings.buffer_bytes_max:
            raise SettingsError("BATCH_BYTES_MAX exceeds BUFFER_BYTES_MAX")
        return settings
