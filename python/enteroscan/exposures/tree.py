"""What is a kind of what, and what cases were exposed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pandas as pd

from enteroscan.errors import DataError

if TYPE_CHECKING:
    from enteroscan.cases import Cases
    from enteroscan.vocabulary import Vocabulary

__all__ = ["ExposureTree"]

SHOWN = 5
NOT_SHARED = ("home", "unknown")  # types of places where nobody meets other cases
NOTHING = "unknown"  # the class of foods that are not known
PATH = " > "


def _no_names() -> pd.DataFrame:
    return pd.DataFrame({"node": [], "zh": [], "en": []}, dtype="string")


@dataclass(frozen=True, eq=False, repr=False)
class ExposureTree:
    """Nodes of a hierarchy of exposures, and the nodes that each case was exposed to.

    Parameters
    ----------
    edges
        ``node`` and ``parent``, one row for each pair: a node may have several parents. Missing
        parents and those that are no nodes elsewhere make roots. There are no cycles.
    exposures
        ``case_id`` and ``node``, one row for what a case was exposed to, at any level. A missing
        node stands for something that is not in the tree: the case is known not to have been
        exposed to its nodes by that. Cases without any row are unknown.
    names
        ``node``, ``zh``, ``en``: what nodes are called; others are called as they are.

    Raises
    ------
    DataError
        Columns or nodes are missing, or nodes are above themselves.

    Examples
    --------
    >>> edges = pd.DataFrame({"node": ["sushi", "sushi"], "parent": ["fish", "rice"]})
    >>> eaten = pd.DataFrame({"case_id": ["a", "b"], "node": ["sushi", None]})
    >>> ExposureTree(edges, eaten).nodes
    ['fish', 'rice', 'sushi']
    """

    edges: pd.DataFrame
    exposures: pd.DataFrame
    names: pd.DataFrame = field(default_factory=_no_names)

    def __post_init__(self) -> None:
        """Refuse tables that do not fit together."""
        edges = _table("edges", self.edges, ("node", "parent"))
        exposures = _table("exposures", self.exposures, ("case_id", "node"))
        names = _table("names", self.names, ("node", "zh", "en"))
        if edges["node"].isna().any():
            _refuse("edges", "node", edges["node"].isna(), "are missing", "name them")
        object.__setattr__(self, "edges", edges)
        object.__setattr__(self, "exposures", exposures)
        object.__setattr__(self, "names", names)
        unknown = exposures["node"].notna() & ~exposures["node"].isin(self.nodes)
        if unknown.any():
            remedy = "add them to the edges, or make them missing"
            _refuse("exposures", "node", unknown, "are not in the tree", remedy, exposures["node"])
        cyclic = [node for node in self.nodes if node in self.above(node)]
        if cyclic:
            message = (
                f"edges: {len(cyclic)} nodes are above themselves ({', '.join(cyclic[:SHOWN])}); "
                "leave out an edge of the circle"
            )
            raise DataError(message)

    @cached_property
    def nodes(self) -> list[str]:
        """All nodes, in alphabetical order."""
        return sorted(set(self.edges["node"]) | set(self.edges["parent"].dropna()))

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The place of every node among `nodes`."""
        return {node: number for number, node in enumerate(self.nodes)}

    @cached_property
    def parents(self) -> Mapping[str, list[str]]:
        """The parents of every node, in the order given."""
        parents: dict[str, list[str]] = {node: [] for node in self.nodes}
        known = self.edges.dropna()
        for node, parent in zip(known["node"], known["parent"], strict=True):
            parents[node].append(parent)
        return parents

    def above(self, node: str) -> set[str]:
        """Return all nodes above a node."""
        found: set[str] = set()
        left = list(self.parents[node])
        while left:
            parent = left.pop()
            if parent not in found:
                found.add(parent)
                left += self.parents[parent]
        return found

    def path(self, node: str, language: str) -> str:
        """Return the names of a node and those above it, by its first parents, from the top.

        Parameters
        ----------
        node
            A node.
        language
            ``"zh"`` or ``"en"``.
        """
        names = self._names[language]
        path = [node]
        while self.parents[path[0]]:
            path.insert(0, self.parents[path[0]][0])
        return PATH.join(names.get(step, step) for step in path)

    @cached_property
    def _names(self) -> Mapping[str, dict[str, str]]:
        return {
            language: dict(zip(self.names["node"], self.names[language], strict=True))
            for language in ("zh", "en")
        }

    def __repr__(self) -> str:
        """Say how large it is."""
        n_cases = self.exposures["case_id"].nunique()
        return f"<ExposureTree: {len(self.nodes):,} nodes, exposures of {n_cases:,} cases>"

    @classmethod
    def of_foods(cls, cases: "Cases", *, vocabulary: "Vocabulary | None" = None) -> Self:
        """Return foods below food classes: what cases ate, as far as the vocabulary knows it.

        Foods are found in the texts (`vocabulary.match_foods`); where none is, the class that the
        report gives counts. Foods that are not known to the vocabulary are outside the tree.

        Parameters
        ----------
        cases
            From `read_cases`.
        vocabulary
            None: that of the package.
        """
        from enteroscan.vocabulary import load, match_foods

        words = vocabulary or load()
        eaten = cases.exposures
        given = words.to_keys(eaten["food_class"], "food_classes")
        found = match_foods(eaten["food"], vocabulary=words)
        items = found.set_index("row")
        known = items["food"].fillna(items["food_class"])
        rows = eaten[["case_id"]].join(known.rename("node"))
        rows["node"] = rows["node"].fillna(given.reindex(rows.index))
        said = eaten["food"].notna() | (given.notna() & (given != NOTHING))
        rows = rows[said.reindex(rows.index)]
        rows["node"] = rows["node"].mask(rows["node"] == NOTHING)
        classes, foods = words.food_classes, words.foods
        edges = pd.concat(
            [
                foods[["key", "parent"]].rename(columns={"key": "node"}),
                pd.DataFrame({"node": classes["key"], "parent": pd.NA}),
            ]
        )
        edges = edges[edges["node"] != NOTHING]
        names = pd.concat([classes, foods])[["key", "zh", "en"]].rename(columns={"key": "node"})
        return cls(edges, rows, names)

    @classmethod
    def of_venues(cls, cases: "Cases", *, vocabulary: "Vocabulary | None" = None) -> Self:
        """Return venues below their chains and types of places (a venue may be of several).

        Nodes are ``type:...``, ``chain:...`` and ``venue:...``. Meals at home are outside the tree.

        Parameters
        ----------
        cases
            From `read_cases`.
        vocabulary
            None: that of the package.
        """
        from enteroscan.vocabulary import load, match_venues

        words = vocabulary or load()
        eaten = cases.exposures
        parts = match_venues(eaten["venue"], vocabulary=words)
        types = words.to_keys(eaten["venue_type"], "venue_types").fillna(parts["venue_type"])
        shared = types.notna() & ~types.isin(NOT_SHARED)
        venue = parts["name"].mask(types == "home")
        chain = parts["chain"].mask(parts["chain"] == parts["name"]).mask(venue.isna())
        levels = pd.DataFrame(
            {
                "type": ("type:" + types).where(shared),
                "chain": "chain:" + chain,
                "venue": "venue:" + venue,
            }
        )
        known = venue.notna() | (types.notna() & (types != NOTHING))
        kinds = words.venue_types
        names = pd.DataFrame({"node": "type:" + kinds["key"], "zh": kinds["zh"], "en": kinds["en"]})
        return cls._of_levels(eaten["case_id"], levels, known, names)

    @classmethod
    def of_products(cls, cases: "Cases") -> Self:
        """Return foods of a brand below the brand, and brands below their makers.

        Nodes are ``maker:...``, ``brand:...`` and ``product:...``. Only cases that name a maker or
        a brand are in it.

        Parameters
        ----------
        cases
            From `read_cases`.
        """
        from enteroscan.vocabulary import normalise_food, normalise_text

        eaten = cases.exposures
        brand = normalise_text(eaten["brand"])
        product = brand + " " + normalise_food(eaten["food"])
        levels = pd.DataFrame(
            {
                "maker": "maker:" + normalise_text(eaten["maker"]),
                "brand": "brand:" + brand,
                "product": "product:" + product,
            }
        )
        known = levels.notna().any(axis=1)
        return cls._of_levels(eaten["case_id"], levels, known, _no_names())

    @classmethod
    def _of_levels(
        cls,
        case_id: "pd.Series[Any]",
        levels: pd.DataFrame,
        known: "pd.Series[bool]",
        names: pd.DataFrame,
    ) -> Self:
        """Make a tree of the levels of every exposure, from the top; missing ones are skipped."""
        above = levels.ffill(axis=1)
        node = above[above.columns[-1]]
        edges = pd.concat(
            [
                pd.DataFrame({"node": levels[lower], "parent": above[upper]})
                for upper, lower in zip(above.columns, above.columns[1:], strict=False)
            ]
            + [pd.DataFrame({"node": levels.iloc[:, 0], "parent": pd.NA})]
        )
        edges = edges.dropna(subset="node").drop_duplicates()
        rows = pd.DataFrame({"case_id": case_id, "node": node})[known.to_numpy(bool)]
        own = edges["node"][~edges["node"].isin(names["node"])].drop_duplicates()
        plain = own.str.split(":", n=1).str[1]
        names = pd.concat([names, pd.DataFrame({"node": own, "zh": plain, "en": plain})])
        return cls(edges, rows, names)


def _table(name: str, frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    missing = [column for column in columns if column not in frame]
    if missing:
        message = (
            f"{name}: no column {', '.join(missing)}; there are {', '.join(map(str, frame))}. "
            f"Rename the columns to {', '.join(columns)}"
        )
        raise DataError(message)
    texts = frame[list(columns)].astype("string").drop_duplicates()
    return texts.reset_index(drop=True).astype(object)


def _refuse(
    name: str,
    column: str,
    bad: "pd.Series[bool]",
    problem: str,
    remedy: str,
    values: "pd.Series[Any] | None" = None,
) -> None:
    shown = bad[bad].index[:SHOWN] if values is None else values[bad].unique()[:SHOWN]
    message = (
        f"{name}, column {column!r}: {int(bad.sum())} {problem} "
        f"({', '.join(map(str, shown))}); {remedy}"
    )
    raise DataError(message)
