# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
"""PCI and the teaching device, driven by a guest without an operating system."""


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


def test_no_such_device(place):
    vitrine = place.start(["-kernel", "@edu.elf", "-device", "nothing", "-serial", "none",
                           "-monitor", "none"], gdb=False)
    assert vitrine.wait() == 1
    assert "no device 'nothing' to add: there is edu" in vitrine.text, vitrine.text
