"""`ListRecommendations`: what a call asks for, and what it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc

from shopkeeper.shared.runtime.telemetry.traceparents import NAME

from ..http.problems import Problem
from ..listing import ids_for
from .messages import METHOD, OPENTELEMETRY_DEMO, SERVICE, messages_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from ..http.context import Context
    from ..spans import GatewaySpans

COUNT = 5  # as both demos answer; their pages show four
ID_CHARACTERS_MAX = 512
_STATUS = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
}


def asked_for(package: str, product_ids: Sequence[str]) -> list[str]:
    """The products that a call names, each once.

    The OpenTelemetry demo's frontend hands one text of ids with commas between them to a field of
    many, and so each of its characters arrives as an id: they are put together again.
    """
    ids: Sequence[str] = product_ids
    if package == OPENTELEMETRY_DEMO:
        if len(ids) > 1 and all(len(each) == 1 for each in ids):
            ids = ["".join(ids)]
        ids = [part for each in ids for part in each.split(",")]
    known = (each.strip() for each in ids)
    return list(dict.fromkeys(each for each in known if 0 < len(each) <= ID_CHARACTERS_MAX))


class Calls:
    """Answers the calls of one package, from memory."""

    def __init__(self, package: str, context: Context, spans: GatewaySpans | None) -> None:
        self._package, self._context, self._spans = package, context, spans
        self._messages = messages_of(package)

    def handler(self) -> grpc.GenericRpcHandler:
        """For a server."""
        method = grpc.unary_unary_rpc_method_handler(
            self._list if self._spans is None else self._traced(self._spans),
            request_deserializer=self._messages.request.FromString,
            response_serializer=self._messages.response.SerializeToString,
        )
        return grpc.method_handlers_generic_handler(f"{self._package}.{SERVICE}", {METHOD: method})

    def _traced(self, spans: GatewaySpans) -> Callable[[Any, Any], Awaitable[Any]]:
        """The same, and told of."""

        async def traced(request: Any, call: Any) -> Any:
            said = dict(call.invocation_metadata() or ()).get(NAME)
            with spans.calling(f"{self._package}.{SERVICE}", METHOD, said) as ended:
                try:
                    answer = await self._list(request, call)
                except grpc.aio.AbortError:
                    code: grpc.StatusCode = call.code()  # as `abort` was told it
                    ended(code.value[0])
                    raise
                ended(0)
                return answer

        return traced

    async def _list(self, request: Any, call: grpc.aio.ServicerContext) -> Any:
        user_id = request.user_id if len(request.user_id) <= ID_CHARACTERS_MAX else ""
        try:
            self._check(dict(call.invocation_metadata() or ()), user_id)
        except Problem as problem:
            await call.abort(_STATUS[problem.status_code], str(problem.detail))
        near = asked_for(self._package, request.product_ids)
        ids = ids_for(self._context, user_id or None, near, COUNT)
        return self._messages.response(product_ids=ids)

    def _check(self, metadata: dict[str, Any], user_id: str) -> None:
        """Raises Problem 401 or 403, as over HTTP: with any key set, a call needs one."""
        caller = self._context.access.caller(metadata.get("authorization"))
        if user_id and not caller.may_read(user_id):
            raise Problem(403, "Forbidden", "a user's list needs a secret key or their own token")
