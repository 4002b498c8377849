// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Statistics (13.7): counters that reading clears, and that stop at their greatest value. Those of
 * bytes have two registers, and reading the upper one clears both.
 */
#include "devices/e1000/e1000.h"

#define BINS 6 /* of frames by their length, one register after the other */

void e1000_count(struct e1000 *e, unsigned offset)
{
	uint32_t *count = &e->reg[offset / 4];

	*count += *count != UINT32_MAX;
}

static void count_bytes(struct e1000 *e, unsigned low, uint32_t by)
{
	uint32_t *words = &e->reg[low / 4];
	uint64_t value = words[0] | (uint64_t)words[1] << 32;

	value = value > UINT64_MAX - by ? UINT64_MAX : value + by;
	words[0] = (uint32_t)value;
	words[1] = (uint32_t)(value >> 32);
}

static unsigned bin_of(uint32_t len)
{
	static const uint32_t ends[BINS - 1] = { 64, 127, 255, 511, 1023 };
	unsigned bin = 0;

	while (bin < BINS - 1 && len > ends[bin])
		bin++;
	return bin;
}

static bool is_broadcast(const uint8_t *dst)
{
	for (unsigned i = 0; i < ETH_ALEN; i++)
		if (dst[i] != 0xff)
			return false;
	return true;
}

void e1000_count_rx(struct e1000 *e, const uint8_t *dst, uint32_t len)
{
	e1000_count(e, E1000_GPRC);
	if (is_broadcast(dst))
		e1000_count(e, E1000_BPRC);
	else if (dst[0] & 1)
		e1000_count(e, E1000_MPRC);
	e1000_count(e, E1000_PRC64 + 4 * bin_of(len));
	count_bytes(e, E1000_GORCL, len);
	count_bytes(e, E1000_TORL, len);
}

void e1000_count_tx(struct e1000 *e, const uint8_t *dst, uint32_t len)
{
	e1000_count(e, E1000_GPTC);
	e1000_count(e, E1000_TPT);
	if (is_broadcast(dst))
		e1000_count(e, E1000_BPTC);
	else if (dst[0] & 1)
		e1000_count(e, E1000_MPTC);
	e1000_count(e, E1000_PTC64 + 4 * bin_of(len));
	count_bytes(e, E1000_GOTCL, len);
	count_bytes(e, E1000_TOTL, len);
}

uint64_t e1000_read_stat(struct device *dev, const struct reg *reg)
{
	uint32_t *count = &to_e1000(dev)->reg[reg->offset / 4], value = *count;

	*count = 0;
	return value;
}

uint64_t e1000_read_stat_high(struct device *dev, const struct reg *reg)
{
	to_e1000(dev)->reg[reg->offset / 4 - 1] = 0;
	return e1000_read_stat(dev, reg);
}
