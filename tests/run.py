#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests and says how it went.

Suites: unit (programs build/tests/unit*/run), and on each place where KVM is
to be had (native, vmx, svm; see tests/rigs/place.py) the scripts
tests/rigs/test_*.sh, which run inside, the scripts tests/gdb/test_*.py, which
run inside a real gdb, and the scenarios tests/rigs/test_*.py, which drive the
place from outside. One line for each test; the last line counts them. What a
test says of itself in its first lines is described in tests/rigs/README.md.
"""
import argparse
import fnmatch
import os
import pathlib
import re
import signal
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "rigs"))
sys.dont_write_bytecode = True

import suites  # noqa: E402
from packages import Missing  # noqa: E402
from place import PLACES, close_all  # noqa: E402
from process import Failure, PlaceDied  # noqa: E402


class Report:
    """Counts and prints results; any thread."""

    def __init__(self, only, verbose):
        self._only = only
        self._verbose = verbose
        self._lock = threading.Lock()
        self.passed = self.failed = self.skipped = 0

    def wanted(self, name):
        return not self._only or any(fnmatch.fnmatch(name, f"*{p}*") for p in self._only)

    def _line(self, word, name, seconds, text=""):
        if seconds is not None:
            name = f"{name} ({seconds:.1f} s)"
        print(f"{word:4} {name}{text}", flush=True)

    def ok(self, name, seconds, details=""):
        with self._lock:
            self.passed += 1
            self._line("ok", name, seconds)
            if self._verbose and details:
                print(_indent(details), flush=True)

    def fail(self, name, seconds, details=""):
        with self._lock:
            self.failed += 1
            self._line("FAIL", name, seconds)
            print(_indent(details), flush=True)

    def skip(self, name, why):
        with self._lock:
            self.skipped += 1
            self._line("skip", name, None, f": skipped: {why}")

    def note(self, text):
        with self._lock:
            print(text, flush=True)

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped", flush=True)
        return 1 if self.failed else 0


def _indent(text):
    return re.sub(r"^", "    | ", text.rstrip(), flags=re.M)


def run_unit(report, sanitized):
    programs = suites.unit_programs(sanitized)
    if not programs:
        report.fail("unit", 0, "no unit tests are built: run make unit-programs")
    for results in (*map(suites.run_python_tests, suites.PYTHON_TESTS),
                    *map(suites.run_unit_program, programs)):
        for result in results:
            if not report.wanted(result.name):
                continue
            if result.outcome == "skip":
                report.skip(result.name, result.text or "the test says so")
            elif result.outcome == "ok":
                report.ok(result.name, result.seconds)
            else:
                report.fail(result.name, result.seconds, result.text)


def run_place(kind, report):
    """All tests of one place. The place is opened when the first test needs it."""
    tests = [t for t in suites.place_tests(kind.name) if report.wanted(t.name)]
    place = None
    try:
        for test in tests:
            if not place:
                started = time.monotonic()
                try:
                    place = kind()
                except Missing as e:
                    for t in tests:
                        report.skip(t.name, str(e))
                    return
                report.note(f"     {kind.name} is up ({time.monotonic() - started:.1f} s, of which "
                            f"{place.processor_seconds():.1f} s of processor time)")
            place = run_test(test, place, report)
    except PlaceDied as e:
        report.fail(f"{kind.name}/boot", 0, str(e))
    except Exception as e:  # this is a thread: nobody else would count what it did not run
        report.fail(f"{kind.name}/boot", 0, suites.describe(e))
    finally:
        if place:
            place.close()


def run_test(test, place, report):
    """Runs @test; returns the place, or None when it has to be opened anew."""
    started = time.monotonic()
    cost = place.processor_seconds()
    try:
        details = test.run(place)
        cost = place.processor_seconds() - cost
        report.ok(test.name, time.monotonic() - started,
                  details + (f"\n[emulation took {cost:.1f} s of processor time]" if cost else ""))
        return place
    except (suites.Skip, Missing) as e:
        report.skip(test.name, str(e))
        return place
    except PlaceDied as e:
        report.fail(test.name, time.monotonic() - started, f"{e}")
    except Exception as e:  # whatever a test raises is its failure
        text = str(e) if isinstance(e, (Failure, TimeoutError)) else suites.describe(e)
        report.fail(test.name, time.monotonic() - started, f"{text}\n{place.diagnosis()}")
        place.end_processes()
        if place.usable():
            return place
    place.close()
    return None


def parse_arguments():
    parser = argparse.ArgumentParser(description="Runs vitrine's tests.")
    parser.add_argument("--quick", action="store_true", help="unit tests and the native place")
    parser.add_argument("--suite", choices=["unit"], help="unit tests alone")
    parser.add_argument("--place", action="append", choices=sorted(PLACES), default=[],
                        help="this place alone (may be given again)")
    parser.add_argument("--only", action="append", metavar="PATTERN",
                        help="tests whose name contains PATTERN (* and ? match as in a shell)")
    parser.add_argument("-v", "--verbose", action="store_true", help="show output of tests that pass")
    return parser.parse_args()


def main():
    args = parse_arguments()
    # A terminated run unwinds like an interrupted one: the places are closed.
    # (A shell starts what it runs in the background with SIGINT ignored.)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    os.chdir(ROOT)
    report = Report(args.only, args.verbose)
    places = args.place or ([] if args.suite else ["native"] if args.quick else list(PLACES))
    workers = [threading.Thread(target=run_place, args=(PLACES[name], report), daemon=True)
               for name in places if name != "native"]
    try:
        # What measures time comes first, alone; the emulated machines run side by side.
        if not args.place:
            run_unit(report, sanitized=not (args.quick or args.suite))
        if "native" in places:
            run_place(PLACES["native"], report)
        for worker in workers:
            worker.start()
        for worker in workers:
            while worker.is_alive():
                worker.join(1)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        close_all()
        # The threads of the places have nothing left to say.
        os._exit(130)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
