"""From what people wrote about where they ate to venues: name, chain, branch and type."""

import re
from functools import lru_cache
from typing import Any, NamedTuple, overload

import pandas as pd

from enteroscan.vocabulary._tables import Vocabulary, load
from enteroscan.vocabulary._text import by_unique, normalise_text

_HAN = r"\u3400-\u9fff"
_SPACES = re.compile(rf"(?<=[{_HAN}()])\s+|\s+(?=[{_HAN}()])")
_EDGES = " .,;:!?\"'-~*_/"
_BRACKETS = re.compile(r"\(([^()]*)(?:\)|$)")
_BRANCH = re.compile(
    r".*(?:店|分部|餐厅|路|街|道|广场|中心|城|校区|站|号|区|县|市|镇|乡|村|桥|门|机场|商场|大厦|医院|学院|大学)$"
)
_COMPANY = re.compile(
    r"^(?P<name>.{2,}?)"
    r"(?:(?:餐饮|饮食|食品)?(?:连锁)?(?:管理|服务|发展|文化|投资|科技|贸易)*"
    r"(?:有限责任公司|股份有限公司|有限公司))+"
    r"(?P<branch>.{0,16}?(?:店|部|(?=分公司$)))?(?:分公司)?$"
)
_REGION = re.compile(
    r"^(?=[^省市区县]{2,3}[省市])(?:[^省市区县]{2,3}省)?(?:[^省市区县]{2,3}市)?(?:[^省市区县]{1,3}[区县])?(?=.{2})"
)
_PARTS = re.compile(
    r"^(?P<name>[^-_]{2,})[-_]+(?P<branch>.+)$|^(?P<name2>\S{2,}) (?P<branch2>\S+)$"
)
# Left out of the chain where enough is left that is neither a street nor an institution.
_GENERIC = re.compile(
    r"^(?P<name>.{3,}?)(?<![路街道镇村区县市巷桥校学院司厂楼城大小])"
    r"(?:大酒店|大饭店|大酒楼|火锅店|饭店|酒店|餐厅|餐馆|饭馆|酒楼|酒家|火锅)$"
)
_SHORTEST_PREFIX = 3  # characters; 全家 must not be found in 全家福饭店
_LONGEST_REGION = 4  # characters of a place before the name of a company


class Venue(NamedTuple):
    """A venue taken apart; empty texts where nothing is known."""

    name: str
    chain: str
    branch: str
    venue: str
    venue_type: str


