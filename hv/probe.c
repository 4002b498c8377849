// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The probe: a throwaway VM with one vCPU, driven from the calling thread with the same
 * functions that the machine uses, so that what works here works there.
 *
 * Each trial starts a few bytes of code (hv/arch/arch_probe.h), enters once or twice and looks at
 * the exit. See probe.h; the cache is in probe_cache.c.
 */
#include "hv/probe.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "hv/arch/arch_probe.h"
#include "hv/boot/boot.h"
#include "hv/boot/layout.h"
#include "hv/debug.h"
#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define MAX_INTERRUPTED 100
#define TIMED_RUNS	500
#define TIMED_NS	5000000ull

const struct probe_row probe_rows[] = {
	{ "step", "single-step", offsetof(struct probe_result, step), NULL, "no stepping" },
	{ "soft", "breakpoint instruction", offsetof(struct probe_result, soft),
	  "comes as an emulation failure", "breakpoints only in debug registers" },
	{ "hard", "hardware breakpoint", offsetof(struct probe_result, hard), NULL,
	  "no breakpoint before its page is there" },
	{ "data", "data watchpoint", offsetof(struct probe_result, data), "by page protection",
	  "no watchpoints" },
	{ "block_irq", "steps without interrupts", offsetof(struct probe_result, block_irq), NULL,
	  "a step can land in an interrupt handler" },
	{ "guest_regs", "guest's debug registers", offsetof(struct probe_result, guest_regs),
	  "what it changes takes effect at the next stop",
	  "they do not work while ours are in use" },
	{ "protect", "page protection", offsetof(struct probe_result, protect), NULL,
	  "only as many watchpoints as debug registers" },
	{ "walks", "protection of page tables", offsetof(struct probe_result, walks), NULL,
	  "pages that the processor itself uses cannot be watched by protection" },
};
const size_t probe_row_count = sizeof(probe_rows) / sizeof(probe_rows[0]);

enum probe_verdict probe_row_verdict(const struct probe_row *row, const struct probe_result *probe)
{
	enum probe_verdict verdict;

	memcpy(&verdict, (const char *)probe + row->offset, sizeof(verdict));
	return verdict;
}

bool probe_can_debug(const struct probe_result *probe)
{
	return probe->step && (probe->soft || probe->hard);
}

void probe_debug_caps(const struct probe_result *probe, struct debug_caps *caps)
{
	*caps = (struct debug_caps){
		.soft = probe->soft != PROBE_MISSING,
		.hard = probe->hard != PROBE_MISSING,
		.data = probe->data == PROBE_WORKS,
		.step = probe->step != PROBE_MISSING,
		.protect = probe->protect != PROBE_MISSING,
		.walks = probe->walks != PROBE_MISSING,
	};
}

/* ---- the throwaway VM ---- */

struct lab {
	struct kvm_caps caps;
	struct machine_config cfg;
	struct machine m;
	struct vcpu v;
};

static void lab_close(struct lab *lab)
{
	if (!lab)
		return;
	if (lab->v.arch.power_on)
		arch_vcpu_destroy(&lab->v);
	if (lab->v.run)
		munmap(lab->v.run, lab->caps.run_size);
	if (lab->v.fd >= 0)
		close(lab->v.fd);
	arch_vm_destroy(&lab->m);
	memory_destroy(lab->m.ram);
	if (lab->m.vm_fd >= 0)
		close(lab->m.vm_fd);
	if (lab->m.kvm_fd >= 0)
		close(lab->m.kvm_fd);
	free(lab);
}

static int lab_vcpu(struct lab *lab, struct error *err)
{
	void *run;

	lab->v.m = &lab->m;
	lab->v.fd = ioctl(lab->m.vm_fd, KVM_CREATE_VCPU, 0);
	if (lab->v.fd < 0)
		return error_set(err, -errno, "KVM cannot make a vCPU: %s", strerror(errno));
	run = mmap(NULL, lab->caps.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, lab->v.fd, 0);
	if (run == MAP_FAILED)
		return error_set(err, -errno, "cannot map the vCPU's run page: %s",
				 strerror(errno));
	lab->v.run = run;
	return arch_vcpu_create(&lab->v, err);
}

