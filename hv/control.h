/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The control interface: everything a front end can ask of the machine.
 *
 * gdb and any number of monitors are equal clients. What one does, the others
 * are told by events. All functions are for the loop thread, where front ends
 * live; none of them blocks longer than it takes to get the vCPUs out of KVM_RUN.
 *
 * Addresses are what the processor would use: a virtual address is translated
 * with the paging mode and root of the vCPU that is named with it.
 * Breakpoints that are planted in memory are invisible through this interface.
 */
#ifndef HV_CONTROL_H
#define HV_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct vcpu;
struct control_client;

/* Run states; the table of legal transitions is in runstate.c. */
enum run_state {
	RUN_CREATED, /* never ran */
	RUN_RUNNING,
	RUN_PAUSED,	    /* a client asked */
	RUN_DEBUG,	    /* a breakpoint, a watchpoint or a finished step */
	RUN_PANICKED,	    /* the guest said that it panicked */
	RUN_INTERNAL_ERROR, /* an exit we cannot handle: look, do not run */
	RUN_SHUTDOWN,	    /* triple fault or power-off: look, or reset */
	RUN_SAVING,
	RUN_RESTORING,
	RUN_STATE_COUNT,
};
const char *run_state_name(enum run_state s);

enum stop_reason {
	STOP_NONE,
	STOP_ENTRY,	    /* has not run yet */
	STOP_PAUSE,	    /* a client asked: `by` */
	STOP_STEP,	    /* a step is done */
	STOP_BREAKPOINT,    /* software breakpoint at `pc` */
	STOP_HW_BREAKPOINT, /* hardware breakpoint at `pc` */
	STOP_WATCHPOINT,    /* data at `addr` was touched; `pc` is past the instruction */
	STOP_TRIPLE_FAULT,  /* state as it was at the fault */
	STOP_PANIC,
	STOP_INTERNAL_ERROR,
	STOP_SHUTDOWN, /* the guest powered off */
	STOP_RESET,    /* a reset was done; vCPU 0 stands at its first instruction */
	STOP_CATCH,    /* a catchpoint (control_catch.h): `text` says what happened */
	STOP_DEVICE,   /* a device breakpoint (control_device.h): the same; `bp` is its id */
};

/* What kind of fault a stop is about, where it is one. */
enum stop_fault {
	FAULT_NONE,
	FAULT_MEMORY, /* an access that is not allowed */
	FAULT_BUS,    /* one that cannot be done */
	FAULT_INSN,   /* no such instruction */
	FAULT_ARITHMETIC,
};

enum bp_kind {
	BP_SOFT,   /* code; planted in memory or in a debug register as fits */
	BP_HARD,   /* code; a debug register */
	BP_WRITE,  /* data */
	BP_READ,   /* data */
	BP_ACCESS, /* data */
	BP_KIND_COUNT,
};

struct stop {
	enum stop_reason reason;
	int vcpu;		   /* index */
	struct control_client *by; /* who asked, for STOP_PAUSE and STOP_STEP; may be NULL */
	uint64_t pc;		   /* linear address of the next instruction */
	int bp;			   /* id of the breakpoint, else 0 */
	enum bp_kind bp_kind;
	uint64_t addr;	/* data address as the user gave it */
	int catchpoint; /* its id, for STOP_CATCH */
	enum stop_fault fault;
	char text[160]; /* more for a person: "KVM_EXIT_INTERNAL_ERROR …"; may be empty */
};

/* Events to clients. */
enum control_event_kind {
	CONTROL_STOPPED,      /* all vCPUs are out; `stop` is set */
	CONTROL_VCPU_STOPPED, /* non-stop mode: one vCPU stopped, for `stop` */
	CONTROL_RESUMED,      /* `by` resumed */
	CONTROL_RESET,	      /* machine was reset */
	CONTROL_EXIT,	      /* the program is about to end; `code` is its exit status */
	CONTROL_VCPUS,	      /* vCPU number `code` came or went */
	CONTROL_BREAKPOINTS,  /* the list changed */
	CONTROL_MESSAGE,      /* `text`, a line for the person */
	CONTROL_OUTPUT, /* `text` of a breakpoint of this client, to it alone; lines as they come */
	CONTROL_BALLOON, /* the guest has given memory up or taken it back, and has `bytes` now */
};
struct control_event {
	enum control_event_kind kind;
	const struct stop *stop;
	const struct control_client *by; /* who caused it; NULL: the guest or the program */
	const struct control_client *to; /* who is told; NULL: all */
	int code;
	const char *text;
	uint64_t bytes;
};

struct control_client {
	const char *name; /* "gdb", "monitor 2" */
	/*
	 * Loop thread, possibly from inside a control_… call that this client made
	 * (control_stop(), control_reset(), …): `by` tells.
	 */
	void (*event)(struct control_client *client, const struct control_event *ev);
	struct control_client *next; /* the interface's own */
};

void control_attach(struct machine *m, struct control_client *client);
/* Removes the client and all breakpoints it owns; the run state stays as it is. */
void control_detach(struct machine *m, struct control_client *client);

/* ---- running ---- */