class VenueNames:
    """The chains and types of venues, to find them in texts."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._chains = vocabulary.keys("venues")
        venues, types = vocabulary.venues, vocabulary.venue_types
        self._name_of = {
            key: normalise_text(zh) for key, zh in zip(venues["key"], venues["zh"], strict=True)
        }
        self._type_of: dict[str, str] = dict(zip(venues["key"], venues["parent"], strict=True))
        prefixes = (name for name in self._chains if len(name) >= _SHORTEST_PREFIX)
        self._prefixes = sorted(prefixes, key=lambda name: (-len(name), name))
        tried = types[types["pattern"] != ""].sort_values(["order", "key"], kind="stable")
        self._patterns: list[tuple[re.Pattern[str], str]] = [
            (re.compile(pattern), key)
            for pattern, key in zip(tried["pattern"], tried["key"], strict=True)
        ]
        self._types = vocabulary.keys("venue_types")

    def parse(self, text: str) -> Venue:
        """Take a text apart, until nothing more can be taken off its name."""
        first = venue = self._taken_apart(text)
        seen = {venue.name}
        while (again := self._taken_apart(venue.name)).name not in seen:
            venue = again
            seen.add(venue.name)
        return venue._replace(venue_type=first.venue_type)

    def _taken_apart(self, text: str) -> Venue:
        whole = _SPACES.sub("", normalise_text(text)).strip(_EDGES)
        base, branch = _without_brackets(whole)
        short, more = _without_company(base)
        branch = branch or more
        key, rest = self._chain(short)
        if key is None and short != base:
            key = self._chain_after_region(short)
        base = short
        if key is None and (parts := _PARTS.match(base)) is not None:
            first, last = (parts["name"] or parts["name2"], parts["branch"] or parts["branch2"])
            if _BRANCH.match(last):
                key, rest = self._chain(first)
                base, rest = (first, last) if key is None else (base, rest or last)
        branch = branch or rest
        if key is not None:
            base = chain = self._name_of[key]
        else:
            generic = _GENERIC.match(base)
            chain = base if generic is None else generic["name"]
        name = f"{base}({branch})" if branch else base
        return Venue(name, chain, branch, key or "", self._type(whole, key))

    def _chain(self, base: str) -> tuple[str | None, str]:
        """Return the key of a chain that a text names or begins with, and the branch after it."""
        if base in self._chains:
            return self._chains[base], ""
        for prefix in self._prefixes:
            if base.startswith(prefix):
                rest = base[len(prefix) :].lstrip(" -_")
                if _BRANCH.match(rest) and len(rest) > 1:
                    return self._chains[prefix], rest
        return None, ""

    def _chain_after_region(self, base: str) -> str | None:
        """Return the key of a chain whose company is called after the place it is in."""
        return next(
            (
                self._chains[name]
                for name in self._prefixes
                if base.endswith(name) and len(base) - len(name) <= _LONGEST_REGION
            ),
            None,
        )

    def _type(self, whole: str, key: str | None) -> str:
        if whole in self._types:
            return self._types[whole]
        if key is not None:
            return self._type_of[key]
        return next((kind for pattern, kind in self._patterns if pattern.search(whole)), "")


def _without_brackets(text: str) -> tuple[str, str]:
    """Return what stands outside of brackets, and a branch from inside them."""
    notes = [note.strip(_EDGES) for note in _BRACKETS.findall(text)]
    base = _BRACKETS.sub("", text).replace("(", "").replace(")", "").strip(_EDGES)
    if not base:
        return "".join(notes).strip(_EDGES), ""
    return base, next((note for note in notes if _is_branch(note)), "")


def _is_branch(note: str) -> bool:
    return bool(note) and (note.isascii() or bool(_BRANCH.match(note)))


def _without_company(base: str) -> tuple[str, str]:
    """Return a name without the words for a company and the region before it, and the branch."""
    company = _COMPANY.match(base)
    if company is None:
        return base, ""
    branch = company["branch"] or ""
    if branch and not _BRANCH.match(branch):
        branch += "店"  # 河东分公司
    return _REGION.sub("", company["name"]), branch


@lru_cache(maxsize=8)
def venue_names(vocabulary: Vocabulary) -> VenueNames:
    """Return the names of a vocabulary, made once."""
    return VenueNames(vocabulary)


@overload
def normalise_venue(text: str, *, vocabulary: Vocabulary | None = ...) -> str: ...
@overload
def normalise_venue(
    text: "pd.Series[Any]", *, vocabulary: Vocabulary | None = ...
) -> "pd.Series[Any]": ...
def normalise_venue(
    text: "str | pd.Series[Any]", *, vocabulary: Vocabulary | None = None
) -> "str | pd.Series[Any]":
    """Return the name of a venue in one spelling: the chain or name, and the branch in brackets.

    Company words, notes in brackets and the spellings of known chains are evened out. A Series
    gives a Series of dtype string. See `match_venues` for the parts.

    >>> normalise_venue("海底撈火鍋（河東店）")
    '海底捞(河东店)'
    >>> normalise_venue("天津市张记餐饮管理有限公司")
    '张记'
    """
    names = venue_names(vocabulary or load())

    def normalise(value: str) -> str:
        return names.parse(value).name

    return normalise(text) if isinstance(text, str) else by_unique(text, normalise)


def match_venues(values: "pd.Series[Any]", *, vocabulary: Vocabulary | None = None) -> pd.DataFrame:
    """Take the names of venues apart and guess what kind of place each is.

    Returns
    -------
    DataFrame
        Indexed like `values`: `name` (see `normalise_venue`), `chain` (without branch and without
        饭店, 餐厅 and the like), `branch`, `venue` (key of `venues()` where the chain is known),
        `venue_type` (key of `venue_types()`; a guess by the patterns of that table) and `kind`.
        Missing where there is nothing, and everywhere where the text is missing.

    Examples
    --------
    >>> match_venues(pd.Series(["肯德基南京路店", "第一中学食堂"]))
            name   chain branch venue      venue_type      kind
    0  肯德基(南京路店)     肯德基   南京路店   kfc       fast_food  catering
    1     第一中学食堂  第一中学食堂   <NA>  <NA>  school_canteen   canteen
    """
    vocabulary = vocabulary or load()
    names = venue_names(vocabulary)
    codes, uniques = pd.factorize(values)
    parsed = [names.parse(str(text)) for text in uniques]
    columns = {
        field: pd.array([getattr(venue, field) or pd.NA for venue in parsed] + [pd.NA], "string")
        for field in Venue._fields
    }
    frame = pd.DataFrame(
        {field: column.take(codes) for field, column in columns.items()}, index=values.index
    )
    types = vocabulary.venue_types
    kinds = dict(zip(types["key"], types["kind"], strict=True))
    return frame.assign(kind=frame["venue_type"].map(kinds).astype("string"))
