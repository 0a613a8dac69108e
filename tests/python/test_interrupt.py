"""A running scan can be interrupted, reports its progress, and knows when it has been forked."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

from enteroscan import _core

PROLOGUE = """
    import os, signal, sys, threading, time
    import numpy as np
    from enteroscan import _core

    def make_scan(n_locations=300, n_cases=3000, n_days=100):
        random = np.random.default_rng(1)
        model = _core.space_time_permutation(
            random.integers(0, n_locations, n_cases).astype(np.int32),
            random.integers(0, n_days, n_cases).astype(np.int32),
            np.ones(n_cases, dtype=np.int64),
            None,
            n_locations=n_locations,
            n_intervals=n_days,
        )
        points = random.random((n_locations, 2))
        zones = _core.circles(points, points, great_circle=False)
        intervals = _core.all_intervals(n_days, min_length=1, max_length=20)
        return _core.Scan(model, zones, intervals)
"""


def run(program: str) -> str:
    """Run a program in a process of its own; return what it prints."""
    code = textwrap.dedent(PROLOGUE) + textwrap.dedent(program)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def small_scan() -> _core.Scan:
    location = np.arange(40, dtype=np.int32) % 10
    interval = np.arange(40, dtype=np.int32) % 7
    count = np.ones(40, dtype=np.int64)
    model = _core.space_time_permutation(
        location, interval, count, None, n_locations=10, n_intervals=7
    )
    points = np.column_stack([np.arange(10.0), np.zeros(10)])
    zones = _core.circles(points, points, great_circle=False)
    return _core.Scan(model, zones, _core.all_intervals(7, min_length=1, max_length=3))


def test_ctrl_c_stops_at_once() -> None:
    output = run("""
        scan = make_scan()
        sent = []

        def interrupt():
            time.sleep(0.5)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        for _ in range(3):
            threading.Thread(target=interrupt).start()
            try:
                scan.simulate(0, 10**7, seed=1)
            except KeyboardInterrupt:
                print(time.perf_counter() - sent[-1])
    """)
    delays = [float(delay) for delay in output.split()]
    assert len(delays) == 3
    assert min(delays) < 0.1  # others may be late where the machine is busy


def test_exit_ends_scans_of_daemon_threads() -> None:
    output = run("""
        scan = make_scan()
        thread = threading.Thread(target=lambda: scan.simulate(0, 10**7, seed=1), daemon=True)
        thread.start()
        time.sleep(0.3)
        print("exit", flush=True)
    """)
    assert output.split() == ["exit"]


def test_signal_handlers_run_while_a_scan_runs() -> None:
    output = run("""
        class Alarm(Exception):
            pass

        def handler(*_):
            raise Alarm

        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        scan = make_scan()
        try:
            scan.simulate(0, 10**7, seed=1)
        except Alarm:
            print("alarm")
        print(len(scan.simulate(0, 3, seed=1)))  # it can be used again
    """)
    assert output.split() == ["alarm", "3"]


def test_other_python_threads_go_on() -> None:
    output = run("""
        ticks = 0

        def tick():
            global ticks
            while running:
                ticks += 1
                time.sleep(0.01)

        running = True
        thread = threading.Thread(target=tick)
        thread.start()
        scan, began = make_scan(), time.perf_counter()
        while time.perf_counter() - began < 1:
            before = ticks
            scan.simulate(0, 64, seed=1)
        running = False
        thread.join()
        print(ticks)
    """)
    assert int(output) > 20


def test_progress_is_reported_to_the_end() -> None:
    output = run("""
        scan, shares = make_scan(), []
        scan.simulate(0, 500, seed=1, progress=shares.append)
        assert shares == sorted(shares), shares
        print(len(shares), shares[0], shares[-1])
    """)
    n, first, last = map(float, output.split())
    assert n >= 2
    assert 0 <= first < 1
    assert last == 1


def test_exception_of_the_callback_stops_the_scan() -> None:
    output = run("""
        def give_up(share):
            raise ZeroDivisionError("enough")

        began = time.perf_counter()
        try:
            make_scan().simulate(0, 10**7, seed=1, progress=give_up)
        except ZeroDivisionError as error:
            print(error, time.perf_counter() - began < 5)
    """)
    assert output.split() == ["enough", "True"]


def test_short_calls_cost_little() -> None:
    scan = small_scan()
    scan.simulate(0, 1, seed=1)
    best = np.inf
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(10):
            scan.simulate(0, 1, seed=1, n_threads=1)
        best = min(best, (time.perf_counter() - began) / 10)
    assert best < 0.002


def test_many_python_threads_share_one_scan() -> None:
    scan = small_scan()
    expected = scan.simulate(0, 50, seed=3)
    results: list[np.ndarray] = []

    def work() -> None:
        results.extend(scan.simulate(0, 50, seed=3) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 80
    assert all((result == expected).all() for result in results)


FORK = """
    scan = make_scan(n_locations=50, n_cases=500, n_days=30) if BEFORE else None
    if BEFORE:
        scan.simulate(0, 50, seed=1, n_threads=BEFORE)
    child = os.fork()
    if child == 0:
        try:
            scan = scan or make_scan(n_locations=50, n_cases=500, n_days=30)
            scan.simulate(0, 50, seed=1, n_threads=AFTER)
            print("done", flush=True)
        except RuntimeError as error:
            print(error, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (2, 2, "the process was then forked"),
        (2, 1, "done"),
        (1, 2, "done"),
        (None, 2, "done"),
    ],
)
def test_fork(before: int | None, after: int, expected: str) -> None:
    program = FORK.replace("BEFORE", repr(before)).replace("AFTER", repr(after))
    output = run(program)
    assert expected in output
    if expected != "done":
        assert "n_jobs=1" in output


def test_signals_module_is_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    small_scan().simulate(0, 5, seed=1)
    assert signal.getsignal(signal.SIGINT) is before
