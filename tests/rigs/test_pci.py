# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
"""PCI, the teaching device and one for tests, driven by guests without an operating system."""
import re

from suites import Skip


def test_a_driver_of_edu(place):
    vitrine = place.start(["-kernel", "@edu.elf", "-device", "edu", "-m", 64, "-serial", "stdio",
                           "-monitor", "none", "-gdb", "none"], gdb=False)
    vitrine.close_stdin()
    status = vitrine.wait()
    assert status == 1, f"exit status {status}:\n{vitrine.tail}"
    text = vitrine.text
    for what in ("found by ECAM", "10! is 3628800", "it interrupts by its line",
                 "it interrupts by a message", "it writes memory",
                 "but not with bus mastering off"):
        assert f"edu: {what}: ok" in text, f"{what}:\n{text}"


def test_several(place):
    """The guest drives the first; the second is another slot with an address of its own."""
    vitrine = place.start(["-kernel", "@edu.elf", "-device", "edu", "-device", "edu", "-m", 64, "-S",
                           "-serial", "none", "-monitor", "stdio", "-gdb", "none"], gdb=False)
    vitrine.write(b"info pci\ninfo device edu1\nquit\n")
    assert vitrine.wait() == 0, vitrine.tail
    text = vitrine.text
    for line in ("00:00.0 pci0: 8086:0d57 class 060000 revision 00",
                 "00:01.0 edu0: 1234:11e8 class 00ff00 revision 10",
                 "BAR0: 32-bit memory 0xc0000000-0xc00fffff, off",
                 "00:02.0 edu1: 1234:11e8 class 00ff00 revision 10",
                 "BAR0: 32-bit memory 0xc0100000-0xc01fffff, off",
                 "INTA#: interrupt 10, down",
                 "capability 0x40 MSI: off, address 0x0, data 0x0000",
                 "id = 0x010000ed"):
        assert line in text, f"{line}:\n{text}"


def test_injected_faults(place):
    """The driver of edu finds what was injected."""
    for fault, bad in (("error", "it writes memory: WRONG"), ("unplug", "found by the ports: WRONG")):
        vitrine = place.start(["-kernel", "@edu.elf", "-device", "edu", "-m", 64, "-S", "-serial", "stdio",
                               "-gdb", "none"], gdb=False)
        vitrine.write(b"\x01c")
        vitrine.write(f"inject edu0 {fault}\ncont\n\x01c".encode())
        vitrine.expect(bad, 300)
        vitrine.kill()
        vitrine.wait()


def test_no_such_device(place):
    vitrine = place.start(["-kernel", "@edu.elf", "-device", "nothing", "-serial", "none",
                           "-monitor", "none"], gdb=False)
    assert vitrine.wait() == 1
    assert re.search("no device 'nothing' to add: there is .*edu, ", vitrine.text), vitrine.text


_RINGER = ["-kernel", "@ringer.elf", "-device", "ringer", "-serial", "stdio", "-monitor", "none",
           "-gdb", "none"]


def _ringer(place, *more):
    vitrine = place.start([*_RINGER, *more], gdb=False, program="vitrine-tests")
    vitrine.close_stdin()
    status = vitrine.wait(300)
    assert status == 1, f"exit status {status}:\n{vitrine.tail}"
    return vitrine.stdout.decode(), vitrine.stderr.decode()


def test_doorbells_and_msix(place):
    """By KVM's eventfds: no exit for a doorbell, no loop thread for an interrupt."""
    text, _ = _ringer(place, "-m", 64)
    for what in ("each doorbell has its interrupt", "a masked vector is pending",
                 "a message changes its vector", "its doorbells move above 4 GiB"):
        assert f"ringer: {what}: ok" in text, f"{what}:\n{text}"
    assert "0 of 9 rings came with an exit" in text, text


def test_doorbells_are_traced(place):
    text, trace = _ringer(place, "-m", 64, "-d", "device")
    assert "9 of 9 rings came with an exit" in text, text
    assert "ringer0.bell[2] <- 0x00000001" in trace, trace
    assert "ringer0.msix[1].data <- 0x00000035" in trace, trace


def test_memory_above_4_gib(place):
    """The RAM that has no place below the hole is above it, and devices are above that."""
    if place.name == "vmx":
        raise Skip("its host has less than that")
    assert "ringer: there is RAM at 4 GiB: ok" in _ringer(place, "-m", 3072 + 64, "-append", "high")[0]
