"""Brings near-identical spellings together, so that a person can look at what was merged."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Indel

from enteroscan.errors import DataError, SpecError
from enteroscan.vocabulary._files import csv_lines, read_text
from enteroscan.vocabulary._text import normalise_text

Aliases = Mapping[str, str]
Ints = NDArray[np.intp]

# What must agree for two names to be one place: numbers, and the points of the compass.
KEEP_APART = r"[0-9一二三四五六七八九十百零东西南北]"

LOWEST_THRESHOLD = 70.0  # below, similar texts need not share two neighbouring characters
_NOT_COMPARED = re.compile(r"[^0-9a-z\u3400-\u9fff\U00020000-\U0003ffff]+")
_ROWS = 4096  # of the pairs compared at a time
_FORMULA = "=+-@\t\r"


def merge_similar(
    values: "pd.Series[Any]",
    *,
    threshold: float = 90.0,
    aliases: Aliases | None = None,
    keep_apart: str | None = KEEP_APART,
) -> pd.DataFrame:
    """Merge near-identical spellings into the most frequent one, and show what was merged.

    Every spelling is compared with those more frequent than itself and joins the most similar of
    them that stands for itself. What joins never stands for others, so merges do not chain. The
    order of the values does not matter, and merging what was merged changes nothing.

    Parameters
    ----------
    values
        Texts, repeated as often as they occur; missing ones are left out.
    threshold
        Least similarity to merge, 70 to 100: 200 times the length of the longest common
        subsequence over the sum of the lengths (rapidfuzz's `fuzz.ratio`), of the texts as
        `normalise_text` writes them without spaces and punctuation.
    aliases
        Spelling -> name, decided by a person (`read_aliases`). These go before similarity: such
        spellings are merged as said, and names and spellings in `aliases` join nothing else.
        A spelling that is mapped to itself is kept apart.
    keep_apart
        Regular expression of characters that must be the same, in the same order, in texts that
        are merged: by default digits, numerals and points of the compass, so that 第一小学 and
        第二小学, or 南门店 and 北门店, stay apart. None: no such rule. Texts that begin with
        different characters are merged only if one is the other with something added.

    Returns
    -------
    DataFrame
        One row a spelling: `raw`, `merged`, `score` (0 to 100; 100 is the same but for width,
        case, script, spaces and punctuation), `count` (how often it occurs), and `by`: `itself`,
        `alias`, `spelling` or `similarity`. Those of one name stand together, frequent ones first.

    Raises
    ------
    SpecError
        The threshold is out of range, or `keep_apart` is no regular expression.
    DataError
        The aliases go round in a circle.

    Notes
    -----
    Pairs are found through an index of pairs of neighbouring characters with prefix filtering
    (Chaudhuri et al. 2006, Bayardo et al. 2007); no pair at or above the threshold is missed.
    FoodChain-Lab merges stations by Levenshtein distance and a threshold in the same spirit.

    Examples
    --------
    >>> names = ["张记兰州牛肉拉面馆", "张记兰州牛肉拉面", "李记兰州牛肉拉面馆"]
    >>> eaten_at = pd.Series([names[0], *names])
    >>> merge_similar(eaten_at)[["raw", "merged", "by"]]
             raw     merged          by
    0  张记兰州牛肉拉面馆  张记兰州牛肉拉面馆      itself
    1   张记兰州牛肉拉面  张记兰州牛肉拉面馆  similarity
    2  李记兰州牛肉拉面馆  李记兰州牛肉拉面馆      itself
    """
    if not LOWEST_THRESHOLD <= threshold <= 100:
        message = f"threshold={threshold!r} must lie between {LOWEST_THRESHOLD:g} and 100"
        raise SpecError(message)
    apart = _compiled(keep_apart)
    final = _resolved(aliases or {})
    counts = values.dropna().astype("string").value_counts()
    raws = [str(raw) for raw in counts.index]
    count_of = dict(zip(raws, (int(n) for n in counts), strict=True))
    pinned = {*final, *final.values()}
    named = {raw: final.get(raw, raw) for raw in raws}
    weight: dict[str, int] = {}
    for raw, name in named.items():
        weight[name] = weight.get(name, 0) + count_of[raw]
    joined = _joined(weight, pinned, threshold, apart)
    rows = []
    for raw in raws:
        name, score, by = joined[named[raw]]
        if raw != named[raw]:
            name, score, by = named[raw], 100.0, "alias"
        rows.append((raw, name, score, count_of[raw], by))
    total: dict[str, int] = {}
    for _, name, _, count, _ in rows:
        total[name] = total.get(name, 0) + count
    rows.sort(key=lambda row: (-total[row[1]], row[1], row[4] != "itself", -row[3], row[0]))
    table = pd.DataFrame(rows, columns=["raw", "merged", "score", "count", "by"])
    kinds = {"raw": "string", "merged": "string", "score": "float64", "count": "int64"}
    return table.astype({**kinds, "by": "string"})


def apply_merges(values: "pd.Series[Any]", merges: "pd.DataFrame | Aliases") -> "pd.Series[Any]":
    """Replace spellings by the names they were merged into; others stay as they are.

    `merges` is a table of `merge_similar` or what `read_aliases` returned.
    """
    mapping = _mapping(merges)
    codes, uniques = pd.factorize(values)
    names = [mapping.get(str(value), str(value)) for value in uniques]
    table = pd.array([*names, pd.NA], dtype="string")
    return pd.Series(table.take(codes), index=values.index, name=values.name)


def read_aliases(path: str | Path) -> dict[str, str]:
    """Read a file of aliases: CSV with the columns raw and merged, UTF-8 or GB18030.

    Raises
    ------
    DataError
        A column is missing, a cell is empty, or a spelling has two names. The message names the
        file, the lines and the spellings.
    """
    path = Path(path)
    lines = csv_lines(read_text(path), str(path))
    header = [cell.strip() for cell in next(lines, (1, []))[1]]
    if not {"raw", "merged"} <= set(header):
        message = (
            f"{path}: the columns are {', '.join(header) or 'none'}; there must be raw and merged"
        )
        raise DataError(message)
    aliases: dict[str, str] = {}
    for number, cells in lines:
        row = dict(zip(header, cells, strict=False))
        raw, merged = (_without_guard(row.get(name, "")) for name in ("raw", "merged"))
        if not raw or not merged or aliases.setdefault(raw, merged) != merged:
            message = (
                f"{path}, line {number}: {raw!r} -> {merged!r} "
                f"{'after ' + repr(aliases[raw]) if raw and merged else 'lacks a name'}; "
                "give every spelling one name"
            )
            raise DataError(message)
    _resolved(aliases)
    return aliases


def write_aliases(merges: "pd.DataFrame | Aliases", path: str | Path) -> None:
    """Write merges as a file of aliases, to edit and to read again (CSV, UTF-8 with BOM).

    Of a table of `merge_similar`, the rows that were merged are written. Texts that a spreadsheet
    would take for a formula get an apostrophe in front, which `read_aliases` takes away.
    """
    mapping = _mapping(merges)
    if isinstance(merges, pd.DataFrame):
        mapping = {raw: merged for raw, merged in mapping.items() if raw != merged}
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("raw", "merged"))
        writer.writerows((_guarded(raw), _guarded(merged)) for raw, merged in mapping.items())


def _mapping(merges: "pd.DataFrame | Aliases") -> dict[str, str]:
    if isinstance(merges, pd.DataFrame):
        return dict(zip(merges["raw"], merges["merged"], strict=True))
    return _resolved(merges)


def _guarded(text: str) -> str:
    return f"'{text}" if text[:1] in {*_FORMULA, "'"} else text


def _without_guard(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:2] in {*_FORMULA, "'"} else text


def _compiled(keep_apart: str | None) -> "re.Pattern[str] | None":
    if keep_apart is None:
        return None
    try:
        return re.compile(keep_apart)
    except re.error as error:
        message = f"keep_apart={keep_apart!r} is no regular expression: {error}"
        raise SpecError(message) from error


def _resolved(aliases: Aliases) -> dict[str, str]:
    """Follow aliases of aliases to the last name."""
    final = {}
    for raw in aliases:
        path = [raw]
        while path[-1] in aliases and aliases[path[-1]] != path[-1]:
            following = aliases[path[-1]]
            if following in path:
                circle = " -> ".join([*path, following])
                message = f"aliases go round in a circle: {circle}; take one of them out"
                raise DataError(message)
            path.append(following)
        final[raw] = path[-1]
    return final


def _joined(
    weight: Mapping[str, int],
    pinned: "set[str]",
    threshold: float,
    apart: "re.Pattern[str] | None",
) -> dict[str, tuple[str, float, str]]:
    """Return for every name what it joins, the score, and why."""
    order = sorted(weight, key=lambda name: (name not in pinned, -weight[name], name))
    written: dict[str, str] = {}  # compared form -> the name that stands for it
    result: dict[str, tuple[str, float, str]] = {}
    forms: list[str] = []
    names: list[str] = []
    for name in order:
        form = comparable(name)
        first = written.setdefault(form or name, name)
        if first == name or name in pinned:
            result[name] = (name, 100.0, "itself")
            names.append(name)
            forms.append(form)
        else:
            result[name] = (first, 100.0, "spelling")
    better: dict[int, list[tuple[float, int]]] = {}
    for lefts, rights, scores in similar_pairs(forms, threshold, apart):
        found = zip(lefts.tolist(), rights.tolist(), scores.tolist(), strict=True)
        for left, right, score in found:
            better.setdefault(right, []).append((-score, left))
    leads = np.ones(len(names), dtype=bool)
    for right in sorted(better):
        if names[right] in pinned:
            continue
        for score, left in sorted(better[right]):
            if leads[left]:
                leads[right] = False
                result[names[right]] = (names[left], -score, "similarity")
                break
    for name, (first, score, by) in result.items():
        if by == "spelling":
            top, above, how = result[first]
            result[name] = (top, min(score, above), "spelling" if how == "itself" else how)
    return result


def comparable(text: str) -> str:
    """Return what is compared of a text: neither spaces nor punctuation, in one spelling."""
    return _NOT_COMPARED.sub("", normalise_text(text))


def similar_pairs(
    forms: list[str], threshold: float, apart: "re.Pattern[str] | None"
) -> Iterator[tuple[Ints, Ints, NDArray[np.float64]]]:
    """Yield all pairs (first < second) of forms at or above the threshold, with their scores."""
    texts = np.array(forms, dtype=object)
    lengths = np.array([len(form) for form in forms], dtype=np.intp)
    begins = pd.factorize(np.array([form[:1] for form in forms], dtype=object))[0]
    for first, second in candidate_pairs(forms, threshold, apart):
        alike = begins[first] == begins[second]
        close = _within(lengths[first], lengths[second], threshold)
        close &= alike | (lengths[first] != lengths[second])
        first, second = first[close], second[close]
        if not len(first):
            continue
        distances = process.cpdist(
            texts[first], texts[second], scorer=Indel.distance, dtype=np.int32, workers=1
        ).astype(np.intp)
        total = lengths[first] + lengths[second]
        scores = 100.0 * (total - distances) / np.maximum(total, 1)
        added = distances == np.abs(lengths[first] - lengths[second])
        keep = (scores >= threshold) & (added | alike[close])
        yield first[keep], second[keep], scores[keep]


def _within(first: Ints, second: Ints, threshold: float) -> NDArray[np.bool_]:
    """Whether lengths allow the threshold: even if one text lies in the other."""
    return 200.0 * np.minimum(first, second) >= threshold * (first + second)


def candidate_pairs(
    forms: list[str], threshold: float, apart: "re.Pattern[str] | None"
) -> Iterator[tuple[Ints, Ints]]:
    """Yield pairs (first < second) of forms among which all at or above the threshold are.

    A text of n characters has n + 1 pairs of neighbours, with the edges. An insertion destroys
    one of them, a deletion two, so similar texts share all but a few, and share one of the rarest
    few already: only those are indexed.
    """
    if not forms:
        return
    tokens: dict[tuple[str, str, int], int] = {}
    listed = [
        [tokens.setdefault(token, len(tokens)) for token in _tokens(form, apart)] for form in forms
    ]
    frequency = np.bincount(
        np.fromiter((t for row in listed for t in row), dtype=np.intp), minlength=len(tokens)
    )
    rarest = [
        sorted(row, key=lambda token: (frequency[token], token))[
            : 1 + _destroyed(len(form), threshold)
        ]
        for row, form in zip(listed, forms, strict=True)
    ]
    starts = np.concatenate(([0], np.cumsum([len(row) for row in rarest]))).astype(np.intp)
    columns = np.fromiter((token for row in rarest for token in row), dtype=np.intp)
    shape = (len(forms), len(tokens))
    from scipy import sparse  # takes long to import

    index = sparse.csr_array((np.ones(len(columns), dtype=np.int32), columns, starts), shape=shape)
    transposed = index.T.tocsr()
    for start in range(0, len(forms), _ROWS):
        shared = (index[start : start + _ROWS] @ transposed).tocoo()
        first, second = shared.row.astype(np.intp) + start, shared.col.astype(np.intp)
        upper = first < second
        yield first[upper], second[upper]


def _tokens(form: str, apart: "re.Pattern[str] | None") -> Iterator[tuple[str, str, int]]:
    """Yield the pairs of neighbours of a text, numbered where they repeat, with what must agree."""
    signature = "" if apart is None else "\0".join(apart.findall(form))
    edged = f"\0{form}\0"
    seen: dict[str, int] = {}
    for start in range(len(edged) - 1):
        pair = edged[start : start + 2]
        seen[pair] = seen.get(pair, 0) + 1
        yield signature, pair, seen[pair]


def _destroyed(length: int, threshold: float) -> int:
    """Return how many pairs of neighbours a text may lose to a text at the threshold, at most."""
    most = 0
    share = threshold / 100.0
    for other in range(int(length * share / (2 - share)), int(length * (2 - share) / share) + 2):
        edits = int((1 - share) * (length + other) + 1e-9)
        deleted = (edits + length - other) // 2
        if 0 <= deleted <= edits:
            inserted = deleted - length + other
            if inserted >= 0:
                most = max(most, 2 * deleted + inserted)
    return most
