"""Apache Kafka with users, certificates, tokens and ACLs: each worker under its own principal, with
what `shopkeeper topics acls` lists for it and nothing more (TEST_BROKER=kafka)."""

from __future__ import annotations

import asyncio
import os
import re
import time
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from shopkeeper import services
from shopkeeper.apps.cli.main import command
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.kafka import acls, admin, rights
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.operations.checkpoints import kept
from shopkeeper.shared.runtime.refusal import EXIT_OPERATOR
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.records import committed_offsets, read_topic, until_consumed
from shopkeeper.shared.testing.workers import worker_process

if os.environ.get("TEST_BROKER") != "kafka":
    pytest.skip("needs users and an authorizer: make test-kafka", allow_module_level=True)

from . import secured_kafka
from .secured_kafka import CERT_LISTENER, SCRAM_LISTENER, TLS_LISTENER

GOLDEN = Path(__file__).parents[2] / "schemas" / "golden"
PREFIX = "s."
PARTITIONS = 2
SAMPLED = 3  # of so many rights one is taken away
SPECS = list(services.specs())
CONSUMERS = [spec.name for spec in SPECS if spec.consumes]
ROLES = acls.roles(SPECS)
QUICK = {
    "SESSION_TIMEOUT": 6,
    "CHECKPOINT_INTERVAL": "0.2",
    "GATEWAY_PORT": 0,
    "LIST_AGE_MAX": "1e10",
}
HOW = {  # name -> listener, protocol, mechanism
    "SCRAM-SHA-512": (SCRAM_LISTENER, "SASL_PLAINTEXT", "SCRAM-SHA-512"),
    "SCRAM-SHA-256 over TLS": (TLS_LISTENER, "SASL_SSL", "SCRAM-SHA-256"),
    "PLAIN over TLS": (TLS_LISTENER, "SASL_SSL", "PLAIN"),
    "OAUTHBEARER over TLS": (TLS_LISTENER, "SASL_SSL", "OAUTHBEARER"),
    "OAUTHBEARER": (SCRAM_LISTENER, "SASL_PLAINTEXT", "OAUTHBEARER"),
    "a certificate": (CERT_LISTENER, "SSL", ""),
}
# Another way in after each kill -9: the principal is the same.
AGAIN = dict(
    zip(
        CONSUMERS,
        ("OAUTHBEARER", "a certificate", "SCRAM-SHA-256 over TLS", "PLAIN over TLS"),
        strict=True,
    )
)
USED = re.compile(
    r"Principal = User:(\S+) is (Allowed|Denied) operation = (\S+) .*"
    rf"resource = (Topic|Group):LITERAL:{re.escape(PREFIX)}(\S+) "
)


@pytest.fixture(scope="module")
def secured():
    """The node, with topics, and every role's rights."""
    with secured_kafka.running(ROLES, PREFIX) as secured:
        asyncio.run(admin.init_topics(secured.plain, PARTITIONS, 1))
        for role, grants in ROLES.items():
            secured.acls.give(role, grants, PREFIX)
        yield secured


