// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH: documents that gdb reads in parts.
 *
 * A document is made when its first part is asked for and kept for the others,
 * so that what gdb puts together is of one moment.
 */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"

static enum gdb_verdict read_part(struct gdb_session *s, const struct gdb_document *doc,
				  const char *range)
{
	uint64_t offset, len;
	size_t left;

	if (!gdb_parse_range(&range, &offset, &len) || *range)
		return gdb_error(s, EINVAL);
	if (!offset || s->xfer_kind != doc) {
		strbuf_clear(&s->xfer);
		doc->make(s, &s->xfer);
		s->xfer_kind = doc;
	}
	if (offset > s->xfer.len)
		return gdb_error(s, EINVAL);
	left = s->xfer.len - offset;
	/* Half a packet leaves room for escapes. */
	if (len > GDB_PACKET_MAX / 2)
		len = GDB_PACKET_MAX / 2;
	if (len > left)
		len = left;
	strbuf_puts(&s->reply, len == left ? "l" : "m");
	if (len)
		gdb_put_binary(&s->reply, s->xfer.data + offset, len);
	return GDB_REPLY;
}

enum gdb_verdict gdb_xfer(struct gdb_session *s, const struct gdb_document *docs, size_t count,
			  const char *args)
{
	size_t i, n = strcspn(args, ":");

	if (args[n] != ':')
		return gdb_error(s, EINVAL);
	for (i = 0; i < count; i++)
		if (strlen(docs[i].annex) == n && !memcmp(docs[i].annex, args, n))
			return read_part(s, &docs[i], args + n + 1);
	/* E00: no such annex. */
	strbuf_puts(&s->reply, "E00");
	return GDB_REPLY;
}

static void make_target_xml(struct gdb_session *s, struct strbuf *out)
{
	gdb_put_target_xml(s, out, gdb_selected_vcpu(s));
}

enum gdb_verdict gdb_xfer_features(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = { { "target.xml", make_target_xml } };

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}

/*
 * GDB manual, "Memory Map Format". gdb reads it once for a connection and then refuses every
 * address that is not in it, whereas page tables change: so every address is in it. The two
 * halves are because a length has 64 bits.
 */
static void make_memory_map(struct gdb_session *s, struct strbuf *out)
{
	(void)s;
	strbuf_puts(
		out,
		"<?xml version=\"1.0\"?>\n<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB "
		"Memory Map V1.0//EN\" \"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n"
		"<memory-map>\n"
		"<memory type=\"ram\" start=\"0x0\" length=\"0x8000000000000000\"/>\n"
		"<memory type=\"ram\" start=\"0x8000000000000000\" "
		"length=\"0x8000000000000000\"/>\n"
		"</memory-map>\n");
}

enum gdb_verdict gdb_xfer_memory_map(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = { { "", make_memory_map } };

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}

/* GDB manual, "Thread List Format". */
static void make_threads(struct gdb_session *s, struct strbuf *out)
{
	int i, limit = control_vcpu_limit(s->m);

	strbuf_puts(out, "<?xml version=\"1.0\"?>\n<threads>\n");
	for (i = 0; i < limit; i++) {
		if (!control_vcpu_exists(s->m, i))
			continue;
		strbuf_puts(out, "<thread id=\"");
		gdb_put_thread(s, out, i);
		strbuf_printf(out, "\" core=\"%d\" name=\"vCPU%d\">", i, i);
		gdb_put_xml(out, control_vcpu_activity(s->m, i));
		strbuf_puts(out, "</thread>\n");
	}
	strbuf_puts(out, "</threads>\n");
}

enum gdb_verdict gdb_xfer_threads(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = { { "", make_threads } };

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}

enum gdb_verdict gdb_xfer_traceframe(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = { { "", gdb_put_frame_info } };

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}
