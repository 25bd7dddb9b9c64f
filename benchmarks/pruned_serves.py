"""Whether an installation serves: a worker of each service, with its Python, takes what the demo's
shoppers do, and publishes what follows from it.

    python benchmarks/installed_size.py --pruned --keep build/pruned    # as the image has it
    python benchmarks/pruned_serves.py build/pruned

On an embedded broker of the environment that runs this; the installation needs none.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from bench_worker_memory import SOURCES, publish

from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.settings import KafkaSettings
from shopkeeper.shared.testing.broker import broker_under_test
from shopkeeper.shared.testing.records import end_offsets, until_consumed
from shopkeeper.shared.testing.workers import WorkerProcess, environment

OUTPUTS = {
    "recommender": [topics.RECOMMENDATIONS, topics.SIMILAR_ITEMS],
    "sentiment": [topics.SENTIMENTS],
    "intent": [topics.INTENTS],
    "answers": [topics.ANSWERS],
    "gateway": [],
}


def serves(python: Path, service: str, kafka: KafkaSettings) -> str:
    """What one worker took and published, in a line. Raises AssertionError, with its output."""
    own = {"PYTHONPATH": "", "PYTHONNOUSERSITE": 1, "LIST_AGE_MAX": 1e10}  # the events are old
    environ = environment(kafka, **own)
    worker = WorkerProcess([str(python), "-m", "shopkeeper", "worker", service], environ)
    try:
        worker.wait_ready()
        if SOURCES[service]:
            asyncio.run(until_consumed(kafka, service, SOURCES[service], 240, worker.alive))
        status = worker.terminate()
        assert status == 0, worker.output()
        assert "Traceback" not in worker.output(), worker.output()
        made = {name: sum(asyncio.run(end_offsets(kafka, name))) for name in OUTPUTS[service]}
        assert all(made.values()), (made, worker.output())
    finally:
        worker.discard()
    return f"{service}: ready, {', '.join(f'{n} {name}' for name, n in made.items()) or 'stopped'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("environment", type=Path, help="of the installation")
    python = parser.parse_args().environment.absolute() / "bin" / "python"
    with broker_under_test(os.environ) as address:
        kafka = KafkaSettings.from_env({"KAFKA_BOOTSTRAP_SERVERS": address})
        asyncio.run(publish(kafka))
        for service in SOURCES:
            print(serves(python, service, kafka), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
