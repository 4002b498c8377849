# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""Every example of the monitor's table, on a guest in every state: an answer that fits its schema, or a refusal."""
import contextlib
import os
import tempfile

import jsonschema

from process import PATIENCE
from qmpclient import Client

# After these the machine is not what it was, whatever its run state says.
CHANGING = {"quit", "system_reset", "system_powerdown", "cpu-add", "cpu-del", "set", "write", "writep", "memload",
            "inject", "sendkey", "nmi", "o", "i", "step", "next-branch", "until", "wait", "cont", "stop"}

# The demo guest gives no vmcoreinfo and reads no keyboard, has no network card, and has the vCPU of the example
# already.
NEVER_HERE = {"info vmcoreinfo", "sendkey", "set_link", "cpu-add"}

# Where the addresses of the table's examples are none of this guest's.
MORE_EXAMPLES = {"watch": ["watch heartbeat"], "rwatch": ["rwatch heartbeat"], "awatch": ["awatch heartbeat"]}

# Instructions that a guest ends with, in 32 and in 64 bits.
PANIC = "0xb0 1 0x66 0xba 0x05 0x05 0xee 0xeb 0xfe"  # mov $1, %al; mov $0x505, %dx; out %al, (%dx); jmp .
FAULT = "0x0f 0x0b"  # ud2, which is a triple fault when there is no table of handlers


class Machine:
    """A demo guest in one state, with a breakpoint that nothing comes to."""

    def __init__(self, place, state):
        self.state = state
        self._directory = tempfile.mkdtemp(dir=place.scratch)
        open(os.path.join(self._directory, "image.bin"), "w").close()
        path = place.socket_path()
        words = ["-kernel", place.file("demo.elf"), "-smp", 2, "-device", "virtio-balloon", "-S", "-monitor", "none",
                 "-serial", "none", "-gdb", "none", "-netdev", "user,id=net0", "-device", "virtio-net,netdev=net0",
                 "-qmp", f"unix:{path}"]
        self._vitrine = place.spawn(["sh", "-c", f'cd {self._directory} && exec vitrine "$@"', "sh", *words], "vitrine")
        self._vitrine.expect("qmp: ")
        self.client = Client(place, path)
        self.client.execute("qmp_capabilities")
        self._must("break complain")
        getattr(self, "_make_" + state.replace("-", "_"))()
        assert self.status() == state, self.status()

    def _must(self, line):
        answer = self.client.monitor(line)
        assert "return" in answer, (line, answer)
        return answer["return"]

    def _run_to_a_stop(self):
        self._must("cont")
        self.client.event("VITRINE_STOPPED")

    def _make_running(self):
        # Far enough to have page tables and interrupts.
        self._make_debug()
        self._must("cont")

    def _make_paused(self):
        self._make_running()
        self._must("stop")

    def _make_debug(self):
        self._must("tbreak beat")
        self._run_to_a_stop()

    def _make_guest_panicked(self):
        self._make_debug()
        self._must(f"write $pc {PANIC}")
        self._run_to_a_stop()

    def _make_shutdown(self):
        self._make_debug()
        self._must("set idtr_limit 0")
        self._must(f"write $pc {FAULT}")
        self._run_to_a_stop()

    def status(self):
        return self.client.execute("query-status")["return"]["status"]

    def run(self, line):
        answer = self.client.monitor(line.replace("/tmp/", self._directory + "/"))
        if line.startswith("commands"):
            assert "return" in self.client.monitor("end")
        return answer

    def ended(self):
        return self._vitrine.wait(PATIENCE)

    def close(self):
        self.client.close()
        self._vitrine.kill(15)
        self._vitrine.wait()


def _check(row, example, answer):
    """Whether it was an answer, or there is none to be had here; fails when it is not even a refusal."""
    if "error" in answer:
        assert len(answer["error"]["desc"]) > 5, (example, answer)
        return "KVM_CAP_" in answer["error"]["desc"]
    data = answer["return"]["data"]
    try:
        jsonschema.validate(data, row["data"])
    except jsonschema.ValidationError as error:
        raise AssertionError(f"{example}: {error.message} at {list(error.path)} of {data}") from error
    return True


def _try_all(place, state):
    answered, refused = set(), {}
    with contextlib.ExitStack() as stack:
        machine = stack.enter_context(contextlib.closing(Machine(place, state)))
        for row in machine.client.execute("query-vitrine-schema")["return"]:
            jsonschema.Draft202012Validator.check_schema(row["data"])
            assert row["examples"], row["command"]
            for example in row["examples"] + MORE_EXAMPLES.get(row["command"], []):
                answer = machine.run(example)
                if _check(row, example, answer):
                    answered.add(row["command"])
                else:
                    refused[example] = answer["error"]["desc"]
                if row["command"] == "quit":
                    assert machine.ended() == (1 if "1" in example else 0)
                if row["command"] in CHANGING or machine.status() != state:
                    stack.close()
                    machine = stack.enter_context(contextlib.closing(Machine(place, state)))
        names = {row["command"] for row in machine.client.execute("query-vitrine-schema")["return"]}
    return names - answered - NEVER_HERE, refused


def test_running(place):
    silent, refused = _try_all(place, "running")
    assert silent == {"step", "next-branch", "until"}, (silent, refused)


def test_paused(place):
    silent, refused = _try_all(place, "paused")
    assert silent == set(), (silent, refused)


def test_debug(place):
    silent, refused = _try_all(place, "debug")
    assert silent == set(), (silent, refused)


def test_panicked(place):
    silent, refused = _try_all(place, "guest-panicked")
    assert silent == set(), (silent, refused)


def test_shut_down(place):
    silent, refused = _try_all(place, "shutdown")
    assert silent == {"cont", "step", "next-branch", "until"}, (silent, refused)
