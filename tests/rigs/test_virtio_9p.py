# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux mounts a directory of the host with its own 9p. The directory is in the rig's memory."""
from inner import attempt, do, linux, monitor, sum_of

_SHARE = "/run/share"


def _host(place, command):
    process = place.run(command)
    assert process.status == 0, f"{command}: {process.text}"
    return process.text


def _same(vitrine, place, name):
    inside = do(vitrine, f"md5sum </mnt/{name}").split()[0]
    return inside == sum_of(place, f"{_SHARE}/{name}")


def _files_go_both_ways(vitrine, place):
    assert _same(vitrine, place, "host")
    do(vitrine, "dd if=/dev/urandom of=/mnt/guest bs=70k count=40 2>/dev/null; sync")
    assert _host(place, f"stat -c %s {_SHARE}/guest").split() == [str(70 * 1024 * 40)]
    assert _same(vitrine, place, "guest")
    do(vitrine, "echo more >>/mnt/guest; dd if=/dev/zero of=/mnt/guest bs=1 seek=100 count=9 conv=notrunc 2>/dev/null")
    assert _same(vitrine, place, "guest")
    # What the host does is seen at once.
    _host(place, f"echo new >{_SHARE}/host")
    assert do(vitrine, "cat /mnt/host") == "new\n"


def _directories(vitrine, place):
    names = do(vitrine, "ls /mnt/many").split()
    assert sorted(names) == sorted(f"file{n}" for n in range(300)), names
    do(vitrine, "mkdir -p /mnt/a/b && echo x >/mnt/a/b/x && mv /mnt/a/b /mnt/c && ln -s c/x /mnt/link && "
       "ln /mnt/c/x /mnt/hard && chmod 751 /mnt/c && rm -r /mnt/a /mnt/many && truncate -s 7 /mnt/guest")
    text = do(vitrine, "cat /mnt/link")
    assert text == "x\n", text
    text = _host(place, f"cd {_SHARE} && ls && readlink link && cat hard && stat -c '%a %h' c hard && stat -c %s guest")
    assert text.split() == "c guest hard host link c/x x 751 2 644 2 7".split(), text
    status, text = attempt(vitrine, "rmdir /mnt/c 2>&1")
    assert status != 0 and "not empty" in text, text
    # A FIFO is the guest's own; a device would be the host's.
    do(vitrine, "mkfifo /mnt/fifo && { echo y >/mnt/fifo & cat /mnt/fifo; }")
    status, text = attempt(vitrine, "mknod /mnt/null c 1 3 2>&1")
    assert status != 0 and "not permitted" in text, text
    assert int(do(vitrine, "df -k /mnt | tail -n 1").split()[1]) > 0


def _a_module(vitrine, place):
    """It comes from the host while the guest runs."""
    _host(place, f"cp {place.file('dummy.ko')} {_SHARE}/")
    do(vitrine, "insmod /mnt/dummy.ko && ls -d /sys/class/net/dummy0")


def test_a_directory_of_the_host(place):
    _host(place, f"rm -rf {_SHARE} && mkdir -p {_SHARE}/many && cd {_SHARE} && "
          "dd if=/dev/urandom of=host bs=1M count=3 2>/dev/null && "
          "for n in $(seq 0 299); do : >many/file$n; done")
    with linux(place, "-virtfs", f"local,path={_SHARE},mount_tag=src",
               "-device", f"virtio-9p-pci,path={_SHARE},mount_tag=look,readonly=on,packed=on", full=True) as vitrine:
        do(vitrine, "mkdir /mnt /look && mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 src /mnt && "
           "mount -t 9p -o trans=virtio look /look")
        _files_go_both_ways(vitrine, place)
        _directories(vitrine, place)
        _a_module(vitrine, place)
        text = do(vitrine, "cat /look/host")
        assert text == "new\n", text
        status, text = attempt(vitrine, "echo x >/look/host")
        assert status != 0, text
        assert _host(place, f"cat {_SHARE}/host") == "new\n"
        text = monitor(place, "info device share0")
        assert f"{_SHARE} as src: " in text, text
        # Nothing is left when it goes.
        do(vitrine, "umount /mnt")
        text = monitor(place, "info device share0")
        assert "fids 0, open files 0" in text, text
