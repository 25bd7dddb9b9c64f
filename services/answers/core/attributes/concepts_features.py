"""Concepts of what a product is, has or can; see `concepts` for how they are written."""

FEATURES = """
waterproof | waterproof | 防水 | is
 = water_resistant is_waterproof water_resistance rainproof water_repellent splashproof
 water resistant, water repellent, rain proof, splash proof, get wet, in the rain, keep ~ dry
 keep water out, keep the rain out, keep ~ rain out, -let water in, -let rain in, -let in water
 -let in rain, -soak through, wear it swimming, in the shower, swim with, under water
 survive water, rain, water proof, downpour, heavy rain, stay dry, staying dry, wet weather, storm
 大雨, 暴雨, 防大雨, -leak in, -进水, 下雨, 淋雨, 防不防水, 防雨, 洗澡, 雨天, 游泳, 泡水, 沾水
 遇水, 防泼水, 不怕水, -湿透, 碰水, 挡雨, -漏雨
windproof = wind_resistant | windproof | 防风 | is
 wind proof, keep the wind out, against wind, in the wind, windy, stop the wind, wind, 挡风, 大风
 防不防风, 抗风, 怕风
breathable | breathable | 透气 | is
 breathe, airy, let air, -sweaty, 闷不闷, -闷, 透不透气, -闷热, 透气性
quick_drying = fast_drying quick_dry | quick-drying | 速干 | is
 dry fast, dry quickly, dry quick, fast drying, how fast ~ dry, quick to dry, 快干, 干得快, 容易干
reflective | reflective | 反光 | is
 reflect, reflector, visible at night, seen at night, visible in the dark, seen in the dark
 at night, 夜间, 晚上看得见, 晚上能看见, 反光条, 夜里, 反射
shockproof = drop_proof shock_resistant impact_resistant | shockproof | 防摔 | is
 shock proof, drop proof, if i drop, being dropped, be dropped, get dropped, i drop, dropping
 drop it, a knock, bump, 摔一下, 磕碰, 摔了, 跌落, when dropped, survive a drop, protect ~ drop
 fall, 抗摔, 摔坏, 耐摔, 防震, 摔不摔, 掉地上, 摔
scratch_resistant = scratchproof | scratch resistant | 防刮 | is
 -scratch, scratch proof, -get scratched, 耐刮, 防划, 耐磨, -刮花, -划痕
dust_free = low_dust dustless | dust-free | 无尘 | is
 dust free, no dust, -dusty, -dust, -a lot of dust, 无粉尘, -粉尘, -灰尘, -灰大, -起灰, -有灰
 低尘, -扬尘
dustproof = dust_resistant | dustproof | 防尘 | is
 dust proof, keep dust out, 防灰
leakproof = leak_proof spill_proof spillproof | leakproof | 防漏 | is
 -leak, leak proof, -spill, spill proof, upside down, in my bag, watertight, -漏水, -漏, -洒
 -会漏, 倒过来, 放包里, 密封, 不漏
dishwasher_safe | dishwasher safe | 可用洗碗机清洗 | is
 = dishwasher dishwasher_proof dishwasher_suitable
 dishwasher, dish washer, dishwashable, -by hand, -wash it by hand, -only by hand, 洗碗机, -手洗
microwave_safe = microwave microwaveable microwave_proof | microwave safe | 可用微波炉加热 | is
 microwave, microwaveable, 微波炉, 微波
oven_safe = oven oven_proof ovenproof | oven safe | 可用于烤箱 | is
 oven, bake in it, oven proof, 烤箱, 进烤箱
freezer_safe = freezer | freezer safe | 可冷冻 | is
 freezer, freeze, 冷冻, 冰箱, 冷冻室
induction | suitable for induction | 可用于电磁炉 | is
 = induction_compatible induction_hob induction_safe induction_ready
 induction, induction hob, induction cooker, induction stove, 电磁炉, 电磁灶
gas_hob = gas_compatible | suitable for gas | 可用于燃气灶 | is
 gas stove, gas hob, 燃气灶, 明火, 煤气灶
non_stick = nonstick | non-stick | 不粘 | is
 -stick, -stick to, non stick, nonstick, -sticking, -粘锅, 不粘锅, 粘不粘, -粘底
machine_washable = washable machine_wash washing_machine | machine washable | 可机洗 | is
 washing machine, machine wash, wash ~ machine, machine washable, wash it, throw ~ wash
 in the wash, washed, put ~ wash, washable, can i wash, -hand wash, -hand wash only, -by hand only
 -handwash, -dry clean only, 机洗, 洗衣机, -手洗, 可以洗, 能洗, 水洗, -只能手洗, -干洗, 好洗, 洗吗
 怎么洗
tumble_dry = dryer_safe tumble_dryer dryer | suitable for the tumble dryer | 可烘干 | is
 tumble dry, tumble dryer, dryer, drier, tumble, 烘干, 烘干机
ironing = ironable | can be ironed | 可熨烫 | is
 iron, 熨, 熨烫
foldable = folding collapsible folds | foldable | 可折叠 | is
 fold, fold up, fold flat, collapse, folded, folding, fold away, 折叠, 折起来, 收折, 能折
foldable_plug = folding_plug | foldable plug | 可折叠插脚 | has
 插脚能折, 插脚折, 插脚可以折, 插头折, 插脚能不能折
 plug ~ fold, fold ~ plug, folding plug, prong ~ fold, 插脚, 插头能折, 插头可以折, 插头折叠
 折叠插头, 插头能不能折
adjustable | adjustable | 可调节 | is
 = height_adjustable adjustable_height size_adjustable adjustable_straps
 adjust, change the length, change the height, make it longer, make it tighter, tighten, loosen
 raise, lower, height ~ be changed, can the height, 调节, 可调, 能调, 调长短, 调高度, 调整, 升降
 松紧, 调吗
adjustable_back = back_adjustable | adjustable back | 背部可调 | is
 back adjustable, adjust ~ back, back length, back system, 背长, 背负调, 背部, 调背
detachable_cable = removable_cable | detachable cable | 可拆卸线 | has
 cable ~ removed, remove ~ cable, detach ~ cable, unplug ~ cable, cable ~ detach, cable ~ come off
 cable removable, 线可以拆, 线能拆, 换线, 可拆线, 可换线, 拔下来, 线可拆, 线能取下
detachable_microphone = removable_microphone | detachable microphone | 可拆卸麦克风 | has
 mic ~ off, microphone ~ off, remove ~ mic, detach ~ mic, mic ~ detach, remove ~ microphone
 detach ~ microphone, microphone ~ removed, mic removable, microphone removable, 麦克风能拆
 麦可以拆, 麦克风可以拆, 拆麦, 麦能拆, 麦克风可拆
removable_insole = removable_insoles insole | removable insole | 可拆卸鞋垫 | has
 insole, orthotic, own insole, 鞋垫
inflatable = blow_up | inflatable | 充气 | is
 inflate, blow up, blow it up, pump up, air filled, 打气, 充气的
wireless = cordless | wireless | 无线 | is
 -wired, cordless, -corded, without cable, without a cable, -need a cable, -plugged in, -有线
 无线的
wireless_charging = qi qi_charging | wireless charging | 无线充电 | has
 charge wirelessly, wireless charge, qi, charge without cable, charge ~ wirelessly
 wireless charger, 无线快充
fast_charging = quick_charge quick_charging rapid_charging | fast charging | 快充 | has
 fast charge, charge fast, quick charge, charge quickly, rapid charging, 快速充电, 快充, 闪充
 充得快
rechargeable | rechargeable | 可充电 | is
 recharge, can i charge, charge it, be charged, charged by, 充电, 能充电, 充电的, 充电式
usb_charging_port = usb_port | USB charging port | USB充电口 | has
 charge ~ phone, charge my phone, usb port, charge other, 给手机充电, usb口, 充手机
bluetooth | Bluetooth | 蓝牙 | has
 blue tooth, bt, 蓝牙连接
wifi = wi_fi wlan smart app | Wi-Fi | Wi-Fi | has
 wlan, wireless network, wi fi, app, over the internet, from my phone, with my phone, smart home
 联网, wifi, 无线网, 连网, 手机控制, app控制, 远程, 手机操作, 用手机
nfc = contactless | NFC | NFC | has
 contactless payment, contactless, pay with it, tap to pay, 近场, 刷公交, 门禁
gps | GPS | GPS | has
 satellite, navigation, 定位, 导航
ethernet = lan lan_port | Ethernet port | 网口 | has
 lan port, network cable, network port, lan, rj45, 网线, 有线网络, 以太网
hdmi = hdmi_port | HDMI port | HDMI接口 | has
 connect to ~ tv, connect ~ monitor, 接电视, 连电视, 外接显示器, 接显示器
card_reader = sd_card_reader sd_slot | card reader | 读卡器 | has
 sd card, read ~ card, memory card, sd卡, 读卡, 存储卡
memory_card_slot = sd_card expandable_storage microsd | memory card slot | 存储卡槽 | has
 sd card, memory card, micro sd, expand ~ storage, expand ~ memory, more storage, extend ~ storage
 add storage, 内存卡, 存储卡, 扩展, 扩容, tf卡, sd卡, 插卡扩, 插卡
dual_sim = two_sims | dual SIM | 双卡 | has
 two sim, 2 sim, second sim, dual sim, two number, double sim, both sim, 两张卡, 两个号, 双卡双待
 两张sim, 2张卡, 两个手机号
sim_slot = sim sim_card cellular lte mobile_network | SIM slot | SIM卡槽 | has
 sim card, sim, mobile data, cellular, lte, 插卡, 电话卡, sim卡, 流量卡, 手机卡
esim | eSIM | eSIM | has
 e sim, 电子卡
headphone_jack = audio_jack aux headphone_socket | headphone jack | 耳机孔 | has
 headphone socket, headphone port, wired headphone, audio jack, aux, plug ~ headphone, 3.5 mm
 headphone in, jack, 耳机插孔, 耳机口, 有线耳机, 插耳机, 3.5毫米, 圆孔
touchscreen = touch_screen touch | touchscreen | 触摸屏 | has
 touch screen, touch, 触屏, 触摸, 触控
backlight = keyboard_backlight backlit illuminated lit_keys | backlight | 背光 | has
 light up, backlit, back light, lit, illuminated, glow, in the dark, type in the dark, 发光
 背光灯, 灯光, 键盘灯, 亮吗, 夜里打字
webcam = camera_built_in | webcam | 摄像头 | has
 camera, video call, video chat, web cam, 视频通话, 开视频, 网络摄像头, 视频会议
privacy_cover = camera_cover privacy_shutter shutter | privacy cover | 隐私盖 | has
 cover ~ camera, cover ~ lens, close ~ lens, shutter, cover ~ webcam, privacy, 遮挡, 遮住镜头
 镜头盖, 防偷窥, 盖住, 镜头有盖, 镜头能盖, 镜头可以盖, 镜头有遮, 摄像头有盖, cover for the lens
 lens cover
autofocus = auto_focus | autofocus | 自动对焦 | has
 focus, 对焦
keyboard_included | keyboard included | 附键盘 | has
 with a keyboard, include a keyboard, come with ~ keyboard, keyboard, 带键盘, 送键盘, 键盘
keyboard_layouts = keyboard_layout layout | keyboard layouts | 键盘布局 | measure
 which layout, what layout, layout, qwerty, qwertz, azerty, 布局, 键位, 配列
switches = switch_type key_switches | switches | 轴体 | measure
 which switch, what switch, switch, 什么轴, 轴, 红轴, 茶轴, 青轴
pen_included = stylus_included stylus pen | pen included | 附手写笔 | has
 with a pen, include ~ pen, come with ~ pen, stylus, pen, 手写笔, 触控笔, 带笔, 笔
emergency_button = sos_button sos | emergency button | 紧急呼叫键 | has
 emergency, sos, call for help, panic button, 紧急, 求救, 一键呼叫, 急救
heart_rate_sensor = heart_rate pulse | heart rate sensor | 心率监测 | has
 heart rate, pulse, measure ~ heart, heart monitor, 心率, 测心率, 心跳
music_storage = music music_player offline_music | music storage | 音乐存储 | has
 store music, save music, play music without, music on it, listen to music, music, 存音乐, 存歌
 听歌, 放歌, 音乐
audiobooks = audio_books audiobook | audiobooks | 有声书 | has
 audio book, listen to book, 听书, 有声
speakers = speaker built_in_speakers loudspeaker | speakers | 扬声器 | has
 built in speaker, sound, loudspeaker, speaker, 音箱, 喇叭, 音响, 出声, 外放, 自带音响
microphone = mic built_in_microphone | microphone | 麦克风 | has
 mic, phone call, make call, take call, answer call, for call, call with, talk, hands free, 打电话
 通话, 接电话, 话筒, 带麦, 麦
noise_cancelling | noise cancelling | 降噪 | has
 = anc active_noise_cancelling noise_cancellation noise_canceling
 cancel noise, noise cancellation, cancel ~ noise, noise cancel, noise canceling, anc
 block ~ noise, block out, noise reduction, drown out, shut out, 主动降噪, 消噪, 隔音, 消除噪音
 屏蔽噪音
surround_sound = surround spatial_audio | surround sound | 环绕声 | has
 surround, spatial, 3d sound, 环绕, 7.1, 空间音频
stereo_pairing = stereo_pair multi_speaker tws_pairing | stereo pairing | 立体声配对 | has
 two together, pair two, link two, connect two, two of them, stereo, second one, pair, 两个一起
 两台, 组立体声, 立体声, 串联, 两个音箱
alarm = alarm_clock | alarm | 闹钟 | has
 wake me, alarm clock, 闹铃, 叫醒, 叫我起床
nightlight = night_light | night light | 夜灯 | has
 night light, 小夜灯
timer | timer | 定时 | has
 time ~ delay, delay, set a time, schedule, 预约, 计时, 定时器, 倒计时
display | display | 显示屏 | measure
 screen, readout, 显示屏, 屏幕, 显示, 数显
dimmable = dimmer adjustable_brightness brightness_adjustable | dimmable | 可调光 | is
 dim, adjust ~ brightness, change ~ brightness, less bright, make it darker, brightness level
 调光, 调亮度, 亮度可以调, 亮度能调, 调暗
red_light = red_light_mode night_vision_light | red light | 红光 | has
 red mode, red led, 红灯
igniter = piezo ignition piezo_ignition | igniter | 点火器 | has
 ignition, lighter, light itself, piezo, -need a lighter, -match, 点火, 打火, 电子点火, 打火机
fuse = ersatz_fuse | fuse | 保险丝 | has
 blow a fuse, fused, 保险管
auto_shut_off = automatic_shut_off auto_off automatic_off | automatic shut-off | 自动断电 | has
 switch ~ itself off, turn ~ itself off, turn off automatically, switch off automatically
 shut off, auto off, turn off by itself, switch off by itself, shut itself off, off on its own
 自动关, 自动断电, 自动关机, 干烧, 自动停, 自己断电, 会断电, 自己关, 自己停, 自动跳, 会自己停
temperature_control | temperature control | 温控 | has
 = thermostat variable_temperature adjustable_temperature
 set ~ temperature, choose ~ temperature, adjust ~ temperature, control ~ temperature
 temperature setting, thermostat, 控温, 调温, 温度可调, 温度控制, 设定温度, 设温度, 恒温, 调温度
cold_froth = cold_foam | cold froth | 冷奶泡 | has
 cold foam, cold milk, froth cold, 冷打, 冷奶泡, 冷泡
electric = electrical | electric | 电动 | is
 mains, need electricity, -manual, -by hand, need power, 用电, 插电, 通电, -手动, -手摇
juice_groove = juice_channel groove | juice groove | 汁槽 | has
 groove, channel, catch the juice, 凹槽, 接汁, 流汁, 槽
cuts_bones = bone_cutting bones | cuts bones | 可砍骨头 | can
 bone, chop bone, 砍骨头, 剁骨, 骨头, 砍骨
left_handed = left_hand lefty ambidextrous | suitable for left-handers | 适合左手使用 | is
 left hand, left handed, left hander, lefty, lefties, southpaw, -right hand only, 左撇子, 左手
wide_fit = wide_feet extra_wide | wide fit | 宽脚适用 | is
 wide feet, wide foot, broad feet, wider feet, wide fitting, 宽脚, 脚宽, 脚胖, 脚背高, 宽楦
carbon_plate = plate | carbon plate | 碳板 | has
 plate, carbon, 碳纤维板
grip | grip | 握把 | part
 handle, grip, 手柄, 握把, 把手
hood | hood | 帽子 | has
 hooded, 带帽, 连帽, 风帽, 兜帽
pegs_included = pegs stakes | pegs included | 附地钉 | has
 peg, stake, 地钉, 帐钉
repair_kit_included = repair_kit patches | repair kit included | 附修补包 | has
 repair kit, patch, repair, fix a hole, puncture, 修补, 补丁, 修理包, 破了
pump_included = pump built_in_pump | pump included | 附充气泵 | has
 air pump, pump, 气泵, 充气泵, 打气筒
fuel = fuel_type | fuel | 燃料 | measure
 which gas, what gas, what fuel, which fuel, burn, run on, what does it run, gas cartridge
 canister, 烧什么, 什么气, 用什么燃, 气罐, 什么燃料
fuel_included | fuel included | 附燃料 | has
 come with gas, gas included, gas cartridge included, with fuel, fuel come, include ~ gas
 include ~ fuel, cartridge ~ included, 带气罐, 送气罐, 含气罐, 附气罐, 含燃料, 带燃料
lid = cover | lid | 盖子 | has
 with a lid, have a lid, lid, 锅盖, 带盖, 盖
lid_included = with_lid | lid included | 附盖 | has
 lid, with a lid, 锅盖, 盖子, 带盖, 有盖, 送盖, 盖
steamer_included = steamer steam_basket steam_tray | steamer included | 附蒸笼 | has
 steamer, steam, steam basket, 蒸笼, 蒸屉, 蒸格, 蒸架
batteries_included = battery_included batteries | batteries included | 附电池 | has
 come with battery, come with the battery, include battery, with battery, include the battery
 battery include, battery in the box, battery already, -buy battery, -battery separately
 -need to buy battery, battery come with, have battery in, 送电池, 带电池, 含电池, 附电池, 有电池
 电池包含, 电池包括, 包不包电池, 电池算在内, 电池随, 电池附
 配电池, -自己买电池, -另买电池, 电池送, 自带电池, -自备电池, 包含电池, 包括电池
battery_type = battery_size batteries_type battery_kind | battery type | 电池型号 | measure
 which battery, what battery, what kind of battery, battery ~ need, what type of battery
 need battery, battery ~ take, battery ~ use, kind of battery, type of battery, sort of battery
 which cell, size battery, 什么电池, 几号电池, 哪种电池, 用什么电池, 电池型号, 几节电池
 电池是什么, 哪种型号的电池, 什么型号的电池, 电池几号, 换什么电池
removable_battery = replaceable_battery | removable battery | 可拆卸电池 | has
 battery ~ removable, remove ~ battery, battery ~ replaced, replace ~ battery, battery ~ replaceable
 swap ~ battery, battery ~ swapped, 电池可以拆, 电池能拆
 电池可拆, 换电池, 电池能换, 电池可以换, 拆电池
battery_backup = backup_battery power_backup | battery backup | 备用电池 | has
 power cut, power outage, power fail, blackout, no electricity, if the power, backup, 停电, 断电
 备用电源
cable_included = charging_cable_included cable_supplied | cable included | 附数据线 | has
 cable included, come with a cable, cable in the box, include a cable, with a cable
 -cable separately, with cable, -buy a cable, -need a cable, include the cable, cable come
 charging cable, 送线, 带线, 含线, 附线, 数据线, 充电线, 配线, 带数据线, -自己买线, -另买线
 有线吗, 附带线
plug_included | plug included | 附充电头 | has
 = adapter_included power_adapter charger_included power_supply_included
 charger included, come with a charger, power adapter, wall plug, with a plug, include a plug
 power supply, come with plug, charger in the box, adapter included, charging brick, wall charger
 mains plug, -buy a plug, -buy a charger, 充电头, 电源适配器, 送充电头, 带插头, 插头, 带充电器
 适配器, 送充电器, 电源
case_included = storage_case carry_case carrying_case | case included | 附收纳盒 | has
 with a case, come with a case, carry case, include a case, travel case, pouch, 收纳盒, 保护套
 盒子, 收纳包, 带盒, 便携盒, 包装盒
bag_included = carry_bag storage_bag | bag included | 附收纳袋 | has
 with a bag, come with a bag, carry bag, stuff sack, storage bag, include a bag, 收纳袋, 袋子
 带袋, 手提袋
filters_included = filter_included | filters included | 附滤纸 | has
 filter included, come with filter, include filter, with filter, paper filter, -buy filter
 filter in the box, filter, 送滤纸, 带滤纸, 滤纸, 附滤纸, 含滤纸, 送滤芯, 带滤芯
straps_included = strap_included straps | straps included | 附绑带 | has
 strap, with strap, 绑带, 固定带, 带子
bottles_included = bottle_included bottles | bottles included | 附水壶 | has
 come with bottle, bottle included, with bottle, include bottle, bottle, flask, 送水壶, 水壶, 水瓶
 带水壶, 瓶子
rain_cover_included = rain_cover raincover | rain cover included | 附防雨罩 | has
 rain cover, rain protection, raincover, cover for rain, 雨罩, 防雨罩, 防水罩, 防雨套
wall_fixing_included | wall fixing included | 附墙面固定件 | has
 = wall_fixing wall_mount wall_bracket
 fix ~ wall, attach ~ wall, wall mount, wall fixing, screw ~ wall, tip over, secure ~ wall, anchor
 固定在墙, 墙上, 固定件, 上墙, 防倒
grinder_included = grinder built_in_grinder integrated_grinder | grinder included | 带研磨器 | has
 built in grinder, grinder, grind, whole bean, 磨豆, 磨豆机, 研磨, 自带磨豆, 磨豆器, 咖啡豆直接
hydration_compatible = hydration_system hydration_bladder | hydration compatible | 兼容水袋 | is
 hydration bladder, bladder, water bladder, drinking system, hydration, camelbak, hydration pack
 水袋, 饮水系统
magnetic = magnet magnetic_mount | magnetic | 磁吸 | is
 magnet, magsafe, magnetically, 磁铁, 磁性, 磁力, 吸附
magnetic_closure = magnet_closure | magnetic closure | 磁吸扣 | has
 magnetic clasp, close magnetically, magnet, stay closed, how ~ close, magnetic, 磁扣, 磁吸
 磁铁扣, 磁力扣
kickstand = stand built_in_stand | kickstand | 支架 | has
 stand, prop, stand up, stand on its own, kick stand, 支撑, 立起来, 支起来, 带支架
bell | bell | 铃铛 | has
 ring, jingle, tinkle, 铃
floor = groundsheet floor_included | floor | 地布 | has
 ground sheet, floor, 底布, 帐底, 地垫, 底
liner = inner_lining lining | liner | 内衬 | has
 lined, lining, inner short, built in brief, inner brief, brief, 内裤, 衬里, 里衬, 内里
mosquito_net = bug_net insect_net mesh | mosquito net | 蚊帐 | has
 mosquito, insect, bug, fly screen, net, 蚊子, 防蚊, 纱网, 蚊虫, 纱窗
cup_holder = drink_holder | cup holder | 杯架 | has
 place for a drink, drink holder, put my drink, for my drink, bottle holder, 放杯子, 杯托, 放水杯
 放饮料
wheels = castors casters rollers | wheels | 轮子 | has
 roll, wheel, castor, 滚轮, 轮, 滑轮, 带轮
folding_handles = foldable_handles | folding handles | 折叠手柄 | has
 handle ~ fold, fold ~ handle, 手柄能折, 手柄可以折, 把手能折, 手柄折叠, 把手折叠, 把手可以折
replaceable = replacement refillable refill | replaceable | 可更换 | is
 replace, be replaced, spare, swap out, 更换, 替换, 换吗, 能换
zip_side = zipper_side zip | zip side | 拉链方向 | measure
 which side, zip, zipper, 哪边, 拉链, 左拉链, 右拉链, 哪一侧
zip_to_double | can be zipped into a double | 可拼接成双人 | is
 = zip_together couple_double joinable
 zip together, zip two together, zip ~ together, join two, double, couple, combine two, 拼接, 拼成
 双人, 连在一起, 拼在一起, 合并
floats = floating buoyant | floats | 可漂浮 | can
 float, -sink, buoyant, 浮, 漂, 浮在水, -沉, 漂浮, 浮起来, 沉不沉
allowed_on_planes | allowed on planes | 可带上飞机 | is
 = flight_safe carry_on cabin_approved airline_approved plane
 plane, airplane, aeroplane, flight, hand luggage, carry on, fly with, cabin, airport, flying
 air travel, 飞机, 登机, 坐飞机, 随身行李, 安检
compatible_with | compatible with | 兼容 | measure
 = compatibility compatible works_with platforms_supported
 compatible, work with, connect to, use it with, use with, support, run with, 兼容, 适配, 能连
 支持什么, 哪些设备能用, 配什么, 能配, 适用
fits = fits_models suitable_phones for_models model_compatibility fit | fits | 适配 | measure
 fit, which phone, which model, what phone, suit, which device, work with, compatible, made for
 what model, 适合, 哪些手机, 什么手机, 哪款, 哪些型号, 什么型号, 适用, 适配, 兼容, 能用在, 能装
 配, 能套
connector = connection plug_type port_type connector_type | connector | 接口 | measure
 which connector, what connector, what plug, which plug, type c, usb c, what port, lightning
 kind of plug, which port, usb, type-c, 接头, 什么接口, 插口, 圆孔, 什么口
assembly_required = assembly | assembly required | 需要组装 | is
 assemble, put together, comes assembled, 组装, 自己装
handmade = hand_made handcrafted | handmade | 手工制作 | is
 hand made, made by hand, handcrafted, machine made, 手工, 手作, 人工做的, 纯手工
fair_trade = fairtrade | fair trade | 公平贸易 | is
 fairly traded, fairtrade, 公平交易
organic = bio organic_certified | organic | 有机 | is
 bio, organically grown, pesticide, 有机的, 农药
biodegradable | biodegradable | 可生物降解 | is
 degrade, break down, rot, 降解, 可降解, 分解
compostable = home_compostable | compostable | 可堆肥 | is
 compost, 堆肥
recyclable = recycled | recyclable | 可回收 | is
 recycle, 回收, 再生
vegan = plant_based | vegan | 纯素 | is
 -animal, -animal product, plant based, -animal ingredient, 素食者, 纯素食者, 全素, -动物成分
 -动物, -荤, 植物性
vegetarian = veggie | vegetarian | 素食 | is
 -meat, veggie, -contain meat, 吃素, 素食者, -肉, 素的
halal | halal | 清真 | is
 清真
kosher | kosher | 犹太洁食 | is
cruelty_free = not_tested_on_animals | cruelty-free | 零残忍 | is
 -tested on animal, -test ~ animal, -animal testing, cruelty, -animal test, -动物实验, -动物测试
 -动物试验, 零残忍
reef_safe = reef_friendly coral_safe | reef safe | 珊瑚友好 | is
 reef, coral, ocean, snorkel, 珊瑚, 海洋友好, 浮潜, 珊瑚礁
decaffeinated = decaf caffeine_free | decaffeinated | 低咖啡因 | is
 -caffeine, decaf, caffeine free, without caffeine, no caffeine, -contain caffeine, 低因, 脱因
 无咖啡因, -咖啡因, 不含咖啡因, 去咖啡因
ground = pre_ground already_ground ground_coffee | ground | 磨好的 | is
 -whole bean, already ground, preground, -whole, powder, -need a grinder, -grind it, -整豆, 咖啡粉
 磨好, -咖啡豆, 已磨, 研磨好
loose_leaf = loose loose_tea | loose leaf | 散茶 | is
 -tea bag, -bag, -teabag, loose tea, -in bag, 散装, -茶包, -袋泡, 散的
fermented = fermentation | fermented | 发酵 | is
 ferment, ripe, 熟茶, 熟普, -生茶, 发酵过, 生的还是熟的
bleached = chlorine_bleached | bleached | 漂白 | is
 bleach, white paper, -unbleached, chlorine, 漂白过, -本色, -原色, -未漂白
greasy = oily | greasy | 油腻 | is
 grease, oily, sticky, shiny, -absorb, 油吗, 油不油, 腻, 黏, 粘腻, 泛油
removes_viruses = virus_removal filters_viruses | removes viruses | 可去除病毒 | can
 virus, viruses, filter virus, 病毒, 滤病毒, 过滤病毒
removes_bacteria | removes bacteria | 可去除细菌 | can
 bacteria, germ, 细菌
pregnancy_safe = safe_in_pregnancy | suitable in pregnancy | 孕妇适用 | is
 pregnant, pregnancy, breastfeeding, expecting, 孕妇, 怀孕, 孕期, 哺乳期, 备孕
baby_safe = child_safe | child safe | 婴儿适用 | is
 baby, newborn, toddler, infant, child safe, 宝宝, 婴儿
pet_safe = dog_friendly cat_friendly | pet safe | 宠物适用 | is
 safe for pet, 宠物安全
non_slip = anti_slip slip_resistant nonslip | non-slip | 防滑 | is
 -slip, -slippery, anti slip, -slide, grip well, slip resistant, -滑, 防不防滑, 打滑, 滑不滑
steel_toe = toe_cap safety_toe | steel toe cap | 钢头 | has
 steel toe, toe cap, toe protection, safety shoe, 钢包头, 护趾
certified = certification certificates certificate | certification | 认证 | has
 certified, certificate, fsc, ce mark, oeko tex, tested by, 证书, 检测报告, 质检
varnished = lacquered painted finish | finish | 表面处理 | is
 varnish, lacquer, painted, oiled, waxed, 刷漆, 刷过漆, 上漆, 涂漆, 漆, 上油
multilingual = languages language | languages | 语言 | measure
 which language, what language, in english, in german, 什么语言, 哪些语言, 中文
instructions = manual manual_included | instructions | 说明书 | has
 instruction, user guide, handbook, 说明书
dosage = usage how_to_use directions | directions | 用法 | measure
 how often ~ use, how do i use, how do i apply, 怎么用, 用法, 一天用几次, 如何使用
storage_advice = storing | storage advice | 保存方法 | measure
 how ~ store, store it, 怎么保存, 如何保存
"""
