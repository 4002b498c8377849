// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Frames of the GDB remote protocol: see framing.h.
 *
 * The parser knows nothing of sessions. Whoever feeds it decides what an
 * acknowledgement or a broken frame means.
 */
#include "gdbstub/framing.h"

#include <string.h>

#include "gdbstub/text.h"

void gdb_framer_reset(struct gdb_framer *f)
{
	f->state = GDB_FRAMER_IDLE;
	f->len = 0;
	f->buf[0] = '\0';
}

static void framer_begin(struct gdb_framer *f)
{
	f->state = GDB_FRAMER_PAYLOAD;
	f->escaped = false;
	f->too_long = false;
	f->sum = 0;
	f->len = 0;
}

/* Takes what has no meaning of its own, all at once: most of a memory packet. Returns how much. */
static size_t framer_plain(struct gdb_framer *f, const uint8_t *data, size_t len)
{
	size_t room = GDB_PACKET_MAX - f->len, n = 0;
	uint8_t sum = f->sum;

	if (f->escaped)
		return 0;
	while (n < len && data[n] != '$' && data[n] != '#' && data[n] != '}')
		sum += data[n++];
	f->sum = sum;
	f->too_long |= n > room;
	if (room > n)
		room = n;
	memcpy(f->buf + f->len, data, room);
	f->len += room;
	return n;
}

static void framer_payload(struct gdb_framer *f, uint8_t c)
{
	if (c == '$') {
		framer_begin(f);
		return;
	}
	if (c == '#') {
		f->state = GDB_FRAMER_SUM_HI;
		f->buf[f->len] = '\0';
		return;
	}
	f->sum += c;
	if (f->escaped) {
		f->escaped = false;
		c ^= 0x20;
	} else if (c == '}') {
		f->escaped = true;
		return;
	}
	if (f->len < GDB_PACKET_MAX)
		f->buf[f->len++] = (char)c;
	else
		f->too_long = true;
}

static enum gdb_frame framer_end(struct gdb_framer *f, bool digits)
{
	f->state = GDB_FRAMER_IDLE;
	if (!digits || f->told != f->sum)
		return GDB_FRAME_BAD_SUM;
	return f->too_long ? GDB_FRAME_TOO_LONG : GDB_FRAME_PACKET;
}

static enum gdb_frame framer_sum(struct gdb_framer *f, uint8_t c)
{
	int digit = gdb_hex_digit((char)c);

	if (c == '$') {
		framer_begin(f);
		return GDB_FRAME_BAD_SUM;
	}
	if (digit < 0)
		return framer_end(f, false);
	if (f->state == GDB_FRAMER_SUM_HI) {
		f->told = (uint8_t)(digit << 4);
		f->state = GDB_FRAMER_SUM_LO;
		return GDB_FRAME_NONE;
	}
	f->told |= (uint8_t)digit;
	return framer_end(f, true);
}

static enum gdb_frame framer_idle(struct gdb_framer *f, uint8_t c)
{
	switch (c) {
	case '$':
		framer_begin(f);
		return GDB_FRAME_NONE;
	case '+':
		return GDB_FRAME_ACK;
	case '-':
		return GDB_FRAME_NACK;
	case 0x03:
		return GDB_FRAME_INTERRUPT;
	default:
		return GDB_FRAME_RUBBISH;
	}
}

static bool is_rubbish(uint8_t c)
{
	return c != '$' && c != '+' && c != '-' && c != 0x03;
}

