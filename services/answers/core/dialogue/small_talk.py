"""Greetings, thanks, goodbyes, and the wish for a person: recognised only where nothing else is in
the line.

Phrases are written as `normalise` leaves texts: lower case, simplified characters.
"""

from __future__ import annotations

import re

_GAP = r"[\s,.!?~…'。、:;)(-]*"


def _line(*phrases: str) -> re.Pattern[str]:
    """A line of such phrases and nothing else."""
    return re.compile(rf"{_GAP}(?:(?:{'|'.join(phrases)})(?![a-z]){_GAP})+")


_NICE = r"(?:there|again|everyone|all|dear|shop|team|please|oh|well)"
_HELLO = (
    r"hi++|hello++|hey++|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
    r"|how are you(?: doing)?(?: today)?|how(?:'s| is) it going|nice to meet you|anybody there"
    r"|is (?:any(?:body|one)|some(?:body|one)) (?:there|here)|are you there"
    r"|(?:你|您|妳|大家)好[啊呀哦]?|哈喽|哈罗|嗨|早上好|上午好|中午好|下午好|晚上好|早安?|在吗|在不在|有人吗"
    r"|你在吗|客服(?:你好|在吗)|亲|最近怎么样|你好吗"
)
_THANKS = (
    r"(?:many |no )?thanks?(?: you)?|thank u|thx|ty|cheers|much appreciated"
    r"|(?:i )?appreciate it|so much|very much|a lot|a bunch|for (?:your|the|all your) (?:help|time)"
    r"|for (?:that|now|everything|helping(?: me)?)|that(?:'s| is| was)? (?:really |very |so )?"
    r"(?:helpful|great|perfect|kind|nice|useful|good)|that (?:helps|helped)(?: (?:a lot|me))?"
    r"|you(?:'ve| have)?(?: been|'re| are)? (?:very |so |really )?(?:helpful|kind|great|the best)"
    r"|(?:非常|太|十分|多)?(?:谢谢|感谢|多谢|谢啦|谢了|谢过)(?:你们?|您|啦|了|啊|哈)*|3q|辛苦(?:了|你了|您了)?"
    r"|帮(?:了?我?)?大忙了?|麻烦(?:你|您)了|你(?:真|太)?(?:好|棒)(?:了)?|太?好了|太棒了|有帮助|很有用"
)
_OK = (
    r"ok(?:ay)?|k|alright|all right|got it|i see|understood|sure|fine|great|cool|perfect|nice|good"
    r"|awesome|wonderful|excellent|lovely|makes sense|sounds good|good to know|ah|oh|hm++|right"
    r"|好++的?[吧呀啊呢哦]?|嗯++|行|可以|明白了?|知道了|了解了?|收到|懂了|原来如此|哦++|没问题"
)
_BYE = (
    r"(?:good ?)?bye++(?: for now)?|bye bye|see (?:you|ya)(?: later| soon)?"
    r"|have a (?:nice|good|great) (?:day|evening|weekend|one)|take care|good ?night|cya"
    r"|farewell|that(?:'s| is| was| will be)"
    r" (?:all|it|everything)(?: for (?:now|today))?|nothing else|no(?:thing)? more questions"
    r"|再见|拜++了?|88|回头见|下次见|晚安|没(?:有)?(?:别的|其他)?(?:问题|事)了|就这些了?|先这样(?:吧)?"
    r"|回见|祝你?(?:愉快|好运)"
)
_WHO = (
    r"(?:so )?(?:are|r) (?:you|u) (?:a |an |really a |just a |even )?(?:real |actual |live )?"
    r"(?:robot|bot|chat ?bot|human|human being|person|real|ai|machine|computer|program)"
    r"(?: or (?:a |an )?(?:real )?(?:robot|bot|human|person|machine|ai|computer))?"
    r"|am i (?:talking|speaking|chatting|writing) (?:to|with) (?:a |an )?(?:real |actual )?"
    r"(?:robot|bot|human|person|machine|ai|computer)(?: or (?:a |an )?\w+)?|is this a "
    r"(?:bot|robot|human|real person|machine)|who are you|what are you|what(?:'s| is) your name"
    r"|你(?:们)?是(?:不是)?(?:个|一个)?(?:机器人|真人|人工|人工智能|ai|人|电脑|程序|活人)"
    r"(?:还是(?:机器人|真人|人工|人))?[吗么嘛呢啊吧]?|是(?:机器人|真人|人工)(?:还是(?:机器人|真人|人工))?[吗么呢]?"
    r"|你是谁|你叫什么(?:名字)?|我在(?:跟|和)(?:机器人|真人|人)(?:说话|聊天)吗"
)
# The first that fits says what the line is; a later one may stand in it.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("greeting", _line(_HELLO, _NICE)),
    ("agreement", _line(_OK, _NICE)),
    ("who", _line(_WHO, _HELLO, _OK, _NICE)),
    ("thanks", _line(_THANKS, _OK, _HELLO, _NICE)),
    ("goodbye", _line(_BYE, _THANKS, _OK, _NICE)),
)
_LETTERS = re.compile(r"[^\W\d_]|\d")
LINE_CHARACTERS_MAX = 120  # what is longer says more

