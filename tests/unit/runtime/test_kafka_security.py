"""Who we are to a broker: settings that go together, secrets from files, none of them shown."""

from __future__ import annotations

import datetime
import logging

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shopkeeper.shared.runtime.kafka.tokens import TokenProvider
from shopkeeper.shared.runtime.setting import Setting
from shopkeeper.shared.runtime.settings import KafkaSettings, SettingsError, WorkerSettings
from shopkeeper.shared.runtime.telemetry import logs

SECRET = "hunter2 with spaces "
SCRAM = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_USERNAME": "intent",
    "KAFKA_SASL_PASSWORD": SECRET,
}
OAUTH = {
    "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
    "KAFKA_OAUTH_TOKEN_URL": "https://login.example.com/token",
    "KAFKA_OAUTH_CLIENT_ID": "intent",
    "KAFKA_OAUTH_CLIENT_SECRET": SECRET,
}


@pytest.fixture
def pair(tmp_path):
    """A certificate with its key, the key encrypted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intent")])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2120))
    certificate = made.sign(key, hashes.SHA256())
    files = tmp_path / "intent.pem", tmp_path / "intent.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(SECRET.encode()),
        )
    )
    return files


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_password_goes_to_every_client(mechanism):
    options = KafkaSettings.from_env({**SCRAM, "KAFKA_SASL_MECHANISM": mechanism}).client_options()
    assert options["sasl_mechanism"] == mechanism
    assert options["sasl_plain_username"] == "intent"
    assert options["sasl_plain_password"] == SECRET.strip(), "of a variable, blanks are dropped"
    assert options["ssl_context"].check_hostname


def test_a_token_is_shared_by_all_clients():
    kafka = KafkaSettings.from_env(OAUTH)
    one, other = (kafka.client_options()["sasl_oauth_token_provider"] for _ in range(2))
    assert isinstance(one, TokenProvider)
    assert one is other
    assert "sasl_plain_password" not in kafka.client_options()


def test_a_certificate_with_an_encrypted_key(pair, tmp_path):
    (tmp_path / "password").write_text(SECRET + "\r\n")
    environ = {
        "KAFKA_SECURITY_PROTOCOL": "SSL",
        "KAFKA_SSL_CAFILE": str(pair[0]),
        "KAFKA_SSL_CERTFILE": str(pair[0]),
        "KAFKA_SSL_KEYFILE": str(pair[1]),
    }
    with pytest.raises(SettingsError, match="KAFKA_SSL_KEY_PASSWORD_FILE"):
        KafkaSettings.from_env(environ)
    environ["KAFKA_SSL_KEY_PASSWORD_FILE"] = str(tmp_path / "password")
    context = KafkaSettings.from_env(environ).client_options()["ssl_context"]
    assert context.check_hostname
    environ["KAFKA_SSL_CHECK_HOSTNAME"] = "0"
    assert not KafkaSettings.from_env(environ).client_options()["ssl_context"].check_hostname


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"}, "needs KAFKA_SASL_USERNAME and KAFKA_SASL_PASS"),
        ({**SCRAM, "KAFKA_SASL_PASSWORD": ""}, r"needs KAFKA_SASL_PASSWORD \(or KAFKA_SASL_PASS"),
        ({**SCRAM, "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "set KAFKA_SECURITY_PROTOCOL=SASL_SSL"),
        ({**SCRAM, "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}, "set KAFKA_SASL_MECHANISM=SCRAM-SHA-5"),
        ({**OAUTH, "KAFKA_SASL_MECHANISM": "PLAIN"}, "set KAFKA_SASL_MECHANISM=OAUTHBEARER"),
        ({**OAUTH, "KAFKA_OAUTH_CLIENT_ID": ""}, "needs KAFKA_OAUTH_CLIENT_ID"),
        ({**OAUTH, "KAFKA_OAUTH_TOKEN_URL": "http://login.example.com/"}, "use https://"),
        ({**OAUTH, "KAFKA_OAUTH_TOKEN_URL": "https://u:p@login/"}, "without a user"),
        ({**OAUTH, "KAFKA_OAUTH_CAFILE": __file__}, "KAFKA_OAUTH_CAFILE=.* no usable cert"),
        ({"KAFKA_SSL_CERTFILE": __file__}, "set KAFKA_SECURITY_PROTOCOL=SSL"),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_KEYFILE": __file__},
            "KAFKA_SSL_KEYFILE is set without KAFKA_SSL_CERTFILE",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CERTFILE": __file__},
            "KAFKA_SSL_CERTFILE=.* cannot be used",
        ),
        (
            {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_SSL_CAFILE": __file__},
            "KAFKA_SSL_CAFILE=.* no usable certificates",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_a_way_out(environ, message):
    with pytest.raises(SettingsError, match=message) as refused:
        KafkaSettings.from_env(environ)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_secret_comes_from_its_file_without_the_end_of_the_line(tmp_path):
    setting = Setting("KEY", "", "a key", "secret")
    file = tmp_path / "key"
    for ending in ("", "\n", "\r\n"):
        file.write_text(SECRET + ending)
        assert setting.read({"KEY_FILE": str(file)}) == SECRET, "blanks are part of it"
    with pytest.raises(SettingsError, match="KEY and KEY_FILE are both set"):
        setting.read({"KEY_FILE": str(file), "KEY": "x"})
    for content, message in (
        (b"\n", "is empty"),
        (b"\xff", "no UTF-8"),
        (b"x" * 2_000_000, "larg"),
    ):
        file.write_bytes(content)
        with pytest.raises(SettingsError, match=f"KEY_FILE=.*{message}"):
            setting.read({"KEY_FILE": str(file)})
    with pytest.raises(SettingsError, match=r"KEY_FILE=.*No such file"):
        setting.read({"KEY_FILE": str(tmp_path / "none")})


def test_no_secret_is_in_what_settings_look_like():
    for environ in (SCRAM, OAUTH):
        settings = WorkerSettings.from_env({**environ, "GATEWAY_SECRET_KEYS": "hunter2"})
        assert "hunter2" not in repr(settings)
        assert "hunter2" not in settings.kafka.identity


def test_requests_that_carry_secrets_are_not_logged_at_any_level():
    logs.configure("test", "DEBUG", "text")
    assert not logging.getLogger("aiokafka.conn").isEnabledFor(logging.DEBUG)
