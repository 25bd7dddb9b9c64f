"""Linear classifiers over hashed n-grams: the matrix to fit, and the ONNX graph to serve.

The matrix is made by `shopkeeper.shared.text.features`, the very code that serves, and the graph
computes what `matrix` does (idf, length norm of the words' and the characters' block) before the
weights. Weights are stored as int8 with one scale per label: a quarter of the size, and the
figures in the model cards are of the stored weights.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import scipy.sparse as sp
from onnx import TensorProto, helper, numpy_helper

from shopkeeper.shared.text import features
from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT
from shopkeeper.shared.text.onnx_model import tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

OPSET, IR_VERSION = 18, 9  # read by every onnxruntime since 1.14
BATCH_TEXTS = 4096


@dataclass(frozen=True)
class Matrix:
    """Term frequencies of texts, without idf and norm.

    words, characters: (texts, 2 * 2^bits) CSR; style: (texts, STYLE); tables: (texts,).
    """

    words: Any
    characters: Any
    style: NDArray[Any]
    tables: NDArray[Any]

    def __getitem__(self, rows: Any) -> Matrix:
        return Matrix(self.words[rows], self.characters[rows], self.style[rows], self.tables[rows])


def term_frequencies(
    texts: list[str], bits: int, sizes: Any = features.SIZES, table: int | None = None
) -> Matrix:
    """Compute the features of texts, in batches. sizes: as of `features.extract`.

    table: of every text, whatever language it looks like.
    """
    words: list[Any] = []
    characters: list[Any] = []
    style, tables = [], []
    columns = 2 << bits
    for first in range(0, len(texts), BATCH_TEXTS):
        part = texts[first : first + BATCH_TEXTS]
        batch = features.to_batch(part)
        part_tables = tables_of(part)
        if table is not None:
            part_tables[:] = table
        found = features.extract(batch, part_tables, bits, sizes)
        for block, into in ((0, words), (1, characters)):
            chosen = (found.segments & 1) == block
            rows = found.segments[chosen] >> 1
            into.append(
                sp.csr_matrix(
                    (found.tf[chosen], (rows, found.ids[chosen])), shape=(len(part), columns)
                )
            )
        style.append(found.style)
        tables.append(found.tables)
    return Matrix(
        sp.vstack(words).tocsr(),
        sp.vstack(characters).tocsr(),
        np.concatenate(style),
        np.concatenate(tables),
    )


def idf_of(matrix: Matrix) -> NDArray[Any]:
    """Smoothed inverse document frequency per bucket, of each table's own texts; float32."""
    columns = matrix.words.shape[1]
    counts = np.bincount(matrix.words.indices, minlength=columns)
    counts = counts + np.bincount(matrix.characters.indices, minlength=columns)
    texts = np.repeat(np.bincount(matrix.tables, minlength=2), columns // 2)
    return np.asarray(np.log((1 + texts) / (1 + np.minimum(counts, texts))) + 1, np.float32)


def weighted(matrix: Matrix, idf: NDArray[Any], style_weight: float = 0.0) -> Any:
    """tf * idf, each block of a row scaled to length 1, both blocks summed into one CSR row.

    style_weight > 0 appends the style vector and a Chinese flag, times that weight.
    """
    total: Any = None
    for block in (matrix.words, matrix.characters):
        scaled = block.multiply(idf[None, :]).tocsr()
        norms = np.sqrt(np.asarray(scaled.multiply(scaled).sum(axis=1))).ravel()
        scaled = sp.diags(1 / np.maximum(norms, 1e-12)) @ scaled
        total = scaled if total is None else total + scaled
    if style_weight:
        extra = np.hstack([matrix.style, (matrix.tables == features.ZH)[:, None]])
        total = sp.hstack([total, sp.csr_matrix(extra * style_weight)])
    return total.tocsr()


@dataclass(frozen=True)
class Linear:
    """scores = weights^T x + style_weights^T style + bias[table]; softmax(scores) is the output.

    idf: (columns,); weights: (columns, labels); style: (STYLE, labels); bias: (2, labels).
    """

    idf: NDArray[Any]
    weights: NDArray[Any]
    style: NDArray[Any]
    bias: NDArray[Any]


def quantised(weights: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """(int8 weights, float32 scale per label); symmetric, the largest weight is 127."""
    scale = np.abs(weights).max(axis=0) / 127
    scale = np.where(scale == 0, 1, scale).astype(np.float32)
    return np.rint(weights / scale).astype(np.int8), scale


def node(operator: str, inputs: list[str], output: str, **attributes: Any) -> Any:
    return helper.make_node(operator, inputs, [output], **attributes)


def ngram_sums(
    idf: NDArray[Any], weights: NDArray[Any]
) -> tuple[dict[str, NDArray[Any]], list[Any]]:
    """Constants and nodes of `ngram_scores`, (rows, outputs): what `weighted` computes, times
    weights, (columns, outputs)."""
    outputs = weights.shape[1]
    stored, scale = quantised(weights)
    names = {
        "idf": idf.astype(np.float16),  # of 1 to 12; 11 bits of it are plenty
        "weights": stored,
        "scale": scale,
        "axis_1": np.array([1], np.int64),
        "two": np.array([2], np.int64),
        "blocks": np.array([-1, 2, outputs], np.int64),
        "outputs": np.array([outputs], np.int64),
        "tiny": np.array(1e-12, np.float32),
    }
    nodes = [
        node("Gather", ["idf", "ids"], "idf_16"),
        node("Cast", ["idf_16"], "idf_of", to=TensorProto.FLOAT),
        node("Mul", ["tf", "idf_of"], "value"),
        # Sum of squares per segment (a row's words, a row's characters), then the norm.
        node("Shape", ["tables"], "row_count"),
        node("Mul", ["row_count", "two"], "segment_count"),
        node("Cast", ["segments"], "segments_64", to=TensorProto.INT64),
        node("Unsqueeze", ["segments_64", "axis_1"], "segment_rows"),
        node("Mul", ["value", "value"], "square"),
        node("ConstantOfShape", ["segment_count"], "no_squares"),
        node("ScatterND", ["no_squares", "segment_rows", "square"], "squares", reduction="add"),
        node("Sqrt", ["squares"], "norm_0"),
        node("Max", ["norm_0", "tiny"], "norm"),
        node("Unsqueeze", ["norm", "axis_1"], "norms"),
        # Weighted sum per segment, divided by its norm, the two blocks added.
        node("Gather", ["weights", "ids"], "weights_8"),
        node("Cast", ["weights_8"], "weights_of", to=TensorProto.FLOAT),
        node("Unsqueeze", ["value", "axis_1"], "values"),
        node("Mul", ["weights_of", "values"], "terms"),
        node("Concat", ["segment_count", "outputs"], "sums_shape", axis=0),
        node("ConstantOfShape", ["sums_shape"], "no_sums"),
        node("ScatterND", ["no_sums", "segment_rows", "terms"], "sums", reduction="add"),
        node("Div", ["sums", "norms"], "normed"),
        node("Mul", ["normed", "scale"], "scaled"),
        node("Reshape", ["scaled", "blocks"], "by_block"),
        node("ReduceSum", ["by_block", "axis_1"], "ngram_scores", keepdims=0),
    ]
    return names, nodes


NGRAM_INPUTS = [
    helper.make_tensor_value_info("ids", TensorProto.INT32, ["entries"]),
    helper.make_tensor_value_info("tf", TensorProto.FLOAT, ["entries"]),
    helper.make_tensor_value_info("segments", TensorProto.INT32, ["entries"]),
    helper.make_tensor_value_info("tables", TensorProto.INT32, ["rows"]),
]


def onnx_file(
    name: str, names: dict[str, NDArray[Any]], nodes: list[Any], inputs: list[Any], output: Any
) -> bytes:
    """A checked ONNX file. names: constants by name; those that no node takes are left out."""
    used = {name for made in nodes for name in made.input}
    constants = [numpy_helper.from_array(array, key) for key, array in names.items() if key in used]
    made = helper.make_model(
        helper.make_graph(nodes, name, inputs, [output], constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(made)
    return bytes(made.SerializeToString())


def graph(model: Linear) -> bytes:
    """The ONNX file: features in, `probabilities` out. See `OnnxModel` for the inputs."""
    names, nodes = ngram_sums(model.idf, model.weights)
    names |= {
        "style_weights": model.style.astype(np.float32),
        "bias": model.bias.astype(np.float32),
    }
    nodes += [
        node("MatMul", ["style", "style_weights"], "style_scores"),
        node("Gather", ["bias", "tables"], "bias_of"),
        node("Add", ["ngram_scores", "style_scores"], "scores_0"),
        node("Add", ["scores_0", "bias_of"], "scores"),
        node("Softmax", ["scores"], "probabilities", axis=1),
    ]
    value = helper.make_tensor_value_info
    return onnx_file(
        "hashed_linear",
        names,
        nodes,
        [*NGRAM_INPUTS, value("style", TensorProto.FLOAT, ["rows", features.STYLE])],
        value("probabilities", TensorProto.FLOAT, ["rows", model.weights.shape[1]]),
    )


def write_model(
    folder: Path,
    name: str,
    version: str,
    labels: list[str],
    bits: int,
    content: bytes,
    parameters: dict[str, float],
    sizes: Any = features.SIZES,
) -> None:
    """Write the ONNX file and its entry in the folder's manifest."""
    (folder / f"{name}.onnx").write_bytes(content)
    path = folder / MANIFEST
    manifest = json.loads(path.read_text()) if path.exists() else {"models": {}}
    manifest["format"] = MANIFEST_FORMAT
    manifest["models"][name] = {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "version": version,
        "labels": labels,
        "bits": bits,
        "features_version": features.FEATURES_VERSION,
        "ngrams": {
            table: {"words": list(found.words), "characters": list(found.characters)}
            for table, found in (("en", sizes[features.EN]), ("zh", sizes[features.ZH]))
        },
        "parameters": parameters,
        "card": f"{name}.md",
    }
    path.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
