#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What README.md and docs/ name has to exist. Needs no KVM.

Command lines of vitrine go through its own parser, make targets through make,
monitor commands through the command tables, paths through the file system. The gdb
sessions that the pages show are run by tests/gdb: see tests/rigs/shown.py.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "rigs"))
sys.dont_write_bytecode = True

import shown  # noqa: E402
from packages import BUILD  # noqa: E402

ROOMS = "hv|gdbstub|monitor|devices|tests|docs"
BARE_SUBCOMMANDS = ("check", "help", "version")


def pages():
    for page in shown.pages():
        yield str(page.relative_to(ROOT)), page.read_text()


def code(text):
    """Lines of code blocks, fenced or indented, and spans between backticks."""
    indented = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    fenced = [line.strip() for block in shown.code_blocks(text) for line in block]
    return [*indented, *fenced, *re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text,
                                                                  flags=re.M | re.S))]


def vitrine_words(line):
    """The arguments of vitrine in a line of a shell, None when it is no such line."""
    m = re.match(r"(?:[$#] )?(?:build/)?vitrine ((?:-|run\b|demo\b|monitor\b|check\b|help\b|version\b).*)", line)
    if not m:
        return None
    words = shlex.split(m[1], comments=True)
    for i, word in enumerate(words):
        if word in ("|", "&", ">", "&&", "2>&1") or word.startswith("<"):
            return words[:i]
    return words


def command_names(room):
    text = "".join(p.read_text() for p in sorted(room.glob("cmd_*.c")))
    names = re.findall(r"\.name = \"([^\"]+)\"", text)
    for aliases in re.findall(r"\.aliases = \"([^\"]+)\"", text):
        names += aliases.split("|")
    return set(names)


