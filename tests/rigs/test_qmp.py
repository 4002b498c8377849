# SPDX-License-Identifier: GPL-3.0-or-later
# places: vmx svm native
"""The machine interface on a real machine: a session byte for byte, two clients and a descriptor."""
import json
import os
import re

from qmpclient import Client
from suites import Skip


def _start(place, *options):
    path = place.socket_path()
    vitrine = place.start(["-kernel", "@demo.elf", "-name", "glass", "-monitor", "none", "-serial", "none", "-gdb",
                           "none", "-qmp", f"unix:{path}", *options])
    vitrine.expect("qmp: ")
    return vitrine, path


def _end(vitrine):
    vitrine.kill(15)
    vitrine.wait()


# What changes from run to run becomes a letter.
CHANGES = [(r'"seconds":\d+,"microseconds":\d+', '"seconds":S,"microseconds":U'), (r'"thread-id":\d+', '"thread-id":T'),
           (r'"major":\d+,"minor":\d+,"micro":\d+', '"major":N,"minor":N,"micro":N'), (r"vitrine [\d.]+", "vitrine V"),
           (r"is 0x[0-9a-f]+", "is 0xH")]

SESSION = [
    (None, ['{"QMP":{"version":{"qemu":{"major":N,"minor":N,"micro":N},"package":"vitrine V"},"capabilities":[]}}']),
    ('{"execute": "qmp_capabilities"}', ['{"return":{}}']),
    ('{"execute": "query-status", "id": 1}',
     ['{"return":{"status":"prelaunch","singlestep":false,"running":false},"id":1}']),
    ('{"execute": "query-name"}', ['{"return":{"name":"glass"}}']),
    ('{"execute": "query-cpus-fast"}',
     ['{"return":[{"cpu-index":0,"qom-path":"/machine/vcpu[0]","thread-id":T,"target":"x86_64"}]}']),
    ('{"execute": "human-monitor-command", "arguments": {"command-line": "xp /4xb 0xfffc0000"}}',
     ['{"return":"Cannot access memory\\n"}']),
    ('{"execute": "human-monitor-command", "arguments": {"command-line": "info status"}}',
     ['{"return":"VM status: paused (prelaunch)\\n"}']),
    ('{"execute": "human-monitor-command", "arguments": {"command-line": "xp /3xw 0xf0000000000"}}',
     ['{"return":"Cannot access memory\\n"}']),
    ('{"execute": "human-monitor-command", "arguments": {"command-line": "gpa2hva 0x1000"}}',
     ['{"return":"Host virtual address for 0x1000 (pc.ram) is 0xH\\n"}']),
    ('{"execute": "dump-guest-memory", "arguments": {"paging": false, "protocol": "file:/dev/null"}}',
     ['{"error":{"class":"GenericError","desc":"dumps of the guest\'s memory are not supported"}}']),
    ('{"execute": "getfd", "arguments": {"fdname": "a"}}',
     ['{"error":{"class":"GenericError","desc":"no descriptor came with the request (SCM_RIGHTS on a UNIX socket)"}}']),
    ('{"execute": "vitrine-command", "arguments": {"command": "print", "arguments": {"expr": "$rip & 0"}}}',
     ['{"return":{"output":"0x0  0","data":{"value":0}}}']),
    ('{"execute": "cont"}', ['{"timestamp":{"seconds":S,"microseconds":U},"event":"RESUME"}', '{"return":{}}']),
    ('{"execute": "nope", "id": "x"}',
     ['{"error":{"class":"CommandNotFound","desc":"there is no command nope: query-commands lists them"},"id":"x"}']),
    ('{"execute": "quit"}',
     ['{"timestamp":{"seconds":S,"microseconds":U},"event":"SHUTDOWN","data":{"guest":false,"reason":"host-qmp-quit"}}',
      '{"return":{}}']),
]


def test_byte_for_byte(place):
    vitrine, path = _start(place, "-S")
    try:
        client = Client(place, path)
        seen = [client.greeting]
        for request, answers in SESSION:
            if request:
                client._socket.sendall(request.encode())
                seen = [client.line() for _ in answers]
            for line, answer in zip(seen, answers):
                for pattern, letter in CHANGES:
                    line = re.sub(pattern, letter, line)
                assert line == answer + "\r\n", f"{line!r} is not {answer!r}"
        assert vitrine.wait() == 0
    finally:
        _end(vitrine)