enum run_state control_state(const struct machine *m);
/* The stop that was reported last; reason STOP_NONE while running. */
const struct stop *control_last_stop(const struct machine *m);
/*
 * The stop of vCPU @vcpu that came at the same time as the one that was reported, NULL when there
 * is none: it would be reported at the next control_resume(). Valid until then.
 */
const struct stop *control_waiting_stop(struct machine *m, int vcpu);
/* The person has been shown it: it is not reported any more. */
void control_waiting_stop_shown(struct machine *m, int vcpu);
static inline bool run_state_is_stopped(enum run_state s)
{
	return s != RUN_RUNNING;
}

/* Stops all vCPUs and returns when every one is out of KVM_RUN. Nothing to do when stopped. */
int control_stop(struct machine *m, struct control_client *by);

enum resume_action {
	RESUME_HOLD, /* this vCPU stays stopped */
	RESUME_CONTINUE,
	RESUME_STEP,  /* one instruction, interrupts held off, then everything stops */
	RESUME_RANGE, /* steps like that until pc is outside of [start, end), one at least */
};
struct resume {
	enum resume_action action;
	uint64_t start, end; /* linear addresses; RESUME_RANGE */
};
/*
 * Lets the vCPUs run, each as @orders[index] says (@count of them; vCPUs past
 * it are held; one that runs goes on as it does). A vCPU whose stop was reported at a breakpoint
 * first executes that instruction alone. When one that is let go has a stop that was not reported
 * yet, that is reported (CONTROL_STOPPED comes, later) and nothing runs.
 * -EINVAL: every vCPU is held. -EBUSY: all that are not held run already. -EPERM with a sentence:
 * this state cannot run (shutdown, internal error).
 */
int control_resume(struct machine *m, struct control_client *by, const struct resume *orders,
		   size_t count, struct error *err);
/* Continues all. */
int control_resume_all(struct machine *m, struct control_client *by, struct error *err);
/* Steps vCPU @vcpu one instruction, the others held. */
int control_step(struct machine *m, struct control_client *by, int vcpu, struct error *err);
/* Whether interrupts are delivered while a vCPU steps; off by default: a step is one instruction
 * of the code that is looked at. */
bool control_step_irq(const struct machine *m);
void control_set_step_irq(struct machine *m, bool deliver);

/*
 * Non-stop mode, off by default, until @by leaves: a breakpoint, a watchpoint or a finished step
 * stops its vCPU alone (CONTROL_VCPU_STOPPED), and control_resume() lets stopped ones go while
 * others run. What concerns the whole machine still stops all: a triple fault, a panic, an internal
 * error, a reset, control_stop(). Each vCPU that ran is then told to have stopped.
 * The state is RUN_RUNNING as long as one vCPU runs; after the last one CONTROL_STOPPED is told
 * too. The guest's clocks run as long as the state is that: a vCPU that stands while others run
 * finds its time gone on, and its kernel may say so.
 */
void control_set_nonstop(struct machine *m, struct control_client *by, bool on);
/*
 * Stops one vCPU, in non-stop mode. CONTROL_VCPU_STOPPED has come when it returns, for
 * STOP_PAUSE or for what the vCPU has just come to. Nothing to do when it is stopped. -ESRCH: no
 * such vCPU; -EINVAL: not in non-stop mode.
 */
int control_stop_vcpu(struct machine *m, struct control_client *by, int vcpu);
/* Whether it may execute instructions now. */
bool control_vcpu_runs(const struct machine *m, int vcpu);
/* Why it is stopped: its own reason, STOP_PAUSE with the others, or STOP_NONE: it runs, or never
 * did. */
const struct stop *control_vcpu_stop(const struct machine *m, int vcpu);

/* Reset of the machine: devices, vCPUs, image loaded anew, breakpoints kept. Run state as before.
 * When the image cannot be loaded (a kernel that is half written) the guest is stopped in
 * internal-error, which is told, and can be reset again. */
int control_reset(struct machine *m, struct control_client *by, struct error *err);
/*
 * Presses the power button: the guest's operating system may power off, or not. It sees it
 * when it runs. -ENOTSUP: the machine has none.
 */
int control_powerdown(struct machine *m, struct error *err);
/*
 * A non-maskable interrupt for @vcpu, as from a board's NMI button. A stopped one takes it when it
 * runs. -ENOTSUP, -ESRCH, with a sentence.
 */
int control_nmi(struct machine *m, int vcpu, struct error *err);
/*
 * Types keys (numbers as in hv/keyboard.h): presses them one after the other, holds them for @ms
 * milliseconds of the guest's time, lets them go. -ENOTSUP: the machine has no keyboard; -EAGAIN:
 * the guest does not listen to it; -EBUSY: it has not taken what was typed before; each with a
 * sentence.
 */
int control_sendkey(struct machine *m, const uint16_t *codes, size_t count, unsigned ms,
		    struct error *err);
/* Ends the program with @code once the current callback has returned. */
void control_quit(struct machine *m, int code);

/* ---- vCPUs ---- */