def environment():
    """This one without what a make around us says to its children."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}


def make_targets():
    said = subprocess.run(["make", "-pqrR", ":"], cwd=ROOT, env=environment(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", said, re.M))


def named_targets(text):
    """What code spans and shell lines of a page call by `make`."""
    found = set()
    for line in code(text):
        m = re.match(r"(?:\$ )?make ((?:[a-z][a-z-]* ?)+)", line)
        found |= set(m[1].split()) if m else set()
    return found


class Pages(unittest.TestCase):
    def test_command_lines_parse(self):
        seen = 0
        for page, text in pages():
            for line in code(text):
                words = vitrine_words(line)
                if not words or words[0] in BARE_SUBCOMMANDS and len(words) == 1:
                    continue
                seen += 1
                done = subprocess.run([BUILD / "vitrine", *words, "--help"], text=True, check=False,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 0, f"{page}: {line}: {done.stderr}")
        self.assertGreater(seen, 3)

    def test_paths_exist(self):
        for page, text in pages():
            for name in re.findall(rf"(?<![\w./-])(?:{ROOMS})/[\w./*-]*", text):
                # test_NAME.py and the like are patterns for a reader.
                if not re.search(r"[A-Z]{3}", name.removesuffix("README.md")):
                    self.assertTrue(list(ROOT.glob(name.rstrip("./") or name)), f"{page}: {name}")

    def test_links_lead_somewhere(self):
        for page, text in pages():
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
                self.assertTrue((ROOT / page).parent.joinpath(link).exists(), f"{page}: {link}")

    def test_make_targets_exist(self):
        targets = make_targets()
        for page, text in pages():
            for target in named_targets(text):
                self.assertIn(target, targets, page)

    def test_make_help_knows_the_readme(self):
        said = subprocess.run(["make", "-s", "help"], cwd=ROOT, env=environment(), text=True,
                              stdout=subprocess.PIPE, check=True).stdout
        listed = set()
        for names in re.findall(r"^make ([a-z|-]+)", said, re.M):
            listed |= set(names.split("|"))
        missing = named_targets((ROOT / "README.md").read_text()) - listed
        self.assertEqual(missing, set())

    def test_monitor_commands_exist(self):
        names = command_names(ROOT / "monitor")
        self.assertIn("info", names)
        for page, text in pages():
            for line in code(text):
                m = re.match(r"(?:(?:\(gdb\) )?monitor |\(vitrine\) )([a-z][a-z0-9_-]*)(?:/\w+)?(?: ([a-z]+))?",
                             line)
                if m:
                    self.assertIn(m[1], names, f"{page}: {line}")
                    if m[1] == "info" and m[2]:
                        self.assertIn(m[2], names, f"{page}: {line}")


    def test_machine_interface_is_documented(self):
        """The table of docs/qmp.md is that of the source, row for row."""
        source = (ROOT / "monitor" / "qmp_commands.c").read_text()
        rows = re.findall(r"^\t\{ \"([\w-]+)\",\s*\"([^\"]+)\"", source, re.M)
        page = (ROOT / "docs" / "qmp.md").read_text()
        self.assertGreater(len(rows), 15)
        self.assertEqual(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", page.split("## Events")[0], re.M), rows)


class WritingADevice(unittest.TestCase):
    """tests/docs/docs.mk builds the page's device and runs its test; here is what else the page says."""

    def setUp(self):
        text = (ROOT / "docs" / "writing-a-device.md").read_text()
        self.files = dict(re.findall(r"^<!-- file: (\S+) -->\n```c\n(.*?)^```$", text, re.M | re.S))
        self.shown = re.findall(r"^<!-- shown: kitchen0 -->\n```\n(.*?)^```$", text, re.M | re.S)

    def test_it_is_short(self):
        self.assertEqual(sorted(self.files), ["kitchen_timer.c", "test_kitchen_timer.c"])
        self.assertLess(sum(len(f.splitlines()) for f in self.files.values()), 100)

    def test_the_file_alone_puts_it_into_the_machine(self):
        # In a tree of links to this one, so that make builds one file and links.
        with tempfile.TemporaryDirectory(prefix="vitrine-page-") as tree:
            tree = pathlib.Path(tree)
            for path in (p for p in ROOT.iterdir() if p.name != "devices" and not p.name.startswith("build")):
                (tree / path.name).symlink_to(path)
            (tree / "devices").mkdir()
            for path in (ROOT / "devices").iterdir():
                (tree / "devices" / path.name).symlink_to(path)
            for room in ("devices", "gdbstub", "gen", "hv", "monitor"):
                shutil.copytree(BUILD / room, tree / "build" / room)
            (tree / "devices" / "kitchen_timer.c").write_text(self.files["kitchen_timer.c"])
            subprocess.run(["make", "-s", "build/vitrine"], cwd=tree, env=environment(),
                           stdout=subprocess.DEVNULL, check=True)
            self.in_the_machine(tree / "build" / "vitrine")

    def in_the_machine(self, program):
        if not os.access("/dev/kvm", os.W_OK):
            self.assertIn(b"a timer for eggs", program.read_bytes())
            return
        said = subprocess.run([program, "demo", "-S", "-serial", "none", "-gdb", "none", "-monitor", "stdio"],
                              input="info device kitchen0\nquit\n", text=True, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        self.assertEqual(len(self.shown), 1)
        self.assertIn(self.shown[0], said)


class Sessions(unittest.TestCase):
    PAGE = ("<!-- session: x -->\n```\n(gdb) p 1\n$1 = 0x17\n...\nend\n```\nwords\n```\n(gdb) p 2\n```\n"
            "<!-- end of session -->\n")

    def setUp(self):
        self.session = shown.sessions(self.PAGE)["x"]

    def test_each_has_a_test(self):
        for page, text in pages():
            self.assertEqual(text.count("<!-- session: "), text.count("<!-- end of session -->"), page)
            self.assertEqual(text.count("<!-- monitor: "), text.count("<!-- end of monitor -->"), page)
            self.assertEqual(len(shown.monitor_sessions(text)), text.count("<!-- monitor: "), page)
            for name in shown.sessions(text):
                self.assertTrue((ROOT / "tests" / "gdb" / f"test_{name}.py").exists(), f"{page}: {name}")

    def test_the_readme_has_one(self):
        self.assertIn("readme", shown.sessions((ROOT / "README.md").read_text()))

    def test_one_may_start_its_own_machine(self):
        page = ("<!-- monitor: y -->\n    $ vitrine -kernel k.elf -append 'a b'\n    Booting\n    (vitrine) stop\n"
                "<!-- end of monitor -->\n<!-- monitor: z -->\n    (vitrine) stop\n<!-- end of monitor -->\n")
        self.assertEqual(shown.started(page), {"y": (["-kernel", "k.elf", "-append", "a b"], ["Booting"])})
        self.assertEqual(sorted(shown.monitor_sessions(page)), ["y", "z"])

    def test_numbers_and_elided_text_may_differ(self):
        said = "(gdb) p 1\n$9 = 0x99\nwhatever\nend\n(gdb) p 3\n(gdb) p 2\n"
        self.assertIsNone(shown.difference(self.session, said))

    def test_other_output_is_told(self):
        self.assertIn("else", shown.difference(self.session, "(gdb) p 1\n$9 = else\nend\n(gdb) p 2\n"))

    def test_a_command_that_does_not_come_is_told(self):
        self.assertIn("p 2", shown.difference(self.session, "(gdb) p 1\n$1 = 0x17\nend\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
