// SPDX-License-Identifier: GPL-3.0-or-later
/* Frames of the GDB protocol: every way in which bytes can be wrong. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/framing.h"

TestSuite(gdb_framing, .timeout = 120);

static struct gdb_framer framer;

/* What comes out of @data, as text: "P(payload) ack nack …", fed @step bytes at a time. */
static const char *parse(const char *data, size_t len, size_t step)
{
	static const char *const names[GDB_FRAME_COUNT] = {
		[GDB_FRAME_BAD_SUM] = "bad",	 [GDB_FRAME_TOO_LONG] = "long",
		[GDB_FRAME_INTERRUPT] = "break", [GDB_FRAME_ACK] = "ack",
		[GDB_FRAME_NACK] = "nack",	 [GDB_FRAME_RUBBISH] = "rubbish",
	};
	static struct strbuf out;
	bool after_rubbish = false;
	enum gdb_frame what;

	strbuf_clear(&out);
	gdb_framer_reset(&framer);
	while (len) {
		size_t part = step < len ? step : len, n;

		len -= part;
		while (part) {
			n = gdb_framer_feed(&framer, (const uint8_t *)data, part, &what);
			cr_assert(n > 0 && n <= part);
			data += n;
			part -= n;
			if (what == GDB_FRAME_PACKET)
				strbuf_printf(&out, "P(%s) ", framer.buf);
			else if (what == GDB_FRAME_RUBBISH && after_rubbish)
				continue; /* one run, told once for each piece of input */
			else if (what != GDB_FRAME_NONE)
				strbuf_printf(&out, "%s ", names[what]);
			if (what != GDB_FRAME_NONE)
				after_rubbish = what == GDB_FRAME_RUBBISH;
		}
	}
	return strbuf_str(&out);
}

static void check(const char *data, const char *want)
{
	size_t step;

	for (step = 1; step <= strlen(data) + 1; step++)
		cr_expect_str_eq(parse(data, strlen(data), step), want, "\"%s\" by %zu", data,
				 step);
}

Test(gdb_framing, good)
{
	check("$#00", "P() ");
	check("$g#67", "P(g) ");
	check("+$g#67+", "ack P(g) ack ");
	check("$m0,4#fd$?#3f", "P(m0,4) P(?) ");
	check("$OK#9A", "P(OK) ");
}

Test(gdb_framing, single_bytes)
{
	check("+-\003", "ack nack break ");
	check("$a\003b#c6", "P(a\003b) ");
}

Test(gdb_framing, escapes)
{
	/* '}' 0x03 is '#', '}' 0x04 is '$', '}' 0x5d is '}'. The sum is of the bytes as they are
	 * sent. */
	check("$X}\003}\004}]#33", "P(X#$}) ");
	/* An escape with nothing behind it ends with the packet and does not reach into the next.
	 */
	check("$a}#de$a#61", "P(a) P(a) ");
}

Test(gdb_framing, wrong_sums)
{
	check("$g#68", "bad ");
	check("$g#zz", "bad rubbish ");
	check("$g#6z", "bad ");
	check("$g#68$g#67", "bad P(g) ");
	check("$g#$g#67", "bad P(g) ");
}

Test(gdb_framing, resynchronises)
{
	check("GET / HTTP/1.1\r\n$g#67", "rubbish P(g) ");
	check("$abc$g#67", "P(g) ");
	check("#67$g#67", "rubbish P(g) ");
	check("\xff\xff+\xff$g#67", "rubbish ack rubbish P(g) ");
}

Test(gdb_framing, binary_zero_is_data)
{
	static const char data[] = "$X\0a#b9";

	cr_assert_str_eq(parse(data, sizeof(data) - 1, 99), "P(X) ");
	cr_expect_eq(framer.len, 3);
	cr_expect_arr_eq(framer.buf, "X\0a", 4);
}

static char *packet_of(size_t len, size_t *total)
{
	char *data = malloc(len + 8);
	unsigned sum = (unsigned)('a' * len) & 0xff;

	data[0] = '$';
	memset(data + 1, 'a', len);
	snprintf(data + 1 + len, 7, "#%02x", sum);
	*total = len + 4;
	return data;
}

