"""Units of measure: as catalogues' keys end with them, as customers say them, and how they convert.

Conversions are exact by definition (international inch, pound and ounce), or per SI prefix; a month
is the twelfth part of a year.
"""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """One unit. factor: in the dimension's base unit."""

    dimension: str
    factor: float
    english: str
    chinese: str


# name, dimension, factor, English, Chinese; then the words for it.
_TABLE = """
mg mass 0.001 mg 毫克 | milligram 毫克
g mass 1 g 克 | gram gramme gr 克 公克
kg mass 1000 kg 公斤 | kilogram kilo kgs 公斤 千克
jin mass 500 jin 斤 | 斤 市斤
t mass 1000000 t 吨 | tonne 吨
lb mass 453.59237 lb 磅 | pound lbs 磅
oz mass 28.349523125 oz 盎司 | ounce 盎司
mm length 0.001 mm 毫米 | millimetre 毫米
cm length 0.01 cm 厘米 | centimetre cms 厘米 公分
m length 1 m 米 | metre mtr 米 公尺
km length 1000 km 公里 | kilometre 公里 千米
inches length 0.0254 inches 英寸 | inch inche in 英寸 寸 吋
ft length 0.3048 ft 英尺 | feet foot 英尺
microns length 0.000001 µm 微米 | micron 微米
ml volume 0.001 ml 毫升 | millilitre mls 毫升
cl volume 0.01 cl 厘升 | centilitre 厘升
l volume 1 l 升 | litre ltr 升 公升
gb data 1 GB GB | gigabyte gig gigs G
tb data 1000 TB TB | terabyte T
mb data 0.001 MB MB | megabyte
s time 1 seconds 秒 | second sec 秒 秒钟
minutes time 60 minutes 分钟 | minute min 分钟 分
hours time 3600 hours 小时 | hour hr hrs h 小时 个小时 钟头 个钟头
days time 86400 days 天 | day 天 日
weeks time 604800 weeks 周 | week 周 星期 个星期
months time 2629800 months 个月 | month 月 个月
years time 31557600 years 年 | year yr yrs 年 岁 周岁
w power 1 W 瓦 | watt watts wattage 瓦 瓦特
kw power 1000 kW 千瓦 | kilowatt 千瓦
v voltage 1 V 伏 | volt volts 伏 伏特
ma current 1 mA 毫安 | milliamp 毫安培
mah charge 1 mAh 毫安时 | 毫安 毫安时
wh energy 1 Wh 瓦时 | 瓦时
kcal food 1 kcal 千卡 | calorie kilocalorie 大卡 千卡 卡路里
kj food 0.239005736 kJ 千焦 | kilojoule 千焦
c temperature 1 °C °C | celsius degree centigrade 度 摄氏度
k kelvin 1 K K | kelvin 开尔文
lm light 1 lm 流明 | lumen 流明
hz frequency 1 Hz Hz | hertz 赫兹
khz frequency 1000 kHz kHz | kilohertz 千赫
db sound 1 dB 分贝 | decibel 分贝
mp pixels 1 MP 百万像素 | megapixel 百万像素 像素
percent share 1 % % | percent percentage 百分比 百分之几
bar pressure 1 bar bar | bars 巴
rpm turns 1 rpm 转/分 | 转
fps frames 1 fps 帧/秒 | 帧
dpi dots 1 dpi dpi | dpi
mbps rate 1 Mbit/s Mbit/s | megabit
ohm resistance 1 Ω 欧 | ohms 欧姆
degrees angle 1 ° ° | angle 角度
hrc hardness 1 HRC HRC | hrc
euros money 1 EUR 欧元 | euro eur 欧元 欧 元 块 块钱
"""
_SPELT = {"inch": "inches", "min": "minutes", "mins": "minutes", "h": "hours"}
_SPELT |= {"hrs": "hours"}
_SPELT |= {"seconds": "s", "sec": "s", "pct": "percent", "grams": "g", "celsius": "c"}
_SPELT |= {"litres": "l", "liters": "l", "watts": "w", "volts": "v", "lumens": "lm", "hertz": "hz"}


def _read() -> tuple[dict[str, Unit], dict[str, str]]:
    units, words = {}, {}
    for line in _TABLE.strip().splitlines():
        head, _, said = line.partition("|")
        name, dimension, factor, english, chinese = head.split()
        units[name] = Unit(dimension, float(factor), english, chinese)
        for word in (name, *said.split()):
            words[word.lower()] = name
    return units, words


UNITS, WORDS = _read()  # by name; a customer's word -> name


def unit_of_ending(ending: str) -> str | None:
    """The unit that a key's last word names: `weight_g`; None where it is none."""
    name = _SPELT.get(ending, ending)
    return name if name in UNITS and name not in ("euros", "jin", "ma") else None


def converted(amount: float, unit: str, wanted: str) -> float | None:
    """An amount in another unit of the same dimension; None where there is no such thing."""
    if UNITS[unit].dimension != UNITS[wanted].dimension:
        return None
    return amount * UNITS[unit].factor / UNITS[wanted].factor


def rounded(amount: float) -> str:
    """Four significant digits, which is what a catalogue's figures are good for."""
    return f"{amount:.4g}" if abs(amount) < 10_000 else f"{amount:.0f}"
