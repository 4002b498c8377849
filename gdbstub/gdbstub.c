// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The GDB server: an endpoint and the one session it serves.
 *
 * A second debugger is told that it is one too many, in answer to its packets,
 * and leaves: gdb shows the sentence only if it is not closed before it has sent
 * its ack. Who goes on all the same is closed, and so is everybody who connects
 * while too many are being told. A connection that has not sent a packet yet does
 * not keep a debugger out: the next one takes its place.
 */
#include "gdbstub/gdbstub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gdbstub/session.h"
#include "gdbstub/trace.h"
#include "hv/chardev.h"
#include "hv/trace.h"

/* Connections that wait to be refused; one more is closed at once. */
#define MAX_REFUSED 8
/* Packets that one of them may send until it is closed; gdb gives up at the second one. */
#define MAX_TOLD 32

struct refused {
	struct gdbstub *stub;
	struct chardev *cd;
	unsigned told;
};

struct gdbstub {
	struct gdb_session session;
	struct endpoint *ep;
	bool server;
	struct gdbstub_config cfg;
	struct refused refused[MAX_REFUSED];
};

/* ---- the session's stream ---- */

static void stub_hang_up(struct gdbstub *stub, enum gdb_end how)
{
	struct gdb_session *s = &stub->session;
	struct chardev *cd = s->cd;

	s->cd = NULL;
	gdb_life_end(s, how);
	if (cd)
		chardev_close(cd);
}

static void stub_input(void *opaque, const uint8_t *data, size_t len)
{
	struct gdbstub *stub = opaque;

	gdb_session_input(&stub->session, data, len);
	if (stub->session.closing)
		stub_hang_up(stub, GDB_END_LOST);
}

static void stub_closed(void *opaque)
{
	struct gdbstub *stub = opaque;

	trace(TRACE_PACKET, "gdb: the connection is closed");
	stub->session.cd = NULL;
	gdb_life_end(&stub->session, GDB_END_LOST);
}

/* stdin at its end: as when the connection breaks. Nobody can come back over it. */
static void stub_ended(void *opaque)
{
	trace(TRACE_PACKET, "gdb: stdin has ended");
	stub_hang_up(opaque, GDB_END_LOST);
}

static const struct chardev_handler stub_handler = {
	.input = stub_input,
	.ended = stub_ended,
	.closed = stub_closed,
};

/* A debugger that has begun is not disturbed. */
static bool stub_is_taken(const struct gdbstub *stub)
{
	return stub->session.cd && stub->session.begun;
}

static void stub_serve(struct gdbstub *stub, struct chardev *cd)
{
	stub_hang_up(stub, GDB_END_LOST);
	gdb_session_open(&stub->session, cd, stub->server);
	chardev_set_handler(cd, &stub_handler, stub);
}

/* ---- those that are one too many ---- */

static void refused_input(void *opaque, const uint8_t *data, size_t len)
{
	static const char text[] = "E.another debugger is attached";
	struct refused *r = opaque;
	struct strbuf out = STRBUF_INIT;

	/* The first one is gone by now: its end and this connection came in at the same time. */
	if (!r->told && !stub_is_taken(r->stub)) {
		struct chardev *cd = r->cd;

		r->cd = NULL;
		stub_serve(r->stub, cd);
		stub_input(r->stub, data, len);
		return;
	}
	if (!r->told)
		trace(TRACE_PACKET, "gdb: %s is refused, another debugger is attached",
		      chardev_name(r->cd));
	for (; len && r->told < MAX_TOLD; data++, len--) {
		if (*data != '$')
			continue;
		/* The ack first: gdb looks for it before it looks at the answer. */
		strbuf_puts(&out, "+");
		gdb_frame_put(&out, text, sizeof(text) - 1);
		r->told++;
	}
	if (out.len && !out.failed)
		chardev_write(r->cd, out.data, out.len);
	strbuf_free(&out);
	if (r->told < MAX_TOLD)
		return;
	chardev_close(r->cd);
	r->cd = NULL;
}

static void refused_closed(void *opaque)
{
	struct refused *r = opaque;

	r->cd = NULL;
}

static const struct chardev_handler refused_handler = {
	.input = refused_input,
	.closed = refused_closed,
};

static void refuse(struct gdbstub *stub, struct chardev *cd)
{
	size_t i;

	for (i = 0; i < MAX_REFUSED; i++) {
		struct refused *r = &stub->refused[i];

		if (r->cd)
			continue;
		r->stub = stub;
		r->cd = cd;
		r->told = 0;
		chardev_set_handler(cd, &refused_handler, r);
		return;
	}
	chardev_close(cd);
}

static void stub_accept(void *opaque, struct chardev *cd)
{
	struct gdbstub *stub = opaque;

	trace(TRACE_PACKET, "gdb: %s connected", chardev_name(cd));
	if (stub_is_taken(stub))
		refuse(stub, cd);
	else
		stub_serve(stub, cd);
}

/* ---- life ---- */

void gdb_stub_rcmd_end(struct gdbstub *stub)
{
	if (stub->cfg.rcmd_end)
		stub->cfg.rcmd_end(stub->cfg.rcmd_opaque);
}

enum gdb_on_disconnect gdb_stub_on_disconnect(const struct gdbstub *stub)
{
	return stub->cfg.on_disconnect;
}

bool gdb_stub_rcmd(struct gdbstub *stub, const char *line, struct strbuf *out)
{
	if (!stub->cfg.rcmd)
		return false;
	stub->cfg.rcmd(stub->cfg.rcmd_opaque, line, out);
	return true;
}

int gdbstub_create(struct gdbstub **out, struct machine *m, struct loop *loop,
		   const struct gdbstub_config *cfg, struct error *err)
{
	struct gdbstub *stub = calloc(1, sizeof(*stub));
	int rc;

	if (!stub)
		return error_set(err, -ENOMEM, "no memory for the gdb server");
	stub->cfg = *cfg;
	gdb_session_init(&stub->session, stub, m);
	stub->session.trace = gdb_trace_new(m, loop);
	if (!stub->session.trace) {
		free(stub);
		return error_set(err, -ENOMEM, "no memory for the gdb server");
	}
	if (cfg->trace)
		trace_on[TRACE_PACKET] = true;
	/* Serial lines and stdio come while it opens: they are no servers, which is the zero. */
	rc = endpoint_open(&stub->ep, loop, cfg->dev, stub_accept, stub, err);
	if (rc < 0) {
		error_prefix(err, "-gdb %s", cfg->dev);
		gdb_trace_free(stub->session.trace);
		gdb_session_free(&stub->session);
		free(stub);
		return rc;
	}
	stub->server = endpoint_is_server(stub->ep);
	*out = stub;
	return 0;
}

void gdbstub_destroy(struct gdbstub *stub)
{
	size_t i;

	if (!stub)
		return;
	if (stub->session.cd)
		gdb_session_flush(&stub->session);
	stub_hang_up(stub, GDB_END_QUIT);
	for (i = 0; i < MAX_REFUSED; i++)
		if (stub->refused[i].cd)
			chardev_close(stub->refused[i].cd);
	endpoint_close(stub->ep);
	gdb_trace_free(stub->session.trace);
	gdb_session_free(&stub->session);
	free(stub);
}

const char *gdbstub_target(const struct gdbstub *stub)
{
	static const char *const kinds[] = { "unix:", "tcp:", "pty:" };
	const char *name = endpoint_name(stub->ep);
	size_t i;

	if (!strcmp(name, "stdio"))
		return NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(name, kinds[i], strlen(kinds[i])))
			return name + strlen(kinds[i]);
	return name;
}
