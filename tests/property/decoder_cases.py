"""The cases of `decoders`: internal topics, tables, logs, answers of other servers."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import json
import lzma
import tempfile
from pathlib import Path

import click
import cramjam
import jwt
import msgspec
import numpy as np
from aiokafka import TopicPartition
from aiokafka.consumer import fetcher
from aiokafka.protocol.fetch import FetchResponse_v4
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from shopkeeper.apps.cli import get, summaries, validate
from shopkeeper.apps.demo.control import Wish
from shopkeeper.apps.frames.reading import output_row
from shopkeeper.apps.train import rows as labelled_rows
from shopkeeper.client import errors as client_errors
from shopkeeper.services.answers.core import vector_records
from shopkeeper.services.answers.core.kept_vectors import KeptVectors
from shopkeeper.services.answers.core.opinions.review_table import ReviewTable
from shopkeeper.services.answers.core.orders.table import OrderTable
from shopkeeper.services.answers.core.product_table import ProductTable
from shopkeeper.services.answers.order_records import OrderRecords
from shopkeeper.services.answers.processors import AskedEvent, SearchedQuestionProcessor
from shopkeeper.services.answers.recommended import Recommended
from shopkeeper.services.answers.tables import Tables
from shopkeeper.services.gateway import searching
from shopkeeper.services.gateway.core import console, lists, nearest, segments, shown, withheld
from shopkeeper.services.gateway.core.catalogue import Catalogue
from shopkeeper.services.gateway.core.feed import Published
from shopkeeper.services.gateway.core.products import Products
from shopkeeper.services.gateway.core.reviews import Reviews
from shopkeeper.services.gateway.core.trace import Parser
from shopkeeper.services.gateway.http.access import Access
from shopkeeper.services.gateway.http.problems import Problem
from shopkeeper.services.intent.catalogue import CatalogueNames
from shopkeeper.services.recommender.config import RecommenderConfig
from shopkeeper.services.recommender.core.counting import deltas, handovers
from shopkeeper.services.recommender.core.knowledge import Knowledge
from shopkeeper.services.recommender.core.numeric.items import ItemIndex
from shopkeeper.services.recommender.core.numeric.types import CLASS_COUNT
from shopkeeper.services.recommender.core.tables import sessions
from shopkeeper.services.recommender.core.tables.item_counts import CountsRecord
from shopkeeper.services.recommender.core.tables.user_groups import (
    FORMAT_VERSION as GROUPS_FORMAT,
)
from shopkeeper.services.recommender.core.tables.user_groups import (
    GroupClicksRecord,
    ModelRecord,
)
from shopkeeper.services.recommender.core.user_groups.behaviour import WIDTH
from shopkeeper.services.recommender.core.user_groups.clustering import GroupModel
from shopkeeper.services.sentiment.categories import parts
from shopkeeper.services.sentiment.categories.figures import CategoryFigures
from shopkeeper.services.sentiment.categories.views import CategoryTables
from shopkeeper.services.sentiment.complaints import ComplaintProcessor
from shopkeeper.services.sentiment.tally import Tally
from shopkeeper.shared.contracts import complaints, connectors, erased_users, review_digests
from shopkeeper.shared.contracts import searched_questions as questions
from shopkeeper.shared.contracts.envelope import Event, Rejected
from shopkeeper.shared.contracts.erased_users import number_of
from shopkeeper.shared.contracts.preferences import Preferences
from shopkeeper.shared.datasets import messages, readers
from shopkeeper.shared.datasets.base import FormatError
from shopkeeper.shared.datasets.knowledge import read_knowledge
from shopkeeper.shared.datasets.packed import holds_several
from shopkeeper.shared.domains.exclusions import exclusions_of
from shopkeeper.shared.runtime import oauth
from shopkeeper.shared.runtime.kafka import partition_layout, protocol, unpacking
from shopkeeper.shared.runtime.kafka.records import Record, Undecodable
from shopkeeper.shared.runtime.kafka.routing import hop_of
from shopkeeper.shared.runtime.operations import overview
from shopkeeper.shared.runtime.operations.backup import files as backup
from shopkeeper.shared.runtime.operations.erasure import survey, traces
from shopkeeper.shared.runtime.refusal import OperatorNeeded
from shopkeeper.shared.runtime.state.checkpoint import Checkpoint
from shopkeeper.shared.runtime.state.checkpoint_chain import encode
from shopkeeper.shared.runtime.state.checkpoints import CheckpointError, Reader
from shopkeeper.shared.runtime.telemetry.traceparents import parsed, traced
from shopkeeper.shared.text.correction_table import CorrectionTable
from shopkeeper.shared.text.corrections import Corrected

from .decoders import Case, golden, record

unpacking.install()
pack = msgspec.msgpack.encode
FETCHED = protocol.written(FetchResponse_v4(0, [("t", [(0, 0, 9, 9, [(1, 2)], b"records")])]))
ITEM_IDS = ["p-1", "p-2"]
_i4 = np.array([0, 1], np.int32).tobytes()
DIGEST = pack(review_digests.Digest(review_digests.FORMAT, "p-1", "r-1", 5, 9, 1, 3, "en",
                                    (review_digests.Sentence("Good.", 1),)))  # fmt: skip
PART = pack(parts.Part(parts.FORMAT, 1, Tally(weeks={3: [1, 2]}, opinions={1: 1}), {2: ["q"]}))
TRACEPARENTS = [
    b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    b'{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}',
]
VECTORS = vector_records.packed(
    b"k" * 16, vector_records.EntryVectors("en", np.ones((2, 4), np.int8), np.ones(2, np.float32))
)
COUNTS = pack(CountsRecord(1, ITEM_IDS, np.ones((CLASS_COUNT, 2), np.int32).tobytes(),
                           _i4, _i4, _i4))  # fmt: skip
MODEL = pack(ModelRecord(GROUPS_FORMAT, GroupModel(1, WIDTH, [1, 2],
             np.ones((WIDTH, 2), np.float32).tobytes(), np.ones(2, np.float32).tobytes()),
             b""))  # fmt: skip
CLICKS = pack(GroupClicksRecord(GROUPS_FORMAT, np.ones((1, WIDTH), np.float16).tobytes(), 9,
              ITEM_IDS, np.array([1, 2], np.int64).tobytes(), _i4,
              np.ones(2, np.float32).tobytes(), {3: ("age", 2)}))  # fmt: skip
SESSIONS = pack(sessions._Record(1, 0, 5, ITEM_IDS, np.array([1, 2], np.int64).tobytes(), _i4,
                np.array([0, 1], np.uint32).tobytes()))  # fmt: skip
CORRECTION = json.dumps({"task": "sentiment", "text": "fine", "label": "positive"}).encode()
TRACE = json.dumps({"user_id": "u", "product_id": "p", "review_id": "r", "sources": []}).encode()
VIEW = json.dumps({"aspects": [{"praise": ["p"], "criticism": [{"text": "p"}]}]}).encode()
LAYOUT = msgspec.json.encode(
    partition_layout.Layout(
        3, {"shop.clicks.v1": 4}, partition_layout.Growth(8, "drain", {"a": [1]})
    )
)
TEXT = {"text": "Where is it?", "id": "i", "event_id": "e", "correlation_id": "c", "time_ms": 5}
BLOCK = backup.encode_block([backup.Row(0, 1, b"k", None, [("h", b"v"), ("i", None)])])[4:]
MANIFEST = msgspec.json.encode(
    backup.Manifest(
        "1", "2026", {"t": [backup.PartitionFile(1, 2, 1, 9, "ab")]}, {"s": {"t": {0: 1}}}
    )
)
TOKEN = b'{"access_token": "abc", "expires_in": 300}'


def _deltas():
    items = ItemIndex()
    items.intern_all(ITEM_IDS)
    ids, zero = np.array([0, 1], np.int64), np.zeros(2, np.int64)
    made = deltas.Deltas("t", 0, ids, ids[::-1], zero, ids, ids, zero, ids, ids, ids)
    return deltas.encode(made, items, 1 << 20)


def _checkpoint():
    """The records of a checkpoint, as one message: a list of [key, value]."""
    made = encode(Checkpoint("shop.clicks.v1", 0, 9, {"a": b"b" * 40}, 4), "c")
    return pack([[output.key, output.value] for output in made])


def _traces(value):
    """In a value and in a header, on every topic that is looked through."""
    wanted = traces.Wanted({number_of("u"): 2_000_000_000_000}, {("p", "r")})
    for topic in traces.ours():
        for headers in ([], [("ce_time", value), ("ce_subject", value)]):
            traces.is_trace(topic, record(value, headers), wanted)
    survey._from_event(record(value), wanted, survey.Reviews())
    survey._quotes(record(value), ["p"])
    survey._named(value)


def _read_checkpoint(value):
    """Anything between its records, and any of their bytes otherwise."""
    reader = Reader("recommender", {"shop.clicks.v1": 4})
    try:
        found = msgspec.msgpack.decode(value, type=list[tuple[bytes, bytes | None]])
    except (msgspec.MsgspecError, ValueError):
        found = [(b"shop.clicks.v1/manifest", value)]
    for offset, (key, each) in enumerate(found):
        reader.take(offset, key, each)
    for source in reader.sources():
        reader.best(source, 0)


class _Model:
    name, version, labels = "sentiment", "7", ("negative", "neutral", "positive")

    def probabilities(self, texts):
        return np.full((len(texts), 3), 1 / 3, np.float32)


def _knowledge(table):
    """Into a table of the recommender; its lists are looked at as well."""

    def apply(value):
        knowledge = Knowledge(ItemIndex(), RecommenderConfig())
        for key in (b"k", b"model", b"clicks/0", None):
            getattr(knowledge, table).apply([(key, value)])

    return apply


def _answers(method):
    class Entries:
        def change(self, changes):
            dict(changes)

    def apply(value):
        tables = Tables(Entries(), ProductTable(10), ReviewTable(10))
        for key in (b"k", None, b"\xff"):
            getattr(tables, method)([(key, value)])

    return apply


def _recommended(value):
    table = Recommended(10)
    for key in (b"k", None, b"\xff"):
        table.apply_similar([(key, value)])
        table.apply_trending([(key, value)])


def _categories(value):
    tables = CategoryTables()
    for key in (b"0/shoes", b"9999999999999999999/x", b"\xff", None):
        tables.products.apply([(key, value)])
        tables.apply_parts([(key, value)])
        tables.apply_records([(key, value)])


def _gateway(value):
    records = [(key, value) for key in (b"k", b"review/0000000000000001", b"\xff", None)]
    Catalogue(10).apply(records)
    Products(10).apply(records)
    Reviews(10).apply(records)
    said = Published("recommendations", 0, 0, b"u", value, {})
    shown.own_list(said)
    withholding = Catalogue(10, None, exclusions_of(["Secret"], ["secret"], []))
    withheld.value_of(said, withholding)
    searching.given(said, withholding)
    segments.published(value)
    nearest.nearest([value])
    lists._similar_of(value)
    lists._trending_of(value)
    lists._review_factor(value)
    console.shown_to([value], "p-1")
    list(Parser("com.example.shop.").parse("shop.clicks.v1", record(value)))


def _batch():
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1_000_000)
    for index in range(3):
        builder.append(index, 1_000, b"key", b"value", [("name", b"x")])
    return bytes(builder.build())


def _fetched(raw):
    """A fetch of a partition: every round hands something on, and only what records may be."""
    if not raw:
        return
    place = TopicPartition("t", 0)
    found = fetcher.PartitionRecords(
        place, fetcher.MemoryRecords(raw), None, 0, None, None, True, 1
    )
    for each in found:
        assert isinstance(each, Record | Undecodable), type(each)


def _told(value):
    """What the command line and the console make of a record."""
    with contextlib.suppress(click.ClickException):
        get._decoded(record(value), "recommendations.updated.v1", "en")
    validate._headers(value)
    messages._is_nested(value)
    for topic in ("shop.clicks.v1", "shop.clicks.v1.recommender.dlq"):
        one = record(value, [("ce_type", value[:20]), ("dlq-error", value[:9])])
        one.topic = topic
        console.told(topic, one, "com.example.shop.")
        console.letter(topic, one, "com.example.shop.")
        summaries.content_of(one, one.headers)
        summaries.preview(value, 80)
    for kind in ("product.clicked.v1", "recommendations.updated.v1", "answer.given.v1", "x"):
        summaries.summary(kind, value, "en")


def _event(value):
    return Event("raw", value, b"k", 7, 5, id="", source="", correlation_id="")


def _complained(value):
    _, rejected = ComplaintProcessor(_Model()).process([_event(value)], 0)
    assert all(each.error == "corrupt_complaint" for each in rejected)


def _typed(value):
    processor = SearchedQuestionProcessor.__new__(SearchedQuestionProcessor)
    assert isinstance(processor._asked(_event(value)), AskedEvent | Rejected)


def _file(read, ending):
    """A decoder of files, by what stands in them."""

    def decode(value):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"file.{ending}")
            path.write_bytes(value)
            list(read(path))

    return decode


def _events(path):
    return readers.read(path, on_bad=lambda error: None)


ACCESS = Access([], [], "s" * 32)
TOKEN_OF_USER = jwt.encode({"sub": "u", "exp": 4_000_000_000}, "s" * 32, "HS256").encode()
KNOWLEDGE_FILES = {
    "jsonl": b'{"id": "a", "text": "Free over 50."}\n{"id": "b", "text": "Paid."}\n',
    "csv": b'id,text\na,"Free, over 50."\nb,Paid.\n',
    "md": b"# Shipping\n\nFree over 50.\n\n## Returns\n\n30 days.\n",
    "html": b"<h1>Shipping</h1><p>Free over 50.</p>",
}
EVENT_FILES = {
    "as a table": b"timestamp,visitorid,event,itemid,transactionid\n"
    + b"".join(b"%d,%d,view,%d,\n" % (1433221332117 + n, n, 3 * n) for n in range(20)),
    "line by line": b"".join(
        b'{"type": "product.clicked.v1", "id": "%d", "time": "2026-03-01T09:30:00Z", '
        b'"user_id": "u", "product_id": "p-%d"}\n' % (n, n)
        for n in range(20)
    ),
    "compressed with xz": lzma.compress(b"session_id,item_id,timestamp\ns,i,1700000000\n"),
    "compressed with bzip2": bz2.compress(b"session_id,item_id,timestamp\ns,i,1700000000\n"),
    "compressed with gzip": gzip.compress(b"session_id,item_id,timestamp\ns,i,1700000000\n"),
    "compressed with zstd": bytes(cramjam.zstd.compress(b"session_id,position,item_id\ns,0,i\n")),
    "of orders in XML": b"<orders><order no='1'><order-no>1</order-no><order-date>9e8</order-date>"
    b"<items><item><sku>a</sku></item></items></order></orders>",
    "of orders": b'{"orders": [{"id": 1, "created_at": 9e8, "items": [{"sku": "a"}]}]}',
}
FILES_OF_CONTRACTS = (
    "shared/contracts/catalogue.py",
    "shared/contracts/values.py",
    "shared/contracts/outputs.py",
)
_MSGSPEC = (msgspec.MsgspecError, ValueError)
OUTPUTS = (
    "recommendations.updated.v1", "segments.updated.v1", "similar-items.updated.v1",
    "trending.updated.v1", "product-sentiment.updated.v1", "answer.given.v1",
    "parameters.updated.v1",
)  # fmt: skip
CATALOGUED = golden("product.catalogued.v1")
LABELLED = [
    b'{"text": "where is my parcel", "label": "track_order", "split": "dev", "weight": 0.5}\n',
    b'text,label\n"a, b",positive\n',
]


def _labelled(value: bytes) -> None:
    """Both formats, plain and packed."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("rows.jsonl", "rows.csv", "rows.csv.gz"):
            path = Path(folder) / name
            path.write_bytes(value)
            with contextlib.suppress(labelled_rows.BadRows):
                labelled_rows.read([path], lambda label: None, skip_bad=True)


