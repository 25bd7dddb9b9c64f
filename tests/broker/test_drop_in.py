"""The gateway in the place of the demo shops' recommendation service, called as they call it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shopkeeper.services.gateway.grpc.messages import PACKAGES, file_of
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.datasets.base import ShopEvent
from shopkeeper.shared.runtime.kafka.admin import init_topics
from shopkeeper.shared.runtime.kafka.publisher import Publisher
from shopkeeper.shared.runtime.processes.embedded import free_port
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.frail_broker import frail_broker
from shopkeeper.shared.testing.workers import WorkerProcess, environment, worker_process
from tests.broker.test_gateway import lists, publish
from tests.demo_stubs import compile_stubs

WAIT_S = 60
MODEL = {"name": "item-cf", "version": "1"}
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.fixture(scope="session")
def stubs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    return {package: compile_stubs(package, folder) for package in PACKAGES}


class Frontend:
    """What a demo shop's frontend does, for both packages on one channel."""

    def __init__(self, stubs, port):
        self.stubs = stubs
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        grpc.channel_ready_future(self.channel).result(WAIT_S)

    def listed(self, package, user_id="", product_ids=(), **call):
        made = self.stubs[package]
        request = made.pb2.ListRecommendationsRequest(user_id=user_id, product_ids=product_ids)
        stub = made.grpc.RecommendationServiceStub(self.channel)
        return list(stub.ListRecommendations(request, timeout=WAIT_S, **call).product_ids)

    def health(self, service=""):
        asked = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(self.channel).Check(asked, timeout=WAIT_S).status

    def until(self, wanted, ask):
        deadline = time.monotonic() + WAIT_S
        while (found := ask()) != wanted:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)


@contextlib.contextmanager
def drop_in(kafka, stubs, **settings):
    port = free_port()
    with worker_process("gateway", kafka, GATEWAY_PORT=0, GATEWAY_GRPC_PORT=port, **settings) as it:
        frontend = Frontend(stubs, port)
        frontend.worker = it
        with contextlib.closing(frontend.channel):
            yield frontend


def similar(product_id, *near):
    items = [{"product_id": p, "score": s, "count": 3, "basis": "bought"} for p, s in near]
    value = {"product_id": product_id, "items": items, "count": 5, "model": MODEL}
    return topics.SIMILAR_ITEMS, product_id, value


def trending(*products):
    items = [{"product_id": p, "score": 9.0 - n} for n, p in enumerate(products)]
    return topics.TRENDING, "all", {"scope": "all", "items": items, "as_of_ms": 1, "model": MODEL}


def own_list(user, *products):
    items = [{"product_id": p, "score": 0.5, "reason": {"code": "related"}} for p in products]
    value = {"recomm_id": "r", "items": items, "fallback": "none", "cause": "c", "model": MODEL}
    return lists(user, value | {"user_id": user})


@pytest.mark.parametrize("package", PACKAGES)
def test_the_messages_are_what_a_compiler_makes_of_the_file(stubs, package):
    compiled = stubs[package].pb2.DESCRIPTOR
    ours = file_of(package)
    for message in ours.message_type:
        theirs = compiled.message_types_by_name[message.name]
        assert [(f.name, f.number, f.type, f.label) for f in message.field] == [
            (f.name, f.number, f.type, 3 if f.is_repeated else 1) for f in theirs.fields
        ]
    [service] = compiled.services_by_name.values()
    assert service.full_name == f"{package}.{ours.service[0].name}"
    assert [m.name for m in service.methods] == [m.name for m in ours.service[0].method]


def test_neighbours_of_what_is_looked_at_come_first_and_a_list_is_never_empty(kafka, stubs):
    near = [similar("pa", ("pb", 0.4), ("pc", 0.3)), similar("pd", ("pc", 0.3), ("pa", 0.9))]
    records = [
        *near,
        *own_list("u1", "px", "pb", "py"),
        trending("pa", "t1", "t2", "t3", "t4", "t5"),
    ]
    asyncio.run(publish(kafka, records))
    with drop_in(kafka, stubs) as frontend:
        for package in PACKAGES:
            assert frontend.listed(package, "u1", ["pa"]) == ["pb", "pc", "px", "py", "t1"]
            # pc is near to both products of the cart, and pa is in it.
            assert frontend.listed(package, "nobody", ["pa", "pd"])[:2] == ["pc", "pb"]
            assert frontend.listed(package, "u1") == ["px", "pb", "py", "pa", "t1"]
            assert frontend.listed(package) == ["pa", "t1", "t2", "t3", "t4"]
            assert frontend.listed(package, "u" * 5000, ["?" * 5000]) == frontend.listed(package)


