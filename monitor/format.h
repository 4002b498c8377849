/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values and memory as text, in the formats of gdb's x and print. */
#ifndef MONITOR_FORMAT_H
#define MONITOR_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "hv/strbuf.h"

/* Bytes of a size letter b h w g; of anything else as of g. */
size_t mon_size_bytes(char size);
/* A little-endian unit of @size bytes in format x d u o t a c or f, padded so that columns align.
 */
void mon_format_unit(struct strbuf *out, char format, const uint8_t *data, size_t size);
/* How many units of @size bytes stand in a line. */
size_t mon_format_per_line(char format, size_t size);
/* @len bytes as a "string" with C's escapes. */
void mon_format_string(struct strbuf *out, const uint8_t *data, size_t len);

#endif
