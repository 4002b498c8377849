/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What step_oracle_flags[] says about the entry of step_oracle[] with the same
 * index. Without a flag, a debugger that steps has to show the instruction.
 */
#ifndef GUESTS_STEPS_H
#define GUESTS_STEPS_H

/*
 * After a load of SS: the processor holds the trap back, so a debugger that
 * steps by the trap flag shows the instruction after this one.
 */
#define STEP_SHADOW 1
/*
 * A further round of the REP instruction before it. KVM may do several rounds of string I/O in
 * one go, and then needs one more to see that it is done.
 */
#define STEP_REPEAT 2
/*
 * The processor cleared the trap flag on the way here, by INT n or SYSCALL; who steps by that
 * flag has it back after the instruction behind the one that restores the flags.
 */
#define STEP_INT     4
#define STEP_SYSCALL 8
/* After STI: QEMU's emulation of SVM holds the trap back here too. */
#define STEP_STI 16
/* Not run at all with `plain` on the command line: INT n, user mode, compatibility mode. */
#define STEP_EXTRA 32

#endif