def test_what_one_does_the_other_is_told(place):
    vitrine, path = _start(place)
    try:
        one, two = Client(place, path), Client(place, path)
        for client in one, two:
            assert client.execute("qmp_capabilities") == {"return": {}}
        assert one.execute("stop") == {"return": {}}
        stopped = two.event("VITRINE_STOPPED")["data"]
        assert stopped["reason"] == "pause" and stopped["by"] == "qmp 1", stopped
        assert two.execute("query-status")["return"]["status"] == "paused"
        # The same registers in both forms, above 2^63 where the demo guest's are.
        pairs = dict(re.findall(r"(\w+) *= *([0-9a-f]+)", two.human("info registers")))
        assert int(pairs["RIP"], 16) == stopped["pc"], pairs
        assert re.search(r"^CR3=|CR3=[0-9a-f]{16}", two.human("info registers"), re.M)
        assert two.execute("cont") == {"return": {}}
        one.event("RESUME")
        assert one.execute("system_reset") == {"return": {}}
        assert two.event("RESET")["data"] == {"guest": False, "reason": "host-qmp-system-reset"}
    finally:
        _end(vitrine)


def test_the_map_as_programs_read_it(place):
    """The stretches of pc.ram follow each other in it, and the ports are those of the devices."""
    if place.name == "vmx":
        raise Skip("memory on both sides of the hole is more than the emulated machine has")
    vitrine, path = _start(place, "-S", "-m", "3500")
    try:
        client = Client(place, path)
        client.execute("qmp_capabilities")
        memory, ports = client.human("info mtree -f").split("\n\n")[:2]
        row = r"^  ([0-9a-f]{16})-([0-9a-f]{16}) \(prio 0, ram\): pc\.ram(?: @([0-9a-f]{16}))? KVM$"
        rows = [[int(n or "0", 16) for n in m] for m in re.findall(row, memory, re.M)]
        assert len(rows) == 2, memory
        offset = 0
        for start, last, at in rows:
            assert at == offset, memory
            offset += last - start + 1
            hva = int(re.search(r"\(pc\.ram\) is 0x([0-9a-f]+)", client.human(f"gpa2hva {last:#x}"))[1], 16)
            assert hva, hva
        assert offset == 3500 << 20, memory
        assert re.search(r'^FlatView #1\n AS "I/O", root: io\n Root memory region: io\n', ports), ports
        assert re.search(r"^  00000000000003f8-00000000000003ff \(prio 0, i/o\): serial0$", ports, re.M), ports
    finally:
        _end(vitrine)


def test_a_breakpoint_is_an_event(place):
    if place.name == "svm":
        raise Skip("no breakpoints on the emulated SVM")
    vitrine, path = _start(place, "-S")
    try:
        client = Client(place, path)
        client.execute("qmp_capabilities")
        pc = int(re.search(r"RIP=([0-9a-f]+)", client.human("info registers"))[1], 16)
        assert client.execute("vitrine-command", command="break", arguments={"addr": pc + 1}).get("return")
        client.execute("cont")
        hit = client.event("VITRINE_STOPPED")["data"]
        assert hit["reason"] == "breakpoint" and hit["pc"] == pc + 1, hit
    finally:
        _end(vitrine)


def test_descriptors(place):
    if place.name != "native":
        raise Skip("descriptors do not cross a serial line")
    vitrine, path = _start(place, "-S")
    reader, writer = os.pipe()
    try:
        client = Client(place, path)
        client.execute("qmp_capabilities")
        client.send({"execute": "getfd", "arguments": {"fdname": "pipe"}}, [writer])
        assert json.loads(client.answer()) == {"return": {}}
        os.close(writer)
        os.set_blocking(reader, False)
        try:
            assert os.read(reader, 1), "vitrine holds the other end"
        except BlockingIOError:
            pass
        assert client.execute("closefd", fdname="pipe") == {"return": {}}
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)
        _end(vitrine)
