"""The same texts through other classifiers, in this process, on one thread: what a service costs
beyond its model, and what its model costs beside others.

`transformers` with `torch`, and `fasttext`, are optional: none is a dependency of Shopkeeper.
"""

from __future__ import annotations

import importlib
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from text_workloads import rows_of

from shopkeeper.shared.text.cascade import Cascade
from shopkeeper.shared.text.manifest import checked_file, model_folder, read_manifest
from shopkeeper.shared.text.normalisation import normalise
from shopkeeper.shared.text.onnx_model import OnnxModel, tables_of
from shopkeeper.shared.text.transformer import Transformer

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))
from selection import is_selected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import ModuleType

    from text_workloads import Workload

BATCH = 500  # texts: what a busy worker takes together
PIPELINE_TEXTS_MAX = 500  # it is slow
PIPELINE_BATCH = 32
# Of the encoders that we ship: 4 layers of 512, 8 heads; weights at random, which cost as much.
PIPELINE_SHAPE = {
    "hidden_size": 512, "num_hidden_layers": 4, "num_attention_heads": 8,
    "intermediate_size": 2048, "num_labels": 3,
}  # fmt: skip
_HAN = re.compile("([\u3400-\u9fff])")


def comparison(
    workload: Workload, texts: Sequence[str], models: str, data: Path | None
) -> dict[str, Any]:
    """By classifier: texts per second of wall time and microseconds of processor for a text; for
    one that cannot run here, why not."""
    name = workload.service
    found: dict[str, Any] = {
        "ngrams": _timed(OnnxModel.load(name, models).probabilities, texts),
        "cascade": _timed(Cascade.load(name, models).probabilities, texts),
    }
    tiers = read_manifest(model_folder(models)).cascades.get(name, {})
    found["transformer"] = (
        _timed(_transformers(name, models), texts) if tiers else "the manifest has no cascade"
    )
    found["transformers_pipeline"] = _pipeline(texts, models)
    found["fasttext"] = _fasttext(workload, texts, data)
    return found


def _timed(run: Callable[[Sequence[str]], object], texts: Sequence[str]) -> dict[str, float]:
    """Over batches as a worker's; the first of them once more beforehand, to warm up."""
    run(texts[:BATCH])
    wall, used = time.perf_counter(), time.process_time()
    for first in range(0, len(texts), BATCH):
        run(texts[first : first + BATCH])
    used, wall = time.process_time() - used, time.perf_counter() - wall
    return {
        "texts": len(texts),
        "texts_per_second": round(len(texts) / wall),
        "cpu_us_per_text": round(used / len(texts) * 1e6, 1),
    }


def _transformers(name: str, models: str) -> Callable[[Sequence[str]], None]:
    """Every text through the Transformer of its language, as if no tier came before."""
    tiers = read_manifest(model_folder(models)).cascades[name]
    loaded = {table: Transformer.load(tier.transformer, models) for table, tier in tiers.items()}
    first = next(iter(loaded.values()))

    def run(texts: Sequence[str]) -> None:
        chinese = tables_of(texts) == 1
        for table, rows in (("en", ~chinese), ("zh", chinese)):
            chosen = [texts[row] for row in np.flatnonzero(rows).tolist()]
            if chosen:
                loaded.get(table, first).log_odds(chosen, name)

    return run


def _pipeline(texts: Sequence[str], models: str) -> object:
    """A plain text-classification pipeline of `transformers`, of our encoders' shape."""
    transformers, torch = _optional("transformers"), _optional("torch")
    entries = read_manifest(model_folder(models)).transformers
    if transformers is None or torch is None:
        return "transformers or torch is not installed"
    if not entries:
        return "the manifest has no transformer, whose vocabulary it would take"
    torch.set_num_threads(1)
    entry = next(iter(entries.values()))
    pieces = checked_file(model_folder(models), entry.vocabulary, entry.vocabulary_sha256)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "vocab.txt")
        file.write_bytes(pieces)
        tokenizer = transformers.BertTokenizerFast(str(file), model_max_length=entry.pieces_max)
        config = transformers.BertConfig(vocab_size=pieces.count(b"\n") + 1, **PIPELINE_SHAPE)
        pipe = transformers.pipeline(
            "text-classification",
            model=transformers.BertForSequenceClassification(config).eval(),
            tokenizer=tokenizer,
            device="cpu",
            batch_size=PIPELINE_BATCH,
        )
        return _timed(lambda some: pipe(list(some), truncation=True), texts[:PIPELINE_TEXTS_MAX])


def _fasttext(workload: Workload, texts: Sequence[str], data: Path | None) -> object:
    """fastText (Joulin et al. 2017) with its usual settings for text: word pairs, one thread;
    trained on the train files without the part for choosing, on which its accuracy is given."""
    fasttext = _optional("fasttext")
    if fasttext is None:
        return "fasttext is not installed"
    if data is None:
        return "without --data there is nothing to train it on"
    chosen: list[tuple[str, str]] = []
    lines: list[str] = []
    for part in workload.parts:
        for text, label in rows_of(data, part.source, "train"):
            if is_selected(part.source.rpartition("/")[2], text):
                chosen.append((_units(text), label))
            else:
                lines.append(f"__label__{label} {_units(text)}\n")
    random.Random(1).shuffle(lines)  # it learns in the file's order, and files are sorted by label
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "train.txt")
        file.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(file), epoch=5, lr=0.5, wordNgrams=2, dim=100, thread=1, verbose=0, seed=1
        )

    def decide(some: Sequence[str]) -> list[str]:
        # The compiled predictor itself: its Python wrapper does not work with numpy 2.
        answers = [model.f.predict(_units(text) + "\n", 1, 0.0, "strict") for text in some]
        return [answer[0][1].removeprefix("__label__") for answer in answers]

    decided = [
        model.f.predict(units + "\n", 1, 0.0, "strict")[0][1].removeprefix("__label__")
        for units, _ in chosen
    ]
    right = sum(one == label for one, (_, label) in zip(decided, chosen, strict=True))
    return {
        **_timed(decide, texts),
        "accuracy_on_select": round(right / len(chosen), 4),
        "select": len(chosen),
    }


def _units(text: str) -> str:
    """Words, and Han characters one by one: fastText cuts at spaces."""
    return " ".join(_HAN.sub(r" \1 ", normalise(text)).split())


def _optional(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
