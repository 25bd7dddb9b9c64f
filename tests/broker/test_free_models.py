"""A worker with TEXT_MODELS=free answers with the models whose data allow any use."""

from __future__ import annotations

import asyncio

import pytest

from shopkeeper.shared.testing.records import until_consumed
from shopkeeper.shared.testing.workers import worker_process
from shopkeeper.shared.text.manifest import model_folder, read_manifest
from tests.broker.test_end_to_end import no_letters, outputs, publish
from tests.broker.test_model_updates import SERVICES


@pytest.mark.parametrize("case", SERVICES, ids=lambda case: case.service)
def test_outputs_name_the_free_model(kafka, case):
    publish(kafka, [case.event(number) for number in range(20)])
    with worker_process(case.service, kafka, TEXT_MODELS="free") as worker:
        asyncio.run(until_consumed(kafka, case.service, [case.topic], 120, worker.alive))
        assert worker.terminate() == 0, worker.output()
    found = [value["model"]["version"] for _, value in outputs(kafka, case.out)]
    version = read_manifest(model_folder() / "free").models[case.service].version
    assert len(found) == 20
    assert all(each.startswith(version) for each in found), set(found)
    no_letters(kafka, case.topic, case.service)
