"""deploy/release.py and deploy/pin_images.py: what a release is made of, signed and checked."""

from __future__ import annotations

import importlib.util
import io
import shutil
import subprocess
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


release, pin_images = module("release"), module("pin_images")


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
