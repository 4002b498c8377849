# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux mounts a directory of the host with its own 9p. The directory is in the rig's memory."""
import contextlib

from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_SHARE = "/run/share"


def _try(vitrine, command, timeout=PATIENCE):
    """The status of a command of the guest, and what it prints."""
    at = len(vitrine.output)
    vitrine.write(f"{command}; echo \"status $?.\"\n".encode())
    found = vitrine.expect(r"status (\d+)\.\r*\n", timeout, after=at)
    text = vitrine.output[at:found.start()].decode(errors="replace").replace("\r", "")
    return int(found[1]), text


def _do(vitrine, command, timeout=PATIENCE):
    """The same of one that succeeds."""
    status, text = _try(vitrine, command, timeout)
    assert status == 0, f"{command}: status {status}:\n{text}\n{vitrine.tail}"
    return text


def _host(place, command):
    process = place.run(command)
    assert process.status == 0, f"{command}: {process.text}"
    return process.text


@contextlib.contextmanager
def _linux(place, *options):
    vitrine = place.start(["-kernel", "@linux-full", "-initrd", "@shell-full", "-append", LINUX_ARGUMENTS,
                           "-m", 256, "-no-reboot", "-serial", "stdio",
                           "-monitor", "tcp:127.0.0.1:4444", *options])
    try:
        vitrine.expect("shell ready", _BOOT)
        _do(vitrine, "true")  # behind what the shell says of itself
        yield vitrine
        vitrine.write(b"reboot -f\n")
        assert vitrine.wait() == 0, vitrine.tail
    finally:
        vitrine.kill()
        vitrine.wait()


def _same(vitrine, place, name):
    inside = _do(vitrine, f"md5sum </mnt/{name}").split()[0]
    return inside == _host(place, f"md5sum <{_SHARE}/{name}").split()[0]


def _files_go_both_ways(vitrine, place):
    assert _same(vitrine, place, "host")
    _do(vitrine, "dd if=/dev/urandom of=/mnt/guest bs=70k count=40 2>/dev/null; sync")
    assert _host(place, f"stat -c %s {_SHARE}/guest").split() == [str(70 * 1024 * 40)]
    assert _same(vitrine, place, "guest")
    _do(vitrine, "echo more >>/mnt/guest; dd if=/dev/zero of=/mnt/guest bs=1 seek=100 count=9 conv=notrunc 2>/dev/null")
    assert _same(vitrine, place, "guest")
    # What the host does is seen at once.
    _host(place, f"echo new >{_SHARE}/host")
    assert _do(vitrine, "cat /mnt/host") == "new\n"


def _directories(vitrine, place):
    names = _do(vitrine, "ls /mnt/many").split()
    assert sorted(names) == sorted(f"file{n}" for n in range(300)), names
    _do(vitrine, "mkdir -p /mnt/a/b && echo x >/mnt/a/b/x && mv /mnt/a/b /mnt/c && ln -s c/x /mnt/link && "
        "ln /mnt/c/x /mnt/hard && chmod 751 /mnt/c && rm -r /mnt/a /mnt/many && truncate -s 7 /mnt/guest")
    text = _do(vitrine, "cat /mnt/link")
    assert text == "x\n", text
    text = _host(place, f"cd {_SHARE} && ls && readlink link && cat hard && stat -c '%a %h' c hard && stat -c %s guest")
    assert text.split() == "c guest hard host link c/x x 751 2 644 2 7".split(), text
    status, text = _try(vitrine, "rmdir /mnt/c 2>&1")
    assert status != 0 and "not empty" in text, text
    # A FIFO is the guest's own; a device would be the host's.
    _do(vitrine, "mkfifo /mnt/fifo && { echo y >/mnt/fifo & cat /mnt/fifo; }")
    status, text = _try(vitrine, "mknod /mnt/null c 1 3 2>&1")
    assert status != 0 and "not permitted" in text, text
    assert int(_do(vitrine, "df -k /mnt | tail -n 1").split()[1]) > 0


def _a_module(vitrine, place):
    """It comes from the host while the guest runs."""
    _host(place, f"cp {place.file('dummy.ko')} {_SHARE}/")
    _do(vitrine, "insmod /mnt/dummy.ko && ls -d /sys/class/net/dummy0")


def test_a_directory_of_the_host(place):
    _host(place, f"rm -rf {_SHARE} && mkdir -p {_SHARE}/many && cd {_SHARE} && "
          "dd if=/dev/urandom of=host bs=1M count=3 2>/dev/null && "
          "for n in $(seq 0 299); do : >many/file$n; done")
    with _linux(place, "-virtfs", f"local,path={_SHARE},mount_tag=src",
                "-device", f"virtio-9p-pci,path={_SHARE},mount_tag=look,readonly=on,packed=on") as vitrine:
        _do(vitrine, "mkdir /mnt /look && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 src /mnt && "
            "mount -t 9p -o trans=virtio look /look")
        _files_go_both_ways(vitrine, place)
        _directories(vitrine, place)
        _a_module(vitrine, place)
        text = _do(vitrine, "cat /look/host")
        assert text == "new\n", text
        status, text = _try(vitrine, "echo x >/look/host")
        assert status != 0, text
        assert _host(place, f"cat {_SHARE}/host") == "new\n"
        text = place.run("{ echo info device share0; sleep 1; } | nc -w 30 127.0.0.1 4444").text
        assert f"{_SHARE} as src: " in text, text
        # Nothing is left when it goes.
        _do(vitrine, "umount /mnt")
        text = place.run("{ echo info device share0; sleep 1; } | nc -w 30 127.0.0.1 4444").text
        assert "fids 0, open files 0" in text, text
