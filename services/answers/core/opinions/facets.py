"""What customers ask reviewers about, in English and Chinese, and the words that mention it.

A facet is one of the aspects that the sentiment service finds in reviews, or a narrower matter
within one ("comfort" within fit), which a sentence has to name. Phrases are written as `normalise`
leaves texts: lower case, simplified characters. Own writing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from shopkeeper.shared.contracts.review_digests import opinion


class Facet(NamedTuple):
    """One matter that reviewers are asked about.

    aspect: of `ASPECTS`; "": the product as a whole. asked: suffices to ask; noun: asks only beside
    a word such as "how is". mentions: a sentence is about it only if it has this; None: if it says
    something of the aspect. risk: what is asked about is a fault.
    """

    english: str
    chinese: str
    aspect: str
    asked: re.Pattern[str] | None
    noun: re.Pattern[str] | None
    mentions: re.Pattern[str] | None
    risk: bool = False

    @property
    def praise(self) -> int:
        """The bit of praise of the aspect; 0 of the product as a whole."""
        return opinion(self.aspect, True) if self.aspect else 0

    @property
    def criticism(self) -> int:
        """The bit of criticism."""
        return opinion(self.aspect, False) if self.aspect else 0


def _any(phrases: str) -> re.Pattern[str] | None:
    """A pattern of any of the phrases: Latin ones as whole words."""
    listed = [phrase.strip() for phrase in phrases.split("|") if phrase.strip()]
    parts = [
        rf"\b{re.escape(phrase)}\b" if phrase.isascii() else re.escape(phrase)
        for phrase in sorted(listed, key=len, reverse=True)
    ]
    return re.compile("|".join(parts)) if parts else None


def _facet(
    names: str, aspect: str, asked: str = "", noun: str = "", mentions: str = "", *, risk: int = 0
) -> Facet:
    """names: English, Chinese. mentions: further words; "*": none are needed."""
    english, chinese = names.split("|")
    words = None if mentions == "*" else _any(f"{asked}|{noun}|{mentions}")
    return Facet(
        english,
        chinese,
        aspect,
        asked=_any(asked),
        noun=_any(noun),
        mentions=words,
        risk=bool(risk),
    )


# The narrower ones first: the first that a question names is meant.
FACETS: tuple[Facet, ...] = (
    _facet(
        "comfort|舒适度",
        "fit",
        "comfortable|uncomfortable|comfy|comfortably|舒服|舒适|脚感|磨脚|硌|勒",
        "comfort|cushioning|padding",
        "cushioned|soft|hurt|hurts|painful|pinch|pinches|itchy|不适|柔软",
    ),
    _facet(
        "the fit|大小",
        "fit",
        "true to size|run small|run large|run big|runs small|runs large|runs big|too small|too big"
        "|too tight|too loose|too large|fit well|fit right"
        "|偏大|偏小|合身|合脚|大小合适|大不大|小不小|显胖|显瘦",
        "fit|fits|sizing|size|尺码|尺寸|码数|版型|大小",
        "small|large|big|tight|loose|snug|short|long|narrow|wide",
    ),
    _facet(
        "fading|掉色",
        "quality",
        "fade|fades|faded|colour run|color run|colours run|colors run|bleed color"
        "|掉色|褪色|染色|退色",
        "fading",
        risk=1,
    ),
    _facet("pilling|起球", "quality", "pill|pills|起球|掉毛|起毛", "pilling", risk=1),
    _facet(
        "shrinking|缩水变形",
        "quality",
        "shrink|shrinks|shrunk|缩水|变形|走样",
        "shrinking|shrinkage",
        risk=1,
    ),
    _facet(
        "durability|耐用程度",
        "quality",
        "durable|sturdy|robust|hold up|holds up|last long|lasts long|long lasting|break easily"
        "|breaks easily|break|wear out|reliable|耐用|结实|牢固|耐穿|经用|容易坏|会坏",
        "durability|sturdiness|reliability|耐用性",
        "broke|broken|still working|fell apart|falls apart|stopped working|wore out|坏了|坏|皮实",
    ),
    _facet(
        "the smell|气味",
        "taste",
        "smell|smells|stink|stinks|smelly|有味道吗|有没有味道|有异味|异味|刺鼻|臭",
        "odor|odour|scent|气味",
        "味儿|味道大",
    ),
    _facet(
        "the taste|味道",
        "taste",
        "taste|tastes|tasty|delicious|好吃|好喝|难吃|难喝|好不好吃|好不好喝",
        "flavor|flavour|flavors|味道|口味|口感",
        "flavorful|yummy|bland|鲜",
    ),
    _facet(
        "noise|噪音",
        "performance",
        "noisy|quiet|silent|吵|噪音|噪声|静音",
        "noise",
        "loud|hum|声音大|安静",
        risk=1,
    ),
    _facet(
        "the sound|音质",
        "performance",
        "sound good|sound great|sounds good|音质好|loud enough",
        "sound|sounds|audio|bass|volume|speakers|speaker|sound quality|音质|声音|音效|低音|音量",
        "loud|treble|clear",
    ),
    _facet(
        "the screen|屏幕",
        "performance",
        "",
        "screen|display|screen quality|resolution|屏幕|显示屏|画质|分辨率",
        "bright|picture",
    ),
    _facet(
        "the camera|拍照效果",
        "performance",
        "take good photos|take good pictures|拍照好",
        "camera|photos|pictures|picture quality|photo quality|拍照|摄像头|相机|像素|照片",
        "photo|picture",
    ),
    _facet(
        "heat|发热",
        "performance",
        "overheat|overheats|get hot|gets hot|发热|发烫|烫手|过热",
        "overheating|散热",
        "hot|warm",
        risk=1,
    ),
    _facet("warmth|保暖性", "performance", "warm|warm enough|保暖|暖和|厚实", "warmth|保暖性"),
    _facet(
        "speed|速度",
        "performance",
        "laggy|lag|lags|slow|fast|fast enough|quick|卡顿|卡不卡|流畅|慢不慢|快不快",
        "speed|速度",
        "quickly|slowly|卡|快|慢",
    ),
    _facet(
        "the battery|电池",
        "battery",
        "battery last|battery lasts|续航时间长|充电快",
        "battery|battery life|batteries|charging|电池|续航|待机|充电|耗电",
        "*",
    ),
    _facet(
        "value for money|性价比",
        "price",
        "worth the money|worth the price|worth the cost|good value|value for money|overpriced"
        "|good deal|too expensive|good price|贵不贵|划算|值这个价|物有所值|实惠",
        "value|性价比",
        "*",
    ),
    _facet(
        "ease of use|易用性",
        "ease",
        "easy to use|easy to set up|easy to assemble|easy to clean|easy to install|easy to wash"
        "|user friendly|hard to use|hard to assemble|difficult to use|complicated|intuitive"
        "|容易操作|好操作|操作简单|好上手|容易上手|好安装|难装|好清洗|容易清洗|方便",
        "ease of use|setup|set up|assembly|instructions|installation|controls"
        "|操作|安装|说明书|使用",
        "*",
    ),
    _facet(
        "the looks|外观",
        "looks",
        "look good|look nice|look cheap|look like the picture|looks good|looks nice|looks cheap"
        "|stylish|beautiful|pretty|ugly|attractive|好看|漂亮|美观|丑|色差|显档次",
        "looks|look|design|style|appearance|colour|color|外观|颜值|样子|样式|款式|颜色|做出来的样子",
        "*",
    ),
    _facet("the packaging|包装", "packaging", "well packaged|well packed", "packaging|包装", "*"),
    _facet(
        "the delivery|配送",
        "delivery",
        "",
        "delivery|shipping|delivered|物流|快递|配送|发货|送货",
        "*",
    ),
    _facet(
        "the service|服务",
        "service",
        "",
        "customer service|service|support|seller|服务|客服|售后|卖家|商家|态度",
        "*",
    ),
    _facet(
        "the content|内容",
        "content",
        "well written|boring|写得好|翻译得好",
        "story|plot|acting|writing|characters|content|内容|剧情|故事|情节|文笔|翻译",
        "*",
    ),
    _facet(
        "the quality|质量",
        "quality",
        "well made|well built|good quality|high quality|poor quality|bad quality|flimsy"
        "|cheaply made|质量好|质量差",
        "quality|build quality|build|workmanship|craftsmanship|stitching"
        "|质量|品质|做工|质感|材质|用料",
        "*",
    ),
    _facet(
        "the performance|性能",
        "performance",
        "work well|works well|work properly|perform well|powerful enough|powerful|有效果|管用|给力",
        "performance|性能|效果|功能",
        "*",
    ),
)

# "Is it any good", 值得买吗
OVERALL = Facet(
    "",
    "",
    "",
    _any(
        "any good|worth it|worth buying|worth getting|worth having|recommend|recommended"
        "|happy with|satisfied with|pleased with|good product|good buy|good one"
        "|good choice|like it|love it|regret|what do people think|what do customers think"
        "|what do reviewers think|what do others think|what do buyers think|what do people say"
        "|what do customers say|what do reviewers say|what do others say|what do buyers say"
        "|what do you think|reviews|reviewed|ratings|rated|rating|opinions|feedback|experiences"
        "|is it good|is this good|are they good|is it bad|how good|how is it|how are they"
        "|how is this|is good|good or bad"
        "|值得买|值得购买|值得入手|值不值|值得吗|值吗|好用|好使|好不好|推荐|靠谱|评价|口碑|评论|大家觉得"
        "|好评|差评|满意|买过的|用过的|怎么样|怎样|咋样|如何|行不行|好吗|入手|踩雷|后悔"
    ),
    None,
    None,
)

# Asks how something is, or what others found.
CUE = re.compile(
    r"\bhow (?:is|are|was|good|well|bad|nice|long|does|do)\b|\bhow's\b|\bhows\b"
    r"|\bwhat (?:do|did|are) (?:the )?(?:\w+ )?"
    r"(?:people|customers|reviewers|others|buyers|users|owners|everyone|reviews|you|they)\b"
    r"|\bwhat about\b|\b(?:is|are|does|was) (?:the|its|it's|their)\b"
    r"|\bany (?:problems?|issues?|complaints?|trouble)\b"
    r"|\b(?:good|bad|nice|decent|poor|great|ok|okay|terrible|awful|best|like)\b"
    r"|\b(?:reviews?|reviewers|opinions?|feedback|experiences?|recommend|happy|satisfied|complain"
    r"|complaints|lasts?|think|say)\b"
    r"|怎么样|如何|怎样|咋样|好不好|好吗|好么|行不行|行吗|可以吗|评价|口碑|评论|大家|买过|用过|差不差"
    r"|好不|有问题|耐用|耐不|满意|够用|够不够|久吗|久不久|多久|长吗|快吗|清楚吗|清晰吗|大不大|反馈|靠谱"
)
# A question that can be answered by yes or no, or asks how or whether.
YES_NO = re.compile(
    r"^(?:\W*(?:and|but|so|hi|hello|hey|please|also)\b\W*)*"
    r"(?:is|are|was|were|do|does|did|can|could|will|would|has|have|any|how)\b"
    r"|[吗么嘛]\W*$|会不会|能不能|是不是|有没有|可不可以|好不好|怎么样|如何|(.)不\1"
)
# Words around facet and product that say nothing of what is asked.
_FILLERS = """
    people customers reviewers others buyers users owners everyone anybody anyone somebody reviews
    review reviewer think say said tell opinion opinions feedback experience experiences really
    actually truly generally overall usually ever after all good bad nice decent poor great okay ok
    well bad best like likes liked problems problem issues issue complaints complaint complain
    trouble happy satisfied pleased lasts last use using used wear wearing worn bought buy recommend
    product quality-wise enough pretty quite very as hows how's its it's am i'm would you there they
    them their who owns own feel feels worth wondering anything something thing things when while
    does did is are was were how long terrible awful all day days daily everyday
"""
FILLERS = frozenset(_FILLERS.split())
CHINESE_FILLERS = re.compile(
    "怎么样|如何|怎样|咋样|好不好|行不行|可不可以|会不会|能不能|评价|口碑|评论|大家|觉得|买过|用过|用起来"
    "|穿起来|穿着|穿著|用着|感觉|反馈|靠谱|真的|到底|平时|时间|长期|容易|久不久|够不够|差不差|有问题|好吗|行吗"
    "|可以|怎么|感受|如何|实际|整体|一般|人|好|不|很|太|吃|穿|久|会|够|得|说|算|差|长|快|清楚|清晰|耐用|耐"
)
