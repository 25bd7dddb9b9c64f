"""What shoppers write: reviews, searches, questions and small talk, in English and Chinese.

Reviews are put together from an opening, a body and a closing of one mood, so that a few hundred
sentences give tens of thousands of different reviews. `{product}` becomes the kind of product.
"""

from __future__ import annotations

from random import Random

LANGUAGES = ("en", "zh")
MOODS = ("positive", "neutral", "negative")

_OPENINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("en", "positive"): (
        "Absolutely love this {product}.",
        "Best purchase I've made this year.",
        "Five stars from me!",
        "Exceeded my expectations in every way.",
        "I was sceptical at first, but wow.",
        "My sister recommended this and she was right.",
        "Bought this as a gift and it was a hit.",
        "After three weeks of daily use I'm still delighted.",
        "Finally, one that does what it promises.",
        "Great value for the money.",
        "This is my second one, and it won't be my last.",
        "Honestly could not be happier.",
        "Really impressed with the quality.",
    ),
    ("en", "neutral"): (
        "It's okay.",
        "Does the job, nothing more.",
        "Average {product} for an average price.",
        "I have mixed feelings about this one.",
        "Neither good nor bad.",
        "Not sure what to think yet.",
        "It is what it says on the box.",
        "Decent, though I expected a bit more.",
        "Had it for a week, so this is only a first impression.",
        "Middle of the road.",
    ),
    ("en", "negative"): (
        "Very disappointed.",
        "Don't waste your money.",
        "I wanted to like this {product}, I really did.",
        "Broke after four days.",
        "Arrived damaged, and support never answered.",
        "Worst purchase in years.",
        "This is nothing like the pictures.",
        "Sent it back the same evening.",
        "Complete rubbish, sorry.",
        "I regret not reading the other reviews first.",
        "Would give zero stars if I could.",
        "The quality has gone downhill.",
    ),
    ("zh", "positive"): (
        "非常满意的一次购物！",
        "这款{product}真的太好用了。",
        "质量超出预期，强烈推荐。",
        "朋友推荐买的，果然没让我失望。",
        "用了快一个月，越用越喜欢。",
        "性价比很高，值得购买。",
        "已经回购第二次了。",
        "送给妈妈的，她特别喜欢。",
        "包装精美，做工细致。",
        "收到货很惊喜，比图片还好看。",
        "物流神速，东西也好，五星好评。",
    ),
    ("zh", "neutral"): (
        "还可以吧。",
        "中规中矩，没有什么惊喜。",
        "一般般，对得起这个价格。",
        "刚收到，还没怎么用。",
        "这款{product}和描述差不多。",
        "不好不坏，凑合能用。",
        "有优点也有缺点。",
        "先用一段时间再来追评。",
    ),
    ("zh", "negative"): (
        "太失望了。",
        "千万别买，浪费钱。",
        "用了三天就坏了。",
        "和图片完全不一样，感觉被骗了。",
        "质量很差，不值这个价。",
        "收到的时候已经破损了。",
        "客服态度极差，一直不回复。",
        "这款{product}真的很难用。",
        "买过最后悔的东西。",
        "差评！马上申请退货。",
    ),
}

_BODIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("en", "positive"): (
        "Everything feels solid and well made.",
        "It arrived a day early and was packed with care.",
        "The colour is even nicer in real life.",
        "Works perfectly right out of the box.",
        "You notice the attention to detail.",
        "It survived a wet week in the mountains without a scratch.",
        "Easy to use, easy to clean.",
        "Customer service answered my question within an hour.",
        "My kids fight over it.",
        "I use it every single morning.",
        "So comfortable that I forget about it.",
        "Cheaper brands I tried before don't come close.",
    ),
    ("en", "neutral"): (
        "The material is fine but the finish could be better.",
        "Delivery took a week, as announced.",
        "It works, although the instructions are hard to follow.",
        "Looks good, feels a little light.",
        "Some functions are useful, others I'll never touch.",
        "A bit smaller than I had imagined.",
        "Good idea, so-so execution.",
        "My old one was about the same.",
        "Size is right, colour is slightly different from the photo.",
    ),
    ("en", "negative"): (
        "The plastic feels cheap and it smells awful.",
        "It stopped working and nobody helps.",
        "Half of the parts were missing.",
        "Far too small, and the size chart is wrong.",
        "It came two weeks late in a torn box.",
        "The seams came apart after the first wash.",
        "It gets hot, makes noise and does nothing well.",
        "They refuse to give me my money back.",
        "The description is simply not true.",
        "I called three times and was hung up on.",
        "Scratched, dirty, and clearly used before.",
    ),
    ("zh", "positive"): (
        "做工很扎实，手感一流。",
        "颜色很正，大小也合适。",
        "操作简单，老人也能用。",
        "客服很耐心，有问必答。",
        "下单第二天就到了。",
        "每天都在用，完全没有问题。",
        "比之前买的牌子好太多了。",
        "细节处理得很到位。",
        "家里人都说好。",
        "味道清新，没有异味。",
    ),
    ("zh", "neutral"): (
        "材质还行，做工有点粗糙。",
        "物流正常，一周左右到。",
        "功能够用，说明书看不太懂。",
        "颜色跟照片有一点色差。",
        "比想象中小一点。",
        "跟以前用的差不多。",
        "外观不错，就是有点重。",
    ),
    ("zh", "negative"): (
        "塑料味特别重，根本没法用。",
        "尺码偏小很多，穿不了。",
        "缺了好几个配件。",
        "等了两个星期才到，盒子都烂了。",
        "洗一次就脱线了。",
        "申请退款一直被拒绝。",
        "噪音很大，还发烫。",
        "明显是别人用过的旧货。",
        "描述和实物严重不符。",
    ),
}

_CLOSINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("en", "positive"): (
        "Highly recommended.",
        "Will buy again!",
        "Thank you!",
        "Worth every cent.",
        "",
    ),
    ("en", "neutral"): (
        "We'll see how long it lasts.",
        "Three stars.",
        "Fine for the price, I guess.",
        "",
    ),
    ("en", "negative"): (
        "Stay away.",
        "Never again.",
        "I want a refund.",
        "One star is too many.",
        "",
    ),
    ("zh", "positive"): ("推荐大家购买。", "下次还会再来。", "好评！", ""),
    ("zh", "neutral"): ("先这样吧。", "给三星。", "总体一般。", ""),
    ("zh", "negative"): ("再也不会买了。", "大家避雷。", "要求退款！", ""),
}

# {want}: what is looked for. {order}: an order number.
_SEARCHES: dict[str, tuple[str, ...]] = {
    "en": (
        "{want}",
        "{want}",
        "best {want}",
        "cheap {want}",
        "{want} on sale",
        "{want} for beginners",
        "{want} under 100",
        "{want} gift",
        "lightweight {want}",
        "{want} 2 pack",
        "durable {want}",
        "{want} free shipping",
        "new {want}",
        "where is my order",
        "return policy",
        "gift card balance",
        "size chart",
        "discount code",
    ),
    "zh": (
        "{want}",
        "{want}",
        "{want}推荐",
        "便宜的{want}",
        "{want}打折",
        "好用的{want}",
        "新手{want}",
        "{want}送礼",
        "轻便{want}",
        "高性价比{want}",
        "{want}包邮",
        "新款{want}",
        "查询订单",
        "退货政策",
        "优惠券",
        "尺码表",
    ),
}

