"""Real data to try things with."""

from contextlib import closing

import pandas as pd

from enteroscan.errors import MissingExtra

__all__ = ["load_burkitt"]

FIRST_DAY = pd.Timestamp(1960, 1, 1)  # from which the data count the days, beginning with 1


def load_burkitt() -> pd.DataFrame:
    """Return 188 cases of Burkitt's lymphoma in the West Nile district of Uganda, 1961 to 1975.

    Columns: x and y (about 1 km a unit), date, age in years. The data come with libpysal; they are
    those of Williams et al. (1978), International Journal of Cancer 22:239-246.
    """
    try:
        import libpysal
    except ImportError as error:
        raise MissingExtra("libpysal", "demo") from error  # noqa: EM101
    with closing(libpysal.io.open(libpysal.examples.get_path("burkitt.dbf"))) as file:
        rows = pd.DataFrame(list(file), columns=file.header)
    days = pd.to_timedelta(rows["T"] - 1, unit="D")
    return pd.DataFrame(
        {"x": rows["X"], "y": rows["Y"], "date": FIRST_DAY + days, "age": rows["AGE"].astype(int)}
    )
