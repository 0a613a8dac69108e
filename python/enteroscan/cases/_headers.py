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
_NUMBER = re.compile(r"第?\s*(\d{1,2})\s*[次个餐条项]?")
_TRAILING_CHINESE = re.compile(r"([一二三四五六七八九十])$")


def narrow(text: str) -> str:
    """Return the text in half width, lower case, without the ends' blanks."""
    return unicodedata.normalize("NFKC", text).replace("\x00", "").strip().lower()


def plain(text: str) -> str:
    """Return the letters and digits alone."""
    return _NOT_LETTERS.sub("", narrow(text))


def variants(header: str) -> list[str]:
    """Return plain forms from the most to the least literal: whole, no numbering, no brackets."""
    text = narrow(header)
    bare = _ENUMERATION.sub("", text)
    return list(
        dict.fromkeys(
            form for form in (plain(text), plain(bare), plain(_BRACKETS.sub("", bare))) if form
        )
    )


def segments(header: str) -> list[str]:
    """Return what stands behind each separator, the longest first: 性别 of 患者信息-性别."""
    parts = [
        part.strip() for part in _SEGMENTS.split(_BRACKETS.sub("", narrow(header))) if part.strip()
    ]
    return [plain("".join(parts[first:])) for first in range(1, len(parts))]


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
