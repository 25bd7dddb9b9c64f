"""TEXT_MODELS=free: models whose training data allow any use, by one setting."""

from __future__ import annotations

import json
import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from setuptools import find_namespace_packages

from shopkeeper.apps.cli import classify, evaluate
from shopkeeper.services.intent.model import load_model as load_intent
from shopkeeper.services.recommender.app import build as build_recommender
from shopkeeper.services.sentiment.model import load_model as load_sentiment
from shopkeeper.shared.runtime.settings import SettingsError, WorkerSettings
from shopkeeper.shared.text.manifest import (
    MANIFEST,
    ModelError,
    is_shipped,
    model_folder,
    read_manifest,
)
from shopkeeper.shared.text.onnx_model import OnnxModel

ROOT = Path(__file__).resolve().parents[3]
FREE = model_folder() / "free"
NAMES = ["intent", "sentiment"]
BYTES_MAX = 20_000_000


def model_dir(**environ: str) -> str:
    return WorkerSettings.from_env(environ).model_dir


def test_one_setting_chooses_the_folder(tmp_path: Path) -> None:
    assert model_dir() == model_dir(TEXT_MODELS="best") == ""
    assert Path(model_dir(TEXT_MODELS="free")) == FREE
    assert model_dir(MODEL_DIR=str(tmp_path)) == str(tmp_path)
    assert model_dir(MODEL_DIR=str(tmp_path), TEXT_MODELS="best") == str(tmp_path)


@pytest.mark.parametrize("value", ["none", "Free"])
def test_another_value_is_refused_by_name(value: str) -> None:
    with pytest.raises(SettingsError, match=r"TEXT_MODELS=.* is not one of best, free"):
        model_dir(TEXT_MODELS=value)


def test_a_folder_of_ones_own_beside_free_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TEXT_MODELS=free .* MODEL_DIR=.*unset one"):
        model_dir(MODEL_DIR=str(tmp_path), TEXT_MODELS="free")


def test_shipped_models_are_told_from_others(tmp_path: Path) -> None:
    assert is_shipped("")
    assert is_shipped(model_dir(TEXT_MODELS="free"))
    assert not is_shipped(str(tmp_path))


def test_free_has_both_models_and_no_transformer() -> None:
    manifest = read_manifest(FREE)
    assert sorted(manifest.models) == NAMES
    assert not manifest.transformers
    assert not manifest.cascades
    assert sum(path.stat().st_size for path in FREE.iterdir()) <= BYTES_MAX


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_alike_and_versions_are_not(name: str) -> None:
    """Labels are what topics, state and corrections go by; the version says which model it was."""
    free, best = read_manifest(FREE).models[name], read_manifest(model_folder()).models[name]
    assert free.labels == best.labels
    assert free.version.endswith("-free")
    assert free.version != best.version


@pytest.mark.parametrize("name", NAMES)
def test_an_altered_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(FREE, tmp_path / "free")
    content = bytearray((folder / f"{name}.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / f"{name}.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}\.onnx: SHA-256 is"):
        OnnxModel.load(name, str(folder))


def test_both_answer_with_probabilities() -> None:
    texts = ["where is my order", "great sound, I love it", "我的订单到哪了", "", "🙂"]
    folder = model_dir(TEXT_MODELS="free")
    for model in (load_intent(folder)[0], load_sentiment(folder)):
        rows = model.probabilities(texts)
        assert np.isfinite(rows).all()
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("task", "texts", "labels"),
    [
        (
            "intent",
            ["where is my order", "leather sofa", "i want a refund"],
            ["track_order", "product_search", "after_sales"],
        ),
        (
            "sentiment",
            ["excellent, I love it", "terrible, broke after a day"],
            ["positive", "negative"],
        ),
    ],
)
def test_classify_answers_with_free(task: str, texts: list[str], labels: list[str]) -> None:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    result = CliRunner().invoke(
        classify.command, [task], input=lines, env={"TEXT_MODELS": "free", "MODEL_DIR": ""}
    )
    assert result.exit_code == 0, result.output
    assert [json.loads(line)["label"] for line in result.stdout.splitlines()] == labels


@pytest.mark.parametrize(("task", "column"), [("intent", "intent"), ("sentiment", "label")])
def test_evaluate_measures_free(tmp_path: Path, task: str, column: str) -> None:
    """Its figures are of the n-grams alone: nothing is passed on."""
    label = {"intent": "track_order", "sentiment": "positive"}[task]
    path = tmp_path / "texts.csv"
    path.write_text(f"text,{column}\nhmm where might it be,{label}\nso so perhaps,{label}\n")
    result = CliRunner().invoke(
        evaluate.command, [task, str(path)], env={"TEXT_MODELS": "free", "MODEL_DIR": ""}
    )
    assert result.exit_code == 0, result.output
    tiers = json.loads(result.stdout)["tiers"]
    assert list(tiers) == ["ngrams"]
    assert tiers["ngrams"]["texts"] == 2


def test_classify_names_a_conflict_in_one_line(tmp_path: Path) -> None:
    env = {"TEXT_MODELS": "free", "MODEL_DIR": str(tmp_path)}
    result = CliRunner().invoke(classify.command, ["intent"], input="", env=env)
    assert result.exit_code == 1
    assert "unset one" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_recommender_searches_with_no_model_that_is_not_free() -> None:
    with pytest.raises(SettingsError, match=r"TEXT_MODELS=free .*SEARCH=off"):
        build_recommender(WorkerSettings.from_env({"TEXT_MODELS": "free"}))
    build_recommender(WorkerSettings.from_env({"TEXT_MODELS": "free", "SEARCH": "off"}))


def test_the_wheel_has_every_file_of_both_folders() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    packages = find_namespace_packages(str(ROOT / project["packages"]["find"]["where"][0]))
    assert {"shopkeeper.models", "shopkeeper.models.free"} <= set(packages)
    patterns = project["package-data"]["*"]
    for folder in (model_folder(), FREE):
        manifest = read_manifest(folder)
        files = {MANIFEST}
        described = (manifest.models, manifest.transformers, manifest.readers)
        for entry in (entry for each in described for entry in each.values()):
            files |= {entry.file, entry.card}
        for file in files:
            assert (folder / file).is_file()
            assert any(fnmatch(file, pattern) for pattern in patterns), file
