"""Texts with planted personal data and clean look-alikes, written for these tests, from a seed.

Nobody's: mail at reserved domains or at made-up boxes, telephone numbers set aside for fiction or
of made-up digits, card numbers that networks publish for tests or that begin as a network's do,
identity numbers of regions and days that were never issued.

The rules were developed on the part "develop". The part "held back" has other sentences, other
spellings of the data and another seed; it was written before the rules and showed five faults of
theirs, since mended. The part "last" was written after that.
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, NamedTuple

from shopkeeper.shared.text.personal_data import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ("develop", "held back", "last")
LANGUAGES = ("en", "zh")


class Planted(NamedTuple):
    """A text; text[start:end] is personal data of this kind."""

    text: str
    kind: Kind
    start: int
    end: int


def digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def with_luhn(number: str) -> str:
    """The digits with the check digit that makes their Luhn sum end in 0; tried, not computed."""
    return next(
        number + check
        for check in "0123456789"
        if sum(
            sum(divmod(int(d) * (2 if i % 2 else 1), 10))
            for i, d in enumerate(reversed(number + check))
        )
        % 10
        == 0
    )


def resident(chance: random.Random) -> str:
    """A valid check character on a region that does not exist (xx99xx)."""
    day = f"{chance.randint(1950, 2005)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    region = f"{chance.choice('1234')}{chance.randint(1, 4)}99{digits(chance, 2)}"
    body = region + day + digits(chance, 3)
    total = sum(pow(2, 17 - i, 11) * int(d) for i, d in enumerate(body))
    return body + "10X98765432"[total % 11]


def card(chance: random.Random) -> str:
    known = ("4111111111111111", "5555555555554444", "4012888888881881", "5105105105105100")
    made = with_luhn(
        chance.choice(("4", "51", "55", "35", "6011", "62")).ljust(15, "0")[:6] + digits(chance, 9)
    )
    return chance.choice(
        (*known, made if made[:2] != "35" else known[0], made if made[:2] != "35" else known[1])
    )


def fours(number: str, mark: str) -> str:
    return mark.join(number[i : i + 4] for i in range(0, len(number), 4))


def iban(chance: random.Random) -> str:
    body = "WEST" + digits(chance, 14)
    turned = "".join(str(int(c, 36)) for c in body + "GB00")
    return f"GB{98 - int(turned) % 97:02}{body}"


NAMES = (
    "mia.stone",
    "tom_88",
    "j.doe",
    "anna-lee",
    "k.novak+shop",
    "blueskies2020",
    "r2d2fan",
    "pat",
)
HOSTS = (
    "example.com",
    "example.org",
    "mail.example.net",
    "gmail.com",
    "qq.com",
    "163.com",
    "yahoo.co.uk",
)
STREETS = (
    "Maple",
    "Old Mill",
    "Station",
    "Kingfisher",
    "Queen Anne",
    "Cedar Hill",
    "5th",
    "N. Lincoln",
)
TOWNS = (
    "Fairview, OH 45011",
    "Springfield, IL 62704",
    "Riverton, WY 82501",
    "Leeds LS1 4AP",
    "London SW1A 1AA",
)


def us_phone(chance: random.Random, form: str) -> str:
    return form.format(
        area=chance.choice(("212", "415", "303", "617")), last=f"01{digits(chance, 2)}"
    )


def of(*forms: str) -> Callable[[random.Random], str]:
    """Fills one of the forms; <> in it is around what is personal, if not all is."""

    def make(chance: random.Random) -> str:
        return chance.choice(forms).format(
            n=chance.choice(NAMES),
            h=chance.choice(HOSTS),
            s=chance.choice(STREETS),
            t=chance.choice(TOWNS),
            d=chance.randint(1, 9),
            dd=chance.randint(10, 99),
            ddd=chance.randint(100, 999),
            dddd=f"{chance.randint(2000, 8999)}",
            a=chance.choice(("212", "415", "303", "617")),
            l=f"01{digits(chance, 2)}",
            cn=f"1{chance.choice('3578')}{chance.randint(0, 9)}0000{digits(chance, 4)}",
            q=f"{chance.randint(2, 9)}{digits(chance, chance.randint(5, 8))}",
            w=chance.choice(("lily", "chenchen", "tom", "anna")),
        )

    return make


def cn_phone(form: Callable[[str], str]) -> Callable[[random.Random], str]:
    return lambda chance: form(
        f"1{chance.choice('3578')}{chance.randint(0, 9)}0000{digits(chance, 4)}"
    )


WIDE = str.maketrans("0123456789@.", "０１２３４５６７８９＠．")
NUMERALS = str.maketrans("0123456789", "零一二三四五六七八九")
READ = str.maketrans("0123456789", "〇幺二三四五六七八九")

VALUES: dict[str, dict[str, list[tuple[Kind, Callable[[random.Random], str]]]]] = {
    "develop": {
        "en": [
            (Kind.EMAIL, of("{n}@{h}", "{n}@{h}", "{n} at gmail dot com", "{n}[at]example.com")),
            (Kind.PHONE, of("{a}-555-{l}", "({a}) 555-{l}", "+1 {a} 555 {l}", "+44 7700 900{ddd}")),
            (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "-", "")))),
            (Kind.ID_NUMBER, of("987-65-43{dd}", "987-65-43{dd}")),
            (
                Kind.ADDRESS,
                of("{dd} {s} Street, {t}", "{ddd} {s} Avenue Apt {d}, {t}", "{dd} {s} Road"),
            ),
        ],
        "zh": [
            (Kind.EMAIL, of("{n}@{h}", "{n}@{h}", "{n}艾特qq点com", "{n}#qq.com")),
            (Kind.PHONE, cn_phone(lambda p: p)),
            (Kind.PHONE, cn_phone(lambda p: f"{p[:3]} {p[3:7]} {p[7:]}")),
            (Kind.PHONE, cn_phone(lambda p: p.translate(NUMERALS))),
            (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "")))),
            (Kind.ID_NUMBER, resident),
            (
                Kind.ADDRESS,
                of(
                    "江苏省南京市鼓楼区云山路{dd}号{d}栋{ddd}室",
                    "北京市朝阳区望春街{dd}号院{d}号楼{d}单元{ddd}",
                ),
            ),
            (Kind.ADDRESS, of("杭州市西湖区文海路{dd}号", "幸福小区{dd}栋{d}单元{ddd}室")),
            (Kind.CONTACT, of("微信号：<{w}_wx>", "QQ<{q}>", "微信<abc{ddd}xyz>")),
        ],
    },
    "held back": {
        "en": [
            (
                Kind.EMAIL,
                of("{n}@{h}", "{n}.{dd}@{h}", "{n} (at) yahoo (dot) com", "{n} AT hotmail DOT com"),
            ),
            (
                Kind.PHONE,
                of("{a}.555.{l}", "1-{a}-555-{l}", "+1({a})555-{l}", "+44 (0)20 7946 0{ddd}"),
            ),
            (
                Kind.PHONE,
                of(
                    "020 7946 0{ddd}", "07700 900{ddd}", "+49 30 2312 5{ddd}", "+86 138 0000 1{ddd}"
                ),
            ),
            (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "-", "")))),
            (
                Kind.CARD,
                lambda c: c.choice(("378282246310005", "3782 822463 10005", "3714-496353-98431")),
            ),
            (
                Kind.ID_NUMBER,
                of("987-65-43{dd}", "passport number <X{dddd}1{ddd}>", "AB 12 34 {dd} C"),
            ),
            (Kind.ACCOUNT, lambda c: fours(iban(c), c.choice((" ", "")))),
            (
                Kind.ADDRESS,
                of("{ddd} {s} Lane, {t}", "Flat {d}, {dd} {s} Road, {t}", "PO Box {ddd}, {t}"),
            ),
            (
                Kind.ADDRESS,
                of("{dddd} {s} Blvd, Suite {ddd}, {t}", "{dd} {s} Drive, {t}", "{ddd} {s} St."),
            ),
        ],
        "zh": [
            (
                Kind.EMAIL,
                of("{n}@{h}", "{n}@{h}", "{n}艾特163点com", "{n}（at）qq.com", "{n}＠qq．com"),
            ),
            (Kind.PHONE, cn_phone(lambda p: f"{p[:3]}-{p[3:7]}-{p[7:]}")),
            (Kind.PHONE, cn_phone(lambda p: f"+86{p}")),
            (Kind.PHONE, cn_phone(lambda p: p.translate(WIDE))),
            (Kind.PHONE, cn_phone(lambda p: p.translate(READ))),
            (Kind.PHONE, cn_phone(" ".join)),
            (Kind.PHONE, of("010-6{ddd}{dddd}", "0571-8{ddd}{dddd}", "(021)5{ddd}{dddd}")),
            (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "-", "")))),
            (Kind.ID_NUMBER, resident),
            (
                Kind.ID_NUMBER,
                lambda c: (r := resident(c))[:6] + " " + r[6:14] + " " + r[14:].lower(),
            ),
            (
                Kind.ADDRESS,
                of(
                    "广东省深圳市福田区锦绣大道{ddd}号丽景花园{d}座{dd}0{d}",
                    "成都市武侯区青石巷{d}号",
                ),
            ),
            (
                Kind.ADDRESS,
                of(
                    "上海市浦东新区长桥路{ddd}弄{dd}号{ddd}室",
                    "四川省绵阳市安平县清水镇红星村{d}组",
                ),
            ),
            (
                Kind.ADDRESS,
                of("龙湖家园{d}号楼{d}单元{d}0{d}", "天津市河西区和平路十二号三单元四零二室"),
            ),
            (
                Kind.CONTACT,
                of("微信：<{w}_shop>", "加我qq <{q}>", "vx: <lily{dddd}>", "QQ号是<{q}>"),
            ),
        ],
    },
}

VALUES["last"] = {
    "en": [
        (Kind.EMAIL, of("{n}@{h}", "<{n}@{h}>", "{w}{dd}[at]gmail[dot]com", "{n} @ {h}")),
        (Kind.PHONE, of("({a})555-{l}", "{a}-555-{l} ext 4", "+1-{a}-555-{l}", "1 ({a}) 555-{l}")),
        (
            Kind.PHONE,
            of("+33 1 99 00 1{d} 2{d}", "01632 960{ddd}", "+61 491 570 1{dd}", "(0131) 496 0{ddd}"),
        ),
        (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "-", "")))),
        (
            Kind.ID_NUMBER,
            of("SSN <987654{ddd}>", "987-65-43{dd}", "driver's license number <D{dddd}{ddd}>"),
        ),
        (
            Kind.ADDRESS,
            of("{dd}B {s} Terrace, {t}", "{ddd} {s} Court, Unit {d}, {t}", "{d} {s} Close"),
        ),
        (Kind.ADDRESS, of("{dddd} {s} Ave", "P.O. Box {dddd}", "apt {d}, {ddd} {s} street, {t}")),
    ],
    "zh": [
        (Kind.EMAIL, of("{n}@{h}", "{w}{dd}@126.com", "{w}{dd} @ foxmail.com", "{n}[at]163.com")),
        (Kind.PHONE, cn_phone(lambda p: f"{p[:3]}.{p[3:7]}.{p[7:]}")),
        (Kind.PHONE, cn_phone(lambda p: f"+86 {p[:3]} {p[3:7]} {p[7:]}")),
        (Kind.PHONE, cn_phone(lambda p: f"(86){p}")),
        (Kind.PHONE, cn_phone(lambda p: p[:3] + p[3:].translate(NUMERALS))),
        (Kind.PHONE, of("0755 2{ddd}{dddd}", "028-8{ddd}{dddd}-{dd}", "+852 5{ddd} {dddd}")),
        (Kind.CARD, lambda c: fours(card(c), c.choice((" ", "-", "")))),
        (Kind.ID_NUMBER, lambda c: resident(c).translate(WIDE)),
        (Kind.ID_NUMBER, of("护照号<E{dddd}{dddd}>", "护照<G{dddd}{dddd}>")),
        (
            Kind.ADDRESS,
            of("重庆市渝北区金山大道{ddd}号{d}幢{dd}-{d}", "武汉市洪山区珞狮南路{ddd}号"),
        ),
        (
            Kind.ADDRESS,
            of(
                "翠湖花园{dd}幢{ddd}室",
                "臺北市信義區松平路{dd}號{d}樓",
                "苏州市吴中区香溪路{dd}-{d}号",
            ),
        ),
        (Kind.CONTACT, of("加v信：<{w}{ddd}>", "微信号是<{w}_{dd}>", "扣扣<{q}>", "QQ：<{q}>")),
    ],
}

SENTENCES: dict[str, dict[str, list[str]]] = {
    "develop": {
        "en": [
            "My details are {} , please get back to me.",
            "Great kettle, but it leaks. You can use {} for the refund.",
            "{} - that is where I wanted the reply.",
            "hi, order 113542617735 never came, here is what you asked for: {}",
            "I gave the agent {} and he still did nothing, 2 stars.",
            "Please note {}. Thanks!",
        ],
        "zh": [
            "这是我的信息{}，麻烦尽快处理一下",
            "东西不错，就是慢，有问题找我：{}",
            "{}，订单号113542617735，还没收到货",
            "客服让我留一下，{}。谢谢",
            "质量太差了！退款请用{}，等了5天",
            "给你 {} 看看",
        ],
    },
    "held back": {
        "en": [
            "what you need from me is {} right?",
            "The blender (model HX-2200) broke after 3 weeks. Reach out: {}.",
            "could you update it to {} before Friday 12/06/2025",
            "Loved it. 10/10.\n{}\nRegards",
            "I paid $129.99 on 3 May and entered {} twice",
            'it says "{}" on file, is that correct?',
            "refund me, {}, now!!!",
        ],
        "zh": [
            "麻烦改成{}可以吗",
            "买了两件，299元，客服说要{}才能退",
            "之前填的是{}，现在想换一个",
            "好评！有需要的可以找我，{}～",
            "2024年11月11日下的单，信息：{}\n到现在没发货",
            "你好，{}这个对吗？",
            "亲，我的是（{}），帮我查下",
        ],
    },
}

SENTENCES["last"] = {
    "en": [
        "Seller asked for it so: {}",
        "We moved, {} is the new one; parcel 4 of 6 is missing.",
        "{}\nThanks in advance",
        "If anybody wants mine ({}), it has 2 years of warranty and cost me 349.00",
        "Not happy at all... {} ... reply within 48 hours",
        "Is {} still what you have for me?",
    ],
    "zh": [
        "联系方式{}，急！",
        "换成{}了，麻烦更新，谢谢亲",
        "[{}] 这个是我的",
        "用了3个月屏幕就坏，售后说登记{}就行",
        "{}\n以上，请尽快安排，已经等了48小时",
        "卖家说好评返现10元，让发{}给他",
    ],
}

CLEAN: dict[str, dict[str, list[str]]] = {
    "develop": {
        "en": [
            "Order {o} arrived on {date}, {d} days late.",
            "The {brand} {model} costs ${price} and weighs {d}.{d} kg.",
            "Where is order number {o}?",
            "tracking no 1Z{o}84{dd} still says pending since {date}",
            "Screen is 1920x1080, {ddd} GB, runs at 2.4 GHz, {ddd} hours of battery.",
            "I bought {d} packs of {dd} for ${price} each, {dd}% off.",
            "EAN 40{o} is not on the shelf",
            "Drove {dd} miles down the road to return it; a {d} hour drive for nothing.",
            "size {dd}-{dd}-{dd} fits me, I am 5'{d}\" and {ddd} lbs",
            "Best {year}-{year} season: {ddd},{ddd} sold",
            "Call the hotline 1-800-555-0199 they said, nobody answers",
            "what is the email address of support @ your shop?",
        ],
        "zh": [
            "订单{o}什么时候发货",
            "{brand}{model}现在{price}元，比{year}年贵了{dd}块",
            "快递单号{o}{dd}，{date}到现在没动",
            "尺寸{dd}x{dd}x{dd}厘米，重{d}.{d}公斤，能放{ddd}本书",
            "买了{d}件，{dd}号才到，等了{d}天",
            "身高1{dd}，体重1{dd}，穿{dd}码正好",
            "客服热线400-820-{dddd}打不通",
            "这款手机电池{dddd}毫安，{ddd}G内存，像素{dddd}万",
            "一二三四五星好评！十分满意，百分之百正品",
            "手机号码可以改吗？邮箱呢",
            "在路上走了{d}天，一路颠簸，三单一起到",
            "微信支付减了{d}元，QQ音乐会员送{d}个月",
        ],
    },
    "held back": {
        "en": [
            "My order id is {o}, invoice {o}, please cancel it",
            "part number {ddd}-{dd}-{dddd}B, serial SN{o}",
            "paid {price} on {date} at {d}:{dd}, still nothing",
            "ISBN 978-0-{ddd}-{dd}{ddd}-{d} is the wrong edition",
            "Model {model} rev {d}.{d}.{dd} (build {year}{dd}{dd}) drops wifi at 192.168.{d}.{dd}",
            "It has {dddd} reviews and {dd},{ddd},{ddd} views, 4.{d} stars",
            "from {date} to {date}, {ddd} dollars in total",
            "works on 110-240V, 50/60 Hz, {dddd} mAh, -{dd} to {dd} degrees",
            "{d} out of 10 people on my street have this {ddd} GB hard drive",
            "sold {dd} per day at {brand} outlet, {d}-way court shoes, {dd} place settings",
            "look at {brand}.com for the {year} model, it is at amazon.com too",
            "sku {o}{dd}, upc 0{o}, lot {dddd}{d}",
            "Toll free 0800 {ddd} {dddd} is always busy",
            "ratio 16:9, {dd}/{dd}/{year} batch, {d}x{d}x{d} ft, {dddd} rpm",
        ],
        "zh": [
            "单号{o}{d}查不到，{date}下的单",
            "型号{model}，货号{o}，条形码69{o}是正品吗",
            "{year}年{d}月{dd}日买的，{d}月就坏了，花了{price}元",
            "分辨率1920*1080，{dddd}转，功率{dddd}W，{dd}寸",
            "两三天就到了，七八成新，九九八十一",
            "{d}号线地铁口的店，{dd}路公交车直达，{dd}号柜台",
            "7座车用{d}号电池，{dd}层楼都听得见",
            "第{d}章第{dd}页，作者写了{ddd}万字，一百二十回",
            "优惠券码AB{dddd}{dd}用不了，满{ddd}减{dd}",
            "拨了95{ddd}和400{ddd}{dddd}都没人接",
            "去北京市区要{d}小时，朝阳区的门店也没货",
            "{dd}%棉，{d}包{dd}片，生产批号{year}{dd}{dd}{dd}",
            "微信里看到的，QQ上问了客服，{d}分钟回复",
            "收到{d}个，共{dddd}克，{price}，{price}，{price}",
        ],
    },
}


CLEAN["last"] = {
    "en": [
        "{d} stars, {ddd} ratings, bought {date}",
        "my order: {o}. Total: ${price}.",
        "The {brand} {model} has a {dd} inch display and {dddd} x {dddd} pixels",
        "Waybill {o} has been stuck for {dd} days",
        "use coupon code SAVE{dd}{ddd} at checkout, min {ddd}.00",
        "it took {d} hours, {dd} minutes and {dd} seconds, at {d}:{dd} pm",
        "{dd} Mbps up, {ddd} down, port {dddd}, firmware {d}.{d}.{ddd}",
        "is the {year} {brand} Drive {d} the same as part no {ddd}{dddd}?",
        "I am {dd} years old, live in Ohio and walk {d} miles a day the long way",
        "barcode {o}{d} does not scan; lot number {o}",
        "1-888-555-01{dd} is their support line",
        "{dd}-{dd} lbs, {d}/{d} cup, {ddd} kcal, {dd} g of sugar",
    ],
    "zh": [
        "订单编号：{o}{dd}，金额{price}",
        "{date}{d}点{dd}分签收，比预计晚{d}小时",
        "{brand}的{model}，序列号SN{o}",
        "买{d}送{d}，满{ddd}减{dd}，到手{price}",
        "服务器{ddd}核{dddd}兆，网速{ddd}M，端口{dddd}",
        "客服800-820-{dddd}，态度一般",
        "房间在{d}楼，{d}张床，离{d}号线{ddd}米",
        "三百六十五天，七七四十九，二零二四年买的",
        "这条街上都有卖的，路边摊{d}块，小区门口{dd}块",
        "物流单号YT{o}{dd}，在上海市浦东新区中转",
        "含量{dd}%，保质期{ddd}天，净重{ddd}克，{dd}袋",
        "第{d}代，{dddd}年款，{d}座，{d}门，排量{d}.{d}",
    ],
}


def planted(part: str, language: str, count: int = 300) -> list[Planted]:
    """Texts with one piece of personal data each, kinds in equal parts."""
    chance = random.Random(f"{part}/{language}/planted")
    makers, sentences = VALUES[part][language], SENTENCES[part][language]
    texts = []
    for index in range(count):
        kind, make = makers[index % len(makers)]
        value, sentence = make(chance), chance.choice(sentences)
        if "<" not in value:
            value = f"<{value}>"
        before, secret, after = re.split("[<>]", sentence.replace("{}", value))
        texts.append(Planted(before + secret + after, kind, len(before), len(before + secret)))
    return texts


def clean(part: str, language: str, count: int = 300) -> list[str]:
    """Texts without personal data that look as if they had some."""
    chance = random.Random(f"{part}/{language}/clean")
    texts = []
    for index in range(count):
        fields = CLEAN[part][language]
        year, month, day = chance.randint(2015, 2026), chance.randint(1, 12), chance.randint(1, 28)
        dates = (f"{year}-{month:02}-{day:02}", f"{day:02}/{month:02}/{year}")
        texts.append(
            fields[index % len(fields)].format(
                o=chance.choice("123456789") + digits(chance, chance.randint(9, 11)),
                date=chance.choice(dates),
                brand=chance.choice(("Acme", "Nordex", "Lumo", "Kitto")),
                model=chance.choice(
                    ("HX-2200", "WH1000XM4", "TX1 4GB", "A2633", "RT-AC68U", "5500U")
                ),
                price=f"{chance.randint(5, 9999)}.{digits(chance, 2)}",
                d=chance.randint(1, 9),
                dd=chance.randint(10, 99),
                ddd=chance.randint(100, 999),
                dddd=chance.randint(1000, 9999),
                year=year,
            )
        )
    return texts
