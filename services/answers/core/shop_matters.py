"""What shops are asked about besides their products: returns, delivery, payment, accounts.

A question and an entry about the same matter belong together though they share no word ("swap it
for a bigger one", "Can I exchange this for a larger size?"), and where an entry's title is about
another matter, shared words deceive ("pay with bitcoin", "pay by instalments"). Phrases are written
as `normalise` leaves texts: lower case, simplified characters. Own writing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from shopkeeper.shared.text.chinese import simplified
from shopkeeper.shared.text.normalisation import normalise

CHARACTERS_MAX = 400  # of a text that are read
REMEMBERED_MAX = 4096  # texts
_GO = r"(?:deliver\w*|ship\w*|postage|parcels?|packages?|express|courier)"
_PLACES = (
    r"(?:switzerland|norway|austria|france|germany|italy|spain|poland|sweden|denmark|finland"
    r"|ireland"
    r"|scotland|england|the uk|uk|united kingdom|great britain|the eu|europe|hong kong|china|taiwan"
    r"|macau|japan|korea|singapore|canada|australia|india|brazil|mexico|turkey|the us|usa|america"
    r"|belgium|portugal|greece|hungary|iceland|the netherlands|czechia)"
)
_CHINESE_PLACES = (
    "(?:香港|澳门|台湾|大陆|内地|瑞士|挪威|英国|法国|德国|奥地利|意大利|西班牙|波兰|瑞典|丹麦|芬兰"
    "|荷兰|欧盟|欧洲|美国|加拿大"
    "|日本|韩国|新加坡|澳大利亚|澳洲|海外|国外|境外|外国)"
)
# By matter: English, Chinese.
_MATTERS: dict[str, tuple[str, str]] = {
    "delivery time": (
        rf"\b(?:when|how (?:long|soon|fast|quick\w*|many (?:working )?days))\b[^.?!]{{0,40}}"
        rf"(?:\b{_GO}\b|\barriv\w*|\bget (?:here|it|them)\b|\bgets here\b|\bhere\b|\breach me)"
        rf"|\b{_GO} (?:times?|take|takes)\b|\bby (?:tomorrow|friday|monday|the weekend|christmas)\b"
        r"|\b(?:same|next)[- ]day delivery",
        "(?:几天|多久|什么时候|何时|几时|哪天|多长时间|多少天)(?:才|就|能|可以|会|之?内|以?内"
        "|大概)*(?:送?到(?!账)|收到|送达|到货|配送|送货|拿到)"
        "|(?:送货|配送|快递|加急|寄|物流)[^,。?]{0,6}(?:几天|多久|多长时间|多快|什么时候)|配送时间"
        "|(?:下单|付款)[^,。?]{0,6}多久",
    ),
    "delivery cost": (
        rf"\b(?:how much|cost|costs|price|fees?|charges?|free|expensive"
        rf"|pay)\b[^.?!]{{0,30}}\b{_GO}\b"
        rf"|\b{_GO}\b[^.?!]{{0,25}}\b(?:cost|costs|fees?|charges?|free|price|prices|included)\b"
        rf"|\bpostage\b",
        "运费|邮费|快递费|配送费|包邮|免邮|免运|(?:快递|配送|加急|送货|寄)[^,。?]{0,6}(?:多少钱"
        "|收费|免费|贵|要钱)",
    ),
    "late parcel": (
        r"\b(?:late|overdue|delayed)\b|\b(?:still|not|never|hasn't|hasnt|haven't"
        r"|isn't)\b[^.?!]{0,25}"
        r"\b(?:here|arrived|come|received|got|delivered)\b|\b(?:lost|missing) (?:parcel|package)\b",
        "(?:还没|没有|一直没|怎么没|迟迟)[^,。?]{0,4}(?:收到|到|送达|送)|晚了|延误|丢件|丢了|迟到"
        "|超时",
    ),
    "tracking": (
        rf"\b(?:where (?:is|are|s)|track\w*|status|follow)\b[^.?!]{{0,20}}\b(?:orders?|{_GO})\b"
        rf"|\btrack\w*\b",
        "(?:订单|包裹|快递|物流)[^,。?]{0,6}(?:到哪|在哪|哪里|状态|进度|更新)"
        "|查[^,。?]{0,4}(?:物流|快递|订单|包裹)|物流信息",
    ),
    "returns": (
        r"\breturn(?:s|ed|ing|able)?\b|\b(?:send|bring|give)(?: (?:it|\w+(?: \w+)?))?"
        r" back\b|\bchange my mind\b",
        "退货|退回去|退掉|(?:怎么|能|可以|想|要|不能|如何|咋)退(?!款|钱)|退吗|退换|无理由"
        "|[内天]?可以退",
    ),
    "refund": (
        r"\brefund\w*|\bmoney back\b|\bmy money\b|\bget (?:the|my) money\b|\breimburse\w*",
        "退款|退钱|钱[^,。?]{0,6}(?:退|回来|到账)|退的钱|返钱|多久到账",
    ),
    "cancelling": (r"\bcancel\w*", "取消|不想要了(?!.*账)|撤销订单|撤单"),
    "address": (
        r"\baddress\b|\bdeliver(?:ed)? (?:somewhere else|elsewhere|to another)",
        "地址|换个地方收|送到别的地方",
    ),
    "exchange": (
        r"\bexchang\w*|\bswap\w*|\b(?:bigger|larger|smaller|different|another|other|wrong) size\b"
        r"|\b(?:too (?:big|small|large|tight))\b",
        "换货|换[大小一个成]?[一个]?[大小]?[码号尺]|[能可以想]换(?!电|线|成|芯)|换吗|不合适|不合身"
        "|换个(?:颜色|大|小)",
    ),
    "warranty": (r"\bwarrant\w*|\bguarantee\w*", "保修|质保|保固|三包"),
    "instalments": (
        r"\binstal+ments?\b|\bpay(?:ing)? (?:in (?:three|3|parts|rates)|monthly|later|over time)\b"
        r"|\bsplit (?:the|my|it)\b|\b(?:pay|split) (?:it |this )?(?:in|into) (?:parts|\d+|three"
        r"|four)\b",
        "分期|分几?[期次]付?|分[三3]期|先用后付",
    ),
    "payment refused": (
        r"\b(?:declin\w*|refus\w*|reject\w*)\b"
        r"|\b(?:payment|card|paying)\b[^.?!]{0,30}\b(?:fail\w*|not (?:go|work|accept)\w*"
        r"|n't (?:go|work|accept|let)\w*|won't|error|problem)\b",
        "(?:付款|支付|银行卡|刷卡|付钱)[^,。?]{0,5}(?:失败|不了|不成功|没成功|没付成|被拒|出错"
        "|不上)|付不了|付不出去",
    ),
    "charged twice": (
        r"\b(?:charg|paid|pay|debit|bill|deduct|took|taken)\w*\b[^.?!]{0,30}\b(?:twice|double"
        r"|two times"
        r"|2 times|2x|again)\b|\bdouble charge",
        "重复扣|扣[了款]?[^,。?]{0,3}[两二2]次|[两二2]次[^,。?]{0,4}(?:扣|钱|款)|多扣|扣两遍",
    ),
    "ways to pay": (
        r"\bpay(?:ing|ment)? (?:with|by|via|using|on|through)\b(?! instal| parts)"
        r"|\bpay(?:ment)? (?:methods?|options?|ways?)\b"
        r"|\b(?:accept|take) (?:paypal|visa|mastercard|credit|debit|cards?|cash|apple|google|amex"
        r"|bitcoin|klarna)"
        r"|\b(?:bitcoin|crypto\w*|paypal|klarna|apple pay|google pay|cash on delivery)\b",
        "付款方式|支付方式|怎么付款|如何付款|货到付款|支付宝|微信(?:支付|付)|比特币|信用卡付"
        "|刷(?:信用)?卡吗|paypal|现金",
    ),
    "password": (
        r"\bpassword\b|\b(?:can't|cannot|can not|cant|unable to) (?:log|sign) ?in\b|\blocked out\b",
        "密码|登录不[了上]|登不上|登不进|无法登录",
    ),
    "deleting an account": (
        r"\b(?:delet|clos|remov|eras|cancel|get rid of)\w*\b[^.?!]{0,20}\b(?:account|my data"
        r"|profile)\b"
        r"|\baccount\b[^.?!]{0,20}\b(?:delet|clos|remov|eras)\w*",
        "注销|(?:删除?|关闭|不要|不想要|停用)[^,。?]{0,4}(?:账[号户]|帐[号户])|(?:账[号户]"
        "|帐[号户])[^,。?]{0,6}(?:不要|不想要|删|关|停)",
    ),
    "abroad": (
        rf"\b(?:abroad|overseas|international\w*|countries|other country|outside)\b"
        rf"|\b(?:{_GO}|send|sent|deliver)\b[^.?!]{{0,20}}\bto {_PLACES}\b",
        f"(?:寄|送|发|配送|运)[^,。?]{{0,6}}{_CHINESE_PLACES}|哪些国家"
        f"|{_CHINESE_PLACES}[^,。?]{{0,4}}(?:寄|送|发货|配送)|海外|国外",
    ),
    "broken": (
        r"\b(?:broken|broke|damaged|defect\w*|faulty|smashed|cracked|shattered|in pieces|torn)\b"
        r"|\b(?:does|did|do)(?:n't| not) work\b|\bnot working\b",
        "坏[了的掉]|破损|破了|碎[了的]|损坏|裂了|摔坏|有瑕疵|质量问题|不能用了|用不了",
    ),
    "voucher": (
        r"\b(?:voucher|coupon|promo\w*|discount)s?\b|\bnew customers?\b|\bfirst order\b",
        "优惠[券码]?|折扣|打折|促销|代金券|新(?:用户|客|人)|首单|第一次买",
    ),
    "choosing a size": (
        r"\bsize (?:chart|guide|table)s?\b|\b(?:which|what) size (?:should|do|shall|would)\b"
        r"|\bbetween (?:two )?sizes\b",
        "尺码表|尺寸表|选[^,。?]{0,4}[码号]|[穿买]多大|多大码合适",
    ),
    "gift card": (r"\bgift ?cards?\b", "礼品卡|礼物卡|购物卡"),
    "gift wrapping": (
        r"\bgift[- ]?wrap\w*|\bwrap(?:ped)? (?:it|as a gift)",
        "礼品包装|礼物包装|包装成礼物|送礼包装",
    ),
    "invoice": (r"\binvoices?\b|\breceipts?\b|\bvat\b", "发票|收据|开票|税号"),
    "stores": (
        r"\b(?:physical|real|local) (?:store|shop)s?\b|\b(?:store|shop|branch|showroom)s? (?:in"
        r"|near|to visit)\b"
        r"|\bvisit (?:you|the|your)\b|\bpick ?up in\b|\bin[- ]store\b|\bcollect (?:it|my)\b",
        "实体店|门店|线下|自提|店面|到店",
    ),
    "reaching the shop": (
        r"\bphone number\b|\bopening (?:hours|times)\b|\b(?:call|phone|reach|email|contact) (?:you"
        r"|someone)\b"
        r"|\bhow (?:can|do) i (?:contact|reach)\b",
        "电话|营业时间|几点(?:上班|下班|开门|关门)|怎么联系|联系方式|邮箱|微信号",
    ),
    "price match": (
        r"\bprice[- ]match\w*|\bmatch (?:the |your )?prices?\b|\bcheaper (?:elsewhere|at another"
        r"|somewhere)\b"
        r"|\blowest price\b|\bprice (?:protection|guarantee|drops?)\b",
        "价保|保价|价格保护|降价|差价|比别家贵|同款更便宜",
    ),
    "customs": (r"\bcustoms\b|\bimport (?:dut\w+|tax\w*)\b", "关税|海关|清关"),
    "bulk orders": (
        r"\bwholesale\b|\bbulk\b|\bcompany order\b|\bb2b\b",
        "批发|团购|企业采购|大量购买",
    ),
    "subscriptions": (r"\bsubscri\w*|\bnewsletter\b", "订阅|邮件列表"),
    "loyalty": (r"\bloyalty\b|\bpoints\b|\bmembership\b|\bbonus\b", "会员|积分"),
    "groups with discounts": (
        r"\bstudents?\b|\bseniors?\b|\bteachers?\b",
        "学生优惠|学生折扣|教师",
    ),
    "old goods": (
        r"\btrade[- ]?in\b|\brecycl\w+ (?:my|old)\b|\bsecond[- ]hand\b|\brefurbish\w*",
        "以旧换新|二手|翻新",
    ),
    "jobs": (r"\bjobs?\b|\bvacanc\w+|\bhiring\b|\bcareers?\b", "招聘|应聘"),
}
MATTERS: dict[str, re.Pattern[str]] = {
    name: re.compile(f"{english}|{chinese}") for name, (english, chinese) in _MATTERS.items()
}

# Who speaks of the first does not ask about the second, though words for it are there too.
_RATHER = (
    ("delivery cost", "delivery time"),
    ("refund", "delivery time"),
    ("late parcel", "delivery time"),
    ("abroad", "delivery time"),
    ("payment refused", "ways to pay"),
    ("instalments", "ways to pay"),
    ("deleting an account", "cancelling"),
    ("exchange", "returns"),
    ("returns", "cancelling"),
    ("price match", "voucher"),
    ("gift wrapping", "gift card"),
)


@lru_cache(maxsize=REMEMBERED_MAX)
def matters_of(text: str) -> frozenset[str]:
    """The matters that a text speaks of; empty where it speaks of none. Reads its beginning."""
    plain = simplified(normalise(text[:CHARACTERS_MAX]))
    found = {name for name, pattern in MATTERS.items() if pattern.search(plain)}
    return frozenset(found - {less for more, less in _RATHER if more in found})
