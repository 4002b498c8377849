# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own e1000 driver on the network that libslirp makes. All of it inside the rig."""
import re

from inner import do, fetch, get_address, linux, monitor, serve, wait_for_carrier

_SIZE = 3 * 1024 * 1024 + 7
_CARD = "/sys/class/net/eth0"
_DRIVER = "/sys/bus/pci/drivers/e1000"


def _register(text, name):
    """Its value in what `info device` says."""
    return int(re.search(rf"^{name} = 0x([0-9a-f]+)", text, re.M)[1], 16)


def test_file_driver_and_registers(place):
    serve(place, _SIZE)
    with linux(place, "-nic", "user,model=e1000,mac=52:54:00:00:00:77", full=True) as vitrine:
        assert "52:54:00:00:00:77" in do(vitrine, f"cat {_CARD}/address")
        get_address(vitrine)
        assert do(vitrine, f"cat {_CARD}/speed {_CARD}/duplex").split() == ["1000", "full"]
        fetch(place, vitrine)
        before = monitor(place, "info device e1000-0")
        assert "network: nic0, cable in, link up" in before, before
        assert "LU" in re.search(r"^status = .*", before, re.M)[0], before
        assert _register(before, "ral0") == 0x00005452, before

        monitor(place, "set_link nic0 off")
        wait_for_carrier(vitrine, 0)
        monitor(place, "set_link e1000-0 on")
        wait_for_carrier(vitrine, 1)

        # A driver that comes anew finds a card that is as new.
        address = do(vitrine, f"ls {_DRIVER} | grep 0000").split()[0]
        do(vitrine, f"echo {address} >{_DRIVER}/unbind; [ ! -e {_CARD} ]")
        do(vitrine, f"echo {address} >{_DRIVER}/bind; [ -e {_CARD} ]")
        get_address(vitrine)
        fetch(place, vitrine)
        # What one card sent, the other side got.
        text = do(vitrine, f"cd {_CARD}/statistics; cat rx_errors tx_errors rx_dropped rx_crc_errors")
        assert text.split() == ["0"] * 4, text
