"""A bar that shows how much of the work is done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[float], object]


@contextmanager
def reporting(progress: bool | Progress | None) -> Iterator[Progress | None]:
    """Turn what the user gave, True or a function of the share done, into such a function."""
    if progress is None or progress is False:
        yield None
    elif progress is True:
        with progress_bar() as update:
            yield update
    else:
        yield progress


@contextmanager
def progress_bar(description: str = "Replicates") -> Iterator[Progress]:
    """Show a bar in the terminal or the notebook; give a function that is told the share done."""
    from rich.progress import Progress as Bar

    with Bar(transient=True) as bar:
        task = bar.add_task(description, total=1.0)
        yield lambda share: bar.update(task, completed=share)
