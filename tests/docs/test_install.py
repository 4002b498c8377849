#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make install` puts where: the program, its manual pages, completion, the documents. Needs no KVM."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "rigs"))
sys.dont_write_bytecode = True

from packages import BUILD  # noqa: E402

PLACES = {
    "bin/vitrine": 0o755,
    "share/man/man1/vitrine.1": 0o644,
    "share/man/man7/vitrine-monitor.7": 0o644,
    "share/bash-completion/completions/vitrine": 0o644,
    "share/doc/vitrine/README.md": 0o644,
    "share/doc/vitrine/monitor.md": 0o644,
    "share/doc/vitrine/LICENSE": 0o644,
}


def run(*argv, **kwargs):
    return subprocess.run([str(a) for a in argv], text=True, check=True, stdout=subprocess.PIPE, **kwargs).stdout


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = pathlib.Path(tempfile.mkdtemp(prefix="vitrine-install-"))
        cls.root = cls.base / "root"
        env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
        subprocess.run(["make", "-s", "install", f"DESTDIR={cls.root}", "PREFIX=/opt/vitrine"], cwd=ROOT, env=env,
                       stdout=subprocess.DEVNULL, check=True)
        cls.prefix = cls.root / "opt" / "vitrine"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.base)

    def page(self, name):
        """The text of a manual page, a blank between words."""
        if not shutil.which("mandoc"):
            self.skipTest("mandoc is missing: make deps installs it")
        path = self.prefix / f"share/man/man{name[-1]}" / name
        text = run("mandoc", "-Tutf8", "-Owidth=500", path)
        return " ".join(re.sub(".\b", "", text).split())

    def test_files(self):
        for place, mode in PLACES.items():
            self.assertEqual((self.prefix / place).stat().st_mode & 0o777, mode, place)
        self.assertEqual([p.name for p in self.root.iterdir()], ["opt"])
        self.assertTrue(run(self.prefix / "bin/vitrine", "version").startswith("vitrine "))

    def test_manual_pages_are_clean(self):
        for section, name in (1, "vitrine.1"), (7, "vitrine-monitor.7"):
            self.page(name)
            path = self.prefix / f"share/man/man{section}/{name}"
            said = subprocess.run(["mandoc", "-Tlint", path], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False).stdout
            # Pages that are not installed on this machine are no mistake in ours.
            found = [line for line in said.splitlines() if "referenced manual not found" not in line]
            self.assertEqual(found, [])

    def test_every_option_has_its_place(self):
        page = self.page("vitrine.1")
        for command in (["--help"], ["monitor", "--help"]):
            for name in re.findall(r"^  (-[\w-]+)", run(BUILD / "vitrine", *command), re.M):
                self.assertIn(f" {name} ", page)

    def test_every_command_has_its_place(self):
        page = self.page("vitrine-monitor.7")
        document = (ROOT / "docs" / "monitor.md").read_text()
        names = set()
        for source in (ROOT / "monitor").glob("cmd_*.c"):
            names |= set(re.findall(r"^\t\t\.name = \"([^\"]+)\"", source.read_text(), re.M))
        self.assertIn("info", names)
        self.assertEqual({n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", page)}, set())
        self.assertEqual({n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", document)}, set())

    def complete(self, *words):
        """What bash offers for the last of the words."""
        script = (f"source {self.prefix}/share/bash-completion/completions/vitrine; "
                  "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _vitrine; printf '%s\\n' \"${COMPREPLY[@]}\"")
        env = dict(os.environ, PATH=f"{self.prefix}/bin:{os.environ['PATH']}", XDG_RUNTIME_DIR=str(self.base))
        return run("bash", "-c", script, "bash", "vitrine", *words, env=env, cwd=ROOT).split()

    def test_completion(self):
        self.assertEqual(self.complete("mon"), ["monitor"])
        self.assertIn("-kernel", self.complete("-ker"))
        self.assertEqual(self.complete("demo", "-app"), ["-append"])
        self.assertEqual(self.complete("-kernel", "READ"), ["README.md"])
        self.assertEqual(self.complete("-serial", "std"), ["stdio"])
        self.assertEqual(self.complete("-append", ""), [])
        self.assertEqual(self.complete("monitor", "-li"), ["-list"])
        self.assertEqual(self.complete("monitor", "x", "-c", "backt"), ["backtrace"])
        self.assertEqual(self.complete("monitor", "docs/monit"), ["docs/monitor.md"])
        self.assertEqual(self.complete("check", ""), [])

    def test_completion_of_machines(self):
        if not os.access("/dev/kvm", os.W_OK):
            self.skipTest("no /dev/kvm: no machine to find")
        with subprocess.Popen([BUILD / "vitrine", "demo", "-name", "completed", "-S", "-serial", "none", "-gdb", "none",
                               "-monitor", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env=dict(os.environ, XDG_RUNTIME_DIR=str(self.base))) as vm:
            # Its socket is there before its prompt.
            vm.stdin.write(b"info status\n")
            vm.stdin.flush()
            self.assertIn(b"vitrine", vm.stdout.readline())
            self.assertEqual(self.complete("monitor", "compl"), ["completed"])
            vm.communicate(b"quit\n", timeout=300)


if __name__ == "__main__":
    unittest.main(verbosity=2)
