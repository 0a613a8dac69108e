"""Prints which outputs of R's package surveillance ours agree with, and how well.

``PYTHONPATH=tests python benchmarks/timeseries_reference.py ../shared/data/surveillance [NAME]``
"""

import sys
from pathlib import Path

from reference import surveillance


def main() -> None:
    folder = Path(sys.argv[1])
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    passed = failed = left_out = 0
    for path in [folder / "out" / "arl_helpers.json.gz", *surveillance.output_files(folder)]:
        name = path.name.removesuffix(".json.gz")
        if wanted not in name:
            continue
        checks = (
            surveillance.run_lengths(folder)
            if name == "arl_helpers"
            else surveillance.run(folder, path)
        )
        if isinstance(checks, str):
            left_out += 1
            print(f"-    {name:45} {checks}")
            continue
        good = all(check.good for check in checks)
        passed, failed = passed + good, failed + (not good)
        worst = " ".join(
            f"{check.quantity}={check.error:.1e}" for check in checks if check.error > 0
        )
        print(f"{'ok  ' if good else 'FAIL'} {name:45} {worst}", flush=True)
    print(f"{passed} files agree, {failed} do not, {left_out} left out")


if __name__ == "__main__":
    main()
