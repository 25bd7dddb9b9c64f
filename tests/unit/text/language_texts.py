"""Texts and their language, written for these tests: one a line, under its label.

Every third of a list is held back: nothing was chosen on those. The label is the language of the
sentence that holds the text together: "iPhone 15 手机壳 red" is a Chinese search with a Latin name
in it, "I bought this 旗袍" an English sentence with a Chinese word.
"""

from __future__ import annotations

_ENGLISH = """
where is my order?
red leather sofa
café table
iPhone 15 pro max
don't buy this!!! 😡
USB-C
Übergröße shirt that does not fit
I bought this 旗袍 for my sister and she loves it
my 快递 is lost
Is 这个 waterproof?
The label says 请勿靠近火源 so I was worried
I LOVE THIS 旗袍 SO MUCH, WOULD BUY AGAIN
please cancel the 订单 I placed yesterday
where is my 包裹? It was due on Monday
The 月饼 arrived broken and nobody answers my mails
do you have this 汉服 in size M?
I've been using 小米 phones for years and this one is the best
it's written 福 on the front, which my mum likes
What does 包邮 mean on this page?
The seller only speaks 中文 but he was very helpful
can I pay with 支付宝 or 微信?
this tea set (茶具) is beautiful and well made
Does the 华为 watch work with an iPhone?
We ordered two 火锅 pots; one of them leaks
I asked for black and got 白色, not happy
Great phone ¯\\_(ツ)_/¯
would not recommend 👎👎👎
5 stars
size 42
A/C adapter 12V 5A
ＧＲＥＡＴ ｐｒｏｄｕｃｔ
jalapeño chips
crème brûlée torch
naïve but charming
piñata for my daughter's party
Nestlé coffee
Häagen-Dazs
Beyoncé poster A2
the Müller shop sent the wrong colour
good
ok
nice!!
so so
meh
no
thanks, arrived today
returns policy
track parcel
voucher code not working
talk to a human
HOW DO I RETURN THIS
wtf is this quality
the α-lipoic acid tastes awful
10 kΩ resistor pack
Works with π and with the older board
5 µF capacitor
it reads "спасибо" on the box and I like it
My babushka says "отлично" so I am happy with it
I love this ケース so much
The ラーメン bowl I got is smaller than in the picture
it has 사랑 written on the back and my wife loves it
Muji の shop is my favourite one
don&#39;t know what to say
<b>Works</b> as described
wrong item was sent, I want my money back
cheap and cheerful
lightweight laptop for students
wireless earbuds under $30
men's running shoes
gift for mom
t-shirt xxl
4k tv 55 inch
the battery dies after an hour :(
Love it ❤️❤️❤️
I didn\u2019t expect much
𝐆𝐫𝐞𝐚𝐭 𝐬𝐞𝐫𝐯𝐢𝐜𝐞
how to clean a 紫砂壶 without soap
you sent me 两个 instead of three, please refund one
My parents are from 上海 and they say it tastes like home
"""

_CHINESE = """
这个什么时候发货
好
iPhone 手机壳很好看
質量很好，下次還買
5星好评！
𠮷野家很好吃
iPhone 15 手机壳 red
好用 very good
Nike Air Max 运动鞋 size 42
refund 怎么弄
我 love 这个 dress
The North Face 羽绒服
The Ordinary 精华
Made in China 的质量
My Little Pony 玩具
I Love You 礼物
You Are My Sunshine 音乐盒
Lord of the Rings 手办
Bath & Body Works 沐浴露
DO NOT DISTURB 挂牌
Windows 11 Pro 激活码
MacBook Pro M3 Max 16 inch 保护套
Type-C to Lightning 转接头
USB 3.0 hub 扩展坞
SK-II 神仙水 230ml
Estée Lauder 小棕瓶 50ml
L'Oréal 洗发水
我是i人，喜欢在家里用
IT男的键盘
客服说 the item is out of stock，太无语了
老板 nice，发货 so fast
质量 so so，不推荐
包装 OK
good，好评
very good 很满意
买了个 size L 的，偏大
这个 case for iPhone 好用吗
color 跟图片不一样
logo 是歪的，fake 的吧
Wi-Fi 连不上，bluetooth 也断
我要 return 这个 item
订单 tracking number 是多少
能用 Apple Pay 吗
有没有 discount code
VIP 会员怎么 cancel
Switch OLED 游戏机
Dyson V15 吸尘器
LEGO 乐高 42143
adidas originals 三叶草卫衣
ZARA 同款 dress 黑色
T恤
U盘 64G
A4纸
KTV 用的 microphone
5G手机
很好👍👍👍
😡垃圾
物流慢。。。
不好吃！！！
ｉＰｈｏｎｅ　１５　手机壳
电池不耐用 only 2 hours
孩子说 I like it，那就好
衣服上印着 I am the best，有点土
上面写着 made in Japan 其实是国产的
屏幕 perfect，battery 不行，总体 7/10
Excellent！就是有点贵
好ㄉ
美の小铺 质量不错
约翰・史密斯写的这本书很好看
寄來的商品跟圖片不一樣，想退貨
請問什麼時候到貨？
台灣可以寄嗎
差評！唔好買
呢個幾好用㗎
&#36136;&#37327;&#24456;&#22909;
<p>质量不错</p>
〇件商品
怎样取消 subscription？
红色 RED 和 blue 都要
"""

_OTHER = """
12345 !!!
😀😀
この商品はとても良いです
좋은 제품입니다
где мой заказ
¿dónde está mi pedido?
Me encanta este producto, es muy bueno para la casa
wo ist meine Bestellung und wann kommt sie
أين طلبي
iPhone 15 ケース
чехол для iPhone 15 Pro Max
갤럭시 S24 Ultra 케이스
トトロ plush
日本の味
とても良い商品でした。また買います
色が写真と違います
発送が早くて助かりました
배송이 너무 늦어요
色違いでもう一つ購入しました
ｻｲｽﾞがちょうどいい
спасибо, всё пришло вовремя
качество плохое 😡
Привет iPhone
ποιότητα πολύ καλή
המשלוח הגיע מהר
สินค้าดีมาก
बहुत अच्छा उत्पाद
Sản phẩm rất tốt, giao hàng nhanh
où est mon colis
je ne suis pas content de la qualité
Das Produkt ist nicht gut und kam zu spät
Ich möchte mein Geld zurück
il prodotto è arrivato rotto
non funziona per niente, soldi buttati
não gostei do produto
chegou com defeito e não responde
het pakket is niet aangekomen
paketet har inte kommit och jag är arg
gdzie jest moja paczka, nie działa
kötü ürün, çok geç geldi
🙏🏽
❤️
👩‍👩‍👧
...
???
10/10
100%
+49 170 1234567
$$$
---
1234-5678-9012
☆☆☆☆☆
٣٤٥
€ 19,99
:-)
Спасибо 👍👍
Μου αρέσει πολύ
この iPhone ケース、最高！
삼성 TV 화면이 안 켜져요
товар пришёл broken
очень хороший товар, рекомендую всем 10/10
mein Paket ist nicht da 😡
el teléfono no funciona
la qualité est très bonne
"""

LABELLED: tuple[tuple[str, str], ...] = tuple(
    (line, label)
    for label, lines in (("en", _ENGLISH), ("zh", _CHINESE), ("other", _OTHER))
    for line in lines.strip().splitlines()
)
HELD_BACK = LABELLED[2::3]
BUILT_ON = tuple(each for place, each in enumerate(LABELLED) if place % 3 != 2)
