"""Makes headers comparable: width, case, blanks, punctuation, brackets and numbers."""

import re
import unicodedata

CHINESE_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九十")}
_BRACKETS = re.compile(r"[(\[{【〔<《][^)\]}】〕>》]*[)\]}】〕>》]")
_NOT_LETTERS = re.compile(r"[^\w℃]|_")
_SEGMENTS = re.compile(r"[-_./\\:>|—–－]+|\s{2,}|\n")
_ENUMERATION = re.compile(
    r"^\s*(?:\(?\d{1,3}\)|\d{1,3}[.、]|[a-zA-Z]\d{1,3}[.、]|[一二三四五六七八九十]+、)\s*"
)
_NUMBER = re.compile(r"第?\s*(\d{1,2})\s*[次个餐条项种样道]?")
_TRAILING_CHINESE = re.compile(r"([一二三四五六七八九十])$")

# What the last word of a header says that its values are; 报告单位电话 is no 报告单位.
_KINDS = {
    "time": ("时间", "日期", "date", "time"),
    "phone": ("电话", "手机", "phone", "telephone"),
    "address": ("地址", "住址", "address"),
    "code": ("代码", "编码", "国标", "code"),
    "number": ("号", "号码", "no", "number", "id"),
    "class": ("类型", "类别", "分类", "种类", "type", "class", "category"),
    "days": ("天数", "持续时间", "days", "duration"),
    "times": ("次数", "times"),
    "people": ("人数",),
    "amount": ("数量", "量", "amount", "quantity"),
    "person": ("人", "者"),
}
_KIND_OF = {ending: kind for kind, endings in _KINDS.items() for ending in endings}
_ENDING = re.compile(f"(?:{'|'.join(sorted(_KIND_OF, key=len, reverse=True))})$")

_AGE_UNITS = {  # in the header of ages
    "year": re.compile(r"岁|年(?!龄)|year|yr"),
    "month": re.compile(r"月|month"),
    "week": re.compile(r"周(?!岁)|week"),
    "day": re.compile(r"天|日|day"),
}
_SYSTEMS = {  # of coordinates, by what headers call them
    "gcj02": re.compile(r"gcj[-_ ]?02|火星|高德|腾讯|amap|tencent"),
    "bd09": re.compile(r"bd[-_ ]?09|百度|baidu"),
    "wgs84": re.compile(r"wgs[-_ ]?84|cgcs[-_ ]?2000|天地图|gps"),
}


def narrow(text: str) -> str:
    """Return the text in half width, lower case, without the ends' blanks."""
    return unicodedata.normalize("NFKC", text).replace("\x00", "").strip().lower()


def plain(text: str) -> str:
    """Return the letters and digits alone."""
    return _NOT_LETTERS.sub("", narrow(text))


def variants(header: str) -> list[str]:
    """Return plain forms, the most literal first: whole, without number, brackets, system."""
    text = narrow(header)
    bare = _ENUMERATION.sub("", text)
    system = coordinate_system(text)
    unnamed = bare if system is None else _SYSTEMS[system].sub("", bare)
    forms = (text, bare, _BRACKETS.sub("", bare), _BRACKETS.sub("", unnamed))
    return list(dict.fromkeys(filter(None, map(plain, forms))))


def coordinate_system(header: str) -> str | None:
    """Return the system that a header of coordinates names: gcj02 of lng_gcj02."""
    text = narrow(header)
    return next((name for name, words in _SYSTEMS.items() if words.search(text)), None)


def segments(header: str) -> list[str]:
    """Return what stands behind each separator, the longest first: 性别 of 患者信息-性别."""
    parts = [
        part.strip() for part in _SEGMENTS.split(_BRACKETS.sub("", narrow(header))) if part.strip()
    ]
    return [plain("".join(parts[first:])) for first in range(1, len(parts))]


def age_unit(header: str) -> str | None:
    """Return the unit that a header of ages names, if it is one: month of 年龄(月)."""
    text = narrow(header)
    units = [unit for unit, words in _AGE_UNITS.items() if words.search(text)]
    return units[0] if len(units) == 1 else None


def kind_of(form: str) -> str:
    """Return what the last word of a plain form says that the values are; empty if nothing."""
    ending = _ENDING.search(form)
    return _KIND_OF[ending[0]] if ending else ""


def split_number(header: str) -> tuple[str, int] | None:
    """Return a header without its number, and the number: 食品名称2 is (食品名称, 2)."""
    text = narrow(header)
    found = list(_NUMBER.finditer(text))
    if found:
        match = found[-1]
        rest = text[: match.start()] + " " + text[match.end() :]
        number = int(match.group(1))
    elif chinese := _TRAILING_CHINESE.search(text):
        rest, number = text[: chinese.start()], CHINESE_DIGITS[chinese.group(1)]
    else:
        return None
    rest = re.sub(r"\(\s*\)|\[\s*\]", " ", rest)
    return (rest, number) if plain(rest) and 1 <= number <= 99 else None


def letter(position: int) -> str:
    """Return the name that spreadsheets give a column: 0 is A, 26 is AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name
