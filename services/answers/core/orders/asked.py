"""Whether a question asks where an order is, and which: a small grammar, English and Chinese.

Phrases are written as `normalise` leaves texts: lower case, simplified characters. How orders are
cancelled, returned or looked up in general is left to the shop's knowledge.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

from .order import code_of

NAMED_MAX = 20  # numbers that are read of one question
LONE_CHARACTERS_MIN = 4  # of a number that no word calls an order's
# With a digit, and at most 200 characters in all.
_CODE = r"(?=[a-z\d_./-]{0,40}\d)(?P<code>[a-z\d]{1,40}(?:[-_./][a-z\d]{1,40}){0,4})(?![a-z\d])"
_LONE = re.compile(r"(?<![a-z\d])" + _CODE)
_NOUN = r"(?:orders?|parcels?|packages?|shipments?|deliver(?:y|ies)|consignments?|purchases?)"
_CHINESE_NOUN = "(?:订单|快递|包裹|物流|快件|运单|单子|货物|(?<![百杂有缺补现到发送收])货)"
_NAMED = (
    re.compile(
        rf"\b(?:{_NOUN}|tracking)(?: (?:number|num|no|nr|id|code|ref|reference))?[.:]?"
        rf" ?(?:is|was|=)? ?[#:№]? ?['\"]?{_CODE}"
    ),
    re.compile(rf"[#№] ?{_CODE}"),
    re.compile(
        r"(?:订单|运单|快递|包裹|物流|快件|单)(?:编号|号码|单号|号)?[是为]? ?[:#№]? ?" + _CODE
    ),
    re.compile(rf"(?<![a-z\d]){_CODE} ?号?(?:的|这个)? ?(?:订单|包裹|快递|运单|单)"),
)
# "ordered 3 days ago", 订单3天了: how long, how many or how much is no number of an order.
_MEASURE = re.compile(
    r" ?(?:days?|weeks?|months?|hours?|minutes?|items?|pieces?|pcs|times|euros?|dollars?|am|pm"
    r"|[天周月日年个件元块点小次份箱双])"
)
_ORDER = re.compile(rf"\b{_NOUN}\b|{_CHINESE_NOUN}|[#№] ?[a-z\d]")
_MY = rf"(?:my|our|this|that|mine|these|those) (?:[a-z]+ ){{0,2}}?(?:{_NOUN}|stuff|goods|items?)"
_OWN = rf"(?:{_MY}|the (?:[a-z]+ ){{0,2}}?{_NOUN})"
_THIS = rf"(?:{_OWN}|{_NOUN} [#\d]\S*)"
_MOVED = (
    r"(?:ship|shipped|sent|dispatched|left|arrive|arrived|delivered|out for delivery"
    r"|on (?:its|the|their) way|late|delayed|lost|missing|packed|coming|here)"
)
_WAS_NOT = (
    r"(?:has not|hasn't|hasnt|did not|didn't|didnt|have not|haven't|never|still not|not yet|isn't)"
)
_ENGLISH = "|".join(
    (
        rf"\bwhere(?: is|'s|s| are|'re| has| have| did| was)? (?:{_OWN}|{_NOUN})\b",
        rf"\bwhere {_THIS} (?:is|are|was|went|has)\b",
        rf"\b(?:track|trace|locate|find|check on|check)(?: up on)? {_THIS}",
        rf"\b(?:status|whereabouts|location|progress|tracking|updates?|eta|arrival)(?: \w+){{0,3}}?"
        rf" (?:of|on|for) {_THIS}",
        rf"\b{_NOUN} (?:status|tracking|progress|update)\b|\btracking (?:status|update|info)",
        rf"\bwhen (?:will|does|do|is|are|can|should|would|might)(?: i (?:get|receive|expect|have))?"
        rf" {_THIS}",
        rf"\bwhen {_THIS} (?:will|is|arrives|comes|should)\b",
        rf"\b(?:has|have|did|was|were|is|are|if|whether) {_THIS}[^?.!]{{0,30}}?\b{_MOVED}\b",
        rf"{_THIS}[^?.!]{{0,30}}?\b(?:{_WAS_NOT}|is late|is delayed|is lost|is missing)\b",
        rf"\b(?:{_WAS_NOT}|not|still waiting)(?: \w+)?"
        rf" (?:received|receive|got|gotten|get|seen|for) {_THIS}",
        rf"\bwaiting (?:for|on) {_THIS}",
        rf"\b(?:how long|how much longer|what(?:'s| is| has)? happen(?:ed|ing)?)[^?.!]{{0,30}}?"
        rf" {_MY}",
        r"\b(?:my|the) tracking (?:number|code|id|link)\b",
        rf"^\W*track(?:ing)? (?:an? |the )?{_NOUN}\W*$",
    )
)
_WHEN = "(?:什么时候|啥时候|啥时|何时|几时|几点|哪天|几号|今天|明天)(?:才)?(?:能|会|可以)?(?:够)?"
_NOT_YET = "(?:没有?|未|不)(?:送?到|收到|发货|发|送|动|更新|物流|配送|出库)"
_CHINESE = "|".join(
    (
        "到[哪那]|在哪|[哪那][里儿]了|去[哪那]|走到|状态|进度|跟踪|追踪|动态|签收|丢了|派送|配送|运到",
        f"{_WHEN}(?:[送到发寄收]|配送|出库)|能(?:送|收)?到[吗么]",
        "发货?了?[没吗么]|发出|有没有发|[寄送]出?[到了][没吗么]?|到货?了[没吗么]|催",
        _NOT_YET,
        "查(?:一下|下|查|询)?(?:我的?|这个)?(?:订单|快递|包裹|物流|快件|运单)",
        "(?:物流|快递|订单)(?:信息|情况|单号)",
    )
)
_STATUS = re.compile(f"{_ENGLISH}|{_CHINESE}")
# Said of a parcel though no word for one is in it.
_IMPLIED = re.compile(
    f"(?:怎么|为什么|咋)?还{_NOT_YET}|催单|催一下"
    f"|我(?:的|买的|订的|拍的|下的)[^,。?!]{{0,15}}(?:{_WHEN}[送到发寄收]|发货?了[没吗么]|到[哪那]|到了[没吗么])"
)
# Enough beside the number of an order.
_ABOUT = re.compile(
    r"\b(?:status|eta|arriv\w*|track\w*|locat\w*|where|when|deliver\w*|ship\w*"
    r"|updates? on|receiv\w*)\b"
)
# Of what somebody wants done, or of something else's fate.
_ELSE = re.compile(
    r"\b(?:refunds?|refunded|returns?|returning|cancel|cancell?ing|invoices?|receipts?|address"
    r"|change|exchange|replace|pay|payment|coupon|discount|cost|price|fees?|complain|complaint"
    r"|options?|methods?|policy|policies|charges?|bills?)\b"
    r"|退|换|发票|地址|改|取消|付款|支付|优惠|投诉|运费|邮费|多少钱|差评|补发|赔|价|便宜|售后|维修|坏|发错|填"
)
# How it is done in general.
_HOW = re.compile(
    r"\bhow (?:do|can|could|to|would|should|does)\b|\bwhere (?:do|can|could|should) (?:i|you|we)\b"
    r"|\b(?:can|could|may) i\b|\bis (?:it|there)\b|\bdo you (?!know)"
    r"|怎[么样]?(?:才能|能|可以|去)?(?:查|看|跟踪|追踪|知道|取|下|签收)|如何|(?:在|去|从)?[哪那][里儿]"
    r"(?:可以|能|去|才能)?(?:查|看|找)|什么快递|哪家快递|哪个快递|一般|通常|大概多久"
)
# In Chinese nobody need say whose parcel it is, but who asks in general says "how long".
_GENERAL_CHINESE = re.compile("多久|几天|多长时间|支持|能不能|可不可以|哪些")
_MINE = re.compile("我的?|这[个单]|还没|怎么没")
_ONLY_NUMBER = re.compile(
    rf"\W*(?:(?:my|the|track|{_NOUN}|number|no|id|我的?|订单|快递|包裹|运单|物流|单)(?:编号|号码|号)?"
    rf"[ .:#№]*){{0,4}}{_CODE}\W*"
)


class Asked(NamedTuple):
    """How a question asks. codes: every number in it. named: those that it calls an order's."""

    codes: tuple[str, ...]
    named: tuple[str, ...]
    general: bool  # of orders in general, unless a number of the customer's own is in it


def asked_of(question: str) -> Asked | None:
    """None where the question does not ask where an order is."""
    text = simplified(normalise(question))
    named: dict[str, None] = {}
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            if not _MEASURE.match(text, match.end("code")):
                named[code_of(match["code"])] = None
    lone = _LONE.finditer(text) if any(character.isdigit() for character in text) else ()
    codes = dict.fromkeys(
        code
        for code in (code_of(match["code"]) for match in lone)
        if len(code) >= LONE_CHARACTERS_MIN
    )
    status = _IMPLIED.search(text) is not None or (
        _STATUS.search(text) is not None and (_ORDER.search(text) is not None or bool(named))
    )
    status = status or (bool(named) and _ABOUT.search(text) is not None)
    only_number = bool(named or codes) and _ONLY_NUMBER.fullmatch(text) is not None
    if _ELSE.search(text) or not (status or only_number):
        return None
    general = bool(_HOW.search(text)) or (
        bool(_GENERAL_CHINESE.search(text)) and not _MINE.search(text)
    )
    return Asked(
        tuple([*named, *(code for code in codes if code not in named)][:NAMED_MAX]),
        tuple(named)[:NAMED_MAX],
        general,
    )
