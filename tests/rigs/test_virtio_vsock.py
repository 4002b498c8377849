# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own vsock modules, and programs beside vitrine that talk to its programs (stream.c)."""
import re
import time

import inner
from process import PATIENCE

_SIZE = 1024 * 1024 + 7
_SOCKET = "/run/guest.vsock"


def _file(run):
    run(f"head -c {_SIZE} /dev/urandom >/tmp/file")
    return run("md5sum </tmp/file").split()[0]


def _from_the_guest(place, vitrine):
    place.run(f"rm -f {_SOCKET}_5000; (stream echo unix:{_SOCKET}_5000 </dev/null >/dev/null 2>&1 &)")
    sum_ = _file(lambda command: inner.do(vitrine, command))
    deadline = time.monotonic() + PATIENCE
    while sum_ not in (text := inner.attempt(vitrine, "stream connect vsock:2:5000 </tmp/file | md5sum")[1]):
        assert time.monotonic() < deadline, text


def _from_the_host(place, vitrine):
    vitrine.write(b"stream echo vsock:-1:6000 &\n")
    vitrine.expect("listening")
    sum_ = _file(lambda command: place.run(command).text)
    for _ in range(3):
        text = place.run(f"stream connect unix:{_SOCKET} 'CONNECT 6000' </tmp/file | md5sum").text
        assert sum_ in text, (sum_, text)


def _is_refused(place, vitrine):
    status, text = inner.attempt(vitrine, "stream connect vsock:2:7777 </dev/null")
    assert status == 1 and re.search("Connection (reset|refused)", text), (status, text)
    text = place.run(f"stream connect unix:{_SOCKET} 'CONNECT 7777' </dev/null; echo status $?").text
    assert "status 1" in text, text


def _nothing_is_left(place):
    deadline = time.monotonic() + PATIENCE
    while not (found := re.search(r"connections (\d+), (\d+) ever", text := inner.monitor(place, "info device vsock0"))) \
            or found[1] != "0":
        assert time.monotonic() < deadline, text
    assert int(found[2]) >= 4, text
    counted = re.search(r"bytes: (\d+) from the guest, (\d+) to it", text)
    assert counted and min(map(int, counted.groups())) >= 4 * _SIZE, text


def test_streams_both_ways(place):
    with inner.linux(place, "-device", f"virtio-vsock,cid=3,socket={_SOCKET}", shell="@vsock-shell") as vitrine:
        _from_the_guest(place, vitrine)
        _from_the_host(place, vitrine)
        _is_refused(place, vitrine)
        _nothing_is_left(place)
    assert place.run(f"ls {_SOCKET}").status != 0
