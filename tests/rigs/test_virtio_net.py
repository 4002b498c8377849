# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own virtio_net on the network that libslirp makes. All of it inside the rig."""
import contextlib
import re
import time

from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_SIZE = 3 * 1024 * 1024 + 7


@contextlib.contextmanager
def _linux(place, *options):
    vitrine = place.start(["-kernel", "@linux", "-initrd", "@shell", "-append", LINUX_ARGUMENTS,
                           "-m", 256, "-no-reboot", "-serial", "stdio",
                           "-monitor", "tcp:127.0.0.1:4444", *options])
    try:
        vitrine.expect("shell ready", _BOOT)
        yield vitrine
        vitrine.write(b"reboot -f\n")
        assert vitrine.wait() == 0, vitrine.tail
    finally:
        vitrine.kill()
        vitrine.wait()


def _do(vitrine, command, timeout=PATIENCE):
    """What a command of the guest prints. It succeeds."""
    at = len(vitrine.output)
    vitrine.write(f"{command}; echo \"status $?.\"\n".encode())
    found = vitrine.expect(r"status (\d+)\.", timeout, after=at)
    text = vitrine.output[at:found.start()].decode(errors="replace").replace("\r", "")
    assert found[1] == b"0", f"{command}: status {found[1]}:\n{vitrine.tail}"
    return text


def _get_address(vitrine):
    _do(vitrine, "ip link set eth0 up")
    text = _do(vitrine, "udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    assert "bound to 10.0.2.15/24, router 10.0.2.2, dns 10.0.2.3" in text, text


def _serve(place):
    """A file on the loopback of the host, which is the rig."""
    place.run(f"mkdir -p /run/www && head -c {_SIZE} /dev/urandom >/run/www/file && "
              "{ pidof httpd || httpd -p 127.0.0.1:8080 -h /run/www; }")


def _fetches_and_answers(place, vitrine):
    _get_address(vitrine)
    text = _do(vitrine, "wget -q -O - http://10.0.2.2:8080/file | md5sum")
    assert text.split()[0] == place.run("md5sum </run/www/file").text.split()[0], text
    vitrine.write(b"while :; do nc -l -p 22 -e cat; done &\n")
    # Until the guest listens, its kernel refuses.
    deadline = time.monotonic() + PATIENCE
    while "there and back" not in (answer := place.run(
            "echo there and back | nc -w 30 127.0.0.1 2222").text):
        assert time.monotonic() < deadline, f"{answer}\n{vitrine.tail}"


def test_address_file_and_forwarded_port(place):
    _serve(place)
    with _linux(place, "-nic", "user,hostfwd=tcp::2222-:22,mac=52:54:00:00:00:77") as vitrine:
        assert "52:54:00:00:00:77" in _do(vitrine, "cat /sys/class/net/eth0/address")
        _fetches_and_answers(place, vitrine)
        text = place.run("{ echo info network; sleep 1; } | nc -w 30 127.0.0.1 4444").text
        assert "tcp 127.0.0.1:2222 to the guest's 10.0.2.15:22" in text, text
        frames = re.search(r"to the guest: (\d+) frames, (\d+) bytes, 0 dropped", text)
        assert frames and int(frames[2]) > _SIZE, text


def test_packed_ring_without_merged_buffers(place):
    _serve(place)
    with _linux(place, "-netdev", "user,id=a,hostfwd=tcp:127.0.0.1:2222-:22",
                "-device", "virtio-net-pci,netdev=a,packed=on,mrg_rxbuf=off") as vitrine:
        _fetches_and_answers(place, vitrine)


def test_without_a_network_there_is_no_carrier(place):
    with _linux(place, "-device", "virtio-net") as vitrine:
        assert "0" in _do(vitrine, "ip link set eth0 up; cat /sys/class/net/eth0/carrier")
