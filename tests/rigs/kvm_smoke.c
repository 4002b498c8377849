// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Does this place have KVM, and which of its debug facilities work? Raw ioctls
 * and a few bytes of real-mode code, so that a rig is judged by something that
 * does not depend on vitrine.
 *
 * Prints one line per facility: "NAME works" or "NAME missing: what was seen".
 * Exit status 0 when every facility named on the command line works. Names:
 * vm, step, int3, hwbreak, watch. (KVM api.rst, KVM_SET_GUEST_DEBUG)
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE	 0x1000
#define DATA	 0x2000
#define MEM_SIZE 0x4000

/* At CODE: where each instruction of the guest lies. */
enum { AT_MOV = 0, AT_STORE = 3, AT_INT3 = 6, AT_NOP = 7, AT_HLT = 8 };

static const uint8_t guest_code[] = {
	[AT_MOV] = 0xb8,   0x34, 0x12,	    /* mov ax, 0x1234 */
	[AT_STORE] = 0xa3, 0x00, DATA >> 8, /* mov [DATA], ax */
	[AT_INT3] = 0xcc,		    /* int3 */
	[AT_NOP] = 0x90,		    /* nop */
	[AT_HLT] = 0xf4,		    /* hlt */
};

struct guest {
	int kvm, vm, vcpu;
	uint8_t *mem;
	struct kvm_run *run;
	size_t run_size;
};

static void guest_close(struct guest *g)
{
	if (g->run)
		munmap(g->run, g->run_size);
	if (g->mem)
		munmap(g->mem, MEM_SIZE);
	if (g->vcpu >= 0)
		close(g->vcpu);
	if (g->vm >= 0)
		close(g->vm);
	if (g->kvm >= 0)
		close(g->kvm);
}

