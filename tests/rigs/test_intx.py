# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux that may not use messages (pci=nomsi): its virtio devices share the two lines of INTA#."""
import re

from emulators import LINUX_ARGUMENTS
from inner import boot, do, end, monitor

_MIB = 8


def test_virtio_without_messages(place):
    image = "/run/intx.img"
    place.run(f"dd if=/dev/urandom of={image} bs=1M count={_MIB}; mkdir -p /run/www; "
              "head -c 1000007 /dev/urandom >/run/www/intx; "
              "{ pidof httpd || httpd -p 127.0.0.1:8080 -h /run/www; }")
    vitrine = boot(place, "-append", f"{LINUX_ARGUMENTS} pci=nomsi", "-nic", "user",
                   "-drive", f"file={image},id=d", "-device", "virtio-rng")
    do(vitrine, "dd if=/dev/urandom of=/dev/vda bs=64k seek=5 count=40 conv=fsync 2>/dev/null; "
                "echo 3 >/proc/sys/vm/drop_caches")
    inside = do(vitrine, "md5sum </dev/vda").split()[0]
    assert inside == place.run(f"md5sum <{image}").text.split()[0]
    do(vitrine, "ip link set eth0 up")
    do(vitrine, "udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    # The network and the disk at once, on a line each; random numbers share one of them.
    text = do(vitrine, "dd if=/dev/vda of=/dev/null bs=4k 2>/dev/null & "
                       "head -c 512 /dev/hwrng | wc -c; wget -q -O - http://10.0.2.2:8080/intx | md5sum; wait")
    assert text.split()[0] == "512" and place.run("md5sum </run/www/intx").text.split()[0] in text, text
    interrupts = do(vitrine, "grep -i virtio /proc/interrupts")
    assert "MSI" not in interrupts, interrupts
    lines = re.findall(r"^ *(\d+): +(\d+) +IO-APIC.*fasteoi +(.*)$", interrupts, re.MULTILINE)
    assert {number for number, _, _ in lines} == {"10", "11"}, interrupts
    assert sum(who.count("virtio") for _, _, who in lines) == 3, interrupts
    # Each time that a line went up, a driver made it go down.
    text = monitor(place, "info irq")
    for number, count, _ in lines:
        found = re.search(rf"GSI {number}, down: (\d+) raised, .* (\d+) acknowledged\n", text)
        assert found and found[1] == found[2] and int(found[1]) > 3 and int(count) > 3, interrupts + text
    end(vitrine)