def test_ids_that_the_opentelemetry_demo_sends_character_by_character(kafka, stubs):
    records = [similar("66VCHSJNUP", ("9SIQT8TOJO", 0.4)), similar("OLJCESPC7Z", ("t2", 0.3))]
    asyncio.run(publish(kafka, [*records, trending("66VCHSJNUP", "OLJCESPC7Z", "t1")]))
    with drop_in(kafka, stubs) as frontend:
        wanted = ["9SIQT8TOJO", "t2", "t1"]
        as_sent = list("66VCHSJNUP,OLJCESPC7Z")
        assert frontend.listed("oteldemo", "s", as_sent) == wanted
        assert frontend.listed("oteldemo", "s", ["66VCHSJNUP", "OLJCESPC7Z"]) == wanted
        assert frontend.listed("oteldemo", "s", ["66VCHSJNUP,OLJCESPC7Z"]) == wanted
        assert frontend.listed("hipstershop", "s", ["66VCHSJNUP", "OLJCESPC7Z"]) == wanted


def test_a_call_that_came_too_late_is_given_up_and_the_next_is_answered(kafka, stubs):
    asyncio.run(publish(kafka, [trending("t1")]))
    with drop_in(kafka, stubs) as frontend:
        stub = stubs["oteldemo"].grpc.RecommendationServiceStub(frontend.channel)
        request = stubs["oteldemo"].pb2.ListRecommendationsRequest(user_id="u")
        frontend.worker.popen.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(grpc.RpcError) as late:
                stub.ListRecommendations(request, timeout=0.2)
        finally:
            frontend.worker.popen.send_signal(signal.SIGCONT)
        assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert frontend.listed("oteldemo", "u") == ["t1"]


def test_with_keys_a_call_needs_one(kafka, stubs):
    asyncio.run(publish(kafka, [*own_list("u1", "x"), trending("t1")]))
    with drop_in(kafka, stubs, GATEWAY_SECRET_KEYS="server", GATEWAY_PAGE_KEYS="page") as frontend:

        def refused(user_id, metadata=()):
            with pytest.raises(grpc.RpcError) as error:
                frontend.listed("hipstershop", user_id, metadata=metadata)
            return error.value.code()

        server, page = (("authorization", f"Bearer {key}") for key in ("server", "page"))
        assert refused("u1") == grpc.StatusCode.UNAUTHENTICATED
        assert refused("u1", [("authorization", "Bearer other")]) == refused("")
        assert refused("u1", [page]) == grpc.StatusCode.PERMISSION_DENIED
        assert frontend.listed("hipstershop", metadata=[page]) == ["t1"]
        assert frontend.listed("hipstershop", "u1", metadata=[server]) == ["x", "t1"]


def test_a_port_that_is_taken_is_an_error_that_names_the_setting(kafka):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = environment(kafka, GATEWAY_PORT=0, GATEWAY_GRPC_PORT=port)
        gateway = WorkerProcess([sys.executable, "-m", "shopkeeper", "worker", "gateway"], environ)
        try:
            assert gateway.popen.wait(WAIT_S) == 3, gateway.output()
            assert f"GATEWAY_GRPC_PORT={port}" in gateway.output()
        finally:
            gateway.discard()


def test_health_follows_the_broker(stubs):
    with frail_broker() as broker:
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": broker.address})
        asyncio.run(init_topics(kafka, 2, 1))
        asyncio.run(publish(kafka, [trending("t1")]))
        with drop_in(kafka, stubs) as frontend:
            frontend.until(SERVING, frontend.health)
            for package in PACKAGES:
                assert frontend.health(f"{package}.RecommendationService") == SERVING
            broker.kill()
            frontend.until(NOT_SERVING, frontend.health)
            assert frontend.listed("oteldemo") == ["t1"], "what is known is shown"
            broker.start()
            frontend.until(SERVING, frontend.health)


def clicks():
    """40 visitors who each click one of two pairs of products, and 20 who click a fifth one."""
    now_ms = int(time.time() * 1000)
    pairs = [("tent", "lamp"), ("shoe", "sock")]
    for visitor in range(60):
        for place, product in enumerate(pairs[visitor % 2] if visitor < 40 else ["hat"]):
            data = {"user_id": f"v{visitor}", "product_id": product}
            name = f"{visitor}/{place}"
            yield ShopEvent(
                topics.CLICKS, "product.clicked.v1", data["user_id"], data, now_ms, name
            )


def test_lists_show_what_the_recommender_has_learned(kafka, stubs):
    async def send():
        async with Publisher(kafka, "test") as publisher:
            for event in clicks():
                await publisher.publish(event)

    with drop_in(kafka, stubs) as frontend, worker_process("recommender", kafka):
        assert frontend.listed("oteldemo", "me", ["tent"]) == [], "nothing is known yet"
        asyncio.run(send())
        frontend.until(["lamp"], lambda: frontend.listed("oteldemo", "me", ["tent"])[:1])
        frontend.until(["shoe"], lambda: frontend.listed("hipstershop", "me", ["sock"])[:1])
        frontend.until(
            {"tent", "lamp", "sock", "hat"},
            lambda: set(frontend.listed("hipstershop", "someone new", ["shoe"])),
        )
