// SPDX-License-Identifier: GPL-3.0-or-later
/* Queries about the stub itself: what it supports, how it is spoken to. */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"

static bool *feature_flag(struct gdb_session *s, const struct gdb_feature *f)
{
	return (bool *)((char *)s + f->flag);
}

/* One "name+", "name-" or "name=value" of gdb's list. */
static void note_feature(struct gdb_session *s, const char *item, size_t len)
{
	size_t i;

	for (i = 0; i < gdb_feature_count; i++) {
		const struct gdb_feature *f = &gdb_features[i];
		size_t n = strlen(f->name);

		if (f->flag && len == n + 1 && !memcmp(item, f->name, n))
			*feature_flag(s, f) = item[n] == '+';
	}
}

/* qSupported[:FEATURE;…] */
enum gdb_verdict gdb_q_supported(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	s->introduced = true;
	if (*args == ':')
		args++;
	while (*args) {
		size_t n = strcspn(args, ";");

		note_feature(s, args, n);
		args += n;
		if (*args)
			args++;
	}
	gdb_put_supported(&s->reply);
	return GDB_REPLY;
}

enum gdb_verdict gdb_q_no_ack(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	/* The answer itself may still be acknowledged. */
	s->no_ack_fresh = !s->no_ack;
	s->no_ack = true;
	return gdb_ok(s);
}

/* qAttached[:PID]: the guest was there before gdb, so `quit` detaches. */
enum gdb_verdict gdb_q_attached(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "1");
	return GDB_REPLY;
}

/* qSymbol::: gdb offers to look symbols up; none are wanted. */
enum gdb_verdict gdb_q_symbol(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return gdb_ok(s);
}

enum gdb_verdict gdb_q_must_be_empty(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return gdb_unsupported(s);
}
