# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @demo.elf -append "mode=faults calls=3 reset" -m 64 -S
# symbols: demo.elf
# after: faults: 3 3 3 3
"""Stops for what happens: exceptions with their details, an MSR, a port, MMIO, a reset."""
import gdb
from session import address, check, check_equal, check_match, connect, pc, run, value

signals = []
gdb.events.stop.connect(lambda event: signals.append(getattr(event, "stop_signal", "SIGTRAP")))


def monitor(line, pattern):
    check_match(pattern, run(f"monitor {line}"), line)


def go(signal, pattern):
    """Continues to a stop with this signal; the monitor's words about it match the pattern."""
    run("continue")
    check_equal(signals[-1], signal, "signal")
    check_match(pattern, run("monitor info status"), "what happened")


def at(name):
    return f"{address(f'fault_{name}_here'):#x}"


connect()
run("tbreak fault_exceptions")
run("continue")
monitor("catch", "nothing is caught")
monitor("catch exception", "catchpoint 1: exception$")
go("SIGFPE", rf"catchpoint 1.*#DE divide error \(0\) at {at('de')}, cs 0x10")
run("backtrace 3")
check(pc() != address("fault_de_here"), "it stands at the handler")
check(not any("catch" in line for line in run("monitor info breakpoints").splitlines()),
      "the handlers' breakpoints are not listed")
go("SIGILL", rf"#UD invalid opcode \(6\) at {at('ud')}")
go("SIGSEGV", rf"#GP general protection \(13\) at {at('gp')}, cs 0x10, error 0x7f8 \(selector 0x7f8 of the GDT\)")
go("SIGSEGV", rf"#PF page fault \(14\) at {at('pf')}, .*error 0x2 \(write by the kernel, not mapped\), "
              r"cr2 0xffff900000000010")
monitor("catch", r"1  exception +\S+.*, hit 4 times")
monitor("delete catch 1", "^$")

# What is left of this round.
monitor("catch msr lstar", r"catchpoint 2: msr 0xc0000082 \(lstar\)")
monitor("catch io 0x80", r"catchpoint 3: io 0x80$")
monitor("catch mmio 0xfed00000", r"catchpoint 4: mmio 0xfed00000")
go("SIGTRAP", r"catchpoint 2.*write to lstar 0xc0000082: 0xc0000082")
check_equal(pc(), address("fault_msr_here") + 2, "behind WRMSR")
go("SIGTRAP", r"catchpoint 3.*write of 1 byte to port 0x80: 0x5a")
check_equal(pc(), address("fault_port_here") + 2, "behind OUT")
go("SIGTRAP", r"catchpoint 4.*write of 4 bytes to 0xfed00000: 0x600d")
check_equal(pc(), address("fault_mmio_here") + 2, "behind MOV")

# One vector by its name, and a step into its handler.
monitor("catch exception UD", r"exception 6 \(#UD invalid opcode\)")
go("SIGILL", rf"catchpoint 5.*#UD invalid opcode \(6\) at {at('ud')}")
run("tbreak *&fault_pf_here")
run("continue")
monitor("catch exception 14", "catchpoint 6")
run("stepi")
check_equal(signals[-1], "SIGSEGV", "a step into a page fault")
run("stepi")
check_equal(signals[-1], "SIGTRAP", "a step in the handler")
run("delete")

# A step over what is caught is one instruction, and says so.
run("tbreak *&fault_port_here")
go("SIGTRAP", "write to lstar")
run("continue")
check_equal(pc(), address("fault_port_here"), "before OUT")
run("stepi")
check_equal(pc(), address("fault_port_here") + 2, "behind OUT, stepped")
check_match("write of 1 byte to port 0x80", run("monitor info status"), "stepped")
monitor("delete catch all", "5 deleted")

# What cannot be.
monitor("catch io 0x20", "error: 0x20 belongs to the PIC, which is inside KVM")
monitor("catch io 0x10000", "error: there is no port 0x10000")
monitor("catch mmio 0xfee00000", "error: 0xfee00000 belongs to the local APIC")
monitor("catch mmio 0x1000", "error: 0x1000 is RAM")
monitor("catch exception 9", "error: there is no exception of vector 9")
monitor("catch msr 0x800", "error: KVM does not let")
monitor("catch msr", "error: catch msr needs to be told which")
monitor("catch cr3", "error: no KVM tells of a new page table root")
monitor("catch panic", "catchpoint [0-9]+: panic")

monitor("catch reset", "catchpoint [0-9]+: reset")
go("SIGTRAP", "the guest asks for a reset")
check_equal(value("fault_count[14]"), 3, "the state is as it was")
run("tbreak pvh_start")
run("continue")
check_equal(pc(), address("pvh_start"), "after the reset")
# Detaching takes it all out: the guest faults on and comes to its end.
monitor("catch exception", "catchpoint")
run("detach")
