"""The words and sentences that `pairs.py` puts together; all written for it.

`{p}` is a product's name, `{q}` another's, `{t}` a thing that belongs to one, `{v}` a colour or a
size; `{}` what a line goes on with, and `{old}` what it corrects.
"""

from __future__ import annotations


def listed(text: str) -> list[str]:
    return text.split("|")


EN_NOUNS = listed(
    "tent|sleeping bag|jacket|raincoat|backpack|water bottle|kettle|toaster|blender|coffee machine|"
    "frying pan|knife set|cutting board|desk lamp|office chair|standing desk|bookshelf|sofa|rug|"
    "curtain|pillow|blanket|towel|headphones|speaker|keyboard|mouse|monitor|webcam|charger|"
    "power bank|phone case|tablet|laptop stand|camera|tripod|drone|smartwatch|fitness band|bike|"
    "helmet|bike lock|pump|running shoes|hiking boots|sandals|socks|scarf|gloves|hat|belt|wallet|"
    "handbag|suitcase|umbrella|sunglasses|watch|necklace|face cream|shampoo|toothbrush|hair dryer|"
    "razor|vacuum cleaner|iron|fan|heater|humidifier|plant pot|hose|drill|screwdriver set|ladder|"
    "dog bed|cat tree|stroller|car seat|puzzle|board game|doll|notebook|pen|stapler|stove|lantern|"
    "cooler box|hammock|skateboard|dumbbell|jump rope|tea pot|mug|plate|lunch box|thermos|scale"
)
EN_ADJECTIVES = listed(
    "wireless|steel|wooden|leather|cotton|wool|bamboo|ceramic|folding|portable|mini|large|light|"
    "ultralight|classic|smart|electric|manual|glass|silicone|kids|men's|women's|travel|outdoor|"
    "gaming|ergonomic|vintage|organic|down|titanium|two-person|slim|pro|double|digital"
)
EN_COLOURS = listed(
    "red|blue|green|black|white|grey|yellow|pink|purple|orange|brown|beige|navy|silver|gold|olive"
)
EN_SIZES = listed(
    "small|medium|large|xl|xxl|size s|size m|size l|size xl|size 38|size 42|size 40|size 9|"
    "500 ml|750 ml|1 litre|20 l|24 cm|30 cm|128 gb|256 gb"
)
EN_THINGS = listed(
    "lid|handle|cover|strap|battery|charger|bag|manual|filter|remote|pocket|zip|cable|timer|light|"
    "brush|blades|wheels|drawers|lining|buttons|case"
)
# Of a question without and with a product: "{p}" is its name.
EN_ATTRIBUTES = listed(
    "price|weight|size|colour|material|warranty|capacity|height|width|length|depth|brand|"
    "thickness|power|range|runtime|wattage|voltage|volume|diameter|finish|origin|"
    "battery life|delivery time|water resistance|screen size|noise level"
)
EN_QUESTIONS = listed(
    "how much is the {p}|what does the {p} cost|how heavy is the {p}|what does the {p} weigh|"
    "how much does the {p} weigh|is the {p} waterproof|is the {p} in stock|do you have the {p}|"
    "what is the {p} made of|what material is the {p}|how big is the {p}|how tall is the {p}|"
    "how wide is the {p}|how long is the {p}|can i wash the {p} in the machine|"
    "is the {p} dishwasher safe|does the {p} have a warranty|how long is the warranty of the {p}|"
    "is the {p} loud|is the {p} good|what do people say about the {p}|can i return the {p}|"
    "how do i clean the {p}|when will the {p} be back in stock|who makes the {p}|"
    "is the {p} suitable for children|does the {p} need batteries|how long does the {p} last|"
    "can i use the {p} outdoors|is the {p} on sale|can the {p} be repaired|does the {p} fold|"
    "what colours does the {p} come in|what sizes does the {p} come in|is the {p} easy to use|"
    "how many people fit in the {p}|does the {p} work with usb|how quickly does the {p} charge|"
    "is the {p} worth the money|would you recommend the {p}|where is the {p} made|"
    "how long may i keep the {p} before i return it|are there complaints about the {p}|"
    "how long is the battery life of the {p}|does the {p} come with a {t}|does the {p} have a {t}|"
    "does the {p} have {t}|is a {t} included with the {p}|what are the {t} of the {p} made of|"
    "can i put the {p} in the {t}|is the {p} cheaper than the {q}|does the {p} fit the {q}"
)
EN_VALUES = listed(
    "does the {p} come in {v}|is the {p} available in {v}|do you have the {p} in {v}|"
    "is the {p} in stock in {v}|can i get the {p} in {v}"
)
EN_PLACES = listed(
    "germany|france|spain|poland|canada|japan|mexico|brazil|sweden|italy|austria|portugal|chile|"
    "alaska|hawaii|berlin|paris|london|the mountains|remote areas|a pickup point|my office"
)
EN_METHODS = listed(
    "card|credit card|paypal|bank transfer|cash|instalments|apple pay|a voucher|points|cheque"
)
EN_WAYS = listed("express|standard|overnight|economy|same-day|weekend|international|pallet")
EN_GOODS = listed(
    "shoes|cosmetics|underwear|food|electronics|sale items|opened items|gifts|furniture|books|"
    "used items|damaged items|custom items|plants|batteries"
)
EN_DAYS = listed("monday|tuesday|wednesday|thursday|friday|saturday|sunday|holidays|christmas")
EN_COUNTS = listed("5 days|10 days|14 days|20 days|30 days|60 days|a week|two weeks|a month|a year")
EN_ACTIONS = listed(
    "cancel my order|change my address|change my order|track my parcel|return an item|"
    "redeem a voucher|get a refund|delete my account|reset my password|add an item to my order|"
    "change the payment method|collect my parcel|get an invoice|reach a person|join the club"
)
EN_POLICIES: tuple[tuple[str, list[str]], ...] = (
    ("how much is shipping to {}", EN_PLACES),
    ("do you ship to {}", EN_PLACES),
    ("how long does delivery to {} take", EN_PLACES),
    ("how much does delivery to {} cost", EN_PLACES),
    ("can i pay by {}", EN_METHODS),
    ("can i pay with {}", EN_METHODS),
    ("do you accept {}", EN_METHODS),
    ("how much is {} shipping", EN_WAYS),
    ("is {} shipping free", EN_WAYS),
    ("how long does {} delivery take", EN_WAYS),
    ("can i return {}", EN_GOODS),
    ("can {} be exchanged", EN_GOODS),
    ("is there a warranty on {}", EN_GOODS),
    ("are you open on {}", EN_DAYS),
    ("do you deliver on {}", EN_DAYS),
    ("what time does the shop open on {}", EN_DAYS),
    ("can i return an item after {}", EN_COUNTS),
    ("can i {}", EN_ACTIONS),
    ("how do i {}", EN_ACTIONS),
    ("where can i {}", EN_ACTIONS),
)
EN_WHOLE = listed(
    "how long do i have to return something|do you offer gift wrapping|how can i reach you|"
    "is there a student discount|do you have a shop in town|who pays for the return|"
    "when do i get my money back|what if my parcel is damaged|do you price match|hello|thanks|"
    "is my data safe|how do i track my order|do i need an account|where is my order 18274|"
    "what payment methods do you accept|i want to talk to a person|can i order by phone|"
    "what is the minimum order|is shipping free|how do i know my size|do you repair things"
)

