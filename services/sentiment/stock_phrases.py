"""Phrases that a form, a shop or a person with nothing to say put where a review should be."""

from __future__ import annotations

import re

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import clean

_ENGLISH = """
na | n a | none | nil | null | nan | undefined | unknown | blank | empty | nothing | idk | test
testing | no comment | no comments | no comment at all | no further comment | no reply | no review
no additional comments | no reviews | no review yet | no feedback | no remark | no remarks | no text
no content | no description | no opinion | no answer | no response | no title | no review text
comment not provided | not applicable | not available | not provided | nothing to say | see title
nothing to add | nothing to report | nothing to comment | rating only | rating only review
see above | as above | same as above | same as title | ditto | default good review | default review
default positive review | default rating | default positive feedback | default good rating
default 5 star review | default five star review | system default good review
system default positive review | automatic positive review | automatic good review
automatic five star review | auto positive review | positive by default | good review by default
no review text provided | no text provided | no comment provided | no review provided | left blank
review left blank | text left blank | no review given | no comment given | see picture | see photo
see pictures | see photos | see image | see images | see attached photo | photo | photos | image
kein kommentar | keine angabe | keine angaben | sans commentaire | aucun commentaire
sin comentarios | ninguno | ninguna | senza commento | sem comentarios | без комментариев
"""
_PHRASES = frozenset(p.strip() for p in re.split(r"[|\n]", _ENGLISH) if p.strip())
_NO_REVIEW_ENGLISH = re.compile(
    r"(?:(?:the|this) )?(?:user|customer|buyer|client|reviewer|shopper|member|guest|author) "
    r"(?:has |have |did |does |had |left |wrote |gave )?(?:not|n t|no|nothing)(?: yet)?"
    r"(?: (?:leave|left|write|written|fill|filled|fill in|filled in|provide|provided|give|given|"
    r"make|made|post|posted|submit|submitted|enter|entered|add|added))?(?: (?:in|out|any|a|an|the|"
    r"written|text|review|reviews|comment|comments|feedback|evaluation|content))*"
)
_NEGATED = re.compile(r"\b(did|does|has|had|have)n t\b")
_WHO_ENGLISH = "the this user customer buyer client reviewer shopper member guest author"
# Asked first, because nearly every review fails it.
_FIRST_WORDS = frozenset([p.split()[0] for p in _PHRASES] + _WHO_ENGLISH.split())
_FIRST_WORD = re.compile(r"[\W_]*([^\W_]+)")
_WORD = re.compile(r"[^\W_]+")  # what is left of a phrase when punctuation is gone
_ONE_LETTER = re.compile(r"([a-z])\1*")

# Simplified forms of the traditional characters that occur in these phrases.
_SIMPLIFIED = str.maketrans(
    "該這戶買賣顧會員沒寫評價論內發給時間統認預設動對於說見無過遲個",
    "该这户买卖顾会员没写评价论内发给时间统认预设动对于说见无过迟个",
)
_CUE = re.compile("[评評默论論]|自动|自動|预设|預設|内容|內容|文字|留言|描述|意见|意見|说明|說明")
_WHO = "(?:此|该|这位|这个|本|某)*(?:用户|买家|顾客|客户|会员|消费者|评价方|评论者|买方|对方|网友)?"
_NO_REVIEW = re.compile(
    f"{_WHO}(?:超时|逾期|暂时|暂|还|尚|并|也)?(?:没有|没|未|无)(?:有|能|曾)?"
    "(?:及时|按时|在规定时间内)?(?:对商品|对产品|对该商品)?"
    "(?:作出|做出|填写|填|发表|撰写|写下|写|留下|给出|给予|提交|输入|添加|进行|做|提供)?"
    "(?:任何|文字|详细|具体|相关|的)*"
    "(?:评价|评论|评语|点评|留言|反馈|内容|文字|描述|意见|说明)+(?P<rest>.*)"
)
_DEFAULT = re.compile(
    "(?:由|为|被|则|已|将|本条|此评价|此为|超时|逾期|自动|系统|平台|商城|网站|默认|预设|给予|给出|"
    "给|的|五星|5星|满分)*(?:默认|预设|自动|系统)"
    "(?:给予|给出|给|为|的|系统|五星|5星|满分|默认)*(?:好评|评价|评论|五星|满分)+"
)
_CHINESE = """
无 無 没 沒 没有 沒有 暂无 略 如题 同上 见标题 不评价 不想评价 不予评价 懒得评价 懒得写 不想写
默认 已默认 空 未填写 没什么好说的 没什么说的 没啥说的 没啥好说的 没什么可说的 凑字数 凑个字数
图片 圖片 见图 見圖 如图 如圖 看图 看圖 视频 見視頻 图片评价 视频评价 仅图片 晒图 有图 有图有真相
凑够字数 为了凑字数 纯属凑字数 测试 測試
"""
_CHINESE_PHRASES = frozenset(_CHINESE.split())
CHARACTERS_MAX = 64  # a longer text is no stock phrase
_SIGNS_MAX = 16  # around a shop's own phrase


def spelled(phrase: str) -> str:
    """A phrase of a shop's own, as `is_stock_phrase` compares it: its words alone."""
    return _spelled(clean(phrase))


def _spelled(cleaned: str) -> str:
    return " ".join(_WORD.findall(simplified(cleaned).lower()))


def is_stock_phrase(text: str, own: frozenset[str] = frozenset()) -> bool:
    """Whether a text says nothing of a product.

    text: cleaned (`shared.text.normalisation`). own: a shop's phrases, each `spelled`.
    """
    if own and len(text) <= CHARACTERS_MAX + _SIGNS_MAX and _spelled(text) in own:
        return True
    begin = _FIRST_WORD.match(text)
    if begin is None or len(text) > CHARACTERS_MAX:
        return False
    first = begin[1].lower()
    if first in _FIRST_WORDS or _ONE_LETTER.fullmatch(first):
        words = " ".join(_WORD.findall(text.lower()))
        if (
            words in _PHRASES
            or _ONE_LETTER.fullmatch(words)
            or _NO_REVIEW_ENGLISH.fullmatch(_NEGATED.sub(r"\1 not", words))
        ):
            return True
    return not text.isascii() and _is_chinese(first, text)


def _is_chinese(first: str, text: str) -> bool:
    if first in _CHINESE_PHRASES and len(_WORD.findall(text)) == 1:
        return True
    if not _CUE.search(text):
        return False
    words = "".join(_WORD.findall(text)).translate(_SIMPLIFIED)
    if words in _CHINESE_PHRASES or _DEFAULT.fullmatch(words):
        return True
    nobody = _NO_REVIEW.fullmatch(words)
    if nobody is None:
        return False
    return nobody["rest"] in {"", "好评"} or _DEFAULT.fullmatch(nobody["rest"]) is not None
