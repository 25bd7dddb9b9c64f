"""How to reach the brokers: addresses, TLS, and who we are (SASL or a certificate).

Every client of Kafka in this project is made with `KafkaSettings.client_options`.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .oauth import OAuthSettings
from .setting import Setting, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

OAUTH = "OAUTHBEARER"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

KAFKA_SETTINGS: tuple[Setting, ...] = (
    Setting("KAFKA_BOOTSTRAP_SERVERS", "localhost:9092", "brokers, host:port, comma-separated"),
    Setting(
        "KAFKA_SECURITY_PROTOCOL",
        "PLAINTEXT",
        "how to connect (docs/security.md)",
        "choice",
        choices=("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    ),
    Setting(
        "KAFKA_SASL_MECHANISM",
        "SCRAM-SHA-512",
        "SASL mechanism, where SASL is used",
        "choice",
        choices=("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", OAUTH),
    ),
    Setting("KAFKA_SASL_USERNAME", "", "SASL user (PLAIN, SCRAM)"),
    Setting("KAFKA_SASL_PASSWORD", "", "SASL password (PLAIN, SCRAM)", "secret"),
    Setting(
        "KAFKA_OAUTH_TOKEN_URL",
        "",
        "token endpoint (OAUTHBEARER, client credentials): https://, or http:// on this machine",
    ),
    Setting("KAFKA_OAUTH_CLIENT_ID", "", "client id for the token endpoint"),
    Setting("KAFKA_OAUTH_CLIENT_SECRET", "", "client secret for the token endpoint", "secret"),
    Setting("KAFKA_OAUTH_SCOPE", "", "scopes to ask for, separated by spaces; empty: none"),
    Setting(
        "KAFKA_OAUTH_CAFILE",
        "",
        "CA bundle for the token endpoint; empty means the system's",
        "file",
    ),
    Setting("KAFKA_SSL_CAFILE", "", "CA bundle; empty means the system's", "file"),
    Setting(
        "KAFKA_SSL_CERTFILE",
        "",
        "our certificate and its chain, PEM, where brokers ask for one (mTLS)",
        "file",
    ),
    Setting(
        "KAFKA_SSL_KEYFILE",
        "",
        "its private key, PEM; empty: it stands in KAFKA_SSL_CERTFILE",
        "file",
    ),
    Setting("KAFKA_SSL_KEY_PASSWORD", "", "password of the private key; empty: none", "secret"),
    Setting(
        "KAFKA_SSL_CHECK_HOSTNAME",
        "1",
        "0: a broker's certificate need not name the host that was connected to; its issuer is "
        "checked all the same",
        "choice",
        choices=("1", "0"),
    ),
    Setting("TOPIC_PREFIX", "", "put before every topic, group and transactional name"),
)
_BY_NAME = {setting.name: setting for setting in KAFKA_SETTINGS}
# What says who we are, and under which protocol it is used.
_OF_SASL = ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD", "KAFKA_OAUTH_TOKEN_URL")
_OF_TLS = ("KAFKA_SSL_CAFILE", "KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE", "KAFKA_SSL_KEY_PASSWORD")
_OF_PASSWORDS = ("KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD")
_OF_OAUTH = ("KAFKA_OAUTH_TOKEN_URL", "KAFKA_OAUTH_CLIENT_ID", "KAFKA_OAUTH_CLIENT_SECRET")


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """How to reach the brokers, and what our names on them start with."""

    bootstrap_servers: tuple[str, ...]
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    oauth: OAuthSettings | None = None
    ssl_cafile: str = ""
    ssl_certfile: str = ""
    ssl_keyfile: str = ""
    ssl_key_password: str = field(default="", repr=False)
    ssl_check_hostname: bool = True
    topic_prefix: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> KafkaSettings:
        """Read and check the KAFKA_* and TOPIC_PREFIX variables. Raises SettingsError."""
        said = {name: setting.read(environ) for name, setting in _BY_NAME.items()}
        servers = tuple(s.strip() for s in said["KAFKA_BOOTSTRAP_SERVERS"].split(",") if s.strip())
        for server in servers:
            host, _, port = server.rpartition(":")
            if not host or not port.isdigit() or not 0 < int(port) < 65536:
                raise SettingsError(f"KAFKA_BOOTSTRAP_SERVERS: {server!r} is not host:port")
        prefix = said["TOPIC_PREFIX"]
        if not all(c.isalnum() or c in ".-" for c in prefix):
            raise SettingsError(f"TOPIC_PREFIX={prefix!r} may hold letters, digits, '.' and '-'")
        settings = cls(servers, topic_prefix=prefix)
        settings = settings._with_sasl(said)._with_tls(said)
        if "SSL" in settings.security_protocol:
            settings._ssl_context()  # whether the files can be used is said now
        return settings

    def _with_sasl(self, said: Mapping[str, str]) -> KafkaSettings:
        """Raises SettingsError for what is missing, and for what would silently not be used."""
        protocol, mechanism = said["KAFKA_SECURITY_PROTOCOL"], said["KAFKA_SASL_MECHANISM"]
        if not protocol.startswith("SASL"):
            _unused(said, _OF_SASL, f"KAFKA_SECURITY_PROTOCOL={protocol}", "SASL_SSL")
            return replace(self, security_protocol=protocol)
        chosen = f"KAFKA_SASL_MECHANISM={mechanism}"
        needed: tuple[str, ...] = _OF_PASSWORDS
        if mechanism == OAUTH:
            needed = _OF_OAUTH
            _unused(said, _OF_PASSWORDS, chosen, "SCRAM-SHA-512")
        else:
            _unused(said, _OF_OAUTH, chosen, OAUTH)
        if missing := [_or_file(name) for name in needed if not said[name]]:
            raise SettingsError(
                f"KAFKA_SECURITY_PROTOCOL={protocol} with {chosen} needs {' and '.join(missing)}"
            )
        return replace(
            self,
            security_protocol=protocol,
            sasl_mechanism=mechanism,
            sasl_username=said["KAFKA_SASL_USERNAME"],
            sasl_password=said["KAFKA_SASL_PASSWORD"],
            oauth=_oauth(said) if mechanism == OAUTH else None,
        )

    def _with_tls(self, said: Mapping[str, str]) -> KafkaSettings:
        if "SSL" not in self.security_protocol:
            wanted = "SASL_SSL" if self.security_protocol.startswith("SASL") else "SSL"
            chosen = f"KAFKA_SECURITY_PROTOCOL={self.security_protocol}"
            _unused(said, _OF_TLS, chosen, wanted)
            return self
        for name in ("KAFKA_SSL_KEYFILE", "KAFKA_SSL_KEY_PASSWORD"):
            if said[name] and not said["KAFKA_SSL_CERTFILE"]:
                raise SettingsError(
                    f"{_or_file(name)} is set without KAFKA_SSL_CERTFILE: name the certificate "
                    "that belongs to the key"
                )
        return replace(
            self,
            ssl_cafile=said["KAFKA_SSL_CAFILE"],
            ssl_certfile=said["KAFKA_SSL_CERTFILE"],
            ssl_keyfile=said["KAFKA_SSL_KEYFILE"],
            ssl_key_password=said["KAFKA_SSL_KEY_PASSWORD"],
            ssl_check_hostname=said["KAFKA_SSL_CHECK_HOSTNAME"] == "1",
        )

    def topic(self, name: str) -> str:
        """The name that the broker knows a topic (or a group) by."""
        return self.topic_prefix + name

    @property
    def identity(self) -> str:
        """Whom the broker takes us for, for messages: how we say who we are, never a secret."""
        if self.oauth is not None:
            return f"KAFKA_OAUTH_CLIENT_ID {self.oauth.client_id!r}"
        if self.security_protocol.startswith("SASL"):
            return f"KAFKA_SASL_USERNAME {self.sasl_username!r}"
        if self.ssl_certfile:
            return f"the certificate KAFKA_SSL_CERTFILE {self.ssl_certfile!r}"
        return "nobody in particular (User:ANONYMOUS)"

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments that every aiokafka client takes."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap_servers),
            "security_protocol": self.security_protocol,
        }
        if "SSL" in self.security_protocol:
            options["ssl_context"] = self._ssl_context()
        if not self.security_protocol.startswith("SASL"):
            return options
        options["sasl_mechanism"] = self.sasl_mechanism
        if self.oauth is not None:
            from .kafka.tokens import provider

            return options | {"sasl_oauth_token_provider": provider(self.oauth)}
        return options | {
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }

    def _ssl_context(self) -> ssl.SSLContext:
        """Raises SettingsError, naming the file that cannot be used."""
        context = tls_context(self.ssl_cafile, "KAFKA_SSL_CAFILE")
        context.check_hostname = self.ssl_check_hostname
        if self.ssl_certfile:
            try:
                # A function: OpenSSL would otherwise ask a terminal for a password that is needed.
                context.load_cert_chain(
                    self.ssl_certfile, self.ssl_keyfile or None, lambda: self.ssl_key_password
                )
            except (OSError, ValueError) as error:
                raise SettingsError(
                    f"KAFKA_SSL_CERTFILE={self.ssl_certfile!r} with KAFKA_SSL_KEYFILE="
                    f"{self.ssl_keyfile!r} cannot be used ({_why(error)}): both must be PEM, "
                    "belong together, and a key that is encrypted needs "
                    "KAFKA_SSL_KEY_PASSWORD_FILE"
                ) from None
        return context


def tls_context(cafile: str, setting: str) -> ssl.SSLContext:
    """A client's context that trusts the bundle, or the system's. Raises SettingsError."""
    try:
        return ssl.create_default_context(cafile=cafile or None)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{setting}={cafile!r} holds no usable certificates, PEM ({_why(error)})"
        ) from None


def _why(error: Exception) -> str:
    return str(getattr(error, "reason", None) or getattr(error, "strerror", None) or error)


def _or_file(name: str) -> str:
    setting = _BY_NAME[name]
    return f"{name} (or {setting.file_name})" if setting.kind == "secret" else name


def _unused(said: Mapping[str, str], names: tuple[str, ...], chosen: str, other: str) -> None:
    """Who has set one of these believes to be protected by it. Raises SettingsError."""
    if found := [name for name in names if said[name]]:
        variable = chosen.partition("=")[0]
        raise SettingsError(
            f"{', '.join(map(_or_file, found))}: set, and not used with {chosen}: set "
            f"{variable}={other}, or unset {'it' if len(found) == 1 else 'them'}"
        )


def _oauth(said: Mapping[str, str]) -> OAuthSettings:
    url = said["KAFKA_OAUTH_TOKEN_URL"]
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    # The address is not shown: somebody may have put a password into it.
    if not usable or parts.username is not None or parts.password is not None:
        raise SettingsError("KAFKA_OAUTH_TOKEN_URL is not https://HOST[:PORT]/PATH without a user")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise SettingsError(
            "KAFKA_OAUTH_TOKEN_URL would send the client's secret in the clear: use https://"
        )
    tls_context(said["KAFKA_OAUTH_CAFILE"], "KAFKA_OAUTH_CAFILE")
    return OAuthSettings(
        url,
        said["KAFKA_OAUTH_CLIENT_ID"],
        said["KAFKA_OAUTH_CLIENT_SECRET"],
        said["KAFKA_OAUTH_SCOPE"],
        said["KAFKA_OAUTH_CAFILE"],
    )
