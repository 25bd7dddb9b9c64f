"""Concepts of measure, number and choice; see `concepts` for how they are written."""

MEASURES = """
price = cost | price | 价格 | measure
 how much is, how much are, ?how much does, ?how much do, ?how much for, ?how much, how expensive
 pricey, expensive, priced, how many euro, cheaper than, euro, eur, cost, price tag, 便宜, 多少钱
 价位, 价钱, 售价, 单价, 几块钱, 几元, 多少元, 怎么卖, 卖多少, 要多少, 花多少, 贵不贵, 什么价, 啥价
 多少欧, go for, going for, sell for, sold for, retail at, sell ~ for, want for it, want for this
 do you want for, charge, asking price, asking for, ask for it, i pay, we pay, pay for it
 have to pay, what ~ worth, price of, price for, worth it in euro, 报价, 报个价, 给个价, 标价, 定价
 原价, 现价, 什么价钱, 几欧, 多少欧元, 几何, 多少银子, 卖几, 得多少, 花费, 要价, 开价
availability = in_stock stock | availability | 库存 | measure
 in stock, out of stock, sold out, back in stock, available, still have, still buy, still get
 get it now, any left, can i buy it, still sell, 有货, 现货, 没货, 缺货, 断货, 卖完, 售罄, 能买
 买得到, 买到, 还有没有, 卖没了, order it, order this, order one, order that, order now
 order today, still order, order the, to order, buy it, buy this, buy one, buy now, buy today
 can i buy, can i order, could i buy, could i order, get this now, get one now, get one today
 get it today, get it right now, get this one, on sale, for sale, have it here, run out
 left in stock, 可以下单, 能下单, 现在下单, 可以买, 能拍, 拍下, 可以拍, 还剩, 剩吗, 还在卖, 有得卖
 有卖, 在售, 上架, 下架, 买不到, 抢光, 补货, 能不能买, 现货吗, 还能不能买
brand = manufacturer maker | brand | 品牌 | measure
 what make, who make, who made, which company, made by, 牌子, 谁生产, 哪家生产, 厂家, 制造商
colour = colours color_options | colour | 颜色 | measure
 what shade, which shade, colourway, 什么色, 哪些色, 色号, 配色
size = sizes | size | 尺寸 | measure
 how big, how large, big, what fit, size run, ?how small, xs, xl, xxl, xxxl, extra large
 extra small, 几个号, 哪几个号, 有几个号, 哪些号, 几个码, 有几个码, 分几码, 分哪几个号, 哪几个码
 大码, 小码, how many size, which size, my size, size go, 尺码, 大小, 多大, 码数, 几码, 哪些码
 什么码, 型号大小, 码, 大号, 小号, 中号, 加大
dimensions = measurements dimension | dimensions | 尺寸 | measure
 how big, how large, size, measurement, footprint, length width, how much space, how much room
 大小, 多大, 长宽高, 长宽, 规格, 体积, 占地
weight = net_weight mass | weight | 重量 | measure
 how heavy, weigh, heavy, heavier, lighter, light, ?how many kilo, ?how many gram, weighing, 多重
 净重, ?几斤, ?多少斤, 重不重, 沉不沉, 重多少, 轻不轻
 有多沉, 轻于, 重于, 分量, ?几公斤, ?几克, 重几
 沉吗, 重吗, 轻吗
length | length | 长度 | measure
 ?how long, longer, shorter, long and, how short, longest, shortest
 多长, 长多少, 几米长, 长宽, 全长, 长度, 有多长, ?多少米
 ?几米, 裤长, 衣长
width | width | 宽度 | measure
 how wide, wider, narrower, wide, how broad, 多宽, 宽多少, 长宽, 宽各, 有多宽
height | height | 高度 | measure
 how tall, how high, taller, higher, high inside, tall is, 多高, 高多少, 有多高, 室内高, 身高多少
 站直
depth | depth | 深度 | measure
 how deep, deeper, 多深
thickness | thickness | 厚度 | measure
 how thick, how thin, thicker, thinner, thick, 多厚, 厚多少, 厚不厚, 薄不薄, 多薄
diameter | diameter | 直径 | measure
 how wide across, across, how wide, 直径, 口径, 多大口径
circumference | circumference | 周长 | measure
 around
chest = chest_girth bust | chest girth | 胸围 | measure
waist | waist | 腰围 | measure
inseam = inside_leg | inseam | 内长 | measure
capacity = volume tank | capacity | 容量 | measure
 how much ~ hold, how much ~ fit in, how many ~ fit in, how many litre, how many ml, hold how much
 how much water, how much can i put, how much liquid, how big, capacity, content, how much is in
 how much ~ take, how much ~ in it, room for, space for, how much ~ put in, 装得下, 装下, 放得下
 装进, 盛得下, 装得了, 能盛, 装几, 可以装, 放得了
 能装多少, 装多少, 多少毫升, 多少升, 几升, 多大容量, 容积, 净含量, 含量, 盛多少, 体积, 能装几
packed_size = pack_size_cm folded_size size_packed | packed size | 收纳尺寸 | measure
 how small ~ pack, pack down, packed, folded up, fold down to, when folded, packing size
 pack small, 收起来多大, 收纳, 收纳后, 折叠后, 打包后, 收起, 折起来多大
screen = display_size screen_size | screen size | 屏幕尺寸 | measure
 display, screen, how big ~ screen, how big ~ display, 屏幕, 屏, 显示屏, 几寸屏
screen_max = screen_inches_max | largest screen | 最大屏幕尺寸 | measure
 what size laptop, which laptop size, largest laptop, biggest laptop, how big a laptop
 how big a phone, 多大的电脑, 多大的手机, 几寸的电脑, 几寸的手机, 几寸
storage = internal_storage internal_memory storage_capacity disk ssd | storage | 存储空间 | measure
 hard drive, disk space, how much space, how many photo, rom, drive, 存储, 储存, 硬盘, 闪存
 机身内存, 存储容量, 几个g, 多少g的存储
ram = memory | memory (RAM) | 内存 | measure
 ram, working memory, memory, 运行内存, 运存, 内存多大, 内存多少
battery = battery_capacity | battery capacity | 电池容量 | measure
 how big ~ battery, battery size, battery, 电池多大, 多少毫安, 毫安, 电池, 电量多大
battery_life = battery_runtime runtime play_time playtime | battery life | 续航时间 | measure
 how long ~ one charge, how long ~ a charge, how long ~ single charge, how long ~ full charge
 how many hour ~ charge, 充满一次, 充一次电, 一次充电, 充满能, 充满电能, 满电能, 满电可以, 一次能听
 一次能用, how long ~ battery, battery last, hour ~ battery, how long ~ last, one charge
 single charge, on a charge, without charging, between charge, run on one, keep going, run time
 how long ~ run, how long ~ play, how often ~ charge, get me through, without recharging
 hour of playback, last a whole, last all day, how long ~ listen, how long can i use, per charge
 battery run, 续航, 待机, 用多久, 能用几天, 用几天, 撑多久, 撑多长, 电池能撑, 充满电可以用, 充一次
 一次能用, 能用多久, 听多久, 能用几个小时, 播放多久, 多久没电, 多久充一次, 能跑多久, 能亮多久
 亮多久
standby = standby_time | standby time | 待机时间 | measure
 on standby, 待机多久, 待机多长, 能待机
battery_life_gps = gps_battery_life | battery life with GPS | GPS续航 | measure
 with gps on, gps on, with gps, 开gps, 打开gps, gps续航, gps模式
charging_time = charge_time recharge_time | charging time | 充电时间 | measure
 how long ~ charge, how long ~ to charge, time to charge, fully charged, to fill up the battery
 how fast ~ charge, how quickly ~ charge, recharge, 充电多久, 充满要多久, 充满电要, 多久充满
 充电要多久, 多久能充满, 充满需要, 充满, 多长时间充满
charging_power = charge_power charging_speed | charging power | 充电功率 | measure
 how fast ~ charge, charging speed, watt ~ charge, 快充功率, 多少瓦快充, 充电功率, 多少瓦充电
power = wattage power_consumption output | power | 功率 | measure
 how powerful, how strong, how much power, output power, consume, electricity, 多少瓦, 瓦数
 多大功率, 耗电, 几瓦
voltage = input_voltage | voltage | 电压 | measure
 how many volt, volt, 110, 230, 多少伏, 几伏
pressure = pump_pressure | pressure | 压力 | measure
 how many bar, how much pressure, 多少巴, 大气压, 几巴, 多大压力
noise = noise_level sound_level loudness | noise | 噪音 | measure
 how loud, loud, noisy, quiet, how quiet, how much noise, silent, decibel, louder than, 吵不吵
 吵吗, 声音大, 声音大不大, 多少分贝, 分贝, 噪声, 静音, 响不响, 动静, 声响
volume_max = max_volume maximum_volume | maximum volume | 最大音量 | measure
 loudest, volume limit, volume limited, 音量, 最大声音
brightness = luminous_flux luminance | brightness | 亮度 | measure
 how bright, bright, lumen, how much light, 多亮, 流明, 亮不亮, 够亮
colour_temperature = light_colour | colour temperature | 色温 | measure
 warm light, how warm is the light, 暖光, 冷光
refresh_rate | refresh rate | 刷新率 | measure
 how many hertz, hertz, refresh, 多少赫兹, 赫兹, 刷新
frequency_range = frequency_response | frequency range | 频率范围 | measure
 频响, 频率
impedance | impedance | 阻抗 | measure
 how many ohm, 欧姆
resolution = screen_resolution | resolution | 分辨率 | measure
 how many pixel, 4k, full hd, how sharp, 清晰度, 多少像素, 几k
camera = camera_resolution main_camera | camera resolution | 摄像头像素 | measure
 megapixel, camera, 像素, 摄像头, 相机多少
front_camera = selfie_camera | front camera | 前置摄像头 | part
 front camera, selfie, 前置, 自拍
frame_rate | frame rate | 帧率 | measure
 frame per second, fps, 每秒多少帧, 帧数
data_rate = transfer_speed transfer_rate data_speed | data rate | 传输速度 | measure
 how fast ~ transfer, transfer, data speed, 传输, 传输速率
speed = max_speed top_speed | speed | 速度 | measure
 how fast, 多快, 最快
bluetooth_version | Bluetooth version | 蓝牙版本 | measure
 which bluetooth, which version of bluetooth, what bluetooth, what version of bluetooth, 蓝牙几
 蓝牙多少, 蓝牙是几, 什么蓝牙, 蓝牙版本
range = wireless_range reach | range | 距离 | measure
 how far, 多远, 传输距离
drop_height | drop height | 防摔高度 | measure
 how high ~ drop, how far ~ fall, how far ~ drop, fall from, drop from, survive a fall, 摔多高
 多高摔, 多高掉, 抗摔, 几米摔, 防摔多高
drop | drop | 前后掌落差 | measure
 heel drop, heel to toe, 落差, 前后掌
hardness = mohs_hardness steel_hardness | hardness | 硬度 | measure
 how hard, 多硬
spf = sun_protection_factor | SPF | 防晒指数 | measure
 sun protection factor, what factor, protection factor, 防晒系数, 防晒值, 防晒指数, 几倍防晒
uv_protection = upf sun_protection | UV protection | 防紫外线 | measure
 uv, sun protection, block the sun, against the sun, 防晒, 紫外线, from the sun, protect ~ sun
 shield ~ sun, keep ~ sun off, sun ray, uv ray, sunburn, 遮阳, 防紫外, 挡太阳, 抗紫外, 防晒指数
 防晒系数, 防晒等级, 防晒级别, 挡紫外线
protection_class = ip_rating ip_class ingress_protection | protection class | 防护等级 | measure
 ip rating, which ip, what ip, 防水等级, 防尘等级, ip几, 几级防水, 防水级别, 防水几级, 防水性能
 防护级别, ip等级, ip级别, waterproof rating, water resistance rating, ip code, ingress
 how waterproof is
water_column = hydrostatic_head | water column | 静水压 | measure
 how waterproof, hydrostatic, how much rain, water column, 水柱, 防水指数, 防水系数
depth_rating = water_resistance max_depth | water resistance | 防水深度 | measure
 how deep ~ water, how deep, dive, underwater, 多深, 下水, 潜水, 水下, 防水多少米
comfort_temperature = temperature_rating temp_rating | comfort temperature | 舒适温度 | measure
 how cold, how warm, what temperature, comfortable ~ degree, comfort, warm enough, down to what
 舒适温标, 舒适, 多冷, 几度, 多少度, 温标, 零下几度, 保暖到
limit_temperature = lower_limit extreme_temperature | limit temperature | 极限温度 | measure
 coldest, lowest temperature, limit, 极限温标, 极限, 最低温度, 最低几度
brewing_temperature = water_temperature brew_temperature | brewing temperature | 冲泡水温 | measure
 how hot ~ water, what temperature, hot should, water temperature, temperature ~ brew, 水温
 多少度的水, 几度的水, 多热的水
brewing | brewing time | 冲泡时间 | measure
 = steeping_time brew_time steep infusion_time brewing_time
 how long ~ steep, how long ~ brew, how many minute ~ brew, how many minute ~ steep, steep, 泡多久
 泡几分钟, 冲泡多久, 泡多长, 浸泡多久, 煮多久
washing_temperature = wash_temperature | washing temperature | 洗涤温度 | measure
 what temperature ~ wash, how hot ~ wash, wash ~ degree, wash at, 多少度洗, 几度洗, 洗涤水温
 水洗温度, 多少度的水洗
temperature = max_temperature maximum_temperature | temperature | 温度 | measure
 what temperature, how hot, 多少度, 几度, 温度
heat_resistant = max_heat heat_resistance heat_proof | heat resistant to | 耐热 | measure
 how hot can, how much heat, heat can it take, withstand heat, heat proof, heatproof
 boiling water, 耐高温, 耐热, 最高温度, 多高的温度, 耐多少度
keeps_hot = hot_retention keep_hot | keeps hot | 保温时间 | measure
 how long ~ hot, stay hot, stay warm, keep ~ hot, keep ~ warm, how long ~ warm, 保温多久, 保温
 保热, 热多久
keeps_cold = cold_retention keep_cold | keeps cold | 保冷时间 | measure
 how long ~ cold, stay cold, keep ~ cold, keep ~ cool, stay cool, how long ~ ice, ice last, 保冷
 保冷多久, 冰多久, 冷多久
keep_warm | keep-warm time | 保温时间 | measure
 keep ~ warm, stay warm, 保温, 保温多久, 保温几小时
setup = setup_time assembly_time pitching_time | setup time | 搭建时间 | measure
 how long ~ set up, how long ~ pitch, how long ~ put up, how fast ~ set up, how quick, set up
 how long ~ assemble, how quickly, pitch, assemble, how long ~ to build, take to put up
 搭好要多久, 搭建, 多久能搭好, 搭起来, 安装要多久, 多久搭, 几分钟搭, 组装, 搭好, 搭要多久
 装好要多久
boil = boil_time boiling_time | time to boil | 烧开时间 | measure
 how long ~ boil, how fast ~ boil, how quickly ~ boil, to boil, boil, 烧开, 煮开, 烧水, 沸腾
heat_up = warm_up_time heating_time | heating time | 预热时间 | measure
 how long ~ heat up, heat up, warm up, preheat, 预热, 加热多久, 热机
froth = froth_time frothing_time | frothing time | 打奶泡时间 | measure
 how long ~ froth, how fast ~ froth, froth, 打奶泡要, 奶泡多久, 打发
application = application_time | application time | 敷用时间 | measure
 how long ~ leave, leave on, how long ~ wear, how long ~ on, 敷多久, 敷多长, 敷几分钟, 停留
preparation | preparation time | 准备时间 | measure
 = preparation_time prep_time cook_time cooking_time
 how long ~ cook, how long ~ prepare, how long ~ ready, how long ~ to make, ready to eat, 多久能吃
 焖多久, 泡多久能吃, 煮多久, 几分钟能吃, 等多久
filter_life = filter_lifetime | filter life | 滤芯寿命 | measure
 how long ~ filter, how often ~ filter, how much water ~ filter, change the filter
 replace the filter, filter last, 滤芯, 滤芯多久换, 多久换滤芯, 滤芯能用, 换滤芯, 滤多少水
lasts = lasting duration supply | lasts | 可用时间 | measure
 how long ~ last, last for, 能用多久, 用多久, 能玩多久
warranty = guarantee | warranty | 保修 | shop
 how long ~ guarantee, how long ~ warranty, guarantee, guaranteed, warranty period, 保修期, 质保
 保固, 保多久, 几年保, 质保期, 保修几年, 保修多久, 三包
shelf_life = best_before expiry keeps_fresh | shelf life | 保质期 | measure
 how long ~ keep, expire, expiry, best before, go off, how long ~ fresh, use by, last unopened
 保存多久, 能放多久, 过期, 有效期, 保存期, 能存多久, 保质
harvest_year = vintage year harvest | harvest year | 采摘年份 | measure
 what year, which year, how old, what vintage, harvested, 哪年, 哪一年, 什么年份, 年份, 几年的
 陈了几年, 新茶
age_min = minimum_age min_age recommended_age age suitable_age | minimum age | 适用年龄 | measure
 how old, what age, which age, from what age, year old, month old, age, suitable for a child, kids
 几岁, 多大年龄, 多大的孩子, 年龄, 几个月大, 多大可以, 多大能, 几岁的, 小朋友, 小孩能, 岁以上
 几个月以上, 几岁可以, 适合几岁, 几岁以上, 多大的小孩, 多大的宝宝, 多大的猫, 多大的狗, 岁孩子
 岁的孩子, 岁小孩, 岁宝宝, 岁能, 岁可以, 月龄, from what age, how old must, how old should
 how old does, old enough, too young, suitable for age, toddler age
load_max | maximum load | 最大承重 | measure
 = max_load maximum_load weight_limit load_capacity max_weight
 how much weight, how heavy ~ can, support weight, weight limit, how much can it carry, max load
 how much ~ carry, how heavy a load, maximum weight, bear, how many kilo ~ hold, how much ~ support
 can it hold, hold up to, weigh on it, 承重, 载重, 能承受, 承受多重, 负重, 最大重量, 能放多重
 撑多重, 称多重, 能称, 量程, 最多称, weight ~ carry, weight ~ support, weight ~ hold, weight ~ take
 weight ~ bear, weight ~ stand, load, load ~ take, kilo ~ carry, kilo ~ hold, kilo ~ take
 kilo ~ support, kg ~ support, kg ~ carry, hold a person, hold somebody, carry a person
 heavy a person, how heavy a ~ take, how heavy a ~ carry, heavy ~ can it take, heavy ~ can it carry
 support a person, 承重多少, 承重几, 承重是, 载重几, 载重多少, 能承, 承多少, 承受多少, 坐得下
 坐得住, 拉多重, 拉得住, 能放多少公斤, 放多少公斤, 能放多少斤, 放多重, 承载, 支撑多重, 撑得住
 扛多重, 最大能放
precision = accuracy | precision | 精度 | measure
 how precise, how accurate, accurate, precise, precise to, 精确, 准不准, 精准, 误差
pieces = piece_count number_of_pieces items set_size parts | pieces | 件数 | measure
 how many piece, how many item, how many part, how many are in the set, how many ~ in the set
 in the set, 几件, 几个一套, 多少件, 一套几, 套装几, 一套有几, 几件套, 多少块, 几块
pack_size = pack quantity units count pack_quantity | pack size | 包装数量 | measure
 how many ~ in the pack, how many ~ in a pack, how many ~ in the box, how many ~ per pack
 how many do i get, how many come, how many ~ in one, how many ~ in it, how many sheet, in a pack
 一包几, 几片, 一盒几, 一盒多少, 几支, 几张, 多少张, 多少片, 多少支, 一包多少, 几个装, 几只
 一套几, 有几个, 几粒, 几双, 几根, 多少根, 几条, 多少条, 几袋, 多少袋, 几块装, 几枚, 多少粒, 几对
 how many do you get, how many are there in, how many per pack, how many come in
bags = tea_bags teabags | bags | 茶包数 | measure
 how many bag, how many teabag, 多少包, 几包
cups | cups | 杯数 | measure
 how many cup, how many coffee, 几杯, 多少杯
servings = portions serves | servings | 份数 | measure
 how many serving, how many portion, how many people ~ feed, how many time, 几份, 多少份, 几人份
persons = people sleeps capacity_persons occupancy | persons | 人数 | measure
 how many people, how many person, how many sleeper, for how many, sleep how many, sleep, fit two
 几个人, 几人, 多少人, 睡几个, 能住, 个人住, 能睡, 住几
ports = usb_ports number_of_ports | ports | 接口 | measure
 how many port, port, how many device, socket, how many plug, outlet, connection, 几个口, 充电口
 几个充电口, 几个接口, 几口, 插口, 哪些接口, 什么接口
devices_max = max_devices number_of_devices | devices at once | 可连接设备数 | measure
 how many device, multiple device, several device, device at once, 几台设备, 几个设备, 多台
 同时连
card_slots | card slots | 卡位 | measure
 how many card, room for card, card slot, credit card, 几张卡, 卡位, 放几张卡, 装卡, 放卡, 卡槽
pockets | pockets | 口袋 | measure
 how many pocket, pocket, 几个口袋, 口袋, 兜, 几个兜, 袋子
rooms | rooms | 房间数 | measure
 how many room, 几个房间, 几室, 几间
doors = entrances | doors | 门数 | measure
 how many door, entrance, how many entrance, 几个门, 门, 入口
tiers = layers levels | tiers | 层数 | measure
 how many tier, how many layer, how many level, 几层, 多少层
platforms | platforms | 平台数 | measure
 how many platform, platform, 几个平台, 跳台
programmes = programs modes settings | programmes | 程序数 | measure
 how many programme, how many program, how many mode, 几个程序, 几种模式, 多少种功能, 几种程序
 功能
grind_settings = grinding_levels grind_levels | grind settings | 研磨档位 | measure
 how many grind, grind setting, how many setting, how fine, coarse, 几档, 多少档, 档位, 粗细
meals_per_day = meals_per_day_max | meals per day | 每日餐数 | measure
 how many meal, how many time ~ day, how often ~ feed, 几餐, 一天喂几, 每天几顿, 几顿
countries | countries | 国家 | measure
 how many countries, which countries ~ work, in how many countries, how many country, 多少个国家
 几个国家, 哪些国家, 国家
energy = calories energy_content | energy | 热量 | measure
 how many calorie, calorie, kcal, 热量, 大卡, 卡路里, 千卡
protein = protein_content | protein | 蛋白质 | measure
 how much protein, protein, 蛋白, 蛋白质含量
fat = fat_content | fat | 脂肪 | measure
 how much fat, 脂肪含量
sugar = sugar_content | sugar | 糖 | measure
 how much sugar, 含糖, 糖分
caffeine = caffeine_content | caffeine | 咖啡因 | measure
 how much caffeine, how strong, 咖啡因含量, 多少咖啡因
concentration = strength | concentration | 浓度 | measure
 how concentrated, how strong, what percentage, 浓度多少, 百分之几
ph = ph_value | pH | pH值 | measure
 ph, acidic, 酸碱, 酸碱度
altitude = growing_altitude elevation | altitude | 海拔 | measure
 how high ~ grow, how high, altitude, elevation, grown at, 多高海拔, 海拔多少
r_value | R-value | R值 | measure
 r value, insulation value, how well ~ insulate, how insulating, r值, 隔热值, 保暖值
seasons = season | seasons | 季节 | measure
 how many season, which season, what season, winter, summer, 几季, 什么季节, 冬天, 四季, 三季
 夏天
flow_rate | flow rate | 流量 | measure
 how fast ~ filter, litre per minute, how much water ~ minute, flow, 流速, 每分钟
pore_size | pore size | 孔径 | measure
 pore, micron, 微米, 孔隙, 过滤精度
visibility_range = visibility | visibility range | 可见距离 | measure
 how far ~ seen, how far ~ visible, visible from, 多远看见, 多远能看, 可视距离
viewing_angle | viewing angle | 可视角度 | measure
 angle, from the side, 角度
pan_size = base_diameter | base diameter | 底部直径 | measure
 base, bottom, 底部, 底座, 锅底
kibble_size | kibble size | 颗粒大小 | measure
 how big ~ kibble, kibble, how big ~ piece, 颗粒, 颗粒多大, 粒
internet_speed = network | network | 网络 | measure
 网速
"""
