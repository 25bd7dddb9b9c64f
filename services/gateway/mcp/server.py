"""The Model Context Protocol's Streamable HTTP at `/mcp`: a component of the worker.

Without sessions: each request is whole, so that any gateway answers any of them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import mcp_types as types
import msgspec
from litestar import Request
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

import shopkeeper
from shopkeeper.shared.runtime.tasks import end_tasks

from ..http.problems import Problem
from .arguments import schema_of
from .inert import NOTE
from .tools import BY_NAME, TOOLS, Said, Tool

if TYPE_CHECKING:
    from collections.abc import Collection

    from litestar.types import Receive, Scope, Send
    from mcp.server.context import ServerRequestContext

    from ..http.context import Context
    from ..http.guards import Guards

log = logging.getLogger(__name__)

CALLER = "shopkeeper.caller"  # in the scope of a request
PATH = "/mcp"
_LISTED = types.ListToolsResult(
    tools=[
        types.Tool(
            name=tool.name,
            title=tool.title,
            description=f"{tool.description} {NOTE}",
            input_schema=schema_of(tool.takes),
            output_schema=schema_of(tool.gives),
            annotations=types.ToolAnnotations(
                read_only_hint=tool.reads, destructive_hint=False, open_world_hint=False
            ),
        )
        for tool in TOOLS
    ]
)


class McpServer:
    """Answers at `/mcp` from `start` to `stop`."""

    def __init__(
        self, context: Context, guards: Guards, origins: Collection[str], body_bytes_max: int
    ) -> None:
        """origins: of pages that may call, or "*": the protocol wants them checked."""
        self._context, self._guards, self._origins = context, guards, frozenset(origins)
        server: Server[Any] = Server(
            "shopkeeper",
            version=shopkeeper.__version__,
            title="Shopkeeper",
            instructions="A shop: recommendations, search, and answers with sources. " + NOTE,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        self._manager = StreamableHTTPSessionManager(
            server, json_response=True, stateless=True, max_request_body_size=body_bytes_max
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be able to answer."""
        running = asyncio.Event()
        self._task = asyncio.create_task(self._run(running), name="mcp")
        waiting = asyncio.create_task(running.wait())
        await asyncio.wait({self._task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._task.done():
            self._task.result()

    async def stop(self) -> None:
        """Answer no more."""
        if self._task is not None:
            await end_tasks([self._task])

    async def wait(self) -> None:
        """Wait until it fails."""
        assert self._task is not None
        await asyncio.shield(self._task)

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application. Raises Problem."""
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        if scope.get("method") != "POST":
            # No stream that the server speaks on, and no session to end: the protocol allows both.
            problem = Problem(405, "Method Not Allowed", "the tools are called by POST")
            problem.headers = {"Allow": "POST"}
            raise problem
        origin = headers.get("origin", b"").decode("latin-1")
        if origin and "*" not in self._origins and origin not in self._origins:
            raise Problem(403, "Forbidden", f"GATEWAY_ORIGINS does not name {origin!r}")
        self._guards.slow_down(Request(scope))
        authorization = headers.get("authorization", b"").decode("latin-1") or None
        caller = self._context.access.caller(authorization)
        request: Any = {**scope, CALLER: caller}
        await self._manager.handle_request(request, receive, send)  # type: ignore[arg-type]

    async def _run(self, running: asyncio.Event) -> None:
        async with self._manager.run():
            running.set()
            await asyncio.Event().wait()

    async def _list(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return _LISTED

    async def _call(
        self, context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        tool = BY_NAME.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"no such tool; there are {', '.join(BY_NAME)}")
        try:
            said = await self._said(tool, context, params.arguments or {})
        except Problem as problem:
            return _failed(str(problem.detail))
        except msgspec.ValidationError as error:
            return _failed(f"the arguments are not right: {error}")
        except Exception:
            log.exception("the tool %s failed", tool.name)
            return _failed("the gateway failed")
        return types.CallToolResult(
            content=[types.TextContent(text=said.text)],
            structured_content=msgspec.to_builtins(said.data),
        )

    async def _said(
        self, tool: Tool, context: ServerRequestContext[Any], arguments: dict[str, Any]
    ) -> Said:
        assert context.request is not None
        caller = context.request.scope[CALLER]
        return await tool.run(self._context, caller, msgspec.convert(arguments, tool.takes))


def _failed(why: str) -> types.CallToolResult:
    """An error that the assistant reads and may mend."""
    return types.CallToolResult(content=[types.TextContent(text=why)], is_error=True)
