# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm vmx
"""The board's small devices, driven by a guest without an operating system."""
import re
import socket
import time

from suites import Skip


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
    vitrine.expect(r"stopped: the guest panicked, vCPU 0 at 0x[0-9a-f]+ <panic_told_here> "
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


def test_fw_cfg_brings_files_and_takes_the_vmcoreinfo(place):
    text = _ends(_start(place, "fwcfg", "-fw_cfg", "name=opt/test,string=hello, guest",
                        "-serial", "stdio", "-monitor", "none"), 1)
    assert "it says 'hello, guest'" in text, text

    # Which then panics, so that it stands still.
    vitrine = _start(place, "fwcfg panic", "-fw_cfg", "opt/test,string=x", "-serial", "none",
                     "-monitor", "stdio", "-S")
    vitrine.write(b"info vmcoreinfo\ncont\n")
    vitrine.expect("error: the guest has not said where its vmcoreinfo is", 300)
    vitrine.expect("stopped: the guest panicked", 300)
    vitrine.write(b"info vmcoreinfo\ninfo device fwcfg0\nquit\n")
    assert vitrine.wait(300) == 0, vitrine.tail
    assert re.search(r"vmcoreinfo at physical 0x[0-9a-f]+\s+OSRELEASE=guest", vitrine.text), \
        vitrine.tail
    assert re.search(r"vmcoreinfo_guest = 0x0001 \[FORMAT=elf\]", vitrine.text), vitrine.tail


def test_the_clock_interrupts(place):
    text = _ends(_start(place, "rtc", "-serial", "stdio", "-monitor", "none"), 1)
    for what in ("periodically", "before the handler has ended", "at the end of a second", "at its alarm"):
        assert re.search(rf"{what}: ok", text), text


def test_a_serial_port_by_interrupts(place):
    port = place.socket_path()
    vitrine = _start(place, "uart", "-serial", "stdio", "-serial", f"unix:{port}", "-monitor", "none")
    vitrine.expect("send a line", 300)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(300)
        s.connect(place.reach(port))
        s.sendall(b"there and back, by interrupts\n")
        assert s.makefile("rb").readline() == b"THERE AND BACK, BY INTERRUPTS\n"
    text = _ends(vitrine, 1)
    assert "each byte went when there was room: ok" in text, text


def test_keys_arrive(place):
    monitor = place.socket_path()
    vitrine = _start(place, "keyboard", "-serial", "stdio", "-monitor", f"unix:{monitor}")
    vitrine.expect("press ctrl-alt-delete", 300)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(120)
        s.connect(place.reach(monitor))
        s.sendall(b"sendkey ctrl-alt-delete\n")
        vitrine.expect("those were the keys: ok", 300)
    assert vitrine.wait(300) == 1, vitrine.tail


def test_a_processor_comes_and_goes(place):
    monitor = place.socket_path()
    vitrine = _start(place, "cpus", "-smp", "1,maxcpus=2", "-serial", "stdio",
                     "-monitor", f"unix:{monitor}")
    vitrine.expect("plug one", 600)
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(300)
        s.connect(place.reach(monitor))
        received = s.makefile("rb")

        def ask(command, until):
            """Asks until the answer has what it should have: the guest takes its time."""
            while True:
                s.sendall(command + b"\nprint 4711\n")
                text = b""
                while b"4711" not in text:
                    text += received.readline()
                if until in text:
                    return text
                time.sleep(0.05)

        ask(b"cpu-del 1", b"cpu-del 1\n")  # a mistake: there is none
        ask(b"cpu-add 2", b"room for 2")
        ask(b"cpu-add 1", b"")
        vitrine.expect("the second one runs: ok", 600)
        assert b"CPU #1" in ask(b"info cpus", b"CPU #0")
        vitrine.expect("ask for it back", 600)
        ask(b"cpu-del 1", b"it goes when")
        vitrine.expect("ejected", 600)
        while b"CPU #1" in ask(b"info cpus", b"CPU #0"):
            pass
        ask(b"cpu-add 1", b"")
    assert vitrine.wait(600) == 1, vitrine.tail