static int lab_open(struct lab **out, struct error *err)
{
	struct lab *lab = calloc(1, sizeof(*lab));
	int ret;

	if (!lab)
		return error_set(err, -ENOMEM, "no memory for the probe");
	lab->v.fd = lab->m.vm_fd = -1;
	lab->cfg = (struct machine_config){ .ram_size = PROBE_RAM, .vcpus = 1, .max_vcpus = 1 };
	lab->m.cfg = &lab->cfg;
	lab->m.caps = &lab->caps;
	lab->m.kvm_fd = ret = kvm_open(&lab->caps, err);
	if (ret < 0)
		goto fail;
	do {
		lab->m.vm_fd = ioctl(lab->m.kvm_fd, KVM_CREATE_VM, 0);
	} while (lab->m.vm_fd < 0 && errno == EINTR);
	if (lab->m.vm_fd < 0) {
		ret = error_set(err, -errno, "KVM cannot make a virtual machine: %s",
				strerror(errno));
		goto fail;
	}
	ret = memory_create(&lab->m.ram, lab->m.vm_fd, PROBE_RAM, err);
	if (!ret)
		ret = arch_vm_create(&lab->m, &lab->cfg, err);
	if (!ret)
		ret = lab_vcpu(lab, err);
	if (ret < 0)
		goto fail;
	*out = lab;
	return 0;
fail:
	lab_close(lab);
	return ret;
}

/* ---- one trial ---- */

/* Puts the vCPU to the first instruction of @code, with nothing debugged. */
static int start(struct vcpu *v, enum probe_code code)
{
	const struct probe_guest *guest = &arch_probe_guests[code];
	const struct arch_debug none = { 0 };
	const struct boot_entry entry = {
		.mode = BOOT_MODE_LONG64,
		.pc = PROBE_CODE,
		.sp = LAYOUT_STACK_TOP,
	};
	int ret = arch_vm_reset(v->m, NULL);

	if (!ret)
		ret = arch_vcpu_reset(v, &entry, NULL);
	if (!ret && memory_write(v->m->ram, PROBE_CODE, guest->bytes, guest->size) != guest->size)
		ret = -EFAULT;
	return ret ? ret : arch_debug_set(v, &none);
}

