# SPDX-License-Identifier: GPL-3.0-or-later
"""A stock Linux in vitrine, with a shell on its console (inner_shell.sh): boot it, and let it do things."""
import contextlib

from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_MONITOR_PORT = 4444
FILE = "/run/www/file"  # what serve() makes
_URL = "http://10.0.2.2:8080/file"


@contextlib.contextmanager
def linux(place, *options, full=False, shell="@shell"):
    """vitrine with @options, once its shell is ready, and the end of both; its monitor listens: monitor().
    @full: a kernel with drivers of real hardware, which takes longer to start. @shell: its user space."""
    of = "-full" if full else ""
    vitrine = place.start(["-kernel", f"@linux{of}", "-initrd", f"{shell}{of}", "-append", LINUX_ARGUMENTS,
                           "-m", 256, "-no-reboot", "-serial", "stdio",
                           "-monitor", f"tcp:127.0.0.1:{_MONITOR_PORT}", *options])
    try:
        vitrine.expect("shell ready", _BOOT)
        do(vitrine, "true")  # behind what the shell says of itself
        yield vitrine
        vitrine.write(b"reboot -f\n")
        assert vitrine.wait() == 0, vitrine.tail
    finally:
        vitrine.kill()
        vitrine.wait()


def attempt(vitrine, command, timeout=PATIENCE):
    """The status of a command of the guest, and what it prints."""
    at = len(vitrine.output)
    vitrine.write(f"{command}; echo \"status $?.\"\n".encode())
    found = vitrine.expect(r"status (\d+)\.\r*\n", timeout, after=at)
    text = vitrine.output[at:found.start()].decode(errors="replace").replace("\r", "")
    return int(found[1]), text


def do(vitrine, command, timeout=PATIENCE):
    """What a command of the guest prints. It succeeds."""
    status, text = attempt(vitrine, command, timeout)
    assert status == 0, f"{command}: status {status}:\n{text}\n{vitrine.tail}"
    return text


def monitor(place, *commands):
    """What commands of vitrine's monitor print."""
    lines = "; ".join(f"echo '{c}'" for c in commands)
    return place.run(f"{{ {lines}; sleep 1; }} | nc -w 30 127.0.0.1 {_MONITOR_PORT}").text.replace("\r", "")


def wait_for_carrier(vitrine, value):
    """Until eth0 has one (1) or none (0)."""
    do(vitrine, f"n=0; until [ \"$(cat /sys/class/net/eth0/carrier)\" = {value} ] || [ $n = 300 ]; "
       "do n=$((n + 1)); usleep 200000; done; [ $n != 300 ]")


def get_address(vitrine):
    """eth0's, of the network that libslirp makes."""
    do(vitrine, "ip link set eth0 up")
    wait_for_carrier(vitrine, 1)
    text = do(vitrine, "udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    assert "bound to 10.0.2.15/24, router 10.0.2.2, dns 10.0.2.3" in text, text


def serve(place, size):
    """A file of @size on the loopback of the host, which is the rig."""
    place.run(f"mkdir -p /run/www && head -c {size} /dev/urandom >{FILE} && "
              "{ pidof httpd || httpd -p 127.0.0.1:8080 -h /run/www; }")


def fetch(place, vitrine):
    """The guest gets the file that serve() made, as it is."""
    text = do(vitrine, f"wget -q -O - {_URL} | md5sum")
    assert text.split()[0] == sum_of(place, FILE), text


def make_image(place, name, mib):
    """A file of random bytes in the rig's memory."""
    path = f"/run/{name}.img"
    assert "made" in place.run(f"dd if=/dev/urandom of={path} bs=1M count={mib} && echo made").text
    return path


def sum_of(place, path):
    return place.run(f"md5sum <{path}").text.split()[0]


def sum_inside(vitrine, disk):
    """Of the whole disk, as the device gives it: nothing of it is in the guest's memory."""
    do(vitrine, "sync; echo 3 >/proc/sys/vm/drop_caches")
    return do(vitrine, f"md5sum <{disk}").split()[0]
