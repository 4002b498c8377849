# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""The monitor with a guest behind it: what each command shows, and that the guest does as it is told."""
import re
import subprocess
import time

import shown
from packages import BUILD
from process import PATIENCE
from suites import Skip

PROMPT = r"\(vitrine\) "


class Session:
    """Commands to the monitor on stdio; each returns its output."""

    def __init__(self, place, *options):
        self.vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-smp", 2, "-serial", "none",
                                    "-monitor", "stdio", "-gdb", "none", *options], gdb=False)
        # The greeting is on standard error, and may come before the prompt or behind it.
        self.seen = max(self.vitrine.expect(text, PATIENCE).end() for text in (PROMPT, r"Ctrl-A x quits\.\r?\n"))

    def __call__(self, command, then=PROMPT, timeout=PATIENCE):
        self.vitrine.write(command.encode() + b"\n")
        match = self.vitrine.expect(then, timeout, after=self.seen)
        text = self.vitrine.output[self.seen:match.end()].decode(errors="replace")
        self.seen = match.end()
        return text

    def number(self, expression):
        return int(re.search(r"0x([0-9a-f]+)", self(f"print {expression}"))[1], 16)

    def quit(self):
        self.vitrine.write(b"quit\n")
        assert self.vitrine.wait() == 0, self.vitrine.tail


def _symbol(name):
    listing = subprocess.run(["nm", BUILD / "guests/demo.elf"], capture_output=True, text=True,
                             check=True).stdout
    return int(re.search(rf"^([0-9a-f]+) \w {name}$", listing, re.M)[1], 16)


def check(pattern, text):
    assert re.search(pattern, text), f"no match of {pattern!r} in:\n{text}"


def test_look_and_step(place):
    m = Session(place, "-S")
    check("created", m("info status"))
    check(r"RIP|rip", m("info registers"))
    check(r"\* CPU #0", m("info cpus"))
    check(r"=> 0x[0-9a-f]{16} <\S+>:  \w+", m("x/3i $pc"))
    before = m.number("$pc")
    check(r"=> 0x", m("step"))
    after = m.number("$pc")
    assert before != after, "the step did not move"
    check(r"20 steps done", m("step 20"))
    m("set rax 0x1234")
    assert m.number("$rax") == 0x1234
    m("writep 0x8000 1 2 \"hello\" 0")
    check("hello", m("xp/s 0x8002"))
    check("0x01 0x02", m("xp/2xb 0x8000"))
    check("serial0", m("info device"))
    check("lsr", m("info device serial0"))
    check("ram", m("info mtree"))
    check("64 MiB", m("info mem"))
    check(r"cr3 0x|no register", m("info registers cr3"))
    check("reset by", m("system_reset"))
    check(f"0x{before:x}", m("print $pc"))
    m.quit()


def test_symbols(place):
    m = Session(place, "-S")
    beat = _symbol("beat")
    check(r"\d+ symbols from \S*demo.elf, slide 0x0", m("symbols status"))
    check("<pvh_start>", m("x/i $pc"))
    assert m.number("beat + 1") == beat + 1
    check(rf"beat\+0x1 \(code, {beat:#x} to", m(f"symbol {beat + 1:#x}"))
    check(rf"{beat:#x}\s+\d+ t beat", m("list-symbols bea?"))
    check("several symbols|no symbol has this name", m("print no_such_thing"))
    m.quit()


def test_address_spaces(place):
    m = Session(place, "-S")
    beat = _symbol("beat")
    check("paging is off", m("info pg"))
    m(f"break {beat:#x}")
    if place.name == "svm":
        raise Skip("QEMU's interpreter has no breakpoints")
    m("cont", then=rf"(?s)stopped: breakpoint 1, .*{PROMPT}")
    begin = time.monotonic()
    text = m("info pg")
    took = time.monotonic() - begin
    rows = [(int(a, 16), int(b, 16)) for a, b in re.findall(r"^([0-9a-f]{16})-([0-9a-f]{16})", text, re.M)]
    assert any(a <= beat <= b for a, b in rows), text
    assert all(a[1] < b[0] for a, b in zip(rows, rows[1:])), text
    gpa = int(re.search(r"0x([0-9a-f]+)  page", m("gva2gpa beat"))[1], 16)
    check(rf"{beat:#x}  page .* -r-x", m(f"gpa2gva {gpa:#x}"))
    check(rf"\({gpa:#x}\)|for {gpa:#x} \(ram\) is 0x", m(f"gpa2hva {gpa:#x}"))
    assert m(f"xp/8xb {gpa:#x}").split(":")[1].split()[:8] == m("x/8xb beat").split(":")[1].split()[:8]
    check("#1 .*clock_tick", m("backtrace"))
    m.quit()
    return f"info pg: {took * 1000:.1f} ms with the answer's way to here"


