"""What can go wrong, as exceptions. The texts say what is wrong, where, and what to do."""

__all__ = ["DataError", "DeliveryError", "EnteroscanError", "MissingExtra", "SpecError"]


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


class DeliveryError(EnteroscanError, OSError):
    """A message could not be delivered, or nobody knows whether it was.

    `may_have_arrived` says so: if it is False, sending it again makes no duplicate.
    """

    def __init__(self, where: str, reason: str, *, may_have_arrived: bool) -> None:
        """Say where it was to go, and why it did not."""
        fate = "it may have arrived" if may_have_arrived else "it did not arrive"
        super().__init__(f"message to {where}: {reason}; {fate}, and the next run sends it again")
        self.may_have_arrived = may_have_arrived