CASES = [
    Case("handover", [handovers.encode(handovers.Handover("ask", "u", "a"))],
         handovers.decode_timed, ("services/recommender/core/counting/handovers.py",),
         (ValueError,)),
    Case("item pairs", _deltas(), lambda value: deltas.decode(value, ItemIndex()),
         ("services/recommender/core/counting/deltas.py",), (deltas.CorruptDelta,)),
    Case("complaint", [json.dumps({**TEXT, "event_type": "question.asked.v1"}).encode()],
         complaints.decode, ("shared/contracts/complaints.py",), _MSGSPEC),
    Case("searched question", [json.dumps(TEXT).encode()], questions.decode,
         ("shared/contracts/searched_questions.py",), _MSGSPEC),
    Case("complaint, processed", [json.dumps({**TEXT, "event_type": "question.asked.v1"}).encode()],
         _complained, ("shared/contracts/complaints.py",)),
    Case("searched question, processed", [json.dumps(TEXT).encode()], _typed,
         ("shared/contracts/searched_questions.py",)),
    Case("token of a user", [TOKEN_OF_USER],
         lambda value: ACCESS.caller(f"Bearer {value.decode('latin-1')}"),
         ("services/gateway/http/access.py",), (Problem,)),
    *(
        Case(f"knowledge in a file .{ending}", [content], _file(read_knowledge, ending),
             ("shared/datasets/knowledge.py", "shared/datasets/text_files.py"), (FormatError,))
        for ending, content in KNOWLEDGE_FILES.items()
    ),
    *(
        Case(f"a file of events {name}", [content], _file(_events, "txt"),
             ("shared/datasets/lines.py", "shared/datasets/text_files.py",
              "shared/datasets/compressed.py"), (FormatError,))
        for name, content in EVENT_FILES.items()
    ),
    Case("a key of a removal", [b'{"schema":{},"payload":{"product_id":"p"}}', b'"p"', b"p"],
         connectors.text_of_key, ("shared/contracts/connectors.py",), (ValueError,)),
    Case("erased users", [b'{"user": "u", "time_ms": 5}'],
         lambda value: erased_users.users([(b"u", value), (None, value)]),
         ("shared/contracts/erased_users.py",)),
    Case("traces of an erased user", [TRACE, DIGEST, VIEW], _traces,
         ("shared/runtime/operations/erasure/traces.py",
          "shared/runtime/operations/erasure/survey.py")),
    Case("review digest", [DIGEST], review_digests.unpacked,
         ("shared/contracts/review_digests.py",), (ValueError,)),
    Case("category part", [PART], parts.unpacked, ("services/sentiment/categories/parts.py",),
         (ValueError,)),
    Case("category tables", [PART, *CATALOGUED, *golden("category-sentiment.updated.v1")],
         _categories, ("services/sentiment/categories/parts.py",)),
    Case("category figures", golden("category-sentiment.updated.v1"),
         lambda value: CategoryFigures().apply([(b"k", value), (None, value), (b"\xff", value)]),
         ("services/sentiment/categories/figures.py",)),
    Case("context of a trace", TRACEPARENTS,
         lambda value: (parsed(value), traced([record(value, [("traceparent", value)])]),
                        traced([record(value)])),
         ("shared/runtime/telemetry/traceparents.py",)),
    Case("entry vectors", [VECTORS],
         lambda value: vector_records.unpacked(b"k" * 16, value, {"en": 4}),
         ("services/answers/core/vector_records.py",), (ValueError,)),
    Case("kept vectors", [VECTORS],
         lambda value: KeptVectors(b"", {"en": 4}).apply([(b"k" * 16, value), (b"", value)]),
         ("services/answers/core/vector_records.py",)),
    Case("correction", [CORRECTION],
         lambda value: CorrectionTable(Corrected(_Model())).apply([(b"k", value), (None, value)]),
         ("shared/text/correction_table.py",)),
    Case("checkpoint", [_checkpoint()], _read_checkpoint,
         ("shared/runtime/state/checkpoints.py", "shared/runtime/state/checkpoint_chain.py"),
         (CheckpointError,)),
    Case("checkpoint's age", [b'{"written_ms": 5}'], overview._written_ms,
         ("shared/runtime/operations/overview.py",)),
    Case("partition layout", [LAYOUT], lambda value: partition_layout._newer(None, value),
         ("shared/runtime/kafka/partition_layout.py",), (OperatorNeeded,)),
    Case("hop of a forwarded record", [b"1/2/3/4"],
         lambda value: hop_of(record(b"", [("shopkeeper.forwarded", value)])), ()),
    Case("record batches", [_batch(), _batch() * 2], _fetched,
         ("shared/runtime/kafka/unpacking.py",)),
    Case("fetch answers", [FETCHED], lambda raw: protocol.read(FetchResponse_v4, raw),
         ("shared/runtime/kafka/protocol.py",), (ValueError,)),
    Case("item counts", [COUNTS], _knowledge("item_counts"),
         ("services/recommender/core/tables/item_counts.py",)),
    Case("user groups", [MODEL, CLICKS], _knowledge("user_groups"),
         ("services/recommender/core/tables/user_groups.py",)),
    Case("session items", [SESSIONS], _knowledge("sessions"),
         ("services/recommender/core/tables/sessions.py",)),
    Case("similar items", golden("similar-items.updated.v1"), _knowledge("similar_items"),
         ("services/recommender/core/tables/similar_items.py",)),
    Case("trending", golden("trending.updated.v1"), _knowledge("trending"),
         ("services/recommender/core/tables/trending.py",)),
    Case("product sentiment", golden("product-sentiment.updated.v1"), _knowledge("sentiment"),
         ("services/recommender/core/tables/sentiment.py",)),
    Case("catalogue of the recommender", CATALOGUED, _knowledge("catalogue"),
         FILES_OF_CONTRACTS),
    Case("preferences", golden("preference.set.v1"),
         lambda value: Preferences(10).apply([(b"u", value), (None, value), (b"\xff", value)]), ()),
    Case("catalogue of intent", CATALOGUED,
         lambda value: CatalogueNames().apply([(b"p", value), (None, value), (b"\xff", value)]),
         FILES_OF_CONTRACTS),
    Case("catalogue of answers", CATALOGUED, _answers("apply_catalogue"), FILES_OF_CONTRACTS),
    Case("knowledge", golden("knowledge.published.v1"), _answers("apply_knowledge"),
         FILES_OF_CONTRACTS),
    Case("reviews of answers", [DIGEST], _answers("apply_reviews"), ()),
    Case("orders", golden("order.updated.v1"),
         lambda value: OrderRecords(OrderTable(10)).apply_orders([(b"o", value), (None, value)]),
         ()),
    Case("what answers recommend", [m for kind in OUTPUTS for m in golden(kind)],
         _recommended, ("services/answers/recommended.py",)),
    Case("views of the gateway", [DIGEST, *CATALOGUED, *(m for k in OUTPUTS for m in golden(k))],
         _gateway, ("services/gateway/core/lists.py", "services/gateway/core/nearest.py",
                    "services/gateway/core/segments.py", "services/gateway/core/shown.py",
                    "services/gateway/core/withheld.py",
                    "services/gateway/mcp/tools.py", "services/gateway/searching.py")),
    Case("records that people look at", [m for kind in OUTPUTS for m in golden(kind)], _told,
         ("services/gateway/core/console.py", "apps/cli/summaries.py", "apps/cli/get.py",
          "apps/cli/validate.py", "shared/datasets/messages.py")),
    Case("rows of data frames", [m for kind in OUTPUTS for m in golden(kind)],
         lambda value: output_row(value, {"ce_time": "2026-03-01T09:30:00Z"}),
         ("apps/frames/reading.py",)),
    Case("cells of several products", [b'["p1", "p2"]', b"2x Mug; 1x Lamp", b"CUP-B|POT"],
         lambda value: holds_several(value.decode("utf-8", "replace"), of_ids=True),
         ("shared/datasets/packed.py",)),
    Case("rows to train with", LABELLED, _labelled, ("apps/train/files.py",),
         (labelled_rows.BadRows,)),
    Case("the demo's switches", [b'{"on": true, "events_per_s": 3}'],
         lambda value: Wish.parse(value, Wish(True, 1.0)), ("apps/demo/control.py",),
         (ValueError,)),
    Case("a block of a backup", [BLOCK], backup.decode_block,
         ("shared/runtime/operations/backup/files.py",), (backup.BackupError,)),
    Case("the manifest of a backup", [MANIFEST], backup.decode_manifest,
         ("shared/runtime/operations/backup/files.py",), (backup.BackupError,)),
    Case("answer of a token endpoint", [TOKEN], lambda value: oauth._token(value, "it"),
         ("shared/runtime/oauth.py",), (oauth.TokenError,)),
    Case("refusals that a client gets", [b'{"title": "No", "status": 403}'],
         lambda value: client_errors.problem_error(503, value), ("client/errors.py",)),
    Case("refusal of a token endpoint", [b'{"error": "invalid_client"}'], oauth._error_word,
         ("shared/runtime/oauth.py",)),
]  # fmt: skip
