"""Words that catalogues write as values, other words for the same, and the shop's own business.

A line: what a value is called first, then other words for it, in English and Chinese. The word in
brackets names what it is a kind of.
"""

from .lexicon import AMBIGUOUS_COLOURS, COLOUR_OF

MATERIALS = """
leather | real leather, genuine leather, 真皮, 皮革, 皮的, 皮质, 牛皮
faux leather | artificial leather, pu leather, 人造革, 人造皮
steel | 钢, 钢的
stainless | stainless steel, 不锈钢
iron | cast iron, 铸铁, 铁的, 铁做
aluminium | 铝, 铝合金
titanium | 钛
copper | 铜
brass | 黄铜
silver metal | sterling silver, 纯银
glass | 玻璃
ceramic | porcelain, china, 陶瓷, 瓷
clay | 紫砂, 陶土
stone | granite, 石头
wood | wooden, 木头, 木制, 实木, 木的, 木质
oak (wood) | 橡木
walnut (wood) | 胡桃木, 胡桃
beech (wood) | 榉木
rosewood (wood) | 红木, 花梨木, 紫檀
pine (wood) | 松木
bamboo | 竹子, 竹制, 竹
cork | 软木
paper | 纸
cotton | 棉, 纯棉, 全棉
wool | 羊毛
merino (wool) | 美丽诺, 美丽诺羊毛
felt | 毛毡
linen | 亚麻
silk | 真丝, 丝绸
down | 羽绒
goose | goose down, 鹅绒
duck | duck down, 鸭绒
synthetic | synthetic fibre, 化纤, 合成纤维, 人造纤维
polyester (synthetic) | 涤纶, 聚酯, 聚酯纤维
nylon (synthetic) | 尼龙, 锦纶
elastane | spandex, lycra, 氨纶, 弹力
fleece | 抓绒
silicone | 硅胶
rubber | 橡胶
latex rubber | natural latex, 天然乳胶
plastic | 塑料, 塑胶
polycarbonate (plastic) | 聚碳酸酯, pc材质
tpu (plastic) | 热塑
polypropylene (plastic) | pp材质, 聚丙烯
abs (plastic) | abs塑料
acrylic (plastic) | 亚克力
tritan (plastic) | tritan材质
pvc (plastic) | 聚氯乙烯
carbon | carbon fibre, 碳纤维
enamel | 搪瓷, 珐琅
memory foam | 记忆棉
foam | 泡沫, 海绵
recycled | recycled material, 再生, 回收材料, 环保再生
bentonite | 膨润土
tofu | 豆腐
"""
# By the concept of which they are values.
VALUES = """
skin_type=sensitive | sensitive skin, sensitive, 敏感肌, 敏感皮, 敏感皮肤, 敏感肤质
skin_type=dry | dry skin, 干皮, 干性, 干性皮肤, 干性肤质
skin_type=oily | oily skin, 油皮, 油性, 油性皮肤, 油性肤质
skin_type=normal | normal skin, 中性肌, 中性皮肤, 中性肤质
skin_type=combination | combination skin, 混合肌, 混油, 混合性
roast=dark | dark roast, dark roasted, 深烘, 深度烘焙, 深焙
roast=medium | medium roast, 中烘, 中度烘焙, 中焙
roast=light | light roast, 浅烘, 浅度烘焙, 浅焙
fuel=gas | gas, 气罐, 燃气
fuel=wood | 木柴, 柴火
fuel=petrol | gasoline, petrol, 汽油
"""
_SINGLE_HAN = "的色款"
_AROUND_COLOURS = (
    "in ~",
    "in the ~",
    "~ one",
    "~ version",
    "~ colour",
    "is it ~",
    "a ~",
    "the ~ one",
)


def colours() -> dict[str, str]:
    """A colour's word in a question -> its normal form. One sign alone is none: 红茶."""
    said = {}
    for word, normal in COLOUR_OF.items():
        if word in AMBIGUOUS_COLOURS:
            said.update({around.replace("~", word): normal for around in _AROUND_COLOURS})
        elif word.isascii() or len(word) > 1:
            said[word] = normal
        else:
            said.update({word + mark: normal for mark in _SINGLE_HAN})
    return said


# What is the shop's business and no product's, unless a longer phrase says otherwise.
SHOP = """
deliver, delivery, shipping, ship, shipped, postage, courier, parcel, dispatch, return, returned
send it back, send back, bring it back, refund, money back, exchange, my order, an order, order
ordered, pay, paid, payment, paying, invoice, receipt, vat, voucher, coupon, discount, promo
promotion, on offer, newsletter, account, password, log in, login, sign up, gift card, gift wrap
wrapped, gift wrapped, pick up, pickup, pick it up, collect it, your store, your shop, in store
opening hour, open on, customer service, support team, support available, reach you, contact
call you, complain, complaint, complaints, claim, damaged, faulty, defective, arrive broken
broken, missing, wrong item, wrong size, tracking, track, customs, import duty, cancel
change my mind, don t like it, doesn t fit, don t fit, do not fit, does not fit, price match
cheaper elsewhere, instalment, installment, loyalty, points, size chart, size guide, arrive
by tomorrow, by friday, subscribe, subscription, wholesale, bulk, review, trade in, resell
repaired, get it repaired, privacy policy, my data, express, standard delivery, 快递, 发货, 物流
运费, 包邮, 配送, 送货, 邮费, 寄, 退货, 退款, 退换, 换货, 退掉, 能退, 可以退, 退吗, 怎么退, 订单
下单, 付款, 支付, 付钱, 发票, 收据, 优惠, 折扣, 打折, 优惠券, 红包, 满减, 活动, 会员, 积分, 账号
密码, 登录, 注册, 客服, 人工, 投诉, 门店, 实体店, 自提, 取消订单, 售后, 以旧换新, 分期, 赠品
礼品卡, 礼品包装, 礼物包装, 到货, 几天到, 什么时候到, 多久到, 多久能到, 收货, 收到, 签收, 破损
坏了, 发错, 少发, 尺码表, 换个, 价保, 保价, 降价, 退差价, 关税, 批发, 团购, 评价, 隐私, 加急
不合适, 不喜欢, 不合身
"""
