# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock Linux in vitrine, with a shell on its console (inner_shell.sh): boot it, and let it do things."""
from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_MONITOR_PORT = 4444


def boot(place, *options):
    """vitrine with @options, when its shell is ready; its monitor listens: monitor()."""
    vitrine = place.start(["-kernel", "@linux", "-initrd", "@shell", "-append", LINUX_ARGUMENTS,
                           "-m", 256, "-no-reboot", "-serial", "stdio",
                           "-monitor", f"tcp:127.0.0.1:{_MONITOR_PORT}", *options])
    vitrine.expect("shell ready", _BOOT)
    do(vitrine, "true")  # behind what the shell says of itself
    return vitrine


def attempt(vitrine, command, timeout=PATIENCE):
    """The status of a command of the guest, and what it prints."""
    at = len(vitrine.output)
    vitrine.write(f"{command}; echo \"status $?.\"\n".encode())
    found = vitrine.expect(r"status (\d+)\.", timeout, after=at)
    text = vitrine.output[at:found.start()].decode(errors="replace").replace("\r", "")
    return int(found[1]), text


def do(vitrine, command, timeout=PATIENCE):
    """The same of one that succeeds."""
    status, text = attempt(vitrine, command, timeout)
    assert status == 0, f"{command}: status {status}:\n{text}"
    return text


def end(vitrine):
    vitrine.write(b"reboot -f\n")
    assert vitrine.wait() == 0, vitrine.tail


def monitor(place, command):
    """What a command of vitrine's monitor prints."""
    return place.run(f"{{ echo '{command}'; sleep 1; }} | nc -w 30 127.0.0.1 {_MONITOR_PORT}").text.replace("\r", "")
