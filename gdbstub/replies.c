// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The replies that every protocol family uses.
 *
 * An error is "Enn" with the errno in decimal, as gdb users know it from other
 * stubs (E14: no memory there), or "E.SENTENCE" where gdb shows it, which lldb
 * wants as "Enn;HEX". A packet
 * that is not supported has the empty reply, and nothing else has it: gdb
 * stops using a packet that was answered so.
 */
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"

enum gdb_verdict gdb_ok(struct gdb_session *s)
{
	strbuf_clear(&s->reply);
	strbuf_puts(&s->reply, "OK");
	return GDB_REPLY;
}

enum gdb_verdict gdb_unsupported(struct gdb_session *s)
{
	strbuf_clear(&s->reply);
	return GDB_REPLY;
}

enum gdb_verdict gdb_error(struct gdb_session *s, int code)
{
	code = abs(code);
	if (code < 1 || code > 99)
		code = 1;
	strbuf_clear(&s->reply);
	strbuf_printf(&s->reply, "E%02d", code);
	return GDB_REPLY;
}

enum gdb_verdict gdb_error_text(struct gdb_session *s, const char *sentence)
{
	strbuf_clear(&s->reply);
	if (s->error_strings) {
		strbuf_puts(&s->reply, "E01;");
		gdb_put_hex(&s->reply, sentence, strlen(sentence));
		return GDB_REPLY;
	}
	strbuf_puts(&s->reply, "E.");
	gdb_put_binary(&s->reply, sentence, strlen(sentence));
	return GDB_REPLY;
}
