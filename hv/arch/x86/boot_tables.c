// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How the first vCPU finds the world in each boot mode: GDT and page tables in guest
 * RAM (where: hv/boot/layout.h), and the system registers that go with them.
 *
 * The identity map is 2 MiB pages for the first 4 GiB, and 1 GiB pages above for the
 * rest of RAM, where the processor has them.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>

#include "hv/boot/boot.h"
#include "hv/boot/layout.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define PTE_PRESENT 1ull
#define PTE_WRITE   2ull
#define PTE_LARGE   0x80ull
#define LOW_GIB	    4u

#define TYPE_CODE 11 /* execute, read, accessed */
#define TYPE_DATA 3  /* read, write, accessed */
#define TYPE_TSS  11 /* busy */

static struct kvm_segment segment(uint16_t selector, uint8_t type, bool code64)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.present = 1,
		.s = 1,
		.g = 1,
		.db = !code64,
		.l = code64,
	};
}

/* A descriptor as memory has it (SDM volume 3, 3.4.5). */
static uint64_t descriptor(const struct kvm_segment *s)
{
	uint64_t limit = s->g ? s->limit >> 12 : s->limit;
	uint64_t access = s->type | (uint64_t)s->s << 4 | (uint64_t)s->dpl << 5 |
			  (uint64_t)s->present << 7 | (uint64_t)s->avl << 12 |
			  (uint64_t)s->l << 13 | (uint64_t)s->db << 14 | (uint64_t)s->g << 15;

	return (limit & 0xffff) | (s->base & 0xffffff) << 16 | access << 40 |
	       (limit >> 16 & 0xf) << 48 | (s->base >> 24 & 0xff) << 56;
}

static int write_gdt(struct memory *ram, struct kvm_sregs *s)
{
	uint64_t gdt[6] = { 0 };

	gdt[LAYOUT_SEL_CODE / 8] = descriptor(&s->cs);
	gdt[LAYOUT_SEL_DATA / 8] = descriptor(&s->ds);
	/* A TSS descriptor takes two entries in 64-bit mode; the upper half of its base is zero. */
	gdt[LAYOUT_SEL_TSS / 8] = descriptor(&s->tr);
	s->gdt.base = LAYOUT_GDT;
	s->gdt.limit = sizeof(gdt) - 1;
	s->idt.base = 0;
	s->idt.limit = 0;
	return memory_write(ram, LAYOUT_GDT, gdt, sizeof(gdt)) == sizeof(gdt) ? 0 : -ENOSPC;
}

static int write_page_tables(struct vcpu *v)
{
	struct memory *ram = v->m->ram;
	uint64_t *pml4 = memory_ptr(ram, LAYOUT_PML4, LAYOUT_PML4_SIZE);
	uint64_t *pdpt = memory_ptr(ram, LAYOUT_PDPT, LAYOUT_PDPT_SIZE);
	uint64_t *pd = memory_ptr(ram, LAYOUT_PD, LAYOUT_PD_SIZE);
	size_t count;
	const struct memory_region *regions = memory_regions(ram, &count);
	uint64_t end = count ? regions[count - 1].gpa + regions[count - 1].size : 0;

	if (!pml4 || !pdpt || !pd)
		return -ENOSPC;
	memset(pml4, 0, LAYOUT_PML4_SIZE);
	memset(pdpt, 0, LAYOUT_PDPT_SIZE);
	pml4[0] = LAYOUT_PDPT | PTE_WRITE | PTE_PRESENT;
	for (uint64_t i = 0; i < LAYOUT_PD_SIZE / 8; i++)
		pd[i] = i << 21 | PTE_LARGE | PTE_WRITE | PTE_PRESENT;
	for (uint64_t i = 0; i < LOW_GIB; i++)
		pdpt[i] = (LAYOUT_PD + i * 0x1000) | PTE_WRITE | PTE_PRESENT;
	if (!x86_cpuid_has(v->m->arch->cpuid, "pdpe1gb"))
		return 0;
	for (uint64_t i = LOW_GIB; i < 512 && i << 30 < end; i++)
		pdpt[i] = i << 30 | PTE_LARGE | PTE_WRITE | PTE_PRESENT;
	return 0;
}

/* Flat segments; code is 64-bit or 32-bit. */
static void flat_segments(struct kvm_sregs *s, bool long_mode)
{
	s->cs = segment(LAYOUT_SEL_CODE, TYPE_CODE, long_mode);
	s->ds = segment(LAYOUT_SEL_DATA, TYPE_DATA, false);
	s->es = s->fs = s->gs = s->ss = s->ds;
	/* VM entry wants a busy TSS in TR (SDM volume 3, 27.3.1.2). */
	s->tr = (struct kvm_segment){
		.selector = LAYOUT_SEL_TSS, .limit = 0x67, .type = TYPE_TSS, .present = 1
	};
	s->ldt = (struct kvm_segment){ .unusable = 1, .type = 2 };
}

static int long64(struct vcpu *v, const struct boot_entry *entry, struct kvm_sregs *s)
{
	int ret = write_page_tables(v);

	(void)entry;
	if (ret < 0)
		return ret;
	flat_segments(s, true);
	s->cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG;
	s->cr3 = LAYOUT_PML4;
	s->cr4 = CR4_PAE;
	s->efer = EFER_LME | EFER_LMA;
	return write_gdt(v->m->ram, s);
}

static int prot32(struct vcpu *v, const struct boot_entry *entry, struct kvm_sregs *s)
{
	(void)entry;
	flat_segments(s, false);
	s->cr0 = CR0_PE | CR0_ET | CR0_NE;
	s->cr3 = 0;
	s->cr4 = 0;
	s->efer = 0;
	return write_gdt(v->m->ram, s);
}

static int real16(struct vcpu *v, const struct boot_entry *entry, struct kvm_sregs *s)
{
	(void)v;
	s->cs.selector = (uint16_t)(entry->pc >> 4 & 0xf000);
	s->cs.base = (uint64_t)s->cs.selector << 4;
	return 0;
}

int x86_boot_sregs(struct vcpu *v, const struct boot_entry *entry, struct kvm_sregs *s,
		   struct error *err)
{
	static int (*const modes[])(struct vcpu *, const struct boot_entry *,
				    struct kvm_sregs *) = {
		[BOOT_MODE_LONG64] = long64,
		[BOOT_MODE_PROT32] = prot32,
		[BOOT_MODE_REAL16] = real16,
	};
	int ret;

	if ((size_t)entry->mode >= sizeof(modes) / sizeof(modes[0]))
		return error_set(err, -EINVAL, "the image asks for a boot mode that is not known");
	ret = modes[entry->mode](v, entry, s);
	if (ret < 0)
		return error_set(err, ret, "guest RAM has no room for the first page tables");
	return 0;
}
