"""A text as the grammar reads it: one character for one, so that offsets hold in the original."""

from __future__ import annotations

import unicodedata

from shopkeeper.shared.text.chinese import simplified

# Traditional characters of the grammar's own words: some stand in simplified texts as well, and are
# changed here wherever they stand.
_TRADITIONAL = dict(
    zip(
        "紅藍綠黃號雙個訂單碼條內過銀錢塊兩萬億間從於達淺顏編運幣圓歐鎊價貴雞張對盒電視機褲鞋襪",
        "红蓝绿黄号双个订单码条内过银钱块两万亿间从于达浅颜编运币圆欧镑价贵鸡张对盒电视机裤鞋袜",
        strict=True,
    )
)
REMEMBERED_MAX = 8192  # characters
_SAME = {
    "’": "'",
    "‘": "'",
    "＇": "'",
    "×": "x",
    "–": "-",
    "—": "-",
    "−": "-",
    "～": "~",
    "〜": "~",
}


def _one(character: str) -> str:
    """The folded character; whatever would become several, or none, stays as it is."""
    character = _SAME.get(character, character)
    for form in (unicodedata.normalize("NFKC", character), character):
        folded = form.lower()
        if len(folded) == 1:
            return _TRADITIONAL.get(folded, " " if folded.isspace() else folded)
    return character


def fold(text: str) -> str:
    """Lower case, half width, one kind of dash, apostrophe and white space; as long as `text`."""
    if text.isascii():
        lower = text.lower()
        return lower if lower.isprintable() else lower.translate(_ASCII_SPACE)
    return simplified(text.translate(_FOLDED))


class _Folded(dict[int, str]):
    """Folded characters by code point, remembered as they are met."""

    def __missing__(self, point: int) -> str:
        folded = _one(chr(point))
        if len(self) < REMEMBERED_MAX:
            self[point] = folded
        return folded


_FOLDED = _Folded()
_ASCII_SPACE = {ord(character): " " for character in "\t\n\r\v\f\x1c\x1d\x1e\x1f"}
