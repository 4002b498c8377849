# SPDX-License-Identifier: GPL-3.0-or-later
# places: native vmx svm
# needs: processor
# vitrine: -kernel @steps.elf -m 64 -monitor none
# symbols: steps.elf
# wait: steps: begin
"""Steps over the hard instructions, with a timer running: compared with the guest's oracle."""
from oracle import check_steps

check_steps(plain=False)
