"""From what people wrote that they ate to foods: split, cleaned, and found in the food tree."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, overload

import pandas as pd

from enteroscan.vocabulary._tables import Vocabulary, load
from enteroscan.vocabulary._text import by_unique, normalise_text

_HAN = r"\u3400-\u9fff"
_NUMBER = r"(?:约|大约)?(?<![0-9.])(?:\d+(?:[./~-]\d+)?|[一二两三四五六七八九十几半数多]+)多?"
_UNIT = (
    r"(?:千克|公斤|毫升|kg|mg|ml|g|l|克|斤|两|升|人份|小碗|大碗|碗|个|只|份|瓶|杯|盒|袋|块|片|根|串|条|盘|"
    r"勺|口|听|罐|包|枚|粒|颗|支|桶|板|张|碟|锅|盆|顿|次)"
)
_AMOUNT = rf"{_NUMBER}\s*{_UNIT}(?:左右)?"
_ONLY_AMOUNT = re.compile(rf"^(?:{_AMOUNT}|[\d.%]+)$")
_BEFORE_AMOUNT = re.compile(rf"\s+(?={_AMOUNT}(?:\W|$))")
_MEAL = re.compile(r"(?:早餐|早饭|午餐|午饭|中餐|中饭|晚餐|晚饭|夜宵|宵夜|加餐)(?:食用|吃了?)?:")
_LEADING = re.compile(rf"^(?:(?:食用|进食|吃了?|喝了?|饮用)(?=.)|(?:{_AMOUNT}(?:的)?)+(?=[^\d]))")
_TRAILING = re.compile(rf"(?<=.)(?:(?:[*x×]?\s*{_AMOUNT})+|[*x×]\s*\d+|(?<!\d)\d+)$")
_EDGES = " .,;:!?\"'-~*_+等"
_BRACKETS = re.compile(r"\(([^()]*)(?:\)|$)")
_SEPARATORS = re.compile(rf"[,;:+/&|]+|(?<=[{_HAN}])\s+|\s+(?=[{_HAN}])|\.(?=[{_HAN}])")
_AND = re.compile(r"以及|[和及与跟]")
_WORD = re.compile(r"[a-z0-9]")


class Match(NamedTuple):
    """A food that was found: its key, its class, and how it was found."""

    food: str | None
    food_class: str | None
    match: str


_NOTHING = Match(None, None, "none")


class FoodNames:
    """The names of foods and food classes, to find them in texts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._foods = _with_plain(vocabulary.keys("foods"))
        self._classes = _with_plain(vocabulary.keys("food_classes"))
        table = vocabulary.foods
        self._class_of = dict(zip(table["key"], table["food_class"], strict=True))
        self._longest = max(map(len, (*self._foods, *self._classes)))

    def is_name(self, text: str) -> bool:
        """Whether a text is the name of a food or a class, letter for letter."""
        return text in self._foods or text in self._classes

    def find(self, text: str) -> Match:
        """Find the food of one item."""
        food = self._foods.get(text)
        if food is not None:
            return Match(food, self._class_of[food], "exact")
        if text in self._classes:
            return Match(None, self._classes[text], "class")
        food = _contained(text, self._foods, self._longest)
        if food is not None:
            return Match(food, self._class_of[food], "contained")
        group = _contained(text, self._classes, self._longest)
        return _NOTHING if group is None else Match(None, group, "class")

    def split(self, text: str) -> list[str]:
        """Split a text into its foods, cleaned, until nothing changes; every food once."""
        items = self._split(text)
        seen = {tuple(items)}
        while tuple(again := self._split(",".join(items))) not in seen:
            items = again
            seen.add(tuple(items))
        return items

    def _split(self, text: str) -> list[str]:
        items: dict[str, None] = {}
        for item in self._items(_prepare(text)):
            if item and not _ONLY_AMOUNT.match(item):
                items[item] = None
        return list(items)

    def _items(self, text: str) -> Iterator[str]:
        if self.is_name(text):
            yield text
            return
        inside = [part for note in _BRACKETS.findall(text) for part in _SEPARATORS.split(note)]
        outside = _BRACKETS.sub("", text).replace("(", "").replace(")", "")
        found = False
        for part in _SEPARATORS.split(outside):
            for item in self._at_and(self._clean(part)):
                found = found or bool(item)
                yield item
        for part in inside:
            item = self._clean(part)
            if not found or item in self._foods:
                yield item

    def _clean(self, text: str) -> str:
        """Leave out amounts, verbs and what hangs at the edges."""
        text = text.strip(_EDGES)
        while text and not self.is_name(text):
            for end in range(min(len(text) - 1, self._longest), 1, -1):  # 王八 and 一份
                if self.is_name(text[:end]) and _ONLY_AMOUNT.match(text[end:]):
                    return text[:end]
            shorter = _TRAILING.sub("", _LEADING.sub("", text)).strip(_EDGES)
            if shorter in (text, ""):
                break
            text = shorter
        return text

    def _at_and(self, text: str) -> list[str]:
        """Split at 和, 及, 与 and the like where foods stand on both sides."""
        first, *rest = _AND.split(text)
        if self.is_name(text) or not rest:
            return [text]
        joints = _AND.findall(text)
        items = [first]
        is_food = self._holds_food(first)
        for joint, part in zip(joints, rest, strict=True):
            found = self._holds_food(part)
            if is_food and found:
                items.append(part)
            else:
                items[-1] += joint + part
                is_food = is_food or found
        return [text] if len(items) == 1 else [self._clean(item) for item in items]

    def _holds_food(self, text: str) -> bool:
        return self.find(self._clean(text)).food is not None


