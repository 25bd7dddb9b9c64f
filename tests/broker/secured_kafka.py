"""An Apache Kafka that lets nobody in unknown: SCRAM, PLAIN, OAUTHBEARER, TLS and certificates, and
an authorizer that denies what no ACL allows. Keys, certificates and passwords are made here, anew
each time.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import http.server
import ipaddress
import json
import secrets
import threading
import time
from urllib.parse import parse_qs, unquote_plus

import jwt
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shopkeeper.shared.runtime.processes.embedded import HOST, free_port
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.kafka_broker import kafka_broker

SCRAM_LISTENER, TLS_LISTENER, CERT_LISTENER = "SCRAM", "SCRAMTLS", "CERT"
DAY = datetime.timedelta(days=1)
KEY_ID = "test"
# What the authorizer denies is logged at INFO, what it allows at DEBUG.
LOGGING = """Configuration:
  Appenders:
    Console:
      name: stdout
      target: SYSTEM_OUT
      PatternLayout:
        pattern: "%p %m (%c)%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: stdout
    Logger:
      - name: kafka.authorizer.logger
        level: DEBUG
"""


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        made = self._builder(self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._certificate = made.sign(self._key, hashes.SHA256())
        self.pem = self._certificate.public_bytes(serialization.Encoding.PEM)

    def _builder(self, subject, key):
        now = datetime.datetime.now(datetime.UTC)
        serial = x509.random_serial_number()
        return x509.CertificateBuilder(
            self._name, subject, key.public_key(), serial, now - DAY, now + DAY
        )

    def issue(self, name, password=b""):
        """(certificate, key) as PEM: of a client, or of the broker by its address."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        address = x509.IPAddress(ipaddress.ip_address(HOST)) if name == HOST else x509.DNSName(name)
        made = (
            self._builder(subject, key)
            .add_extension(x509.SubjectAlternativeName([address]), critical=False)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
        )
        how = (
            serialization.BestAvailableEncryption(password)
            if password
            else serialization.NoEncryption()
        )
        return (
            made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how),
        )


class TokenEndpoint:
    """A small OAuth 2.0 server: client credentials in, a signed token out; keys at /jwks."""

    def __init__(self, clients, lifetime_s=600):
        self.clients, self.lifetime_s = clients, lifetime_s
        self.asked = []  # (client, scope) of each token given
        self._key = rsa.generate_private_key(65537, 2048)
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self._answer(200, endpoint.jwks())

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(*endpoint.token(self.headers.get("Authorization", ""), form))

            def _answer(self, status, body):
                packed = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(packed)))
                self.end_headers()
                self.wfile.write(packed)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.address = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def jwks(self):
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def token(self, authorization, form):
        pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        client, _, secret = (unquote_plus(part) for part in pair.partition(":"))
        said = parse_qs(form)
        if said.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        if not secrets.compare_digest(self.clients.get(client, "").encode(), secret.encode()):
            return 401, {"error": "invalid_client", "error_description": f"secret {secret}"}
        self.asked.append((client, said.get("scope", [""])[0]))
        now = int(time.time())
        claims = {"sub": client, "iat": now, "exp": now + self.lifetime_s, "scope": "kafka"}
        claims |= {"iss": "test", "aud": "kafka"}
        token = jwt.encode(claims, self._key, "RS256", {"kid": KEY_ID})
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime_s}


