# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of image is entered as its protocol says; the guests check that themselves."""
import re

from suites import Skip


def _boot(place, kernel, *options, status=1, memory=64):
    """Boots @kernel to its end; what was printed."""
    vitrine = place.start(["-kernel", kernel, "-m", memory, "-serial", "stdio", "-monitor", "none",
                           "-gdb", "none", *options], gdb=False)
    vitrine.close_stdin()
    got = vitrine.wait()
    assert got == status, f"exit status {got}, not {status}:\n{vitrine.tail}"
    return vitrine.text


def _directory(place):
    return place.run("mktemp -d").text.strip()


def _write(place, path, data):
    escaped = "".join(f"\\{byte:03o}" for byte in data)
    # A guest that is being reset must not find half of it.
    assert place.run(f"printf '{escaped}' >{path}.new && mv {path}.new {path}").status == 0


def _has(text, words):
    assert words in text, f"no {words!r} in:\n{text}"


def test_multiboot_elf32_with_modules(place):
    where = _directory(place)
    _write(place, f"{where}/one", b"module one")
    _write(place, f"{where}/two", b"module two")
    text = _boot(place, "@multiboot.elf", "-append", "a b",
                 "-initrd", f"{where}/one x=1 y,{where}/two")
    _has(text, ' a b"')
    _has(text, f'"{where}/one x=1 y" begins 0x75646f6d')
    _has(text, f'"{where}/two" begins 0x75646f6d')
    _has(text, "wrong 0x0")


def test_multiboot_elf64_with_device_tree(place):
    text = _boot(place, "@multiboot64.elf", "-append", "dtb")
    _has(text, '"dtb" begins 0xedfe0dd0')
    _has(text, "wrong 0x0")


def test_multiboot_address_fields(place):
    text = _boot(place, "@multiboot.bin")
    _has(text, "wrong 0x0")
    assert "module" not in text, text


def test_memory_above_4_gib(place):
    host = int(re.search(r"MemTotal: *(\d+)", place.run("cat /proc/meminfo").text)[1]) >> 10
    if host < 3500:
        raise Skip(f"a host of {host} MiB cannot give a guest more than 3 GiB")
    _has(_boot(place, "@multiboot.elf", memory=3072 + 64), "mmap 0x100000000 + 0x4000000 type 0x1")


def test_flat_binary(place):
    _has(_boot(place, "@flat64.bin"), "in 64-bit mode at 1 MiB")


def test_boot_sector(place):
    _has(_boot(place, "@flat16.bin"), "in real mode at 0x7c00")


def test_pvh(place):
    _has(_boot(place, "@demo.elf", "-append", "ticks=3"),
         "booted by the PVH protocol, devices from the device tree")


def _port_writer(*writes):
    """A boot sector that writes (port, value) pairs one after the other and halts."""
    code = b"".join(b"\xba" + port.to_bytes(2, "little") + bytes([0xb0, value, 0xee])
                    for port, value in writes)
    return (code + b"\xf4").ljust(510, b"\0") + b"\x55\xaa"


def test_reset_loads_what_was_built_meanwhile(place):
    path = f"{_directory(place)}/kernel.bin"
    _write(place, path, _port_writer((0x3f8, ord("A")), (0x3f8, ord("\n")), (0xcf9, 6)))
    vitrine = place.start(["-kernel", path, "-m", 16, "-serial", "stdio", "-monitor", "none",
                           "-gdb", "none"], gdb=False)
    vitrine.expect(r"A\s+A")
    _write(place, path, _port_writer((0x3f8, ord("B")), (0x3f8, ord("\n")), (0xf4, 5)))
    got = vitrine.wait()
    assert got == 11, f"exit status {got}, not 11:\n{vitrine.tail}"
    _has(vitrine.text, "B")


def test_reset_into_half_a_kernel_can_be_done_again(place):
    path = f"{_directory(place)}/kernel.bin"
    _write(place, path, _port_writer((0xcf9, 6)))
    vitrine = place.start(["-kernel", path, "-m", 16, "-serial", "none", "-monitor", "stdio",
                           "-gdb", "none"], gdb=False)
    vitrine.expect(r"\(vitrine\)")
    assert place.run(f": >{path}").status == 0  # what a linker begins with
    vitrine.expect(r"internal error.*the reset failed: ")
    vitrine.write(b"cont\n")
    vitrine.expect(r"error: the guest cannot run")
    _write(place, path, _port_writer((0xf4, 5)))
    vitrine.write(b"reset\ncont\n")
    got = vitrine.wait()
    assert got == 11, f"exit status {got}, not 11:\n{vitrine.tail}"


def test_what_is_no_kernel_is_refused_by_name(place):
    path = f"{_directory(place)}/initrd.gz"
    _write(place, path, b"\x1f\x8b\x08\0")
    _has(_boot(place, path), f"{path} is no kernel vitrine can boot: a gzip file")
