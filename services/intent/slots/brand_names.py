"""Brands that the grammar knows without a shop's catalogue; which of their names are words."""

from __future__ import annotations

# The normal form, then how else it is written. A shop's own brands come from its catalogue.
_BRANDS = """
Nike 耐克 | Adidas 阿迪达斯 阿迪 阿迪达丝 addidas | Puma 彪马 | Reebok 锐步 |
New Balance,新百伦,nb | Asics 亚瑟士 | Converse 匡威 | Vans 范斯 | Under Armour,安德玛 |
Fila 斐乐 | Skechers 斯凯奇 | Crocs 卡骆驰 | Li-Ning 李宁 lining | Anta 安踏 | Xtep 特步 |
361° 361度 | Erke 鸿星尔克 | Peak 匹克 | Warrior 回力 | The North Face,north face,北面 |
Patagonia 巴塔哥尼亚 | Columbia 哥伦比亚 | Salomon 萨洛蒙 | Timberland 添柏岚 |
Dr. Martens,dr martens,doc martens | Birkenstock 勃肯 | Clarks 其乐 | Ugg | Hoka |
Lululemon 露露乐蒙 | Decathlon 迪卡侬 | Arc'teryx,arcteryx,始祖鸟 | Camel 骆驼 |
Toread 探路者 | Levi's,levis,李维斯 | Zara | Uniqlo 优衣库 | H&M | Gucci 古驰 | Prada 普拉达 |
Chanel 香奈儿 | Dior 迪奥 | Louis Vuitton,路易威登 | Hermes 爱马仕 | Coach 蔻驰 |
Michael Kors | Ralph Lauren | Tommy Hilfiger | Calvin Klein | Lacoste | Bosideng 波司登 |
Semir 森马 | Metersbonwe 美特斯邦威 | Heilan 海澜之家 | Balabala 巴拉巴拉 | Nanjiren 南极人 |
Jeanswest 真维斯 | Peacebird 太平鸟 | Ray-Ban,ray ban,rayban,雷朋 | Oakley | Casio 卡西欧 |
Seiko 精工 | Citizen 西铁城 | Tissot 天梭 | Rolex 劳力士 | Omega 欧米茄 | Longines 浪琴 |
Fossil | Swatch 斯沃琪 | Garmin 佳明 | Fitbit | Pandora 潘多拉 | Swarovski 施华洛世奇 |
Chow Tai Fook,周大福 | 周生生 | 老凤祥 | Apple 苹果 | Samsung 三星 samsumg | Huawei 华为 |
Honor 荣耀 | Xiaomi 小米 | Redmi 红米 | Oppo | Vivo | OnePlus 一加 | Realme 真我 |
Nokia 诺基亚 | Motorola 摩托罗拉 | Google 谷歌 | Sony 索尼 | LG | TCL | Hisense 海信 |
Skyworth 创维 | Changhong 长虹 | Konka 康佳 | Philips 飞利浦 | Panasonic 松下 | Sharp 夏普 |
Toshiba 东芝 | Hitachi 日立 | Lenovo 联想 | ThinkPad | Dell 戴尔 | HP 惠普 | Asus 华硕 |
Acer 宏碁 | MSI 微星 | Microsoft 微软 | Intel 英特尔 | AMD | Nvidia 英伟达 |
Logitech 罗技 logitec | Razer 雷蛇 | Corsair 海盗船 | Kingston 金士顿 | SanDisk 闪迪 |
Seagate 希捷 | Western Digital,西部数据,西数 | TP-Link,tp link,tplink,普联 | Netgear 网件 |
Anker 安克 | Belkin | Ugreen 绿联 | Baseus 倍思 | Bose 博士 | JBL | Sennheiser 森海塞尔 |
Beats | AKG | Edifier 漫步者 | Marshall 马歇尔 | Canon 佳能 | Nikon 尼康 | Fujifilm 富士 |
GoPro | DJI 大疆 | Insta360 | Epson 爱普生 | Brother 兄弟 | Kodak 柯达 | Nintendo 任天堂 |
Fender | Yamaha 雅马哈 | Casio | Roland | Gibson | Kawai 卡瓦依 | Dyson 戴森 | Shark |
Bissell | Karcher 卡赫 | iRobot | Roborock 石头 | Ecovacs 科沃斯 | Miele 美诺 | Bosch 博世 |
Siemens 西门子 | Midea 美的 | Gree 格力 | Haier 海尔 | Joyoung 九阳 | Supor 苏泊尔 |
Galanz 格兰仕 | Fotile 方太 | Robam 老板 | Vatti 华帝 | Whirlpool 惠而浦 |
Electrolux 伊莱克斯 | Bear 小熊 | Airmate 艾美特 | AUX 奥克斯 | Aosmith 史密斯 | KitchenAid |
DeLonghi 德龙 delonghi | Nespresso | Breville 铂富 | Tefal 特福 | Le Creuset,酷彩 |
Zwilling 双立人 | WMF | Pyrex | Tupperware 特百惠 | Thermos 膳魔师 | Stanley | Hydro Flask |
Instant Pot | Ninja | Makita 牧田 | DeWalt 得伟 | Stihl | Black & Decker | Husqvarna |
Ikea 宜家 | Lego 乐高 | Playmobil | Barbie 芭比 | Hasbro 孩之宝 | Mattel 美泰 |
Fisher Price,费雪 | Hot Wheels | Nerf | Pokemon,pokémon,宝可梦 | Disney 迪士尼 | Marvel 漫威 |
Harry Potter,哈利波特 | Pop Mart,泡泡玛特 | Pampers 帮宝适 | Huggies 好奇 | Merries 花王 |
Aptamil 爱他美 | Avent 新安怡 | Chicco | Graco | Maxi Cosi | Feihe 飞鹤 | Yili 伊利 |
Mengniu 蒙牛 | Royal Canin,皇家 | Purina | Whiskas 伟嘉 | Pedigree 宝路 |
L'Oreal,loreal,l'oréal,欧莱雅 | Lancome,lancôme,兰蔻 | Estee Lauder,estée lauder,雅诗兰黛 |
Clinique 倩碧 | SK-II sk2 | Shiseido 资生堂 | MAC | Maybelline 美宝莲 | Revlon 露华浓 |
Nivea 妮维雅 | Neutrogena 露得清 | Cerave 适乐肤 | The Ordinary | Olay 玉兰油 | Dove 多芬 |
Pantene 潘婷 | Head & Shoulders,海飞丝 | Garnier | Kiehl's,kiehls,科颜氏 |
La Roche Posay,理肤泉 | Winona 薇诺娜 | Proya 珀莱雅 | 百雀羚 | Perfect Diary,完美日记 |
Florasis 花西子 | YSL 圣罗兰 | Oral-B,oral b,欧乐b | Colgate 高露洁 | Sensodyne 舒适达 |
Gillette 吉列 | Braun 博朗 | Durex 杜蕾斯 | Vinda 维达 | Kleenex 舒洁 | 洁柔 | 云南白药 |
Kotex 高洁丝 | Whisper 护舒宝 | Sofy 苏菲 | Tide 汰渍 | Persil | Ariel | Liby 立白 |
Blue Moon,蓝月亮 | Nestle,nestlé,雀巢 | Lindt 瑞士莲 | Cadbury 吉百利 | Lavazza |
Starbucks 星巴克 | Coca Cola,coca-cola,可口可乐 | Pepsi 百事 | Lay's,lays,乐事 | Oreo 奥利奥 |
Dove | Ferrero 费列罗 | Haribo | Heinz 亨氏 | 三只松鼠 | 良品铺子 | 百草味 | 海底捞 |
Moutai 茅台 | 五粮液 | Nongfu Spring,农夫山泉 | 老干妈 | 海天 | Golden Dragon Fish,金龙鱼 |
康师傅 | Michelin 米其林 | Castrol 嘉实多 | Mobil 美孚 | Bridgestone 普利司通 | Shell 壳牌 |
Yeti | Osprey | Jansport | Samsonite 新秀丽 | Rimowa 日默瓦 | Herschel | Moleskine |
Pilot 百乐 | Parker 派克 | Lamy 凌美 | Deli 得力 | M&G 晨光 | Sharpie | Crayola |
Wilson 威尔胜 | Yonex 尤尼克斯 | Speedo 速比涛 | Giant 捷安特 | Shimano | Trek | Callaway |
Titleist | Butterfly 蝴蝶 | Coleman | Naturehike 挪客 | Ring | Nest | Arlo | Sonos | Kindle |
Xbox | Balenciaga 巴黎世家 | Burberry 博柏利 | Versace 范思哲 | Armani 阿玛尼 | Celine 思琳 |
Fendi 芬迪 | Valentino 华伦天奴 | Givenchy 纪梵希 | Bvlgari 宝格丽 | Cartier 卡地亚 |
Tiffany 蒂芙尼 | Kate Spade | Tory Burch | Longchamp 珑骧 | Charles & Keith,小ck | Aldo |
Steve Madden | Superdry 极度干燥 | Abercrombie | Hollister | Old Navy | Bershka | Pull & Bear |
Massimo Dutti | Muji 无印良品 | Topshop | Asos | Shein 希音 | Carhartt | Dickies | Wrangler |
Hugo Boss,雨果博斯 | Barbour | Moncler 盟可睐 | Canada Goose,加拿大鹅 | Helly Hansen |
Mammut 猛犸象 | Merrell 迈乐 | Ecco 爱步 | Geox 健乐士 | 百丽 | 达芙妮 | 奥康 | 红蜻蜓 |
七匹狼 | 雅戈尔 | 利郎 | 劲霸 | 罗蒙 | 森马 | 唐狮 | 以纯 | 江南布衣 | Jordan 乔丹 | 贵人鸟 |
德尔惠 | 361度 | Umbro 茵宝 | Mizuno 美津浓 | Saucony 索康尼 | Kappa 卡帕 | Ellesse | Speedo |
威克多 | 红双喜 | Spalding 斯伯丁 | Babolat | Oneplus | iQOO | Meizu 魅族 | ZTE 中兴 | 努比亚 |
Poco | Alienware | Gigabyte 技嘉 | HyperX | SteelSeries 赛睿 | 机械革命 | 神舟 | romoss |
品胜 | 倍思 | 爱国者 | 纽曼 | 铁威马 | Synology 群晖 | Crucial 英睿达 | ADATA 威刚 | 致态 |
七彩虹 | 影驰 | 飞利浦 | 奥克斯 | 志高 | 长虹 | 容声 | 美菱 | 小天鹅 | 卡萨帝 | 统帅 | 松下 |
夏普 | Daikin 大金 | 三菱 | 林内 | 万和 | 万家乐 | 美大 | 老板电器 | Dreame 追觅 | 云鲸 |
Tineco 添可 | 莱克 | 石头科技 | Smeg | Beko | Hotpoint | AEG | Zanussi | Neff | Gaggenau |
Russell Hobbs | Morphy Richards | Salter | Kenwood 凯伍德 | Krups | Cuisinart |
Hamilton Beach | Oster | Vitamix | NutriBullet | George Foreman | Crock-Pot,crockpot |
Staub 珐宝 | Fissler 菲仕乐 | 爱仕达 | 炊大皇 | 康巴赫 | Brita 碧然德 | Contigo | Camelbak |
Sistema | Lock & Lock,乐扣乐扣,乐扣 | 富光 | 哈尔斯 | OXO | Joseph Joseph | Tempur | Sealy |
喜临门 | 慕思 | 雅兰 | 罗莱 | 水星家纺 | 富安娜 | 梦洁 | 洁丽雅 | 全棉时代 | 顾家 | 林氏木业 |
源氏木语 | Black Diamond | MSR | Petzl | Thule 拓乐 | Deuter 多特 | Gregory | Eastpak |
Fjallraven,fjällräven,北极狐 | Kipling 凯浦林 | Delsey 法国大使 | American Tourister,美旅 |
Tumi 途明 | 90分 | Ryobi | Einhell | Dremel | Worx 威克士 | Milwaukee | Hikoki |
Metabo 麦太保 | 东成 | 大艺 | Gardena | Karcher | Flymo | Dulux 多乐士 | Nippon 立邦 | 三棵树 |
Opple 欧普 | NVC 雷士 | 佛山照明 | Osram 欧司朗 | Goodyear 固特异 | Pirelli 倍耐力 | 马牌 |
Dunlop 邓禄普 | Hankook 韩泰 | 朝阳轮胎 | 70迈 | 盯盯拍 | 壳牌 | 途虎 | Nextbase | Thinkware |
Dr. Brown's,dr browns,布朗博士 | Tommee Tippee,汤美星 | Pigeon 贝亲 | 好孩子 | Bugaboo 博格步 |
Britax 宝得适 | Cybex 赛百斯 | Joie 巧儿宜 | Medela 美德乐 | Ergobaby | Babybjorn |
Friso 美素佳儿 | 美赞臣 | 诺优能 | 君乐宝 | 合生元 | 贝因美 | Moony | 碧芭宝贝 | Babycare |
英氏 | 小皮 | Fisher-Price | Melissa & Doug | Vtech 伟易达 | LeapFrog | Play-Doh,培乐多 |
Sylvanian Families | Ravensburger | Hape | 布鲁可 | 52toys | Bandai 万代 | Tomy 多美 | Takara |
Funko | Schleich 思乐 | Siku | 希尔思 | Orijen 渴望 | Acana 爱肯拿 | Iams | Sheba 希宝 |
麦富迪 | 网易严选 | 比瑞吉 | 伯纳天纯 | Laneige 兰芝 | Innisfree 悦诗风吟 | Sulwhasoo 雪花秀 |
Clarins 娇韵诗 | Guerlain 娇兰 | Bobbi Brown,芭比波朗 | NARS 纳斯 | Tom Ford,汤姆福特 | Fenty |
Urban Decay | 贝玲妃 | Too Faced | NYX | E.l.f | Rimmel | Bourjois 妙巴黎 |
Max Factor,蜜丝佛陀 | 凯朵 | Canmake 井田 | 橘朵 | 毛戈平 | 彩棠 | 自然堂 | 佰草集 | 相宜本草 |
丸美 | 韩束 | 谷雨 | 可复美 | 敷尔佳 | Avene 雅漾 | Vichy 薇姿 | Bioderma 贝德玛 |
Eucerin 优色林 | Aveeno 艾惟诺 | Cetaphil 丝塔芙 | Curel 珂润 | Freeplus 芙丽芳丝 |
Hada Labo,肌研 | Biore 碧柔 | Anessa 安热沙,安耐晒 | Elizabeth Arden,伊丽莎白雅顿 | 悦木之源 |
馥蕾诗 | Jo Malone,祖玛珑 | Diptyque 蒂普提克 | L'Occitane,loccitane,欧舒丹 |
The Body Shop,美体小铺 | Aesop 伊索 | Moroccanoil | Tresemme | 飘柔 | Schwarzkopf 施华蔻 |
沙宣 | 滋源 | 清扬 | Syoss | Batiste | 力士 | 舒肤佳 | Dettol 滴露 | 威露士 | 六神 | 隆力奇 |
黑人牙膏 | 中华牙膏 | 冷酸灵 | Waterpik 洁碧 | Usmile | Foreo | Philips Sonicare |
Remington 雷明顿 | Wahl 沃尔 | Flyco 飞科 | 须眉 | Andrex | Charmin | 心相印 | 植护 | Cif |
Ecover | 金纺 | Lenor 当妮 | 奥妙 | 超能 | 雕牌 | 威猛先生 | 妙洁 | 美丽雅 |
Kellogg's,kelloggs,家乐氏 | Quaker 桂格 | Nutella | Kitkat | Snickers 士力架 | Toblerone |
Pringles 品客 | Doritos 多力多滋 | Twinings 川宁 | Lipton 立顿 | Tetley | Illy 意利 | Peet's |
Nescafe | Evian 依云 | Perrier 巴黎水 | Red Bull,红牛 | Fanta 芬达 | Sprite 雪碧 | Schweppes |
元气森林 | 娃哈哈 | 怡宝 | 王老吉 | 加多宝 | 今麦郎 | 白象 | 特仑苏 | 安慕希 | 金典 |
青岛啤酒 | 雪花啤酒 | Heineken 喜力 | Budweiser 百威 | Guinness | 洋河 | 泸州老窖 | 剑南春 |
汾酒 | 郎酒 | 张裕 | 长城葡萄酒 | 李锦记 | 厨邦 | 千禾 | 福临门 | 鲁花 | 多力 | 十月稻田 |
柴火大院 | 来伊份 | 洽洽 | 达利园 | 好丽友 | 徐福记 | 大白兔 | 德芙 | 卫龙 | 双汇 | 稻香村 |
五芳斋 | 知味观 | 同仁堂 | 汤臣倍健 | Swisse | Blackmores 澳佳宝 | Centrum 善存 |
Optimum Nutrition | MyProtein | Muscletech 肌肉科技 | 康比特 | Holland & Barrett |
Omron 欧姆龙 | 鱼跃 | 可孚 | Paper Mate | Bic | Stabilo 思笔乐 | Faber-Castell,辉柏嘉 |
Staedtler 施德楼 | 三菱铅笔 | Pentel 派通 | Kokuyo 国誉 | Midori | Leuchtturm |
Montblanc 万宝龙 | 齐心 | Ibanez | Epiphone | Korg | Shure 舒尔 | 罗德 |
Audio-Technica,audio technica,铁三角 | Sennheiser | Bang & Olufsen | Harman Kardon,哈曼卡顿 |
Denon 天龙 | Klipsch | Ultimate Ears | Skullcandy | Jabra 捷波朗 | Soundcore 声阔 | 万魔 |
Olympus 奥林巴斯 | Leica 徕卡 | 适马 | Tamron 腾龙 | Manfrotto 曼富图 | Lexar 雷克沙 |
Polaroid 宝丽来 | Instax | Oculus | Sega 世嘉
"""
# Names that are words as well: a brand only where a search has nothing else, or one of these goods.
_WORDS_AS_WELL = """
apple: phone watch laptop tablet charger case tv pencil earbuds | ring: doorbell camera |
brother: printer toner machine ink | camel: | peak: | warrior: | honor: phone |
stanley: cup tumbler flask knife | bear: | shark: vacuum cleaner mop | ninja: blender fryer air |
sharp: tv microwave | citizen: watch | columbia: jacket fleece boots |
coach: bag handbag wallet purse | dove: soap shampoo deodorant | pilot: pen pens | giant: bike |
trek: bike | shell: | nest: thermostat | butterfly: | yeti: cup tumbler cooler mug |
tide: pods detergent | whisper: | mobil: oil | omega: watch | fossil: watch bag |
beats: headphones | parker: pen pens | converse: shoes trainers sneakers high platform |
google: phone pixel |
roland: | mac: lipstick foundation mascara | marshall: speaker amp | marvel: | nb: | deli: |
persil: | ariel: | aux: | wilson: racket ball | 苹果: 手机 电脑 平板 手表 耳机 充电 笔记本 |
小米: 手机 充电 手表 
路由 冰箱 洗衣机 空调 净水 扫地 剃须 牙刷 书包 行李箱 灯 门锁 体脂 风扇 手环 电视 音箱 平板
耳机 台灯 电饭 空气 插座 路由 手表 体重 摄像 |
老板: 油烟机 灶 | 小熊: 电 酸奶机 养生壶 | 石头: 扫地 | 骆驼: 鞋 冲锋衣 外套 靴 帐篷 |
兄弟: 硒鼓 打印 缝纫 | 精工: 手表 表 | 好奇: 纸尿裤 尿不湿 拉拉裤 | 皇家: 猫粮 狗粮 幼 |
荣耀: 手机 平板 笔记本 手表 | 史密斯: 热水器 净水 | 海盗船: 内存 键盘 |
美的: 空调 电 风扇 微波炉 冰箱 洗衣机 热水器 | 一加: 手机 | 真我: 手机 | 回力: 鞋 | 匹克: 鞋 |
蝴蝶: | 百乐: 笔 | 博士: 耳机 音箱 | 富士: 相机 相纸 | 派克: 笔 钢笔 |
得力: 笔 本 文件 订书 计算器 打印 胶 | 晨光: 笔 本 橡皮 文具 | 海天: 酱油 蚝油 醋 料酒 |
红牛: 饮料 罐 箱 | 英雄: 钢笔 墨水 | 小狗: 吸尘器
"""


def brands() -> dict[str, str]:
    """Folded name -> normal form."""
    found: dict[str, str] = {}
    for entry in _BRANDS.replace("\n", " ").split("|"):
        one = entry.strip()
        names = one.split(",") if "," in one else _parts(one)
        for name in names:
            found.setdefault(name.strip().lower(), names[0].strip())
    return found


def _parts(entry: str) -> list[str]:
    """A name of several English words has its other spellings after commas; what is Chinese, or a
    misspelling in one word, may follow one English word after a space."""
    found = entry.split()
    one_name = len(found) > 1 and entry.isascii() and not found[1][0].islower()
    return [entry] if one_name else found


def words_as_well() -> dict[str, tuple[str, ...]]:
    """Names that are words as well: a brand only where a search has nothing else, or has one of
    these goods beside it."""
    pairs = (entry.split(":") for entry in _WORDS_AS_WELL.replace("\n", " ").split("|"))
    return {name.strip(): tuple(goods.split()) for name, goods in pairs}
