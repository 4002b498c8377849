// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A session: frames in, acknowledgements and replies out.
 *
 *   bytes -> framer -> what it is (table below) -> packet table -> handler
 *                                                                   |
 *   stream <- one write <- frames that are queued <- one reply <----+
 *
 * Everything that one piece of input brings about leaves in one write.
 */
#include "gdbstub/session.h"

#include <errno.h>
#include <string.h>

#include "hv/chardev.h"
#include "hv/record_packet.h"
#include "hv/trace.h"

/* Console output longer than this per O packet is split. */
#define CONSOLE_CHUNK 1024
/* What is queued beyond this is written before the next packet is looked at. */
#define FLUSH_AT 65536

void gdb_session_init(struct gdb_session *s, struct gdbstub *stub, struct machine *m)
{
	s->stub = stub;
	s->m = m;
	s->client.name = "gdb";
	s->client.event = gdb_life_event;
	gdb_framer_reset(&s->in);
}

void gdb_session_free(struct gdb_session *s)
{
	strbuf_free(&s->reply);
	strbuf_free(&s->out);
	strbuf_free(&s->last);
	strbuf_free(&s->xfer);
	gdb_nonstop_clear(s);
}

/* What was agreed on with the debugger that was there before. */
static void forget(struct gdb_session *s)
{
	s->introduced = false;
	s->multiprocess = false;
	s->swbreak = false;
	s->hwbreak = false;
	s->extended = false;
	s->thread_suffix = false;
	s->list_threads = false;
	s->error_strings = false;
	s->non_stop = false;
	s->thread_events = false;
}

void gdb_session_open(struct gdb_session *s, struct chardev *cd, bool server)
{
	s->cd = cd;
	s->server = server;
	s->closing = false;
	s->left = false;
	s->no_ack = false;
	s->no_ack_fresh = false;
	forget(s);
	gdb_framer_reset(&s->in);
	strbuf_clear(&s->out);
	strbuf_clear(&s->last);
}

/* @arrow: "->" from the debugger, "<-" to it, "<-%" a notification to it. */
static void trace_payload(const struct gdb_session *s, const char *arrow, const char *payload,
			  size_t len)
{
	char text[240];

	record_packet(s->m, arrow[0] == '<', payload, len);
	if (!trace_on[TRACE_PACKET])
		return;
	gdb_printable(text, sizeof(text), payload, len);
	trace(TRACE_PACKET, "gdb %s %s", arrow, text);
}

void gdb_session_send(struct gdb_session *s, const char *payload, size_t len)
{
	struct strbuf *to = s->no_ack ? &s->out : &s->last;

	if (!s->cd)
		return;
	trace_payload(s, "<-", payload, len);
	strbuf_clear(&s->last);
	if (s->server && !s->squeeze)
		gdb_frame_put(to, payload, len);
	else
		gdb_frame_put_squeezed(to, payload, len);
	s->squeeze = false;
	if (to == &s->last)
		strbuf_add(&s->out, to->data, to->len);
}

void gdb_session_notify(struct gdb_session *s, const char *payload, size_t len)
{
	if (!s->cd)
		return;
	trace_payload(s, "<-%", payload, len);
	gdb_frame_put_notification(&s->out, payload, len);
}

void gdb_session_flush(struct gdb_session *s)
{
	/* Memory ran out, so a frame may be cut: better no session than a wrong answer. */
	if (s->out.failed || s->last.failed || s->reply.failed || s->xfer.failed) {
		s->out.failed = s->last.failed = s->reply.failed = s->xfer.failed = false;
		strbuf_clear(&s->out);
		s->closing = true;
	}
	if (s->cd && s->out.len)
		chardev_write(s->cd, s->out.data, s->out.len);
	strbuf_clear(&s->out);
}

bool gdb_session_may_console(const struct gdb_session *s)
{
	return s->cd && (s->console || (s->begun && s->waiting));
}

void gdb_session_console(struct gdb_session *s, const char *text)
{
	struct strbuf packet = STRBUF_INIT;
	size_t len = strlen(text);

	while (len && gdb_session_may_console(s)) {
		size_t n = len < CONSOLE_CHUNK ? len : CONSOLE_CHUNK;

		strbuf_clear(&packet);
		strbuf_puts(&packet, "O");
		gdb_put_hex(&packet, text, n);
		if (!packet.failed)
			gdb_session_send(s, packet.data, packet.len);
		text += n;
		len -= n;
	}
	strbuf_free(&packet);
}

static void dispatch(struct gdb_session *s, const char *payload, size_t len)
{
	const struct gdb_packet *row = gdb_packet_find(payload, len);
	enum gdb_verdict verdict = GDB_REPLY;

	trace_payload(s, "->", payload, len);
	strbuf_clear(&s->reply);
	s->handling = true;
	if (row) {
		size_t skip = strlen(row->name);

		verdict = row->handle(s, payload + skip, len - skip);
	}
	s->handling = false;
	if (verdict == GDB_REPLY)
		gdb_session_send(s, strbuf_str(&s->reply), s->reply.len);
	gdb_nonstop_notify(s);
}

