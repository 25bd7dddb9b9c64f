"""`shopkeeper mcp`: a gateway's tools on standard input and output, for assistants that start a
program instead of calling an address."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import click

from shopkeeper.shared.runtime.setting import Setting, SettingsError

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.context import ServerRequestContext

KEY = Setting("GATEWAY_KEY", "", "a key or a user's token", "secret")


async def forward(url: str, key: str) -> None:
    """Hand each message on until the input ends. Raises what the client raises."""
    import httpx2
    from mcp.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.server.lowlevel import Server
    from mcp.server.stdio import stdio_server

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http)) as gateway,
    ):

        async def listed(
            context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
        ) -> types.ListToolsResult:
            return await gateway.list_tools()

        async def called(
            context: ServerRequestContext[Any], params: types.CallToolRequestParams
        ) -> types.CallToolResult:
            return await gateway.call_tool(params.name, params.arguments)

        server: Server[Any] = Server("shopkeeper", on_list_tools=listed, on_call_tool=called)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())


@click.command("mcp")
@click.option("--url", default="http://127.0.0.1:8080/mcp", show_default=True, metavar="URL")
@click.option("--key", default="", help="A key or a user's token.")
def command(url: str, key: str) -> None:
    """The tools of a running gateway (GATEWAY_MCP=1), for an assistant that starts this program.

    The key is better given as the variable GATEWAY_KEY, or in the file that GATEWAY_KEY_FILE names:
    no list of processes shows those.

    \b
    Example: shopkeeper mcp --url https://shop.example/mcp
    """
    try:
        key = key or KEY.read(os.environ)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    try:
        import mcp  # noqa: F401
    except ModuleNotFoundError:
        raise click.ClickException("this needs the extra: pip install 'shopkeeper[mcp]'") from None
    try:
        asyncio.run(forward(url, key))
    except BaseExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise click.ClickException(f"{url}: {first}") from None
