#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-linux`: Debian's kernel on vitrine's devices and on QEMU's, side by side.

Both run inside the emulated AMD machine, in turns: same kernel, initramfs, image and commands. What
an emulator prints says little in absolute numbers; the ratios are what is meant. BENCH_RUNS: 3.
"""
import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "rigs"))

from console import Console  # noqa: E402
from emulators import LINUX_ARGUMENTS  # noqa: E402
from packages import Missing, program, shared_libraries  # noqa: E402
from place import Svm  # noqa: E402

RUNS = int(os.environ.get("BENCH_RUNS", 3))
BOOT = 900
PATIENCE = 900
IMAGE_MIB = 64
PAGE_MIB = 8
READS = 2000
PORT_WRITES = 100000
MONITOR = "/run/monitor"
QEMU = "qemu-system-x86_64"
# Inside, it is not where it was installed.
FIRMWARE_DIRS = ["-L", "/usr/share/seabios", "-L", "/usr/share/qemu"]
FIRMWARE = ("/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/linuxboot_dma.bin",
            "/usr/share/qemu/kvmvapic.bin", "/usr/share/qemu/pvh.bin")


class SvmWithQemu(Svm):
    more_guests = ("bench-shell",)

    def _image(self, debian):
        fs = super()._image(debian)
        fs.file(f"bin/{QEMU}", program(QEMU))
        for library in shared_libraries(program(QEMU)):
            if not fs.has(str(library)):
                fs.file(str(library), library)
        for path in FIRMWARE:
            if not os.path.exists(path):
                raise Missing(f"{path} is not installed")
            fs.file(path, path)
        return fs


COMMON = ["-m", "256", "-no-reboot", "-kernel", "/guests/linux", "-initrd", "/guests/bench-shell",
          "-append", LINUX_ARGUMENTS, "-serial", "stdio"]
COMMANDS = {
    "vitrine": ["vitrine", *COMMON, "-monitor", f"unix:{MONITOR}", "-gdb", "none", "-hda", "/run/disk.img",
                "-nic", "user"],
    "QEMU": [QEMU, *FIRMWARE_DIRS, "-accel", "kvm", "-cpu", "host", "-machine", "q35", "-nodefaults", "-display", "none",
             *COMMON, "-drive", "file=/run/disk.img,if=none,id=d,format=raw,aio=io_uring",
             "-device", "virtio-blk-pci,drive=d", "-netdev", "user,id=n",
             "-device", "virtio-net-pci,netdev=n,romfile="],
}
LOAD = {
    "vitrine": ["vitrine", "-kernel", "/guests/load.elf", "-append", f"pio={PORT_WRITES}", "-serial",
                "stdio", "-monitor", "none", "-gdb", "none"],
    "QEMU": [QEMU, *FIRMWARE_DIRS, "-accel", "kvm", "-cpu", "host", "-nodefaults", "-display", "none", "-no-reboot",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=0x4", "-kernel", "/guests/load.elf",
             "-append", f"pio={PORT_WRITES}", "-serial", "stdio"],
}


def command(guest, text):
    """What a command of the guest's shell prints, and how many seconds it took."""
    at, started = len(guest.output), time.monotonic()
    guest.write(f"{text}; echo \"status $?.\"\n".encode())
    found = guest.expect(r"status (\d+)\.", PATIENCE, after=at)
    if found[1] != b"0":
        raise RuntimeError(f"{text}: {guest.tail}")
    return guest.output[at:found.start()].decode(errors="replace"), time.monotonic() - started


def page_tables(place):
    """How long `info pg` takes of a booted Linux, beyond a command that looks at nothing."""
    took = {"info version": [], "info pg": []}
    with Console(place.reach(MONITOR)) as monitor:
        for _ in range(5):
            for text, seconds in took.items():
                started = time.monotonic()
                monitor(text)
                seconds.append(time.monotonic() - started)
    return (statistics.median(took["info pg"]) - statistics.median(took["info version"])) * 1e3


def linux(place, who):
    """One boot: {figure: value}."""
    started = time.monotonic()
    guest = place.spawn(COMMANDS[who])
    guest.expect("shell ready", BOOT)
    figures = {"boot": time.monotonic() - started}
    command(guest, "true")
    if who == "vitrine":
        figures["pg"] = page_tables(place)
    for figure, count in (("random", READS), ("read", IMAGE_MIB), ("write", IMAGE_MIB)):
        figures[figure] = float(command(guest, f"bench_disk {figure} /dev/vda {count}")[0])
    command(guest, "ip link set eth0 up; udhcpc -i eth0 -s /bin/udhcpc.sh -n -q -t 20 -T 3")
    figures["net"] = PAGE_MIB / command(guest, "wget -q -O /dev/null http://10.0.2.2:8080/page")[1]
    guest.write(b"reboot -f\n")
    guest.wait(PATIENCE)
    return figures


def ports(place, who):
    guest = place.spawn(LOAD[who])
    guest.expect("load: begin", PATIENCE)
    started = time.monotonic()
    guest.expect("load: end", PATIENCE)
    figure = PORT_WRITES / (time.monotonic() - started)
    guest.wait(PATIENCE)
    return {"pio": figure}


ROWS = (("boot", "start to the shell, s", True), ("random", "virtio-blk, random reads of 4 KiB, /s", False),
        ("read", "virtio-blk, reads in a row, MiB/s", False),
        ("write", "virtio-blk, writes in a row and a flush, MiB/s", False),
        ("net", "virtio-net, a file by HTTP, MiB/s", False), ("pio", "writes to a port of the UART, /s", False))


def main():
    samples = {}
    with SvmWithQemu() as place:
        place.run(f"dd if=/dev/urandom of=/run/disk.img bs=1M count={IMAGE_MIB}; mkdir -p /run/www && "
                  f"head -c {PAGE_MIB << 20} /dev/urandom >/run/www/page && httpd -p 127.0.0.1:8080 -h /run/www")
        for run in range(RUNS):
            print(f"run {run + 1} of {RUNS}", file=sys.stderr, flush=True)
            for who in COMMANDS:
                for figure, value in (linux(place, who) | ports(place, who)).items():
                    samples.setdefault((figure, who), []).append(value)
    print(f"\nmedians of {RUNS} runs in turns, inside {Svm.name}\n")
    print(f"info pg of a booted Linux: {statistics.median(samples['pg', 'vitrine']):.0f} ms (to be under 100)\n")
    print(f"{'what':48}  {'vitrine':>9}  {'QEMU':>9}  ratio")
    for figure, what, low in ROWS:
        ours, theirs = (statistics.median(samples[figure, who]) for who in COMMANDS)
        print(f"{what:48}  {ours:9.1f}  {theirs:9.1f}  {theirs / ours if low else ours / theirs:5.2f}")


if __name__ == "__main__":
    try:
        main()
    except Missing as why:
        sys.exit(f"bench: {why}")
