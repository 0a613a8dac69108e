"""SaTScan's data files as data frames: fields without a header, identifiers as texts.

The index of every frame holds line numbers, so that errors can name lines.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NoReturn, Self

import pandas as pd

from enteroscan.errors import DataError
from enteroscan.satscan._parameters import FLAGS, Parameters
from enteroscan.satscan._text import ENCODINGS

SHOWN_LINES = 5


@dataclass(frozen=True)
class Source:
    """A data file and how it is divided into fields."""

    path: Path
    delimiter: str = ""  # white space, or commas if the first line has one
    quote: str = '"'
    skipped: int = 0  # lines at the beginning
    fields: tuple[
        int, ...
    ] = ()  # columns of the file, from 1, in SaTScan's order; none: as they are

    @classmethod
    def of(cls, parameters: Parameters, name: str) -> Self | None:
        """Return the file that a setting names; None if it names none."""
        path = parameters.file(name)
        if path is None:
            return None
        if not path.is_file():
            parameters.refuse(name, f"is no file: there is no {path}")
        detail = f"{name}-Source"
        header = FLAGS.get(parameters.text(f"{detail}FirstRowHeader"), False)
        fields = re.findall(r"\d+", parameters.text(f"{detail}FieldMap"))
        skipped = parameters.whole(f"{detail}Skip") if parameters.text(f"{detail}Skip") else 0
        return cls(
            path,
            parameters.text(f"{detail}Delimiter"),
            parameters.text(f"{detail}Grouper") or '"',
            skipped + header,
            tuple(map(int, fields)),
        )

    def read(self, *names: str, optional: int = 0, further: str | None = None) -> pd.DataFrame:
        """Read the file.

        Parameters
        ----------
        *names
            Columns, of which the last `optional` may be missing.
        optional
            Number of such columns.
        further
            How columns behind them are called, before a number from 1; None: there must be none.
        """
        frame = self._read(ragged=optional > 0)
        if self.fields:
            self._check(
                max(self.fields) <= frame.shape[1], f"there is no column {max(self.fields)}"
            )
            frame = frame[[field - 1 for field in self.fields]]
        required = len(names) - optional
        self._check(
            required <= frame.shape[1],
            f"there must be {required} columns ({', '.join(names[:required])}), "
            f"there are {frame.shape[1]}",
        )
        self._check(
            further is not None or frame.shape[1] <= len(names),
            f"there may be {len(names)} columns ({', '.join(names)}), there are {frame.shape[1]}",
        )
        behind = range(1, frame.shape[1] - len(names) + 1)
        columns = [*names, *(f"{further}_{number}" for number in behind)]
        frame = frame.set_axis(columns[: frame.shape[1]], axis=1).dropna(how="all")
        self._check(len(frame) > 0, "there are no data")
        self._check_complete(frame.drop(columns=columns[required : len(names)], errors="ignore"))
        return frame

    def read_lists(self) -> dict[str, list[str]]:
        """Read lines of identifiers, as many as there are, by the first in the line."""
        frame = self._read(ragged=True).dropna(how="all")
        self._check(len(frame) > 0, "there are no data")
        repeated = frame.index[frame[0].duplicated()]
        self._check(
            repeated.empty, f"{_numbers(repeated)}: there is a line of this identifier already"
        )
        return {row[0]: [name for name in row if isinstance(name, str)] for row in frame.to_numpy()}

    def _read(self, *, ragged: bool = False) -> pd.DataFrame:
        """Return the fields of all lines; a ragged file has NaN where a line ends early."""
        names = range(self._most_fields()) if ragged else None
        for encoding in ENCODINGS:
            try:
                frame = pd.read_csv(
                    self.path,
                    sep=self._separator(),
                    header=None,
                    names=names,
                    dtype=str,
                    quotechar=self.quote,
                    skipinitialspace=True,
                    skiprows=self.skipped,
                    skip_blank_lines=False,  # they have a number, too
                    keep_default_na=False,
                    na_values=[""],
                    encoding=encoding,
                )
            except UnicodeDecodeError:
                continue
            except pd.errors.EmptyDataError:
                self._refuse("there are no data")
            except pd.errors.ParserError as error:
                self._refuse(str(error).rpartition("C error: ")[2].strip())
            frame.index = pd.RangeIndex(self.skipped + 1, self.skipped + 1 + len(frame))
            filled = frame.notna().any().to_numpy().nonzero()[0]
            return frame.iloc[:, : filled.max(initial=-1) + 1]
        self._refuse(f"this text is in none of {', '.join(ENCODINGS)}; save it as UTF-8")

    def _separator(self) -> str:
        if self.delimiter:
            return self.delimiter
        first = next(self._lines(), "")
        return "," if "," in re.sub(r'"[^"]*"', "", first) else r"\s+"

    def _most_fields(self) -> int:
        """Return a number of fields that no line exceeds."""
        separator = re.compile(rf"[\s,{re.escape(self.delimiter)}]")
        return max((len(separator.split(line)) for line in self._lines()), default=1)

    def _lines(self) -> Iterator[str]:
        """Go through the lines that are not blank; separators look the same in all encodings."""
        with self.path.open(encoding="latin-1") as file:
            yield from (line for line in islice(file, self.skipped, None) if line.strip())

    def _check_complete(self, frame: pd.DataFrame) -> None:
        incomplete = frame.index[frame.isna().any(axis=1)]
        self._check(
            incomplete.empty,
            f"{_numbers(incomplete)}: not all of the columns {', '.join(frame.columns)} are there",
        )

    def _check(self, good: bool, reason: str) -> None:
        if not good:
            self._refuse(reason)

    def _refuse(self, reason: str) -> NoReturn:
        message = f"{self.path}: {reason}"
        raise DataError(message)


def _numbers(numbers: "pd.Index[int]") -> str:
    """List the first lines."""
    shown = ", ".join(map(str, numbers[:SHOWN_LINES]))
    more = ", ..." if len(numbers) > SHOWN_LINES else ""
    return f"line{'s' if len(numbers) > 1 else ''} {shown}{more}"
