/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The GDB remote protocol server: an endpoint, and one session at a time.
 *
 * Everything runs on the loop thread. The stub is a client of hv/control.h and
 * knows no other room; `monitor …` goes through the callback.
 */
#ifndef GDBSTUB_GDBSTUB_H
#define GDBSTUB_GDBSTUB_H

#include "hv/chardev.h"
#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct gdbstub;

/* What becomes of the guest when the debugger goes: by itself, or because the connection broke. */
enum gdb_on_disconnect {
	GDB_RELEASE, /* what the debugger held goes on, what others stopped stays as it is */
	GDB_CONTINUE,
	GDB_STOP,
	GDB_QUIT, /* the program ends */
};

struct gdbstub_config {
	const char *dev; /* DEV, see chardev.h */
	/* Executes a monitor command line for gdb's `monitor`; the text goes to @out. NULL:
	 * refused. */
	void (*rcmd)(void *opaque, const char *line, struct strbuf *out);
	/* The debugger is gone: what it set through rcmd goes too. NULL: nothing to do. */
	void (*rcmd_end)(void *opaque);
	void *rcmd_opaque;
	enum gdb_on_disconnect on_disconnect;
	bool trace; /* packets on stderr / the trace file */
};

int gdbstub_create(struct gdbstub **out, struct machine *m, struct loop *loop,
		   const struct gdbstub_config *cfg, struct error *err);
/* Ends the session (gdb is told if it can be), closes the endpoint. */
void gdbstub_destroy(struct gdbstub *stub);
/* What to paste into gdb after "target remote ": "/run/…/gdb.sock", "127.0.0.1:1234". NULL over
 * stdio, where gdb is there already. Lives as long as the stub. */
const char *gdbstub_target(const struct gdbstub *stub);

#endif
