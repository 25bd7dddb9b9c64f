"""Folders of models: one with the new model in it to try, and a running one to put it into."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from typing import TYPE_CHECKING, Any

from shopkeeper.shared.text import features
from shopkeeper.shared.text.manifest import MANIFEST, MANIFEST_FORMAT, read_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FILE_BYTES_MAX = 40 * 10**6  # of a model


class TooLarge(ValueError):
    """A model's file has more than `FILE_BYTES_MAX`."""


def version_of(running: str, content: bytes) -> str:
    """A version of its own for a model: that of the one it is held against, and eight digits of its
    SHA-256. Training from what was trained here keeps the first part alone."""
    return f"{running.partition('-own.')[0]}-own.{hashlib.sha256(content).hexdigest()[:8]}"


def entry_of(
    name: str,
    version: str,
    labels: Sequence[str],
    *,
    bits: int,
    sizes: dict[int, features.Sizes],
    content: bytes,
    parameters: dict[str, float],
) -> dict[str, Any]:
    """What the manifest says of a model of n-grams. Raises TooLarge."""
    checked_size(content)
    return {
        "file": f"{name}-{version}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "version": version,
        "labels": list(labels),
        "bits": bits,
        "features_version": features.FEATURES_VERSION,
        "ngrams": {
            table: {"words": list(found.words), "characters": list(found.characters)}
            for table, found in (("en", sizes[features.EN]), ("zh", sizes[features.ZH]))
        },
        "parameters": parameters,
        "card": f"{name}-{version}.md",
    }


def checked_size(content: bytes) -> None:
    """Raises TooLarge."""
    if len(content) > FILE_BYTES_MAX:
        raise TooLarge(f"the model has {len(content):,} bytes, more than {FILE_BYTES_MAX:,}")


def candidate(
    folder: Path, running: Path, kind: str, name: str, entry: dict[str, Any], content: bytes
) -> None:
    """Write a whole folder of models: those of `running` (links to the files where the disk allows)
    with this entry in place of the old one. kind: `models` or `readers`.

    A cascade behind a model stays while the labels are the same: its Transformer answers with them.
    """
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    manifest = _manifest(running)
    for each in sorted(_files(manifest)):
        if (running / each).exists():
            _link(running / each, draft / each)
    _put(draft, manifest, kind, name, entry, content)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def replace(folder: Path, made: Path, kind: str, name: str) -> None:
    """Put the model of this name from a folder that `candidate` made into a running folder; the
    manifest last, at once: workers take it up by themselves. The file before stays, to go back to.
    """
    entry = _manifest(made)[kind][name]
    manifest = _manifest(folder)
    for key in ("card", "vocabulary"):
        each = entry.get(key, "")
        if each and (made / each).exists() and not (folder / each).exists():
            shutil.copyfile(made / each, folder / each)
    _put(folder, manifest, kind, name, entry, (made / entry["file"]).read_bytes())


def _put(
    folder: Path,
    manifest: dict[str, Any],
    kind: str,
    name: str,
    entry: dict[str, Any],
    content: bytes,
) -> None:
    before = manifest.setdefault(kind, {}).get(name, {})
    if before.get("labels") != entry.get("labels"):
        manifest.get("cascades", {}).pop(name, None)
    manifest[kind][name] = entry
    manifest["format"] = MANIFEST_FORMAT
    target = folder / entry["file"]
    target.unlink(missing_ok=True)  # it may be a link to another's file
    target.write_bytes(content)
    draft = folder / f".{MANIFEST}.{os.getpid()}"
    draft.write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
    draft.replace(folder / MANIFEST)


def _manifest(folder: Path) -> dict[str, Any]:
    """As it stands, checked. Raises ModelError."""
    read_manifest(folder)
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    return found


def _files(manifest: dict[str, Any]) -> set[str]:
    entries = [
        entry
        for kind in ("models", "transformers", "embedders", "readers")
        for entry in manifest.get(kind, {}).values()
    ]
    return {e[key] for e in entries for key in ("file", "vocabulary", "card") if e.get(key)}


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source.resolve(), target)
    except OSError:
        shutil.copyfile(source, target)