def test_interrupt_controllers(place):
    m = Session(place)
    # Until the second vCPU has been started and the timer beats.
    until = time.monotonic() + PATIENCE
    while "SVR 0x13f: on" not in m("info lapic 1") or "periodic" not in m("info lapic 0"):
        assert time.monotonic() < until, "the guest does not come up"
    check("stopped: paused", m("stop"))
    text = m("info lapic 0")
    check("local APIC at 0xfee00000, xAPIC, of the bootstrap processor", text)
    check(r"ICR 0x\w+: vector 0x(08 SIPI to all but itself|31 to APIC 0x1)", text)
    check(r"LVT timer    0x00020030: vector 0x30, periodic\r?\n", text)
    check(r"timer: initial count \d+, current count \d+, divided by 1\b", text)
    check(r"ID 0x1,", m("info lapic 1"))
    check(r"no such vCPU", m("info lapic 2"))
    check(r"input 4  0x\w+: vector .* masked", m("info ioapic"))
    check(r"master 8259 \(inputs 0-7\): vectors 0x20-0x27", m("info pic"))
    check(r"channel 0 \(GSI 0\): ", m("info pit"))
    # A look changes nothing.
    assert text.splitlines()[1:7] == m("info lapic 0").splitlines()[1:7]
    check(r"GSI 4, down: 0 raised.*\s+from serial0: 0 raised, 0 acknowledged", m("info irq"))
    m.quit()


def test_pages_show_what_is_said(place):
    """The sessions with the monitor that the pages print."""
    if place.name == "svm":
        raise Skip("QEMU's interpreter has no breakpoints")
    for page in shown.pages():
        text = page.read_text()
        for name, session in shown.monitor_sessions(text).items():
            if name in shown.started(text):
                continue
            m = Session(place, "-S")
            for command, expected in session:
                stops = any(line.startswith("stopped: ") for line in expected)
                said = m(command, then=rf"(?s)stopped: .*{PROMPT}" if stops else PROMPT)
                lines = [line for line in said.splitlines() if line.strip() and not
                         re.fullmatch(r"(\(vitrine\) )+", line)]
                assert shown.same(expected, lines), (f"{page.name}, {name}: {command} says\n" +
                                                     "\n".join(lines))
            m.quit()


def test_run_and_stop(place):
    m = Session(place)
    check("running", m("info status"))
    beats = _symbol("heartbeat")
    for _ in range(5):
        check("stopped: paused", m("stop"))
        m("cont")
    # The guest goes on counting.
    first = m(f"x/xg {beats:#x}")
    end = time.monotonic() + PATIENCE
    while m(f"x/xg {beats:#x}") == first:
        check("vCPU|CPU", m("info cpus"))
        assert time.monotonic() < end, "the guest does not count"
    check("already running", m("cont"))
    check("stop. it first", m("step"))
    m.quit()


def test_breakpoints(place):
    if place.name == "svm":
        raise Skip("QEMU's interpreter has none of what they need")
    beat, heartbeat = _symbol("beat"), _symbol("heartbeat")
    m = Session(place, "-S")
    # Before there is a page table that knows the address.
    check(r"breakpoint 1 at", m(f"break {beat:#x}"))
    m("cont", then=rf"(?s)stopped: breakpoint 1, vCPU 0 at {beat:#x}.*{PROMPT}")
    check(rf"1   break  {beat:#018x} 1    1 ", m("info breakpoints"))
    check(rf"=> {beat:#018x} <beat>:", m("x/i $pc"))
    assert m(f"x/4xb {beat:#x}").split()[1] != "0xcc", "our own instruction shows"
    m("step")
    m("cont", then=rf"(?s)stopped: breakpoint 1, vCPU 0 at {beat:#x}.*{PROMPT}")
    m("delete 1")
    check("watchpoint 2", m(f"watch {heartbeat:#x} 8"))
    m("cont", then=rf"(?s)stopped: watchpoint 2: {heartbeat:#x} was written.*{PROMPT}")
    check("1 deleted", m("delete all"))
    m("cont")
    check("running", m("info status"))
    m.quit()


def test_watch_with_a_condition(place):
    """The guest writes a word all the time, and stops when it is a multiple of 64."""
    if place.name == "svm":
        raise Skip("QEMU's interpreter has no watchpoints")
    m = Session(place, "-S")
    m("tbreak beat")
    m("cont", then=rf"(?s)stopped: .*{PROMPT}")
    check("watchpoint 2 at", m("watch heartbeat if u64(heartbeat) % 64 == 0"))
    for _ in range(3):
        before = m.number("u64(heartbeat)")
        check("stopped: watchpoint 2", m("cont", then=rf"(?s)stopped: .*{PROMPT}"))
        assert m.number("u64(heartbeat)") == before // 64 * 64 + 64
    check(r"condition \(asked \d\d+ times\)\s+if u64", m("info breakpoints"))
    # A single step behind the access goes by without it.
    m("condition 2 0")
    check("40 steps done", m("step 40"))
    m("condition 2")
    before = m.number("u64(heartbeat)")
    check("stopped: watchpoint 2", m("cont", then=rf"(?s)stopped: .*{PROMPT}"))
    assert m.number("u64(heartbeat)") == before + 1
    m.quit()
