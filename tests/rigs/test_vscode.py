# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""The launch.json of docs/gdb.md: what it has gdb and lldb do, done as the two extensions do it."""
import json
import re
import shlex
import subprocess

from packages import BUILD, Missing, ROOT, program
from process import PATIENCE

# The attributes that the extensions document (C/C++: "launch.json reference"; CodeLLDB: MANUAL.md).
KNOWN = {
    "cppdbg": {"name", "type", "request", "program", "cwd", "MIMode", "miDebuggerPath",
               "miDebuggerServerAddress", "stopAtConnect", "setupCommands"},
    "lldb": {"name", "type", "request", "targetCreateCommands", "processCreateCommands"},
}


def _configuration(kind, address):
    """That of docs/gdb.md, for the demo guest at @address."""
    text = re.search(r"```json\n(.*?)```", (ROOT / "docs" / "gdb.md").read_text(), re.S)[1]
    assert "127.0.0.1:1234" in text
    text = text.replace("127.0.0.1:1234", address)
    text = text.replace("${workspaceFolder}/vmlinux", str(BUILD / "guests" / "demo.elf"))
    found = [c for c in json.loads(text)["configurations"] if c["type"] == kind]
    assert len(found) == 1, text
    assert not set(found[0]) - KNOWN[kind], set(found[0]) - KNOWN[kind]
    return found[0]


def _vitrine(place):
    vitrine = place.start(["-kernel", "@demo.elf", "-m", 64, "-smp", 2, "-S", "-gdb", "tcp:127.0.0.1:0"],
                          None)
    return vitrine, vitrine.expect(place.listening + r"(\S+)\n")[1].decode()


def _run(argv, lines):
    done = subprocess.run([str(a) for a in argv], input="".join(f"{line}\n" for line in lines), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    return done.stdout


def test_gdb(place):
    """The C/C++ extension speaks GDB/MI."""
    vitrine, address = _vitrine(place)
    try:
        c = _configuration("cppdbg", address)
        said = _run([program(c["miDebuggerPath"]), "--interpreter=mi", "-nx", "-q"],
                    ["-gdb-set remotetimeout 60"] +
                    [f'-interpreter-exec console {json.dumps(s["text"])}' for s in c["setupCommands"]] +
                    [f'-file-exec-and-symbols {c["program"]}',
                     f'-target-select remote {c["miDebuggerServerAddress"]}',
                     "-break-insert kernel_main", "-thread-info",
                     '-interpreter-exec console "monitor info cpus"', "-gdb-exit"])
        assert "^error" not in said, said
        assert "^connected" in said and 'name="vCPU1"' in said and 'func="kernel_main"' in said, said
        return said
    finally:
        vitrine.kill(15)
        vitrine.wait()


def test_lldb(place):
    """CodeLLDB executes lldb's own commands."""
    vitrine, address = _vitrine(place)
    try:
        c = _configuration("lldb", address)
        try:
            lldb = program("lldb")
        except Missing:
            lldb = program("lldb-14")
        argv = [lldb, "--no-lldbinit", "--script-language", "none", "--batch"]
        for command in ["settings set plugin.process.gdb-remote.packet-timeout 60",
                        *c["targetCreateCommands"], *c["processCreateCommands"],
                        "breakpoint set -n kernel_main", "thread list",
                        "process plugin packet monitor info cpus", "detach"]:
            argv += ["-o", command]
        said = _run(argv, [])
        assert re.search(r"name = 'vCPU1'", said) and "CPU #0" in said, f"{shlex.join(map(str, argv))}\n{said}"
        assert "where = demo.elf`kernel_main" in said and "Process 1 detached" in said, said
        return said
    finally:
        vitrine.kill(15)
        vitrine.wait()
