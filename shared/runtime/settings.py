"""Settings come from the environment, are validated before anything starts, and have one owner.

`REFERENCE` lists what every process reads; a service lists its own in its specification.
docs/settings.md is generated from both (`python -m shopkeeper.apps.docs.settings`).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it. The process must stop at once."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its default, bounds or choices, and what it is for."""

    name: str
    default: str
    meaning: str
    kind: str = "text"  # text | integer | number | choice | file | flag
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def read(self, environ: Mapping[str, str]) -> str:
        """The variable's value, or the default, checked against kind, bounds and choices.

        Raises SettingsError, naming the setting, on anything unusable.
        """
        name = self.name
        value = environ.get(name, "").strip() or self.default
        if self.kind in ("integer", "number"):
            try:
                number = int(value) if self.kind == "integer" else float(value)
            except ValueError:
                kind = "a whole number" if self.kind == "integer" else "a number"
                raise SettingsError(f"{name}={value!r} is not {kind}") from None
            low, high = self.minimum, self.maximum
            if not (low is None or number >= low) or not (high is None or number <= high):
                raise SettingsError(f"{name}={value!r} is not between {low:g} and {high:g}")
        elif self.kind == "choice" and value not in self.choices:
            raise SettingsError(f"{name}={value!r} is not one of {', '.join(self.choices)}")
        elif self.kind == "file" and value and not Path(value).exists():
            raise SettingsError(f"{name}={value!r} does not exist")
        return value


REFERENCE: tuple[Setting, ...] = (
    Setting("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092", "brokers, host:port, comma-separated"),
    Setting(
        "KAFKA_SECURITY_PROTOCOL",
        "PLAINTEXT",
        "how to connect",
        "choice",
        choices=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    ),
    Setting(
        "KAFKA_SASL_MECHANISM",
        "SCRAM-SHA-512",
        "SASL mechanism, where SASL is used",
        "choice",
        choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    ),
    Setting("KAFKA_SASL_USERNAME", "", "SASL user"),
    Setting("KAFKA_SASL_PASSWORD_FILE", "", "file that holds the SASL password", "file"),
    Setting("KAFKA_SSL_CAFILE", "", "CA bundle; empty means the system's", "file"),
    Setting("TOPIC_PREFIX", "", "put before every topic, group and transactional name"),
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
)

_BY_NAME = {setting.name: setting for setting in REFERENCE}


def read(environ: Mapping[str, str], name: str) -> str:
    """The value of one setting of `REFERENCE`. Raises SettingsError, as `Setting.read` does."""
    return _BY_NAME[name].read(environ)


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the brokers, and what our names on them start with."""

    bootstrap_servers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = ""
    ssl_cafile: str = ""
    topic_prefix: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> KafkaSettings:
        """Read and check the KAFKA_* and TOPIC_PREFIX variables. Raises SettingsError."""
        servers = tuple(
            s.strip() for s in read(environ, "KAFKA_BOOTSTRAP_SERVERS").split(",") if s.strip()
        )
        for server in servers:
            host, _, port = server.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise SettingsError(f"KAFKA_BOOTSTRAP_SERVERS: {server!r} is not host:port")
        prefix = read(environ, "TOPIC_PREFIX")
        if not all(c.isalnum() or c in ".-" for c in prefix):
            raise SettingsError(f"TOPIC_PREFIX={prefix!r} may hold letters, digits, '.' and '-'")
        protocol = read(environ, "KAFKA_SECURITY_PROTOCOL")
        username = read(environ, "KAFKA_SASL_USERNAME")
        password_file = read(environ, "KAFKA_SASL_PASSWORD_FILE")
        if protocol.startswith("SASL") and not (username and password_file):
            raise SettingsError(
                f"KAFKA_SECURITY_PROTOCOL={protocol} needs KAFKA_SASL_USERNAME and "
                "KAFKA_SASL_PASSWORD_FILE"
            )
        password = Path(password_file).read_text("utf-8").strip() if password_file else ""
        return cls(
            servers,
            security_protocol=protocol,
            sasl_mechanism=read(environ, "KAFKA_SASL_MECHANISM"),
            sasl_username=username,
            sasl_password=password,
            ssl_cafile=read(environ, "KAFKA_SSL_CAFILE"),
            topic_prefix=prefix,
        )

    def topic(self, name: str) -> str:
        """The name that the broker knows a topic (or a group) by."""
        return self.topic_prefix + name

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap_servers),
            "security_protocol": self.security_protocol,
        }
        if "SSL" in self.security_protocol:
            options["ssl_context"] = ssl.create_default_context(cafile=self.ssl_cafile or None)
        if self.security_protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": self.sasl_mechanism,
                "sasl_plain_username": self.sasl_username,
                "sasl_plain_password": self.sasl_password,
            }
        return options


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
            reload_interval_s=number("RELOAD_INTERVAL"),
            environ=dict(environ),
        )
        if settings.batch_bytes_max > settings.buffer_bytes_max:
            raise SettingsError("BATCH_BYTES_MAX exceeds BUFFER_BYTES_MAX")
        return settings
