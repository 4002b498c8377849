// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Memory that is looked through here and not sent: qSearch:memory for gdb's
 * `find`, qCRC for `compare-sections`.
 *
 * gdb waits for the answer, and so does everything else on this thread, so one
 * scan is bounded. Breakpoints that are planted in memory are neither found
 * nor counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"
#include "hv/inspect.h"

#define CHUNK 0x100000u
/* Bytes that one packet looks at, and stretches of memory: about a second. */
#define MAX_SCAN    0x40000000ull
#define MAX_STRETCH 65536

static const char too_much[] = "at most 1 GiB of memory is looked through at a time";

/* ---- qSearch:memory ---- */

struct search {
	struct gdb_session *s;
	uint64_t addr, last; /* what is left of the range */
	const char *pattern;
	size_t pattern_len;
	uint8_t *buf;	/* CHUNK + pattern_len */
	size_t kept;	/* bytes at its start that were read before @addr */
	uint64_t found; /* where it is */
};

/* Reads up to CHUNK bytes from @addr on and looks for the pattern in them and what was kept. */
static ssize_t search_chunk(struct search *c)
{
	uint64_t left = c->last - c->addr;
	ssize_t n = gdb_read_memory(c->s, c->addr, c->buf + c->kept,
				    left < CHUNK - 1 ? (size_t)left + 1 : CHUNK);
	const uint8_t *hit;
	size_t have;

	if (n <= 0)
		return -EFAULT;
	have = c->kept + (size_t)n;
	hit = memmem(c->buf, have, c->pattern, c->pattern_len);
	if (hit)
		c->found = c->addr - c->kept + (uint64_t)(hit - c->buf);
	/* A match may begin in the last bytes. */
	c->kept = have < c->pattern_len ? have : c->pattern_len - 1;
	memmove(c->buf, c->buf + have - c->kept, c->kept);
	return hit ? 0 : n;
}

/* 1: found, 0: not there, -E2BIG. Memory that is not there is skipped. */
static int search(struct search *c)
{
	uint64_t scanned = 0;

	for (int holes = 0; holes < MAX_STRETCH && scanned < MAX_SCAN;) {
		struct inspect_region r = { 0 };
		ssize_t n = search_chunk(c);
		uint64_t done;

		if (!n)
			return 1;
		if (n > 0) {
			scanned += (uint64_t)n;
			done = (uint64_t)n - 1;
		} else {
			c->kept = 0;
			holes++;
			if (inspect_region(c->s->m, gdb_selected_vcpu(c->s), gdb_space(c->s),
					   c->addr, &r) < 0)
				return 0;
			done = r.last - c->addr;
		}
		if (done >= c->last - c->addr)
			return 0;
		c->addr += done + 1;
	}
	return -E2BIG;
}

/* ADDR;LEN;PATTERN, the pattern in binary */
enum gdb_verdict gdb_mem_search(struct gdb_session *s, const char *args, size_t len)
{
	const char *end = args + len;
	struct search c = { .s = s };
	uint64_t size;
	int rc;

	if (!gdb_parse_hex(&args, &c.addr) || !gdb_parse_char(&args, ';') ||
	    !gdb_parse_hex(&args, &size) || !gdb_parse_char(&args, ';') || args == end)
		return gdb_error(s, EINVAL);
	c.pattern = args;
	c.pattern_len = (size_t)(end - args);
	if (size < c.pattern_len) {
		strbuf_puts(&s->reply, "0");
		return GDB_REPLY;
	}
	c.last = size - 1 > UINT64_MAX - c.addr ? UINT64_MAX : c.addr + (size - 1);
	c.buf = malloc(CHUNK + c.pattern_len);
	if (!c.buf)
		return gdb_error(s, ENOMEM);
	rc = search(&c);
	free(c.buf);
	if (rc < 0)
		return gdb_error_text(s, too_much);
	if (rc)
		strbuf_printf(&s->reply, "1,%" PRIx64, c.found);
	else
		strbuf_puts(&s->reply, "0");
	return GDB_REPLY;
}

/* ---- qCRC ---- */

/* CRC-32 of Ethernet's polynomial, highest bit first, not inverted (GDB manual, "qCRC"). */
#define CRC_POLYNOMIAL 0x04c11db7u

static void crc_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i << 24;

		for (int bit = 0; bit < 8; bit++)
			c = c & 0x80000000u ? c << 1 ^ CRC_POLYNOMIAL : c << 1;
		table[i] = c;
	}
}

static uint32_t crc_add(const uint32_t table[256], uint32_t crc, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		crc = crc << 8 ^ table[crc >> 24 ^ data[i]];
	return crc;
}

/* ADDR,LEN */
enum gdb_verdict gdb_mem_crc(struct gdb_session *s, const char *args, size_t len)
{
	uint32_t table[256], crc = 0xffffffffu;
	uint64_t addr, left;
	uint8_t *buf;

	(void)len;
	if (!gdb_parse_range(&args, &addr, &left) || *args)
		return gdb_error(s, EINVAL);
	if (left > MAX_SCAN)
		return gdb_error_text(s, too_much);
	buf = malloc(CHUNK);
	if (!buf)
		return gdb_error(s, ENOMEM);
	crc_table(table);
	while (left) {
		ssize_t n = gdb_read_memory(s, addr, buf, left < CHUNK ? (size_t)left : CHUNK);

		if (n <= 0)
			break;
		crc = crc_add(table, crc, buf, (size_t)n);
		addr += (uint64_t)n;
		left -= (uint64_t)n;
	}
	free(buf);
	if (left)
		return gdb_error(s, EFAULT);
	strbuf_printf(&s->reply, "C%" PRIx32, crc);
	return GDB_REPLY;
}
