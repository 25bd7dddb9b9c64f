"""Conversations with the demo's shop that the dialogue was written with: 40 in each language.

A turn is what the customer says and what is right: the route, then words that the answer has,
parted by commas. "@id " before a line: the page that the customer looks at. They are no measure:
`test_conversations_answered.py` asks those that were written apart.
"""

from __future__ import annotations

Turns = tuple[tuple[str, str], ...]

ENGLISH: tuple[Turns, ...] = (
    (
        ("How much is the Hearthline Rice Cooker?", "catalogue 85.00"),
        ("and the Guoyi one?", "catalogue 115.00"),
    ),
    (
        ("Is the Guoyi rice cooker in stock?", "catalogue Guoyi, in stock"),
        ("how much is it?", "catalogue 115.00"),
    ),
    (
        ("How much is the rice cooker?", "clarify Hearthline, Guoyi"),
        ("the first one", "catalogue costs"),
        ("and the second one?", "catalogue costs"),
    ),
    (
        ("How much is the rice cooker?", "clarify Hearthline, Guoyi"),
        ("the cheaper one", "catalogue 85.00"),
    ),
    (("What does the rice cooker cost?", "clarify Hearthline"), ("Guoyi", "catalogue 115.00")),
    (
        ("What does the rice cooker cost?", "clarify Hearthline"),
        ("the more expensive one please", "catalogue 115.00"),
    ),
    (
        ("What does the cat tree cost?", "clarify Chongle, Pawline"),
        ("both", "catalogue 73.00, 89.00"),
    ),
    (
        ("How heavy is the Chinese cleaver?", "clarify Hearthline, Guoyi"),
        ("the pro one", "catalogue 410 g"),
    ),
    (
        ("How heavy is the Chinese cleaver?", "clarify Hearthline, Guoyi"),
        ("the Home version, please", "catalogue 340 g"),
        ("no, the other one", "catalogue 410 g"),
    ),
    (
        ("@tents-01a How much is it?", "catalogue 234.00"),
        ("@tents-01a how heavy is it?", "catalogue 0.94 kg"),
    ),
    (
        ("@tents-01a How much is it?", "catalogue 234.00"),
        ("@tents-01a and the Cedar Pass one?", "catalogue 206.00"),
        ("@tents-01a what does that one weigh?", "catalogue 1.1 kg"),
    ),
    (
        ("@pets-05a what colours does it come in?", "catalogue blue, black"),
        ("@pets-05a and in red?", "catalogue No, red"),
    ),
    (
        ("@pets-05a do you have it in blue?", "catalogue Yes"),
        ("@pets-05a what about green?", "catalogue No"),
        ("@pets-05a how much is it then?", "catalogue 26.99"),
    ),
    (
        ("@cookware-05a does it come in blue?", "catalogue Yes, blue"),
        ("@cookware-05a and the Hearthline casserole?", "catalogue No, black"),
    ),
    (
        ("How much is the Hearthline Rice Cooker?", "catalogue 85.00"),
        ("no, I meant the wok", "catalogue 47.99, Wok"),
    ),
    (
        ("How much is the Guoyi rice cooker?", "catalogue 115.00"),
        ("sorry, I meant the cast-iron pan from Guoyi", "catalogue 69.00"),
    ),
    (
        ("How much is the Guoyi rice cooker?", "catalogue 115.00"),
        ("actually, the weight", "catalogue 5.2 kg"),
    ),
    (
        ("How heavy is the Guoyi rice cooker?", "catalogue 5.2 kg"),
        ("not the rice cooker, the wok", "catalogue 1.7 kg"),
    ),
    (
        ("I'm looking at the Pawline Cat Tree", "clarify Pawline Cat Tree"),
        ("how much is it?", "catalogue 89.00"),
        ("is it in stock?", "catalogue in stock"),
    ),
    (("how much is it?", "clarify Which product"), ("the Hearthline wok", "catalogue 47.99")),
    (
        ("Do you ship to Switzerland?", "knowledge Switzerland, Norway"),
        ("and Norway?", "knowledge Norway"),
    ),
    (
        ("How much is express delivery?", "knowledge 9.90"),
        ("how much is the Guoyi wok?", "catalogue 62.00"),
        ("how much is express delivery?", "knowledge 9.90"),
    ),
    (
        ("How much is the Guoyi wok?", "catalogue 62.00"),
        ("How do I return something I bought?", "knowledge 30 days"),
        ("and how heavy is it?", "catalogue 1.7 kg"),
    ),
    (
        ("hello", "smalltalk Hello"),
        ("how much is the Guoyi wok?", "catalogue 62.00"),
        ("thanks!", "smalltalk welcome"),
    ),
    (
        ("hi there!", "smalltalk Hello"),
        ("are you a robot?", "smalltalk program"),
        ("bye", "smalltalk Goodbye"),
    ),
    (
        ("how much is the Guoyi wok?", "catalogue 62.00"),
        ("ok, thank you", "smalltalk welcome"),
        ("is it in stock?", "catalogue in stock"),
    ),
    (("Hi, how much is the Guoyi wok?", "catalogue 62.00"),),
    (("Can I speak to a human, please?", "person person, summary"),),
    (
        ("how much is the Guoyi wok?", "catalogue 62.00"),
        ("I want to talk to a real person", "person person"),
    ),
    (("Am I talking to a robot?", "smalltalk program"), ("then get me a human", "person person")),
    (
        ("How much is the Guoyi rice cooker?", "catalogue 115.00"),
        ("and the Hearthline?", "catalogue 85.00"),
        ("which one is cheaper?", "catalogue 85.00"),
    ),
    (
        ("Which colours does the jasmine tea from Yunwu come in?", "person"),
        ("how much is it?", "catalogue 15.99"),
    ),
    (
        ("What is the eye cream's price?", "clarify Runji, Alba Verde"),
        ("Runji please", "catalogue 33.99"),
        ("and is it in stock?", "catalogue in stock"),
    ),
    (
        ("What is the price of the eye cream?", "clarify Runji, Alba Verde"),
        ("how much is the Guoyi wok?", "catalogue 62.00"),
        ("is it available?", "catalogue Wok, in stock"),
    ),
    (("Does it come with a warranty?", "knowledge two-year"), ("how long is it?", "person")),
    (
        ("I forgot my password.", "knowledge password"),
        ("thanks, that helped a lot!", "smalltalk welcome"),
    ),
    (
        ("When will I get my money back?", "knowledge five working days"),
        ("And for express orders?", ""),
    ),
    (
        ("@coffee-07b is it in stock?", "catalogue out of stock"),
        ("@coffee-07b and the Douxiang ones?", "catalogue Douxiang, in stock"),
    ),
    (
        ("How heavy is the Pawline Cat Tree?", "catalogue 17 kg"),
        ("What material is it?", "catalogue sisal, plush"),
        ("and the Chongle cat tree?", "catalogue sisal"),
    ),
    (
        ("how much is the Lip Balm", "clarify Runji, Solenne"),
        ("1", "catalogue 5.99"),
        ("what about the latter?", "catalogue 5.99"),
    ),
)

