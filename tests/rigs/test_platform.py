# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
"""The board's small devices, driven by a guest without an operating system."""
import re


def _start(place, drill, *options):
    return place.start(["-kernel", "@platform.elf", "-append", drill, "-m", 64, "-gdb", "none",
                        *options], gdb=False)


def _ends(vitrine, status):
    vitrine.close_stdin()
    got = vitrine.wait(300)
    assert got == status, f"exit status {got}:\n{vitrine.tail}"
    return vitrine.text


def test_a_panic_is_what_action_says(place):
    for action, status, went_on in (("none", 1, True), ("shutdown", 0, False),
                                    ("exit-failure", 1, False)):
        text = _ends(_start(place, "panic", "-action", f"panic={action}", "-serial", "stdio",
                            "-monitor", "none"), status)
        assert ("the guest went on" in text) == went_on, f"{action}:\n{text}"


def test_a_panic_stops_the_guest(place):
    vitrine = _start(place, "panic", "-serial", "none", "-monitor", "stdio", "-S")
    vitrine.write(b"catch panic\ncont\n")
    vitrine.expect(r"stopped: the guest panicked, vCPU 0 at 0x[0-9a-f]+ "
                   r"\(kernel panic reported by the guest\)", 300)
    vitrine.write(b"info status\ncatch\ninfo device pvpanic0\n")
    vitrine.expect("VM status: guest panicked")
    vitrine.expect(r"event = 0x01 \[PANICKED\]")
    vitrine.write(b"cont\n")
    assert vitrine.wait(300) == 1, vitrine.tail
    assert re.search(r"panic\b.*\b1\b", vitrine.text), vitrine.text


def test_a_crash_kernel_is_let_go_on(place):
    text = _ends(_start(place, "crash", "-serial", "stdio", "-monitor", "none"), 1)
    assert "the guest went on" in text, text
    vitrine = _start(place, "crash", "-serial", "none", "-monitor", "stdio", "-S")
    vitrine.write(b"catch panic\ncont\n")
    vitrine.expect("its crash kernel is to go on", 300)
    vitrine.write(b"cont\n")
    assert vitrine.wait(300) == 1, vitrine.tail
