"""Writes docker-compose.digests.yml: images of docker-compose.yml and the Dockerfile, by digest.

Asks registries what a tag is now (`docker buildx imagetools inspect`), so it runs where Docker is
and registries can be reached. To use it: docker compose -f docker-compose.yml -f
docker-compose.digests.yml up. A digest names one image for ever, on every platform of its index.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HEAD = "# Written by `make pin-images`: what the tags of docker-compose.yml named on that day.\n"


def images(compose: str) -> dict[str, str]:
    """Service -> image, of those that are pulled (ours is built)."""
    found, service = {}, ""
    for line in compose.splitlines():
        if named := re.fullmatch(r"  ([a-z][\w-]*):", line):
            service = named[1]
        elif image := re.fullmatch(r"    image: (\S+)", line):
            found[service] = image[1]
    return found


def bases(dockerfile: str) -> list[str]:
    """The images that a Dockerfile begins with."""
    return list(dict.fromkeys(re.findall(r"^FROM (\S+)", dockerfile, re.M)))


def asked(image: str) -> str:
    """The digest of a tag, from its registry. Raises SystemExit, naming the image."""
    command = [
        "docker",
        "buildx",
        "imagetools",
        "inspect",
        image,
        "--format",
        "{{.Manifest.Digest}}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except FileNotFoundError:
        sys.exit("docker is not installed: digests are learned from registries, with it")
    digest = done.stdout.strip()
    if done.returncode or not DIGEST.fullmatch(digest):
        sys.exit(f"no digest of {image}: {done.stderr.strip() or digest or 'no answer'}")
    return digest


def pinned(compose: str, dockerfile: str, ask: Callable[[str], str]) -> tuple[str, str]:
    """The compose file to put on top, and the Dockerfile with its images by digest."""
    lines = [HEAD + "services:"]
    for service, image in images(compose).items():
        lines.append(f"  {service}:\n    image: {image.split('@')[0]}@{ask(image.split('@')[0])}")
    for image in bases(dockerfile):
        tag = image.split("@")[0]
        dockerfile = dockerfile.replace(f"FROM {image}", f"FROM {tag}@{ask(tag)}")
    return "\n".join(lines) + "\n", dockerfile


def main() -> None:
    compose, dockerfile = ROOT / "docker-compose.yml", ROOT / "Dockerfile"
    on_top, built = pinned(compose.read_text("utf-8"), dockerfile.read_text("utf-8"), asked)
    (ROOT / "docker-compose.digests.yml").write_text(on_top, "utf-8")
    dockerfile.write_text(built, "utf-8")
    print("docker-compose.digests.yml and Dockerfile name their images by digest")


if __name__ == "__main__":
    main()