_SOMEBODY = (
    r"(?:(?:a|an|the|your|some|any) )?(?:(?:real|live|actual|human|customer|support|service|sales|"
    r"other) )*(?:humans?|persons?|people|agents?|someone|somebody|representatives?|rep|advisors?|"
    r"advis[eo]rs?|employees?|staff|operators?|colleagues?|customer (?:service|support|care)"
    r"|service|support|manager|supervisor)"
)
_PERSON = re.compile(
    rf"\b(?:talk|speak|chat|write|connect(?: me)?|put me (?:through|on)|transfer(?: me)?"
    rf"|hand me over|pass me(?: on)?|switch(?: me)?|forward me|escalate(?: (?:this|me|it))?)"
    rf" (?:to|with) {_SOMEBODY}\b"
    rf"|\b(?:want|need|get me|give me|prefer|like) (?:to (?:have|see|reach) )?{_SOMEBODY}"
    rf"(?: (?:please|now|instead|to (?:help|talk to|answer)[^?]{{0,20}}))?[\s.!?]*$"
    rf"|^\W*(?:(?:a |the )?(?:real |live )?(?:human|person|agent|representative|operator)"
    rf"(?:,? please)?)\W*$"
    rf"|\bcan (?:a|an) (?:real |live )?(?:human|person|agent) (?:help|take over|answer|call)"
    r"|转(?:接)?(?:到)?(?:一下)?(?:个)?(?:人工|真人|客服)|人工(?:客服|服务|坐席)|(?:找|要|换|叫|接|转|喊)"
    r"(?:一?[个位]|你们的?)?(?:人工|真人|活人|客服|人来)|(?:跟|和|同|与)(?:一?[个位]|你们的?)?"
    r"(?:真人|活人|人工|客服|人)(?:说|聊|谈|讲|沟通|对话|联系)|(?:^|[\s,。!])(?:人工|真人)\W*$"
)
_HOW = re.compile(
    r"\b(?:what|which|when|how (?:do|can|long|much)|hours)\b|几点|电话|怎么联系|多少|上班"
)


def small_talk(text: str) -> str | None:
    """What kind of small talk a line is, and nothing else: greeting, agreement, who, thanks or
    goodbye. text: normalised, simplified."""
    if len(text) > LINE_CHARACTERS_MAX or not _LETTERS.search(text):
        return None
    return next((kind for kind, line in _KINDS if line.fullmatch(text)), None)


def wants_person(text: str) -> bool:
    """Whether somebody asks for a person. text: normalised, simplified."""
    return bool(_PERSON.search(text)) and not _HOW.search(text)
