# SPDX-License-Identifier: GPL-3.0-or-later
"""The gdb sessions that README.md and docs/ print, for tests to run and to compare.

A session is what stands in code blocks between "<!-- session: NAME -->" and
"<!-- end of session -->". It is what tests/gdb/test_NAME.py does: a test may do
more, but what the page shows has to come, in that order. Numbers may differ,
and a line "..." of a page stands for any text. (Compilers choose addresses and
line numbers, and the guest's interrupts do not count gdb's commands.)
"""
import re
import shlex

from packages import ROOT

PROMPT = "(gdb) "
MONITOR_PROMPT = "(vitrine) "


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def code_blocks(text):
    """The lines of each indented or fenced code block."""
    blocks, block, fenced = [], [], False
    for line in [*text.splitlines(), ""]:
        if line.startswith("```"):
            fenced = not fenced
            if not fenced:
                blocks.append(block)
                block = []
        elif fenced:
            block.append(line)
    return blocks


def commands(lines, prompt=PROMPT):
    """[(command, [line of output])] of a session; what comes before the first command is left out."""
    out = []
    for line in lines:
        if line.startswith(prompt):
            out.append((line[len(prompt):].strip(), []))
        elif out:
            out[-1][1].append(line)
    return out


def sessions(text):
    """{name: [(command, [line])]} of a page."""
    found = {}
    for name, body in re.findall(r"^<!-- session: (\w+) -->$(.*?)^<!-- end of session -->$", text,
                                 re.M | re.S):
        lines = [line for block in code_blocks(body) for line in block]
        found.setdefault(name, []).extend(commands(lines))
    return found


def monitor_sessions(text):
    """The same of the monitor's sessions, which tests/rigs/test_monitor.py types to the demo guest.

    They stand between "<!-- monitor: NAME -->" and "<!-- end of monitor -->"; each begins at the
    guest's first instruction, or where started() says.
    """
    return {name: commands(lines, MONITOR_PROMPT) for name, lines in _monitor_bodies(text)}


def started(text):
    """{name: (words, [line])} of those sessions that begin with a shell's "$ vitrine …": the options, and
    what comes on the guest's console before the first command. tests/rigs/test_cookbook.py does them.
    """
    found = {}
    for name, lines in _monitor_bodies(text):
        lines = [line for line in lines if line and not line.startswith("```")]
        if lines and lines[0].startswith("$ vitrine "):
            first = next(i for i, line in enumerate(lines) if line.startswith(MONITOR_PROMPT))
            found[name] = (shlex.split(lines[0])[2:], lines[1:first])
    return found


def _monitor_bodies(text):
    for name, body in re.findall(r"^<!-- monitor: (\w+) -->$(.*?)^<!-- end of monitor -->$", text, re.M | re.S):
        yield name, [line[4:] if line.startswith("    ") else line for line in body.splitlines()]


def _command(text):
    return re.sub(r"^(target remote) .*", r"\1", text)


_VARYING = (
    (r"^\[Switching to .*", ""),
    # What gdb says to a person in the middle of a command comes out of order in a script.
    (r"^(Continuing\.|triple fault: .*|#[A-Z]{2} .* at 0x.*|write (to|of) .*: 0x.*|(Run till exit from|Remote debugging using|Detaching from program:) .*)$", ""),
    # Which vCPU is the current one, and what the others are doing.
    (r"^[* ] +\d+ +(Thread \S+ \"vCPU\d+\").*", r"\1"),
    # Where Ctrl-C finds the guest, and where a late gdb does.
    (r"(received signal SIGINT.*\n).*", r"\1"),
    (r"^0x[0-9a-f]+ in (native_safe_halt|default_idle|acpi_idle_enter|pv_native_\w+) \(\)$", "idle"),
    (r"0x[0-9a-f]+", "0x"),
    (r"\d+", "0"),
)


def normal(lines):
    """Output without what differs from run to run; line breaks count as blanks."""
    text = "\n".join(line.rstrip() for line in lines)
    for pattern, replacement in _VARYING:
        text = re.sub(pattern, replacement, text, flags=re.M)
    return " ".join(text.split())


def same(shown, said):
    parts = re.split(r"^\.\.\.$", "\n".join(shown), flags=re.M)
    pattern = ".*".join(re.escape(normal(part.splitlines())) for part in parts)
    return re.fullmatch(pattern, normal(said)) is not None


def difference(session, output):
    """None when gdb's @output has all that @session shows, or what is missing."""
    said = iter(commands(output.splitlines()))
    for command, shown in session:
        seen = []
        for typed, lines in said:
            if _command(typed) != _command(command):
                continue
            if same(shown, lines):
                break
            seen.append("\n".join(lines))
        else:
            return (f"after {PROMPT}{command} the page shows\n" + "\n".join(shown) + "\nbut gdb says\n" +
                    ("\n- or -\n".join(seen) or "nothing: the test does not do that"))
    return None


def check(test, output, about=""):
    """Compares @output of tests/gdb/test_@test.py with the pages; returns a text about the first difference.

    @about: the version of the guest. What a page says of another one need not be the same, but
    for the commands.
    """
    for page in pages():
        text = page.read_text()
        session = sessions(text).get(test)
        if session and about not in text:
            session = [(command, ["..."]) for command, _ in session]
        wrong = session and difference(session, output)
        if wrong:
            return f"{page.relative_to(ROOT)} is no longer true: {wrong}"
    return None