/* Indices run from 0 to control_vcpu_limit() - 1; some may not exist. */
int control_vcpu_limit(const struct machine *m);
bool control_vcpu_exists(const struct machine *m, int vcpu);
/* Its thread on the host, 0 when there is no such vCPU. */
int control_vcpu_tid(const struct machine *m, int vcpu);
/* "running", "halted", "stopped", "waiting for SIPI", … for lists. */
const char *control_vcpu_activity(struct machine *m, int vcpu);

/*
 * Makes vCPU @vcpu, below -smp's maxcpus, and tells the guest of it, which may start it. Its
 * registers are those after power-on; it waits for a start-up IPI. CONTROL_VCPUS is told. -EINVAL,
 * -EEXIST or what KVM says, with a sentence.
 */
int control_vcpu_add(struct machine *m, int vcpu, struct error *err);
/*
 * Asks the guest to give vCPU @vcpu up. It goes, and CONTROL_VCPUS is told, when the guest has
 * ejected it: later, or never. -ESRCH: no such vCPU; -EBUSY: it is the first one; -ENOTSUP: this
 * guest cannot be asked; with a sentence.
 */
int control_vcpu_remove(struct machine *m, int vcpu, struct error *err);

/* ---- registers ---- */

/*
 * Registers are those of arch_regs() (hv/arch/arch.h), by index. The value is
 * little endian, arch_reg.bits / 8 bytes. A running vCPU is taken out of KVM_RUN for
 * a moment. -ENOENT: this vCPU does not have it; -EINVAL: the value was refused; -ESRCH: no such
 * vCPU.
 */
bool control_reg_present(struct machine *m, int vcpu, int reg);
int control_reg_read(struct machine *m, int vcpu, int reg, void *buf);
/* With a sentence. */
int control_reg_write(struct machine *m, int vcpu, int reg, const void *buf, struct error *err);
/* Linear address of the next instruction, and setting it. */
int control_pc(struct machine *m, int vcpu, uint64_t *pc);
int control_set_pc(struct machine *m, int vcpu, uint64_t pc);
/* All registers for a person, a few lines. */
int control_dump(struct machine *m, int vcpu, struct strbuf *out);
/* The same for programs: NAME=VALUE, in the shape that QEMU's monitor gives them. */
int control_dump_pairs(struct machine *m, int vcpu, struct strbuf *out);
/* 16, 32 or 64: how code at the pc decodes. */
int control_code_bits(struct machine *m, int vcpu);

/* ---- memory ---- */

enum control_space {
	CONTROL_VIRTUAL,
	CONTROL_PHYSICAL,
};
/*
 * Copies from or to guest memory. Returns the number of bytes done, which is short before
 * a page that is not there; -EFAULT when the first byte is not. MMIO is not touched: device
 * registers are read by their side-effect-free peek, writes there are refused.
 * Works on a running guest without stopping it, but for virtual
 * addresses, whose translation takes the vCPU out of KVM_RUN for a moment.
 */
ssize_t control_mem_read(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			 void *buf, size_t len);
ssize_t control_mem_write(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			  const void *buf, size_t len);
/* -EFAULT when it is not mapped. */
int control_translate(struct machine *m, int vcpu, uint64_t gva, uint64_t *gpa);

/*
 * One access of 1, 2 or 4 bytes to a port as the guest would make it, with what that does to the
 * device. -EBUSY: a device inside KVM answers there; -ENODEV: nobody does; with a sentence.
 */
int control_port_read(struct machine *m, uint16_t port, unsigned size, uint32_t *value,
		      struct error *err);
int control_port_write(struct machine *m, uint16_t port, unsigned size, uint32_t value,
		       struct error *err);

/* ---- breakpoints ---- */

struct bp_info {
	int id; /* 1, 2, …; unique while the machine lives */
	enum bp_kind kind;
	uint64_t addr; /* virtual */
	uint64_t len;  /* bytes, for data; 1 for code */
	const struct control_client *owner;
	uint64_t hits;	    /* that it stopped at */
	uint64_t asked;	    /* … and those that its filter was asked about */
	const char *filter; /* "condition"; NULL: it always stops (control_at.h) */
	/* "debug register", "in memory", "page protection", "waits for its page" */
	const char *how;
};
/*
 * Sets a breakpoint on every vCPU, now and later. A code breakpoint at an address that is not
 * mapped yet is accepted and becomes active by itself. The same spec set twice by the same client
 * is one breakpoint with a count. Returns its id; -ENOSPC: no debug register left and no way around
 * it; -ENOTSUP: this host's KVM cannot do it; each with a sentence.
 */
int control_bp_add(struct machine *m, struct control_client *owner, enum bp_kind kind,
		   uint64_t addr, uint64_t len, int vcpu, struct error *err);
/* -ENOENT: no such breakpoint of this client. */
int control_bp_remove(struct machine *m, struct control_client *owner, enum bp_kind kind,
		      uint64_t addr, uint64_t len);
/* By number, whoever owns it; one on a device (control_device.h) too. */
int control_bp_delete(struct machine *m, int id);
/* The @n-th breakpoint, in order of id; false past the end. */
bool control_bp_get(struct machine *m, size_t n, struct bp_info *info);

/* ---- the console line ---- */

/* A line that every client shows to its person. */
void control_message(struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
