# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux finds virtio devices on MMIO by its ACPI tables, and drives them with its virtio_mmio."""
import re
import time

from inner import do, fetch, get_address, linux, make_image, monitor, serve, sum_inside, sum_of
from process import PATIENCE

_MIB = 8


def _driver_of(vitrine, device):
    return do(vitrine, f"basename $(readlink -f {device}/driver)").split()


def _line(interrupts, number):
    """How often it came, what kind of line it is, and who listens."""
    found = re.search(rf"^ *{number}: +(\d+) +(.*)$", interrupts, re.MULTILINE)
    assert found, interrupts
    return int(found[1]), found[2]


def _wait(is_so, vitrine):
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, vitrine.tail


def test_all_but_shared_directories(place):
    image = make_image(place, "mmio", _MIB)
    serve(place, 1000007)
    with linux(place, "-device", "virtio-rng,transport=mmio",
               "-drive", f"file={image},if=none,id=d", "-device", "virtio-blk-device,drive=d,packed=on",
               "-netdev", "user,id=n", "-device", "virtio-net-device,netdev=n",
               "-device", "virtio-console,transport=mmio,port1=file:/run/port,name1=org.test.port",
               "-device", "virtio-balloon-device") as vitrine:
        names = do(vitrine, "ls /sys/bus/platform/devices | grep LNRO").split()
        assert names == [f"LNRO0005:0{n}" for n in range(5)], names
        assert _driver_of(vitrine, "/sys/bus/platform/devices/LNRO0005:01") == ["virtio-mmio"]
        # The disk: what is read is in the file, and what is written gets there.
        do(vitrine, "dd if=/dev/urandom of=/dev/vda bs=64k seek=5 count=40 conv=fsync 2>/dev/null")
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        # The network.
        get_address(vitrine)
        fetch(place, vitrine)
        # Random numbers.
        sums = {do(vitrine, "head -c 512 /dev/hwrng | md5sum").split()[0] for _ in range(3)}
        assert len(sums) == 3, sums
        # A console's port, and memory that is given up.
        do(vitrine, "cd /sys/class/virtio-ports && port=$(ls -d vport*p1) && grep org.test.port $port/name && "
                    "echo by mmio >/dev/$port; cd /")
        _wait(lambda: "by mmio" in place.run("cat /run/port").text, vitrine)
        monitor(place, "balloon 200")
        _wait(lambda: "actual=200 target=200 MiB" in monitor(place, "info balloon"), vitrine)
        # A line for each, which is a level and goes down when the driver acknowledges.
        interrupts = do(vitrine, "grep -i virtio /proc/interrupts")
        for gsi in range(16, 21):
            count, how = _line(interrupts, gsi)
            assert count and "IO-APIC" in how and "fasteoi" in how, interrupts
        text = monitor(place, "info irq")
        found = re.search(r"GSI 17, down: (\d+) raised, (\d+) delivered, .* (\d+) acknowledged\n  from disk0", text)
        assert found and found[1] == found[3], text
        # The driver goes and comes back.
        do(vitrine, "cd /sys/bus/platform/drivers/virtio-mmio && echo LNRO0005:01 >unbind && ! [ -e /dev/vda ]")
        assert "queue 0: off\n" in monitor(place, "info device disk0")
        do(vitrine, "cd /sys/bus/platform/drivers/virtio-mmio && echo LNRO0005:01 >bind")
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)


def test_a_directory_of_the_host(place):
    """The kernel that has 9p."""
    place.run("mkdir -p /run/mmio-share; head -c 300007 /dev/urandom >/run/mmio-share/host")
    with linux(place, "-device", "virtio-9p-device,path=/run/mmio-share,mount_tag=src", full=True) as vitrine:
        assert "virtio-mmio" in do(vitrine, "ls /sys/bus/platform/drivers")
        do(vitrine, "mkdir /mnt && mount -t 9p -o trans=virtio,version=9p2000.L src /mnt && cp /mnt/host /mnt/guest")
        sums = place.run("cd /run/mmio-share && md5sum <host && md5sum <guest").text.split()
        assert len(sums) == 4 and sums[0] == sums[2], sums
