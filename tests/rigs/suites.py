# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to run, and how each kind of test is run."""
import dataclasses
import importlib.util
import os
import re
import subprocess
import sys
import time
import traceback

import gdbrun
from packages import BUILD, ROOT
from process import Failure

SKIP_STATUS = 77


class Skip(Exception):
    pass


def describe(error):
    return "".join(traceback.format_exception(error))


# --- unit ---


@dataclasses.dataclass
class UnitResult:
    name: str
    outcome: str  # ok, fail, skip
    seconds: float
    text: str


def unit_programs(sanitized):
    """Criterion programs of this build and, with @sanitized, of those beside it."""
    builds = [BUILD]
    if sanitized:
        builds += sorted(p for p in ROOT.glob("build-*san") if p != BUILD)
    return [p for b in builds for p in sorted(b.glob("tests/unit*/run"))]


_RESULT = re.compile(r"^\[(PASS|FAIL|SKIP)\] (\S+?::\S+?)(?::(.*?)(?:\(([\d.]+)s\))?)?$", re.M)
_UNIT_TIMEOUT = 1800


def run_unit_program(program):
    """Yields a UnitResult for each test of a Criterion program, or of tests/tsan's runner."""
    build = program.parents[2].name
    prefix = program.parent.name if build == "build" else f"{program.parent.name}-{build[6:]}"
    env = dict(os.environ, LSAN_OPTIONS=f"suppressions={ROOT}/tests/lsan.supp:print_suppressions=0")
    started = time.monotonic()
    try:
        done = subprocess.run([program, "--verbose"], cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=_UNIT_TIMEOUT)
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as e:
        output, status = (e.stdout or b"").decode(errors="replace"), "a timeout"
    failed = False
    for mark, name, text, seconds in _RESULT.findall(output):
        outcome = {"PASS": "ok", "FAIL": "fail", "SKIP": "skip"}[mark]
        failed |= outcome == "fail"
        yield UnitResult(f"{prefix}/{name}", outcome, float(seconds or 0),
                         _messages(output, name) if outcome == "fail" else text.strip())
    if status != 0 and not failed:
        yield UnitResult(f"{prefix}/run", "fail", time.monotonic() - started,
                         f"{program} ended with {status}:\n{output[-3000:]}")


_PYTHON_TEST = re.compile(r"^(test_\w+) \((\S+?)\).* \.\.\. (ok|FAIL|ERROR|skipped.*)$", re.M)

# Python's own unit tests, by the name that their results go under.
PYTHON_TESTS = {
    "harness": ROOT / "tests" / "rigs" / "selftest.py",
    "docs": ROOT / "tests" / "docs" / "test_docs.py",
    "install": ROOT / "tests" / "docs" / "test_install.py",
}


def run_python_tests(suite):
    """Yields a UnitResult for each test of the program of @suite."""
    done = subprocess.run([sys.executable, PYTHON_TESTS[suite]], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    failed = False
    for name, where, outcome in _PYTHON_TEST.findall(done.stdout):
        where = re.sub(r"^__main__\.|\." + name, "", where)
        bad = outcome in ("FAIL", "ERROR")
        failed |= bad
        yield UnitResult(f"{suite}/{where}::{name.removeprefix('test_')}",
                         "fail" if bad else "ok" if outcome == "ok" else "skip", 0,
                         done.stdout[-4000:] if bad else "")
    if done.returncode and not failed:
        yield UnitResult(f"{suite}/run", "fail", 0, done.stdout[-4000:])


def _messages(output, name):
    """What was printed before the result line of test @name."""
    lines = output.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith(f"[FAIL] {name}"))
    first = end
    while first and not re.match(r"\[(PASS|FAIL|SKIP|====)\]", lines[first - 1]):
        first -= 1
    return "\n".join(lines[max(first, end - 40):end + 1])


# --- tests on a place ---


def _header(path):
    """{key: text} of the lines "# key: text" at the top of a test."""
    head = {}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            if line.strip():
                break
            continue
        m = re.match(r"# ([a-z]+): (.*)$", line)
        if m:
            head[m[1]] = m[2].strip()
    return head


def _runs_on(head, place):
    return place in head.get("places", "native vmx svm").split()


def _require(head, place):
    """Raises Skip when @place lacks what the test's line "# needs: ..." names."""
    for need in head.get("needs", "").split():
        if why := place.lacks(need):
            raise Skip(why)


class ShellTest:
    """A script that runs inside: exit status 0 passes, 77 skips."""

    def __init__(self, place, path, head):
        self.name = f"{place}/{path.stem.removeprefix('test_')}"
        self._path = path
        self._head = head
        self._timeout = int(head.get("timeout", gdbrun.TIMEOUT))

    def run(self, place):
        _require(self._head, place)
        script = place.script(self._path)
        done = place.run(f"VITRINE_PLACE={place.name} GUESTS={place.guests} "
                         f"exec {script}", self._timeout)
        if done.status == SKIP_STATUS:
            raise Skip((done.text.strip().splitlines() or ["no reason given"])[-1])
        if done.status:
            raise Failure(f"exit status {done.status}\n{done.tail}")
        return done.text


class ScenarioTest:
    """A Python function test_*(place) of a module that drives the place from outside."""

    def __init__(self, place, path, head, function):
        self.name = f"{place}/{path.stem.removeprefix('test_')}/{function.__name__.removeprefix('test_')}"
        self._head = head
        self._function = function

    def run(self, place):
        _require(self._head, place)
        return self._function(place) or ""


class GdbTest:
    """A script that runs inside gdb, attached to a vitrine that was started for it."""

    def __init__(self, place, path, head):
        self.name = f"{place}/gdb/{path.stem.removeprefix('test_')}"
        self._path = path
        self._head = head

    def run(self, place):
        _require(self._head, place)
        return gdbrun.run_script(place, self._path, self._head)


def _scenarios(place, path, head):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [ScenarioTest(place, path, head, f) for n, f in vars(module).items()
            if n.startswith("test_") and callable(f)]


def place_tests(place):
    """The tests of a place: first what judges the place itself."""
    tests = []
    rigs, gdb = ROOT / "tests" / "rigs", ROOT / "tests" / "gdb"
    for kind, paths in ((ShellTest, sorted(rigs.glob("test_*.sh"))),
                        (GdbTest, sorted(gdb.glob("test_*.py")))):
        for path in paths:
            head = _header(path)
            if _runs_on(head, place):
                tests.append(kind(place, path, head))
    for path in sorted(rigs.glob("test_*.py")):
        head = _header(path)
        if _runs_on(head, place):
            tests += _scenarios(place, path, head)
    return tests

