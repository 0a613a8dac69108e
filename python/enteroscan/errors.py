"""What can go wrong, as exceptions. The texts say what is wrong, where, and what to do."""

__all__ = ["DataError", "EnteroscanError", "MissingExtra", "SpecError"]


class EnteroscanError(Exception):
    """Base of all errors that enteroscan raises on purpose."""


class SpecError(EnteroscanError, ValueError):
    """The options of a method contradict each other or cannot be used."""


class DataError(EnteroscanError, ValueError):
    """The data cannot be used as they are."""


class MissingExtra(EnteroscanError, ImportError):
    """An optional package is not installed."""

    def __init__(self, package: str, extra: str) -> None:
        """Say which extra of enteroscan brings the package."""
        super().__init__(
            f"{package} is not installed; it comes with: pip install 'enteroscan[{extra}]'"
        )
