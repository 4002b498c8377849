// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Memory: m M x X. Addresses are virtual ones of the selected thread, or
 * physical ones once Qqemu.PhyMemMode:1 has said so. While gdb looks at a
 * trace frame, virtual ones are those of the frame, which nobody can write.
 *
 * A read is short before a page that is not there and E14 when its first byte
 * is not; it is never longer than what fits a packet. Breakpoints that are
 * planted in memory do not show, and writes over them keep them: that is the
 * control interface's doing.
 */
#include <errno.h>
#include <string.h>

#include "gdbstub/session.h"

/* One read at most: its hex form fits a packet. */
#define MAX_READ (GDB_PACKET_MAX / 2)
/* Bytes from which on runs of equal digits are sent as such. */
#define SQUEEZE_FROM 256

enum control_space gdb_space(const struct gdb_session *s)
{
	return s->physical ? CONTROL_PHYSICAL : CONTROL_VIRTUAL;
}

ssize_t gdb_read_memory(struct gdb_session *s, uint64_t addr, void *buf, size_t len)
{
	if (gdb_frame_selected(s) && !s->physical)
		return gdb_frame_mem(s, addr, buf, len);
	return control_mem_read(s->m, gdb_selected_vcpu(s), gdb_space(s), addr, buf, len);
}

/* Reads into the framer's buffer, which is free once the packet is parsed. */
static ssize_t read_guest(struct gdb_session *s, const char *args, uint8_t **data)
{
	uint64_t addr, len;
	ssize_t n;

	if (!gdb_parse_range(&args, &addr, &len) || *args)
		return -EINVAL;
	*data = (uint8_t *)s->in.buf;
	if (!len)
		return 0;
	n = gdb_read_memory(s, addr, *data, len < MAX_READ ? len : MAX_READ);
	return n ? n : -EFAULT;
}

/* mADDR,LEN */
enum gdb_verdict gdb_mem_read(struct gdb_session *s, const char *args, size_t len)
{
	uint8_t *data;
	ssize_t n = read_guest(s, args, &data);

	(void)len;
	if (n < 0)
		return gdb_error(s, (int)n);
	gdb_put_hex(&s->reply, data, (size_t)n);
	/* gdb takes a packet character by character: fewer of them is what makes it faster. */
	s->squeeze = n >= SQUEEZE_FROM;
	/* Nothing at all would read as "not supported". */
	return n ? GDB_REPLY : gdb_ok(s);
}

/* xADDR,LEN; the reply begins with 'b' so that no data look like an error */
enum gdb_verdict gdb_mem_read_binary(struct gdb_session *s, const char *args, size_t len)
{
	uint8_t *data;
	ssize_t n = read_guest(s, args, &data);

	(void)len;
	if (n < 0)
		return gdb_error(s, (int)n);
	strbuf_puts(&s->reply, "b");
	gdb_put_binary(&s->reply, data, (size_t)n);
	return GDB_REPLY;
}

static enum gdb_verdict write_guest(struct gdb_session *s, uint64_t addr, const void *data,
				    size_t len)
{
	ssize_t n;

	if (!len)
		return gdb_ok(s);
	if (gdb_frame_selected(s))
		return gdb_error(s, EROFS);
	n = control_mem_write(s->m, gdb_selected_vcpu(s), gdb_space(s), addr, data, len);
	if (n < 0)
		return gdb_error(s, (int)n);
	return (size_t)n == len ? gdb_ok(s) : gdb_error(s, EFAULT);
}

/* MADDR,LEN:HEX */
enum gdb_verdict gdb_mem_write(struct gdb_session *s, const char *args, size_t len)
{
	const char *end = args + len, *from;
	uint64_t addr, count;
	uint8_t *data = (uint8_t *)s->in.buf;

	if (!gdb_parse_range(&args, &addr, &count) || !gdb_parse_char(&args, ':'))
		return gdb_error(s, EINVAL);
	/* In place: the bytes never overtake the digits they come from. */
	from = args;
	if ((size_t)(end - from) % 2 || count != (size_t)(end - from) / 2 ||
	    !gdb_parse_bytes(&args, data, count))
		return gdb_error(s, EINVAL);
	return write_guest(s, addr, data, count);
}

/* XADDR,LEN:BINARY */
enum gdb_verdict gdb_mem_write_binary(struct gdb_session *s, const char *args, size_t len)
{
	const char *end = args + len;
	uint64_t addr, count;

	if (!gdb_parse_range(&args, &addr, &count) || !gdb_parse_char(&args, ':') ||
	    count != (size_t)(end - args))
		return gdb_error(s, EINVAL);
	return write_guest(s, addr, args, count);
}

/* ---- which addresses: the packets that QEMU's users know ---- */

enum gdb_verdict gdb_mem_space_query(struct gdb_session *s, const char *args, size_t len)
{
	(void)args;
	(void)len;
	strbuf_puts(&s->reply, s->physical ? "1" : "0");
	return GDB_REPLY;
}

/* :0 or :1 */
enum gdb_verdict gdb_mem_space_set(struct gdb_session *s, const char *args, size_t len)
{
	if (len != 2 || args[0] != ':' || (args[1] != '0' && args[1] != '1'))
		return gdb_error(s, EINVAL);
	s->physical = args[1] == '1';
	return gdb_ok(s);
}