static void ack(struct gdb_session *s, const char *sign)
{
	if (!s->no_ack)
		strbuf_puts(&s->out, sign);
}

/*
 * Over a line that cannot break, a new gdb shows by how it begins, with '+' and
 * qSupported: the old one is lost. A '+' can be swallowed by half a packet of the old one.
 */
static void take_over(struct gdb_session *s)
{
	gdb_life_end(s, GDB_END_TAKEN);
	s->no_ack = false;
}

static bool is_supported(const struct gdb_session *s)
{
	return !strncmp(s->in.buf, "qSupported", 10);
}

/*
 * A debugger that has left the guest and not hung up: it may introduce itself and begin anew, or in
 * extended mode go on without a guest. Everything else is about a process that it has not got.
 */
static bool is_lost(struct gdb_session *s)
{
	const struct gdb_packet *row = gdb_packet_find(s->in.buf, s->in.len);

	return s->left && !is_supported(s) && !(s->extended && (!row || gdb_life_allows(row)));
}

static void on_packet(struct gdb_session *s)
{
	bool fresh = s->no_ack_fresh;

	if (!s->server && s->begun && s->introduced && is_supported(s))
		take_over(s);
	ack(s, "+");
	if (is_lost(s)) {
		trace_payload(s, "->", s->in.buf, s->in.len);
		gdb_session_send(s, "E03", 3); /* ESRCH */
		return;
	}
	if (!s->begun && is_supported(s)) {
		forget(s);
		s->left = false;
	}
	if (!s->begun && !s->left)
		gdb_life_begin(s);
	dispatch(s, s->in.buf, s->in.len);
	if (fresh)
		s->no_ack_fresh = false;
	/* Over a line that cannot break, the next packet is another gdb's. */
	if (s->left && !s->server && !s->extended)
		s->left = s->no_ack = false;
}

static void on_bad_sum(struct gdb_session *s)
{
	trace(TRACE_PACKET, "gdb -> a packet with a wrong checksum");
	if (s->no_ack && s->begun)
		gdb_session_send(s, "E74", 3); /* EBADMSG: nobody would send it again */
	else
		ack(s, "-");
}

static void on_too_long(struct gdb_session *s)
{
	trace(TRACE_PACKET, "gdb -> a packet of more than %d bytes", GDB_PACKET_MAX);
	ack(s, "+");
	gdb_session_send(s, "E07", 3); /* E2BIG */
}

static void on_interrupt(struct gdb_session *s)
{
	trace(TRACE_PACKET, "gdb -> Ctrl-C");
	record_packet(s->m, false, "\x03", 1);
	if (s->begun)
		gdb_run_interrupt(s);
}

static void on_ack(struct gdb_session *s)
{
	if (!s->no_ack)
		return;
	if (s->no_ack_fresh) {
		s->no_ack_fresh = false;
		return;
	}
	if (!s->server)
		take_over(s);
}

static void on_nack(struct gdb_session *s)
{
	if (s->no_ack || !s->last.len)
		return;
	trace(TRACE_PACKET, "gdb <- the last packet again");
	strbuf_add(&s->out, s->last.data, s->last.len);
}

static void on_rubbish(struct gdb_session *s)
{
	static const char refusal[] = "vitrine: this is a GDB remote protocol port, good bye\r\n";

	/* A serial line has noise; a socket has strangers (CVE-2018-5704). */
	if (s->begun || !s->server)
		return;
	trace(TRACE_PACKET, "gdb -> not the GDB protocol: refused");
	strbuf_clear(&s->out);
	strbuf_puts(&s->out, refusal);
	s->closing = true;
}

static void (*const frame_handlers[GDB_FRAME_COUNT])(struct gdb_session *s) = {
	[GDB_FRAME_PACKET] = on_packet,	    [GDB_FRAME_BAD_SUM] = on_bad_sum,
	[GDB_FRAME_TOO_LONG] = on_too_long, [GDB_FRAME_INTERRUPT] = on_interrupt,
	[GDB_FRAME_ACK] = on_ack,	    [GDB_FRAME_NACK] = on_nack,
	[GDB_FRAME_RUBBISH] = on_rubbish,
};

void gdb_session_input(struct gdb_session *s, const uint8_t *data, size_t len)
{
	while (len && s->cd && !s->closing) {
		enum gdb_frame what;
		size_t n = gdb_framer_feed(&s->in, data, len, &what);

		data += n;
		len -= n;
		if (frame_handlers[what])
			frame_handlers[what](s);
		if (s->out.len > FLUSH_AT)
			gdb_session_flush(s);
	}
	gdb_session_flush(s);
}
