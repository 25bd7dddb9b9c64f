"""Goods that the grammar knows without any shop's catalogue: the nouns that say what kind of thing
is looked for, and what stands around them."""

from __future__ import annotations


def words(text: str) -> list[str]:
    """Those of a list that is written as a text."""
    return text.split()


# The last word of what is looked for, singular.
HEADS = frozenset(
    words(
        """
    accessory adapter aftershave album amp amplifier apron armchair art backpack bag ball balm
    band bandage bar barbecue basket basketball bath bathrobe battery beanie bean bed bedding beer
    belt bench bib bike bikini binder binocular biscuit blade blanket blender blind blouse board
    boat book bookcase bookshelf boot bottle bowl box bra bracelet bracket bread brick brush bucket
    buggy bulb bunting butter cabinet cable cage cake calculator calendar camera candle canvas cap
    capsule car card cardigan cargo carpet carrier cart cartridge case casserole cd cereal chain
    chair charger cheese chessboard chino chisel chocolate chromebook cleaner cleanser clipper
    clock cloth clothes coat coffee collar comb compass computer concealer conditioner console
    container cookbook cookie cooker cooler cord costume cot couch cover crate crayon cream creatine
    crib crisp crossbody cufflink cup cupboard curtain cushion cutlery deodorant desk detergent
    diaper diffuser dishwasher disk doll doorbell drawer dress drill drive drone drum dryer dumbbell
    duvet earbud earphone earring easel egg eraser extinguisher eyeliner eyeshadow fan faucet
    feeder fence fertiliser fertilizer figure filter flag flannel flask flashlight fleece flipflop
    flour flower folder food football fork foundation frame freezer fridge fryer furniture game
    glasses glove goggle gown grater grill grinder guitar gun hairbrush hairdryer hammer hammock
    hamper handbag hanger harness hat headband headphone headset heater heel helmet highlighter
    hoodie hook hose humidifier inflator ink insole iron jacket jar jean jersey jewellery jewelry
    jigsaw jogger juicer jumper jumpsuit kettle kettlebell key keyboard keyring kite knife ladder
    lamp lantern laptop laminator lead leash legging lens lid light lighter lightbulb linen
    lipstick litter loafer lock locker lotion lunchbox machine mascara mask mat mattress maker
    medicine microphone microscope microwave mirror mixer moisturiser moisturizer monitor mop
    motorbike mouse mousepad mouthwash mug nail nappy napkin necklace needle net noodle notebook
    oil organiser organizer ornament oven overall pad paddle paint painting pan pants paper parasol
    parka pasta pen pencil perfume phone photo piano pillow pillowcase pin pipe pitcher pizza
    planner plant planter plate player pliers plug poncho pool pot powder press pressure printer
    processor projector protector puppet purifier purse puzzle pyjama pajama quilt rack racket
    racquet radiator radio rake raincoat razor reel remote rice ring robe rod roller romper rope
    router rucksack rug ruler saddle sandal sanitiser sauce saucepan saucer saw scale scales scanner
    scarf scissors scooter screen screw screwdriver seat seed serum shampoo shaver shawl shears
    shed sheet shelf shelving shirt shoe short shorts shovel shower sieve signal sink skate
    skateboard skillet ski skirt skirts sled slipper slippers smartphone smartwatch snack sneaker
    snowboard soap sock socks sofa softener soundbar spade spanner speaker spice sponge spoon spray
    sprinkler stand stapler sticker stick stocking stool stopwatch stove strap straw string stroller
    suit suitcase sunglasses sunscreen supplement sweater sweatshirt sweatpants swimsuit switch
    sword syrup table tablecloth tablet tank tape tea telescope television tent thermometer
    thermos
    tie tights tile tin tissue toaster toilet tool toothbrush toothpaste top torch towel toy
    tracksuit trainer trainers trampoline tray treadmill trimmer tripod trolley trouser trousers
    trunk tshirt t-shirt tub tumbler turntable tv ukulele umbrella underwear unicycle vacuum vase
    vest vinyl violin vitamin wallet wallpaper wardrobe washer watch water webcam wetsuit wheel
    wheelchair whisk wig wine wipe wok workbench wrench yarn yoghurt zip
    ssd hdd ram gpu cpu pc ps5 polish holder bit iphone ipad macbook airpods kindle xbox playstation
    trouser hoody onesie tumble freezer lego crockery crib
    adaptor aerial airbed alarm almond anklet anorak antenna aquarium aviator bacon bagel bait
    balaclava bangle barbell barrow basin bassinet bauble beanbag beret bin blazer bleach
    blusher bodysuit bodywash bolt bonnet bootie bouncer boxer boxers bralette brief briefcase
    briefs bronzer brooch broom brownie bunk burger camcorder cami camisole candlestick candy
    capo carafe carseat cello chandelier cheddar chew chiminea chip choker chopstick cider
    clamp clarinet clay clip clog clutch coaster coin colander collagen cologne compost cooktop
    coolant corkscrew corset couscous cracker crampon crampons creamer crockpot crutch culottes
    curler cutter cymbal decal decanter dehumidifier descaler detector diary dice dish dock
    dollhouse doormat downlight dresser dressing drumstick duffel duffle dummy dungarees duster
    dye earmuff earpods elliptical envelope epilator espadrille espresso ethernet exfoliator
    extender eyelash fedora fender file filler firepit flats floodlight flooring floss flute
    foil footstool formula frisbee futon gamepad garland gauntlet gazebo gel gilet gimbal gin
    glitter globe gloss glue goblet granola gravel greenhouse griddle grout gum gummies
    hairband hairclip hairspray handkerchief handwash harmonica headboard headlamp headlight
    highchair hinge hob hoe holdall honey hood hoover hub intercom jam jeggings joystick jug
    kaftan kayak kebab kennel keychain keypad kibble kimono kit knickers knitwear lager
    lampshade lanyard lawnmower lemonade leotard letterbox lingerie lipgloss lipliner locket
    loungewear luggage lure magnet mallet marker mayonnaise memorabilia milk mitten mittens
    mobile moccasin modem motherboard mould mousse mouthguard mower muesli muffin mule
    multivitamin nightdress nightgown nightie nightlight nightstand notepad nozzle nut nuts
    oats ottoman outfit pacifier palette panties pashmina pedal peeler pendant pennant perch
    pestle pesto pinboard placemat planer plaster platter playhouse playmat playpen playset
    plimsoll plunger plush pod polo popcorn porridge postcard poster pouch pouffe powerbank
    pram prawn primer print probiotic protractor pullover pump pumps punch pushchair putter
    quinoa rail ramen rattle recliner recorder repeater rollerblade rower rum runner sander
    sandpaper sandpit sash satchel sausage saxophone sconce scrub scrubs scrunchie sealant
    secateurs sensor set shapewear sharpener shredder shutter shuttlecock sideboard sleepwear
    sleeve slide slides slime smoothie snood snorkel socket sodastream spatula sportswear
    spotlight spread squash stake stamp stationery steak steamer steriliser sterilizer stiletto
    stockpot straightener strainer streamer strimmer strip stylus subwoofer sunblock sundress
    surfboard sweets swimwear swing switches tankini tap tapestry tarpaulin teabag teacup
    teapot teddy teether tequila thong tiara tinsel tire tofu toner tongs toolbox topper tote
    tracker trackpad tree trellis tricycle trowel truck trumpet tuna tuner tunic tutu tuxedo
    tweezer tweezers tyre underpants uniform valve varnish veil vinegar visor vodka waffle
    waistcoat walker wax wedge weight wellies wheelbarrow whiskey whisky whistle whiteboard
    windbreaker wiper workwear wrap wreath wristband wristwatch
    """
    )
)
# Goods of several words, or whose last word is no noun of HEADS.
PHRASES = (
    "vitamin d",
    "vitamin c",
    "vitamin b12",
    "nintendo switch",
    r"playstation \d",
    "gift card",
    "mountain bike",
    "xbox series x",
    "air fryer",
    "power bank",
    "t shirt",
    "rain jacket",
    "doll house",
    "high tops",
    "hot tub",
    "body wash",
    "hair dryer",
    "flip flops",
)
# What begins a search without being a part of what is looked for.
FILLERS = frozenset(
    words(
        """
    i i'm im we you me my a an the some any do does is are have has got sell show find get buy
    buying want need looking look search searching for please can could would like to with nice
    good best cheap cheapest new latest top hi hello need recommend recommendation recommendations
    suggest on sale shop order there where pair of pairs men mens men's women womens women's woman
    ladies lady man girl girls boy boys kid's unisex adult adults under over and or in that this
    affordable quality great perfect cute decent
    """
    )
)
# Of a sentence around goods: whatever stands before the last of them is no part of their name.
FUNCTION_WORDS = frozenset(
    words(
        """
    a an the is are was were be been do does did can could will would should i me my mine you your
    we us our he him his she her they them their it its this that these those there what which who
    when where why how if because but so not no have has had need needs want wants likes like love
    loves choose choosing pick help recommend suggest suggests after going goes use uses using made
    looking searching get find show try buy bought give giving two three four five both another
    other such more most very really just than around about
    """
    )
)
# What ends the name of the goods: prepositions, and audiences after them.
ENDS = frozenset(
    words(
        """
    for with without under over below above in on from that which to at by of than less more and or
    women womens women's woman men mens men's man ladies girl girls boy boys kids toddler adult
    adults unisex sale cheap please free waterproof ergonomic outdoor indoor portable
    """
    )
)
NO_GOODS = frozenset(
    words(
        """
    gift gifts present presents arrivals deals deal sale discount offers bestsellers anything
    something ideas idea clearance stuff things products ones one colours colors sizes
    """
    )
)

