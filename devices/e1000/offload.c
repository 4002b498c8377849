// SPDX-License-Identifier: GPL-3.0-or-later
/* Checksums and segments: see offload.h. */
#include "devices/e1000/offload.h"

#include <linux/if_ether.h>
#include <netinet/in.h>
#include <pthread.h>

#include "devices/e1000/regs.h"

/* Offsets in headers. */
#define IP4_TOTAL    2
#define IP4_ID	     4
#define IP4_FRAGMENT 6
#define IP4_PROTOCOL 9
#define IP4_ADDRS    12
#define IP4_MIN	     20
#define IP6_PAYLOAD  4
#define TCP_SEQUENCE 4
#define TCP_FLAGS    13
#define TCP_FIN_PSH  0x09
#define TCP_MIN	     20
#define UDP_LENGTH   4
#define UDP_SUM	     6
#define UDP_MIN	     8

struct e1000_context e1000_context_parse(uint64_t first, uint32_t second, uint32_t third)
{
	return (struct e1000_context){
		.ipcss = (uint8_t)first,
		.ipcso = (uint8_t)(first >> 8),
		.ipcse = (uint16_t)(first >> 16),
		.tucss = (uint8_t)(first >> 32),
		.tucso = (uint8_t)(first >> 40),
		.tucse = (uint16_t)(first >> 48),
		.paylen = second & 0xfffff,
		.cmd = (uint8_t)(second >> 24),
		.hdrlen = (uint8_t)(third >> 8),
		.mss = (uint16_t)(third >> 16),
	};
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

uint32_t e1000_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	uint64_t all = sum;

	for (; len >= 2; p += 2, len -= 2)
		all += get16(p);
	if (len)
		all += (uint32_t)*p << 8;
	while (all >> 32)
		all = (all & UINT32_MAX) + (all >> 32);
	return (uint32_t)all;
}

uint16_t e1000_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

void e1000_insert_sum(uint8_t *frame, size_t len, size_t start, size_t end, size_t at)
{
	size_t stop = end && end < len ? end + 1 : len;

	if (start >= stop || at + 2 > len)
		return;
	put16(frame + at, (uint16_t)~e1000_fold(e1000_sum(frame + start, stop - start, 0)));
}

/* ---- segments ---- */

static void add16(uint8_t *frame, size_t len, size_t at, uint32_t by)
{
	if (at + 2 <= len)
		put16(frame + at, (uint16_t)(get16(frame + at) + by));
}

static void set16(uint8_t *frame, size_t len, size_t at, size_t value)
{
	if (at + 2 <= len)
		put16(frame + at, (uint16_t)value);
}

static void add32(uint8_t *frame, size_t len, size_t at, uint32_t by)
{
	uint32_t value;

	if (at + 4 > len)
		return;
	value = ((uint32_t)get16(frame + at) << 16 | get16(frame + at + 2)) + by;
	put16(frame + at, (uint16_t)(value >> 16));
	put16(frame + at + 2, (uint16_t)value);
}

void e1000_make_segment(uint8_t *frame, size_t len, const struct e1000_context *c,
			const struct e1000_segment *s)
{
	size_t ip_len = len > c->ipcss ? len - c->ipcss : 0;
	size_t tu_len = len > c->tucss ? len - c->tucss : 0;
	uint32_t seed;

	if (c->cmd & TUCMD_IP) {
		set16(frame, len, c->ipcss + IP4_TOTAL, ip_len);
		add16(frame, len, c->ipcss + IP4_ID, s->n);
	} else {
		set16(frame, len, c->ipcss + IP6_PAYLOAD, tu_len);
	}
	if (c->cmd & TUCMD_TCP) {
		add32(frame, len, c->tucss + TCP_SEQUENCE, s->sent);
		if (!s->last && (size_t)c->tucss + TCP_FLAGS < len)
			frame[c->tucss + TCP_FLAGS] &= (uint8_t)~TCP_FIN_PSH;
	} else {
		set16(frame, len, c->tucss + UDP_LENGTH, tu_len);
	}
	/* The sum that the driver left there is of a pseudo header without a length. */
	if ((size_t)c->tucso + 2 <= len) {
		seed = (uint32_t)get16(frame + c->tucso) + (uint32_t)(tu_len & 0xffff);
		put16(frame + c->tucso, e1000_fold(seed));
	}
}

/* ---- the check sequence (IEEE 802.3, 3.2.9) ---- */

static uint32_t fcs_table[256];
static pthread_once_t fcs_once = PTHREAD_ONCE_INIT;

static void make_fcs_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (unsigned bit = 0; bit < 8; bit++)
			value = value >> 1 ^ (value & 1 ? 0xedb88320u : 0);
		fcs_table[i] = value;
	}
}

uint32_t e1000_fcs(const uint8_t *p, size_t len)
{
	uint32_t value = UINT32_MAX;

	pthread_once(&fcs_once, make_fcs_table);
	while (len--)
		value = value >> 8 ^ fcs_table[(value ^ *p++) & 0xff];
	return ~value;
}

/* ---- frames that come in ---- */

static bool sum_is_right(const uint8_t *ip, size_t header, size_t total)
{
	uint32_t sum = e1000_sum(ip + IP4_ADDRS, 8, ip[IP4_PROTOCOL] + (uint32_t)(total - header));

	return e1000_fold(e1000_sum(ip + header, total - header, sum)) == 0xffff;
}

/* 3.2.9: a fragment's sum is of what is not there, and zero in UDP stands for none. */
static void check_tcp_udp(const uint8_t *ip, size_t header, size_t total, struct e1000_sums *s)
{
	bool tcp = ip[IP4_PROTOCOL] == IPPROTO_TCP, udp = ip[IP4_PROTOCOL] == IPPROTO_UDP;

	if (get16(ip + IP4_FRAGMENT) & 0x3fff)
		return;
	if (tcp && total - header < TCP_MIN)
		return;
	if (udp && (total - header < UDP_MIN || !get16(ip + header + UDP_SUM)))
		return;
	s->tu = tcp || udp;
	s->tu_ok = s->tu && sum_is_right(ip, header, total);
}

struct e1000_sums e1000_check_sums(const uint8_t *frame, size_t len, size_t at)
{
	struct e1000_sums s = { 0 };
	const uint8_t *ip = frame + at + 2;
	size_t header, total;

	if (len < at + 2 + IP4_MIN || get16(frame + at) != ETH_P_IP || ip[0] >> 4 != 4)
		return s;
	header = (size_t)(ip[0] & 15) * 4;
	total = get16(ip + IP4_TOTAL);
	if (header < IP4_MIN || total < header || total > len - at - 2)
		return s;
	s.ip = true;
	s.ip_ok = e1000_fold(e1000_sum(ip, header, 0)) == 0xffff;
	check_tcp_udp(ip, header, total, &s);
	return s;
}
