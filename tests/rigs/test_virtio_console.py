# SPDX-License-Identifier: GPL-3.0-or-later
# places: svm
"""A stock Linux whose console is hvc0, with a port that has a name. There is no serial line."""
import hashlib
import time

from emulators import LINUX_ARGUMENTS
from process import PATIENCE

_BOOT = 900
_LINES = 400


def test_console_and_a_port_with_a_name(place):
    vitrine = place.start(["-kernel", "@linux", "-initrd", "@shell", "-m", 256, "-no-reboot",
                           "-append", LINUX_ARGUMENTS.replace("ttyS0", "hvc0"), "-serial", "none",
                           "-monitor", "none", "-device",
                           "virtio-console,chardev=stdio,port1=tcp:127.0.0.1:5555,name1=org.test.echo"])
    try:
        vitrine.expect("shell ready", _BOOT)
        # The kernel's own words, and a program's.
        vitrine.write(b"echo '<1>from the'' kernel' >/dev/kmsg\n")
        vitrine.expect("from the kernel")
        # In pieces of 16 bytes, each of which Linux waits for with its processor spinning.
        vitrine.write(f"stty -opost; echo begin''s; seq 1 {_LINES}; echo end''s\n".encode())
        vitrine.expect("ends\n")
        text = vitrine.stdout
        text = text[text.index(b"begins\n") + 7:text.index(b"ends\n")]
        wanted = "".join(f"{n}\n" for n in range(1, _LINES + 1)).encode()
        assert hashlib.md5(text).digest() == hashlib.md5(wanted).digest(), \
            f"{len(text)} bytes of {len(wanted)}, ending in {text[-60:]}"
        vitrine.write(b"cat /sys/class/virtio-ports/vport0p1/name\n")
        vitrine.expect("org.test.echo")
        vitrine.write(b"while :; do (exec 3<>/dev/vport0p1; cat <&3 >&3); usleep 10000; done &\n")
        deadline = time.monotonic() + PATIENCE
        # Until the guest has opened it; the peer stays for the answer.
        while "there and back" not in (answer := place.run(
                "{ echo there and back; sleep 2; } | nc -w 30 127.0.0.1 5555").text):
            assert time.monotonic() < deadline, f"{answer}\n{vitrine.tail}"
        vitrine.write(b"reboot -f\n")
        assert vitrine.wait() == 0, vitrine.tail
    finally:
        vitrine.kill()
        vitrine.wait()
