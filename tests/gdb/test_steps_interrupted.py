# SPDX-License-Identifier: GPL-3.0-or-later
# places: native
# vitrine: -kernel @steps.elf -append plain -m 64 -monitor none
# symbols: steps.elf
# wait: steps: begin
"""As test_steps_plain, with interrupts between the steps: each handler is stepped through, to where it came from."""
from oracle import check_steps

check_steps(plain=True, interrupts=True)
