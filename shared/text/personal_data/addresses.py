"""Postal addresses: a house number with its street, a box, a flat in a building, a full postcode.

A town, a district or a country alone is no address: nobody is found by it.
"""

from __future__ import annotations

import re

from .context import Said, said_before
from .folding import Draft, Kind
from .prefilter import FIVE_DIGITS, may_hold_chinese_address

STRETCH_MAX = 40  # characters before a Chinese street that may belong to its address

_STRONG = "street|avenue|ave|road|rd|boulevard|blvd|lane|terrace|crescent|parkway|pkwy|highway|hwy"
_WEAK = (
    "st|drive|dr|ln|court|ct|place|pl|square|sq|way|close|cres|ter|gardens|grove|mews|row|"
    "circle|cir|"
    "trail|walk|hill|park|alley|quay|loop|green|rise|plaza"
)
_ROOM = (
    r"(?:apt|apartment|unit|suite|ste|flat|room|rm|floor|fl|building|bldg|block|level)"
    r"\b\.? ?#?[a-z]?\d{0,5}[a-z]?"
)
_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|"
    "T[NX]|UT|V[AT]|W[AIVY]"
)
_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
_AREAS_WORDS = """
AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E
EC EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL
LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN
SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO ZE
"""
_AREAS = frozenset(_AREAS_WORDS.split())
_UNITS_OF_POSTCODES = frozenset(("GB", "TB", "PB", "HP", "PS", "LB", "FT"))

_TAIL = re.compile(
    rf"\.?(?:,? ?(?:#\d{{1,5}}[a-z]?|{_ROOM})){{0,3}}"
    rf"(?:,?\s(?:north|south|east|west|n|s|e|w|ne|nw|se|sw)\b\.?)?"
    rf"(?:\s?,\s?(?-i:[A-Z][a-z'.-]{{1,20}}(?: [A-Z][a-z'.-]{{1,20}}){{0,2}}(?=\s?[,\n]|"
    rf"\s(?:{_STATES})\b|\s{_POSTCODE}|\s?$|[.!?;]))){{0,3}}"
    rf"(?:\s?\n\s?(?-i:[A-Z][a-z'.-]{{1,20}}(?: [A-Z][a-z'.-]{{1,20}})"
    rf"{{0,2}}(?=,?\s(?:{_STATES})\b|\s{_POSTCODE})))?"
    rf"(?:,?\s(?-i:(?:{_STATES})\b|{_POSTCODE}(?!\w)))?(?:,?\s\d{{5}}(?:-\d{{4}})?(?!\d))?",
    re.IGNORECASE | re.A,
)
_STREET = re.compile(
    rf"(?P<number>[0-9](?<![\w.$£€¥#/:-].)\d{{0,4}}(?:-\d{{1,4}})?[a-z]?),? "
    rf"(?P<name>(?:[a-z0-9][a-z0-9'.]{{0,20}} ){{1,4}}?)(?P<suffix>{_STRONG}|{_WEAK})(?![\w'-])"
    rf"(?! (?:{_STRONG}|{_WEAK})(?![\w'-]))",
    re.IGNORECASE | re.A,
)
_BEFORE_STREET = re.compile(
    rf"(?<!\w)(?:(?:{_ROOM}),? ){{0,3}}(?:no\.? ?)"
    rf"?$",
    re.IGNORECASE | re.A,
)
_BOX = re.compile(r"(?<!\w)p\.? ?o\.? ?box:? ?#?\d{1,6}(?!\d)", re.IGNORECASE | re.A)
_UK_POSTCODE = re.compile(r"[A-Z](?<![\w-].)[A-Z]?\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}(?![\w-])", re.A)
_STATE_ZIP = re.compile(
    rf"[A-Z](?<!\w.)(?<=(?=(?:{_STATES})\b).)[A-Z],? \d{{5}}(?:-\d{{4}})?(?![\w-])",
    re.A,
)
_FIVE_OR_SIX = re.compile(r"(?<![\w.-])\d{5,6}(?:-\d{4})?(?![\w.-]|[-.]\d)", re.A)
_TOWN = re.compile(r"(?<!\w)(?:[A-Z][a-z'.]{1,20} ){0,2}[A-Z][a-z'.]{1,20},? $", re.A)
# Words that stand between a number and "road" or "way" in texts about other things.
_NO_STREET_WORDS = """
a an the of on in at to for and or per by off down up over from with is are was were my your
our his her their this that it its i we you they me not no so as but if then than more less
most all any each every other another same new old only just about hour hours hr hrs minute
minutes min mins second seconds day days week weeks month months year years night times time
mile miles km kms kilometers meter meters metres feet foot ft inch inches mm cm lb lbs pound
pounds kg oz gram grams gallon star stars percent dollars dollar bucks pack packs piece pieces
pair pairs people person men women kids gb tb mb ghz mhz watt watts volt hp rpm mph mpg usb
flash hard thumb pen disk disc external ssd sata optical drive wheel door lane way speed season
out left right went go got have has had get came come going can will would could should did do
does don't be been after before while when where who what which there here how also still even
very really too one two three four five six seven eight nine ten half full first last next
third off-road pages page 4x4
"""
_NO_STREET = frozenset(_NO_STREET_WORDS.split())
# These may stand there all the same: 12 North Road, 9 Second Street.
_COMPASS = "n s e w north south east west old new first second third"
_OF_STREETS = frozenset(_COMPASS.split())
_SAID = re.compile(
    r"address|ship(?:ped|ping)? to|deliver(?:ed|y)? to|live (?:at|on)|send (?:it |them )?to|地址",
    re.I,
)


