# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx
# vitrine: -kernel @modes.elf -m 64 -S
# symbols: modes.elf
"""docs/gdb.md's script: gdb disassembles code of every mode as the processor reads it."""
import os
import pathlib
import re
import tempfile

import gdb
from session import check, check_match, connect, run

# The address of the code, and what the MOV of 16 bits behind the NOP looks like.
LANDMARKS = [("pvh32", "$pc"), ("prot16", "$pc"), ("real", "$pc"), ("real_cs", "$cs_base + $pc"), ("prot32", "$pc")]

page = pathlib.Path(os.environ["VITRINE_SCRIPT"]).parents[2] / "docs" / "gdb.md"
script = re.search(r"<!-- script: disassembler -->\n```python\n(.*?)```", page.read_text(), re.S)[1]
connect()
with tempfile.NamedTemporaryFile("w", suffix=".py") as copy:
    copy.write(script)
    copy.flush()
    gdb.execute(f"source {copy.name}")
for name, _ in LANDMARKS:
    run(f"break *&landmark_{name}")
for n, (name, where) in enumerate(LANDMARKS):
    run("continue")
    text = run(f"x/3i {where}")
    check_match(rf"\tnop\n.*\tmovw \${n}, %ax\n.*\torw ", text, name)
    run("stepi")
check("movl" in run("disassemble pvh_start, +16"), "disassemble")
run("delete")
run("kill")
