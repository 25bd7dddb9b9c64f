"""The pages in a browser: the demo shop and the console, as they were built from `web/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import xxhash
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from .problems import Problem

NAMES = ("shop", "console")
FOLDER = Path(__file__).parent.parent / "pages"
MEDIA_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
# Nothing from elsewhere, nothing written into the page by what a review or a catalogue says.
POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# The shop's service worker stands among the files, and serves the page at `/`.
EXTRA_HEADERS = {"shop-worker.js": {"Service-Worker-Allowed": "/"}}


def handlers(names: list[str]) -> list[HTTPRouteHandler]:
    """Routes of these pages; the first of them is also at `/`."""
    if not names:
        return []
    files = {
        path.name: (path.read_bytes(), MEDIA_TYPES[path.suffix])
        for path in sorted(FOLDER.iterdir())
        if path.suffix in MEDIA_TYPES
    }

    @get("/pages/{name:str}", include_in_schema=False)
    async def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        return _served(request, files, name)

    def page(path: str, name: str) -> HTTPRouteHandler:
        @get(path, include_in_schema=False, name=f"page{path}")
        async def serve(request: Request[Any, Any, Any]) -> Response[bytes]:
            return _served(request, files, f"{name}.html")

        return serve

    return [asset, page("/", names[0]), *(page(f"/{name}", name) for name in names)]


def _served(
    request: Request[Any, Any, Any], files: dict[str, tuple[bytes, str]], name: str
) -> Response[bytes]:
    if name not in files:
        raise Problem(404, "Not Found", f"no page file {name!r}")
    content, media_type = files[name]
    tag = f'"{xxhash.xxh3_64_hexdigest(content)}"'
    headers = {
        **EXTRA_HEADERS.get(name, {}),
        "ETag": tag,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)
