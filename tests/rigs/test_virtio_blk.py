# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own virtio_blk and virtio-rng. The images are in the rig's memory."""
import re

from inner import attempt, do, linux, make_image, monitor, sum_inside, sum_of

_MIB = 16


def test_what_is_written_is_in_the_file(place):
    image = make_image(place, "whole", _MIB)
    with linux(place, "-smp", 2, "-drive", f"file={image},id=d", "-device", "virtio-rng") as vitrine:
        assert do(vitrine, "cat /sys/block/vda/size").split() == [str(_MIB * 2048)]
        assert do(vitrine, "cat /sys/block/vda/serial").split() == ["d"]
        assert "write back" in do(vitrine, "cat /sys/block/vda/queue/write_cache")
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        do(vitrine, "dd if=/dev/urandom of=/dev/vda bs=100k seek=3 count=50 conv=fsync 2>/dev/null")
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        # With a message of its own for each queue.
        interrupts = do(vitrine, "grep virtio /proc/interrupts")
        assert len(re.findall(r"PCI-MSI.*virtio\d+-req\.", interrupts)) == 2, interrupts
        assert re.search(r"drive d, by io_uring\n", monitor(place, "info block"))
        # A file system, and what it leaves when it goes.
        do(vitrine, "mke2fs /dev/vda >/dev/null && mkdir /mnt && mount -t ext4 -o discard /dev/vda /mnt")
        do(vitrine, "dd if=/dev/urandom of=/mnt/file bs=1M count=8 2>/dev/null; sync")
        before = int(place.run(f"du -k {image}").text.split()[0])
        do(vitrine, "rm /mnt/file; sync; fstrim /mnt; umount /mnt")
        after = int(place.run(f"du -k {image}").text.split()[0])
        assert after <= before - 8000, (before, after)
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        assert "virtio_rng" in do(vitrine, "cat /sys/class/misc/hw_random/rng_current")
        sums = {do(vitrine, "head -c 512 /dev/hwrng | md5sum").split()[0] for _ in range(3)}
        assert len(sums) == 3, sums


def test_a_snapshot_on_a_packed_ring_leaves_the_file_alone(place):
    image = make_image(place, "snapshot", _MIB)
    before = sum_of(place, image)
    place.run("mkdir -p /var/tmp")
    with linux(place, "-drive", f"file={image},if=none,id=d,snapshot=on",
               "-device", "virtio-blk-pci,drive=d,packed=on,logical_block_size=4096") as vitrine:
        assert sum_inside(vitrine, "/dev/vda") == before
        do(vitrine, "dd if=/dev/zero of=/dev/vda bs=1M seek=4 count=4 conv=fsync 2>/dev/null")
        assert sum_inside(vitrine, "/dev/vda") != before
        zeroes = do(vitrine, "dd if=/dev/vda bs=1M skip=4 count=4 2>/dev/null | md5sum").split()[0]
        assert zeroes == do(vitrine, "dd if=/dev/zero bs=1M count=4 2>/dev/null | md5sum").split()[0]
        assert sum_of(place, image) == before
    assert sum_of(place, image) == before


def test_read_only_and_full(place):
    """The file system that the second image is on has room for a part of it."""
    image = make_image(place, "readonly", _MIB)
    place.run("mkdir -p /run/small && mount -t tmpfs -o size=6m small /run/small && "
              "truncate -s 32M /run/small/disk.img")
    with linux(place, "-drive", f"file={image},readonly=on",
               "-drive", "file=/run/small/disk.img,cache=writethrough") as vitrine:
        assert do(vitrine, "cat /sys/block/vda/ro /sys/block/vdb/ro").split() == ["1", "0"]
        assert sum_inside(vitrine, "/dev/vda") == sum_of(place, image)
        status, _ = attempt(vitrine, "dd if=/dev/zero of=/dev/vda bs=4k count=1 2>&1")
        assert status != 0
        assert "write through" in do(vitrine, "cat /sys/block/vdb/queue/write_cache")
        do(vitrine, "dd if=/dev/urandom of=/tmp/good bs=1M count=2 2>/dev/null; dd if=/tmp/good of=/dev/vdb conv=fsync 2>/dev/null")
        status, text = attempt(vitrine, "dd if=/dev/urandom of=/dev/vdb bs=64k seek=64 count=256 conv=fsync 2>&1")
        assert status != 0, text
        assert len(re.findall("vitrine: disk1: .*could not be written: No space left", vitrine.text)) == 1
        # What was there before is there, and the device goes on.
        do(vitrine, "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vdb bs=1M count=2 2>/dev/null | cmp - /tmp/good")
        assert re.search(r"disk1: .*\n.*\n.*\n  errors [1-9]", monitor(place, "info block"))
    place.run("umount /run/small")