@pytest.fixture(scope="module")
def files(tmp_path_factory, secured):
    """Secrets and certificates of all roles, as files."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "ca.pem").write_bytes(secured.authority.pem)
    for role in ROLES:
        certificate, key = secured.authority.issue(role, b"key password")
        (folder / f"{role}.pem").write_bytes(certificate)
        (folder / f"{role}.key").write_bytes(key)
        (folder / f"{role}.password").write_text(secured.passwords[role] + "\n")
        (folder / f"{role}.secret").write_text(f"{role}-secret\n")
    (folder / "key.password").write_text("key password\n")
    for role, grants in ROLES.items():  # given, and known to the broker a moment later
        asyncio.run(granted(kafka_of(secured, folder, role), grants))
    return folder


async def granted(kafka, grants):
    async with admin.connected(kafka) as client:
        await missing_at_last(client, kafka, grants, [])


def environ_of(secured, files, role, how="SCRAM-SHA-512"):
    """What a process of `role` is told."""
    listener, protocol, mechanism = HOW[how]
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": secured.address(listener),
        "KAFKA_SECURITY_PROTOCOL": protocol,
        "TOPIC_PREFIX": PREFIX,
    }
    if "SSL" in protocol:
        environ["KAFKA_SSL_CAFILE"] = str(files / "ca.pem")
    if protocol == "SSL":
        environ["KAFKA_SSL_CERTFILE"] = str(files / f"{role}.pem")
        environ["KAFKA_SSL_KEYFILE"] = str(files / f"{role}.key")
        environ["KAFKA_SSL_KEY_PASSWORD_FILE"] = str(files / "key.password")
        return environ
    environ["KAFKA_SASL_MECHANISM"] = mechanism
    if mechanism == "OAUTHBEARER":
        environ["KAFKA_OAUTH_TOKEN_URL"] = f"{secured.endpoint.address}/token"
        environ["KAFKA_OAUTH_CLIENT_ID"] = role
        environ["KAFKA_OAUTH_CLIENT_SECRET_FILE"] = str(files / f"{role}.secret")
        return environ
    environ["KAFKA_SASL_USERNAME"] = role
    environ["KAFKA_SASL_PASSWORD_FILE"] = str(files / f"{role}.password")
    return environ


def kafka_of(secured, files, role, how="SCRAM-SHA-512"):
    return KafkaSettings.from_env(environ_of(secured, files, role, how))


def start(stack, secured, files, service, how="SCRAM-SHA-512"):
    environ = {**QUICK, **environ_of(secured, files, service, how), "WORKER_ID": f"{service}-1"}
    return stack.enter_context(worker_process(service, secured.plain, ready=False, **environ))


def golden_events(round_):
    """(topic, key, value, headers) of every message that shops publish, and one broken of each."""
    for topic in topics.ALL:
        if "shop" not in topic.producers:
            continue
        for kind in topic.types:
            for message in orjson.loads((GOLDEN / f"{kind}.json").read_bytes()):
                headers = {**message["headers"], "ce_id": f"{message['headers']['ce_id']}-{round_}"}
                yield (
                    topic.name,
                    message["key"].encode(),
                    None if message["value"] is None else orjson.dumps(message["value"]),
                    [(name, value.encode()) for name, value in headers.items()],
                )
        yield topic.name, b"broken", b"{", []


async def publish(kafka, round_):
    async with Publisher(kafka, "test") as publisher:
        for topic, key, value, headers in golden_events(round_):
            for partition in range(PARTITIONS):  # so that some are passed on
                await publisher.send(topic, key, value, headers, partition)


def consumed(secured, workers):
    def alive():
        for worker in workers.values():
            worker.alive()

    for name in CONSUMERS:
        sources = sorted(services.spec(name).consumes)
        asyncio.run(until_consumed(secured.plain, name, sources, 120.0, alive))


def test_each_worker_works_with_its_own_rights_only(secured, files):
    """Events processed, dead letters written, state checkpointed, all of it after a kill -9 as
    well; then each loses a right, and says so."""
    begun = len(secured.audit())
    with ExitStack() as stack:
        workers = {name: start(stack, secured, files, name) for name in services.NAMES}
        asyncio.run(publish(kafka_of(secured, files, "shop"), 1))
        for worker in workers.values():
            worker.wait_ready()
        consumed(secured, workers)
        for name in CONSUMERS:
            assert asyncio.run(kept(secured.plain, name)), f"{name} has checkpoints"
            workers[name].kill()
        for name in CONSUMERS:
            workers[name] = start(stack, secured, files, name, AGAIN[name])
        asyncio.run(publish(kafka_of(secured, files, "shop", "OAUTHBEARER"), 2))
        for name in CONSUMERS:
            workers[name].wait_ready()
        consumed(secured, workers)
        for name in CONSUMERS:
            for topic in services.spec(name).consumes & topics.BY_NAME.keys():
                if "shop" in topics.BY_NAME[topic].producers:
                    assert sum(asyncio.run(committed_offsets(secured.plain, name, topic))) > 0
                    letters = topics.dead_letters(topic, name)
                    assert asyncio.run(read_topic(secured.plain, letters)), letters
        assert_rights_are_those_listed(secured.audit()[begun:])
        lose_one_each(secured, files, workers)


def assert_rights_are_those_listed(audit):
    """Nothing was denied, and every right to read that is listed was used: the broker logs both."""
    used = {}
    for principal, verdict, operation, resource, name in USED.findall(audit):
        assert verdict == "Allowed", (principal, operation, resource, name)
        used.setdefault(principal, set()).add((resource, name, operation.capitalize()))
    for name in services.NAMES:
        listed = {(g.resource, g.name, o) for g in ROLES[name] for o in g.operations}
        unread = {each for each in listed - used[name] if each[2] == "Read"}
        assert not unread, (name, unread)


def lose_one_each(secured, files, workers):
    """Each running worker ends with one line that names what it may no longer do."""
    lost = {
        "intent": acls.Grant("Topic", topics.INTENTS, ("Write",)),
        "sentiment": acls.Grant("Topic", topics.REVIEWS, ("Read",)),
        "recommender": acls.Grant("Group", acls.group("recommender"), ("Read",)),
        "answers": acls.Grant("Topic", topics.TRENDING, ("Read",)),
        "gateway": acls.Grant("Topic", topics.RECOMMENDATIONS, ("Read",)),
    }
    for name, grant in lost.items():
        secured.acls.take(name, grant, *grant.operations, PREFIX)
    try:
        asyncio.run(publish(kafka_of(secured, files, "shop"), 3))
        for name, grant in lost.items():
            status = workers[name].popen.wait(60.0)
            said = workers[name].output()
            assert status == EXIT_OPERATOR, (name, status, said)
            [line] = [x for x in said.splitlines() if "a right is missing" in x]
            assert PREFIX + grant.name in line
            assert "Traceback" not in said
    finally:
        for name, grant in lost.items():
            secured.acls.give(name, [grant], PREFIX)


async def missing_at_last(client, kafka, grants, wanted):
    """What is missing, once the broker has taken the change over."""
    deadline = time.monotonic() + 10.0
    while (found := await rights.lacking(client, kafka, grants)) != wanted:
        assert time.monotonic() < deadline, (found, wanted)
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("service", services.NAMES)
def test_a_right_that_is_missing_is_named_before_a_worker_starts(secured, files, service):
    kafka = kafka_of(secured, files, service)
    grants = ROLES[service]

    async def each():
        async with admin.connected(kafka) as client:
            await missing_at_last(client, kafka, grants, [])
            rights_of = [(grant, operation) for grant in grants for operation in grant.operations]
            for grant, operation in rights_of[::SAMPLED]:
                secured.acls.take(service, grant, operation, PREFIX)
                name = f"{operation} on {grant.resource.lower()} {PREFIX}{grant.name}"
                await missing_at_last(client, kafka, grants, [name])
                one = acls.Grant(grant.resource, grant.name, (operation,))
                secured.acls.give(service, [one], PREFIX)
            await missing_at_last(client, kafka, grants, [])

    asyncio.run(each())


def test_a_worker_without_a_right_does_not_start_and_says_which(secured, files):
    grant = acls.Grant("Topic", topics.SEGMENTS, ("Read",))
    secured.acls.take("gateway", grant, "Read", PREFIX)
    try:
        with ExitStack() as stack:
            worker = start(stack, secured, files, "gateway")
            assert worker.popen.wait(60.0) == EXIT_OPERATOR
            [line] = [x for x in worker.output().splitlines() if "ERROR" in x]
            assert f"does not grant this worker Read on topic {PREFIX}{topics.SEGMENTS};" in line
            assert "KAFKA_SASL_USERNAME 'gateway'" in line
            assert secured.passwords["gateway"] not in worker.output()
    finally:
        secured.acls.give("gateway", [grant], PREFIX)


@pytest.mark.parametrize("how", HOW)
def test_every_way_in_reads_and_writes(secured, files, how):
    asyncio.run(admin.wait_for_broker(kafka_of(secured, files, "viewer", how), print, 30.0))
    viewer = kafka_of(secured, files, "viewer", how)
    assert asyncio.run(read_topic(viewer, topics.LAYOUT))

    async def send():
        async with Publisher(kafka_of(secured, files, "shop", how), "test") as publisher:
            await publisher.send(topics.SEARCHES, b"u", b'{"user_id": "u", "query": "shoes"}')

    asyncio.run(send())


WRONG = {
    "password": ({}, {"KAFKA_SASL_PASSWORD": "hunter2"}, "SCRAM-SHA-512", "check KAFKA_SASL_USER"),
    "no TLS": (
        {"KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT", "KAFKA_SSL_CAFILE": ""},
        {},
        "SCRAM-SHA-256 over TLS",
        "is KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT right",
    ),
    "TLS": (
        {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"},
        {},
        "SCRAM-SHA-512",
        "is KAFKA_SECURITY_PROTOCOL=SASL_SSL right",
    ),
    "authority": ({"KAFKA_SSL_CAFILE": ""}, {}, "a certificate", "is it KAFKA_SSL_CAFILE"),
    "host": ({"HOST": "localhost"}, {}, "a certificate", "KAFKA_SSL_CHECK_HOSTNAME=0"),
    "no certificate": (
        dict.fromkeys(
            ("KAFKA_SSL_CERTFILE", "KAFKA_SSL_KEYFILE", "KAFKA_SSL_KEY_PASSWORD_FILE"), ""
        ),
        {},
        "a certificate",
        "KAFKA_SSL_CERTFILE",
    ),
    "client": (
        {},
        {"KAFKA_OAUTH_CLIENT_SECRET": "hunter2"},
        "OAUTHBEARER",
        "HTTP 401, invalid_client",
    ),
    "nothing": (
        {
            "KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "KAFKA_SASL_USERNAME": "",
            "KAFKA_SASL_PASSWORD_FILE": "",
        },
        {},
        "SCRAM-SHA-512",
        "KAFKA_SECURITY_PROTOCOL",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_who_is_not_let_in_is_told_which_setting_is_wrong(secured, files, monkeypatch, what, capfd):
    changed, secret, how, message = WRONG[what]
    environ = environ_of(secured, files, "viewer", how) | changed | secret
    if host := environ.pop("HOST", ""):
        port = environ["KAFKA_BOOTSTRAP_SERVERS"].rpartition(":")[2]
        environ["KAFKA_BOOTSTRAP_SERVERS"] = f"{host}:{port}"
    for name in secret:
        environ.pop(f"{name}_FILE")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(admin, "REFUSED_S", 0.1)
    said = CliRunner().invoke(command, ["topics", "list", "--wait", "1"])
    assert said.exit_code == 1, said.output
    line = said.output.splitlines()[-1]
    assert line.startswith("Error: ")
    assert message in line
    assert "hunter2" not in said.output + "".join(capfd.readouterr())


def test_the_command_line_runs_with_an_operators_and_a_viewers_rights(secured, files, monkeypatch):
    def run(role, *arguments):
        for name, value in environ_of(secured, files, role).items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(command, [*arguments])
        assert "Error" not in done.output, done.output
        assert secured.passwords[role] not in done.output
        return done.output

    assert f"{PREFIX}{topics.CLICKS}\t{PARTITIONS}" in run("viewer", "topics", "list")
    assert "intent" in run("viewer", "status")
    name = acls.Grant("Topic", topics.ERASED_USERS, ())
    asyncio.run(_delete(kafka_of(secured, files, "operator"), name.name))
    assert run("operator", "topics", "init").startswith(f"{PREFIX}{topics.ERASED_USERS}\n")
    run("operator", "checkpoints", "list")


async def _delete(kafka, name):
    async with admin.connected(kafka) as client:
        await client.delete_topics([kafka.topic(name)])
        while kafka.topic(name) in await client.list_topics():  # noqa: ASYNC110  # a broker
            await asyncio.sleep(0.05)
