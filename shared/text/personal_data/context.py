"""What the words before a number say that it is: an order, a phone, a card.

The nearest such word counts, within `REACH` characters and not across something found already.
"""

from __future__ import annotations

import re
from enum import Enum

from .folding import BLANK

REACH = 32


class Said(Enum):
    """What the words before a number call it."""

    NOTHING = 0
    THING = 1  # an order, a parcel, a product: not a person's
    PHONE = 2
    CARD = 3
    ID_NUMBER = 4
    ACCOUNT = 5
    POSTCODE = 6


_WORDS = {
    Said.THING: (
        r"orders?|purchase|tracking|track|parcel|shipment|package|invoice|receipt|sku|isbn|"
        r"ean|upc|gtin|asin|model|serial|s/n|part|item|product|batch|lot|barcode|reference|ref|"
        r"ticket|case|version|firmware|coupon|voucher|code|po|rma|awb|waybill",
        "订单|訂單|单号|單號|运单|运号|快递号|物流|型号|型號|货号|貨號|编号|編號|条码|条形码|"
        "流水号|"
        "发票|序列号|批号|款号|版本|券码|优惠码|取件码|验证码|价格|金额",
    ),
    Said.PHONE: (
        r"phones?|telephone|tel|mobile|mob|cell|cellphone|call|calling|text|sms|whatsapp|ring|fax|"
        r"reach|contact|dial|viber|signal",
        "电话|電話|手机|手機|联系|聯繫|聯絡|致电|来电|拨打|打给|打我|短信|座机|固话|号码|传真",
    ),
    Said.CARD: (
        r"card|visa|mastercard|amex|american express|unionpay|debit|credit|pan",
        "卡号|卡號|银行卡|信用卡|储蓄卡|借记卡|银联",
    ),
    Said.ID_NUMBER: (
        r"ssn|social security|passport|id number|id no|id card|identity|national id|nino|"
        r"national insurance|ni number|licen[cs]e|driver'?s|tax id|itin",
        "身份证|身分證|身份證|证件|證件|护照|護照|驾照|驾驶证|通行证|社保|港澳",
    ),
    Said.ACCOUNT: (
        r"bank account|account|acct|iban|sort code|routing",
        "账号|帳號|账户|帐号|帐户|收款账|开户",
    ),
    Said.POSTCODE: (
        r"zip|zip ?code|postal code|postcode|"
        r"post code",
        "邮编|郵編|邮政编码|郵遞區號",
    ),
}
# Between such a word and its number: "order number is", "订单号是：". For a thing nothing else may
# stand there; a telephone may be named a little before.
_LINK = re.compile(
    r"(?:[ :#=.,(\"'-]|numbers?|nos?\b|num|id|code|is|was|are|号码|号|號|码|碼|是|为|為)*",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[!?;\n,。、]|\.(?=\s)")
_GROUP = {f"{said.name}": said for said in _WORDS}
_KEY = re.compile(
    "|".join(
        rf"(?P<{said.name}>(?<![a-z])(?:{english})(?![a-z])|{chinese})"
        for said, (english, chinese) in _WORDS.items()
    ),
    re.IGNORECASE,
)


def said_before(text: str, start: int) -> Said:
    """What the nearest word before text[start] says that comes; NOTHING where none does."""
    before = text[max(0, start - REACH) : start]
    before = before[before.rfind(BLANK) + 1 :]
    found = Said.NOTHING
    end = 0
    for match in _KEY.finditer(before):
        found, end = _GROUP[match.lastgroup or ""], match.end()
    if found is Said.THING and not _LINK.fullmatch(before, end):
        return Said.NOTHING
    if found is not Said.NOTHING and _SENTENCE_END.search(before.rstrip(), end):
        return Said.NOTHING
    return found
