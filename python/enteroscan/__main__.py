"""The command `enteroscan`, also as ``python -m enteroscan``."""

import sys

from enteroscan.errors import SpecError


def main() -> None:
    """Run the command line."""
    try:
        from enteroscan.cli import app
    except SpecError as error:  # the language of the help is unknown
        sys.stderr.write(f"enteroscan: {error}\n")
        raise SystemExit(2) from error
    app()


if __name__ == "__main__":
    main()
