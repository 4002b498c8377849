// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the bare ioctls of KVM do in a second on this machine: the ceilings that a debugger's
 * figures are held against.
 *
 *   ioctl step       KVM_RUN with single-step on, over and over
 *   ioctl step-set   the same with KVM_SET_GUEST_DEBUG and KVM_GET_REGS around each
 *   ioctl break      a hardware breakpoint is hit, and the instruction stepped over
 *   ioctl pio        KVM_RUN until the guest writes to a port, over and over
 *
 * Prints the rate, events in a second. One vCPU in real mode, a loop of four instructions, no
 * devices: what a debugger has to do besides is not in it.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define CODE	 0x1000
#define MEM_SIZE 0x4000
#define PORT	 0x3ff
#define SECONDS	 0.5
/* Enable bit L0; the type, execution, and the length are zero (SDM 3, 18.2.4). */
#define DR7_EXEC 0x0401

static const uint8_t guest_code[] = {
	0x40,	    /* inc ax */
	0x43,	    /* inc bx */
	0x41,	    /* inc cx */
	0xeb, 0xfb, /* jmp to the first */
};

/* As tests/guests/load does it, in as many instructions. */
static const uint8_t pio_code[] = {
	0xee,	    /* out dx, al */
	0x49,	    /* dec cx */
	0xeb, 0xfc, /* jmp to the first */
};

static int vcpu;
static struct kvm_run *run;

static void check(int ret, const char *what)
{
	if (ret >= 0)
		return;
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void *map(size_t size, int flags, int fd)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, fd, 0);

	check(p == MAP_FAILED ? -1 : 0, "mmap");
	return p;
}

static void open_guest(const uint8_t *code, size_t size)
{
	struct kvm_userspace_memory_region slot = { .memory_size = MEM_SIZE };
	struct kvm_regs regs = { .rip = CODE, .rflags = 2, .rsp = MEM_SIZE, .rdx = PORT };
	struct kvm_sregs sregs;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	uint8_t *mem = map(MEM_SIZE, MAP_ANONYMOUS, -1);

	check(kvm, "/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	check(vm, "KVM_CREATE_VM");
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
	slot.userspace_addr = (uintptr_t)mem;
	memcpy(mem + CODE, code, size);
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &slot), "KVM_SET_USER_MEMORY_REGION");
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	check(vcpu, "KVM_CREATE_VCPU");
	run = map((size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), 0, vcpu);
	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void set_debug(uint32_t control)
{
	struct kvm_guest_debug gd = {
		.control = KVM_GUESTDBG_ENABLE | control,
		.arch.debugreg = { CODE, [7] = DR7_EXEC },
	};

	check(ioctl(vcpu, KVM_SET_GUEST_DEBUG, &gd), "KVM_SET_GUEST_DEBUG");
}

static void enter_until(uint32_t reason)
{
	check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	if (run->exit_reason == reason)
		return;
	fprintf(stderr, "ioctl: exit %u, not %u\n", run->exit_reason, reason);
	exit(1);
}

static void enter(void)
{
	enter_until(KVM_EXIT_DEBUG);
}

static void pio(void)
{
	enter_until(KVM_EXIT_IO);
}

static void step(void)
{
	enter();
}

static void step_set(void)
{
	struct kvm_regs regs;

	set_debug(KVM_GUESTDBG_SINGLESTEP);
	enter();
	check(ioctl(vcpu, KVM_GET_REGS, &regs), "KVM_GET_REGS");
}

static void break_and_step(void)
{
	set_debug(KVM_GUESTDBG_USE_HW_BP);
	enter();
	set_debug(KVM_GUESTDBG_SINGLESTEP);
	enter();
}

static double rate(void (*event)(void))
{
	double start = now(), end;
	unsigned long n = 0;

	do {
		for (int i = 0; i < 256; i++)
			event();
		n += 256;
		end = now();
	} while (end - start < SECONDS);
	return (double)n / (end - start);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*event)(void);
	} loops[] = { { "step", step }, { "step-set", step_set }, { "break", break_and_step } };

	for (size_t i = 0; argc == 2 && i < sizeof(loops) / sizeof(loops[0]); i++) {
		if (strcmp(argv[1], loops[i].name) != 0)
			continue;
		open_guest(guest_code, sizeof(guest_code));
		set_debug(KVM_GUESTDBG_SINGLESTEP);
		printf("%.0f\n", rate(loops[i].event));
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "pio")) {
		open_guest(pio_code, sizeof(pio_code));
		printf("%.0f\n", rate(pio));
		return 0;
	}
	fprintf(stderr, "usage: ioctl step|step-set|break|pio\n");
	return 2;
}
