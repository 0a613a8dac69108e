"""What the cells of the form mean: yes and no, ages, counts, temperatures, codes, results."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from enteroscan import vocabulary
from enteroscan.cases._columns import Column, Values, as_text, choose, objects_of


def _words(text: str) -> frozenset[str]:
    """Return words as `tidy` makes them."""
    return frozenset(unicodedata.normalize("NFKC", text).lower().split())


MISSING = _words(
    "- -- --- — —— ― / // \\ . … n/a na nan nat null none nil <na> #n/a #null! #value! #ref! "
    "不详 不祥 未知 不明 不清 不清楚 不知道 不知 未填 未填写 空 缺失 缺 无法获得 未获得 未提供 "
    "记不清 拒绝回答 unknown unk missing"
)
NOTHING = frozenset({"无", "没有", "none"})  # a statement in some fields, a blank in the others

YES = _words(
    "是 有 y yes t true 1 √ ✓ ✔ ☑ ■ ● + ++ +++ 对 真 已 曾 阳性 阳 是的 有的 "
    "轻 中 重 轻度 中度 重度 轻微 严重 剧烈 明显 偶有 mild moderate severe "
    "使用 已使用 用过 1.0 ①是"
)
NO = _words(
    "否 无 没有 没 n no f false 0 2 x × ✗ ✘ ☐ □ ○ 不 未 非 不是 假 阴性 阴 "
    "未使用 未用 没有使用 从未 0.0 2.0 ②否"
)
UNKNOWN = _words("3 9 99 3-不详 9-不详 不确定 ? 待查 可疑 maybe")

SEXES = {
    "male": _words("男 m male 1 男性 man boy 男孩 1-男 1.男 男婴 1男"),
    "female": _words("女 f female 2 女性 woman girl 女孩 2-女 2.女 女婴 2女"),
}
SEX_UNKNOWN = _words("0 9 未说明 未说明的性别 u x 其他")

AGE_UNITS = {
    "year": 1.0,
    "month": 1 / 12,
    "week": 7 / 365.25,
    "day": 1 / 365.25,
    "hour": 1 / 8766,
}
_AGE_WORDS = {
    "year": "周?岁半?|年|y(?:ea)?rs?|y(?:/o)?|years? old",
    "month": "个?月(?:龄|大)?|months?|mo?s?|mths?",
    "week": "周(?:龄|大)?|星期|weeks?|wks?|w",
    "day": "天(?:龄|大)?|日(?:龄|大)?|days?|d",
    "hour": "小?时|hours?|hrs?|h",
}
_AGE_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(?:个\s*)?(?:"
    + "|".join(f"(?P<{unit}>{words})" for unit, words in _AGE_WORDS.items())
    + r")(?![a-z])"
)
MAX_AGE = 120.0
TEMPERATURES = (34.0, 43.0)
FAHRENHEIT = (93.0, 109.5)
LARGEST_COUNT = 10_000

_ANSWER_NUMBER = re.compile(r"^[0-9]\s*[-.、:]?\s*(?=[是否有无不])")  # the 1 of 1.是
_ANSWER_WORD = re.compile(r"(yes|no)\b")
_UNSURE = re.compile(r"[不未没无][详清知明确](?!显)|无法|无从")
_BOTH = re.compile(r"[是有]\W*[否无]")  # a question that nobody answered
_ANSWERS = {"是": True, "有": True, "否": False, "无": False}
_BOXES = "☑√✓✔■●☐□○×✗✘"
_BEFORE_TICK = re.compile(r"([是有否无])[\s([]*[☑√✓✔■●]")
_AFTER_TICK = re.compile(r"[☑√✓✔■●][\s)\]]*(?:[0-9][.、]?)?\s*([是有否无])")
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_RANGE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:-|~|、|至|到|—|–)\s*(\d+(?:\.\d+)?)")
_A_DAY = r"/\s*(?:1|24)?\s*(?:日|天|d|day|h|小?时)|24\s*(?:h|小?时)"
_CHINESE_NUMBER = re.compile(r"[零〇一二两三四五六七八九十百]+")
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "〇": 0,
}


@dataclass(frozen=True)
class Parsed:
    """Readings of distinct values: missing (None, NaN) where there is none, and why."""

    results: Values
    problem: Values  # None, or the kind of the problem

    @property
    def understood(self) -> NDArray[np.bool_]:
        """Which have a value."""
        understood: NDArray[np.bool_] = ~pd.isna(self.results)
        return understood


def tidy(value: object) -> str:
    """Return a value as a text in half width and lower case."""
    return unicodedata.normalize("NFKC", as_text(value)).strip().lower()


def _each(column: Column, read: Callable[[str], tuple[Any, str | None]], dtype: Any) -> Parsed:  # noqa: ANN401
    """Read distinct values one by one; what stands for a blank is missing."""
    n = len(column.distinct)
    values = np.full(n, np.nan if dtype is np.float64 else None, dtype=dtype)
    problem = np.full(n, None, dtype=object)
    for place, value in enumerate(column.texts().tolist()):
        text = unicodedata.normalize("NFKC", value).strip().lower()
        if text in MISSING or not text:
            continue
        result, problem[place] = read(text)
        if result is not None:
            values[place] = result
    return Parsed(values, problem)


def parse_yes_no(column: Column) -> Parsed:
    """Read yes, no and unknown; unknown is missing."""
    has_plus = any(tidy(value) in ("+", "++") for value in column.distinct.tolist())

    def read(text: str) -> tuple[bool | None, str | None]:
        return _yes_no(text)

    parsed = _each(column, read, object)
    if has_plus:  # then a minus means no
        for place, value in enumerate(column.distinct.tolist()):
            if tidy(value) == "-":
                parsed.results[place] = False
    return parsed


def _yes_no(text: str) -> tuple[bool | None, str | None]:
    if any(box in text for box in _BOXES) and len(set(_ANSWERS) & set(text)) > 1:
        return _ticked(text)
    text = _ANSWER_NUMBER.sub("", text).strip("()[]【】. 。")
    if text in YES:
        return True, None
    if text in NO:
        return False, None
    if text in UNKNOWN:
        return None, None
    if _BOTH.fullmatch(text):
        return None, "yes_no"
    if match := re.match(r"^(\d+)\s*(?:人|例|次|天|个|名|℃|°c|度)", text):
        return int(match[1]) > 0, None
    if match := _ANSWER_WORD.match(text):
        return match[1] == "yes", None
    for words, answer in ((("不", "未", "无", "否", "没"), False), (("是", "有"), True)):
        if text.startswith(words) and len(text) > 1:
            return (None, None) if _UNSURE.match(text) else (answer, None)
    return None, "yes_no"


def _ticked(text: str) -> tuple[bool | None, str | None]:
    """Read the ticked one of two answers, like □是 ☑否 or 是( ) 否(√)."""
    numbered = _ANSWER_NUMBER.sub("", text).lstrip("([ ")
    pattern = _AFTER_TICK if numbered[:1] in _BOXES else _BEFORE_TICK
    answers = {_ANSWERS[word] for word in pattern.findall(numbered)}
    return (answers.pop(), None) if len(answers) == 1 else (None, "yes_no")


def parse_sex(column: Column) -> Parsed:
    """Read male and female."""
    known = {word: sex for sex, words in SEXES.items() for word in words}

    def read(text: str) -> tuple[str | None, str | None]:
        if text in known:
            return known[text], None
        return None, None if text in SEX_UNKNOWN else "sex"

    return _each(column, read, object)


def parse_age_unit(column: Column) -> Parsed:
    """Read units of age; a value is the name of a unit."""

    def read(text: str) -> tuple[str | None, str | None]:
        for unit, words in _AGE_WORDS.items():
            if re.fullmatch(words, text):
                return unit, None
        return {"1": ("year", None), "2": ("month", None), "3": ("day", None)}.get(
            text, (None, "age_unit")
        )

    return _each(column, read, object)


def parse_age(column: Column) -> Parsed:
    """Read ages as years; a number alone is years."""
    return _each(column, read_age, np.float64)


def read_age(text: str) -> tuple[float | None, str | None]:
    """Read one age, like 35, 8个月 or 2岁3个月."""
    if text in ("新生儿", "newborn"):
        return 0.0, None
    text = _CHINESE_NUMBER.sub(lambda word: str(_chinese_numbers(word[0])[0]), text)
    if text == "半岁":
        return 0.5, None
    try:
        years = float(text)
    except ValueError:
        parts = list(_AGE_PART.finditer(text))
        rest = _AGE_PART.sub("", text).strip(" ,;零又的大old")
        if not parts or rest not in ("", "约", "半", "+"):
            return None, "age"
        years = sum(float(part[1]) * AGE_UNITS[str(part.lastgroup)] for part in parts)
        if "半" in text:
            years += 0.5 if "岁半" in text else 0.5 / 12
    if not 0 <= years <= MAX_AGE:
        return None, "age_range"
    return years, None


def parse_temperature(column: Column) -> Parsed:
    """Read temperatures of the body in degrees Celsius."""
    return _each(column, read_temperature, np.float64)


def read_temperature(text: str) -> tuple[float | None, str | None]:
    """Read one temperature, like 38.5℃, 38度5 or 101.3F."""
    text = re.sub(r"^(?:t|体温|最高|腋温|口温|肛温)\s*[:：=]?\s*", "", text)
    text = re.sub(r"(\d{2})\s*度\s*(\d)(?!\d)", r"\1.\2", text)
    if text in NOTHING or text in NO:
        return None, None
    if match := _RANGE.search(text):  # the higher one is the fever
        text = match[2]
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1:
        return None, "temperature"
    degrees = float(numbers[0])
    if FAHRENHEIT[0] <= degrees <= FAHRENHEIT[1]:
        return round((degrees - 32) / 1.8, 2), "fahrenheit"
    if not TEMPERATURES[0] <= degrees <= TEMPERATURES[1]:
        return None, "temperature_range"
    return degrees, None


def parse_count(column: Column) -> Parsed:
    """Read numbers of times or people."""
    return _each(column, read_count, np.float64)


def read_count(text: str) -> tuple[float | None, str | None]:
    """Read one count, like 3, 3次/日, 三次 or 3-5次 (the lower number)."""
    if text in NOTHING:
        return 0.0, None
    if re.search(r"[几数][十百千]", text):
        return None, "count"
    problem: str | None = "count_range"
    if match := _RANGE.search(text):
        number = float(match[1])
    else:
        numbers = _NUMBER.findall(re.sub(_A_DAY, "", text))
        if not numbers:
            numbers = [str(chinese) for chinese in _chinese_numbers(text)]
        if len(numbers) != 1:
            return None, "count"
        number = float(numbers[0])
        problem = (
            "count_about" if re.search(r"[><≥≤余多约+]|以上|左右|about|at least", text) else None
        )
    if number != int(number) or not 0 <= number <= LARGEST_COUNT:
        return None, "count"
    return number, problem


def _chinese_numbers(text: str) -> list[int]:
    numbers = []
    for match in _CHINESE_NUMBER.findall(text):
        total, digit = 0, 0
        for character in match:
            if character in ("十", "百"):
                total += max(digit, 1) * (10 if character == "十" else 100)
                digit = 0
            else:
                digit = _DIGITS[character]
        numbers.append(total + digit)
    return numbers


def parse_number(column: Column, low: float, high: float, problem: str) -> Parsed:
    """Read numbers within limits, like degrees of latitude."""
    if column.distinct.dtype.kind == "f":
        inside = (column.distinct >= low) & (column.distinct <= high)
        return Parsed(
            np.where(inside, column.distinct, np.nan),
            choose(inside, None, problem),
        )

    def read(text: str) -> tuple[float | None, str | None]:
        match = re.fullmatch(
            r"([ns北南东西ew]?[纬经]?)\s*([-+]?\d+(?:\.\d+)?)\s*°?\s*([nsew]?)", text
        )
        if match is None:
            return None, "number"
        number = float(match[2])
        if {"s", "w", "南", "西"} & set(match[1] + match[3]):
            number = -number
        return (number, None) if low <= number <= high else (None, problem)

    return _each(column, read, np.float64)


def parse_pair(column: Column) -> tuple[Parsed, Parsed]:
    """Read longitude and latitude from one cell, in either order where it can be told."""
    n = len(column.distinct)
    latitude, longitude = np.full(n, np.nan), np.full(n, np.nan)
    problem = np.full(n, None, dtype=object)
    for place, value in enumerate(column.texts().tolist()):
        text = tidy(value)
        if text in MISSING:
            continue
        numbers = [float(number) for number in _NUMBER.findall(text)]
        if len(numbers) != 2:
            problem[place] = "coordinates"
        else:
            first, second = numbers
            if abs(first) > 90 or abs(second) <= 90:
                first, second = second, first
            if abs(first) <= 90 and abs(second) <= 180:
                latitude[place], longitude[place] = first, second
            else:
                problem[place] = "coordinates"
    return Parsed(latitude, problem), Parsed(longitude, problem.copy())


def parse_code(column: Column) -> Parsed:
    """Read administrative codes: digits alone, leading zeros kept."""

    def read(text: str) -> tuple[str | None, str | None]:
        digits = re.sub(r"\.0+$|[\s.'’-]", "", text)  # 120102.0 was a number to somebody
        if not re.fullmatch(r"[0-9]{2,10}|[0-9]{12}", digits):  # 11 digits are a phone number
            return None, "code"
        if len(digits) in (5, 8):
            return digits, "code_length"
        return digits, None

    return _each(column, read, object)


def parse_text(
    column: Column, *, missing: frozenset[str] = MISSING, nothing_is_blank: bool = True
) -> Parsed:
    """Read texts as they are; what stands for a blank is missing."""
    values = column.texts()
    blank = missing | NOTHING if nothing_is_blank else missing
    is_blank = [value.lower() in blank for value in values.tolist()]
    if any(is_blank):
        values = choose(np.array(is_blank), None, values)
    return Parsed(values, np.full(len(values), None, dtype=object))


def parse_vocabulary(column: Column, table: vocabulary.TableName, problem: str) -> Parsed:
    """Read names of a table of the vocabulary as its keys."""
    texts = pd.Series(column.texts(), dtype="string")
    keys = objects_of(vocabulary.load().to_keys(texts, table))
    unknown = np.array(
        [
            key is None and tidy(text) not in MISSING | NOTHING
            for key, text in zip(keys.tolist(), texts.tolist(), strict=True)
        ],
        dtype=bool,
    )
    return Parsed(keys, choose(unknown, problem, None))


# ------------------------------------------------------------------ symptoms in free text

NEGATIONS = (
    "否认",
    "没有",
    "未见",
    "未出现",
    "不伴",
    "无明显",
    "无",
    "未",
    "不",
    "没",
    "denies",
    "without",
    "no ",
)
_POSITIVE_AGAIN = ("伴有", "伴", "有", "但", "出现", "with ", "but ")
_CLAUSE = re.compile(r"[,;。;\n.!?]+(?!\d)")
_DENIAL = re.compile(r"denies [^.;\n]*")  # of all that follows, commas or not
_ANSWERED_NO = re.compile(r"\s*[:(]\s*(?:否|无|没有|-|阴性|no\b)\s*\)?")  # behind a symptom
_MEASURED = re.compile(r"体温[^\d,;。\n]{0,6}(\d{2}(?:\.\d+)?(?:度\d)?)")


@dataclass(frozen=True)
class Symptoms:
    """Symptoms that a text speaks of, and the numbers it gives beside them."""

    mentioned: dict[str, bool]
    fever_c: float | None = None
    vomit_n: float | None = None
    stool_n: float | None = None
    stool_type: str | None = None


@cache
def _symptom_pattern() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    """Return a pattern of all spellings, longest first, and what they mean."""
    tables = vocabulary.symptoms(), vocabulary.stool_types()
    meanings: list[dict[str, str]] = []
    for table in tables:
        names: dict[str, str] = {}
        for row in table.itertuples(index=False):
            aliases = str(row.aliases).split("|") if isinstance(row.aliases, str) else []
            for name in (str(row.zh), str(row.en), *aliases):
                names.setdefault(tidy(name), str(row.key))
        meanings.append(names)
    words = [name for names in meanings for name in names if len(name) > 1]
    ordered = sorted(set(words) | set(NEGATIONS) | set(_POSITIVE_AGAIN), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, ordered))), meanings[0], meanings[1]


def read_symptoms(text: str) -> Symptoms:
    """Read a text like 腹痛、腹泻3次，水样便，无发热; what it does not speak of is left open."""
    pattern, symptoms, stools = _symptom_pattern()
    mentioned: dict[str, bool] = {}
    numbers: dict[str, float] = {}
    stool_type: str | None = None
    text = unicodedata.normalize("NFKC", text).lower().replace("上吐下泻", "呕吐、腹泻")
    text = _DENIAL.sub(lambda denial: denial[0].replace(",", " "), text)
    for clause in _CLAUSE.split(text):
        is_denied = False
        done = 0
        matches = list(pattern.finditer(clause))
        for place, match in enumerate(matches):
            word = match[0]
            if match.start() < done:
                continue
            if word in NEGATIONS:
                is_denied = True
            elif word in _POSITIVE_AGAIN:
                is_denied = False
            if word not in symptoms and word not in stools:
                continue
            answer = _ANSWERED_NO.match(clause, match.end())
            is_absent = is_denied or answer is not None
            done = answer.end() if answer else done
            if word in stools and not is_absent and stool_type is None:
                stool_type = stools[word]
                mentioned.setdefault("diarrhoea", True)
            key = symptoms.get(word, "diarrhoea")
            if word in symptoms:
                mentioned[key] = mentioned.get(key, False) or not is_absent
            end = matches[place + 1].start() if place + 1 < len(matches) else len(clause)
            if not is_absent:
                _read_number(key, clause[match.end() : end], numbers)
    if measured := _MEASURED.search(text):
        _read_number("fever", measured[1], numbers)
    return Symptoms(
        mentioned,
        numbers.get("fever"),
        numbers.get("vomiting"),
        numbers.get("diarrhoea"),
        stool_type,
    )


def _read_number(key: str, behind: str, numbers: dict[str, float]) -> None:
    if key == "fever" and (match := re.search(r"\d{2}(?:\.\d+)?|\d{2}度\d", behind)):
        degrees, _ = read_temperature(match[0])
        if degrees is not None:
            numbers.setdefault(key, degrees)
    elif key in ("vomiting", "diarrhoea") and "次" in behind:
        count, _ = read_count(behind[: behind.index("次") + 1].strip(" :约共,"))
        if count is not None:
            numbers.setdefault(key, count)


# ------------------------------------------------------------------ laboratory


@dataclass(frozen=True)
class LabResult:
    """What a result of the laboratory says: missing where it does not say.

    It is clear where the text says so or says that there is no result (yet).
    """

    positive: bool | None
    agent: str | None
    is_clear: bool = True


@cache
def _agent_names() -> list[tuple[re.Pattern[str], str]]:
    """Return patterns of names, the longest first; detected does not name ETEC."""
    names: dict[str, str] = {}
    for row in vocabulary.agents().itertuples(index=False):
        aliases = str(row.aliases).split("|") if isinstance(row.aliases, str) else []
        for name in (str(row.zh), str(row.en), *aliases):
            if len(tidy(name)) > 1:
                names.setdefault(tidy(name), str(row.key))
    ordered = sorted(names.items(), key=lambda pair: len(pair[0]), reverse=True)
    return [(re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])"), key) for name, key in ordered]


_NEGATIVE = re.compile(
    r"阴性|未检出|未检到|未发现|未分离|没有检出|\(-\)|negative|not detected|无致病菌|未培养|未见"
    r"|\bno\b|\bnot\b|\bnone\b|\bneg\b"
)
_POSITIVE = re.compile(r"阳性|检出|\(\++\)|positive|detected|分离到|培养出")


@cache
def _result_words() -> dict[str, str]:
    words: dict[str, str] = {}
    for row in vocabulary.result_words().itertuples(index=False):
        aliases = str(row.aliases).split("|") if isinstance(row.aliases, str) else []
        for name in (str(row.zh), str(row.en), *aliases):
            words.setdefault(tidy(name), str(row.key))
    return words


def read_result(text: str) -> LabResult:
    """Read a text like 阳性, 未检出 or 肠炎沙门氏菌; ``/`` stands for no finding."""
    text = re.sub(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])", "", tidy(text))
    word = _result_words().get(text)
    if word is not None:
        answer = {"positive": True, "negative": False, "none": False}.get(word)
        return LabResult(answer, None)
    found: list[LabResult] = []
    for clause in re.split(r"[,;。\n]+", text):
        is_denied = False  # 未检出甲、乙 denies both
        for part in clause.split("、"):
            result = _read_part(part)
            if result is None:
                continue
            is_denied = result.positive is False or (is_denied and not _POSITIVE.search(part))
            found.append(LabResult(False, None) if is_denied else result)
    for result in found:
        if result.positive:
            return result
    return found[0] if found else LabResult(None, None, is_clear=text in MISSING)


def _read_part(text: str) -> LabResult | None:
    agent = next((key for name, key in _agent_names() if name.search(text)), None)
    if _NEGATIVE.search(text):
        return LabResult(False, None)
    if agent is not None or _POSITIVE.search(text):
        return LabResult(True, agent)
    return None
