// SPDX-License-Identifier: GPL-3.0-or-later
/* What the guest of fake_machine.h consists of: registers, memory, devices. */
#include "fake_machine.h"

#include <errno.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/inspect.h"

/* ---- registers ---- */

#define CORE "org.gnu.gdb.i386.core"
#define GPR(n)                                                          \
	{                                                               \
		.name = n, .feature = CORE, .type = "int64", .bits = 64 \
	}
#define PTR(n, t)                                                 \
	{                                                         \
		.name = n, .feature = CORE, .type = t, .bits = 64 \
	}
#define SEG(n)                                                          \
	{                                                               \
		.name = n, .feature = CORE, .type = "int32", .bits = 32 \
	}
#define FPU(n)                                                             \
	{                                                                  \
		.name = n, .feature = CORE, .type = "i387_ext", .bits = 80 \
	}
#define FPC(n)                                                                          \
	{                                                                               \
		.name = n, .feature = CORE, .type = "int", .group = "float", .bits = 32 \
	}
#define SYS(n, t)                                                                            \
	{                                                                                    \
		.name = n, .feature = "org.example.sys", .type = t, .bits = 64, .lazy = true \
	}

static const struct arch_reg regs[FAKE_REGS] = {
	GPR("rax"),
	GPR("rbx"),
	GPR("rcx"),
	GPR("rdx"),
	GPR("rsi"),
	GPR("rdi"),
	PTR("rbp", "data_ptr"),
	PTR("rsp", "data_ptr"),
	GPR("r8"),
	GPR("r9"),
	GPR("r10"),
	GPR("r11"),
	GPR("r12"),
	GPR("r13"),
	GPR("r14"),
	GPR("r15"),
	PTR("rip", "code_ptr"),
	{ .name = "eflags", .feature = CORE, .type = "i386_eflags", .bits = 32 },
	SEG("cs"),
	SEG("ss"),
	SEG("ds"),
	SEG("es"),
	SEG("fs"),
	SEG("gs"),
	FPU("st0"),
	FPU("st1"),
	FPU("st2"),
	FPU("st3"),
	FPU("st4"),
	FPU("st5"),
	FPU("st6"),
	FPU("st7"),
	FPC("fctrl"),
	FPC("fstat"),
	FPC("ftag"),
	FPC("fiseg"),
	FPC("fioff"),
	FPC("foseg"),
	FPC("fooff"),
	FPC("fop"),
	{ .name = "absent", .feature = "org.example.absent", .type = "int64", .bits = 64 },
	SYS("cr0", "fake_cr0"),
	SYS("fixed", "int64"),
};

const struct arch_reg *arch_regs(size_t *count)
{
	*count = FAKE_REGS;
	return regs;
}

int arch_reg_pc(void)
{
	return FAKE_RIP;
}

int arch_reg_sp(void)
{
	return FAKE_RSP;
}

int arch_reg_fp(void)
{
	return FAKE_RSP;
}

const char *arch_triple(void)
{
	return "x86_64-unknown-none";
}

unsigned arch_hw_bp_count(void)
{
	return FAKE_HARD_BPS;
}

const char *const arch_gdb_compatible[] = { "i386", NULL };

const char *arch_gdb_architecture(void)
{
	return "i386:x86-64";
}

const char *arch_gdb_types(const char *feature)
{
	if (!strcmp(feature, CORE))
		return "<flags id=\"i386_eflags\" size=\"4\"><field name=\"CF\" start=\"0\" "
		       "end=\"0\"/>"
		       "<field name=\"\" start=\"1\" end=\"1\"/></flags>\n";
	if (!strcmp(feature, "org.example.sys"))
		return "<flags id=\"fake_cr0\" size=\"8\"><field name=\"PE\" start=\"0\" "
		       "end=\"0\"/>"
		       "<field name=\"PG\" start=\"31\" end=\"31\"/></flags>\n";
	return "";
}

static bool is_st(int reg)
{
	return reg >= FAKE_ST0 && reg < FAKE_ST0 + 8;
}

bool control_reg_present(struct machine *m, int vcpu, int reg)
{
	return control_vcpu_exists(m, vcpu) && reg >= 0 && reg < FAKE_REGS && reg != FAKE_ABSENT;
}

int control_reg_read(struct machine *m, int vcpu, int reg, void *buf)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	if (!control_reg_present(m, vcpu, reg))
		return -ENOENT;
	if (is_st(reg))
		memcpy(buf, m->st[vcpu][reg - FAKE_ST0], 10);
	else
		memcpy(buf, &m->regs[vcpu][reg], regs[reg].bits / 8u);
	return 0;
}

