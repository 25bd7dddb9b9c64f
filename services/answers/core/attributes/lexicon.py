"""How customers ask for attributes, how catalogues name them, and what they are called in answers.

Phrases are written as `normalise` leaves texts: lower case, simplified characters.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Attribute(NamedTuple):
    """One attribute of products."""

    name: str
    english: str  # in "the ... of X is"
    chinese: str
    keys: frozenset[str]  # as catalogues name it
    asked: re.Pattern[str]  # a phrase that asks for it


def _any(english: str, chinese: str) -> re.Pattern[str]:
    phrases = [rf"\b{re.escape(phrase)}\b" for phrase in _listed(english)]
    phrases += [re.escape(phrase) for phrase in _listed(chinese)]
    # "size chart" and 尺码表 are pages of the shop, not attributes.
    return re.compile(
        f"(?:{'|'.join(sorted(phrases, key=len, reverse=True))})(?!表| (?:chart|guide))"
    )


def _listed(text: str) -> list[str]:
    return [phrase.strip() for phrase in text.split("|")]


# In the order in which they are looked for: "how much is the waterproof jacket" asks for a price.
ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "price",
        "price",
        "价格",
        frozenset(),  # of the product itself
        _any(
            "how much is|how much are|how much does|how much do|how much for|how much|how expensive"
            "|what is the price|what's the price|whats the price|price|prices|cost|costs|priced",
            "多少钱|什么价格|什么价位|什么价|价位|啥价|价格是多少|价格多少|价格|价钱|售价是多少|售价|单价|几块钱"
            "|几元|多少元|怎么卖|卖多少|要多少",
        ),
    ),
    Attribute(
        "availability",
        "availability",
        "库存",
        frozenset(),
        _any(
            "in stock|out of stock|sold out|back in stock|available|availability|stock",
            "现在能买|还能买|能买到|有没有货|有没有现货|有现货|有货|没货|现货|库存|缺货|断货|卖完|售罄|买得到",
        ),
    ),
    Attribute(
        "brand",
        "brand",
        "品牌",
        frozenset({"brand", "manufacturer", "maker", "品牌"}),
        _any(
            "what brand|which brand|brand|who makes|who made|manufacturer|which company makes",
            "什么牌子|哪个牌子|什么品牌|哪个品牌|品牌|牌子|哪家生产|谁生产",
        ),
    ),
    Attribute(
        "waterproof",
        "waterproof",
        "防水",
        frozenset({"waterproof", "water_resistant", "water_resistance", "is_waterproof", "防水"}),
        _any("waterproof|water proof|water resistant|water-resistant|rainproof", "防水"),
    ),
    Attribute(
        "material",
        "material",
        "材质",
        frozenset({"material", "materials", "fabric", "材质", "面料", "材料"}),
        _any(
            "what material|which material|what fabric|material|materials|fabric|made of"
            "|made out of|made from",
            "什么材质|什么材料|什么面料|什么料子|材质|面料|材料|用什么做",
        ),
    ),
    Attribute(
        "weight",
        "weight",
        "重量",
        frozenset({"weight", "重量", "净重"}),
        _any("how heavy|what weight|weight|weigh|weighs", "有多重|多重|重量|净重|几斤|多少克"),
    ),
    Attribute(
        "size",
        "size",
        "尺寸",
        frozenset({"size", "sizes", "dimensions", "dimension", "尺寸", "尺码", "大小"}),
        _any(
            "what sizes|what size|which sizes|which size|sizes|size|dimensions|how big|how large",
            "什么尺寸|什么尺码|哪些尺码|尺寸|尺码|多大|大小",
        ),
    ),
    Attribute(
        "colour",
        "colour",
        "颜色",
        frozenset({"colour", "color", "colours", "colors", "颜色"}),
        _any(
            "what colours|what colors|what colour|what color|which colours|which colors"
            "|which colour|which color|colours|colors|colour|color",
            "什么颜色|哪些颜色|哪几种颜色|几种颜色|别的颜色|其他颜色|颜色",
        ),
    ),
)
BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}
NAME_OF_KEY = {key: attribute.name for attribute in ATTRIBUTES for key in attribute.keys}

# The normal form, then other words for it. A question for one of them needs no word for "colour".
_COLOURS = """
red 红色 红 | blue 蓝色 蓝 | green 绿色 绿 | black 黑色 黑 | white 白色 白 | grey gray 灰色 灰 |
yellow 黄色 黄 | orange 橙色 橘色 | purple violet 紫色 紫 | pink 粉色 粉红色 粉 | brown 棕色 咖啡色
褐色 | beige 米色 | silver 银色 银 | gold golden 金色 金 | navy 藏青色 深蓝色 |
turquoise 绿松石色 青色 | khaki 卡其色 | burgundy maroon 酒红色 酒红 | teal 蓝绿色 |
lilac lavender 淡紫色 薰衣草紫 |
charcoal 炭灰色 炭灰 | graphite 石墨灰 石墨色 | indigo 靛蓝色 靛蓝 | magenta 品红色 品红 |
aqua 水蓝色 水蓝 湖蓝色 湖蓝 | bronze 青铜色 | crimson 深红色 绯红 | ivory 象牙白 象牙色 |
cream 奶油色 奶油白 米白色 米白 | mint 薄荷绿 薄荷色 | olive 橄榄绿 橄榄色 | sand 沙色 沙滩色 |
rose 玫瑰粉 玫瑰色 | peach 蜜桃色 桃色 | coral 珊瑚色 珊瑚红 | champagne 香槟色 香槟金 |
mustard 芥末黄 姜黄色 | camel tan 驼色 | lime 青柠色 | plum 梅子色 | sage 鼠尾草绿 |
copper 古铜色 铜色 | celadon 青瓷色 | ember 橙红色 橙红 | moss 苔绿色 苔绿
"""
# Of these, words that are no colours elsewhere: asked for "in mint", not "with mint".
_AMBIGUOUS = """
ivory cream mint olive sand rose peach coral champagne mustard camel tan lime plum sage copper ember
moss bronze
"""
AMBIGUOUS_COLOURS = frozenset(_AMBIGUOUS.split())
COLOUR_OF: dict[str, str] = {
    word: words[0] for words in (part.split() for part in _COLOURS.split("|")) for word in words
}
CHINESE_COLOUR = {
    normal: next(word for word, of in COLOUR_OF.items() if of == normal and not word.isascii())
    for normal in COLOUR_OF.values()
}

# Words around the attribute and the product's name that ask for nothing else.
_FILLER_WORDS = """
    a an the is are was it it's its this that these those they there do does did you have has had
    can could may i get we what what's whats which of for in on with and or your our any please tell
    me about one ones come comes item items product products article still now currently today right
    at moment be been will would like to know if whether how hi hello hey thanks thank so also long
    make makes made sell sells offer buy by much many soon yet again another other others different
    pls plz
"""
FILLERS = frozenset(_FILLER_WORDS.split())
CHINESE_FILLERS = re.compile(
    "请问|你好|您好|想知道|想问|问一下|一下|现在|目前|这个|那个|这款|那款|这件|那件|这双|这台|这种"
    "|什么|多少|哪些|商品|产品|宝贝|东西|有没有|是不是|能不能|可以|谢谢|里面|还有|[这那它他的了吗嘛呢"
    "啊呀吧么是有没还你您们我请问款件个双台支只条瓶本张把部在到和跟与及能会要买卖做用为]"
)
