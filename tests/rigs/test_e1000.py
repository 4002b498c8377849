# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own e1000 driver on the network that libslirp makes. All of it inside the rig."""
import contextlib
import re

from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_SIZE = 3 * 1024 * 1024 + 7
_CARD = "/sys/class/net/eth0"
_DRIVER = "/sys/bus/pci/drivers/e1000"


@contextlib.contextmanager
def _linux(place, *options):
    vitrine = place.start(["-kernel", "@linux-full", "-initrd", "@shell-full", "-append",
                           LINUX_ARGUMENTS, "-m", 256, "-no-reboot", "-serial", "stdio",
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


def _wait_for(vitrine, what, value):
    """A file of the card's says so, at last."""
    _do(vitrine, f"n=0; until [ \"$(cat {_CARD}/{what})\" = {value} ] || [ $n = 300 ]; "
                 f"do n=$((n + 1)); usleep 200000; done; [ $n != 300 ]")


def _get_address(vitrine):
    _do(vitrine, "ip link set eth0 up")
    _wait_for(vitrine, "carrier", 1)
    text = _do(vitrine, "udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    assert "bound to 10.0.2.15/24, router 10.0.2.2, dns 10.0.2.3" in text, text


def _fetch(place, vitrine):
    text = _do(vitrine, "wget -q -O - http://10.0.2.2:8080/file | md5sum")
    assert text.split()[0] == place.run("md5sum </run/www/file").text.split()[0], text


def _monitor(place, command):
    return place.run(f"{{ echo '{command}'; sleep 1; }} | nc -w 30 127.0.0.1 4444").text


def _register(text, name):
    """Its value in what `info device` says."""
    return int(re.search(rf"^{name} = 0x([0-9a-f]+)", text, re.M)[1], 16)


def test_file_driver_and_registers(place):
    place.run(f"mkdir -p /run/www && head -c {_SIZE} /dev/urandom >/run/www/file && "
              "{ pidof httpd || httpd -p 127.0.0.1:8080 -h /run/www; }")
    with _linux(place, "-nic", "user,model=e1000,mac=52:54:00:00:00:77") as vitrine:
        assert "52:54:00:00:00:77" in _do(vitrine, f"cat {_CARD}/address")
        _get_address(vitrine)
        assert _do(vitrine, f"cat {_CARD}/speed {_CARD}/duplex").split() == ["1000", "full"]
        _fetch(place, vitrine)
        before = _monitor(place, "info device e1000-0")
        assert "network: nic0, cable in, link up" in before, before
        assert "LU" in re.search(r"^status = .*", before, re.M)[0], before
        assert _register(before, "ral0") == 0x00005452, before

        _monitor(place, "set_link nic0 off")
        _wait_for(vitrine, "carrier", 0)
        _monitor(place, "set_link e1000-0 on")
        _wait_for(vitrine, "carrier", 1)

        # A driver that comes anew finds a card that is as new.
        address = _do(vitrine, f"ls {_DRIVER} | grep 0000").split()[0]
        _do(vitrine, f"echo {address} >{_DRIVER}/unbind; [ ! -e {_CARD} ]")
        _do(vitrine, f"echo {address} >{_DRIVER}/bind; [ -e {_CARD} ]")
        _get_address(vitrine)
        _fetch(place, vitrine)
        # What one card sent, the other side got.
        text = _do(vitrine, f"cd {_CARD}/statistics; cat rx_errors tx_errors rx_dropped rx_crc_errors")
        assert text.split() == ["0"] * 4, text
