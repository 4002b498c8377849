// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The packets that define, start and stop a trace and fetch what it collected
 * (GDB manual, "Tracepoint Packets"). Selecting frames is in trace_frames.c,
 * state in trace_status.c, uploading definitions in trace_upload.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"

/* More in one packet would leave no room for its hex form. */
#define MAX_PART (GDB_PACKET_MAX / 2 - 8)

static enum gdb_verdict refuse(struct gdb_session *s, int rc, const struct error *err)
{
	return err->text[0] ? gdb_error_text(s, err->text) : gdb_error(s, rc);
}

static enum gdb_verdict answer(struct gdb_session *s, int rc, const struct error *err)
{
	return rc < 0 ? refuse(s, rc, err) : gdb_ok(s);
}

/* ---- definitions ---- */

/* QTinit: everything goes, but what was set for traces in general. */
enum gdb_verdict gdb_trace_init(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;

	(void)args;
	(void)len;
	trace_end(t, TRACE_STOPPED, 0, NULL);
	trace_settle(t);
	s->in_frame = false;
	trace_buffer_clear(&t->buffer);
	tracepoints_drop(t);
	trace_vars_drop(t, false);
	free(t->readonly);
	t->readonly = NULL;
	t->readonly_count = 0;
	t->end = TRACE_NEVER_RAN;
	return gdb_ok(s);
}

/* QTDP:N:ADDR:E|D:STEP:PASS…, QTDP:-N:ADDR:ACTION… */
enum gdb_verdict gdb_trace_define(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	struct error err = { "" };
	struct tracepoint *done = NULL;
	int rc;

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	rc = tracepoint_define(t, args, &done, &err);
	if (!rc && done) {
		rc = trace_arm(t, done, &err);
		if (rc)
			tracepoint_drop(t, done);
	}
	return answer(s, rc, &err);
}

/* QTDPsrc:N:ADDR:TYPE:START:SLEN:BYTES */
enum gdb_verdict gdb_trace_source(struct gdb_session *s, const char *args, size_t len)
{
	struct error err = { "" };

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	return answer(s, tracepoint_source(s->trace, args, &err), &err);
}

/* QTDV:N:VALUE:BUILTIN:NAME */
enum gdb_verdict gdb_trace_var(struct gdb_session *s, const char *args, size_t len)
{
	struct error err = { "" };

	(void)len;
	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	return answer(s, trace_var_define(s->trace, args, &err), &err);
}

/* qTV:N: its value, in the selected frame when there is one */
enum gdb_verdict gdb_trace_var_value(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t number;
	int64_t value;
	bool there;

	(void)len;
	if (!gdb_parse_char(&args, ':') || !gdb_parse_hex(&args, &number) || *args ||
	    number > UINT32_MAX)
		return gdb_error(s, EINVAL);
	if (gdb_frame_selected(s))
		there = gdb_frame_var(s, (uint32_t)number, &value);
	else
		there = !trace_var_get(s->trace, (uint32_t)number, &value);
	if (there)
		strbuf_printf(&s->reply, "V%" PRIx64, (uint64_t)value);
	else
		strbuf_puts(&s->reply, "U");
	return GDB_REPLY;
}

/* QTro:START,END:…: memory that never changes; END is the first byte behind it */
enum gdb_verdict gdb_trace_readonly(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	struct trace_range *ranges = calloc(len / 4 + 1, sizeof(*ranges));
	bool good = true;
	size_t count = 0;

	if (!ranges)
		return gdb_error(s, ENOMEM);
	while (good && gdb_parse_char(&args, ':')) {
		struct trace_range *r = &ranges[count++];

		good = gdb_parse_range(&args, &r->start, &r->end) && r->end >= r->start;
	}
	if (!good || *args) {
		free(ranges);
		return gdb_error(s, EINVAL);
	}
	free(t->readonly);
	t->readonly = ranges;
	t->readonly_count = count;
	return gdb_ok(s);
}

/* ---- running ---- */

enum gdb_verdict gdb_trace_start(struct gdb_session *s, const char *args, size_t len)
{
	struct error err = { "" };

