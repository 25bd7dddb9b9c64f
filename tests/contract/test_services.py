"""What services say of themselves agrees with the topics, with what they build, and with the
command line; and a service that stands nowhere in this repository is known by its specification.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from shopkeeper import services
from shopkeeper.apps.cli.main import command
from shopkeeper.apps.docs.settings import page
from shopkeeper.shared.contracts import topics
from shopkeeper.shared.runtime.api.processor import Stateless
from shopkeeper.shared.runtime.api.service import Service, ServiceSpec, Source
from shopkeeper.shared.runtime.settings import Setting, SettingsError, WorkerSettings
from shopkeeper.shared.runtime.telemetry.metrics import Metrics

ROOT = Path(__file__).resolve().parents[2]
INTERNAL_OF_ALL = {topics.LAYOUT, *(topics.checkpoints(name) for name in topics.SERVICES)}


def names(column: str, service: str) -> set[str]:
    """Topics in whose column a service stands, without those that every service has."""
    return {
        topic.name
        for topic in topics.ALL
        if service in getattr(topic, column)
        and topic.name not in INTERNAL_OF_ALL
        and not topic.name.endswith(".dlq")
    }


def test_topics_know_the_services_that_there_are():
    assert services.NAMES == topics.SERVICES
    assert [spec.name for spec in services.specs()] == list(services.NAMES)


@pytest.mark.parametrize("name", services.NAMES)
def test_the_columns_of_the_topics_are_what_the_services_say(name):
    spec = services.spec(name)
    assert spec.consumes == names("consumers", name)
    assert spec.tables == names("tables_of", name)
    assert spec.publishes == names("producers", name)


@pytest.mark.parametrize("name", services.NAMES)
def test_a_service_is_built_as_it_is_specified(name):
    spec = services.spec(name)
    service = spec.build(WorkerSettings.from_env({}))
    assert (service.name, set(service.tables)) == (name, spec.tables)
    assert Counter(source.topic for source in service.sources) == Counter(spec.consumes)
    assert {s.topic for s in service.sources if s.key_of is not None} == spec.by_key
    for source in service.sources:
        if source.key_of is not None and source.topic in topics.KEYED:
            assert spec.reshard(source.topic) is not None or not state_of(source), source.topic


def state_of(source: Source) -> set[str]:
    """The parts of a new processor's state that are kept by key."""
    return {part for part, packed in source.make(0).snapshot().items() if packed}


def test_dead_letter_topics_are_those_of_the_consumers_in_their_order():
    found = [topic.name for topic in topics.ALL if topic.name.endswith(".dlq")]
    assert sorted(found) == sorted(
        topics.dead_letters(topic.name, consumer)
        for topic in topics.ALL
        for consumer in topic.consumers
        if consumer in topics.SERVICES and not topic.name.endswith((".dlq", "-checkpoints.v1"))
    )
    known = ("recommender", "intent", "sentiment", "answers")
    assert [name for name in found if name.split(".")[-2] in known] == [
        "shop.clicks.v1.recommender.dlq",
        "shop.catalogue.v1.recommender.dlq",
        "shop.profiles.v1.recommender.dlq",
        "personalisation.item-pairs.v1.recommender.dlq",
        "shop.searches.v1.intent.dlq",
        "shop.searches.v1.recommender.dlq",
        "shop.questions.v1.intent.dlq",
        "shop.questions.v1.answers.dlq",
        "shop.reviews.v1.sentiment.dlq",
        "personalisation.complaints.v1.sentiment.dlq",
        "shop.knowledge.v1.answers.dlq",
        "shop.orders.v1.answers.dlq",
        "personalisation.searched-questions.v1.answers.dlq",
    ]


# -- a service of somebody else


class Loudness(Stateless):
    """Counts the texts in capitals; publishes nothing."""

    def __init__(self, partition):
        self.partition, self.loud = partition, 0

    def process(self, events, now_ms):
        self.loud += sum(event.data.question.isupper() for event in events)
        return [], []


def build(settings):
    assert AUDIT.settings[0].read(settings.environ)
    processors = []

    def make(partition):
        processors.append(Loudness(partition))
        return processors[-1]

    def metrics(registry):
        loud = registry.gauge("audit_loud", "Texts in capitals.")
        return lambda: loud.set(sum(processor.loud for processor in processors))

    source = Source(topics.QUESTIONS, make, frozenset({"question.asked.v1"}))
    return Service(name="audit", sources=[source], metrics=metrics)


def classifier(model_dir, threads):
    return lambda texts: [{"label": "loud" if text.isupper() else "quiet"} for text in texts]


def run(path):
    """Loudness of texts: FILE has any lines."""
    lines = path.read_text("utf-8").split()
    if not lines:
        raise ValueError(f"{path}: no lines")
    return {"loud": sum(line.isupper() for line in lines)}