/* The exit reason, or negative errno. */
static int enter(struct vcpu *v)
{
	int ret = arch_regs_flush(v);

	if (ret < 0)
		return ret;
	for (int i = 0; i < MAX_INTERRUPTED; i++) {
		ret = ioctl(v->fd, KVM_RUN, 0);
		arch_regs_forget(v);
		if (ret == 0)
			return (int)v->run->exit_reason;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return -EINTR;
}

/* Enters until something happened: an event, another exit, or the guest went on. */
static bool enter_for_event(struct vcpu *v, struct arch_debug_event *ev)
{
	for (int i = 0; i < MAX_INTERRUPTED; i++) {
		if (enter(v) < 0)
			return false;
		arch_debug_exit(v, ev);
		if (ev->kind != ARCH_DEBUG_HARD || ev->step || ev->hw_hits || ev->arch ||
		    arch_pc(v) != PROBE_CODE)
			return true;
	}
	return false;
}

/* Starts @code debugged with @dbg and says what came first. False: it could not be tried. */
static bool try_debug(struct vcpu *v, enum probe_code code, const struct arch_debug *dbg,
		      struct arch_debug_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	return start(v, code) == 0 && arch_debug_set(v, dbg) == 0 && enter_for_event(v, ev);
}

static uint64_t second_insn(enum probe_code code)
{
	return PROBE_CODE + arch_probe_guests[code].first;
}

static void try_step(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = { .step = true };
	struct arch_debug_event ev;

	if (try_debug(v, PROBE_NOPS, &dbg, &ev) && ev.kind == ARCH_DEBUG_HARD && ev.step &&
	    ev.pc == second_insn(PROBE_NOPS))
		out->step = PROBE_WORKS;
}

static void try_soft(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = { .soft = true };
	struct arch_debug_event ev;

	if (try_debug(v, PROBE_BREAK, &dbg, &ev) && ev.kind == ARCH_DEBUG_SOFT &&
	    ev.pc == PROBE_CODE)
		out->soft = v->run->exit_reason == KVM_EXIT_DEBUG ? PROBE_WORKS : PROBE_EMULATED;
}

static void try_hard(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = {
		.hw[0] = { .used = true,
			   .kind = BP_HARD,
			   .addr = second_insn(PROBE_NOPS),
			   .len = 1 },
	};
	struct arch_debug_event ev;

	if (try_debug(v, PROBE_NOPS, &dbg, &ev) && ev.kind == ARCH_DEBUG_HARD && ev.hw_hits == 1 &&
	    ev.pc == second_insn(PROBE_NOPS))
		out->hard = PROBE_WORKS;
}

/* Whether @code is kept from the page at @gpa, and then does its access all the same. */
static bool try_denied(struct vcpu *v, enum probe_code code, uint64_t gpa, enum memory_deny deny)
{
	bool denied, done;
	int exit;

	if (start(v, code) < 0 || memory_protect(v->m->ram, gpa, deny, true) < 0)
		return false;
	exit = enter(v);
	denied = exit == -EFAULT || (exit == KVM_EXIT_MMIO && v->run->mmio.phys_addr == gpa);
	memory_protect(v->m->ram, gpa, deny, false);
	done = enter(v) == KVM_EXIT_IO;
	return denied && done;
}

static void try_protect(struct vcpu *v, struct probe_result *out)
{
	if (try_denied(v, PROBE_STORE_DENIED, PROBE_DENIED, MEMORY_STORES) &&
	    try_denied(v, PROBE_LOAD_DENIED, PROBE_DENIED, MEMORY_ACCESSES))
		out->protect = PROBE_WORKS;
	if (out->protect && try_denied(v, PROBE_NOPS, arch_probe_tables(), MEMORY_ACCESSES))
		out->walks = PROBE_WORKS;
}

static void try_data(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = {
		.hw[0] = { .used = true, .kind = BP_WRITE, .addr = PROBE_DATA, .len = 1 },
	};
	struct arch_debug_event ev;

	if (try_debug(v, PROBE_STORE, &dbg, &ev) && ev.kind == ARCH_DEBUG_HARD && ev.hw_hits == 1)
		out->data = PROBE_WORKS;
	else if (out->protect)
		out->data = PROBE_EMULATED;
}

/* The step must end at the next instruction although an interrupt waits, and that must come after.
 */
static void try_block_irq(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = { .step = true, .block_irq = true };
	const struct arch_debug none = { 0 };
	struct arch_debug_event ev;
	uint64_t pc;

	if (start(v, PROBE_NOPS) < 0 || arch_probe_raise_irq(v) < 0 ||
	    arch_debug_set(v, &dbg) < 0 || !enter_for_event(v, &ev))
		return;
	if (!ev.step || ev.pc != second_insn(PROBE_NOPS) || arch_debug_set(v, &none) < 0 ||
	    enter(v) < 0)
		return;
	pc = arch_pc(v);
	if (pc >= PROBE_HANDLER && pc < PROBE_HANDLER + 0x1000)
		out->block_irq = PROBE_WORKS;
}

static void try_guest_regs(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = {
		.hw[0] = { .used = true, .kind = BP_HARD, .addr = PROBE_HANDLER, .len = 1 },
	};
	struct arch_debug_event ev;

	if (!out->hard)
		return;
	/* The processor's code does the guest's access itself and leaves nothing to do. */
	if (try_debug(v, PROBE_OWN_REGS, &dbg, &ev) && ev.kind == ARCH_DEBUG_HARD && !ev.hw_hits &&
	    !ev.step && arch_pc(v) == second_insn(PROBE_OWN_REGS))
		out->guest_regs = PROBE_WORKS;
	else
		out->guest_regs = PROBE_EMULATED;
}

/* ---- how long ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

/* The mean of some hundred entries, or of what fits in a few milliseconds. */
static uint64_t time_entries(struct vcpu *v, int reason)
{
	uint64_t begin = now_ns(), passed = 0;
	unsigned n = 0;

	while (n < TIMED_RUNS && passed < TIMED_NS) {
		if (enter(v) != reason)
			return 0;
		n++;
		passed = now_ns() - begin;
	}
	return n ? passed / n : 0;
}

static void time_exit(struct vcpu *v, struct probe_result *out)
{
	if (start(v, PROBE_EXITS) == 0)
		out->exit_ns = time_entries(v, KVM_EXIT_IO);
}

static void time_step(struct vcpu *v, struct probe_result *out)
{
	const struct arch_debug dbg = { .step = true };

	if (out->step && start(v, PROBE_SPIN) == 0 && arch_debug_set(v, &dbg) == 0)
		out->step_ns = time_entries(v, KVM_EXIT_DEBUG);
}

static void try_arch(struct vcpu *v, struct probe_result *out)
{
	out->arch = arch_probe_findings(v, start, enter);
}

/* In this order: later ones look at what earlier ones found. */
static void (*const trials[])(struct vcpu *v, struct probe_result *out) = {
	try_step,      try_soft,       try_hard, try_protect, try_data,
	try_block_irq, try_guest_regs, try_arch, time_exit,   time_step,
};

int probe_run(struct probe_result *out, struct error *err)
{
	struct lab *lab = NULL;
	int ret;

	memset(out, 0, sizeof(*out));
	ret = lab_open(&lab, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++)
		trials[i](&lab->v, out);
	lab_close(lab);
	return 0;
}
