"""The tools: what each does for a caller, whatever carries it."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

from shopkeeper.shared.contracts import topics

from .. import reading, searching
from ..core.lists import Wanted
from ..core.shown import shown
from ..http.problems import Problem, sending
from ..http.searches import NOBODIES, SEARCHED
from ..listing import near_to
from ..sending import send, until
from .arguments import (
    Answer,
    Ask,
    ProductFound,
    Products,
    Recommend,
    Search,
    Similar,
    SourceFound,
    Trending,
)
from .inert import NOTE, link, plain, quoted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from shopkeeper.shared.contracts.events.answers import AnswerGiven

    from ..core.shown import ItemShown, ListShown
    from ..http.access import Caller
    from ..http.context import Context
    from .arguments import Arguments

QUESTION_ASKED = "question.asked.v1"
TITLE_CHARACTERS_MAX = 200
ANSWER_CHARACTERS_MAX = 4000


class Said(NamedTuple):
    """What a tool says: for a person or a model to read, and as data."""

    text: str
    data: Products | Answer


class Tool(NamedTuple):
    """One tool. reads: it changes nothing."""

    name: str
    title: str
    description: str
    takes: type[Arguments]
    gives: type[Products] | type[Answer]
    run: Callable[[Context, Caller, Any], Awaitable[Said]]
    reads: bool = True


def _user(caller: Caller, user_id: str | None) -> str | None:
    """Whom a call is about; None: nobody in particular. Raises Problem 403 where it is another
    than the token's."""
    if user_id is None:
        return caller.user_id
    if not caller.may_read(user_id):
        raise Problem(403, "Forbidden", "user_id is another user's: that takes a secret key")
    return user_id


def _may_publish(context: Context) -> None:
    """Raises Problem 503 while the broker is away: the call would only wait."""
    ready, why = context.ready()
    if not ready:
        raise Problem(503, "Service Unavailable", f"nothing can be published: {why}")


async def _recommend(context: Context, caller: Caller, asked: Recommend) -> Said:
    user_id = _user(caller, asked.user_id)
    wanted = Wanted(asked.count, asked.product_id, asked.category, frozenset(asked.exclude))
    return _list(context, reading.list_for(context, user_id, wanted, asked.language))


async def _similar(context: Context, caller: Caller, asked: Similar) -> Said:
    found = near_to(context, [asked.product_id], asked.count)
    items = shown(found, reading.views_of(context), asked.language)
    return _products(context, items, asked.language, "none" if items else "empty")


async def _trending(context: Context, caller: Caller, asked: Trending) -> Said:
    wanted = Wanted(asked.count, category=asked.category)
    return _list(context, reading.list_for(context, None, wanted, asked.language))


async def _search(context: Context, caller: Caller, asked: Search) -> Said:
    user_id = _user(caller, asked.user_id)
    _may_publish(context)
    by = "anonymous_id" if user_id is None else "user_id"
    name = user_id or f"gateway-search-{random.randrange(NOBODIES)}"
    data = {by: name, "query": asked.query}
    with sending():
        event_id = await send(context, topics.SEARCHES, SEARCHED, name, data)
    brought = await searching.within(context, event_id, asked.wait)
    if brought is None:
        raise Problem(504, "Gateway Timeout", f"no list within {asked.wait:g} s; try again")
    wanted = Wanted(asked.count, category=asked.category)
    found = reading.searched(context, brought, wanted, asked.language, asked.query)
    if found is None:
        raise Problem(502, "Bad Gateway", "the list that came cannot be read")
    said = _list(context, found)
    if found.items or found.answer is None:
        return said
    answer = quoted(found.answer.answer or "A person should answer it.", ANSWER_CHARACTERS_MAX)
    line = f"This asks for no product. Answer: {answer} `ask` goes on with questions."
    return said._replace(text="\n".join([NOTE, line]))


