# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm vmx native
"""The command line with a guest behind it: what is said, who gets stdio, what is left behind."""
import os


def _mode(place, path):
    return place.run(f"stat -c '%F %a' {path} 2>&1").text.strip()


def _is_there(place, path):
    return place.run(f"test -e {path}").status == 0


def _demo(place, *options):
    return place.start(["demo", "-m", 64, *options], gdb=False)


def test_demo_says_what_to_type_and_leaves_nothing(place):
    name = f"test-{os.getpid()}"
    vitrine = _demo(place, "-name", name, "-append", "mode=idle")
    paste = vitrine.expect(r"gdb (\S+) -ex 'target remote (\S+)'")
    symbols, socket = paste[1].decode(), paste[2].decode()
    assert _mode(place, symbols) == "regular file 600", _mode(place, symbols)
    assert _mode(place, socket) == "socket 600", _mode(place, socket)
    directory = socket.rsplit("/", 1)[0]
    assert _mode(place, directory) == "directory 700", _mode(place, directory)

    second = _demo(place, "-name", name, "-serial", "none", "-monitor", "none")
    assert second.wait() == 1, second.text
    assert "in use" in second.text and "-name" in second.text, second.text
    assert _is_there(place, socket) and _is_there(place, symbols), "the second took it away"

    vitrine.kill(15)
    assert vitrine.wait() == 0, vitrine.tail
    assert not _is_there(place, socket) and not _is_there(place, symbols)


def test_keys_on_stdio(place):
    vitrine = _demo(place, "-gdb", "none")
    vitrine.expect("Ctrl-A h")
    vitrine.expect("CPUs:")
    vitrine.write(b"\x01h")
    vitrine.expect(r"next: \[serial0\] monitor")
    vitrine.write(b"\x01cinfo status\n")
    vitrine.expect(r"\[monitor\]")
    vitrine.expect("running")
    vitrine.write(b"\x01c\x01x")
    assert vitrine.wait() == 0, vitrine.tail


def test_terminal(place):
    vitrine = place.spawn(["ptyrun", place._program("vitrine"), "demo", "-m", "64", "-gdb", "none"])
    vitrine.expect("CPUs:")
    vitrine.write(b"\x01cinf\t status\r")
    vitrine.expect("VM status: running")
    vitrine.write(b"\x01x")
    assert vitrine.wait() == 0, vitrine.tail
    assert "running again" not in vitrine.text, vitrine.text
    assert "terminal: restored" in vitrine.text, vitrine.text


def test_a_guest_that_prints_all_the_time(place):
    """Both CPUs write to the serial port without an end; the monitor is on the same terminal."""
    vitrine = place.spawn(["env", "NO_COLOR=1", "TERM=xterm", "ptyrun", place._program("vitrine"), "demo", "-m", "64",
                           "-gdb", "none", "-append", f"mode=pio port={0x3f8}"])
    vitrine.expect("Ctrl-A h")
    vitrine.write(b"\x01c")
    vitrine.expect(r"\[monitor\]")
    vitrine.write(b"print 6*7\r")
    vitrine.expect("0x2a  42")
    vitrine.write(b"info status\r")
    vitrine.expect("VM status: running")
    # Ctrl-C on an empty line; then nothing comes between what is typed and its echo.
    vitrine.write(b"\x03")
    after = vitrine.expect("stopped: paused by monitor").end()
    vitrine.write(b"print 40+3\r")
    vitrine.expect(r"\(vitrine\) print 40\+3\r+\n0x2b  43", after=after)
    vitrine.write(b"cont\r\x01x")
    assert vitrine.wait() == 0, vitrine.tail
    assert "terminal: restored" in vitrine.text, vitrine.tail


def test_terminal_after_a_crash(place):
    vitrine = place.spawn(["ptyrun", place._program("vitrine"), "demo", "-m", "64", "-gdb", "none"])
    vitrine.expect("CPUs:")
    vitrine.kill(10)
    assert vitrine.wait() == 128 + 11, vitrine.tail
    assert "terminal: restored" in vitrine.text, vitrine.text


def test_monitor_alone_on_stdio(place):
    vitrine = _demo(place, "-S", "-gdb", "none", "-monitor", "stdio")
    vitrine.write(b"info status\n")
    vitrine.expect("has not run|created")
    vitrine.write(b"quit\n")
    assert vitrine.wait() == 0, vitrine.tail
    assert "CPUs:" not in vitrine.text


def test_end_of_input_is_no_end(place):
    vitrine = _demo(place, "-gdb", "none", "-append", "ticks=20")
    vitrine.close_stdin()
    # The guest ends it: debug-exit, status (0 << 1) | 1.
    assert vitrine.wait() == 1, vitrine.tail
    assert "CPUs:" in vitrine.text, vitrine.text


def test_a_script_that_fails(place):
    script = place.run("f=$(mktemp) && printf 'info status\\nfrob\\n' >$f && echo $f").text.strip()
    vitrine = _demo(place, "-gdb", "none", "-monitor-script", script)
    assert vitrine.wait() == 1, vitrine.tail
    assert vitrine.text.count("ends with status 1") == 1, vitrine.text
    assert vitrine.stderr.decode().count(f"vitrine: {script}:2: no such command") == 1, vitrine.text
    place.run(f"rm {script}")


def test_two_sockets(place):
    where = place.run("mktemp -d").text.strip()
    vitrine = _demo(place, "-serial", f"unix:{where}/serial", "-monitor", f"unix:{where}/monitor",
                    "-gdb", f"unix:{where}/gdb")
    vitrine.expect("monitor: unix:")
    for name in ("serial", "monitor", "gdb"):
        assert _mode(place, f"{where}/{name}") == "socket 600"
    vitrine.kill(2)
    assert vitrine.wait() == 0, vitrine.tail
    assert place.run(f"rmdir {where}").status == 0, "something is left behind"


def test_device_tree(place):
    where = place.run("mktemp").text.strip()
    vitrine = place.start(["-machine", f"dumpdtb={where}", "-serial", "none", "-monitor", "none"],
                          gdb=False)
    assert vitrine.wait() == 0, vitrine.text
    head = place.run(f"od -An -tx1 -N4 {where}; rm {where}").text
    assert head.split() == ["d0", "0d", "fe", "ed"], head


def test_too_many_vcpus(place):
    vitrine = place.start(["-kernel", "@demo.elf", "-smp", 256], gdb=False)
    assert vitrine.wait() == 1
    assert "too many" in vitrine.text and vitrine.text.count("\n") == 1, vitrine.text
