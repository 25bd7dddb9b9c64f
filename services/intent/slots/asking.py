"""Whether a text looks for goods, whatever its intent was taken for.

A text that is nothing but goods ("robot vacuum", 净水器滤芯), or begins as who looks for some does
("have you got this dress"), is read as a search: a frontend that filters by category needs it no
less where the model was unsure or took it for a question.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .goods import known_goods
from .lexicon import words

if TYPE_CHECKING:
    from .base import Reading
    from .names import Names

_LOOKING = re.compile(
    r"\s*(?:(?:hi|hello|hey|please|sorry)[\s,!.]+)?(?:"
    r"(?:i|we)(?:'m|'re|\sam|\sare)?\s(?:still\s|just\s|really\s)?(?:need|want|looking\sfor|after|"
    r"(?:would|'d)\slike|searching\sfor)\b(?!\sto\b(?!\s(?:buy|get|find|see)))|"
    r"(?:i'd|we'd)\slike\b(?!\sto\b(?!\s(?:buy|get|find|see)))|"
    r"(?:looking|searching)\sfor\b|show\s(?:me|us)\b|find\sme\b|"
    r"(?:do|have)\s(?:you|u)\s(?:guys\s)?(?:sell|have|stock|carry|got|any)\b|got\s(?:any|some)\b|"
    r"(?:any|some)\s(?!of\b)|(?:can|could)\s(?:you|i)\s(?:recommend|suggest|show|get|find|buy)\b|"
    r"recommend\b|suggest\b)"
)
# Words of which a text with one is about something else than goods that are looked for.
_SERVICE = frozenset(
    words(
        """
    order orders ordered return returns returned returning refund refunds refunded exchange
    delivery delivered deliver shipping ship shipped shipment track tracking parcel package courier
    account login password email newsletter address invoice receipt vat tax bill payment pay paid
    paying charged checkout cancel cancelled canceled cancellation complaint complain voucher
    vouchers coupon coupons code codes promo discount balance points loyalty membership number
    policy guide chart manual instructions warranty guarantee repair broken damaged faulty defective
    missing wrong replacement contact support agent human person chat store stores job
    jobs career careers status history details credit debit customs fee fees cost costs charge
    charges recipe recipes news weather score scores results near hotel hotels flight
    flights ticket tickets translate stopped arrived received height width length weight dimensions
    price prices specs specifications ingredients material compatible allergens washable life
    """
    )
)
_ASKING = frozenset(
    words(
        """
    is are was were am be been do does did can could will would should shall may might must has have
    had how what which when where why who whose whom i me my mine you your yours we us our he him
    his she her they them their it its this that these those there here if because but not no don't
    didn't doesn't isn't can't won't a an the to of and who's what's
    """
    )
)
_SIZES = re.compile(r"\bsiz(?:es?|ing)\b(?!\s?\d|\s(?:small|medium|large|x*[sml]\b))")
_ZH_LOOKING = re.compile(
    r"[\s，,]*(?:你好|您好|请问|亲|在吗|hi)?[\s，,]*(?:我|你们|你家|你|店里|这里)?(?:们)?"
    r"(?:想要买|想买|要买|想要|想找|想看|需要|求购|求推荐|求|找|帮我找|帮忙找|给我找|有没有|有卖|"
    r"卖不卖|推荐|买)(?!家|单)"
)
_ZH_SERVICE = re.compile(
    r"订单|单号|下单|退|换|快递|物流|发货|到货|收货|送货|配送|包裹|签收|发票|抬头|税号|地址|优惠|"
    r"折扣|打折|活动|满减|券|红包|积分|会员|客服|人工|支付|付款|付钱|分期|余额|账号|账户|密码|登录|"
    r"登陆|注册|评价|投诉|差评|建议|说明书|包邮|运费|邮费|保修|维修|质保|售后|取消|修改|坏|碎|裂|漏|收到|发错|少发|"
    r"破|尺寸|尺码|材质|参数|功率|怎么|天气|做法|新闻|电话|机票|酒店|攻略"
)
_ZH_ASKING = re.compile(
    r"[吗呢嘛么吧啊?？我你您它他她这那谁哪啥几怎]|什么|多少|多大|多长|能|可以|会|是|没"
)
HAN = re.compile(r"[\u3400-\u9fff]")


def looks_for_goods(reading: Reading, names: Names, of_goods: bool) -> bool:
    """Whether a text of any intent looks for goods that are known.

    of_goods: its intent is a question about some, so that words behind them are about them.
    """
    if HAN.search(reading.rest):
        if _ZH_SERVICE.search(reading.rest):
            return False
        looking = _ZH_LOOKING.match(reading.rest) is not None
        if not looking and _ZH_ASKING.search(reading.rest):
            return False
        return known_goods(reading, names, anywhere=True)
    said = frozenset(reading.token_texts())
    if not _SERVICE.isdisjoint(said) or _SIZES.search(reading.rest):
        return False
    looking = _LOOKING.match(reading.rest) is not None
    if not looking and not (_ASKING.isdisjoint(said) and "?" not in reading.rest):
        return False
    return known_goods(reading, names, anywhere=looking or of_goods)
