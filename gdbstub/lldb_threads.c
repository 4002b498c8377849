// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Threads as lldb wants them: all of them with each stop, each with a reason of
 * its own, and the registers that it would ask for one by one.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gdbstub/session.h"
#include "hv/arch/arch.h"

/* lldb's word for a reason; NULL: the signal says it, or a key that gdb knows, too. */
static const char *const reasons[] = {
	[STOP_STEP] = "trace",
	[STOP_BREAKPOINT] = "breakpoint",
	[STOP_HW_BREAKPOINT] = "breakpoint",
	[STOP_TRIPLE_FAULT] = "exception",
	[STOP_PANIC] = "exception",
	[STOP_INTERNAL_ERROR] = "exception",
	[STOP_SHUTDOWN] = "exception",
	[STOP_CATCH] = "exception",
	[STOP_DEVICE] = "exception",
};

static const char *reason_of(const struct stop *stop)
{
	size_t n = stop ? (size_t)stop->reason : STOP_NONE;

	return n < sizeof(reasons) / sizeof(reasons[0]) ? reasons[n] : NULL;
}

/* What a person reads instead of a signal's name; NULL: nothing better is known. */
static const char *description_of(const struct stop *stop)
{
	static const char *const texts[] = {
		[STOP_TRIPLE_FAULT] = "triple fault",
		[STOP_PANIC] = "the guest panicked",
		[STOP_INTERNAL_ERROR] = "an exit that cannot be handled",
		[STOP_SHUTDOWN] = "the guest powered off",
		[STOP_CATCH] = "a catchpoint",
		[STOP_DEVICE] = "a device breakpoint",
	};
	size_t n = stop ? (size_t)stop->reason : STOP_NONE;

	if (n >= sizeof(texts) / sizeof(texts[0]) || !texts[n])
		return NULL;
	return stop->text[0] ? stop->text : texts[n];
}

static void put_name(struct strbuf *out, int vcpu)
{
	strbuf_printf(out, "vCPU%d", vcpu);
}

/* "threads:1,2;thread-pcs:…,…;" */
static void put_all(struct gdb_session *s, struct strbuf *out)
{
	int i, limit = control_vcpu_limit(s->m);
	const char *comma = "threads:";

	for (i = 0; i < limit; i++) {
		if (!control_vcpu_exists(s->m, i))
			continue;
		strbuf_puts(out, comma);
		gdb_put_thread(s, out, i);
		comma = ",";
	}
	comma = ";thread-pcs:";
	for (i = 0; i < limit; i++) {
		/* The register, as lldb knows it: in 16-bit code the address is another. */
		uint64_t pc = 0;

		if (control_reg_read(s->m, i, arch_reg_pc(), &pc) < 0)
			continue;
		strbuf_printf(out, "%s%" PRIx64, comma, pc);
		comma = ",";
	}
	strbuf_puts(out, ";");
}

void gdb_put_lldb_stop(struct gdb_session *s, struct strbuf *out, const struct stop *stop, int vcpu)
{
	const char *text = description_of(stop), *reason = reason_of(stop);

	strbuf_puts(out, "name:");
	put_name(out, vcpu);
	strbuf_puts(out, ";");
	if (reason)
		strbuf_printf(out, "reason:%s;", reason);
	if (text) {
		strbuf_puts(out, "description:");
		gdb_put_hex(out, text, strlen(text));
		strbuf_puts(out, ";");
	}
	put_all(s, out);
}

/* TID: how it stopped, as a stop reply */
enum gdb_verdict gdb_lldb_thread_stop(struct gdb_session *s, const char *args, size_t len)
{
	struct gdb_thread_id id;
	int vcpu;

	(void)len;
	if (!gdb_parse_thread(&args, &id) || *args)
		return gdb_error(s, EINVAL);
	vcpu = gdb_vcpu_of_thread(s, &id);
	if (vcpu < 0 || vcpu == GDB_VCPU_ALL)
		return gdb_error(s, vcpu < 0 ? vcpu : EINVAL);
	gdb_put_stop_of(s, &s->reply, gdb_stop_of_vcpu(s, vcpu), vcpu);
	return GDB_REPLY;
}

static void put_json_thread(struct gdb_session *s, struct strbuf *out, int vcpu)
{
	const struct stop *stop = gdb_stop_of_vcpu(s, vcpu);
	unsigned signal = gdb_signal_of(s, stop);
	const char *reason = reason_of(stop), *text = description_of(stop);

	strbuf_printf(out, "{\"tid\":%d,\"name\":\"", vcpu + 1);
	put_name(out, vcpu);
	strbuf_puts(out, "\",\"registers\":{");
	gdb_put_expedited_json(s, out, vcpu);
	strbuf_puts(out, "}");
	if (signal)
		strbuf_printf(out, ",\"signal\":%u", signal);
	if (reason)
		strbuf_printf(out, ",\"reason\":\"%s\"", reason);
	if (text) {
		strbuf_puts(out, ",\"description\":");
		gdb_put_json(out, text);
	}
	strbuf_puts(out, "}");
}

enum gdb_verdict gdb_lldb_threads(struct gdb_session *s, const char *args, size_t len)
{
	struct strbuf json = STRBUF_INIT;
	int i, limit = control_vcpu_limit(s->m);
	const char *lead = "[";

	(void)args;
	(void)len;
	for (i = 0; i < limit; i++) {
		if (!control_vcpu_exists(s->m, i))
			continue;
		strbuf_puts(&json, lead);
		put_json_thread(s, &json, i);
		lead = ",";
	}
	strbuf_puts(&json, "]");
	gdb_put_binary(&s->reply, strbuf_str(&json), json.len);
	s->reply.failed |= json.failed;
	strbuf_free(&json);
	return GDB_REPLY;
}