async def _ask(context: Context, caller: Caller, asked: Ask) -> Said:
    user_id = _user(caller, asked.user_id)
    _may_publish(context)
    # Who goes on with a conversation is whoever was told its name, which nobody can guess.
    conversation = asked.conversation_id or f"mcp-{uuid.uuid4().hex}"
    by = "anonymous_id" if user_id is None else "user_id"
    name = user_id or conversation
    data = {by: name, "question": asked.question, "conversation_id": conversation}
    data |= {"product_id": asked.product_id} if asked.product_id else {}
    with sending():
        event_id = await send(context, topics.QUESTIONS, QUESTION_ASKED, name, data)
    record = await until(lambda: context.feed.answer_to(event_id), asked.wait)
    if record is None:
        raise Problem(504, "Gateway Timeout", f"no answer within {asked.wait:g} s; try again")
    given = searching.given(record, context.catalogue)
    if given is None:
        raise Problem(502, "Bad Gateway", "the answer that came cannot be read")
    return _answer(given, conversation)


def _list(context: Context, found: ListShown) -> Said:
    said = _products(context, found.items, found.language, found.fallback, found.recomm_id)
    if found.unknown_category is None:
        return said
    near = ", ".join(map(quoted, found.nearest_categories))
    line = f"There is no category {quoted(found.unknown_category)}."
    return said._replace(text="\n".join([line + (f" Nearest: {near}." if near else ""), said.text]))


def _products(
    context: Context,
    items: Sequence[ItemShown],
    language: str,
    fallback: str,
    recomm_id: str | None = None,
) -> Said:
    titles = context.catalogue.titles([item.product_id for item in items], language)
    products = [
        ProductFound(
            product_id=item.product_id,
            title=plain(titles[item.product_id], TITLE_CHARACTERS_MAX)
            if item.product_id in titles
            else None,
            score=item.score,
            source=item.source,
            reason=plain(item.reason.text),
        )
        for item in items
    ]
    lines = [
        f"{place}. {quoted(each.title or each.product_id)} (id {quoted(each.product_id)}): "
        f"{quoted(each.reason)}"
        for place, each in enumerate(products, 1)
    ]
    text = "\n".join([NOTE, *lines]) if lines else "There is nothing to show."
    return Said(text, Products(products=products, fallback=fallback, recomm_id=recomm_id))


def _answer(given: AnswerGiven, conversation: str) -> Said:
    sources = [
        SourceFound(
            id=plain(each.id),
            kind=each.kind,
            quote=plain(each.quote),
            title=plain(each.title) if each.title else None,
            url=link(each.url),
        )
        for each in given.sources
    ]
    data = Answer(
        answer=None if given.answer is None else plain(given.answer, ANSWER_CHARACTERS_MAX),
        confidence=given.confidence,
        route=given.route,
        conversation_id=conversation,
        language=given.language,
        sources=sources,
        abstained=given.abstained,
        product_ids=[plain(each) for each in given.products],
        ask_also=[plain(each) for each in given.next],
        to_a_person=given.handover is not None,
    )
    if data.answer is None:
        why = (given.abstained or "unknown").replace("_", " ")
        return Said(f"The shop does not know ({why}); a person should answer.", data)
    lines = [NOTE, f"Answer: {quoted(data.answer, ANSWER_CHARACTERS_MAX)}"]
    for each in sources:
        where = f" {each.url}" if each.url else ""
        lines.append(f"Source: {each.kind} {quoted(each.id)}{where}: {quoted(each.quote)}")
    return Said("\n".join(lines), data)


TOOLS: tuple[Tool, ...] = (
    Tool(
        "recommend",
        "Recommendations",
        "Products that a user may want next, with reasons; never empty where the shop has "
        "anything. Give `product_id` or `category` for the page that is looked at.",
        Recommend,
        Products,
        _recommend,
    ),
    Tool(
        "similar",
        "Similar products",
        "What others bought or looked at together with one product, best first.",
        Similar,
        Products,
        _similar,
    ),
    Tool(
        "trending",
        "Trending products",
        "What is clicked most lately, in the shop or in one category.",
        Trending,
        Products,
        _trending,
    ),
    Tool(
        "search",
        "Search",
        "Products that fit the words, in English or Chinese.",
        Search,
        Products,
        _search,
        reads=False,
    ),
    Tool(
        "ask",
        "Ask the shop",
        "Answers a question about products, delivery, returns or the user's own orders from what "
        "the shop has published, with sources; `answer` is null where a person should answer. Go "
        "on with `conversation_id`.",
        Ask,
        Answer,
        _ask,
        reads=False,
    ),
)
BY_NAME = {tool.name: tool for tool in TOOLS}
