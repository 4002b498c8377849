// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's `monitor …` (qRcmd): the line goes to the monitor's command table
 * through the callback of gdbstub_config, its text comes back as O packets.
 */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"

#define MAX_LINE 4096

/* qRcmd,HEX */
enum gdb_verdict gdb_q_rcmd(struct gdb_session *s, const char *args, size_t len)
{
	struct strbuf text = STRBUF_INIT;
	char line[MAX_LINE + 1];
	bool known;

	if (!gdb_parse_char(&args, ','))
		return gdb_error(s, EINVAL);
	len--;
	if (len / 2 > MAX_LINE)
		return gdb_error(s, E2BIG);
	if (len % 2 || !gdb_parse_bytes(&args, line, len / 2))
		return gdb_error(s, EINVAL);
	line[len / 2] = '\0';

	s->console = true;
	known = gdb_stub_rcmd(s->stub, line, &text);
	gdb_session_console(s, strbuf_str(&text));
	s->console = false;
	strbuf_free(&text);
	return known ? gdb_ok(s) : gdb_unsupported(s);
}
