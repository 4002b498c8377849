// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * vCPUs as threads. Thread N + 1 is vCPU N (an id of 0 means "any"), in the one
 * process 1 that gdb sees when it speaks of processes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gdbstub/session.h"

int gdb_first_vcpu(struct gdb_session *s)
{
	int i, limit = control_vcpu_limit(s->m);

	for (i = 0; i < limit; i++)
		if (control_vcpu_exists(s->m, i))
			return i;
	return 0;
}

int gdb_selected_vcpu(struct gdb_session *s)
{
	if (!control_vcpu_exists(s->m, s->vcpu_g))
		s->vcpu_g = gdb_first_vcpu(s);
	return s->vcpu_g;
}

int gdb_vcpu_of_thread(struct gdb_session *s, const struct gdb_thread_id *id)
{
	if (id->pid != GDB_ID_ANY && id->pid != GDB_ID_ALL && id->pid != GDB_PID)
		return -ESRCH;
	if (id->tid == GDB_ID_ALL)
		return GDB_VCPU_ALL;
	if (id->tid == GDB_ID_ANY)
		return gdb_selected_vcpu(s);
	if (id->tid > control_vcpu_limit(s->m) || !control_vcpu_exists(s->m, (int)id->tid - 1))
		return -ESRCH;
	return (int)id->tid - 1;
}

void gdb_put_thread(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	if (s->multiprocess)
		strbuf_printf(out, "p%x.%x", GDB_PID, (unsigned)vcpu + 1);
	else
		strbuf_printf(out, "%x", (unsigned)vcpu + 1);
}

/* A whole argument that is a thread id: the vCPU, or negative errno. */
static int parse_vcpu(struct gdb_session *s, const char *args)
{
	struct gdb_thread_id id;

	if (!gdb_parse_thread(&args, &id) || *args)
		return -EINVAL;
	return gdb_vcpu_of_thread(s, &id);
}

/* HgID, HcID */
enum gdb_verdict gdb_thread_select(struct gdb_session *s, const char *args, size_t len)
{
	int vcpu;

	(void)len;
	if (*args != 'g' && *args != 'c')
		return gdb_error(s, EINVAL);
	vcpu = parse_vcpu(s, args + 1);
	if (vcpu < 0)
		return gdb_error(s, vcpu);
	if (*args == 'c') {
		/* "Any" means no restriction here, as gdb uses Hc0. */
		s->vcpu_c = !strcmp(args + 1, "0") ? GDB_VCPU_ALL : vcpu;
	} else if (vcpu != GDB_VCPU_ALL) {
		s->vcpu_g = vcpu;
	}
	return gdb_ok(s);
}

/* TID */
enum gdb_verdict gdb_thread_alive(struct gdb_session *s, const char *args, size_t len)
{
	int vcpu = parse_vcpu(s, args);

	(void)len;
	return vcpu < 0 ? gdb_error(s, vcpu) : gdb_ok(s);
}

enum gdb_verdict gdb_thread_current(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "QC");
	gdb_put_thread(s, &s->reply, gdb_selected_vcpu(s));
	return GDB_REPLY;
}

/* All ids fit one packet: a few thousand bytes for the most vCPUs there can be. */
enum gdb_verdict gdb_thread_first(struct gdb_session *s, const char *args, size_t len)
{
	int i, limit = control_vcpu_limit(s->m);
	char lead = 'm';

	(void)args;
	(void)len;
	for (i = 0; i < limit; i++) {
		if (!control_vcpu_exists(s->m, i))
			continue;
		strbuf_add(&s->reply, &lead, 1);
		gdb_put_thread(s, &s->reply, i);
		lead = ',';
	}
	if (!s->reply.len)
		strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

enum gdb_verdict gdb_thread_next(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, "l");
	return GDB_REPLY;
}

/* qThreadExtraInfo,ID */
enum gdb_verdict gdb_thread_extra(struct gdb_session *s, const char *args, size_t len)
{
	char text[96];
	int vcpu;

	(void)len;
	vcpu = *args == ',' ? parse_vcpu(s, args + 1) : -EINVAL;
	if (vcpu < 0 || vcpu == GDB_VCPU_ALL)
		return gdb_error(s, vcpu < 0 ? vcpu : EINVAL);
	snprintf(text, sizeof(text), "vCPU%d: %s", vcpu, control_vcpu_activity(s->m, vcpu));
	gdb_put_hex(&s->reply, text, strlen(text));
	return GDB_REPLY;
}
