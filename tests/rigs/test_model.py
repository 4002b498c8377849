# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""Random sequences of protocol operations against a small guest, held against a model of it.

The guest is a loop of eight instructions that the test writes into RAM and simulates in Python, so
that after every operation it is known what memory and registers hold and why the guest stops. A
failure prints the seed and the operations; VITRINE_MODEL_SEED=N repeats it.
"""
import copy
import os
import random
import subprocess
import time

from packages import BUILD
from process import Failure
from rsp import Rsp, escape

SECONDS = 8
OPERATIONS = 120  # in a sequence
MASK = (1 << 64) - 1
DATA, DATA_SIZE = 0x1000000, 0x4000
CODE = 0x1010000
STACK = DATA + 0x3f00
RAX, RCX, RDX, RBX, RSP, RDI, R8, RIP, EFLAGS = 0, 2, 3, 1, 7, 5, 8, 16, 17
FREE_REGS = [RAX, RCX, RDX, RBX, R8, 9, 10, 11, 12, 13, 14, 15]
TF, IF = 1 << 8, 1 << 9
# offset: (bytes, what it does to the model); the last one jumps to the first.
PROGRAM = [
    (b"\x48\xff\xc0", lambda g: g.add(RAX, 1)),                 # inc rax
    (b"\x48\x01\xc3", lambda g: g.add(RBX, g.regs[RAX])),       # add rbx, rax
    (b"\x48\x89\x1f", lambda g: g.store(g.regs[RDI], RBX)),     # mov [rdi], rbx
    (b"\x48\x31\xd9", lambda g: g.xor(RCX, RBX)),               # xor rcx, rbx
    (b"\x51", lambda g: g.push(RCX)),                           # push rcx
    (b"\x41\x58", lambda g: g.pop(R8)),                         # pop r8
    (b"\x48\x8d\x52\x08", lambda g: g.add(RDX, 8)),             # lea rdx, [rdx+8]
    (b"\xeb\xeb", lambda g: None),                              # jmp to the first
]
ADDRESSES = [CODE + sum(len(b) for b, _ in PROGRAM[:i]) for i in range(len(PROGRAM))]


class Model:
    """What the guest must be like. Breakpoints are (type, address) with type as in Z packets."""

    def __init__(self):
        self.memory = bytearray(DATA_SIZE)
        self.regs = {}
        self.breakpoints = set()
        self.stopped_at = None  # where the last stop was told: that instruction runs first
        self.stored = None

    def add(self, reg, value):
        self.regs[reg] = (self.regs[reg] + value) & MASK

    def xor(self, reg, other):
        self.regs[reg] ^= self.regs[other]

    def store(self, address, reg):
        self.memory[address - DATA:address - DATA + 8] = self.regs[reg].to_bytes(8, "little")
        self.stored = address

    def push(self, reg):
        self.regs[RSP] -= 8
        self.store(self.regs[RSP], reg)

    def pop(self, reg):
        at = self.regs[RSP] - DATA
        self.regs[reg] = int.from_bytes(self.memory[at:at + 8], "little")
        self.regs[RSP] += 8

    def step(self):
        """One instruction; returns whether it stored to a watched address."""
        index = ADDRESSES.index(self.regs[RIP])
        self.stored = None
        PROGRAM[index][1](self)
        self.regs[RIP] = ADDRESSES[(index + 1) % len(ADDRESSES)]
        return self.stored is not None and any(
            kind == 2 and at < self.stored + 8 and self.stored < at + 8
            for kind, at in self.breakpoints)

    def code_breakpoint(self):
        return any(kind < 2 and at == self.regs[RIP] for kind, at in self.breakpoints)

    def run(self):
        """To the next stop: "watch" or "break"; None when there is none."""
        first = self.regs[RIP] == self.stopped_at
        for _ in range(3 * len(PROGRAM)):
            if not first and self.code_breakpoint():
                return "break"
            first = False
            if self.step():
                return "watch"
        return None


class Sequence:
    """One guest, one connection, and the operations that were done so far."""

    def __init__(self, path, rng):
        self._path = path
        self._rng = rng
        self.log = []
        self._model = Model()
        self._rsp = Rsp(path)
        self._rsp.ask("?")
        self._set_up()

    def close(self):
        self._rsp.close()

    def _ask(self, payload):
        self.log.append(payload if isinstance(payload, str) else repr(payload))
        return self._rsp.ask(payload)

    def _ok(self, payload):
        self._check(self._ask(payload), b"OK", "the reply")

    def _check(self, got, expected, what):
        if got != expected:
            shown = [hex(v) if isinstance(v, int) else repr(v) for v in (got, expected)]
            raise Failure(f"{what} is {shown[0]}, not {shown[1]}")

    def _set_up(self):
        code = b"".join(b for b, _ in PROGRAM)
        self._ok(f"M{CODE:x},{len(code):x}:{code.hex()}")
        self._ok(f"M{DATA:x},{DATA_SIZE:x}:{bytes(DATA_SIZE).hex()}")
        for reg in FREE_REGS:
            self._write_reg(reg, self._rng.getrandbits(64))
        for reg, value in ((RDI, DATA + 0x100), (RSP, STACK), (RIP, ADDRESSES[0])):
            self._write_reg(reg, value)
        flags = int.from_bytes(bytes.fromhex(self._ask(f"p{EFLAGS:x}").decode()), "little")
        self._ok(f"P{EFLAGS:x}={(flags & ~(IF | TF)).to_bytes(4, 'little').hex()}")
        # The sequence before may have ended with a stop at the first instruction, and a breakpoint
        # there would be passed over: after this, it is known where the last stop was told.
        self.step()

    def _write_reg(self, reg, value):
        self._ok(f"P{reg:x}={value.to_bytes(8, 'little').hex()}")
        self._model.regs[reg] = value

    def _read_regs(self):
        text = self._ask("g").decode()
        # Sixteen of eight bytes, rip, eflags.
        regs = [int.from_bytes(bytes.fromhex(text[16 * i:16 * i + 16]), "little") for i in range(17)]
        return regs, int.from_bytes(bytes.fromhex(text[272:280]), "little")

    def check_regs(self):
        regs, flags = self._read_regs()
        for reg, value in self._model.regs.items():
            self._check(regs[reg], value, f"register {reg}")
        self._check(flags & (TF | IF), 0, "TF and IF")

    def check_memory(self, address=DATA, size=DATA_SIZE):
        data = self._ask(f"m{address:x},{size:x}")
        at = address - DATA
        self._check(bytes.fromhex(data.decode()), bytes(self._model.memory[at:at + size]),
                    f"memory at {address:#x}")

    def check_code(self):
        code = b"".join(b for b, _ in PROGRAM)
        self._check(self._ask(f"m{CODE:x},{len(code):x}"), code.hex().encode(), "the code")

    # --- operations ---

    def _range(self):
        size = self._rng.choice((1, 2, 8, 64, 300, 5000))
        return DATA + self._rng.randrange(DATA_SIZE - size), size

    def read_memory(self):
        self.check_memory(*self._range())

    def write_memory(self):
        address, size = self._range()
        data = self._rng.randbytes(size)
        self._model.memory[address - DATA:address - DATA + size] = data
        if self._rng.random() < 0.5:
            self._ok(f"M{address:x},{size:x}:{data.hex()}")
            return
        self._ok(f"X{address:x},{size:x}:".encode() + escape(data))

    def write_register(self):
        reg = self._rng.choice([*FREE_REGS, RDI, RIP])
        value = self._rng.getrandbits(64)
        if reg == RDI:
            value = DATA + self._rng.randrange(0x3000)
        elif reg == RIP:
            value = self._rng.choice(ADDRESSES)
        self._write_reg(reg, value)

    def insert(self):
        kind = self._rng.choice((0, 0, 0, 1, 2))
        where = self._rng.choice(ADDRESSES) if self._rng.random() < 0.6 else self._range()[0]
        if kind == 2:
            where = self._rng.choice((self._model.regs[RDI] & ~7, STACK - 8, DATA + 0x800))
        reply = self._ask(f"Z{kind},{where:x},{8 if kind == 2 else 1:x}")
        if reply == b"OK":
            self._model.breakpoints.add((kind, where))
        elif kind == 0 or not reply.startswith(b"E"):
            raise Failure(f"the reply is {reply!r}")

    def remove(self):
        if not self._model.breakpoints:
            return
        kind, where = self._rng.choice(sorted(self._model.breakpoints))
        self._ok(f"z{kind},{where:x},{8 if kind == 2 else 1:x}")
        self._model.breakpoints.discard((kind, where))

    def _stop(self, reason):
        reply = self._rsp.stop()
        self.log.append(f"-> {reply}")
        if reason == "watch" and "watch:" not in reply:
            raise Failure(f"a store to a watched address is not told: {reply}")
        if reason != "watch" and "watch:" in reply:
            raise Failure(f"nothing stored to a watched address: {reply}")
        if reason == "break" and "swbreak:" not in reply and "hwbreak:" not in reply:
            raise Failure(f"no reason in {reply}")
        self._model.stopped_at = self._model.regs[RIP]

    def step(self):
        watched = self._model.step()
        self.log.append("vCont;s")
        self._rsp.send("vCont;s:p1.1")
        self._stop("watch" if watched else "step")
        self.check_regs()

    def resume(self):
        before = copy.deepcopy(self._model)
        reason = self._model.run()
        self.log.append("vCont;c")
        self._rsp.send("vCont;c")
        if not reason:
            self._model = before
            self._interrupt()
            return
        self._stop(reason)
        self.check_regs()

    def _interrupt(self):
        time.sleep(self._rng.random() * 0.002)
        self.log.append("Ctrl-C")
        self._rsp.interrupt()
        self.log.append(f"-> {self._rsp.stop()}")
        self._catch_up()
        self.step()

    def _catch_up(self):
        """The guest ran for some time: the model runs after it, to where it stands.

        A breakpoint that is set at the pc of a pause is told at once if the vCPU has run at all,
        which cannot be seen here: the caller steps, after which it is known.
        """
        regs, _ = self._read_regs()
        model = self._model
        # rdx says how many rounds of the loop are behind it.
        for _ in range(len(PROGRAM) * ((regs[RDX] - model.regs[RDX]) // 8 + 2)):
            if model.regs[RIP] == regs[RIP] and model.regs[RDX] == regs[RDX] \
                    and model.regs[RAX] == regs[RAX]:
                break
            model.step()
        self.check_regs()

    def reconnect(self):
        """gdb leaves and comes back: its breakpoints are gone, and the guest ran meanwhile."""
        self._model.breakpoints.clear()
        self._ok("D;1")
        self._rsp.close()
        self.log.append("a new connection")
        self._rsp = Rsp(self._path)
        self.log.append(f"-> {self._ask('?').decode()}")
        self._catch_up()
        self.step()

    def operate(self):
        operations = [(self.read_memory, 4), (self.write_memory, 4), (self.check_regs, 1),
                      (self.check_code, 1), (self.write_register, 3), (self.insert, 6),
                      (self.remove, 4), (self.step, 6), (self.resume, 5), (self.reconnect, 0.2)]
        for _ in range(OPERATIONS):
            self._rng.choices([o for o, _ in operations], [w for _, w in operations])[0]()
        self.check_regs()
        self.check_code()
        self.check_memory()


def _symbol(name):
    table = subprocess.run(["nm", BUILD / "guests" / "demo.elf"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout
    return next(line.split()[0] for line in table.splitlines() if line.endswith(f" {name}"))


def _into_long_mode(path):
    """To the guest's main loop, where everything is mapped."""
    rsp = Rsp(path)
    rsp.ask("?")
    rsp.ask(f"Z1,{_symbol('storm_target')},1")
    rsp.send("vCont;c")
    rsp.stop()
    rsp.ask(f"z1,{_symbol('storm_target')},1")
    rsp.close()


def test_random_sequences(place):
    seed = int(os.environ.get("VITRINE_MODEL_SEED", random.randrange(1 << 32)))
    path = place.socket_path()
    sequences = 0
    vitrine = place.start(["-kernel", "@demo.elf", "-append", "mode=storm quiet", "-m", 64, "-S",
                           "-serial", "none", "-monitor", "none", "-gdb", f"unix:{path}"], gdb=False)
    try:
        vitrine.expect(place.listening)
        _into_long_mode(place.reach(path))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            sequence = Sequence(place.reach(path), random.Random(seed + sequences))
            try:
                sequence.operate()
            except Exception as e:
                raise Failure(f"VITRINE_MODEL_SEED={seed + sequences}: {e}\n"
                              + "\n".join(sequence.log[-60:])) from e
            finally:
                sequence.close()
            sequences += 1
    finally:
        vitrine.kill()
    return f"{sequences} sequences of {OPERATIONS} operations from seed {seed}"
