"""deploy/release.py and deploy/pin_images.py: what a release is made of, signed and checked."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]


def module(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


pin_images = sys.modules["pin_images"] = module("pin_images")  # the release script imports it
release = module("release")


def test_every_place_has_the_same_version():
    assert len({*release.versions().values()}) == 1


def archive(path, names, mtime, owner):
    with tarfile.open(path, "w:gz") as packed:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname, member.uid = 3, mtime, owner, mtime
            packed.addfile(member, io.BytesIO(b"abc"))


def test_an_archive_is_the_same_whoever_packs_it_and_when(tmp_path):
    one, other = tmp_path / "one.tar.gz", tmp_path / "other.tar.gz"
    archive(one, ["p/a", "p/b"], 1_000, "me")
    archive(other, ["p/b", "p/a"], 2_000, "you")
    assert one.read_bytes() != other.read_bytes()
    for path in (one, other):
        release.repacked(path, 1_700_000_000)
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as packed:
        assert [(m.name, m.mtime) for m in packed] == [
            ("p/a", 1_700_000_000),
            ("p/b", 1_700_000_000),
        ]


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_sums_are_signed_and_damage_is_noticed(tmp_path):
    key, folder = tmp_path / "key", tmp_path / "release"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    folder.mkdir()
    (folder / "a.whl").write_bytes(b"wheel")
    sums = folder / release.SUMS
    sums.write_text(release.sums(folder))
    release.sign(sums, key)
    (tmp_path / "signers").write_text(f"us@example.com {Path(f'{key}.pub').read_text()}")

    def verified():
        return subprocess.run(
            ["ssh-keygen", "-Y", "verify", "-f", str(tmp_path / "signers"), "-I", "us@example.com",
             "-n", release.NAMESPACE, "-s", f"{sums}.sig"],
            input=sums.read_bytes(), capture_output=True, check=False,
        ).returncode == 0  # fmt: skip

    def sound():
        command = ["sha256sum", "--check", "--quiet", release.SUMS]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode == 0

    assert release.sums(folder) == sums.read_text(), "a signature is not among the sums"
    assert verified()
    assert sound()
    (folder / "a.whl").write_bytes(b"other")
    assert not sound()
    sums.write_text(release.sums(folder))
    assert not verified()


def test_images_are_pinned_by_the_digest_that_is_answered():
    asked = []

    def ask(image):
        asked.append(image)
        return "sha256:" + f"{len(asked):064x}"

    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    on_top, built = pin_images.pinned(compose, dockerfile, ask)
    services = yaml.safe_load(compose)["services"]
    pulled = {
        n: s["image"] for n, s in services.items() if not s["image"].startswith("shopkeeper:")
    }
    assert pin_images.images(compose) == pulled
    for name, service in yaml.safe_load(on_top)["services"].items():
        assert service["image"].startswith(pulled[name] + "@sha256:")
    assert asked[-1].startswith("python:3.12")
    assert built.count("@sha256:") == built.count("FROM python:")
    again = pin_images.pinned(on_top, built, ask)
    assert all(part.count("@sha256:") == other.count("@sha256:")
               for part, other in zip(again, (on_top, built), strict=True))  # fmt: skip


def test_images_without_a_digest_are_named_one_by_one():
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    digest = "sha256:" + "ab" * 32
    tagged = re.sub("@sha256:[0-9a-f]+", "", dockerfile)
    on_top, built = pin_images.pinned(compose, tagged, lambda image: digest)
    assert pin_images.unpinned(compose, built, on_top) == []
    pulled = pin_images.images(compose)
    missing = pin_images.unpinned(compose, tagged)
    assert [line.split(": ")[1] for line in missing[: len(pulled)]] == [*pulled]
    assert missing[len(pulled) :] == [
        f"Dockerfile: {image} has no digest" for image in pin_images.bases(tagged)
    ]
    name, image = next(iter(pulled.items()))
    newer = compose.replace(image, f"{image}.1")
    [line] = [line for line in pin_images.unpinned(newer, built, on_top) if f": {name}: " in line]
    assert line.endswith(f"is not {image}.1: pin again")
    short = on_top.replace(digest, digest[:-1])
    assert len(pin_images.unpinned(compose, built, short)) == len(pulled)


def test_a_release_of_images_by_tags_alone_has_to_be_asked_for(tmp_path):
    for name in (
        "pyproject.toml",
        "Dockerfile",
        "docker-compose.yml",
        "deploy/helm/shopkeeper/Chart.yaml",
        "deploy/release.py",
        "deploy/pin_images.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text("utf-8")
        (tmp_path / name).write_text(re.sub("@sha256:[0-9a-f]{64}", "", text))
    version = release.versions()["pyproject.toml"]
    command = [sys.executable, str(tmp_path / "deploy/release.py"), version]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Dockerfile: python:" in refused.stderr
    assert refused.stderr.rstrip().endswith("releases all the same")
    asked_for = subprocess.run([*command, "--tags"], capture_output=True, text=True, check=False)
    assert "not pinned: Dockerfile: python:" in asked_for.stderr
    assert not asked_for.stderr.rstrip().endswith("releases all the same"), "it is no repository"
    assert not (tmp_path / "build").exists()
