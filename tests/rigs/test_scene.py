# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Debian with its own initramfs and a disk: network, disk, processors and power, all at once."""
import contextlib
import re
import time

from console import Console
from emulators import LINUX_ARGUMENTS
from inner import do, serve
from packages import kernel

_BOOT = 900
_URL = "http://10.0.2.2:8080/file"
_FETCHED = 5 * 1024 * 1024 + 3

# The disk's files are a directory first: mke2fs takes them from there, so that nobody needs to mount it. (Its
# path keeps the shell from busybox's own.)
_MAKE_DISK = """
set -e
cd /run && rm -rf root disk.img
mkdir -p root/bin root/dev root/etc root/proc root/root root/run root/sbin root/sys root/tmp
cp /bin/busybox root/bin
chroot root /bin/busybox --install -s /bin
ln -s /bin/busybox root/sbin/init
cp /guests/disk-rc root/etc/rc
printf '::sysinit:/etc/rc\\n::respawn:-/bin/sh\\n::shutdown:/bin/umount -a -r\\n' >root/etc/inittab
cp /guests/disk-udhcpc root/etc/udhcpc.sh
truncate -s 192M disk.img
/bin/mke2fs -q -t ext4 -d root disk.img
rm -r root
echo made
"""

# 64 MiB and a little, no part of which is like another one at its place in a block. Until the test has
# seen enough they are written, forgotten by the page cache and read.
_ROUNDS = """
stream() { for n in 1 2 3 4 5 6 7 8 9 10 11 12 13; do cat /fetched; done; }
stream | md5sum >/tmp/sum
rounds=0 wrong=0
until [ -e /tmp/enough -a $rounds != 0 ]; do
touch /tmp/begun
stream >/data
sync; echo 3 >/proc/sys/vm/drop_caches
md5sum </data | cmp - /tmp/sum || wrong=$((wrong + 1))
rounds=$((rounds + 1))
done
echo "rounds $rounds, $wrong wrong"
"""


@contextlib.contextmanager
def _debian(place, monitor):
    """Not with -no-reboot: only a power-off ends it."""
    vitrine = place.start(["-kernel", "@linux", "-initrd", "@debian-initrd", "-hda", "/run/disk.img",
                           "-append", f"{LINUX_ARGUMENTS} root=/dev/vda", "-nic", "user", "-smp", 2, "-m", 512,
                           "-serial", "stdio", "-monitor", f"unix:{monitor}"])
    try:
        at = vitrine.expect("the disk is root", _BOOT).end()
        vitrine.expect("# ", _BOOT, after=at)
        vitrine.write(b"stty -echo; PS1=; echo shell rea''dy\n")
        vitrine.expect("shell ready")
        yield vitrine
    finally:
        vitrine.kill()
        vitrine.wait()


def _gets_an_address(vitrine):
    interface = do(vitrine, "ls /sys/class/net | grep -v '^lo$'").strip()
    do(vitrine, f"ip link set {interface} up")
    text = do(vitrine, f"udhcpc -i {interface} -s /etc/udhcpc.sh -n -q -t 20 -T 3")
    assert "bound to 10.0.2.15/24" in text, text


@contextlib.contextmanager
def _loses_a_processor(vitrine, monitor):
    """vCPU 1 goes, and comes again behind `yield`. There is no udev to start it then."""
    own = "/sys/devices/system/cpu/cpu1/online"
    with Console(monitor) as m:
        assert "it goes when" in m("cpu-del 1")
        end = time.monotonic() + _BOOT
        while "CPU #1" in m("info cpus"):
            assert time.monotonic() < end, f"it was not ejected\n{vitrine.tail}"
        assert do(vitrine, "nproc").strip() == "1"
        yield
        assert "error" not in m("cpu-add 1")
    do(vitrine, f"until [ -e {own} ]; do usleep 300000; done; echo 1 >{own}", _BOOT)
    assert do(vitrine, "nproc").strip() == "2"


def _sum(place, command):
    """Of what @command of the rig prints."""
    return place.run(f"{command} 2>/dev/null | md5sum").text.split()[0]


def test_debian_on_a_disk(place):
    made = place.run(_MAKE_DISK)
    assert "made" in made.text, made.tail
    serve(place, _FETCHED)
    served = _sum(place, "cat /run/www/file")
    monitor = place.socket_path()
    with _debian(place, monitor) as vitrine:
        assert kernel().version in do(vitrine, "uname -r")
        assert re.search(r"^/dev/\w+ / ext4 rw", do(vitrine, "cat /proc/mounts"), re.M), vitrine.tail
        assert do(vitrine, "nproc").strip() == "2"
        _gets_an_address(vitrine)
        do(vitrine, f"wget -q -O /fetched {_URL}")
        do(vitrine, f"cat >/tmp/rounds <<'END'\n{_ROUNDS}\nEND\nsh /tmp/rounds >/tmp/said 2>&1 & true")
        do(vitrine, "until [ -e /tmp/begun ]; do usleep 300000; done", _BOOT)
        with _loses_a_processor(vitrine, place.reach(monitor)):
            assert do(vitrine, f"wget -q -O - {_URL} | md5sum").split()[0] == served
        do(vitrine, "touch /tmp/enough; wait", _BOOT)
        said = do(vitrine, "cat /tmp/said")
        assert re.search(r"rounds [1-9]\d*, 0 wrong", said), said
        written = do(vitrine, "cat /tmp/sum").split()[0]
        vitrine.write(b"poweroff\n")
        assert vitrine.wait(_BOOT) == 0, vitrine.tail
    for bad in ("ACPI Error", "ACPI BIOS", "EXT4-fs error", "I/O error"):
        assert bad not in vitrine.text, vitrine.tail

    # From outside.
    checked = place.run("/bin/e2fsck -fn /run/disk.img", _BOOT)
    assert checked.status == 0, checked.tail
    assert _sum(place, "/bin/debugfs -R 'cat /data' /run/disk.img") == written
    assert _sum(place, "/bin/debugfs -R 'cat /fetched' /run/disk.img") == served
    return said