def find_english_addresses(draft: Draft) -> None:
    """Notes streets with house numbers, boxes and full postcodes."""
    text = draft.text
    at = taken = 0
    while (match := _STREET.search(text, at)) is not None:
        if _is_street(text, match):
            room = _BEFORE_STREET.search(text, max(taken, match.start() - 32), match.start())
            at = taken = _end_of(text, match.end())
            draft.take(Kind.ADDRESS, room.start() if room else match.start(), at)
        else:
            at = match.end("number")
    boxes = _BOX.finditer(text) if "box" in text.lower() else ()
    for match in boxes:
        draft.take(Kind.ADDRESS, match.start(), _end_of(text, match.end()))
    if draft.spans:
        draft.blank()
        text = draft.text
    many = FIVE_DIGITS.search(text) is not None
    for match in _STATE_ZIP.finditer(text) if many else ():
        town = _TOWN.search(text, max(0, match.start() - 48), match.start())
        if town is not None:
            draft.take(Kind.ADDRESS, town.start(), match.end())
    for match in _UK_POSTCODE.finditer(text):
        area = match[0][: 2 if match[0][1].isalpha() else 1]
        spaced = " " in match[0] or said_before(text, match.start()) is Said.POSTCODE
        if area in _AREAS and spaced and match[0][-2:] not in _UNITS_OF_POSTCODES:
            draft.take(Kind.ADDRESS, *match.span())
    for match in _FIVE_OR_SIX.finditer(text) if many else ():
        if said_before(text, match.start()) is Said.POSTCODE:
            draft.take(Kind.ADDRESS, *match.span())


def _end_of(text: str, start: int) -> int:
    tail = _TAIL.match(text, start)
    return tail.end() if tail else start


def _is_street(text: str, match: re.Match[str]) -> bool:
    words = match["name"].split()
    if any(word.lower().strip(".") in _NO_STREET for word in words if not _compass(word)):
        return False
    if words[0].isdigit() or (match["number"].startswith("0")):
        return False
    capital = all(word[0].isupper() or word[0].isdigit() for word in words)
    suffix = match["suffix"]
    if capital and suffix[0].isupper():
        # "2021 Lumo Drive", "Kitto Way 3": what a product is called.
        called = _YEAR.fullmatch(match["number"]) or _NUMBER_NEXT.match(text, match.end())
        tail = text[match.end() : match.end() + 2].strip()[:1] == ","
        return tail or not called or suffix.lower() in _STRONG.split("|")
    if suffix.lower() in _STRONG.split("|"):
        return capital or len(words) <= 2
    return _SAID.search(text, max(0, match.start() - 24), match.start()) is not None


def _compass(word: str) -> bool:
    return word.lower().strip(".") in (
        "n",
        "s",
        "e",
        "w",
        "north",
        "south",
        "east",
        "west",
        "old",
        "new",
        "first",
        "second",
        "third",
    )


_YEAR = re.compile(r"(?:19|20)\d\d")
_NUMBER_NEXT = re.compile(r" \d{1,4}\b")

