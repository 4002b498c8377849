# SPDX-License-Identifier: GPL-3.0-or-later
# places: native svm
# vitrine: -kernel @steps.elf -append plain -m 64 -monitor none
# symbols: steps.elf
# wait: steps: begin
"""As test_steps, without what some hosts cannot run (INT n) or step (32-bit code, SYSRET)."""
from oracle import check_steps

check_steps(plain=True)
