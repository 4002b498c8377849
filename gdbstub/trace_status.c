// SPDX-License-Identifier: GPL-3.0-or-later
/* What gdb's `tstatus` and `info tracepoints` show: qTStatus, qTP, and QTNotes, who asked and why.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"

static void put_text(struct strbuf *out, const char *text)
{
	gdb_put_hex(out, text, strlen(text));
}

/* Why it does not run. */
static void put_end(struct strbuf *out, const struct gdb_trace *t)
{
	switch (t->end) {
	case TRACE_NEVER_RAN:
		strbuf_puts(out, ";tnotrun:0");
		break;
	case TRACE_STOPPED:
		strbuf_printf(out, ";tstop:%s:0", t->stop_notes ? t->stop_notes : "");
		break;
	case TRACE_FULL:
		strbuf_puts(out, ";tfull:0");
		break;
	case TRACE_DISCONNECTED:
		strbuf_puts(out, ";tdisconnected:0");
		break;
	case TRACE_PASSED:
		strbuf_printf(out, ";tpasscount:%" PRIx32, t->ended_by);
		break;
	case TRACE_FAILED:
		strbuf_puts(out, ";terror:");
		put_text(out, t->ended_text);
		strbuf_printf(out, ":%" PRIx32, t->ended_by);
		break;
	}
}

enum gdb_verdict gdb_trace_status(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	const struct trace_buffer *b = &t->buffer;
	struct strbuf *out = &s->reply;
	uint64_t size;

	(void)args;
	(void)len;
	trace_settle(t);
	pthread_mutex_lock(&t->lock);
	size = b->size ? b->size : t->buffer_size;
	strbuf_printf(out, "T%d", trace_is_running(t));
	if (!trace_is_running(t))
		put_end(out, t);
	strbuf_printf(out,
		      ";tframes:%" PRIx32 ";tcreated:%" PRIx64 ";tsize:%" PRIx64 ";tfree:%" PRIx64,
		      b->frames, b->created, size, size - (b->next - b->first));
	strbuf_printf(out, ";circular:%d;disconn:%d", b->circular, t->disconnected);
	strbuf_printf(out, ";starttime:%" PRIx64 ";stoptime:%" PRIx64, t->start_time, t->stop_time);
	strbuf_printf(out, ";username:%s;notes:%s", t->user ? t->user : "",
		      t->notes ? t->notes : "");
	pthread_mutex_unlock(&t->lock);
	return GDB_REPLY;
}

/* qTP:N:ADDR: how often it was hit, and what it takes in the buffer */
enum gdb_verdict gdb_trace_point_status(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	struct tracepoint *tp;
	uint64_t hits, usage;

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	tp = tracepoint_parse(t, &args);
	if (!tp || *args)
		return gdb_error(s, tp ? EINVAL : ENOENT);
	hits = __atomic_load_n(&tp->hits, __ATOMIC_RELAXED);
	if (tp->pass && hits > tp->pass)
		hits = tp->pass;
	pthread_mutex_lock(&t->lock);
	usage = tp->usage;
	pthread_mutex_unlock(&t->lock);
	strbuf_printf(&s->reply, "V%" PRIx64 ":%" PRIx64, hits, usage);
	return GDB_REPLY;
}

/* "NAME:HEX" of @len bytes: which note it is, and its hex in *@value. */
static char **note_of(struct gdb_trace *t, const char *item, size_t len, const char **value)
{
	const struct {
		const char *name;
		char **note;
	} notes[] = {
		{ "user:", &t->user },
		{ "notes:", &t->notes },
		{ "tstop:", &t->stop_notes },
	};

	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		size_t n = strlen(notes[i].name);

		if (len < n || strncmp(item, notes[i].name, n))
			continue;
		*value = item + n;
		return notes[i].note;
	}
	return NULL;
}

/* QTNotes:[user:HEX][;notes:HEX][;tstop:HEX] */
enum gdb_verdict gdb_trace_notes(struct gdb_session *s, const char *args, size_t len)
{
	const char *value;

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	while (*args) {
		size_t n = strcspn(args, ";"), hex;
		char **note = note_of(s->trace, args, n, &value), *copy;

		hex = note ? n - (size_t)(value - args) : 0;
		if (!note || strspn(value, "0123456789abcdefABCDEF") < hex)
			return gdb_error(s, EINVAL);
		copy = strndup(value, hex);
		if (!copy)
			return gdb_error(s, ENOMEM);
		free(*note);
		*note = copy;
		args += n;
		args += *args == ';';
	}
	return gdb_ok(s);
}