static int map_guest(struct guest *g)
{
	struct kvm_userspace_memory_region slot = { .memory_size = MEM_SIZE };
	void *p = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int size;

	if (p == MAP_FAILED)
		return -1;
	g->mem = p;
	slot.userspace_addr = (uintptr_t)p;
	if (ioctl(g->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		return -1;
	size = ioctl(g->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (size <= 0)
		return -1;
	g->run_size = (size_t)size;
	p = mmap(NULL, g->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, g->vcpu, 0);
	if (p == MAP_FAILED)
		return -1;
	g->run = p;
	return 0;
}

static int set_rip(struct guest *g, unsigned offset)
{
	struct kvm_regs regs = { .rip = CODE + offset, .rflags = 2, .rsp = MEM_SIZE };

	return ioctl(g->vcpu, KVM_SET_REGS, &regs);
}

/* A VM in real mode, loaded with guest_code. */
static int guest_open(struct guest *g)
{
	struct kvm_sregs sregs;

	*g = (struct guest){ .kvm = -1, .vm = -1, .vcpu = -1 };
	g->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (g->kvm < 0)
		return -1;
	g->vm = ioctl(g->kvm, KVM_CREATE_VM, 0);
	if (g->vm < 0)
		return -1;
	ioctl(g->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
	g->vcpu = ioctl(g->vm, KVM_CREATE_VCPU, 0);
	if (g->vcpu < 0 || map_guest(g))
		return -1;
	/* Wherever an interrupt that nobody intercepts leads, it ends at the hlt. */
	for (unsigned vector = 0; vector < 256; vector++)
		memcpy(g->mem + 4 * vector, (uint16_t[]){ CODE + AT_HLT, 0 }, 4);
	memcpy(g->mem + CODE, guest_code, sizeof(guest_code));
	if (ioctl(g->vcpu, KVM_GET_SREGS, &sregs))
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(g->vcpu, KVM_SET_SREGS, &sregs) || set_rip(g, AT_HLT))
		return -1;
	/*
	 * Once through the hlt, so that the code is mapped: Bochs reports a step
	 * without progress when the fetch itself makes an EPT violation.
	 */
	return ioctl(g->vcpu, KVM_RUN, 0);
}

/* One debug facility: what to ask of KVM, and what the first exit must be. */
struct facility {
	const char *name;
	unsigned start;	      /* offset of the first instruction */
	unsigned exit_reason; /* what is right */
	unsigned exception;   /* with KVM_EXIT_DEBUG */
	unsigned rip;	      /* offset where the exit leaves the guest */
	struct kvm_guest_debug debug;
};

/* DR7: enable bit L0, length and type of slot 0 in bits 16 to 19 (SDM 3, 18.2.4). */
#define DR7_EXEC  0x0401
#define DR7_STORE 0x000d0401

static const struct facility facilities[] = {
	{ .name = "vm", .start = AT_NOP, .exit_reason = KVM_EXIT_HLT, .rip = AT_HLT + 1 },
	{ .name = "step",
	  .start = AT_MOV,
	  .exit_reason = KVM_EXIT_DEBUG,
	  .exception = 1,
	  .rip = AT_STORE,
	  .debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP },
	{ .name = "int3",
	  .start = AT_MOV,
	  .exit_reason = KVM_EXIT_DEBUG,
	  .exception = 3,
	  .rip = AT_INT3,
	  .debug.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP },
	{ .name = "hwbreak",
	  .start = AT_MOV,
	  .exit_reason = KVM_EXIT_DEBUG,
	  .exception = 1,
	  .rip = AT_STORE,
	  .debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
		     .arch.debugreg = { CODE + AT_STORE, [7] = DR7_EXEC } } },
	/* A trap, reported after the store (SDM 3, 18.2.5). */
	{ .name = "watch",
	  .start = AT_MOV,
	  .exit_reason = KVM_EXIT_DEBUG,
	  .exception = 1,
	  .rip = AT_INT3,
	  .debug = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
		     .arch.debugreg = { DATA, [7] = DR7_STORE } } },
};

static bool judge(const struct facility *f, struct guest *g)
{
	struct kvm_regs regs;
	const struct kvm_run *run = g->run;

	if (ioctl(g->vcpu, KVM_GET_REGS, &regs)) {
		printf("%s missing: no registers\n", f->name);
		return false;
	}
	if (run->exit_reason == f->exit_reason && regs.rip == CODE + f->rip &&
	    (run->exit_reason != KVM_EXIT_DEBUG || run->debug.arch.exception == f->exception)) {
		printf("%s works\n", f->name);
		return true;
	}
	printf("%s missing: exit %u, exception %u, rip %#llx, dr6 %#llx\n", f->name,
	       run->exit_reason, run->exit_reason == KVM_EXIT_DEBUG ? run->debug.arch.exception : 0,
	       regs.rip, run->exit_reason == KVM_EXIT_DEBUG ? run->debug.arch.dr6 : 0);
	return false;
}

static bool try_facility(const struct facility *f)
{
	struct guest g;
	bool works = false;

	if (guest_open(&g))
		printf("%s missing: no virtual machine: %s\n", f->name, strerror(errno));
	else if (set_rip(&g, f->start))
		printf("%s missing: no registers\n", f->name);
	/* After the registers: single-stepping is armed for the rip of that moment. */
	else if (f->debug.control && ioctl(g.vcpu, KVM_SET_GUEST_DEBUG, &f->debug))
		printf("%s missing: KVM_SET_GUEST_DEBUG: %s\n", f->name, strerror(errno));
	else if (ioctl(g.vcpu, KVM_RUN, 0))
		printf("%s missing: KVM_RUN: %s\n", f->name, strerror(errno));
	else
		works = judge(f, &g);
	guest_close(&g);
	return works;
}

int main(int argc, char **argv)
{
	bool ok = true;

	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		bool wanted = false;

		for (int a = 1; a < argc; a++)
			wanted |= !strcmp(argv[a], facilities[i].name);
		if (!try_facility(&facilities[i]) && wanted)
			ok = false;
	}
	return ok ? 0 : 1;
}
