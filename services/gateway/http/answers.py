"""Answers as bytes: what a route says, before Litestar or the direct way sends it."""

from __future__ import annotations

from typing import NamedTuple

import xxhash

JSON = "application/json"


class Answer(NamedTuple):
    """Status, headers without those of the body, and JSON."""

    status: int
    headers: dict[str, str]
    body: bytes
    media_type: str = JSON


def tag_of(value: bytes) -> str:
    """The ETag of a body."""
    return f'"{xxhash.xxh3_64_hexdigest(value)}"'


def is_known(tag: str, known: str) -> bool:
    """Whether the caller has it. known: the header `If-None-Match`."""
    if not known:
        return False
    return known == "*" or tag in {each.strip().removeprefix("W/") for each in known.split(",")}


def read(value: bytes, known: str) -> Answer:
    """JSON with its ETag; 304 where that is known."""
    tag = tag_of(value)
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Authorization"}
    return Answer(304, headers, b"") if is_known(tag, known) else Answer(200, headers, value)


def encoded(answer: Answer) -> list[tuple[bytes, bytes]]:
    """All headers, as Litestar writes them."""
    headers = [
        (k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in answer.headers.items()
    ]
    if answer.status != 304:
        headers.append((b"content-type", answer.media_type.encode()))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    return headers
