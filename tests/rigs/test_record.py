# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""What a running guest does is logged, shown meanwhile, and saved as a timeline that a viewer opens."""
import collections
import json
import pathlib
import re
import tempfile
import time
import xml.dom.minidom

from process import PATIENCE
from suites import Skip
from test_monitor import PROMPT, Session, check


def load(place, *options):
    """A guest that writes to a port for ever, nearly."""
    return Session(place, "-kernel", "@load.elf", "-append", "pio=1000000000", "-smp", 1,
                   "-serial", "file:/dev/null", *options)


def wait_for(m, pattern, command):
    until = time.monotonic() + PATIENCE
    while not re.search(pattern, text := m(command)):
        assert time.monotonic() < until, f"no match of {pattern!r} in:\n{text}"
    return text


def test_log_of_a_running_guest(place):
    m = load(place)
    check("exits were never logged", m("log exits"))
    m("log exits on")
    m("log work on")
    text = wait_for(m, r"KVM_EXIT_IO port 0x3ff <- 0x00, [\d.]+ us", "log exits show 5")
    lines = re.findall(r"^ +(\d+\.\d+) vcpu0 0x[0-9a-f]+ <\w+(?:\+0x[0-9a-f]+)?> +KVM_EXIT_IO", text, re.M)
    assert len(lines) >= 4 and [float(x) for x in lines] == sorted(float(x) for x in lines), text
    wait_for(m, r"\([0-9]{5,} before these\)", "log exits show 1")
    # Asking for the vCPU's state is work on it.
    m("info registers")
    check(r"vcpu0 .* \w+ for control_\w+, [\d.]+ us", m("log work"))
    check("stopped: paused", m("stop"))
    check(r"vcpu0 .* stopped", m("log exits show 1"))
    m("log exits off")
    said = m("log")
    check(r"exits    off  \d+ recorded", said)
    m.quit()


def test_timeline(place):
    m = Session(place, "-serial", "file:/dev/null")
    for topic in ("exits", "work", "devices", "irq"):
        m(f"log {topic} on")
    wait_for(m, "KVM_EXIT_IO", "log exits")
    m("stop")
    m("cont")
    with tempfile.TemporaryDirectory(prefix="vitrine-record-") as directory:
        path = pathlib.Path(directory, "t.json") if place.name == "native" else "/tmp/t.json"
        count = int(re.search(r"(\d+) events written", m(f"trace save {path}"))[1])
        assert count > 10, count
        if place.name == "native":
            check_timeline(json.loads(path.read_text()))
    m.quit()


def check_timeline(timeline):
    """Bars of a track neither overlap nor go back in time; each track has a name."""
    names, tracks = {}, collections.defaultdict(list)
    for event in timeline["traceEvents"]:
        assert event["pid"] == 1 and event["name"], event
        if event["ph"] == "M":
            names.setdefault(event["tid"], event["args"].get("name"))
        else:
            tracks[event["tid"]].append(event)
    for tid, events in tracks.items():
        assert names[tid], f"track {tid} has no name"
        assert all(a["ts"] <= b["ts"] for a, b in zip(events, events[1:])), f"{names[tid]} goes back"
        bars = [e for e in events if e["ph"] == "X"]
        for a, b in zip(bars, bars[1:]):
            assert a["ts"] + a["dur"] <= b["ts"] + 0.0011, (names[tid], a, b)
        depth = 0
        for e in events:
            depth += {"B": 1, "E": -1}.get(e["ph"], 0)
            assert depth >= 0, f"{names[tid]}: an end without a beginning"
    by_name = {names[tid]: {e["name"] for e in events} for tid, events in tracks.items()}
    assert {"in guest", "stopped", "KVM_EXIT_IO"} <= by_name["vcpu0"], by_name["vcpu0"]
    assert "serial0" in by_name and "vcpu0 work" in by_name, list(by_name)


def test_in_every_state(place):
    """Created, running, paused: `log` and `trace save` answer."""
    m = Session(place, "-S")
    check("nothing was recorded", m("trace save /tmp/nothing.json"))
    m("log exits on")
    check("stopped", m("log exits"))
    m("cont")
    wait_for(m, "into the guest", "log exits show 65536")
    m("stop")
    check("stopped", m("log exits"))
    m("system_reset")
    check(r"\d+ events written", m("trace save /tmp/vitrine-record-state.txt"))
    m.quit()


def spinning(place):
    return Session(place, "-kernel", "@load.elf", "-append", "spin", "-smp", 1)


def _not_on_vmx(place):
    if place.name == "vmx":
        raise Skip("samples alone are more than the emulated machine does")


def test_profile(place):
    """A guest that is in one function three times as long as in the other."""
    _not_on_vmx(place)
    m = spinning(place)
    wait_for(m, r"0x0*[1-9a-f]", "print u64(rounds)")
    check("no profile was taken", m("profile top"))
    m("profile start 500")
    check("a profile is being taken", m("profile start"))
    wait_for(m, r" [1-9][0-9]{3,} samples", "profile status")
    check("stopped: paused", m("stop"))
    check(r"stopped at 500 Hz", m("profile stop"))
    text = m("profile top 2")
    shares = {name: float(self) for self, name in re.findall(r"^ *([\d.]+) % +[\d.]+ % +\d+  (\w+)\r?$", text, re.M)}
    assert 65 < shares["work_long"] < 85 and 15 < shares["work_short"] < 35, text
    for name, pattern in (("t.svg", r"<title>work_long: \d+ samples"),
                          ("t.folded", r"(?m)^boot_high;kernel_main;work_long \d+$")):
        with tempfile.TemporaryDirectory(prefix="vitrine-record-") as directory:
            path = pathlib.Path(directory if place.name == "native" else "/tmp", name)
            check(r"\d+ samples written to", m(f"profile save {path}"))
            if place.name == "native":
                assert re.search(pattern, path.read_text()), path.read_text()
                if name.endswith(".svg"):
                    xml.dom.minidom.parse(str(path))
    m.quit()


def test_profile_of_halted_vcpus(place):
    _not_on_vmx(place)
    m = Session(place, "-kernel", "@hlt.elf", "-smp", 1)
    wait_for(m, "halted", "info cpus")
    m("profile start 500")
    text = wait_for(m, r"[1-9][0-9]{2,} of a halted vCPU", "profile status")
    samples, idle = map(int, re.search(r"(\d+) samples, (\d+) of a halted", text).groups())
    assert idle > samples * 0.9, text
    m.quit()
