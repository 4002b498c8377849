# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux with its own nvme driver. The images are in the rig's memory."""
import re

from inner import attempt, do, linux, make_image, monitor, sum_inside, sum_of

_MIB = 16
_DISK = "/dev/nvme0n1"
_PCI = "/sys/bus/pci/drivers/nvme"


def test_what_is_written_is_in_the_file(place):
    image = make_image(place, "nvme", _MIB)
    with linux(place, "-smp", 2, "-drive", f"file={image},if=none,id=d",
               "-device", "nvme,drive=d,serial=glass") as vitrine:
        assert do(vitrine, "cat /sys/block/nvme0n1/size").split() == [str(_MIB * 2048)]
        assert do(vitrine, "cat /sys/class/nvme/nvme0/serial").split() == ["glass"]
        assert do(vitrine, "cat /sys/class/nvme/nvme0/queue_count").split() == ["3"]
        assert "write back" in do(vitrine, "cat /sys/block/nvme0n1/queue/write_cache")
        assert sum_inside(vitrine, _DISK) == sum_of(place, image)
        do(vitrine, f"dd if=/dev/urandom of={_DISK} bs=100k seek=3 count=50 conv=fsync 2>/dev/null")
        assert sum_inside(vitrine, _DISK) == sum_of(place, image)
        # A queue for each processor, each with a message of its own; both are used.
        for cpu in (0, 1):
            do(vitrine, f"taskset {1 << cpu:x} dd if={_DISK} of=/dev/null bs=64k count=32 iflag=direct 2>/dev/null")
        interrupts = re.findall(r"^ *\d+:\s+(\d+)\s+(\d+).*PCI-MSI.*nvme0q(\d)$",
                                do(vitrine, "cat /proc/interrupts"), re.M)
        assert [q for _, _, q in interrupts] == ["0", "1", "2"], interrupts
        assert int(interrupts[1][0]) >= 32 and int(interrupts[2][1]) >= 32, interrupts
        # What the driver set up, as the monitor sees it.
        text = monitor(place, "info device nvme0")
        assert re.search(r"CC = 0x00460001 \[EN CSS=0 MPS=0 AMS=0 SHN=none IOSQES=6 IOCQES=4\]", text), text
        assert re.search(r"CSTS = 0x00000001 \[RDY SHST=none\]", text), text
        assert re.search(r"submission queue 2: \d+ entries .*, to completion queue 2, in flight 0", text), text
        assert "Asynchronous Event Request, waits for its event" in text, text
        assert re.search(r"nvme0: .*drive d, by io_uring\n", monitor(place, "info block"))


def test_discard_and_rebind(place):
    image = make_image(place, "discard", _MIB)
    with linux(place, "-drive", f"file={image},if=none,id=d", "-device",
               "nvme,drive=d,max_ioqpairs=1,logical_block_size=4096") as vitrine:
        assert do(vitrine, "cat /sys/block/nvme0n1/queue/logical_block_size").split() == ["4096"]
        do(vitrine, f"mke2fs -b 4096 {_DISK} >/dev/null && mkdir /mnt && mount -t ext4 -o discard {_DISK} /mnt")
        do(vitrine, "dd if=/dev/urandom of=/mnt/file bs=1M count=8 2>/dev/null; sync")
        before = int(place.run(f"du -k {image}").text.split()[0])
        do(vitrine, "rm /mnt/file; sync; fstrim /mnt; umount /mnt")
        after = int(place.run(f"du -k {image}").text.split()[0])
        assert after <= before - 8000, (before, after)
        do(vitrine, f"blkdiscard -o 4194304 -l 4194304 {_DISK}")
        # The driver shuts the controller down, and takes it anew.
        address = do(vitrine, f"cd {_PCI} && echo 0000:*").split()[0]
        do(vitrine, f"echo {address} >{_PCI}/unbind")
        assert attempt(vitrine, f"test -e {_DISK}")[0] == 1
        assert "SHST=complete" in monitor(place, "info device nvme0")
        do(vitrine, f"echo {address} >{_PCI}/bind; until [ -b {_DISK} ]; do usleep 100000; done")
        assert sum_inside(vitrine, _DISK) == sum_of(place, image)
        do(vitrine, "echo 1 >/sys/class/nvme/nvme0/reset_controller")
        assert sum_inside(vitrine, _DISK) == sum_of(place, image)


def test_injected_faults(place):
    """Linux's error paths: a read error is its reader's; what times out is aborted, and tried again."""
    image = make_image(place, "faults", _MIB)
    with linux(place, "-drive", f"file={image},if=none,id=d", "-device", "nvme,drive=d") as vitrine:
        read = f"dd if={_DISK} of=/tmp/read bs=64k count=1 iflag=direct 2>&1"
        do(vitrine, read)
        monitor(place, "inject nvme0 error")
        status, text = attempt(vitrine, read)
        assert status == 1 and re.search("No data available|Input/output error", text), text
        do(vitrine, read)
        do(vitrine, "echo 2000 >/sys/block/nvme0n1/queue/io_timeout; dmesg -c >/dev/null")
        monitor(place, "inject nvme0 timeout")
        do(vitrine, read)
        text = do(vitrine, "dmesg")
        assert re.search(r"nvme0: I/O .*QID 1 timeout, aborting", text), text
        assert "Abort status: 0x0" in text, text
        do(vitrine, f"dd if={_DISK} bs=64k count=1 2>/dev/null | cmp - /tmp/read")