class Secured:
    """The node's properties (see `kafka_broker.Security`), and how clients reach it."""

    def __init__(self, names, endpoint):
        """names: users, each with a password of its own; the endpoint's clients are others."""
        self.passwords = {name: secrets.token_urlsafe(12) for name in names}
        self.endpoint, self.authority = endpoint, Authority()
        listeners = (SCRAM_LISTENER, TLS_LISTENER, CERT_LISTENER)
        self._ports = {listener: free_port() for listener in listeners}

    def properties(self, folder):
        store, trusted = folder / "broker.pem", folder / "ca.pem"
        self._logging = folder / "log4j2.yaml"
        self._logging.write_text(LOGGING)
        certificate, key = self.authority.issue(HOST)
        store.write_bytes(key + certificate)
        trusted.write_bytes(self.authority.pem)
        said = ",".join(f"{name}://{HOST}:{port}" for name, port in self._ports.items())
        kinds = {SCRAM_LISTENER: "SASL_PLAINTEXT", TLS_LISTENER: "SASL_SSL", CERT_LISTENER: "SSL"}
        found = {
            "listeners": said,
            "advertised.listeners": said,
            "listener.security.protocol.map": ",".join(
                f"{name}:{kind}"
                for name, kind in {
                    "PLAINTEXT": "PLAINTEXT",
                    "CONTROLLER": "PLAINTEXT",
                    **kinds,
                }.items()
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            # It is never killed here; on a busy machine it must not be taken for dead.
            "broker.session.timeout.ms": "30000",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # Who comes by the plain listener: the broker itself, and the test as administrator.
            "super.users": "User:ANONYMOUS",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(store),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(trusted),
            f"listener.name.{CERT_LISTENER.lower()}.ssl.client.auth": "required",
            f"listener.name.{CERT_LISTENER.lower()}.ssl.principal.mapping.rules": (
                "RULE:^CN=([^,]+).*$/$1/"
            ),
            "sasl.oauthbearer.expected.audience": "kafka",
            "sasl.oauthbearer.expected.issuer": "test",
            "sasl.oauthbearer.jwks.endpoint.url": f"{self.endpoint.address}/jwks",
        }
        plain = " ".join(f'user_{name}="{word}"' for name, word in self.passwords.items())
        modules = {
            "scram-sha-256": "scram.ScramLoginModule required",
            "scram-sha-512": "scram.ScramLoginModule required",
            "plain": f"plain.PlainLoginModule required {plain}",
            "oauthbearer": "oauthbearer.OAuthBearerLoginModule required",
        }
        for listener in (SCRAM_LISTENER, TLS_LISTENER):
            at = f"listener.name.{listener.lower()}"
            found[f"{at}.sasl.enabled.mechanisms"] = ",".join(m.upper() for m in modules)
            for mechanism, module in modules.items():
                found[f"{at}.{mechanism}.sasl.jaas.config"] = (
                    f"org.apache.kafka.common.security.{module};"
                )
            found[f"{at}.oauthbearer.sasl.server.callback.handler.class"] = (
                "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler"
            )
        return found

    def users(self):
        return [
            word
            for name, password in self.passwords.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for word in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]

    def java_options(self):
        allowed = f"{self.endpoint.address}/jwks"
        return (
            f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={allowed}",
            f"-Dlog4j2.configurationFile={self._logging}",
        )

    def address(self, listener):
        return f"{HOST}:{self._ports[listener]}"


@contextlib.contextmanager
def running(names, prefix):
    """The node, its token endpoint and its administrator; no topics, no ACLs."""
    with TokenEndpoint({name: f"{name}-secret" for name in names}) as endpoint:
        secured = Secured(names, endpoint)
        with kafka_broker(secured) as node:
            secured.plain = KafkaSettings((node.address,), topic_prefix=prefix)
            secured.acls = Acls(node.address)
            secured.audit = node.said
            yield secured


class Acls:
    """An administrator: gives and takes rights, at once."""

    def __init__(self, address):
        self._admin = AdminClient({"bootstrap.servers": address})

    @staticmethod
    def _binding(principal, grant, operation, prefix):
        return AclBinding(
            ResourceType[grant.resource.upper()],
            prefix + grant.name,
            ResourcePatternType.LITERAL,
            f"User:{principal}",
            "*",
            AclOperation[operation.upper()],
            AclPermissionType.ALLOW,
        )

    def give(self, principal, grants, prefix):
        bindings = [
            self._binding(principal, grant, operation, prefix)
            for grant in grants
            for operation in grant.operations
        ]
        for future in self._admin.create_acls(bindings).values():
            future.result(30.0)

    def take(self, principal, grant, operation, prefix):
        b = self._binding(principal, grant, operation, prefix)
        one = AclBindingFilter(
            b.restype,
            b.name,
            b.resource_pattern_type,
            b.principal,
            b.host,
            b.operation,
            b.permission_type,
        )
        for future in self._admin.delete_acls([one]).values():
            assert len(future.result(30.0)) == 1, f"{operation} on {grant.name}"