ZH_HEADS = words(
    """
手机 手机壳 手表 手环 耳机 音箱 音响 电脑 笔记本电脑 平板电脑 平板 键盘 鼠标 显示器 充电器 充电宝
数据线 电视 冰箱 洗衣机 空调 风扇 微波炉 电饭煲 烧水壶 热水壶 榨汁机 吸尘器 净水器 加湿器 热水器
油烟机 烤箱 洗碗机 台灯 相机 打印机 路由器 硬盘 运动鞋 跑鞋 球鞋 凉鞋 拖鞋 皮鞋 靴子 鞋子 高跟鞋
帆布鞋 板鞋 雨鞋 童鞋 连衣裙 裙子 半身裙 衬衫 衬衣 t恤 卫衣 毛衣 外套 夹克 羽绒服 大衣 风衣 西装
裤子 牛仔裤 短裤 内裤 内衣 文胸 袜子 睡衣 泳衣 帽子 围巾 手套 腰带 背包 双肩包 书包 钱包 手提包
行李箱 拉杆箱 雨伞 雨衣 眼镜 太阳镜 项链 戒指 耳环 手链 沙发 床垫 枕头 被子 床单 窗帘 地毯 书桌
桌子 椅子 书架 衣柜 鞋柜 茶几 餐桌 镜子 收纳箱 毛巾 浴巾 水杯 保温杯 杯子 炒锅 菜刀 筷子 碗 茶叶
咖啡 牛奶 奶粉 零食 饼干 巧克力 大米 面膜 口红 洗面奶 防晒霜 洗发水 沐浴露 牙刷 牙膏 纸巾 卫生纸
洗衣液 香水 剃须刀 吹风机 奶瓶 纸尿裤 婴儿车 玩具 积木 拼图 书 自行车 帐篷 睡袋 篮球 足球
羽毛球拍 瑜伽垫 哑铃 猫粮 狗粮 猫砂 轮胎 机油 旗袍 汉服 马甲 背心 打底裤 休闲裤 工装裤 运动裤
阔腿裤 西裤 吊带 polo衫 针织衫 羊毛衫 棉服 棉衣 皮衣 冲锋衣 睡裤 家居服 秋衣 秋裤 丝袜 船袜
渔夫帽 棒球帽 领带 丝巾 披肩 马丁靴 雪地靴 短靴 长靴 单鞋 豆豆鞋 老爹鞋 小白鞋 登山鞋 篮球鞋
足球鞋 洞洞鞋 布鞋 棉鞋 斜挎包 单肩包 腰包 登机箱 旅行箱 卡包 手镯 耳钉 吊坠 胸针 发夹 发箍
手机支架 钢化膜 贴膜 充电线 插排 插座 转换器 蓝牙音箱 蓝牙耳机 智能手表 投影仪 机顶盒 摄像头 监控
门锁 门铃 固态硬盘 移动硬盘 u盘 内存条 内存卡 显卡 主板 主机 手柄 游戏机 麦克风 三脚架 镜头
无人机 行车记录仪 车载充电器 脚垫 坐垫 座套 雨刮器 安全座椅 头盔 电动车 滑板车 平衡车 滑板
扫地机器人 拖把 拖地机 扫把 垃圾桶 垃圾袋 挂烫机 熨斗 电热毯 取暖器 暖风机 电风扇 空气净化器
除湿机 饮水机 破壁机 豆浆机 料理机 绞肉机 电炖锅 电磁炉 电火锅 空气炸锅 电饼铛 面包机 咖啡机
烧烤架 汤锅 奶锅 蒸锅 砂锅 平底锅 不粘锅 高压锅 刀具 案板 砧板 盘子 碟子 勺子 叉子 茶具 茶杯 茶壶
酒杯 玻璃杯 马克杯 饭盒 保鲜盒 收纳盒 置物架 衣架 晾衣架 鞋架 电脑桌 电脑椅 办公椅 餐椅 床头柜
电视柜 书柜 沙发垫 抱枕 靠垫 床笠 四件套 被套 枕套 凉席 蚊帐 毛毯 地垫 墙纸 壁纸 挂钟 灯泡 吊灯
吸顶灯 落地灯 小夜灯 花瓶 花盆 绿植 香薰 蜡烛 浴帘 马桶 水龙头 花洒 电钻 螺丝刀 锤子 扳手 工具箱
梯子 油漆 粉底液 眉笔 眼影 睫毛膏 腮红 卸妆水 爽肤水 精华 乳液 面霜 眼霜 护手霜 身体乳 护发素
发膜 染发剂 卷发棒 直发器 洗手液 香皂 漱口水 牙线 电动牙刷 卫生巾 湿巾 抽纸 卷纸 洗洁精 洗衣粉
柔顺剂 婴儿床 爬行垫 辅食 奶嘴 吸奶器 尿不湿 学步车 推车 绘本 毛绒玩具 娃娃 遥控车 跳绳 瑜伽球
跑步机 动感单车 泳镜 护膝 乒乓球拍 网球拍 钓鱼竿 鱼竿 望远镜 登山杖 折叠椅 折叠桌 烤肠 坚果 瓜子
薯片 糖果 果冻 蛋糕 面包 方便面 螺蛳粉 火锅底料 酱油 食用油 橄榄油 花生酱 蜂蜜 面条 矿泉水 饮料
果汁 啤酒 白酒 红酒 龙井 普洱茶 绿茶 红茶 咖啡豆 麦片 燕麦 酸奶 水果 车厘子 牛肉 香肠 鱼缸 牵引绳
狗窝 猫爬架 猫抓板 狗零食 仓鼠笼 笔记本 中性笔 钢笔 铅笔 荧光笔 橡皮 文件夹 书签 计算器 订书机
打印纸 墨盒 硒鼓 吉他 钢琴 古筝 电子琴 尤克里里 口琴 滤芯 小说 字典 词典 试卷 日历 台历
"""
)
# Chunks, beginnings and ends of a Chinese search that say no goods.
ZH_LEADING = tuple(
    words(
        """
我想要买 我想买 我想要 我要买 我要 想要买 想买 想要 求购 求推荐 推荐一下 推荐一款 推荐 有没有
有什么 哪里有 给我找 帮我找 找一下 找 买 请问有 请问 有 卖 看看 来 一款 一个 一台 一件 一条
一双 一只 一把 一套 一本 一张 一部 一顶 一块 一支 便宜的 好用的 好看的 新款 男士 女士 男款 女款
男式 女式 儿童 适合 性价比高的 质量好的 的
"""
    )
)
ZH_TRAILING = tuple(
    words(
        """
有吗 吗 呢 的 推荐 男款 女款 哪个好 多少钱 怎么样 男 女 特价 儿童款 大容量 透明 双人 单人 加厚
加绒 防水 防滑 静音 护眼 便携 可折叠 新款 正品 家用 车载 宿舍 学生 送礼 青轴 红轴 茶轴 黑轴 显瘦
敏感肌 控油 保湿 补水 降噪 免手洗 纯棉 真皮 可爱 复古
"""
    )
)
ZH_NO_GOODS = tuple(
    words(
        """
新品 热销 爆款 特价 打折 促销 优惠 清仓 什么 东西 随便 推荐
"""
    )
)
ZH_MODIFIERS = frozenset(
    words(
        """
    男 女 男士 女士 男款 女款 儿童 女童 男童 婴儿 新款 真皮 纯棉 防水 便携 静音 补水 大码 秋冬
    春夏 夏季
    冬季 春季 秋季 室外 户外 室内 厨房 浴室 便宜 正品 包邮 学生 老人 全集 直播 护眼 不锈钢
    家用 车载 无线 蓝牙 水果 皮 情侣
    男生 女生 加厚     特价 的 吗 有 要
    """
    )
)
