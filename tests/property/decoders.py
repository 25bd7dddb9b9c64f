"""Every decoder of bytes that come from outside a process, with sound messages and what it may do.

A file of ours that parses bytes stands in a case, in KNOWN_ELSEWHERE (with the test that damages
its input) or in TRUSTED (with the reason why nobody else can write what it reads).
`test_decoders_fuzz.py` finds such files by the calls in CALLS, and fails for one that stands
nowhere.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("shared", "services", "apps", "client")
CALLS = {
    ("msgpack", "decode"), ("msgpack", "Decoder"), ("json", "decode"), ("json", "Decoder"),
    ("json", "loads"), ("json", "load"), ("orjson", "loads"), ("tomllib", "loads"),
    ("tomllib", "load"), ("np", "frombuffer"), ("np", "load"), ("np", "fromfile"),
    ("struct", "unpack"), ("struct", "unpack_from"), ("base64", "b64decode"),
    ("base64", "urlsafe_b64decode"), ("csv", "reader"), ("csv", "DictReader"), ("gzip", "open"),
    ("pickle", "loads"), ("pickle", "load"), ("zlib", "decompress"), ("jwt", "decode"),
    ("parquet", "ParquetFile"), ("pq", "ParquetFile"), ("yaml", "safe_load"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """golden: sound inputs. decode: takes one, damaged or not. allowed: what it may raise; for
    tables and readers of logs nothing. files: what is covered by it."""

    name: str
    golden: list[bytes]
    decode: Callable[[bytes], object]
    files: tuple[str, ...]
    allowed: tuple[type[Exception], ...] = ()


KNOWN_ELSEWHERE = {
    "services/gateway/http/events.py": "tests/unit/gateway/test_openapi.py",
    "services/gateway/http/demo.py": "tests/unit/gateway/test_openapi.py",
    "services/gateway/http/questions.py": "tests/unit/gateway/test_openapi.py",
    "services/gateway/http/reads.py": "tests/unit/gateway/test_openapi.py",
    "services/gateway/core/admission.py": "tests/property/gateway/test_admission.py",
    "services/answers/phrasing/endpoint.py": "tests/property/answers/test_phrasing.py",
    "shared/text/rules.py": "tests/property/text/test_rules.py",
    "services/recommender/core/rules.py": "tests/property/recommender/test_rules.py",
    "shared/datasets/instacart.py": "tests/property/datasets/test_books.py",
    "shared/datasets/order_documents.py": "tests/property/datasets/test_books.py",
    "shared/bulk/records.py": "tests/property/runtime/test_bulk.py",
    "shared/bulk/json_fields.py": "tests/property/runtime/test_bulk.py",
    "shared/bulk/clicks.py": "tests/property/runtime/test_bulk.py",
    "shared/contracts/clicks_in_bulk.py": "tests/property/runtime/test_bulk.py",
    "shared/runtime/kafka/record_slices.py": "tests/property/runtime/test_bulk.py",
    "shared/runtime/kafka/slicing.py": "tests/property/runtime/test_bulk.py",
}

_ONE_LINE = "the decoder of records that people look at, each failure of which is passed over"
_GATEWAY = "what the gateway answers, to a client who trusts it; a decode error is the caller's"
_STATE = "a section of a checkpoint, whose chunks are held against their hashes (checkpoint reader)"
_OURS = "a file of the package, or one that a developer or operator names on the command line"
_PIPE = "what a process of ours writes to another over a pipe"
_SETTING = "a setting: who writes it may run the process as he likes"
_NUMBERS = "numbers that this process has just made"
TRUSTED = {
    "shared/runtime/kafka/routing.py": _STATE,
    "services/answers/core/dialogue/conversation.py": _STATE,
    "services/recommender/core/ab_testing/split_counts.py": _STATE,
    "services/recommender/core/counting/cooccurrence.py": _STATE,
    "services/recommender/core/counting/count_changes.py": _STATE,
    "services/recommender/core/counting/session_state.py": _STATE,
    "services/recommender/core/counting/snapshot.py": _STATE,
    "services/recommender/core/cold_start/attributes.py": _NUMBERS,
    "services/recommender/core/numeric/texts.py": _NUMBERS,
    "services/recommender/core/ranking/blend.py": _STATE,
    "services/recommender/core/user_groups/clustering.py": _STATE,
    "services/sentiment/aggregates.py": _STATE,
    "shared/contracts/event_columns.py": _NUMBERS,
    "shared/runtime/kafka/murmur2.py": _NUMBERS,
    "shared/text/features.py": _NUMBERS,
    "shared/text/unusual.py": _NUMBERS,
    "shared/text/judge.py": _PIPE,
    "services/gateway/console_sources.py": _PIPE,
    "shared/datasets/parquet.py": "decoded by pyarrow, of which a failure ends the command",
    "shared/domains/examples.py": _OURS,
    "shared/domains/pack.py": _OURS,
    "shared/text/labelled.py": _OURS,
    "shared/text/manifest.py": _OURS,
    "shared/text/mapped_weights.py": _OURS,
    "services/answers/evaluate.py": _OURS,
    "services/answers/evaluate_reading.py": _OURS,
    "services/intent/slot_figures.py": _OURS,
    "services/sentiment/aspect_figures.py": _OURS,
    "services/recommender/evaluation/splits.py": _OURS,
    "apps/cli/classify.py": _OURS,
    "apps/train/folder.py": _OURS,
    "apps/train/state.py": _OURS,
    "apps/train/reading/run.py": _OURS,
    "apps/report/charts.py": _OURS,
    "apps/report/evaluation.py": _OURS,
    "apps/report/parameters.py": _OURS,
    "apps/train/linear.py": _OURS,
    "apps/docs/events.py": _OURS,
    "apps/docs/parameters.py": _OURS,
    "apps/docs/site.py": _OURS,
    "apps/cli/off_policy.py": _OURS,
    "apps/cli/tail.py": _ONE_LINE,
    "apps/cli/experiment.py": _ONE_LINE,
    "apps/docs/panels.py": "what the operator's own Prometheus answers, to a command of theirs",
    "client/calls.py": _GATEWAY,
    "client/subscription.py": _GATEWAY,
    "services/answers/phrasing/settings.py": _SETTING,
    "services/recommender/core/ab_testing/variants.py": _SETTING,
}


def parsing_files() -> set[str]:
    """The files in which one of CALLS stands."""
    found = set()
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if any(_is_call(node) for node in ast.walk(ast.parse(path.read_text("utf-8")))):
                found.add(path.relative_to(ROOT).as_posix())
    return {name for name in found if not name.startswith("shared/testing/")}


def _is_call(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    owner = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
    return (owner, node.attr) in CALLS


def golden(kind: str) -> list[bytes]:
    """The values of schemas/golden of one event type."""
    messages = json.loads((ROOT / "schemas" / "golden" / f"{kind}.json").read_bytes())
    return [json.dumps(m["value"]).encode() for m in messages if m["value"] is not None]


def record(value, headers=(), key=b"k", offset=7):
    """As a consumer gives it."""
    return SimpleNamespace(
        offset=offset,
        partition=1,
        topic="t",
        timestamp=1_772_357_400_250,
        key=key,
        value=value,
        headers=list(headers),
    )