Test(gdb_framing, longest_packet)
{
	size_t total;
	char *data = packet_of(GDB_PACKET_MAX, &total);

	cr_expect(!strncmp(parse(data, total, 4096), "P(aaaa", 6));
	cr_expect_eq(framer.len, GDB_PACKET_MAX);
	free(data);
}

Test(gdb_framing, too_long_is_told_and_survived)
{
	size_t total;
	char *data = packet_of(GDB_PACKET_MAX + 1, &total);

	cr_expect_str_eq(parse(data, total, 4096), "long ");
	free(data);
	check("$g#67", "P(g) ");
}

Test(gdb_framing, output)
{
	struct strbuf out = STRBUF_INIT;

	gdb_frame_put(&out, "", 0);
	gdb_frame_put(&out, "OK", 2);
	gdb_frame_put(&out, "\xff\xff", 2);
	gdb_frame_put_notification(&out, "OK", 2);
	cr_expect_str_eq(strbuf_str(&out), "$#00$OK#9a$\xff\xff#fe%OK#9a");
	strbuf_free(&out);
}

/* What gdb makes of a squeezed payload: a count repeats the character before it. */
static void expand(const char *s, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '*') {
			*out++ = s[i];
			continue;
		}
		i++;
		cr_assert(i < len && s[i] >= ' ' && s[i] <= '~' && !strchr("#$+-", s[i]));
		memset(out, out[-1], (size_t)s[i] - 29);
		out += s[i] - 29;
	}
	*out = '\0';
}

/* Every way to put runs beside each other. */
/* Of every length about the blocks that it is made by, with bytes that make it wrap. */
Test(gdb_framing, sums)
{
	for (size_t len = 0; len < 70; len++) {
		struct strbuf out = STRBUF_INIT;
		char payload[70], want[3];
		unsigned int sum = 0;

		for (size_t i = 0; i < len; i++) {
			payload[i] = (char)(i * 37 + 200);
			sum += (uint8_t)payload[i];
		}
		gdb_frame_put(&out, payload, len);
		snprintf(want, sizeof(want), "%02x", sum & 0xff);
		cr_expect_eq(out.len, len + 4);
		cr_expect_arr_eq(out.data + len + 2, want, 2, "of %zu bytes", len);
		strbuf_free(&out);
	}
}

Test(gdb_framing, squeezed_patterns)
{
	char plain[16], back[32];

	for (unsigned bits = 0; bits < 1u << 14; bits++) {
		struct strbuf out = STRBUF_INIT;
		unsigned len = 1 + bits % 14, saved = 0;

		for (unsigned i = 0; i < len; i++)
			plain[i] = bits >> i & 1 ? 'f' : '0';
		plain[len] = '\0';
		gdb_frame_put_squeezed(&out, plain, len);
		expand(out.data + 1, out.len - 4, back);
		cr_assert_str_eq(back, plain);
		/* None is missed: what it says once is three characters long. */
		for (unsigned i = 0, n; i < len; i += n) {
			for (n = 1; i + n < len && plain[i + n] == plain[i]; n++)
				;
			/* 7, 8, 15 and 17 characters cannot be told in one count. */
			saved += n < 4 ? 0 : n - 3;
		}
		cr_assert(out.len + saved <= len + 4 + 2, "%s: %.*s", plain, (int)out.len,
			  out.data);
		strbuf_free(&out);
	}
}

Test(gdb_framing, squeezed_output)
{
	char plain[300], back[400];

	for (size_t n = 0; n < 250; n++) {
		struct strbuf out = STRBUF_INIT;

		snprintf(plain, sizeof(plain), "1%.*d22", (int)n, 0);
		gdb_frame_put_squeezed(&out, plain, strlen(plain));
		expand(out.data + 1, out.len - 4, back);
		cr_expect_str_eq(back, plain);
		cr_expect(out.len <= 4 + 3 + 3 * (n / 98 + 3), "%zu of %zu", out.len, n);
		/* And the sum is of what is sent. */
		cr_expect(!strncmp(parse(out.data, out.len, 99), "P(", 2));
		strbuf_free(&out);
	}
}
