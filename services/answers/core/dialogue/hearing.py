"""What a line says of the line before it: that it goes on, that it corrects, what "it" is.

Phrases are written as `normalise` leaves texts: lower case, simplified characters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..attributes.lexicon import COLOUR_OF

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['.-][^\W_\u3400-\u9fff]+)*")
ENGLISH_SHORT, CHINESE_SHORT = 5, 8  # words, characters: hardly a sentence

_POLITE = re.compile(
    r"^(?:(?:ok(?:ay)?|k|great|thanks?(?: you)?|thx|cool|good|perfect|nice|alright|right|sure|well"
    r"|hm+|oh|ah|i see|got it|fine|yes|yeah|yep|please|hi|hello|hey)\b[\s,.!:;-]*"
    r"|(?:好+的?|嗯+|哦+|谢谢(?:你|您)?|明白了?|知道了|了解|行|是的|对|你好|您好|请问)[\s,.!。、:]*(?![^\s,.!。、:]?$))+"
)
_LEADS_ENGLISH = (
    r"(?:and|also|but|then|so|plus|or)\b[\s,]*(?:(?:what|how) about|what if|what of)?\b"
    r"|(?:what|how) (?:about|of)\b|what if\b|same (?:question )?(?:for|with|about)\b|now\b"
    r"|(?:and )?for\b(?= (?:the|a|this|that|it)\b)"
)
_LEADS_CHINESE = (
    r"那么?(?![个款件双台只支条些边里种儿把部瓶张顶本辆套位会])(?:如果|要是|换成)?|那(?=个?(?:第|最))"
    r"|还有(?![货没吗别其多])|另外(?!那|的|一)|然后|以及|如果是|要是|换成|同样的问题|至于|而"
)
_LEAD = re.compile(rf"^(?:(?:{_LEADS_ENGLISH}|{_LEADS_CHINESE})[\s,]*)+")
_GOES_ON = re.compile(
    r"(?<=.)呢[\s?.!。~]*$|\b(?:too|as well|then|instead)[\s?.!]*$|也(?:是|一样|可以)?[吗么]"
)
_ENGLISH_END = re.compile(r"(?<=\w)[\s,]+(?:too|as well|then|instead|though)[\s?.!]*$")
_CHINESE_END = re.compile(r"[吧呢啊呀]?[\s?.!。~]*$")

_NO = (
    r"(?:(?:no|nope|nah|sorry|oops|wait|hang on|hold on|actually|apologies|my (?:mistake|bad)|wrong"
    r"(?: one| product| item)?|not (?:that|this)(?: one)?|that(?:'s| is)? (?:not (?:it|that|right"
    r"|what i (?:meant|asked|want(?:ed)?))|wrong)|i (?:misspoke|mistyped)|excuse me)\b[\s,.!:;-]*)"
)
_MEANT = (
    r"(?:(?:(?:i )?(?:mean|meant)"
    r"|i(?:'m| am| was)? (?:talking|asking|thinking|asked) (?:about|of|for)"
    r"|i (?:want(?:ed)?|need(?:ed)?) (?:to (?:know|ask)(?: about)?)?|make that|make it|rather"
    r"|instead|it(?:'s| is| was)|the question was(?: about)?|i (?:was )?(?:referring|referred) to"
    r"|let me (?:correct|rephrase)(?: that| this)?)\b[\s,:]*(?:to say\b)?[\s,:]*)"
)
_CORRECTS_ENGLISH = re.compile(
    rf"^(?:{_NO}+{_MEANT}?|{_MEANT.replace('(?:i )?(?:mean', 'i (?:mean')})"
)
_NO_CHINESE = (
    r"(?:(?:不是的?(?=[,。!\s]|我)|不对|不不+|错了|(?:我)?(?:说|搞|打|弄|写|问|看)错了?|抱歉|对不起|不好意思|等等|等一下"
    r"|哎呀?|噢|不(?=[,。!\s]))[\s,.!。、]*)"
)
_MEANT_CHINESE = (
    r"(?:(?:我(?:是|要|想)?(?:说|问|指|讲)的?(?:其实)?(?:是|的是)?|我的意思是|应该是|其实是|其实我(?:想)?(?:问|说)的是"
    r"|是说|是指|是问|改成|换成)[\s,:]*)"
)
_CORRECTS_CHINESE = re.compile(
    rf"^(?:{_NO_CHINESE}+{_MEANT_CHINESE}?"
    rf"|我(?:是说|的意思是|说的是|问的是|指的是|想问的是|要问的是|想说的是|是指|是问)[\s,:]*|应该是|其实是)"
)
# "not the tent, the stove"; "the stove, not the tent"; 不是帐篷,是炉子
_REFUSED = re.compile(
    r"^not (?:for |about |in )?[^,.;!?]{1,60}?(?:[,;.!]|\bbut\b)[\s-]*(?:but |it's |i mean(?:t)? )*"
    r"|[,;]? (?:and )?not (?:for |about |in )?"
    r"(?!\w+ [^,.;!?]*\b(?:is|are|does|do)\b)[^,.;!?]{1,60}$"
    r"|^不(?:是|要)[^,。!?]{1,30}[,。!\s]+(?:而?是|我(?:要|说|问)(?:的)?是?|要)?"
    r"|[,。!\s]+(?:而)?不(?:是|要)[^,。!?]{1,30}[.!。?]*$"
)
_IT = re.compile(
    r"\b(?:it|it's|its|that|this|these|those|they|them|their|they're|that's|the same)\b"
    r"|它们?|[这那][个款件双台只支条种把部瓶张顶本辆套一]|这(?:产品|商品|东西)|该(?:产品|商品)"
)
_COLOUR = re.compile(
    "|".join(
        rf"\b{word}\b" if word.isascii() else word
        for word in sorted(COLOUR_OF, key=len, reverse=True)
    )
)
_COLOUR_AROUND = re.compile(
    r"\b(?:in|is|are|it|its|it's|there|do you have|have|a|an|the|any|one|ones|come|comes|does|with"
    r"|colou?r|version|for|me|you|got|get|can i|i|please|of|that|this|maybe|available|them|they|too"
    r"|as well|instead)\b|[有没的呢吗么嘛款色是要个这那版买到]|[^\w]"
)
_TALK = re.compile(
    r"\b(?:i(?:'m| am)?|we|looking|look|interested|interest|want|wants|show|mean|meant|see"
    r"|seen|found|considering|thinking|like|love|buy|buying|bought|ask|asking|question|questions|know|more"
    r"|something|anything|here|just|only|let's|talk|talking|choose|take|go|going|pick|prefer|yes|no"
    r"|not|same|maybe|perhaps|actually|rather|instead|too|well|sorry|think|one|ones|from|by|made"
    r"|version|model)\b|[我说想看要问指买选就种关于换成对喜欢挑牌]|感兴趣|了解|介绍|意思|应该|知道|一样|同样|版本|型号"
)


class Heard(NamedTuple):
    """A line without what ties it to the line before. text: normalised, simplified."""

    text: str
    goes_on: bool  # "and ...", "what about ...", 那...呢
    corrects: bool  # "no, I meant ..."
    points: bool  # "it", "that one", 这个
    short: bool


def heard(text: str) -> Heard:
    """text: normalised, simplified; a whole question comes out as it is."""
    rest = text.strip()
    stripped = _POLITE.sub("", rest, count=1)
    corrects = False
    for pattern in (_CORRECTS_ENGLISH, _CORRECTS_CHINESE):
        for _ in range(2):
            match = pattern.match(stripped)
            if match and match.end():
                corrects, stripped = True, stripped[match.end() :].lstrip(" ,.:;!")
    refused = _REFUSED.search(stripped)
    if refused and (corrects or refused.start() == 0):
        left = (stripped[: refused.start()] + " " + stripped[refused.end() :]).strip(" ,.:;!")
        if left:
            corrects, stripped = True, left
        again = _CORRECTS_ENGLISH.match(stripped) or _CORRECTS_CHINESE.match(stripped)
        if again and again.end():
            stripped = stripped[again.end() :]
    lead = _LEAD.match(stripped)
    goes_on = bool(lead and lead.end()) or bool(_GOES_ON.search(stripped))
    if lead and stripped[lead.end() :].strip(" ,.?!。"):
        stripped = stripped[lead.end() :]
    if goes_on or corrects:
        stripped = _CHINESE_END.sub("", _ENGLISH_END.sub("", stripped))
    words = _WORD.findall(stripped)
    chinese = sum("\u3400" <= word[0] <= "\u9fff" for word in words)
    short = len(words) <= (CHINESE_SHORT if chinese else ENGLISH_SHORT)
    return Heard(stripped.strip() or rest, goes_on, corrects, bool(_IT.search(stripped)), short)


def colour_alone(text: str) -> str | None:
    """The colour, in its normal form, that a line has and nothing else: "in blue", 蓝色的."""
    found = _COLOUR.search(text)
    if found is None:
        return None
    rest = text[: found.start()] + " " + text[found.end() :]
    return None if _COLOUR_AROUND.sub("", rest) else COLOUR_OF[found[0]]


def without_talk(text: str) -> str:
    """A line without words that say only that something is spoken of."""
    return _TALK.sub(" ", text)
