"""Our own phrases to train the intent model on: `phrases.txt`, templates spelled out."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

PHRASES = Path(__file__).with_name("phrases.txt")
ROWS_PER_TEMPLATE = 12
SEED = 1
# What tests ask of the trained model; never learned from.
_HELD_OUT = """
    where is my parcel | returns | return policy | vouchers | has my parcel shipped
    return an order | my package never came | where can i see my order | do you have a voucher code
    我的包裹在哪里 | 包裹在哪 | 查询订单 | 快递单号查询 | 优惠券怎么领 | 退换货 | 包裹什么时候到
    我的快递在哪里 | 订单查询
    """
HELD_OUT = frozenset(text.strip() for text in re.split(r"[|\n]", _HELD_OUT) if text.strip())

_SLOT = re.compile(r"\{([^{}]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def rows(path: Path = PHRASES) -> list[tuple[str, str]]:
    """(text, intent), at most `ROWS_PER_TEMPLATE` of a template, by chance but always the same."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    words = {}
    for line in lines:
        if line.startswith("= "):
            name, _, listed = line[2:].partition(": ")
            words[name] = listed.split(", ")
    chance = random.Random(SEED)
    found: dict[str, str] = {}
    for line in lines:
        if not line.startswith("= "):
            intent, _, template = line.partition(": ")
            texts = [t for t in spelled(template, words) if t not in HELD_OUT]
            for text in chance.sample(texts, min(ROWS_PER_TEMPLATE, len(texts))):
                found.setdefault(text, intent)
    return list(found.items())


def spelled(template: str, words: dict[str, list[str]]) -> list[str]:
    """Every text that a template stands for. KeyError: a slot has no words."""
    optional = _OPTIONAL.search(template)
    if optional:
        rest = template[: optional.start()], template[optional.end() :]
        return spelled(optional[1].join(rest), words) + spelled("".join(rest), words)
    names = _SLOT.findall(template)
    texts = []
    for chosen in itertools.product(*(words[name] for name in names)):
        text = template
        for name, word in zip(names, chosen, strict=True):
            text = text.replace(f"{{{name}}}", word, 1)
        texts.append(" ".join(text.split()))
    return texts