	(void)args;
	(void)len;
	s->in_frame = false;
	return answer(s, trace_start(s->trace, &err), &err);
}

enum gdb_verdict gdb_trace_stop(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	trace_end(s->trace, TRACE_STOPPED, 0, NULL);
	trace_settle(s->trace);
	return gdb_ok(s);
}

static enum gdb_verdict set_enabled(struct gdb_session *s, const char *args, bool enabled)
{
	struct error err = { "" };
	struct tracepoint *tp;
	bool before;
	int rc;

	if (!gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	tp = tracepoint_parse(s->trace, &args);
	if (!tp || *args)
		return gdb_error(s, tp ? EINVAL : ENOENT);
	before = tp->enabled;
	tp->enabled = enabled;
	rc = tp->complete ? trace_arm(s->trace, tp, &err) : 0;
	if (rc)
		tp->enabled = before;
	return answer(s, rc, &err);
}

/* QTEnable:N:ADDR */
enum gdb_verdict gdb_trace_enable(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	return set_enabled(s, args, true);
}

/* QTDisable:N:ADDR */
enum gdb_verdict gdb_trace_disable(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	return set_enabled(s, args, false);
}

/* QTDisconnected:0|1 */
enum gdb_verdict gdb_trace_disconnected(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t value;

	(void)len;
	if (!gdb_parse_char(&args, ':') || !gdb_parse_hex(&args, &value) || *args)
		return gdb_error(s, EINVAL);
	s->trace->disconnected = value != 0;
	return gdb_ok(s);
}

/* ---- the buffer ---- */

/* QTBuffer:circular:0|1 */
enum gdb_verdict gdb_trace_circular(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	uint64_t value;

	(void)len;
	if (!gdb_parse_char(&args, ':') || !gdb_parse_hex(&args, &value) || *args)
		return gdb_error(s, EINVAL);
	pthread_mutex_lock(&t->lock);
	t->buffer.circular = value != 0;
	pthread_mutex_unlock(&t->lock);
	return gdb_ok(s);
}

/* QTBuffer:size:BYTES, -1: as it was in the beginning; it counts from the next QTStart on */
enum gdb_verdict gdb_trace_size(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t size = TRACE_BUFFER_DEFAULT;

	(void)len;
	if (!gdb_parse_char(&args, ':') ||
	    (strcmp(args, "-1") && (!gdb_parse_hex(&args, &size) || *args)))
		return gdb_error(s, EINVAL);
	/* What -1 is in C. */
	if (size == UINT64_MAX)
		size = TRACE_BUFFER_DEFAULT;
	if (!size || size > TRACE_BUFFER_MAX)
		return gdb_error_text(s, "a trace buffer has 1 byte to 1 GiB");
	if (trace_is_running(s->trace))
		return gdb_error_text(s, "the trace is running");
	s->trace->buffer_size = size;
	return gdb_ok(s);
}

/* qTBuffer:OFFSET,LEN: the frames as they are, in hex; "l" behind the last */
enum gdb_verdict gdb_trace_upload(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_trace *t = s->trace;
	/* The framer's buffer is free once the packet is parsed. */
	uint8_t *data = (uint8_t *)s->in.buf;
	uint64_t offset, count;
	size_t got;

	(void)len;
	if (!gdb_parse_char(&args, ':') || !gdb_parse_range(&args, &offset, &count) || *args)
		return gdb_error(s, EINVAL);
	if (count > MAX_PART)
		count = MAX_PART;
	pthread_mutex_lock(&t->lock);
	got = offset > UINT64_MAX - t->buffer.first
		      ? 0
		      : trace_buffer_copy(&t->buffer, t->buffer.first + offset, data, count);
	pthread_mutex_unlock(&t->lock);
	if (got)
		gdb_put_hex(&s->reply, data, got);
	else
		strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

/* QTSave:FILE */
enum gdb_verdict gdb_trace_save(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return gdb_error_text(s, "vitrine writes no files for a debugger: tsave without -r");
}

/* qTMinFTPILen: a fast tracepoint is a plain one here, and fits any instruction. */
enum gdb_verdict gdb_trace_fast_len(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "1");
	return GDB_REPLY;
}
