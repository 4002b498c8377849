// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which frames are for this card (3.2.1, 10.1): by VLAN first, then by address: exact ones in RA,
 * a hash of 12 bits in MTA, or all of a kind.
 */
#include "devices/e1000/e1000.h"

#include <string.h>

#define TYPE_AT 12
#define TAG_AT	14

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool e1000_is_tagged(const struct e1000 *e, const uint8_t *frame, size_t len)
{
	return len >= TAG_AT + 4 && get16(frame + TYPE_AT) == (R(e, VET) & 0xffff);
}

static bool vlan_is_mine(const struct e1000 *e, const uint8_t *frame, size_t len)
{
	uint32_t rctl = R(e, RCTL);
	uint16_t tag;

	if (!(rctl & RCTL_VFE) || !e1000_is_tagged(e, frame, len))
		return true;
	tag = get16(frame + TAG_AT);
	if ((rctl & RCTL_CFIEN) && (tag >> 12 & 1) != ((rctl & RCTL_CFI) != 0))
		return false;
	return e->reg[E1000_VFTA / 4 + (tag >> 5 & 0x7f)] >> (tag & 31) & 1;
}

/* 13.4.57: ASEL says whether it is the destination or the source that counts. */
static bool is_in_ra(const struct e1000 *e, const uint8_t *frame)
{
	for (unsigned i = 0; i < RA_ENTRIES; i++) {
		uint32_t low = e->reg[E1000_RA / 4 + 2 * i];
		uint32_t high = e->reg[E1000_RA / 4 + 2 * i + 1];
		const uint8_t *address = frame + (high >> RAH_ASEL & 3 ? ETH_ALEN : 0);
		const uint8_t wanted[ETH_ALEN] = {
			(uint8_t)low,	      (uint8_t)(low >> 8), (uint8_t)(low >> 16),
			(uint8_t)(low >> 24), (uint8_t)high,	   (uint8_t)(high >> 8),
		};

		if ((high & RAH_AV) && !memcmp(address, wanted, ETH_ALEN))
			return true;
	}
	return false;
}

/* 13.5.1: RCTL.MO says which 12 of the last bits of the address. */
static bool is_in_mta(const struct e1000 *e, const uint8_t *dst)
{
	static const uint8_t shifts[4] = { 4, 3, 2, 0 };
	unsigned hash = (unsigned)(dst[4] | dst[5] << 8) >> shifts[R(e, RCTL) >> RCTL_MO & 3];

	return e->reg[E1000_MTA / 4 + (hash >> 5 & 0x7f)] >> (hash & 31) & 1;
}

bool e1000_accepts(const struct e1000 *e, const uint8_t *frame, size_t len, bool *inexact)
{
	static const uint8_t all[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint32_t rctl = R(e, RCTL);

	*inexact = false;
	if (!vlan_is_mine(e, frame, len))
		return false;
	if (is_in_ra(e, frame))
		return true;
	if (!memcmp(frame, all, ETH_ALEN) && (rctl & RCTL_BAM))
		return true;
	*inexact = true;
	if (!(frame[0] & 1))
		return rctl & RCTL_UPE;
	return (rctl & RCTL_MPE) || is_in_mta(e, frame);
}
