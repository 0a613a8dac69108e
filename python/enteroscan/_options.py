"""What all specs do with their options: check them, and make themselves of stored ones."""

import dataclasses
import difflib
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from enteroscan.errors import SpecError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Spec = TypeVar("Spec", bound=DataclassInstance)


def made_of(spec: "type[Spec]", options: dict[str, Any]) -> "Spec":
    """Make a spec of its options by name.

    Raises
    ------
    SpecError
        It has no such option.
    """
    known = [field.name for field in dataclasses.fields(spec)]
    strange = sorted(options.keys() - set(known))
    if strange:
        said = "; ".join(unknown(name, known) for name in strange)
        message = f"{spec.__name__} has no option {', '.join(strange)}: {said}"
        raise SpecError(message)
    return spec(**options)


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and what was probably meant."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"{name!r} is unknown; did you mean {near[0]!r}?"
    return f"{name!r} is unknown; known are {', '.join(known)}"


def plain_numbers(spec: "DataclassInstance") -> None:
    """Turn NumPy's numbers among the options into Python's."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if hasattr(value, "item"):
            object.__setattr__(spec, field.name, value.item())


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse a value that is none of the choices."""
    if value not in choices:
        message = f"{name}={value!r} is unknown; choose from {', '.join(map(repr, choices))}"
        raise SpecError(message)


def check_number(name: str, value: object, *, above: float, at_most: float = math.inf) -> None:
    """Refuse what is no number in this range."""
    good = (
        isinstance(value, int | float) and not isinstance(value, bool) and above < value <= at_most
    )
    if not good or not math.isfinite(value):  # type: ignore[arg-type]
        limit = "" if math.isinf(at_most) else f" and at most {at_most:g}"
        message = f"{name}={value!r} must be a number greater than {above:g}{limit}"
        raise SpecError(message)


def check_integer(name: str, value: object, *, at_least: int) -> None:
    """Refuse what is no whole number of at least so much."""
    if not isinstance(value, int) or isinstance(value, bool) or value < at_least:
        message = f"{name}={value!r} must be a whole number of at least {at_least}"
        raise SpecError(message)


def check_columns(name: str, value: object) -> tuple[str, ...]:
    """Return names of columns as a tuple; refuse all else, a single text too."""
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):  # type: ignore[attr-defined]
        message = f"{name}={value!r} must be names of columns, for example ({value!r},)"
        raise SpecError(message)
    return tuple(value)  # type: ignore[arg-type]