_HAN = "\u3400-\u9fff"
_NUM = r"(?:\d{1,5}(?:-\d{1,4}){0,3}[a-z]?|[一二三四五六七八九十百零〇]{1,5}|[a-z]\d{0,3})"
_UNIT = (
    "号楼|號樓|号院|号|號|栋|棟|幢|座|单元|單元|室|房|户|戶|楼|樓|层|層|门|弄|巷|组|組|期|队|之\\d"
)
_ROAD = "路|街|大道|胡同|巷|弄|段|新村"
_PLACE = (
    "小区|小區|花园|花園|公寓|大厦|大廈|家园|家園|新村|山庄|广场|廣場|嘉园|佳苑|新城|苑|"
    "宿舍|村|府|庭|湾"
)
# Characters of names; those that hold sentences together are in no name of a place.
_NAME = f"(?:(?![的是在了我你他还有很不就都也这那到去和没要说能会给个吗呢])[{_HAN}])"
_CORE = re.compile(
    rf"[{_HAN}](?:{_ROAD})[东西南北中]?[一二三四五六七八九]?段? ?{_NUM} ?(?:号|號|弄|巷|栋|棟|"
    rf"幢|座|单元|單元)"
    rf"|[{_HAN}](?:{_PLACE})[东西南北]?区? ?{_NUM} ?(?:号楼|號樓|号院|栋|棟|幢|座|单元|單元|"
    rf"室|组|組|号(?=\d)|期{_NUM})"
    rf"|(?<![\d{_HAN}]){_NUM} ?(?:号楼|號樓|栋|棟|幢|座) ?{_NUM} ?(?:单元|單元|室|房|户)"
    rf"|{_NUM} ?(?:号楼|號樓|栋|棟|幢) ?{_NUM} ?(?:单元|單元|室)"
    rf"|{_NUM} ?(?:单元|單元) ?{_NUM} ?(?:室|房|户|号)"
    rf"|[市盟州]{_NAME}{{1,7}}?[区區县縣市旗]{_NAME}{{1,10}}?(?:镇|鎮|乡|鄉|街道|村|小区|小區|"
    rf"大道|路|街|巷)(?![上边面人口])",
    re.I,
)
_MORE = re.compile(
    rf"(?: ?,? ?(?:[{_HAN}]{{2,8}}?(?:{_PLACE}|大学|学校|学院|中心|{_ROAD}))"
    rf"?[东西南北]?区? ?{_NUM} ?(?:{_UNIT})"
    rf"| ?,? ?[{_HAN}]{{2,8}}?(?:{_PLACE}|大学|学校|学院)(?![的里上]))"
)
_LAST_ROOM = re.compile(
    r" ?-?(?:[a-z]?\d{2,4}(?:-\d{1,4}){0,2}|\d-\d{1,4})(?![\d元块个件天%年月日号]|\.\d)", re.I
)
_PROVINCES = (
    "北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|"
    "湖南|广东|"
    "海南|四川|贵州|云南|陕西|甘肃|青海|台湾|臺灣|内蒙古|广西|西藏|宁夏|新疆|香港|澳门|廣東|"
    "臺北|台北|高雄|新北|"
    "广州|深圳|杭州|南京|成都|武汉|苏州|西安|郑州|长沙|青岛|宁波|厦门|福州|合肥|济南|沈阳|"
    "大连|哈尔滨|长春"
)
_PROVINCE = re.compile(_PROVINCES)
_MARKER = re.compile(
    r"地址|住址|住在|家住|寄到|送到|发到|寄往|发往|寄给|送去|寄去|收货地|家在|位于|改成|改为|"
    r"改到|填的|需要|是|在|到|往|给|"
    r"请|为|有|用|要|找|我|的|了|下|说|就|从|对|和|写"
)
_ADMINISTRATIVE = re.compile(rf"[{_HAN}]{{2}}[省市区區县縣]")
_STRETCH = re.compile(rf"[{_HAN}a-z0-9 -]*\Z", re.I)


def find_chinese_addresses(draft: Draft) -> None:
    """Notes streets with house numbers, flats in buildings, and places down to a village."""
    text = draft.text
    if not may_hold_chinese_address(text):
        return
    after = 0
    for core in _CORE.finditer(text):
        if core.start() < after:
            continue
        start = _start_of(text, core, after)
        end = core.end()
        for _ in range(6):
            more = _MORE.match(text, end)
            if more is None:
                break
            end = more.end()
        room = _LAST_ROOM.match(text, end) if text[end - 1] in "元栋棟幢座楼樓号號院" else None
        after = room.end() if room else end
        draft.take(Kind.ADDRESS, start, after)


def _start_of(text: str, core: re.Match[str], least: int) -> int:
    """Where an address begins whose street or building is at `core`: at its province or great
    town, else behind the word that leads to it, else at its first district, else with the name."""
    floor = max(least, core.start() - STRETCH_MAX)
    here = core.start() + 1
    begin = floor
    for at in range(here - 1, floor - 1, -1):
        if not ("\u3400" <= text[at] <= "\u9fff"):
            begin = at + 1
            break
    if begin >= here:
        return core.start()
    province = _PROVINCE.search(text, begin, here)
    if province is not None:
        return province.start()
    for marker in _MARKER.finditer(text, begin, here - 1):
        begin = marker.end()
    district = _ADMINISTRATIVE.search(text, begin, here)
    if district is not None:
        return begin if district.start() - begin <= 3 else district.start()
    return max(begin, here - 5)
