// SPDX-License-Identifier: GPL-3.0-or-later
/* Records as people read them: see record_text.h. */
#include "monitor/record_text.h"

#include <inttypes.h>

#include "monitor/symbols.h"

const char *mon_record_topic_name(enum record_topic topic)
{
	static const char *const names[RECORD_TOPICS] = {
		[RECORD_EXITS] = "exits",
		[RECORD_PACKETS] = "packets",
		[RECORD_IRQ] = "irq",
		[RECORD_WORK] = "work",
	};

	return (unsigned)topic < RECORD_TOPICS ? names[topic] : NULL;
}

static void put_exit(const struct record *rec, struct strbuf *out)
{
	static const char *const spaces[] = {
		[RECORD_PORT] = "port",
		[RECORD_MEMORY] = "memory",
		[RECORD_MSR] = "MSR",
	};

	strbuf_puts(out, rec->what ? rec->what : "exit");
	if (rec->access == RECORD_NO_ACCESS)
		return;
	strbuf_printf(out, " %s 0x%" PRIx64 " %s 0x%0*" PRIx64, spaces[rec->access], rec->addr,
		      rec->write ? "<-" : "->", 2 * rec->size, rec->value);
	if (rec->count > 1)
		strbuf_printf(out, " and %u more", rec->count - 1);
}

static void put_leave(const struct record *rec, struct strbuf *out)
{
	strbuf_puts(out, rec->code == RECORD_STOPPED ? "stopped" : "held for work");
}

static void put_enter(const struct record *rec, struct strbuf *out)
{
	(void)rec;
	strbuf_puts(out, "into the guest");
}

static void put_packet(const struct record *rec, struct strbuf *out)
{
	size_t kept = rec->count < RECORD_TEXT ? rec->count : RECORD_TEXT;

	strbuf_puts(out, rec->write ? "<- " : "-> ");
	for (size_t i = 0; i < kept; i++) {
		unsigned char c = (unsigned char)rec->what[i];

		if (c >= ' ' && c < 0x7f)
			strbuf_add(out, &rec->what[i], 1);
		else
			strbuf_printf(out, "\\x%02x", c);
	}
	if (rec->count > kept)
		strbuf_printf(out, "… (%u bytes)", rec->count);
}

static void put_outcome(const struct record *rec, struct strbuf *out)
{
	static const char *const outcomes[] = {
		[RECORD_IRQ_UNKNOWN] = "",
		[RECORD_IRQ_DELIVERED] = ", delivered",
		[RECORD_IRQ_MERGED] = ", merged with one that is pending",
		[RECORD_IRQ_LOST] = ", lost",
	};

	strbuf_puts(out, outcomes[rec->code]);
}

static void put_line(const struct record *rec, struct strbuf *out)
{
	strbuf_printf(out, "%s: GSI %" PRIu64 " %s", rec->what ? rec->what : "?", rec->addr,
		      rec->value ? "up" : "down");
	put_outcome(rec, out);
}

static void put_msi(const struct record *rec, struct strbuf *out)
{
	strbuf_printf(out, "%s: message 0x%" PRIx64 " to 0x%" PRIx64, rec->what ? rec->what : "?",
		      rec->value, rec->addr);
	if (rec->count)
		strbuf_printf(out, ", by GSI %u", rec->count);
	put_outcome(rec, out);
}

static void put_work(const struct record *rec, struct strbuf *out)
{
	strbuf_printf(out, "%s for %s", rec->what, rec->who);
}

void mon_record_what(const struct record *rec, struct strbuf *out)
{
	static void (*const puts[])(const struct record *rec, struct strbuf *out) = {
		[RECORD_EXIT] = put_exit,   [RECORD_ENTER] = put_enter,
		[RECORD_LEAVE] = put_leave, [RECORD_PACKET] = put_packet,
		[RECORD_LINE] = put_line,   [RECORD_MSI] = put_msi,
		[RECORD_RUN] = put_work,
	};

	puts[rec->kind](rec, out);
}

void mon_record_when(struct machine *m, uint64_t time, uint64_t start, int vcpu, uint64_t pc,
		     struct strbuf *out)
{
	uint64_t us = time > start ? (time - start) / 1000 : 0;
	struct strbuf place = STRBUF_INIT;

	if (vcpu < 0)
		strbuf_puts(&place, "-");
	else
		strbuf_printf(&place, "vcpu%d", vcpu);
	if (pc) {
		strbuf_printf(&place, " 0x%" PRIx64, pc);
		mon_symbol_put(m, vcpu, pc, &place);
	}
	strbuf_printf(out, "%5" PRIu64 ".%06" PRIu64 " %-40s ", us / 1000000, us % 1000000,
		      strbuf_str(&place));
	strbuf_free(&place);
}

void mon_record_line(struct machine *m, const struct record *rec, uint64_t start,
		     struct strbuf *out)
{
	mon_record_when(m, rec->time, start, rec->vcpu, rec->pc, out);
	mon_record_what(rec, out);
	if (rec->ns)
		strbuf_printf(out, ", %" PRIu64 ".%" PRIu64 " us", rec->ns / 1000,
			      rec->ns / 100 % 10);
	strbuf_puts(out, "\n");
}
