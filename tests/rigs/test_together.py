# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
"""gdb, two monitors and a program (together.py) do what comes to their minds; now and then all of them
are quiet, and have to agree on what is so.

SOAK_SECONDS says how long (20), SOAK_SEED which commands: what a test that fails prints. `make soak` is
ten minutes of it, and ten under ThreadSanitizer.
"""
import os
import random
import re
import subprocess
import threading
import time

from packages import BUILD, program
from process import Failure
from together import CPUS, LIMIT, PLACES, Console, Debugger, Qmp, Visits

GUEST = BUILD / "guests" / "demo.elf"
ROUND = 1.5  # seconds until all are quiet again


def _symbols():
    out = subprocess.run(["nm", GUEST], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {m[2]: int(m[1], 16) for m in re.finditer(r"^([0-9a-f]+) \w (\S+)$", out, re.M)}


def _poll(what, condition):
    """Until @condition() is true; what is told comes later than the answer to another client."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.02)


class Scene:
    def __init__(self, place, seed):
        self.rng = random.Random(f"{seed}/scene")
        self.symbols = _symbols()
        monitor, qmp = place.socket_path(), place.socket_path()
        self.name = f"together-{os.getpid()}"
        self.vitrine = place.start(["-kernel", "@demo.elf", "-append", "mode=storm hz=50", "-smp", CPUS, "-m", 64,
                                    "-symbols", "@demo.elf", "-name", self.name, "-serial", "stdio", "-monitor",
                                    f"unix:{monitor}", "-qmp", f"unix:{qmp}"], gdb="unix")
        self.vitrine.expect("CPUs:")
        # One that only listens, and has the breakpoint by which calls are counted.
        self.auditor = Qmp(seed, place, qmp, "auditor", 5)
        self.auditor.say("log packets on")
        self.qmp = Qmp(seed, place, qmp)
        self.console = Console(seed, monitor)
        self.visits = Visits(seed, place, self.name)
        self.debugger = Debugger(seed, GUEST, place.gdb_target())
        self.actors = [self.qmp, self.console, self.visits, self.debugger]
        self.everyone = [*self.actors, self.auditor]
        self.checks = 0
        self.counted = None  # what the guest had counted when the auditor's breakpoint was set
        self.mark = 0

    # --- all at once ---

    def round(self):
        until = time.monotonic() + ROUND
        wrong = []

        def work(actor):
            try:
                actor.work(until)
            except Exception as e:  # this is a thread: the round tells
                wrong.append((actor, e))

        threads = [threading.Thread(target=work, args=(a,), daemon=True) for a in self.actors]
        for thread in threads:
            thread.start()
        for thread, actor in zip(threads, self.actors):
            thread.join(ROUND + LIMIT + 10)
            if thread.is_alive():
                wrong.append((actor, Failure("has not come back")))
        if wrong:
            raise Failure("\n".join(f"{actor.name}: {type(e).__name__}: {e}" for actor, e in wrong))

    # --- quiet ---

    def check(self):
        self.checks += 1
        assert "halted" not in self.vitrine.text, f"the guest has had an exception:\n{self.vitrine.tail}"
        self._agree_whether_it_runs()
        self.auditor.ask("stop")
        self._stands_everywhere()
        # What stands can be left standing by one and found by the others at the next stop.
        self._go_on_and_stop()
        self._same_events()
        self._same_processors()
        self._same_breakpoints()
        self._same_memory()
        self._every_call_was_told()

    def _agree_whether_it_runs(self):
        """As each of them sees it, unless something happened meanwhile."""
        until = time.monotonic() + LIMIT
        while True:
            before = len(self.auditor.events)
            views = [self.auditor.running(), self.qmp.running(),
                     "VM status: running" in self.console.say("info status"),
                     "VM status: running" in self.visits.say("info status")]
            self.auditor.ask("query-version")
            if len(self.auditor.events) == before:
                break
            assert time.monotonic() < until, "the guest is never quiet"
        assert len(set(views)) == 1, f"who says that it runs: {views}"
        kinds = [kind for kind, _ in self.auditor.seen() if kind in ("STOP", "RESUME")]
        assert not kinds or (kinds[-1] == "RESUME") == views[0], f"the last event is {kinds[-1]}, running: {views[0]}"

    def _stands_everywhere(self):
        _poll(lambda: f"gdb was not told of the stop: {self.debugger.gdb.running}",
              self.debugger.look)

    def _go_on_and_stop(self):
        """Each is told of a stop that is no one else's."""
        self.auditor.ask("cont")
        self.auditor.ask("stop")
        stop = next(data for kind, data in reversed(self.auditor.seen()) if kind == "VITRINE_STOPPED")
        told = f"vCPU {stop['vcpu']} at {stop['pc']:#x}"
        _poll(lambda: f"the last stop was {stop}, the console was told {self.console.stopped}",
              lambda: self.console.say("print 0") and told in (self.console.stopped or ""))

    def _same_events(self):
        """To both programs, in the same order; the guest runs and stands by turns."""
        self.auditor.ask("query-version")
        self.qmp.ask("query-version")
        one, two = self.auditor.seen(), self.qmp.seen()
        same = one[-len(two):] == two
        assert same, f"the events of one end {one[-12:]}\nthose of the other {two[-12:]}"
        kinds = [kind for kind, _ in one]
        assert "VITRINE_EVENTS_LOST" not in kinds, "events were dropped"
        turns = [kind for kind in kinds if kind in ("STOP", "RESUME")]
        wrong = [i for i in range(1, len(turns)) if turns[i] == turns[i - 1]]
        assert not wrong, f"{turns[wrong[0]]} came twice, as number {wrong[0]}:\n{one[-40:]}"
        stops = kinds.count("VITRINE_STOPPED")
        assert stops == kinds.count("STOP"), f"{kinds.count('STOP')} times STOP, {stops} times told why"

    def _same_processors(self):
        pcs = {cpu["cpu"]: cpu["pc"] for cpu in self.auditor.data("info cpus")["cpus"]}
        assert len(pcs) == CPUS, pcs
        said = {int(n): int(pc, 16) for n, pc in
                re.findall(r"CPU #(\d+): pc=(0x[0-9a-f]+)", self.console.say("info cpus"))}
        assert said == pcs, f"the console says {said}, the program {pcs}"
        text = self.qmp.ask("human-monitor-command", command_line="info registers -a")["return"]
        said = {int(n): int(rip, 16) for n, rip in re.findall(r"CPU#(\d+)(?s:.*?)RIP=([0-9a-f]+)", text)}
        assert said == pcs, f"QMP says {said}, the program {pcs}"
        gdb = self.debugger.gdb
        # It cannot know that others have let the guest run (docs/gdb.md).
        gdb.do("maintenance flush register-cache")
        said = {n: gdb.value("$pc", n + 1) for n in range(CPUS)}
        assert said == pcs, f"gdb says {said}, the program {pcs}"

    def _same_breakpoints(self):
        rows = self.auditor.data("info breakpoints")["breakpoints"]
        ids = sorted(row["id"] for row in rows)
        for who, said in (("the console", self.console.say("info breakpoints")),
                          ("QMP", self.qmp.say("info breakpoints")),
                          ("another monitor", self.visits.say("info breakpoints"))):
            shown = sorted(int(n) for n in re.findall(r"^(\d+) +\w", said.replace("(vitrine) ", ""), re.M))
            assert shown == ids, f"{who} shows {shown}, the program {ids}"
        owners = {}
        for row in rows:
            owners.setdefault(row["owner"], set()).add(row["id"])
        gdbs = owners.pop("gdb", set())
        owners.pop("gdb's monitor", None)
        assert self.debugger.non_stop or not gdbs, f"gdb stands, and has breakpoints: {rows}"
        mine = [set(actor.ids) for actor in (self.console, self.qmp, self.auditor) if actor.ids]
        # tbreak leaves those that are gone, and those that nobody counts.
        for ids in mine:
            held = [group for group in owners.values() if ids & group]
            assert len(held) == 1 and ids <= held[0], f"{ids} are set, there are {owners}"
        assert len(owners) <= 3, f"breakpoints of who has left: {owners}"

    def _same_memory(self):
        place = self.rng.choice([*PLACES, "storm_target"])
        with open(GUEST, "rb") as f:
            want = _bytes_at(f.read(), self.symbols[place], 16)
        addr = self.symbols[place]
        said = bytes(self.auditor.data(f"x/16xb {addr:#x}")["values"])
        assert said == want, f"the program sees {said.hex()} at {place}, the file has {want.hex()}"
        lines = re.findall(r"0x[0-9a-f]+.*?:((?:  ?0x[0-9a-f]{2})+)", self.console.say(f"x/16xb {addr:#x}"))
        said = bytes(int(b, 16) for line in lines for b in line.split())
        assert said == want, f"the console sees {said.hex()} at {place}, the file has {want.hex()}"
        line = self.debugger.gdb.do(f"-data-read-memory-bytes {addr:#x} 16")
        assert want.hex() in line, f"gdb sees {line} at {place}, the file has {want.hex()}"

    # --- calls ---

    def _counts(self):
        return self.auditor.data(f"x/{CPUS}xg storm_count")["values"]

    def _every_call_was_told(self):
        """While the breakpoint is there no CPU gets past storm_target untold. Then it changes."""
        if self.counted:
            at, now = self.symbols["storm_target"], self._counts()
            for cpu in range(CPUS):
                told = sum(1 for kind, data in self.auditor.seen(self.mark)
                           if kind in ("VITRINE_STOPPED", "VITRINE_VCPU_STOPPED")
                           and data["vcpu"] == cpu and data["pc"] == at)
                # The last call may be on its way to it, and the first one was begun before.
                calls = now[cpu] - self.counted[cpu]
                assert told >= calls - 2, f"vCPU {cpu} has called storm_target {calls} times, {told} were told"
            self.auditor.say(f"delete {self.auditor.ids.pop()}")
            self.counted = None
        elif self.rng.random() < 0.7:
            self.counted = self._counts()
            self.mark = len(self.auditor.events)
            said = self.auditor.say("break storm_target")
            self.auditor.ids = [int(re.search(r"breakpoint (\d+)", said)[1])]

    # --- the end ---

    def ends_well(self):
        for actor in (self.auditor, self.qmp, self.console):
            for number in actor.ids:
                actor.say(f"delete {number}")
        self.auditor.say("delete all")
        self.debugger.detach()
        before = self._counts()
        self.auditor.ask("cont")
        _poll("the guest stands still in the end",
              lambda: all(now > old for now, old in zip(self._counts(), before)))
        self.vitrine.kill(15)
        status = self.vitrine.wait()
        assert status == 0, f"vitrine ended with status {status}\n{self.vitrine.tail}"
        for bad in ("ThreadSanitizer", "vitrine: bug"):
            assert bad not in self.vitrine.text, self.vitrine.tail

    def diagnosis(self):
        """What everybody did last, and where the threads of vitrine are."""
        lines = [f"--- {actor.name}, {actor.count} commands ---\n" + "\n".join(actor.said)
                 for actor in self.everyone]
        lines.append("--- the guest's console ---\n" + self.vitrine.tail)
        lines.append("--- gdb heard ---\n" + "\n".join(self.debugger.gdb.log[-80:]))
        lines.append("--- events ---\n" + "\n".join(map(str, self.auditor.seen()[-30:])))
        try:
            lines.append("--- gdb's packets ---\n" + self.auditor.say("log packets show 120"))
        except Exception as e:  # it may be what does not answer
            lines.append(f"no packets: {e!r}")
        if self.vitrine.status is None:
            done = subprocess.run([program("gdb"), "-nx", "-batch", "-p", str(self.vitrine.pid), "-ex",
                                   "thread apply all bt 14"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=300, check=False)
            lines.append("--- vitrine's threads ---\n" + "\n".join(
                line for line in done.stdout.splitlines() if line.startswith(("Thread", "#"))))
        return "\n".join(lines)

    def close(self):
        self.debugger.gdb.close()
        self.vitrine.kill()
        self.vitrine.wait()


def _bytes_at(elf, addr, count):
    """Of the file's loaded segments."""
    start, size, number = int.from_bytes(elf[32:40], "little"), *(int.from_bytes(elf[i:i + 2], "little")
                                                                  for i in (54, 56))
    for n in range(number):
        header = elf[start + n * size:start + (n + 1) * size]
        offset, vaddr, filesz = (int.from_bytes(header[i:i + 8], "little") for i in (8, 16, 32))
        if vaddr <= addr and addr + count <= vaddr + filesz:
            return elf[offset + addr - vaddr:offset + addr - vaddr + count]
    raise Failure(f"nothing is at {addr:#x} in {GUEST}")


def test_together(place):
    seconds = float(os.environ.get("SOAK_SECONDS", "20"))
    seed = os.environ.get("SOAK_SEED") or str(random.SystemRandom().randrange(1 << 32))
    print(f"     together: SOAK_SECONDS={seconds:g} SOAK_SEED={seed}", flush=True)
    scene = Scene(place, seed)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            scene.round()
            scene.check()
        scene.ends_well()
    except Exception as e:
        raise Failure(f"SOAK_SEED={seed}, after {scene.checks} checks: {type(e).__name__}: {e}\n"
                      f"{scene.diagnosis()}") from e
    finally:
        scene.close()
    counts = ", ".join(f"{actor.name} {actor.count}" for actor in scene.everyone)
    return f"SOAK_SEED={seed}: {scene.checks} checks, {len(scene.auditor.events)} events, commands: {counts}"
