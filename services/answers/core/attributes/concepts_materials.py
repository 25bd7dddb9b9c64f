"""Concepts of materials, parts, ingredients and insides; written as `concepts` tells."""

MATTERS = """
material = materials fabric composition made_of | material | 材质 | measure
 what fabric, made of, made out of, made from, consist of, cloth, what is ~ made, stuff
 what kind of wood, which wood, what metal, what leather, real leather, genuine leather, made with
 wood, metal, leather, plastic, 面料, 材料, 料子, 用什么做, 什么做, 什么料, 什么木, 什么皮, 真皮
 什么布, ?做的, 质地, 是什么的, 材质是, 纯棉, 是木头, 是塑料, 成分是
filling = fill padding stuffing insulation | filling | 填充物 | measure
 filled with, what is inside, stuffed, stuffing, fill, padded, padding, what's in it
 insulated with, insulation, down, 填充, 里面是什么, 填的, 里面装的, 充的什么, 填了, 里面塞
 填充料, 充绒, 羽绒, 里料, 什么绒
coating = surface coated | coating | 涂层 | measure
 coated, coat, teflon, what is it coated, 涂层, 镀层, 表面, 涂的
sole = outsole sole_material | sole | 鞋底 | part
 outsole, 鞋底, 大底
packaging = package packing | packaging | 包装 | measure
 packaged, packed in, bottle or, container, jar, wrapped in, 包装, 瓶装, 罐装, 什么包装, 瓶子
ingredients = ingredient contents composition_inci inci | ingredients | 成分 | measure
 what is in it, what is in, contain, made of, ingredient, what's in, made from
 what does it contain, consist, what bean, blend, 成分, 配料, 含有什么, 有什么成分, 里面有什么
 原料, 含什么, 什么成分, 成份, 配方, 里有什么, 含有哪些, 有哪些成分, 用了什么, 加了什么, 什么做的
 what goes into, go into, what's inside, what is inside, put into it, used in it
origin = country_of_origin made_in produced_in source provenance | origin | 产地 | measure
 where ~ from, come from, made in, country of origin, which country ~ made, grown in
 where ~ grown, where ~ made, what region, which region, where ~ produced, which country ~ from
 what country, manufactured, imported, grown, harvested in, 产地, 哪里产, 哪里的, 哪产的, 原产
 哪里生产, 哪国, 产自, 来自, 什么地方, 哪里种, 哪儿的, 哪儿产, 国产, 进口
flavour = flavours taste aroma | flavour | 口味 | measure
 what flavour, which flavour, what taste, taste like, taste of, flavoured, taste, 味道, 口味
 什么味, 哪些味, 哪种味, 风味
tasting_notes = notes | tasting notes | 风味 | measure
 taste like, taste, note, flavour, aroma, what does it taste, 口感, 风味, 味道, 喝起来, 香气
 什么味
scent = fragrance perfume smell | scent | 香味 | measure
 smell, smell like, smell of, scented, perfumed, what fragrance, perfume, 气味, 味道, 香型, 什么味
 香味, 什么香, 闻起来, 香吗, 有香味
roast = roast_level roast_degree | roast | 烘焙度 | measure
 roasted, how dark, how strong, dark roast, light roast, medium roast, 烘焙, 深烘, 浅烘, 中烘
 烘焙程度
grade = quality_grade quality | grade | 等级 | measure
 quality, which pick, what grade, picking, first flush, 级别, 几级, 品级, 什么级, 头采, 明前
skin_type = skin skin_types suitable_skin | skin type | 适合肤质 | measure
 which skin, what skin, for sensitive, for dry, for oily, sensitive skin, dry skin, oily skin
 for my skin, kind of skin, normal skin, 什么肤质, 肤质, 敏感肌, 什么皮肤, 油皮, 干皮, 皮肤
 中性肌, 敏感皮, 混油
gender = sex | made for | 适用性别 | measure
 for women or men, unisex, for men, for women, 男款, 女款, 男女
chipset = processor cpu | processor | 处理器 | measure
 processor, cpu, which chip, what chip, 处理器, 芯片, 什么芯
graphics = gpu graphics_card video_card | graphics card | 显卡 | measure
 gpu, graphics, video card, 显卡, 独显, 显卡型号
operating_system = os system software | operating system | 操作系统 | measure
 windows, android, which os, linux, what os, operating, 系统, 安卓, 什么系统
burr = burrs | burrs | 磨盘 | part
 磨芯, 刀盘, 磨刀
handle = handles | handle | 手柄 | part
 刀柄, 把手, 锅柄, 握柄, 柄
blade = blades | blade | 刀刃 | part
 刀身, 刀片, 刃
cable = cord lead wire | cable | 线 | part
 power cord, cable, 线, 数据线, 电源线, 线材, 充电线
strap = straps band wristband | strap | 带子 | part
 表带, 背带, 肩带, 绑带, 腕带, 胸带
leash = lead | leash | 牵引绳 | part
 绳子, 绳
ear_tip = ear_tips eartips eartip tips | ear tips | 耳塞套 | part
 ear tip, ear bud tip, silicone tip, 耳塞套, 耳塞, 耳帽, 耳套, 硅胶套
charging_case = case charging_box | case | 充电盒 | part
 charging case, with the case, including the case, with case, 充电盒, 充电仓, 盒子, 带盒
seat = seating | seat | 座位 | part
 seat, sit, 座高, 坐, 座面, 座椅
base = foot bottom | base | 底部 | part
 bottom, 底部, 锅底, 底座, 底
tank = water_tank reservoir | tank | 水箱 | part
 water tank, water container, 水箱
drip_tank = drip_tray | drip tray | 接水盘 | part
 drip tray, 废水盒, 接水盘, 滴水盘, 废水
filter = filters | filter | 滤网 | part
 strainer, sieve, infuser, 滤网, 过滤网, 滤芯, 过滤器, 滤纸
dog = dogs pet | dog | 狗 | part
 puppy, puppies, 狗狗, 狗, 犬, 小狗, 幼犬
cat = cats | cat | 猫 | part
 kitten, 猫咪, 小猫
toe = toes | toe | 脚趾 | part
sleeve = sleeves | sleeve | 袖子 | part
 袖长, 袖
shoulder = shoulders | shoulder | 肩 | part
 肩宽
lining_part = lining inner_fabric | lining | 内衬 | part
 里衬, 内里, 里布
lens = lenses | lens | 镜片 | part
 镜头
frame = frames | frame | 框架 | part
 骨架, 车架
pole = poles | pole | 杆 | part
 帐杆, 支杆
cover_part = outer_shell shell | shell | 外壳 | part
 外层, 外面料
chair_leg = legs leg | legs | 腿 | part
 桌腿, 椅腿
button = buttons keys | buttons | 按键 | part
 按钮, 键
alcohol | alcohol | 酒精 | matter
 酒精, 乙醇
grain = grains cereal | grain | 谷物 | matter
 谷物, 谷, 粮食, wheat, corn, 粗粮
gluten | gluten | 麸质 | matter
 coeliac, celiac, 麸质, 麦麸, 谷蛋白, 面筋
lactose = dairy milk | lactose | 乳糖 | matter
 dairy, milk, 乳糖, 牛奶, 奶
nut = nuts peanut | nuts | 坚果 | matter
 peanut, allergy, 坚果, 花生
soy = soya | soy | 大豆 | matter
 大豆
added_sugar = sweetener | added sugar | 添加糖 | matter
 sweetened, 加糖, 蔗糖
soap | soap | 皂基 | matter
 皂基, 肥皂, 皂
paraben = parabens preservative preservatives | parabens | 防腐剂 | matter
 尼泊金, 防腐剂
silicone_oil = silicones | silicones | 硅油 | matter
 硅油
sulphate = sulfate sls | sulphates | 硫酸盐 | matter
 硫酸盐
retinol = retinoid vitamin_a | retinol | 视黄醇 | matter
 视黄醇, a醇, 维a, vitamin a, 维生素a, 维a醇
perfume_matter = fragrances perfumes | fragrance | 香精 | matter
 perfume, perfumed, scented, fragrance, smell, 香精, 香料, 香味, 香水
bpa = bisphenol | BPA | 双酚A | matter
 bisphenol, 双酚a, 双酚
pfas = teflon ptfe forever_chemicals pfoa | PFAS | PFAS | matter
 forever chemical, teflon, ptfe, 特氟龙, 全氟, 氟化物
plastic = plastics | plastic | 塑料 | matter
 塑料, 塑胶
latex | latex | 乳胶 | matter
 乳胶
nickel | nickel | 镍 | matter
 镍
lead_metal | lead | 铅 | matter
 铅
"""
