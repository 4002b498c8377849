# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
# needs: processor
"""Backtraces of a stock Linux, which has no frame pointers: by its ORC tables."""
import re

from inner import do, linux
from process import PATIENCE

# Where the configuration of PCI is chosen, and the console.
_PCI, _CONSOLE = 0xcf8, 0x3f8

# Seconds, behind those that `wait until stopped` has.
_STOP = 400


def _frames(text):
    """[(function, whether it was interrupted)]; each has been found by the tables."""
    assert "?" not in text and "guessed" not in text, text
    rows = re.findall(r"^#\d+ +0x[0-9a-f]{16} <([\w.]+)(?:\+0x[0-9a-f]+)?>(, interrupted)?\r?$", text, re.M)
    assert len(rows) == len(re.findall(r"^#", text, re.M)), text
    return [(name, bool(mark)) for name, mark in rows]


def _in_order(names, expected):
    rest = iter(names)
    return all(name in rest for name in expected)


def _stop_at(place, monitor, port, provoke):
    """The backtrace where the guest, made to do something, accesses a port; then it goes on."""
    m = place.spawn(["vitrine", "monitor", monitor, "-c", f"catch io {port:#x}", "-c", "wait until stopped 300",
                     "-c", "backtrace", "-c", "delete catch all", "-c", "cont"])
    m.expect(r"catchpoint \d+: io", PATIENCE)
    provoke()
    assert m.wait(_STOP) == 0, m.text
    text = m.text.replace("\r", "")
    return text[text.index("#0 "):]


def test_of_linux(place):
    assert place.run("cp /proc/kallsyms /tmp/kallsyms").status == 0
    monitor = place.socket_path()
    with linux(place, "-symbols", "/tmp/kallsyms", "-monitor", f"unix:{monitor}") as vitrine:
        # A system call: from the driver up to the way in from user space.
        call = _stop_at(place, monitor, _PCI, lambda: vitrine.write(b"cat /sys/bus/pci/devices/*/config >/dev/null\n"))
        frames = _frames(call)
        names = [name for name, _ in frames]
        assert _in_order(names, ["pci_conf1_read", "pci_read_config", "kernfs_fop_read_iter", "do_syscall_64"]), call
        assert names[-1] == "entry_SYSCALL_64_after_hwframe" and not any(mark for _, mark in frames), call
        do(vitrine, "true")
        # An interrupt, which has a stack of its own, in what an idle processor does.
        interrupt = _stop_at(place, monitor, _CONSOLE, lambda: vitrine.write(b"\n"))
        frames = _frames(interrupt)
        names = [name for name, _ in frames]
        assert _in_order(names, ["serial8250_interrupt", "asm_common_interrupt"]), interrupt
        at = names.index("asm_common_interrupt")
        assert [n for n, (_, mark) in enumerate(frames) if mark] == [at + 1], interrupt
        assert _in_order(names[at:], ["do_idle", "cpu_startup_entry", "start_kernel"]), interrupt
    return call + interrupt