def _with_plain(keys: Mapping[str, str]) -> dict[str, str]:
    """Add names without what they have in brackets: that is how they come out of a list."""
    plain = {_BRACKETS.sub("", name): key for name, key in keys.items() if "(" in name}
    return {name: key for name, key in plain.items() if len(name) > 1} | dict(keys)


def _prepare(text: str) -> str:
    """Normalise a text: commas for line breaks, no meals, amounts beside their foods."""
    text = normalise_text(text.replace("\n", ",").replace("\r", ","))
    return _BEFORE_AMOUNT.sub("", _MEAL.sub(",", text))


def _contained(text: str, names: Mapping[str, str], longest: int) -> str | None:
    """Return the key of the longest name inside a text.

    What a dish is stands at its end in Chinese (番茄鸡蛋面 are noodles), so a name there counts as
    one character longer, and names of one character count there only.
    """
    best: tuple[int, int] | None = None
    key = None
    for start in range(len(text)):
        for end in range(start + 1, min(start + longest, len(text)) + 1):
            found = names.get(text[start:end])
            at_end = end == len(text)
            if found is None or (end - start == 1 and not at_end) or _cuts_word(text, start, end):
                continue
            score = (end - start + at_end, end)
            if best is None or score > best:
                best, key = score, found
    return key


def _cuts_word(text: str, start: int, end: int) -> bool:
    """Whether a part begins or ends within a word of Latin letters."""
    return any(
        0 < edge < len(text) and bool(_WORD.match(text[edge - 1]) and _WORD.match(text[edge]))
        for edge in (start, end)
    )


@lru_cache(maxsize=8)
def food_names(vocabulary: Vocabulary) -> FoodNames:
    """Return the names of a vocabulary, made once."""
    return FoodNames(vocabulary)


def split_foods(text: str, *, vocabulary: Vocabulary | None = None) -> list[str]:
    """Return the foods of a free text: separated, cleaned, every one once, in their order.

    Separators are , ; / + and their full-width forms, 、, line breaks, spaces beside Chinese, and
    和, 及, 与, 跟 where a food stands on either side. Amounts (米饭2碗), verbs (食用) and notes in
    brackets are left out; foods listed in brackets (盒饭(鸡腿、米饭)) are kept.

    >>> split_foods("米饭2碗、拍黄瓜（凉拌）和红烧肉")
    ['米饭', '拍黄瓜', '红烧肉']
    """
    return food_names(vocabulary or load()).split(text)


@overload
def normalise_food(text: str, *, vocabulary: Vocabulary | None = ...) -> str: ...
@overload
def normalise_food(
    text: "pd.Series[Any]", *, vocabulary: Vocabulary | None = ...
) -> "pd.Series[Any]": ...
def normalise_food(
    text: "str | pd.Series[Any]", *, vocabulary: Vocabulary | None = None
) -> "str | pd.Series[Any]":
    """Return what was eaten in one spelling, several foods separated by commas.

    A Series gives a Series of dtype string. See `split_foods` for what is done, and `match_foods`
    for the keys of the foods.

    >>> normalise_food("滷肉飯１份；可乐")
    '卤肉饭,可乐'
    """
    names = food_names(vocabulary or load())

    def normalise(value: str) -> str:
        return ",".join(names.split(value))

    return normalise(text) if isinstance(text, str) else by_unique(text, normalise)


def match_foods(values: "pd.Series[Any]", *, vocabulary: Vocabulary | None = None) -> pd.DataFrame:
    """Find the foods of free texts in the food tree.

    Returns
    -------
    DataFrame
        One row a food of a text, in the order of `values`: `row` (its label in `values`), `part`
        (1, 2, ... in the text), `item` (the cleaned text), `food` (key of `foods()`),
        `food_class` (key of `food_classes()`), and `match`, how it was found: `exact` (a name or
        alias), `contained` (the longest alias inside, those at the end first), `class` (only the
        class is known) or `none`. Missing texts have no row.

    Examples
    --------
    >>> eaten = pd.Series(["番茄鸡蛋面", "干煸四季豆、米饭"])
    >>> match_foods(eaten)[["row", "item", "food", "food_class", "match"]]
       row   item         food food_class      match
    0    0  番茄鸡蛋面       noodle     cereal  contained
    1    1  干煸四季豆  kidney_bean  vegetable      exact
    2    1     米饭         rice     cereal      exact
    """
    names = food_names(vocabulary or load())
    codes, uniques = pd.factorize(values)
    items = [names.split(str(text)) for text in uniques]
    found = {item: names.find(item) for listed in items for item in listed}
    places = [
        (n, part, item)
        for n, code in enumerate(codes)
        if code >= 0
        for part, item in enumerate(items[code], start=1)
    ]
    matches = [found[item] for _, _, item in places]
    return pd.DataFrame(
        {
            "row": values.index.take([n for n, _, _ in places]),
            "part": pd.array([part for _, part, _ in places], dtype="int64"),
            "item": pd.array([item for _, _, item in places], dtype="string"),
            "food": pd.array([match.food for match in matches], dtype="string"),
            "food_class": pd.array([match.food_class for match in matches], dtype="string"),
            "match": pd.array([match.match for match in matches], dtype="string"),
        }
    )
