# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux that may not use messages (pci=nomsi): its virtio devices share the two lines of INTA#."""
import re

from emulators import LINUX_ARGUMENTS
from inner import FILE, do, get_address, linux, make_image, monitor, serve, sum_inside, sum_of

_MIB = 8


def test_virtio_without_messages(place):
    image = make_image(place, "intx", _MIB)
    serve(place, 1000007)
    with linux(place, "-append", f"{LINUX_ARGUMENTS} pci=nomsi", "-nic", "user",
               "-drive", f"file={image},id=d", "-device", "virtio-rng") as vitrine:
        do(vitrine, "dd if=/dev/urandom of=/dev/vda bs=64k seek=5 count=40 conv=fsync 2>/dev/null")
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        get_address(vitrine)
        # The network and the disk at once, on a line each; random numbers share one of them.
        text = do(vitrine, "dd if=/dev/vda of=/dev/null bs=4k 2>/dev/null & "
                           "head -c 512 /dev/hwrng | wc -c; wget -q -O - http://10.0.2.2:8080/file | md5sum; wait")
        assert text.split()[0] == "512" and sum_of(place, FILE) in text, text
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