_QUESTIONS: dict[str, tuple[str, ...]] = {
    "en": (
        "Where is my order {order}?",
        "My parcel was due on Monday and still isn't here.",
        "Can you tell me when order {order} will be delivered?",
        "The tracking page says nothing new for days.",
        "How do I return something I bought last week?",
        "I'd like a refund for order {order}, please.",
        "When will I get my money back?",
        "Can I still cancel order {order}?",
        "I need to change the delivery address.",
        "Can I exchange this for a larger size?",
        "Which size should I take if I usually wear a 42?",
        "Does the {want} come with a warranty?",
        "Do you have the {want} in another colour?",
        "Is the {want} back in stock soon?",
        "I'm looking for a good {want}, what do you recommend?",
        "Show me something like this {want}, but cheaper.",
        "What's the difference between these two {want} models?",
        "How do I pay by instalments?",
        "My payment was declined, what now?",
        "I was charged twice for order {order}.",
        "I forgot my password.",
        "How can I delete my account?",
        "Do you ship to Switzerland?",
        "How much is express delivery?",
        "Can I speak to a human, please?",
        "I want to make a complaint.",
        "The item I got is broken.",
        "Do you have a voucher for new customers?",
        "hello there",
        "thanks, that helped a lot!",
        "bye for now",
        "are you a robot?",
        "what's the weather like today?",
        "tell me a joke",
        "ok great",
    ),
    "zh": (
        "我的订单{order}到哪儿了？",
        "包裹说周一到，怎么还没收到？",
        "订单{order}什么时候能送到？",
        "物流信息好几天没更新了。",
        "上周买的东西怎么退货？",
        "我要退款，订单号{order}。",
        "退款什么时候到账？",
        "订单{order}还能取消吗？",
        "我想改一下收货地址。",
        "可以换大一码吗？",
        "平时穿42码，应该选多大的？",
        "这个{want}有保修吗？",
        "这款{want}还有别的颜色吗？",
        "{want}什么时候补货？",
        "想买个{want},有什么推荐吗？",
        "有没有便宜一点的{want}?",
        "这两款{want}有什么区别？",
        "可以分期付款吗？",
        "付款失败了怎么办？",
        "订单{order}重复扣款了。",
        "我忘记密码了。",
        "怎么注销账号？",
        "可以寄到香港吗？",
        "加急快递多少钱？",
        "帮我转人工客服。",
        "我要投诉。",
        "收到的商品是坏的。",
        "新用户有优惠券吗？",
        "你好",
        "谢谢你，帮大忙了！",
        "再见",
        "你是机器人吗？",
        "今天天气怎么样？",
        "讲个笑话吧",
        "好的",
    ),
}

# How a conversation goes on about the product that is looked at: a line, and the one after it.
_FOLLOW_UPS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("How much is it?", "and is it in stock?"),
        ("Is it in stock?", "what about the price?"),
        ("What colours does it come in?", "and in blue?"),
        ("How heavy is it?", "no, I meant the material"),
        ("How much is express delivery?", "and to Switzerland?"),
        ("thanks, that helped a lot!", "how much is it again?"),
    ),
    "zh": (
        ("这个多少钱？", "那有货吗？"),
        ("有货吗？", "那价格呢？"),
        ("有什么颜色？", "有蓝色的吗？"),
        ("这个有多重？", "不对，我是说材质"),
        ("加急快递多少钱？", "那普通的呢？"),
        ("谢谢你，帮大忙了！", "这个多少钱来着？"),
    ),
}


def follow_ups(language: str, chance: Random) -> tuple[str, str]:
    """Two lines of a conversation about the product that is looked at."""
    return chance.choice(_FOLLOW_UPS[language])


def review(language: str, mood: str, product: str, chance: Random) -> str:
    """A review in `language` (en, zh) of `mood` (positive, neutral, negative)."""
    parts = [chance.choice(_OPENINGS[language, mood])]
    parts += chance.sample(_BODIES[language, mood], chance.choice((0, 1, 1, 2)))
    parts.append(chance.choice(_CLOSINGS[language, mood]))
    glue = " " if language == "en" else ""
    return glue.join(p for p in parts if p).replace("{product}", product)


def search(language: str, want: str, chance: Random) -> str:
    """What goes into the search box; `want`: a kind of product."""
    return chance.choice(_SEARCHES[language]).replace("{want}", want)


def question(language: str, want: str, chance: Random) -> str:
    """A line of a chat with the shop: questions, complaints and small talk."""
    text = chance.choice(_QUESTIONS[language]).replace("{want}", want)
    return text.replace("{order}", f"{chance.randrange(10_000, 99_999)}")


_WHERE_IS: dict[str, tuple[str, ...]] = {
    "en": (
        "Where is my order {order}?",
        "Has my parcel been sent?",
        "When will order {order} come?",
    ),
    "zh": ("我的订单{order}到哪了？", "我的快递到哪了？", "订单{order}什么时候能送到？"),
}


def where_is(language: str, number: str, chance: Random) -> str:
    """A question where one's order with this number is."""
    return chance.choice(_WHERE_IS[language]).replace("{order}", number)
