"""Builds a release into build/release: wheel, sdist, SBOM, Helm chart, notes, sums, signature.

Reproducible: times in archives are the last commit's (SOURCE_DATE_EPOCH), so whoever builds the
same commit gets the same bytes. Signed by a key of SSH's (`ssh-keygen -Y sign`), which needs
nothing but OpenSSH to verify. Run it as `make release` (docs/release.md).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pin_images

ROOT = Path(__file__).resolve().parents[1]
NAMESPACE = "shopkeeper-release"
SUMS, NOTES, IMAGE = "SHA256SUMS", "NOTES.md", "image.txt"


def run(*command: str, **variables: str) -> str:
    """Standard output of a command in the tree. Raises SystemExit with what it said."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, **variables},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def versions() -> dict[str, str]:
    """Where the version stands -> what stands there."""
    found = {}
    for name, pattern in {
        "pyproject.toml": r'^version = "(.+)"$',
        "deploy/helm/shopkeeper/Chart.yaml": r'^appVersion: "(.+)"$',
        "docker-compose.yml": r"^  image: shopkeeper:(\S+)$",
    }.items():
        match = re.search(pattern, (ROOT / name).read_text("utf-8"), re.M)
        found[name] = match[1] if match else "none"
    return found


def repacked(sdist: Path, epoch: int) -> None:
    """The same archive with one time, owner and order for everything in it."""
    members = []
    with tarfile.open(sdist) as archive:
        for member in sorted(archive.getmembers(), key=lambda member: member.name):
            content = archive.extractfile(member)
            members.append((member, content.read() if content is not None else None))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in members:
            member.mtime, member.uid, member.gid = epoch, 0, 0
            member.uname = member.gname = ""
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            member.pax_headers = {}
            archive.addfile(member, None if content is None else io.BytesIO(content))
    sdist.write_bytes(gzip.compress(packed.getvalue(), 6, mtime=epoch))


def build(python: str, folder: Path, epoch: int) -> None:
    """Wheel and sdist, of the commit's files alone."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    files = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(files)) as archive:
        archive.extractall(tree, filter="fully_trusted")  # its links go from src/ to the folders
    os.umask(0o022)
    made = "from setuptools import build_meta as b; b.build_wheel(OUT); b.build_sdist(OUT)"
    done = subprocess.run(
        [python, "-c", made.replace("OUT", repr(str(folder)))],
        cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "PYTHONHASHSEED": "0"},
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"the build failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    shutil.rmtree(tree)
    for sdist in folder.glob("*.tar.gz"):
        repacked(sdist, epoch)


def sums(folder: Path) -> str:
    """As sha256sum writes and checks them."""
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(SUMS)
    )


def sign(path: Path, key: Path) -> None:
    """Write PATH.sig. Raises SystemExit."""
    Path(f"{path}.sig").unlink(missing_ok=True)
    run("ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(path))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("version")
    parser.add_argument("--key", type=Path, help="an SSH private key, or a public one of an agent")
    parser.add_argument("--draft", action="store_true", help="change nothing in the tree")
    parser.add_argument("--tags", action="store_true", help="images may be named by tags alone")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "release")
    asked = parser.parse_args()
    if wrong := {name: at for name, at in versions().items() if at != asked.version}:
        if not asked.draft:
            sys.exit(f"not {asked.version}: {', '.join(f'{n} has {v}' for n, v in wrong.items())}")
        print(f"draft: {wrong} are not {asked.version}", file=sys.stderr)
    missing = pin_images.unpinned_here()
    print("\n".join(f"not pinned: {line}" for line in missing), file=sys.stderr)
    if missing and not asked.draft and not asked.tags:
        sys.exit("`make pin-images` writes the digests; --tags (TAGS=1) releases all the same")
    if not asked.draft and run("git", "status", "--porcelain"):
        sys.exit("the tree has changes that are not committed: a release is of a commit")
    folder = asked.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    epoch = int(run("git", "log", "-1", "--format=%ct"))
    commit = run("git", "rev-parse", "HEAD").strip()
    build(sys.executable, folder, epoch)
    draft = run(sys.executable, "-m", "towncrier", "build", "--draft", "--version", asked.version)
    (folder / NOTES).write_text(draft[draft.index("## ") :] if "## " in draft else draft, "utf-8")
    if (bill := ROOT / "build" / "sbom.cdx.json").exists():
        shutil.copy(bill, folder)
    (folder / IMAGE).write_text(
        f"docker build --build-arg SOURCE_DATE_EPOCH={epoch} --label "
        f"org.opencontainers.image.revision={commit} -t shopkeeper:{asked.version} .\n",
        "utf-8",
    )
    (folder / SUMS).write_text(sums(folder), "utf-8")
    if asked.key is not None:
        sign(folder / SUMS, asked.key)
    if not asked.draft:
        run(sys.executable, "-m", "towncrier", "build", "--yes", "--version", asked.version)
        print("CHANGELOG.md has the section; commit it, and tag that commit", file=sys.stderr)
    signed = "signed" if asked.key is not None else "NOT signed: no key was given"
    print(f"{folder}: {signed}\n{(folder / SUMS).read_text('utf-8')}", end="")


if __name__ == "__main__":
    main()
