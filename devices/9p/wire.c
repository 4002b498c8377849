// SPDX-License-Identifier: GPL-3.0-or-later
/* Bytes of 9P messages: see wire.h. */
#include "devices/9p/wire.h"

#include <errno.h>
#include <string.h>

static void fail(struct p9_in *in, int error)
{
	if (!in->error)
		in->error = error;
}

static const uint8_t *take(struct p9_in *in, size_t n)
{
	const uint8_t *p = in->p;

	if (n > in->left)
		fail(in, -EBADMSG);
	if (in->error)
		return NULL;
	in->p += n;
	in->left -= n;
	return p;
}

static uint64_t take_number(struct p9_in *in, unsigned bytes)
{
	const uint8_t *p = take(in, bytes);
	uint64_t value = 0;

	for (unsigned i = 0; p && i < bytes; i++)
		value |= (uint64_t)p[i] << 8 * i;
	return value;
}

uint8_t p9_take8(struct p9_in *in)
{
	return (uint8_t)take_number(in, 1);
}

uint16_t p9_take16(struct p9_in *in)
{
	return (uint16_t)take_number(in, 2);
}

uint32_t p9_take32(struct p9_in *in)
{
	return (uint32_t)take_number(in, 4);
}

uint64_t p9_take64(struct p9_in *in)
{
	return take_number(in, 8);
}

void p9_take_string(struct p9_in *in, char *to, size_t size)
{
	size_t len = p9_take16(in);
	const uint8_t *p = take(in, len);

	*to = '\0';
	if (!p)
		return;
	if (memchr(p, 0, len)) {
		fail(in, -EINVAL);
	} else if (len >= size) {
		fail(in, -ENAMETOOLONG);
	} else {
		memcpy(to, p, len);
		to[len] = '\0';
	}
}

void p9_take_name(struct p9_in *in, char to[NAME_MAX + 1])
{
	p9_take_string(in, to, NAME_MAX + 1);
	if (!*to || strchr(to, '/') || !strcmp(to, ".") || !strcmp(to, ".."))
		fail(in, -EINVAL);
}

static void put_number(struct p9_out *out, uint64_t value, unsigned bytes)
{
	if (out->full || bytes > out->room - out->len) {
		out->full = true;
		return;
	}
	for (; bytes; bytes--, value >>= 8)
		out->p[out->len++] = (uint8_t)value;
}

void p9_put8(struct p9_out *out, uint8_t value)
{
	put_number(out, value, 1);
}

void p9_put16(struct p9_out *out, uint16_t value)
{
	put_number(out, value, 2);
}

void p9_put32(struct p9_out *out, uint32_t value)
{
	put_number(out, value, 4);
}

void p9_put64(struct p9_out *out, uint64_t value)
{
	put_number(out, value, 8);
}

void p9_put_string(struct p9_out *out, const char *text)
{
	size_t len = strlen(text);

	p9_put16(out, (uint16_t)len);
	if (out->full || len > UINT16_MAX || len > out->room - out->len) {
		out->full = true;
		return;
	}
	memcpy(out->p + out->len, text, len);
	out->len += len;
}
