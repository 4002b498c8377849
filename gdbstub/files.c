// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Files that gdb reads from its target: the program that runs, its libraries,
 * and files by name (vFile). There are none: what a guest runs is known by its
 * symbols on gdb's side. Every request has the answer of a system without that
 * file, with which gdb goes on.
 *
 * A reply to vFile is F RESULT[,ERRNO], in hex; errno by the numbers of the
 * File-I/O extension (GDB manual, "Errno Values").
 */
#include <errno.h>

#include "gdbstub/session.h"

#define FILEIO_ENOENT 2
#define FILEIO_EBADF  9

static enum gdb_verdict file_error(struct gdb_session *s, unsigned code)
{
	strbuf_printf(&s->reply, "F-1,%x", code);
	return GDB_REPLY;
}

/* setfs:PID: which process's files; 0 is the stub's own */
enum gdb_verdict gdb_file_setfs(struct gdb_session *s, const char *args, size_t len)
{
	uint64_t pid;

	(void)len;
	if (!gdb_parse_hex(&args, &pid) || *args)
		return gdb_error(s, EINVAL);
	if (pid != 0 && pid != GDB_PID)
		return file_error(s, FILEIO_ENOENT);
	strbuf_puts(&s->reply, "F0");
	return GDB_REPLY;
}

/* open:NAME,FLAGS,MODE; stat, readlink and unlink of a name */
enum gdb_verdict gdb_file_by_name(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return file_error(s, FILEIO_ENOENT);
}

/* pread, pwrite, fstat, close of a descriptor */
enum gdb_verdict gdb_file_by_fd(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return file_error(s, FILEIO_EBADF);
}

/* PID:OFFSET,LENGTH: an empty reply here ends gdb's session, an error does not */
enum gdb_verdict gdb_xfer_exec_file(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	return gdb_error(s, ENOENT);
}

/* GDB manual, "Library List Format". */
static void make_libraries(struct gdb_session *s, struct strbuf *out)
{
	(void)s;
	strbuf_puts(out, "<library-list version=\"1.0\"></library-list>\n");
}

enum gdb_verdict gdb_xfer_libraries(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = { { "", make_libraries } };

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}
