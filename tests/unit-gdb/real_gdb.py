# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gdb against the GDB server over the fake machine.

Runs inside gdb: gdb -nx -batch -ex 'py STUB = "build/tests/fake_stub"' -x real_gdb.py
Says "all good" at the end; anything else is a failure.
"""
import os
import signal
import socket
import subprocess
import tempfile
import threading

import gdb

BASE, COUNTER = 0x10000, 0x11000
place = tempfile.mkdtemp(prefix="vitrine-gdb-")
path = os.path.join(place, "gdb")
stubs = []
stops = []
gdb.events.stop.connect(stops.append)


def start(dev, state):
    global target
    stub = subprocess.Popen([STUB, dev, state], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    stubs.append(stub)
    word, target = stub.stdout.readline().decode().split()
    equal(word, "ready")
    return stub


def run(command):
    return gdb.execute(command, to_string=True)


def resume(command):
    """What the stop after @command was: a signal's name, or the breakpoints' numbers."""
    stops.clear()
    gdb.execute(command, to_string=True)
    assert stops, f"no stop after {command}"
    if isinstance(stops[-1], gdb.BreakpointEvent):
        return [b.number for b in stops[-1].breakpoints]
    return getattr(stops[-1], "stop_signal", "")


def connect():
    run(f"target remote {target}")


def value(expression):
    return int(gdb.parse_and_eval(expression))


def equal(got, want):
    assert got == want, f"{got!r} is not {want!r}"


def has(text, part):
    assert part in text, f"{part!r} is not in {text!r}"


def at_entry():
    connect()
    equal(value("(long)$pc"), BASE)
    equal(len(gdb.selected_inferior().threads()), 2)
    has(run("info threads"), '"vCPU1"')
    has(run("p $cr0"), "[ PE PG ]")
    has(run("x/5i $pc"), "incq   (%rdi)")
    for i in range(1, 3):
        run("stepi")
        equal(value("(long)$pc"), BASE + i)


def breakpoints():
    point = gdb.Breakpoint(f"*{BASE + 8}")
    equal(resume("continue"), [point.number])
    equal(value("(long)$pc"), BASE + 8)
    before = gdb.selected_thread().num
    equal(resume("continue"), [point.number])
    assert gdb.selected_thread().num != before
    equal(value("*(unsigned char*)0x10008"), 0x90)
    point.delete()
    run(f"hbreak *{BASE + 1}")
    point = gdb.breakpoints()[-1]
    equal(resume("continue"), [point.number])
    equal(value("(long)$pc"), BASE + 1)
    point.delete()


def watchpoints():
    for kind, pc in ((gdb.WP_WRITE, BASE + 5), (gdb.WP_READ, BASE + 8), (gdb.WP_ACCESS, BASE + 5)):
        point = gdb.Breakpoint(f"*(long*){COUNTER}", gdb.BP_WATCHPOINT, kind)
        old = value(f"*(long*){COUNTER}")
        equal(resume("continue"), [point.number])
        equal(value("(long)$pc"), pc)
        equal(value(f"*(long*){COUNTER}"), old + (pc == BASE + 5))
        point.delete()


def state():
    run("set $rax = 77")
    equal(value("$rax"), 77)
    run("set var *(long*)0x12000 = 0x123456789a")
    equal(value("*(long*)0x12000"), 0x123456789a)
    inferior = gdb.selected_inferior()
    blob = bytes(range(256)) * 32
    inferior.write_memory(0x12000, blob)
    equal(bytes(inferior.read_memory(0x12000, len(blob))), blob)
    try:
        run("x/xb 0x14000")
        assert False
    except gdb.MemoryError:
        pass
    run("thread 2")
    equal(value("$rdi"), COUNTER + 8)
    has(run("thread apply all p $sp"), "0x13000")
    has(run("monitor counter"), "\n")


def step_alone():
    run("set scheduler-locking on")
    run("thread 1")
    other = run("thread apply 2 p $pc")
    for _ in range(50):
        run("stepi")
    equal(run("thread apply 2 p $pc").split("=")[1], other.split("=")[1])
    run("set scheduler-locking off")


def interrupt():
    """Ctrl-C half a second after gdb has let the guest run: before that it would not be the guest's."""
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))

    def resumed(_):
        if timer.ident is None:
            timer.start()

    gdb.events.cont.connect(resumed)
    try:
        equal(resume("continue"), "SIGINT")
    finally:
        gdb.events.cont.disconnect(resumed)
    timer.join()


def second_debugger():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"+$qSupported#37")
        has(s.recv(4096), b"another debugger")
        # It may go on asking for a while.
        s.sendall(b"$?#3f" * 100)
        while s.recv(4096):
            pass


def stranger():
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path)
        s.sendall(b"GET / HTTP/1.1\r\n\r\n")
        has(s.recv(4096), b"GDB remote protocol")
        equal(s.recv(4096), b"")


def triple_fault():
    run("set scheduler-locking on")
    run("thread 1")
    run("set $pc = 0x10030")
    equal(resume("continue"), "SIGSEGV")
    run("set scheduler-locking off")


def main():
    run("set confirm off")
    run("set pagination off")
    run("set remotetimeout 60")
    run("set architecture i386:x86-64")
    stub = start("unix:" + path, "created")
    for step in (at_entry, breakpoints, watchpoints, state, step_alone, interrupt,
                 second_debugger):
        step()
    run("break *0x10002")
    run("detach")
    run("delete")
    stranger()
    connect()
    has(run("monitor breakpoints"), "0 breakpoints")
    before = value(f"*(long*){COUNTER}")
    interrupt()
    assert value(f"*(long*){COUNTER}") > before
    triple_fault()
    run("kill")
    equal(stub.wait(60), 0)

    stub = start("unix:" + path, "running")
    connect()
    run("disconnect")
    connect()
    run("kill")
    equal(stub.wait(60), 0)

    # A line: it neither breaks nor ends with a session.
    stub = start("pty", "created")
    for step in (at_entry, breakpoints, watchpoints, state, interrupt):
        step()
    run("break *0x10002")
    run("detach")
    run("delete")
    connect()
    has(run("monitor breakpoints"), "0 breakpoints")
    run("disconnect")
    connect()
    interrupt()
    run("disconnect")
    stub.kill()
    os.rmdir(place)
    print("all good")


try:
    main()
finally:
    for left in stubs:
        if left.poll() is None:
            left.kill()