CHINESE: tuple[Turns, ...] = (
    (("Hearthline电饭煲多少钱？", "catalogue 85.00"), ("那Guoyi的呢？", "catalogue 115.00")),
    (("Guoyi电饭煲有货吗？", "catalogue 有货"), ("多少钱？", "catalogue 115.00")),
    (
        ("电饭煲多少钱？", "clarify Hearthline, Guoyi"),
        ("第一个", "catalogue 元"),
        ("第二个呢", "catalogue 元"),
    ),
    (("电饭煲多少钱？", "clarify Hearthline, Guoyi"), ("便宜的那个", "catalogue 85.00")),
    (("电饭煲多少钱？", "clarify Hearthline, Guoyi"), ("专业款", "catalogue 115.00")),
    (("电饭煲什么价格？", "clarify Hearthline, Guoyi"), ("Guoyi", "catalogue 115.00")),
    (("电饭煲什么价格？", "clarify Hearthline, Guoyi"), ("贵一点的", "catalogue 115.00")),
    (("猫爬架多少钱", "clarify Chongle, Pawline"), ("两个都要", "catalogue 73.00, 89.00")),
    (
        ("中式菜刀有多重？", "clarify Hearthline, Guoyi"),
        ("后一个", "catalogue 克"),
        ("另一个呢？", "catalogue 克"),
    ),
    (
        ("@tents-01a 这个多少钱？", "catalogue 234.00"),
        ("@tents-01a 那重量呢？", "catalogue 0.94公斤"),
    ),
    (
        ("@tents-01a 多少钱", "catalogue 234.00"),
        ("@tents-01a 那Cedar Pass的呢", "catalogue 206.00"),
        ("@tents-01a 它有多重", "catalogue 1.1公斤"),
    ),
    (
        ("@pets-05a 有什么颜色？", "catalogue blue, black"),
        ("@pets-05a 有红色的吗？", "catalogue 没有红色"),
    ),
    (
        ("@pets-05a 有蓝色吗", "catalogue 有, 蓝色"),
        ("@pets-05a 绿色呢？", "catalogue 没有绿色"),
        ("@pets-05a 那多少钱", "catalogue 26.99"),
    ),
    (("Hearthline电饭煲多少钱？", "catalogue 85.00"), ("不对，我是说炒锅", "catalogue 47.99")),
    (
        ("Guoyi电饭煲多少钱？", "catalogue 115.00"),
        ("不好意思，我问的是Guoyi的铸铁煎锅", "catalogue 69.00"),
    ),
    (("Guoyi电饭煲多少钱？", "catalogue 115.00"), ("不是，我想问重量", "catalogue 5.2公斤")),
    (("Guoyi电饭煲有多重？", "catalogue 5.2公斤"), ("不是电饭煲，是炒锅", "catalogue 1.7公斤")),
    (
        ("我在看Pawline猫爬架", "clarify Pawline"),
        ("多少钱？", "catalogue 89.00"),
        ("有货吗", "catalogue 有货"),
    ),
    (("多少钱？", "clarify 哪一款"), ("Hearthline炒锅", "catalogue 47.99")),
    (("可以寄到香港吗？", "knowledge 香港"), ("那瑞士呢？", "knowledge 瑞士")),
    (
        ("加急快递多少钱？", "knowledge 9.90"),
        ("Guoyi炒锅多少钱", "catalogue 62.00"),
        ("加急快递多少钱", "knowledge 9.90"),
    ),
    (
        ("Guoyi炒锅多少钱", "catalogue 62.00"),
        ("退货政策是什么？", "knowledge 30天"),
        ("那它有多重？", "catalogue 1.7公斤"),
    ),
    (
        ("你好", "smalltalk 您好"),
        ("Guoyi炒锅多少钱", "catalogue 62.00"),
        ("谢谢", "smalltalk 不客气"),
    ),
    (
        ("你好呀", "smalltalk 您好"),
        ("你是机器人吗？", "smalltalk 程序"),
        ("再见", "smalltalk 再见"),
    ),
    (
        ("Guoyi炒锅多少钱", "catalogue 62.00"),
        ("好的，谢谢", "smalltalk 不客气"),
        ("有货吗", "catalogue 有货"),
    ),
    (("你好，Guoyi炒锅多少钱？", "catalogue 62.00"),),
    (("帮我转人工客服。", "person 人工, 摘要"),),
    (("Guoyi炒锅多少钱", "catalogue 62.00"), ("我想找真人聊", "person 人工")),
    (("你是真人吗", "smalltalk 程序"), ("那转人工吧", "person 人工")),
    (
        ("Guoyi电饭煲多少钱？", "catalogue 115.00"),
        ("Hearthline的呢", "catalogue 85.00"),
        ("哪个便宜？", "catalogue 85.00"),
    ),
    (("Yunwu茉莉花茶有什么颜色？", "person"), ("多少钱", "catalogue 15.99")),
    (
        ("眼霜什么价格？", "clarify Runji, Alba Verde"),
        ("Runji的", "catalogue 33.99"),
        ("有货吗？", "catalogue 有货"),
    ),
    (
        ("眼霜什么价格？", "clarify Runji, Alba Verde"),
        ("Guoyi炒锅多少钱", "catalogue 62.00"),
        ("有货吗", "catalogue 炒锅, 有货"),
    ),
    (("我忘记密码了。", "knowledge 密码"), ("明白了，谢谢你！", "smalltalk 不客气")),
    (("加急快递多少钱？", "knowledge 9.90"), ("那普通的呢？", "knowledge 3.90")),
    (("退款什么时候到账？", "knowledge 5个工作日"), ("好的", "smalltalk 帮您")),
    (
        ("@coffee-07b 有货吗", "catalogue 缺货"),
        ("@coffee-07b 那Douxiang的呢", "catalogue Douxiang, 有货"),
    ),
    (
        ("Pawline猫爬架有多重？", "catalogue 17公斤"),
        ("什么材质？", "catalogue sisal"),
        ("Chongle的猫爬架呢？", "catalogue sisal"),
    ),
    (("潤唇膏多少錢", "clarify Runji, Solenne"), ("第二個", "catalogue 5.99")),
    (("Guoyi電飯煲多少錢？", "catalogue 115.00"), ("那Hearthline的呢？", "catalogue 85.00")),
)