AUDIT = ServiceSpec(
    name="audit",
    consumes=frozenset({topics.QUESTIONS}),
    publishes=frozenset({"personalisation.audit.v1"}),
    app=f"{__name__}:build",
    settings=[Setting("AUDIT_RATE", "10", "texts a second at most", "integer", 1, 100)],
    classify=f"{__name__}:classifier",
    evaluate=f"{__name__}:run",
)
REFERENCE = f"{__name__}:AUDIT"


def invoke(*arguments, **options):
    return CliRunner().invoke(command, arguments, **options)


def test_a_strange_service_gets_its_topics_from_what_it_consumes():
    ours = [
        replace(t, consumers=(*t.consumers, "audit")) if t.name in AUDIT.consumes else t
        for t in topics.DECLARED
    ]
    own = [
        topics.Topic(name, "user", "delete", (), ("audit",), ("subscribers",))
        for name in AUDIT.publishes
    ]
    found = {t.name: t for t in topics.complete([*ours, *own], (*topics.SERVICES, "audit"))}
    assert found.keys() - topics.BY_NAME.keys() == {
        "personalisation.audit.v1",
        "personalisation.audit-checkpoints.v1",
        "shop.questions.v1.audit.dlq",
    }
    assert topics.BY_NAME.keys() <= found.keys()
    letters = found["shop.questions.v1.audit.dlq"]
    known = topics.BY_NAME["shop.questions.v1.intent.dlq"]
    assert replace(letters, name=known.name, producers=known.producers) == known
    assert found["personalisation.audit-checkpoints.v1"].tables_of == ("audit",)
    assert found[topics.LAYOUT].tables_of == (*topics.SERVICES, "audit")


def test_a_strange_service_has_its_table_on_the_page_of_settings():
    text = page([*services.specs(), AUDIT])
    assert text.startswith(page(services.specs()))
    assert "## Only the audit\n" in text
    assert "| `AUDIT_RATE` | `10` | integer, 1 to 100 | texts a second at most |" in text


def test_a_strange_service_is_found_by_reference_and_built():
    spec = services.spec(REFERENCE)
    service = spec.build(WorkerSettings.from_env({"AUDIT_RATE": "7"}))
    registry = Metrics("audit").registry
    observe = service.metrics(registry)
    service.sources[0].make(0).loud = 3
    observe()
    assert registry.get_sample_value("shopkeeper_audit_loud") == 3
    assert spec.reshard(topics.QUESTIONS) is None
    with pytest.raises(SettingsError, match="AUDIT_RATE='0' is not between 1 and 100"):
        spec.check_settings({"AUDIT_RATE": "0"})


def test_the_command_line_takes_a_strange_service():
    found = invoke("classify", REFERENCE, input=b'{"text": "HELP"}\n{"text": "hi"}\n')
    assert [orjson.loads(line)["label"] for line in found.stdout.split()] == ["loud", "quiet"]
    refused = invoke("worker", REFERENCE, env={"AUDIT_RATE": "many"})
    assert refused.exit_code == 2
    assert "AUDIT_RATE='many' is not a whole number" in refused.stderr


def test_the_command_line_evaluates_a_strange_service(tmp_path):
    file = tmp_path / "texts"
    file.write_text("ONE two THREE")
    found = invoke("evaluate", REFERENCE, str(file))
    assert orjson.loads(found.stdout) == {"loud": 2}
    assert "Loudness of texts" in invoke("evaluate", REFERENCE, "--help").stdout
    file.write_text("")
    refused = invoke("evaluate", REFERENCE, str(file))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "no lines" in refused.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nobody", "'nobody' is not one of intent, sentiment, recommender, answers"),
        ("no.such.module:SERVICE", "cannot be imported: No module named 'no'"),
        (f"{__name__}:NOTHING", "cannot be imported"),
        (f"{__name__}:build", "is not a ServiceSpec"),
    ],
)
def test_what_is_no_service_is_refused_with_a_reason(name, message):
    refused = invoke("worker", name)
    assert refused.exit_code == 2
    assert message in " ".join(refused.stderr.split())


def test_classify_and_evaluate_are_for_services_that_name_them():
    classifying = [spec.name for spec in services.specs() if spec.classify]
    assert classifying[:2] == ["intent", "sentiment"]
    assert f"{{{'|'.join(classifying)}}}" in invoke("classify", "--help").stdout
    refused = invoke("classify", "recommender")
    assert refused.exit_code == 2
    assert f"'recommender' is not one of {', '.join(classifying)}" in refused.stderr
    listed = invoke("evaluate", "--help").stdout.split("Commands:")[1]
    evaluated = [spec.name for spec in services.specs() if spec.evaluate]
    assert evaluated[:3] == ["intent", "sentiment", "recommender"]
    evaluated += [name for spec in services.specs() for name in spec.evaluations]
    assert [line.split()[0] for line in listed.strip().splitlines()] == evaluated


def test_reading_specifications_loads_neither_models_nor_numerics():
    code = (
        "import sys; from shopkeeper import services; list(services.specs());"
        "print(*({'numpy', 'numba', 'onnxruntime', 'faust', 'aiokafka'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
