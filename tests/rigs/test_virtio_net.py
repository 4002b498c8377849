# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own virtio_net on the network that libslirp makes. All of it inside the rig."""
import re
import time

from inner import do, fetch, get_address, linux, monitor, serve
from process import PATIENCE

_SIZE = 3 * 1024 * 1024 + 7


def _fetches_and_answers(place, vitrine):
    get_address(vitrine)
    fetch(place, vitrine)
    vitrine.write(b"while :; do nc -l -p 22 -e cat; done &\n")
    # Until the guest listens, its kernel refuses.
    deadline = time.monotonic() + PATIENCE
    while "there and back" not in (answer := place.run(
            "echo there and back | nc -w 30 127.0.0.1 2222").text):
        assert time.monotonic() < deadline, f"{answer}\n{vitrine.tail}"


def test_address_file_and_forwarded_port(place):
    serve(place, _SIZE)
    with linux(place, "-nic", "user,hostfwd=tcp::2222-:22,mac=52:54:00:00:00:77") as vitrine:
        assert "52:54:00:00:00:77" in do(vitrine, "cat /sys/class/net/eth0/address")
        _fetches_and_answers(place, vitrine)
        text = monitor(place, "info network")
        assert "tcp 127.0.0.1:2222 to the guest's 10.0.2.15:22" in text, text
        frames = re.search(r"to the guest: (\d+) frames, (\d+) bytes, 0 dropped", text)
        assert frames and int(frames[2]) > _SIZE, text


def test_packed_ring_without_merged_buffers(place):
    serve(place, _SIZE)
    with linux(place, "-netdev", "user,id=a,hostfwd=tcp:127.0.0.1:2222-:22",
               "-device", "virtio-net-pci,netdev=a,packed=on,mrg_rxbuf=off") as vitrine:
        _fetches_and_answers(place, vitrine)


def test_without_a_network_there_is_no_carrier(place):
    with linux(place, "-device", "virtio-net") as vitrine:
        assert "0" in do(vitrine, "ip link set eth0 up; cat /sys/class/net/eth0/carrier")


def _wait_for_carrier(vitrine, value):
    do(vitrine, f"n=0; until [ \"$(cat /sys/class/net/eth0/carrier)\" = {value} ] || [ $n = 300 ]; "
                "do n=$((n + 1)); usleep 200000; done; [ $n != 300 ]")


def test_the_cable_is_pulled_and_plugged_in(place):
    serve(place, _SIZE)
    with linux(place, "-nic", "user,hostfwd=tcp::2222-:22") as vitrine:
        do(vitrine, "ip link set eth0 up")
        _wait_for_carrier(vitrine, 1)
        monitor(place, "set_link net0 off")
        _wait_for_carrier(vitrine, 0)
        monitor(place, "set_link net0 on")
        _wait_for_carrier(vitrine, 1)
        _fetches_and_answers(place, vitrine)
