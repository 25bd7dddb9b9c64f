"""Emoji by what they say of a product: as a word that the models know, and as a polarity.

By hand; what is not listed stays the symbol that it is. An emoji that people use both ways
(a laughing face, a face in tears of joy) is left out rather than guessed.
"""

from __future__ import annotations

from typing import NamedTuple


class Feeling(NamedTuple):
    """What a kind of emoji stands for. polarity: -2 (very bad) to 2 (very good)."""

    english: str
    chinese: str
    polarity: int


_KINDS: tuple[tuple[Feeling, str], ...] = (
    (Feeling("love", "喜欢", 2), "❤♥❣💓💕💖💗💘💙💚💛💜💝💞💟🖤🤍🤎🧡🩷🩵🫶😍🥰😘😻🤩😚😙😗💋"),
    (Feeling("great", "很好", 2), "👍👌👏🙌💯🏆🥇🌟⭐✨🎉🎊💪👑💎🤟🤘🆒🔝🫰"),
    (Feeling("happy", "开心", 1), "😀😃😄😁😊☺🙂😇😋😎🤗😌😺😸🥳🤤😉☻🤠✅✔☑👋🌹🌸💐"),
    (Feeling("thanks", "谢谢", 1), "🙏"),
    (Feeling("angry", "生气", -2), "😡😠🤬👿😤💢😾🖕👹"),
    (Feeling("terrible", "太差", -2), "👎💩🤮🤢🗑☠"),
    (Feeling("bad", "不好", -1), "❌✖🚫⛔😒🙄😑😕😖😣😩😫🤦😬🥱🤡😷☹🙁😟😧😦"),
    (Feeling("disappointed", "失望", -1), "💔😞😔😢😥😓😿😰😭"),
)
FEELINGS: dict[str, Feeling] = {sign: kind for kind, signs in _KINDS for sign in signs}
EMOTICONS: dict[str, int] = {
    **dict.fromkeys((":)", ":-)", ":]", "=)", ":')", "(:", ";)", ";-)", "^^", "^_^", ":3"), 1),
    **dict.fromkeys((":D", ":-D", "=D", "<3", "♡", "\\o/", "+1"), 2),
    **dict.fromkeys((":(", ":-(", ":[", "=(", "):", ":'(", ":/", ":-/", ":|", "-_-", "T_T"), -1),
    **dict.fromkeys((">:(", "D:", "</3", "-1"), -2),
}
