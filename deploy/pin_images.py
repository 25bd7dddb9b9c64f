"""Writes docker-compose.digests.yml: images of docker-compose.yml and the Dockerfile, by digest.

    python deploy/pin_images.py            # write it, and the Dockerfile's first lines
    python deploy/pin_images.py --check    # only say which images have no digest; status 1: some

Asks registries what a tag is now (`docker buildx imagetools inspect`), so it runs where Docker is
and registries can be reached; the check asks nobody. To use it: docker compose -f
docker-compose.yml -f docker-compose.digests.yml up. A digest names one image for ever, on every
platform of its index.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}")
ON_TOP = "docker-compose.digests.yml"
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


def unpinned(compose: str, dockerfile: str, on_top: str = "") -> list[str]:
    """One line for each image that is named by a tag alone, or that was pinned by another tag.

    on_top: the text of the file that is put on top of the compose file; empty where there is none.
    """
    above, missing = images(on_top), []
    for service, image in images(compose).items():
        named = above.get(service, image)
        if not BY_DIGEST.fullmatch(named):
            missing.append(f"docker-compose.yml: {service}: {named} has no digest")
        elif named.partition("@")[0] != image.partition("@")[0]:
            missing.append(f"{ON_TOP}: {service}: {named} is not {image}: pin again")
    bare = [image for image in bases(dockerfile) if not BY_DIGEST.fullmatch(image)]
    return missing + [f"Dockerfile: {image} has no digest" for image in bare]


def unpinned_here() -> list[str]:
    """Of this tree."""
    above = ROOT / ON_TOP
    texts = [(ROOT / name).read_text("utf-8") for name in ("docker-compose.yml", "Dockerfile")]
    return unpinned(*texts, above.read_text("utf-8") if above.exists() else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="only say which have no digest")
    if parser.parse_args().check:
        missing = unpinned_here()
        print("\n".join(missing) or "every image is named by its digest")
        return 1 if missing else 0
    compose, dockerfile = ROOT / "docker-compose.yml", ROOT / "Dockerfile"
    on_top, built = pinned(compose.read_text("utf-8"), dockerfile.read_text("utf-8"), asked)
    (ROOT / ON_TOP).write_text(on_top, "utf-8")
    dockerfile.write_text(built, "utf-8")
    print(f"{ON_TOP} and Dockerfile name their images by digest")
    return 0


if __name__ == "__main__":
    sys.exit(main())
