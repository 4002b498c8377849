# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""The monitor makes a guest run and stop: conditions of breakpoints, and what follows a stop."""
import re
import tempfile
import time

from process import PATIENCE
from suites import Skip
from test_monitor import PROMPT, Session, check


def needs_breakpoints(place):
    if place.name == "svm":
        raise Skip("QEMU's interpreter has no breakpoints")


def stop_at(m, bp):
    return m("cont", then=rf"(?s)stopped: breakpoint {bp}, .*{PROMPT}")


def test_conditions(place):
    needs_breakpoints(place)
    m = Session(place, "-S")
    check("temporary breakpoint 1", m("tbreak beat if u64(heartbeat) == 5"))
    stop_at(m, 1)
    assert m.number("u64(heartbeat)") == 5
    check("no breakpoints", m("info breakpoints"))
    m("break beat if u64(heartbeat) % 4 == 0")
    for expected in (8, 12):
        stop_at(m, 2)
        assert m.number("u64(heartbeat)") == expected
    asked = int(re.search(r"condition \(asked (\d+) times\)", m("info breakpoints"))[1])
    assert asked >= 7, asked
    m("ignore 2 2")
    stop_at(m, 2)
    assert m.number("u64(heartbeat)") == 24
    m("condition 2")
    stop_at(m, 2)
    assert m.number("u64(heartbeat)") == 25
    m("condition 2 u8(1 << 40)")
    check("cannot be evaluated: memory at 0x10000000000 cannot", stop_at(m, 2))
    m.quit()


def test_to_places(place):
    needs_breakpoints(place)
    m = Session(place, "-S")
    m("until beat")
    check("<beat>", m("x/i $pc"))
    check("no breakpoints", m("info breakpoints"))
    text = m("next-branch")
    check(r"from 0x[0-9a-f]+ <beat\+\S+> to 0x[0-9a-f]+ <clock_tick\+\S+>, \d+ instructions", text)
    check("=> 0x[0-9a-f]+ <clock_tick", text)
    m("display/x u64(heartbeat)")
    check(r"(?s)stopped: .*1: print/x u64\(heartbeat\)\s+0x0000000000000002", m("until beat+7") + m("until beat+7"))
    m("undisplay 1")
    number = re.search(r"breakpoint (\d+) at", m("break beat if u64(heartbeat) == 6"))[1]
    m(f"commands {number}", then="> ")
    m("print u64(heartbeat) * 7", then="> ")
    m("end")
    m("cont", then=r"(?s)stopped: breakpoint \d+, .*0x2a  42\s")
    m.quit()


def test_nmi(place):
    needs_breakpoints(place)
    m = Session(place, "-S")
    m("until beat")
    check("sees it when it runs", m("nmi"))
    m("until vector_2")
    check("<vector_2>", m("x/i $pc"))
    m.quit()


def test_wait(place):
    m = Session(place)
    m("wait 0.01")
    check("has not stopped in that time", m("wait until stopped 0.01"))
    m("stop")
    m("wait")
    m.quit()


def run_script(place, text, *options):
    with tempfile.NamedTemporaryFile("w", suffix=".mon") as script:
        script.write(text)
        script.flush()
        vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-S", "-serial", "none", "-monitor", "none",
                               "-gdb", "none", "-monitor-script", script.name, *options], gdb=False)
        status = vitrine.wait()
        return status, vitrine.output.decode(), script.name


def test_batch(place):
    if place.name != "native":
        raise Skip("the script is a file of this machine")
    status, output, _ = run_script(place, "tbreak beat if u64(heartbeat) == 3\ncont\nwait until stopped 60\n"
                                          "print u64(heartbeat)\nquit 7\n")
    check("stopped: breakpoint 1", output)
    check("0x3  3", output)
    assert status == 7, (status, output)
    status, output, name = run_script(place, "print 1\nfrob\nprint 99\n")
    check(f"vitrine: {name}:2: no such command", output)
    assert status == 1 and "99" not in output, (status, output)


def test_ports_and_tables(place):
    m = Session(place, "-S")
    check("0x03fd: 0x60", m("i 0x3fd"))
    m("o 0x3ff 0x5a")
    check("0x03ff: 0x5a", m("i/xb 0x3ff"))
    check("0x20 belongs to the PIC, which is inside KVM", m("i 0x20"))
    check("nobody answers at port 0x5555", m("i 0x5555"))
    check(r"00000001 00000000 [0-9a-f]{8} ", m("info cpuid"))
    check(r"(?s)features: fpu .*\blm\b", m("info cpuid"))
    check(r"c0000082 lstar\s+[0-9a-f]{16}", m("info msr"))
    # By number and by name, whatever of it was looked at before.
    m("set msr(0xc0000082) 0xffffffff81001234")
    check("0xffffffff81001234", m("print $lstar"))
    m("set lstar 0xffffffff81005678")
    check("0xffffffff81005678", m("print msr(0xc0000000 + 0x82)"))
    check("KVM has no MSR 0x12345678", m("print msr(0x12345678)"))
    check("tr ", m("info tss"))
    if place.name != "svm":
        m("until beat")
        check(rf"(?m)^0e  0010:{m.number('vector_14'):016x} (interrupt|trap)64 dpl 0", m("info idt"))
        check(r"0010  code base 00000000 limit \w+ dpl 0 64-bit", m("info gdt"))
        check(r"rsp0 [0-9a-f]{16}", m("info tss"))
    m.quit()


def test_exits(place):
    m = Session(place)
    end = time.monotonic() + PATIENCE
    while not re.search(r"vCPU 0: [1-9]\d* exits", text := m("info exits")):
        assert time.monotonic() < end, text
        m("wait 0.1")
    check(r"KVM_EXIT_\w+ +[1-9]\d* +[0-9.]+ [mun]?s +[0-9.]+ [mun]?s  \|.{16}\|", m("info exits 0"))
    m.quit()


def test_stats(place):
    m = Session(place)
    end = time.monotonic() + PATIENCE
    while not re.search(r"(?m)^  exits +[1-9]\d*$", text := m("info stats 0 exits")):
        if "KVM_CAP_BINARY_STATS_FD" in text:
            check("this KVM has no statistics that can be read", text)
            break
        assert time.monotonic() < end, text
        m("wait 0.1")
    else:
        check(r"^vCPU 0 \(kvm-\d+/vcpu-0\)", text)
        text = m("info stats -a")
        check(r"(?m)^VM \(kvm-\d+\)\n  \w+ +\d+$", text.replace("\r", ""))
        check(r"halt_wait_ns +\d", text)
        check(r"blocking +(yes|no)", text)
        check("no statistic's name begins with nothing", m("info stats nothing"))
    m.quit()
