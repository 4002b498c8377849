// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * vCPUs that come and go, for a gdb that asked to hear of it (GDB manual, QThreadEvents).
 *
 * A new vCPU is told as a stop of it, "create", and stands until gdb resumes it; one that is gone
 * as "w". In all-stop mode either of them stops the guest.
 */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"

static void put_event(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	if (control_vcpu_exists(s->m, vcpu)) {
		strbuf_puts(out, "T05");
		gdb_put_expedited(s, out, vcpu);
		strbuf_puts(out, "thread:");
		gdb_put_thread(s, out, vcpu);
		strbuf_printf(out, ";core:%x;create:;", (unsigned)vcpu);
	} else {
		strbuf_puts(out, "w00;");
		gdb_put_thread(s, out, vcpu);
	}
}

void gdb_thread_event(struct gdb_session *s, int vcpu)
{
	struct strbuf text = STRBUF_INIT;
	bool waiting = s->waiting;

	if (!s->thread_events || (!waiting && !s->non_stop)) {
		/* gdb finds it in the list, and takes it to be running. */
		if (vcpu >= 0 && vcpu < GDB_MAX_VCPUS)
			s->resumed[vcpu] = control_vcpu_exists(s->m, vcpu);
		return;
	}
	/* The event itself is told, not the stop that it takes. */
	s->waiting = false;
	s->quiet = true;
	if (s->non_stop)
		control_stop_vcpu(s->m, &s->client, vcpu);
	else
		control_stop(s->m, &s->client);
	s->quiet = false;
	put_event(s, &text, vcpu);
	s->out.failed |= text.failed;
	if (s->non_stop)
		gdb_nonstop_tell(s, vcpu, strbuf_str(&text));
	else
		gdb_session_send(s, strbuf_str(&text), text.len);
	strbuf_free(&text);
}

/* QThreadEvents:0|1 */
enum gdb_verdict gdb_thread_events(struct gdb_session *s, const char *args, size_t len)
{
	(void)len;
	if (strcmp(args, ":0") != 0 && strcmp(args, ":1") != 0)
		return gdb_error(s, EINVAL);
	s->thread_events = args[1] == '1';
	return gdb_ok(s);
}
