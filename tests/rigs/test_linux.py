# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
# needs: processor
"""A stock Linux without a debugger. (With one: tests/gdb/test_linux_*.py)"""
import re
import time

from console import Console
from emulators import LINUX_ARGUMENTS
from suites import Skip

# Seconds for a boot of Linux, where one takes a minute.
BOOT = 1800

_OPTIONS = ["-kernel", "@linux", "-initrd", "@initrd", "-no-reboot", "-serial", "stdio",
            "-monitor", "none"]


def test_boots_to_init_and_ends(place):
    vitrine = place.start([*_OPTIONS, "-m", 256, "-append", LINUX_ARGUMENTS])
    vitrine.expect("init reached", BOOT)
    status = vitrine.wait()
    assert status == 0, f"exit status {status}:\n{vitrine.tail}"


def test_acpi_tells_of_the_cpus_and_how_to_power_off(place):
    """Without -no-reboot, so that only a power-off ends it."""
    options = [o for o in _OPTIONS if o != "-no-reboot"]
    vitrine = place.start([*options, "-m", 256, "-smp", 3, "-append",
                           LINUX_ARGUMENTS.replace("quiet", "vitrine.off")])
    vitrine.expect("CPUs: 003", BOOT)
    status = vitrine.wait()
    assert status == 0, f"exit status {status}:\n{vitrine.tail}"
    assert re.search(r"^0000\t80860d57\t", vitrine.text, re.M), vitrine.tail
    assert "ACPI Error" not in vitrine.text and "ACPI BIOS" not in vitrine.text, vitrine.tail


def test_finds_edu_on_pci(place):
    """Where firmware would have put it, with the interrupt that _PRT names, by way of ECAM."""
    options = [o for o in _OPTIONS if o != "-no-reboot"]
    vitrine = place.start([*options, "-m", 256, "-device", "edu", "-append",
                           LINUX_ARGUMENTS.replace("quiet", "vitrine.off")])
    vitrine.expect("CPUs: 001", BOOT)
    assert vitrine.wait() == 0, vitrine.tail
    text = vitrine.text.replace("\r", "")
    assert re.search(r"^0000\t80860d57\t", text, re.M), vitrine.tail
    line = re.search(r"^0008\t123411e8\t(.*)$", text, re.M)
    assert line, vitrine.tail
    fields = line[1].split()
    assert fields[0] == "b" and fields[1] == "c0000000" and fields[8] == "100000", line[0]
    assert "MMCONFIG" in text or "ECAM" in text, text
    for bad in ("ACPI Error", "ACPI BIOS", "can't claim", "no compatible bridge window",
                "not reserved"):
        assert bad not in text, f"{bad}: {vitrine.tail}"


def test_interrupts_are_shown(place):
    """As a Linux programs them: its console by the I/O APIC, the 8259s masked, local APICs on."""
    monitor = place.socket_path()
    options = [o if o != "none" else f"unix:{monitor}" for o in _OPTIONS]
    vitrine = place.start([*options, "-m", 256, "-device", "edu", "-append",
                           LINUX_ARGUMENTS.replace("quiet", "quiet vitrine.stay")])
    vitrine.expect("tick 00000005", BOOT)
    with Console(place.reach(monitor)) as m:
        text = m("info irq")
        line = re.search(r"^GSI 4, \w+: (\d+) raised, (\d+) delivered, \d+ merged, \d+ lost, (\d+) ack", text,
                         re.M)
        raised, delivered, acknowledged = map(int, line.groups())
        assert raised >= delivered > 5 and raised - acknowledged in (0, 1), text
        vector = re.search(r"input 4: vector (0x\w+) .* edge, active high(, requested)?\r?\n", text)
        assert vector and int(vector[1], 16) >= 0x20, text
        assert re.search(r"to master 8259, input 4: vector 0x3\w, edge, masked", text), text
        assert re.search(r"from edu0, INTA# of slot 1", text), text
        assert re.search(rf"^  input 4  0x\w+: vector {vector[1]} ", m("info ioapic"), re.M)
        assert "IMR 0xff" in m("info pic")
        lapic = m("info lapic")
        assert re.search(r"SVR 0x1ff: on, spurious vector 0xff", lapic), lapic
        assert re.search(r"LVT timer    0x\w+: vector 0xec, (TSC deadline|one-shot|periodic)", lapic), lapic
        assert "channel 0 (GSI 0): " in m("info pit")
        m.send("quit")
    assert vitrine.wait() == 0, vitrine.tail


def test_a_processor_is_unplugged_and_plugged_again(place):
    """Linux takes it out of use, ejects it by ACPI, finds it again and starts it."""
    monitor = place.socket_path()
    options = [o if o != "none" else f"unix:{monitor}" for o in _OPTIONS]
    vitrine = place.start([*options, "-m", 256, "-smp", "2,maxcpus=3", "-append",
                           LINUX_ARGUMENTS.replace("quiet", "quiet vitrine.cpus")])
    seen = vitrine.expect("CPUs: 002", BOOT).end()
    with Console(place.reach(monitor)) as m:
        for _ in range(2):
            assert "it goes when" in m("cpu-del 1")
            seen = vitrine.expect("CPUs: 001", BOOT, after=seen).end()
            # The eject comes after the kernel has taken it out of use.
            end = time.monotonic() + BOOT
            while "CPU #1" in m("info cpus"):
                assert time.monotonic() < end, "it was not ejected"
            assert "error" not in m("cpu-add 1")
            seen = vitrine.expect("CPUs: 002", BOOT, after=seen).end()
            assert "CPU #1" in m("info cpus")
        assert "error" in m("cpu-add 3")
        m.send("quit")
    assert vitrine.wait() == 0, vitrine.tail
    assert "ACPI Error" not in vitrine.text and "ACPI BIOS" not in vitrine.text, vitrine.tail


def test_without_acpi(place):
    vitrine = place.start([*_OPTIONS, "-machine", "acpi=off", "-m", 256, "-append", LINUX_ARGUMENTS])
    vitrine.expect("ACPI BIOS Error.*A valid RSDP was not found", BOOT)
    vitrine.expect("init reached", BOOT)
    assert vitrine.wait() == 0, vitrine.tail


def test_memory_above_4_gib_is_used(place):
    """The part above the hole below 4 GiB is in the map, and Linux takes it."""
    if place.name == "vmx":
        raise Skip("its host has less than that")
    vitrine = place.start([*_OPTIONS, "-m", "3584", "-append",
                           LINUX_ARGUMENTS.replace("quiet", "memmap=3G$256M")])
    try:
        vitrine.expect(r"BIOS-e820: \[mem 0x0000000100000000-0x[0-9a-f]+\] usable", BOOT)
    finally:
        vitrine.kill()
        vitrine.wait()
