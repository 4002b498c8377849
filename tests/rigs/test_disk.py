# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""A virtio disk and an NVMe disk, each driven by a guest without an operating system."""


def _image(place, name):
    """8 KiB, with a text at the beginning of sector 1."""
    path = f"{place.run('mktemp').text.strip()}.{name}"
    place.run(f"dd if=/dev/zero of={path} bs=512 count=16 && "
              f"printf 'what the host wrote' | dd of={path} bs=512 seek=1 conv=notrunc")
    return path


def _run(place, *options, guest="disk"):
    vitrine = place.start(["-kernel", f"@{guest}.elf", "-m", 64, "-serial", "stdio", "-monitor", "none",
                           "-gdb", "none", *options], gdb=False)
    vitrine.close_stdin()
    return vitrine.wait(), vitrine.text


def test_a_driver_of_virtio_blk(place):
    for aio in ("io_uring", "threads"):
        image = _image(place, aio)
        status, text = _run(place, "-drive", f"file={image},aio={aio}")
        assert status == 1, f"exit status {status}:\n{text}"
        assert "disk: sector 1 begins with what the host wrote\n" in text.replace("\r", ""), text
        assert "disk: and reads again: ok" in text, text
        written = place.run(f"dd if={image} bs=512 skip=2 count=1 2>/dev/null | tail -c 19").text
        assert written == "etorw tsoh eht tahw", written
        place.run(f"rm {image}")


def test_a_driver_of_virtio_on_mmio(place):
    """Its doorbells once as eventfds, and once as accesses that are traced."""
    image = _image(place, "mmio")
    on_mmio = ["-drive", f"file={image},if=none,id=d", "-device", "virtio-rng,transport=mmio",
               "-device", "virtio-blk-device,drive=d"]
    status, text = _run(place, *on_mmio)
    assert status == 1, f"exit status {status}:\n{text}"
    assert "disk: found in the device tree: ok" in text, text
    assert "disk: sector 1 begins with what the host wrote\n" in text.replace("\r", ""), text
    assert "disk: and reads again: ok" in text, text
    status, text = _run(place, *on_mmio, "-d", "device")
    assert status == 1 and "disk0.queue_notify <- 0x00000000" in text, text
    vitrine = place.start(["-kernel", "@disk.elf", "-S", "-m", 64, "-serial", "none", "-monitor", "stdio",
                           "-gdb", "none", *on_mmio], gdb=False)
    vitrine.write(b"info device\ninfo device disk0\nquit\n")
    assert vitrine.wait() == 0, vitrine.tail
    for line in ("memory 0xfeb01000-0xfeb01fff", "interrupt 17", "magic_value = 0x74726976",
                 "0 taken back; DMA: 0 bytes read, 0 written"):
        assert line in vitrine.text, f"{line}:\n{vitrine.text}"
    place.run(f"rm {image}")


def test_a_driver_of_nvme(place):
    image = _image(place, "nvme")
    status, text = _run(place, "-drive", f"file={image},if=none,id=d", "-device", "nvme,drive=d",
                        guest="nvme")
    assert status == 1, f"exit status {status}:\n{text}"
    assert "nvme: block 1 begins with what the host wrote\n" in text.replace("\r", ""), text
    assert "nvme: and reads again: ok" in text, text
    written = place.run(f"dd if={image} bs=512 skip=2 count=1 2>/dev/null | tail -c 19").text
    assert written == "etorw tsoh eht tahw", written
    place.run(f"rm {image}")


def test_who_writes_an_image_is_alone(place):
    image = _image(place, "alone")
    first = place.start(["-kernel", "@disk.elf", "-S", "-m", 64, "-serial", "none", "-monitor", "stdio",
                         "-gdb", "none", "-hda", image], gdb=False)
    first.expect("lists the commands")
    status, text = _run(place, "-hda", image)
    assert status == 1 and f"{image}: it is in use" in text, text
    first.write(b"quit\n")
    assert first.wait() == 0, first.tail
    status, text = _run(place, "-hda", image)
    assert status == 1 and "disk: and reads again: ok" in text, text
    place.run(f"rm {image}")
