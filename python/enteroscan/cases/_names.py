"""Hides the names of people where they stand in other texts."""

import re
from collections.abc import Iterable
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from enteroscan import vocabulary
from enteroscan.cases._columns import Column, Values, objects
from enteroscan.cases._export import Export
from enteroscan.cases._identity import HIDDEN
from enteroscan.cases._readings import make_reading
from enteroscan.cases._understand import Readings
from enteroscan.cases._values import MISSING, NOTHING

LONGEST_NAME = 30  # characters
SHORTEST_ADDRESS, LONGEST_ADDRESS = 6, 60  # characters; shorter, it is an area
# Texts in which people write whom they met. Elsewhere a name that is a patient's of another row is
# that of a company, a street or a hospital.
REMARKS = ("history", "diagnosis")
FREE = (*REMARKS, "food", "venue", "purchase_venue", "eat_region", "eat_address")
_NAME = re.compile(
    r"[\u3400-\u9fff]{2,4}|[\u3400-\u9fff]+·[\u3400-\u9fff·]+|[A-Za-z]+(?: [A-Za-z]+)+"
)
_NO_NAMES = MISSING | NOTHING | {"患者", "本人", "家属", "匿名", "无名氏", "婴儿", "儿童", "测试"}
# What stands beside a person, but not beside the same characters in the name of a shop or a dish.
_BEFORE = re.compile(
    r"(?:[与和跟同及请找帮陪*]|一起|朋友|同[事学]|邻居|亲戚|丈夫|妻子|爱人|老[公婆板]|[父母]亲|[爸妈哥姐弟妹]|"
    r"儿子|女儿|患者|病人|病例|接触|with|and)[:：]?\s*$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"\s*(?:[与和跟及*]|[一共]?同(?:[吃桌餐事学]|就餐|进餐|食用)?|一起|等人|的|请客|[带做送买给煮炒]的|"
    r"家(?:$|[里中庭的吃聚做、,，;；(（])|先生|女士|[两二三四]人|生日|婚[宴礼]|满月|聚[餐会]|就餐|在|吃|均|发病|电话|"
    r"[(（]?\d|and|'s)",
    re.IGNORECASE,
)
_EDGES = frozenset(" \t\n、,，;；:：/。.()（）+&")


def hide_names(export: Export, readings: Readings) -> None:
    """Hide the names and addresses of people where they stand in other texts.

    Of the person of a row in all its texts; of people of other rows in those that are written
    freely, where a person is spoken of: 张三饭店 stays a restaurant though a patient is 张三.
    """
    people = [found for name in ("name", "guardian") if (found := export.column(name)) is not None]
    names = {text for column in people for text in column.texts() if 1 < len(text) <= LONGEST_NAME}
    homes = export.column("address")
    if homes is not None:
        people.append(homes)
        names |= {
            text for text in homes.texts() if SHORTEST_ADDRESS <= len(text) <= LONGEST_ADDRESS
        }
    if not names:
        return
    others = {name for name in names if _NAME.fullmatch(name)} - _NO_NAMES - _words()
    for mapped in export.mapping.columns:
        is_text = export.fields[mapped.field].kind in ("text", "result")
        if not is_text or mapped.position not in readings.by_place:
            continue
        reading = readings.by_place[mapped.position]
        texts = _Texts(reading.codes, reading.distinct, names)
        for column in people:
            texts.hide_own(column)
        if mapped.field in FREE:
            texts.hide_others(others, anywhere=mapped.field in REMARKS)
        if texts.hidden.any():
            readings.by_place[mapped.position] = make_reading(texts.codes, texts.distinct)
            rows = export.numbers[texts.hidden]
            export.problems.add(
                "identifier_in_text", rows, mapped.header, HIDDEN, field=mapped.field
            )


class _Texts:
    """The texts of a column, the names that occur in them, and the rows where one was hidden."""

    def __init__(self, codes: NDArray[np.int32], distinct: Values, names: set[str]) -> None:
        self.codes = codes
        self.distinct = distinct
        self.hidden = np.zeros(len(codes), dtype=bool)
        self._names = names
        self._lengths = sorted({len(name) for name in names})
        self._found: dict[int, set[str]] = {}
        self._look_at(distinct.tolist(), 0)

    def _look_at(self, texts: list[str], first: int) -> None:
        for code, text in enumerate(texts, start=first):
            found = {
                part
                for length in self._lengths
                for start in range(len(text) - length + 1)
                if (part := text[start : start + length]) in self._names
            }
            if found:
                self._found[code] = found

    def hide_own(self, people: Column) -> None:
        """Hide the name of a row's own person."""
        may = np.zeros(len(self.distinct) + 1, dtype=bool)
        may[list(self._found)] = True
        rows = np.flatnonzero(may[self.codes] & (people.codes >= 0))
        who = people.texts()[people.codes[rows]]
        own = [
            name in self._found[code]
            for name, code in zip(who, self.codes[rows].tolist(), strict=True)
        ]
        rows, who = rows[own], who[own]
        texts = self.distinct[self.codes[rows]]
        hidden = [text.replace(name, HIDDEN) for text, name in zip(texts, who, strict=True)]
        first = len(self.distinct)
        self.codes = self.codes.copy()
        self.codes[rows] = first + np.arange(len(rows), dtype=np.int32)
        self.distinct = np.append(self.distinct, objects(hidden))
        self._look_at(hidden, first)
        self.hidden[rows] = True

    def hide_others(self, others: set[str], *, anywhere: bool) -> None:
        """Hide these names wherever they stand, or only where a person is spoken of."""
        changed = np.zeros(len(self.distinct) + 1, dtype=bool)
        self.distinct = self.distinct.copy()
        for code, found in self._found.items():
            text = self.distinct[code]
            hidden = _without(text, found & others, anywhere=anywhere)
            changed[code] = hidden != text
            self.distinct[code] = hidden
        self.hidden |= changed[self.codes]


def _without(text: str, names: Iterable[str], *, anywhere: bool) -> str:
    """Return a text with names hidden, the longest first, until nothing changes."""
    if not names:
        return text
    pattern = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))

    def hide(found: re.Match[str]) -> str:
        before, after = found.string[: found.start()], found.string[found.end() :]
        is_alone = _EDGES.issuperset(before[-1:]) and _EDGES.issuperset(after[:1])
        is_person = anywhere or is_alone or _BEFORE.search(before) or _AFTER.match(after)
        return HIDDEN if is_person else found[0]

    while (hidden := pattern.sub(hide, text)) != text:
        text = hidden
    return text


def _words() -> set[str]:
    """Return the words for foods, venues and the like, which are no names of people."""
    known = vocabulary.load()
    tables: tuple[vocabulary.TableName, ...] = get_args(vocabulary.TableName)
    return {word for table in tables if table != "agent_symptoms" for word in known.keys(table)}