int control_reg_write(struct machine *m, int vcpu, int reg, const void *buf, struct error *err)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	if (!control_reg_present(m, vcpu, reg))
		return -ENOENT;
	if (reg == FAKE_FIXED)
		return error_set(err, -EINVAL, "this register is fixed");
	if (is_st(reg))
		memcpy(m->st[vcpu][reg - FAKE_ST0], buf, 10);
	else
		memcpy(&m->regs[vcpu][reg], buf, regs[reg].bits / 8u);
	return 0;
}

int control_set_pc(struct machine *m, int vcpu, uint64_t pc)
{
	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	m->regs[vcpu][FAKE_RIP] = pc;
	return 0;
}

int control_code_bits(struct machine *m, int vcpu)
{
	(void)m;
	(void)vcpu;
	return 64;
}

int control_pc(struct machine *m, int vcpu, uint64_t *pc)
{
	*pc = control_vcpu_exists(m, vcpu) ? m->regs[vcpu][FAKE_RIP] : 0;
	return control_vcpu_exists(m, vcpu) ? 0 : -ESRCH;
}

int control_vcpu_limit(const struct machine *m)
{
	return m->vcpus;
}

bool control_vcpu_exists(const struct machine *m, int vcpu)
{
	return vcpu >= 0 && vcpu < m->vcpus;
}

const char *control_vcpu_activity(struct machine *m, int vcpu)
{
	return control_vcpu_runs(m, vcpu) ? "running" : "stopped <&>";
}

/* ---- memory ---- */

uint8_t *fake_mem_at(struct machine *m, uint64_t addr)
{
	uint64_t off = addr - FAKE_BASE;

	if (off >= FAKE_SIZE || (addr & ~(uint64_t)(FAKE_PAGE - 1)) == FAKE_HOLE)
		return NULL;
	return &m->mem[off];
}

ssize_t control_mem_read(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			 void *buf, size_t len)
{
	size_t i;

	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	addr -= space == CONTROL_PHYSICAL ? FAKE_PHYS : 0;
	for (i = 0; i < len && fake_mem_at(m, addr + i); i++)
		((uint8_t *)buf)[i] = *fake_mem_at(m, addr + i);
	return i ? (ssize_t)i : -EFAULT;
}

ssize_t control_mem_write(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			  const void *buf, size_t len)
{
	size_t i;

	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	addr -= space == CONTROL_PHYSICAL ? FAKE_PHYS : 0;
	for (i = 0; i < len && fake_mem_at(m, addr + i); i++)
		*fake_mem_at(m, addr + i) = ((const uint8_t *)buf)[i];
	return i ? (ssize_t)i : -EFAULT;
}

int inspect_region(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
		   struct inspect_region *region)
{
	static const uint64_t starts[] = { 0, FAKE_BASE, FAKE_HOLE, FAKE_HOLE + FAKE_PAGE,
					   FAKE_BASE + FAKE_SIZE };
	uint64_t shift = space == CONTROL_PHYSICAL ? FAKE_PHYS : 0;
	size_t i = 4;

	if (!control_vcpu_exists(m, vcpu))
		return -ESRCH;
	while (i && addr < starts[i] + shift)
		i--;
	*region = (struct inspect_region){ .start = i ? starts[i] + shift : 0,
					   .last = i < 4 ? starts[i + 1] + shift - 1 : UINT64_MAX };
	region->mapped = region->readable = region->writable = i % 2;
	region->executable = i == 1;
	return 0;
}

bool inspect_range(struct machine *m, enum inspect_bus bus, size_t n, struct inspect_range *range)
{
	static const struct inspect_range ranges[2][2] = {
		{ { "ram", true, FAKE_BASE, FAKE_BASE + FAKE_SIZE - 1 },
		  { "dev<0>", false, 0xfe000000, 0xfe000fff } },
		{ { "uart0", false, 0x3f8, 0x3ff } },
	};

	(void)m;
	if (n >= (bus == INSPECT_MEMORY ? 2 : 1))
		return false;
	*range = ranges[bus][n];
	return true;
}

bool inspect_device(struct machine *m, size_t n, struct inspect_device *device)
{
	static const struct inspect_device devices[] = { { "uart0", "a serial port", 4 },
							 { "dev<0>", "something", -1 } };

	(void)m;
	if (n >= 2)
		return false;
	*device = devices[n];
	return true;
}
