# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux finds virtio devices on MMIO by its ACPI tables, and drives them with its virtio_mmio."""
import re

from inner import boot, do, end, monitor

_MIB = 8


def _driver_of(vitrine, device):
    return do(vitrine, f"basename $(readlink -f {device}/driver)").split()


def _line(interrupts, number):
    """How often it came, what kind of line it is, and who listens."""
    found = re.search(rf"^ *{number}: +(\d+) +(.*)$", interrupts, re.MULTILINE)
    assert found, interrupts
    return int(found[1]), found[2]


def test_disk_network_and_random_numbers(place):
    image = "/run/mmio.img"
    place.run(f"dd if=/dev/urandom of={image} bs=1M count={_MIB}; mkdir -p /run/www; "
              "head -c 1000007 /dev/urandom >/run/www/mmio; "
              "{ pidof httpd || httpd -p 127.0.0.1:8080 -h /run/www; }")
    vitrine = boot(place, "-device", "virtio-rng,transport=mmio",
                   "-drive", f"file={image},if=none,id=d", "-device", "virtio-blk-device,drive=d,packed=on",
                   "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n")
    names = do(vitrine, "ls /sys/bus/platform/devices | grep LNRO").split()
    assert names == ["LNRO0005:00", "LNRO0005:01", "LNRO0005:02"], names
    assert _driver_of(vitrine, "/sys/bus/platform/devices/LNRO0005:01") == ["virtio-mmio"]
    # The disk: what is read is in the file, and what is written gets there.
    do(vitrine, "dd if=/dev/urandom of=/dev/vda bs=64k seek=5 count=40 conv=fsync 2>/dev/null; "
                "echo 3 >/proc/sys/vm/drop_caches")
    inside = do(vitrine, "md5sum </dev/vda").split()[0]
    assert inside == place.run(f"md5sum <{image}").text.split()[0]
    # The network.
    do(vitrine, "ip link set eth0 up")
    do(vitrine, "udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    inside = do(vitrine, "wget -q -O - http://10.0.2.2:8080/mmio | md5sum").split()[0]
    assert inside == place.run("md5sum </run/www/mmio").text.split()[0]
    # Random numbers.
    sums = {do(vitrine, "head -c 512 /dev/hwrng | md5sum").split()[0] for _ in range(3)}
    assert len(sums) == 3, sums
    # A line for each, which is a level and goes down when the driver acknowledges.
    interrupts = do(vitrine, "grep -i virtio /proc/interrupts")
    for gsi in (16, 17, 18):
        count, how = _line(interrupts, gsi)
        assert count > 3 and "IO-APIC" in how and "fasteoi" in how, interrupts
    text = monitor(place, "info irq")
    found = re.search(r"GSI 17, down: (\d+) raised, (\d+) delivered, .* (\d+) acknowledged\n  from disk0", text)
    assert found and found[1] == found[3], text
    # The driver goes and comes back.
    do(vitrine, "cd /sys/bus/platform/drivers/virtio-mmio && echo LNRO0005:01 >unbind && ! [ -e /dev/vda ]")
    assert "queue 0: off\n" in monitor(place, "info device disk0")
    do(vitrine, "cd /sys/bus/platform/drivers/virtio-mmio && echo LNRO0005:01 >bind")
    inside = do(vitrine, "md5sum </dev/vda").split()[0]
    assert inside == place.run(f"md5sum <{image}").text.split()[0]
    end(vitrine)