ZH_NOUNS = listed(
    "帐篷|睡袋|冲锋衣|雨衣|背包|水杯|电水壶|烤箱|榨汁机|咖啡机|平底锅|刀具套装|砧板|台灯|办公椅|"
    "升降桌|书柜|沙发|地毯|窗帘|枕头|毛毯|毛巾|耳机|音箱|键盘|鼠标|显示器|摄像头|充电器|充电宝|"
    "手机壳|平板|电脑支架|相机|三脚架|无人机|手表|手环|自行车|头盔|车锁|打气筒|跑步鞋|登山靴|凉鞋|"
    "袜子|围巾|手套|帽子|皮带|钱包|手提包|行李箱|雨伞|太阳镜|项链|面霜|洗发水|牙刷|吹风机|剃须刀|"
    "吸尘器|熨斗|风扇|取暖器|加湿器|花盆|水管|电钻|螺丝刀|梯子|狗窝|猫爬架|婴儿车|安全座椅|拼图|"
    "桌游|娃娃|笔记本|钢笔|订书机|炉头|营地灯|保温箱|吊床|滑板|哑铃|跳绳|茶具|马克杯|盘子|饭盒|保温壶"
)
ZH_ADJECTIVES = listed(
    "无线|不锈钢|实木|真皮|纯棉|羊毛|竹制|陶瓷|折叠|便携|迷你|大号|轻量|超轻|经典|智能|电动|手动|"
    "玻璃|硅胶|儿童|男士|女士|旅行|户外|游戏|人体工学|复古|有机|羽绒|钛合金|双人|双层|数码"
)
ZH_COLOURS = listed(
    "红色|蓝色|绿色|黑色|白色|灰色|黄色|粉色|紫色|橙色|棕色|米色|藏青色|银色|金色|军绿色"
)
ZH_SIZES = [
    "小号",
    "中号",
    "大号",
    "s码",
    "m码",
    "l码",
    "xl码",
    "38码",
    "40码",
    "42码",
    "500毫升",
    "1升",
    "20升",
    "24厘米",
    "30厘米",
]
ZH_THINGS = listed(
    "盖子|把手|罩子|肩带|电池|充电器|收纳袋|说明书|滤网|遥控器|口袋|拉链|数据线|定时|灯|刷子|刀头|"
    "轮子|抽屉|内衬|按键"
)
ZH_ATTRIBUTES = listed(
    "价格|重量|尺寸|颜色|材质|保修期|容量|高度|宽度|长度|深度|品牌|厚度|功率|续航|电压|直径|产地|"
    "屏幕大小|噪音|防水等级|发货时间"
)
ZH_QUESTIONS = listed(
    "{p}多少钱|{p}怎么卖|{p}多重|{p}有多重|{p}防水吗|{p}有货吗|{p}是什么材质的|{p}是什么做的|"
    "{p}有多大|{p}多高|{p}有多宽|{p}能机洗吗|{p}可以用洗碗机洗吗|{p}有保修吗|{p}保修多久|"
    "{p}声音大吗|{p}好用吗|大家觉得{p}怎么样|{p}能退吗|{p}可以退货吗|{p}怎么清洗|"
    "{p}什么时候补货|{p}是哪个牌子的|{p}适合小孩吗|{p}用电池吗|{p}能用多久|{p}可以在户外用吗|"
    "{p}有优惠吗|{p}能修吗|{p}能折叠吗|{p}有什么颜色|{p}有哪些尺码|{p}能坐几个人|{p}充电快吗|"
    "{p}值得买吗|你们推荐{p}吗|{p}是哪里产的|{p}有差评吗|{p}续航多久|{p}带{t}吗|{p}有{t}吗|"
    "{p}送{t}吗|{p}的{t}是什么材质的|{p}能放进{t}吗|{p}比{q}便宜吗|{p}多久可以退|{p}掉色吗"
)
ZH_VALUES = listed("{p}有{v}吗|{p}有{v}的吗|{p}{v}有货吗|{p}能买{v}的吗")
ZH_PLACES = listed(
    "北京|广州|深圳|成都|西藏|新疆|海南|香港|台湾|美国|日本|农村|学校|山区|武汉|哈尔滨|内蒙古|澳门"
)
ZH_METHODS = listed("支付宝|微信|银行卡|花呗|现金|分期|积分|代金券|货到付款|数字人民币")
ZH_WAYS = listed("加急|标准|次日达|经济|当日达|周末|国际|大件")
ZH_GOODS = [
    "鞋子",
    "化妆品",
    "内衣",
    "食品",
    "电器",
    "特价商品",
    "拆封商品",
    "赠品",
    "家具",
    "图书",
    "用过的商品",
    "定制商品",
]
ZH_DAYS = listed("周一|周二|周三|周四|周五|周六|周日|节假日|春节|国庆")
ZH_COUNTS = listed("三天|五天|七天|十天|十五天|三十天|一个月|半年|一年|两周")
ZH_ACTIONS = listed(
    "取消订单|修改收货地址|修改订单|查物流|退货|换货|开发票|退款|注销账号|找回密码|加购商品|"
    "更换支付方式|自提|使用优惠券|联系人工客服|加入会员"
)
ZH_POLICIES: tuple[tuple[str, list[str]], ...] = (
    ("寄到{}运费多少", ZH_PLACES),
    ("能送到{}吗", ZH_PLACES),
    ("发到{}要几天", ZH_PLACES),
    ("到{}多久能收到", ZH_PLACES),
    ("可以用{}付款吗", ZH_METHODS),
    ("支持{}吗", ZH_METHODS),
    ("{}配送多少钱", ZH_WAYS),
    ("{}配送免费吗", ZH_WAYS),
    ("{}快递要多久", ZH_WAYS),
    ("{}能退吗", ZH_GOODS),
    ("{}可以换吗", ZH_GOODS),
    ("{}有保修吗", ZH_GOODS),
    ("{}营业吗", ZH_DAYS),
    ("{}送货吗", ZH_DAYS),
    ("店里{}几点开门", ZH_DAYS),
    ("买了{}还能退吗", ZH_COUNTS),
    ("可以{}吗", ZH_ACTIONS),
    ("怎么{}", ZH_ACTIONS),
    ("在哪里{}", ZH_ACTIONS),
)
ZH_WHOLE = listed(
    "多久之内可以退货|可以礼品包装吗|怎么联系你们|有学生优惠吗|有实体店吗|退货运费谁出|退款多久到账|"
    "收到的商品坏了怎么办|你好|谢谢|我的信息安全吗|怎么查快递|需要注册吗|我的订单18274到哪了|"
    "支持哪些付款方式|我要转人工|可以电话下单吗|最低消费多少|包邮吗|怎么选尺码|可以维修吗"
)
EN_NEW = listed(
    "and the {}|what about the {}|how about the {}|and {}|what about {}|the {}|same for the {}|"
    "and what about the {}|same question for the {}|and for the {}|{} too|and the {} then|"
    "but the {}"
)
ZH_NEW = listed("{}呢|那{}呢|{}|那么{}呢|还有{}呢|换成{}呢|那如果是{}呢|{}也一样吗|{}也是吗")
EN_WRONG = listed(
    "no, i meant the {}|sorry, i meant the {}|i mean the {}|no, the {}|actually, the {}|"
    "not the {old}, the {}|the {}, not the {old}|oops, i meant the {}|wrong one, the {}|"
    "no sorry, the {}|i was asking about the {}|make that the {}|wait, i mean the {}"
)
ZH_WRONG = listed(
    "不对,我说的是{}|我是说{}|不是{old},是{}|错了,是{}|抱歉,我问的是{}|说错了,{}|哦不,{}|"
    "不,我要问的是{}|我指的是{}|不好意思,应该是{}|不是,是{}|等等,我想问的是{}"
)
EN_CHOSEN = listed(
    "the first one|the second one|the second|first|the cheaper one|the cheaper one please|that one|"
    "the last one|the lighter one|1|2|the other one|this one|the first one please|number two|it"
)
ZH_CHOSEN = listed(
    "第一个|第二个|第二款|便宜的那个|贵的那款|前面那个|后面那个|这个|那个|1|2|轻的|另一个|前者|便宜的"
)
EN_LEADS = ["and ", "ok thanks, ", "great. ", "ok. ", "also, ", "thanks! ", "and also, ", "then "]
ZH_LEADS = ["那", "好的,", "谢谢。", "嗯,", "还有,", "另外,", "好的,谢谢。", "请问"]
EN_SYLLABLES = [
    "ka",
    "lo",
    "mi",
    "ran",
    "tor",
    "vel",
    "bra",
    "sten",
    "qui",
    "zo",
    "fen",
    "dar",
    "lum",
    "pex",
    "nor",
    "sil",
    "vor",
    "ta",
    "gri",
    "hul",
    "el",
]
ZH_SYLLABLES = "佳尚诺维迪洛奇森凯米兰达宝格雅科瑞天星云海悦宁川岚朗风北极"
