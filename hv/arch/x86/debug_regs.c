// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DR6 and DR7: encoding what is watched, sharing the four registers between us and
 * the guest, and telling afterwards whose hit it was (SDM volume 3, 17.2).
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <string.h>

#include "hv/control.h"

/* R/W field. 2 is I/O and never ours: a read watchpoint is "read or write", x86 has no other. */
#define RW_EXEC	  0u
#define RW_WRITE  1u
#define RW_ACCESS 3u

static const uint8_t kind_rw[BP_KIND_COUNT] = {
	[BP_SOFT] = RW_EXEC,   [BP_HARD] = RW_EXEC,	[BP_WRITE] = RW_WRITE,
	[BP_READ] = RW_ACCESS, [BP_ACCESS] = RW_ACCESS,
};
/* LEN field by bytes; code has length 0. */
static const uint8_t len_field[9] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };

static uint64_t enable_bits(unsigned n)
{
	return 3ull << (n * 2);
}

static uint64_t condition(uint64_t dr7, unsigned n)
{
	return dr7 >> (16 + n * 4) & 0xf;
}

unsigned arch_hw_bp_count(void)
{
	return X86_DR_COUNT;
}

bool arch_hw_bp_fits(uint8_t kind, uint64_t addr, uint64_t len)
{
	if (kind >= BP_KIND_COUNT)
		return false;
	if (kind_rw[kind] == RW_EXEC)
		return true;
	return (len == 1 || len == 2 || len == 4 || len == 8) && !(addr & (len - 1));
}

uint64_t x86_dr7_slot(unsigned n, uint8_t kind, uint8_t len)
{
	uint64_t rw = kind_rw[kind];
	uint64_t length = rw == RW_EXEC ? 0 : len_field[len <= 8 ? len : 0];

	return 2ull << (n * 2) | (rw | length << 2) << (16 + n * 4);
}

int x86_dr_merge(const struct arch_hw_bp *ours, const struct kvm_debugregs *guest, __u64 dr[8],
		 struct x86_dr_slot slot[X86_DR_COUNT])
{
	unsigned used = 0;

	memset(slot, 0, X86_DR_COUNT * sizeof(slot[0]));
	memset(dr, 0, 8 * sizeof(dr[0]));
	dr[7] = DR7_FIXED_1;
	for (unsigned i = 0; i < ARCH_HW_BP_MAX; i++) {
		if (!ours[i].used)
			continue;
		if (used == X86_DR_COUNT)
			return -ENOSPC;
		if (!arch_hw_bp_fits(ours[i].kind, ours[i].addr, ours[i].len))
			return -EINVAL;
		slot[used] = (struct x86_dr_slot){ X86_DR_OURS, (uint8_t)i };
		dr[used] = ours[i].addr;
		dr[7] |= x86_dr7_slot(used, ours[i].kind, ours[i].len);
		used++;
	}
	for (unsigned i = 0; i < X86_DR_COUNT && used < X86_DR_COUNT; i++) {
		if (!(guest->dr7 & enable_bits(i)))
			continue;
		slot[used] = (struct x86_dr_slot){ X86_DR_GUEST, (uint8_t)i };
		dr[used] = guest->db[i];
		dr[7] |= 2ull << (used * 2) | condition(guest->dr7, i) << (16 + used * 4);
		used++;
	}
	return 0;
}

void x86_dr_guest_only(const struct kvm_debugregs *guest, struct x86_dr_slot slot[X86_DR_COUNT])
{
	for (unsigned i = 0; i < X86_DR_COUNT; i++) {
		bool on = guest->dr7 & enable_bits(i);

		slot[i] = (struct x86_dr_slot){ on ? X86_DR_GUEST : X86_DR_FREE, (uint8_t)i };
	}
}

void x86_dr6_split(uint64_t dr6, const struct x86_dr_slot slot[X86_DR_COUNT], uint32_t *ours,
		   uint64_t *guest)
{
	*ours = 0;
	*guest = 0;
	/* A bit can be set without its register being enabled: those are nobody's. */
	for (unsigned i = 0; i < X86_DR_COUNT; i++) {
		if (!(dr6 >> i & 1))
			continue;
		if (slot[i].owner == X86_DR_OURS)
			*ours |= 1u << slot[i].index;
		else if (slot[i].owner == X86_DR_GUEST)
			*guest |= 1ull << slot[i].index;
	}
}

uint64_t x86_dr6_deliver(uint64_t dr6, uint64_t payload)
{
	return (dr6 & ~(uint64_t)DR6_TRAPS) | DR6_FIXED_1 | payload;
}

bool x86_dr6_is_fault(uint64_t payload, uint64_t dr7)
{
	if (payload & DR6_BD)
		return true;
	for (unsigned i = 0; i < X86_DR_COUNT; i++)
		if ((payload >> i & 1) && (condition(dr7, i) & 3) == RW_EXEC)
			return true;
	return false;
}
