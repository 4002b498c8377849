# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the harness itself, without a rig: the agent runs here, on a pseudo-terminal."""
import os
import pathlib
import pty
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import tty
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import module  # noqa: E402
import symbols  # noqa: E402
from emulators import die_with_parent  # noqa: E402
from gdbline import GdbLine  # noqa: E402
from link import Link, pack_frame, split_frames  # noqa: E402
from packages import BUILD  # noqa: E402
from process import PATIENCE  # noqa: E402
from tunnel import Tunnel  # noqa: E402


class Frames(unittest.TestCase):
    def test_frames_between_text(self):
        stream = b"boot\n" + pack_frame(b"O", 7, b"\xf5\x5f") + b"oops\xf5" + pack_frame(b"R", 0)
        for cut in range(len(stream)):
            frames, text, rest = split_frames(stream[:cut])
            more, more_text, rest = split_frames(rest + stream[cut:])
            self.assertEqual(frames + more, [(b"O", 7, b"\xf5\x5f"), (b"R", 0, b"")])
            self.assertEqual(text + more_text, b"boot\noops\xf5")
            self.assertEqual(rest, b"")

    def test_damage_is_text(self):
        frame = bytearray(pack_frame(b"O", 7, b"abc"))
        frame[8] ^= 1
        frames, text, _ = split_frames(bytes(frame) + pack_frame(b"X", 7, b"\0"))
        self.assertEqual(frames, [(b"X", 7, b"\0")])
        self.assertEqual(text, bytes(frame))


class Agent(unittest.TestCase):
    def setUp(self):
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.agent = subprocess.Popen([BUILD / "tests" / "rigs" / "agent", os.ttyname(slave)],
                                      preexec_fn=die_with_parent)
        self.slave = slave
        self.link = Link(self.master)
        self.link.wait_ready(PATIENCE)

    def tearDown(self):
        self.agent.kill()
        self.agent.wait()
        os.close(self.slave)

    def test_status_and_streams(self):
        done = self.link.start(["sh", "-c", "echo out; echo err >&2; exit 3"])
        self.assertEqual(done.wait(), 3)
        self.assertEqual((done.stdout, done.stderr), (b"out\n", b"err\n"))

    def test_no_such_program(self):
        self.assertEqual(self.link.start(["/no/such"]).wait(), 127)

    def test_input_of_any_bytes(self):
        data = bytes(range(256)) * 512
        cat = self.link.start(["cat"])
        for at in range(0, len(data), 8192):
            cat.write(data[at:at + 8192])
            cat.expect_bytes(min(at + 8192, len(data)))
        cat.close_stdin()
        self.assertEqual(cat.wait(), 0)
        self.assertEqual(cat.stdout, data)

    def test_kill_reaches_children(self):
        shell = self.link.start(["sh", "-c", "echo up; sleep 100; true"])
        shell.expect("up")
        shell.kill()
        self.assertEqual(shell.wait(), 128 + 9)

    def test_many_at_once(self):
        all_of_them = [self.link.start(["sh", "-c", f"echo {n}; exit {n}"]) for n in range(20)]
        self.assertEqual([p.wait() for p in all_of_them], list(range(20)))

    def test_tunnel(self):
        with tempfile.TemporaryDirectory() as tmp:
            far = socket.socket(socket.AF_UNIX)
            far.bind(f"{tmp}/far")
            far.listen()
            tunnel = Tunnel(self, f"{tmp}/far", f"{tmp}/near")
            near = socket.socket(socket.AF_UNIX)
            near.connect(f"{tmp}/near")
            peer, _ = far.accept()
            near.sendall(b"question")
            self.assertEqual(peer.recv(100), b"question")
            peer.sendall(b"answer")
            self.assertEqual(near.recv(100), b"answer")
            near.close()
            self.assertEqual(peer.recv(100), b"")
            tunnel.close()
            for s in (far, peer):
                s.close()

    def test_tunnel_keeps_the_order(self):
        with tempfile.TemporaryDirectory() as tmp:
            far = socket.socket(socket.AF_UNIX)
            far.bind(f"{tmp}/far")
            far.listen()
            tunnel = Tunnel(self, f"{tmp}/far", f"{tmp}/near")
            last = None
            for _ in range(20):
                with socket.socket(socket.AF_UNIX) as near:
                    near.connect(f"{tmp}/near")
                    peer, _ = far.accept()
                    if last:
                        last.setblocking(False)
                        self.assertEqual(last.recv(100), b"", "the one before has not ended yet")
                        last.close()
                    last = peer
            tunnel.close()
            for s in (far, peer):
                s.close()

    def spawn(self, argv, title=None):
        """What Tunnel asks of a place."""
        path = BUILD / "tests" / "rigs" / argv[0]
        return self.link.start([path, *argv[1:]], title)


class Line(unittest.TestCase):
    def test_outlives_its_clients(self):
        with tempfile.TemporaryDirectory() as tmp:
            ours, stub = socket.socketpair()
            line = GdbLine(ours.fileno(), f"{tmp}/gdb")
            for word in (b"first", b"second"):
                client = socket.socket(socket.AF_UNIX)
                client.connect(f"{tmp}/gdb")
                client.sendall(word)
                self.assertEqual(stub.recv(100), word)
                stub.sendall(b"to " + word)
                self.assertEqual(client.recv(100), b"to " + word)
                client.close()
            line.close()
            ours.close()
            stub.close()


class Symbols(unittest.TestCase):
    KALLSYMS = ("ffffffff81000000 T _text\nffffffff81000000 T startup_64\n"
                "ffffffff81000100 t helper\nffffffff81000180 T next\nffffffff81001000 T _etext\n"
                "0000000000000000 A percpu\nffffffffc0000000 t in_module\t[kvm]\n")

    def test_modules_are_left_out(self):
        self.assertNotIn("in_module", [n for _, _, n in symbols.parse_kallsyms(self.KALLSYMS)])

    def test_hidden_addresses_are_refused(self):
        with self.assertRaises(ValueError):
            symbols.write_elf("/nonexistent", "0000000000000000 T _text\n")

    def test_gdb_reads_it(self):
        with tempfile.TemporaryDirectory() as tmp:
            symbols.write_elf(f"{tmp}/sym", self.KALLSYMS)
            said = subprocess.run(["gdb", "-batch", "-nx", f"{tmp}/sym", "-ex",
                                   "info symbol 0xffffffff81000110"], text=True,
                                  stdout=subprocess.PIPE, check=True).stdout
        self.assertIn("helper + 16 in section .text", said)


class Module(unittest.TestCase):
    def test_signature_is_taken_off(self):
        signed = b"ELF" + b"S" * 300 + struct.pack(">8xI", 300) + b"~Module signature appended~\n"
        self.assertEqual(module.without_signature(signed), b"ELF")
        self.assertEqual(module.without_signature(b"ELF"), b"ELF")


if __name__ == "__main__":
    # A hang is a failure, not a wait.
    threading.Timer(PATIENCE, lambda: os._exit(1)).start()
    result = unittest.main(exit=False, verbosity=2).result
    os._exit(0 if result.wasSuccessful() else 1)
