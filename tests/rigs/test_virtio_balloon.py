# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux gives memory back with its own virtio_balloon, and takes it again."""
import re
import time

from inner import do, linux, monitor

_EVENTS = "/run/events"


def _resident(place):
    """KiB of the guest's memory that the host has pages for; it is a memfd."""
    # The one that was started last: another test's may be on its way out.
    text = place.run("cat /proc/$(pidof vitrine | tr ' ' '\\n' | sort -n | tail -n 1)/smaps").text
    sizes = re.findall(r"memfd:vitrine-ram.*\n(?:[A-Z].*\n)*?Rss: +(\d+) kB", text)
    assert sizes, text
    return max(map(int, sizes))


def _wait_for(place, wanted):
    deadline = time.monotonic() + 300
    while f"actual={wanted} target={wanted} MiB\n" not in (text := monitor(place, "info balloon")):
        assert time.monotonic() < deadline, text


def _goes_and_comes_back(place, vitrine):
    # Pages that the host has, and the guest's own figures of them.
    do(vitrine, "mkdir -p /tmp/f && mount -t tmpfs -o size=200m none /tmp/f && "
       "dd if=/dev/zero of=/tmp/f/x bs=1M count=150 2>/dev/null && rm /tmp/f/x")
    before, free = _resident(place), int(do(vitrine, "awk '/MemFree/ {print $2}' /proc/meminfo"))
    monitor(place, "balloon 160")
    _wait_for(place, 160)
    after = _resident(place)
    assert after <= before - 50 * 1024, (before, after)
    assert int(do(vitrine, "awk '/MemFree/ {print $2}' /proc/meminfo")) < free - 80 * 1024
    deadline = time.monotonic() + 60
    while not re.search(r"\n  free: \d+ KiB\n", text := monitor(place, "info balloon")):
        assert time.monotonic() < deadline, text
    # What comes back is good.
    monitor(place, "balloon 256")
    _wait_for(place, 256)
    do(vitrine, "dd if=/dev/urandom of=/tmp/f/y bs=1M count=30 2>/dev/null && md5sum /tmp/f/y >/tmp/f/sum && "
       "md5sum -c /tmp/f/sum")


def _wait_for_event(place, wanted):
    event = f'"event":"BALLOON_CHANGE","data":{{"actual":{wanted << 20}}}'
    deadline = time.monotonic() + 60
    while event not in (text := place.run(f"cat {_EVENTS}").text):
        assert time.monotonic() < deadline, text


def test_memory_goes_and_comes_back(place):
    with linux(place, "-device", "virtio-balloon", "-qmp", "tcp:127.0.0.1:4445") as vitrine:
        place.run("({ echo '{\"execute\": \"qmp_capabilities\"}'; sleep 1000; } | "
                  f"nc 127.0.0.1 4445 >{_EVENTS}) </dev/null >/dev/null 2>&1 &")
        _goes_and_comes_back(place, vitrine)
        _wait_for_event(place, 160)
        _wait_for_event(place, 256)
