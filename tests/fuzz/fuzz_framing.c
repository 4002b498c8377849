// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the framer: a stream gives the same frames whether its bytes come all at once or one by
 * one, and what is sent, plainly or squeezed, comes back as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "gdbstub/framing.h"
#include "gdbstub/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool truth)
{
	if (!truth)
		abort();
}

/* Notes what came. A run of rubbish is told once for each piece it comes in: once is enough here.
 */
static void note(struct strbuf *log, const struct gdb_framer *f, enum gdb_frame what)
{
	char mark[2] = { '\n', (char)('0' + what) };

	if (what == GDB_FRAME_NONE)
		return;
	if (what == GDB_FRAME_RUBBISH && log->len && log->data[log->len - 1] == mark[1] &&
	    log->data[log->len - 2] == '\n')
		return;
	strbuf_add(log, mark, sizeof(mark));
	if (what != GDB_FRAME_PACKET)
		return;
	expect(f->len <= GDB_PACKET_MAX && !f->buf[f->len]);
	strbuf_printf(log, "%zu:", f->len);
	strbuf_add(log, f->buf, f->len);
}

static void frames_of(struct strbuf *log, const uint8_t *data, size_t size, size_t piece)
{
	static struct gdb_framer framer;

	gdb_framer_reset(&framer);
	while (size) {
		enum gdb_frame what;
		size_t n = gdb_framer_feed(&framer, data, size < piece ? size : piece, &what);

		expect(n && n <= size);
		note(log, &framer, what);
		data += n;
		size -= n;
	}
}

static void same_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	struct strbuf whole = STRBUF_INIT, parts = STRBUF_INIT;

	frames_of(&whole, data, size, size);
	frames_of(&parts, data, size, piece);
	expect(whole.len == parts.len &&
	       !memcmp(strbuf_str(&whole), strbuf_str(&parts), whole.len));
	strbuf_free(&whole);
	strbuf_free(&parts);
}

/* As gdb reads it: a count repeats the character before it. */
static void expand(struct strbuf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int n = 1;
		char c;

		if (s[i] == '*') {
			expect(i && i + 1 < len);
			n = s[++i] - 29;
			c = s[i - 2];
		} else {
			c = s[i];
		}
		while (n-- > 0)
			strbuf_add(out, &c, 1);
	}
}

static void comes_back(const uint8_t *data, size_t size)
{
	struct strbuf payload = STRBUF_INIT, frame = STRBUF_INIT, plain = STRBUF_INIT;
	static struct gdb_framer framer;
	enum gdb_frame what;

	gdb_put_binary(&payload, data, size);
	gdb_frame_put(&frame, strbuf_str(&payload), payload.len);
	gdb_framer_reset(&framer);
	expect(gdb_framer_feed(&framer, (const uint8_t *)frame.data, frame.len, &what) ==
	       frame.len);
	expect(size > GDB_PACKET_MAX ? what == GDB_FRAME_TOO_LONG
				     : what == GDB_FRAME_PACKET && framer.len == size &&
					       !memcmp(framer.buf, data, size));
	strbuf_clear(&frame);
	gdb_frame_put_squeezed(&frame, strbuf_str(&payload), payload.len);
	expand(&plain, frame.data + 1, frame.len - 4);
	expect(plain.len == payload.len &&
	       !memcmp(strbuf_str(&plain), strbuf_str(&payload), plain.len));
	strbuf_free(&payload);
	strbuf_free(&frame);
	strbuf_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	same_in_pieces(data + 1, size - 1, 1 + data[0] % 16u);
	comes_back(data, size);
	return 0;
}