size_t gdb_framer_feed(struct gdb_framer *f, const uint8_t *data, size_t len, enum gdb_frame *what)
{
	size_t i = 0;

	*what = GDB_FRAME_NONE;
	while (i < len && *what == GDB_FRAME_NONE) {
		uint8_t c;

		if (f->state == GDB_FRAMER_PAYLOAD)
			i += framer_plain(f, data + i, len - i);
		if (i == len)
			break;
		c = data[i++];
		if (f->state == GDB_FRAMER_PAYLOAD)
			framer_payload(f, c);
		else if (f->state == GDB_FRAMER_IDLE)
			*what = framer_idle(f, c);
		else
			*what = framer_sum(f, c);
	}
	/* A run of rubbish is told once. */
	if (*what == GDB_FRAME_RUBBISH)
		while (i < len && is_rubbish(data[i]))
			i++;
	return i;
}

/* In lanes, which the compiler makes one vector of: memory is sent as fast as it is summed up. */
static uint8_t sum_of(const char *s, size_t len)
{
	uint8_t lanes[16] = { 0 };
	uint8_t sum = 0;

	for (; len >= sizeof(lanes); s += sizeof(lanes), len -= sizeof(lanes))
		for (size_t i = 0; i < sizeof(lanes); i++)
			lanes[i] += (uint8_t)s[i];
	for (size_t i = 0; i < sizeof(lanes); i++)
		sum += lanes[i];
	while (len--)
		sum += (uint8_t)*s++;
	return sum;
}

/* "#cc", for what @out holds from @start on. */
static void put_sum(struct strbuf *out, size_t start)
{
	char tail[3] = { '#' };
	uint8_t sum;

	if (out->failed)
		return;
	sum = sum_of(out->data + start, out->len - start);
	tail[1] = gdb_hex_chars[sum >> 4];
	tail[2] = gdb_hex_chars[sum & 15];
	strbuf_add(out, tail, sizeof(tail));
}

static void put_plain(struct strbuf *out, const char *lead, const char *payload, size_t len)
{
	size_t start = out->len + 1;

	strbuf_puts(out, lead);
	strbuf_add(out, payload, len);
	put_sum(out, start);
}

void gdb_frame_put(struct strbuf *out, const char *payload, size_t len)
{
	put_plain(out, "$", payload, len);
}

void gdb_frame_put_notification(struct strbuf *out, const char *payload, size_t len)
{
	put_plain(out, "%", payload, len);
}

/* A count of N more is said by the character N + 29, which has to be printable. */
#define RUN_BIAS 29
#define RUN_MIN	 (' ' - RUN_BIAS)
#define RUN_MAX	 ('~' - RUN_BIAS)

/*
 * Where a run worth a count begins, from @at on; @len: nowhere. It is four characters or more, so
 * that where two neighbours differ, none that begins within the three before them is.
 */
static size_t find_run(const char *s, size_t at, size_t len)
{
	_Static_assert(RUN_MIN == 3, "runs worth a count are not of four characters");
	while (at + RUN_MIN < len) {
		if (s[at + 2] != s[at + 3])
			at += 3;
		else if (s[at + 1] != s[at + 2])
			at += 2;
		else if (s[at] != s[at + 1])
			at += 1;
		else
			return at;
	}
	return len;
}

/* How many characters behind @s are the same and can be told in one count. */
static size_t run_length(const char *s, size_t left)
{
	size_t n = RUN_MIN;

	while (n + 1 < left && n < RUN_MAX && s[n + 1] == s[0])
		n++;
	/* Characters that mean something to who looks for the end of the packet or an ack. */
	while (strchr("#$+-", (int)n + RUN_BIAS))
		n--;
	return n;
}

void gdb_frame_put_squeezed(struct strbuf *out, const char *payload, size_t len)
{
	size_t start = out->len + 1, plain = 0, run = 0;

	strbuf_puts(out, "$");
	while ((run = find_run(payload, run, len)) < len) {
		size_t n = run_length(payload + run, len - run);
		char count[2] = { '*', (char)(n + RUN_BIAS) };

		strbuf_add(out, payload + plain, run + 1 - plain);
		strbuf_add(out, count, sizeof(count));
		run += 1 + n;
		plain = run;
	}
	strbuf_add(out, payload + plain, len - plain);
	put_sum(out, start);
}
