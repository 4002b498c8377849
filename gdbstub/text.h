/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the GDB protocol writes numbers, bytes and thread ids. Pure functions.
 *
 * Parsers advance *@p past what they took only when they return true.
 */
#ifndef GDBSTUB_TEXT_H
#define GDBSTUB_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/strbuf.h"

extern const char gdb_hex_chars[16];

/* The value of one hex digit, -1 for any other character. */
int gdb_hex_digit(char c);

/* 1 to 16 significant hex digits. */
bool gdb_parse_hex(const char **p, uint64_t *value);
/* The character @c. */
bool gdb_parse_char(const char **p, char c);
/* "ADDR,LEN". */
bool gdb_parse_range(const char **p, uint64_t *addr, uint64_t *len);
/* Exactly @len bytes from 2 * @len digits. */
bool gdb_parse_bytes(const char **p, void *bytes, size_t len);

/* "TID", "pPID" or "pPID.TID", where each may be -1: all, or 0: any. */
#define GDB_ID_ALL (-1)
#define GDB_ID_ANY 0
struct gdb_thread_id {
	int64_t pid, tid;
};
bool gdb_parse_thread(const char **p, struct gdb_thread_id *id);

/* Two digits for each byte. */
void gdb_put_hex(struct strbuf *out, const void *data, size_t len);
/* As it is, with '#', '$', '}' and '*' escaped. */
void gdb_put_binary(struct strbuf *out, const void *data, size_t len);
/* Text inside XML: '<', '>', '&' and quotes as entities, control characters dropped. */
void gdb_put_xml(struct strbuf *out, const char *text);

/* A JSON string with its quotes. */
void gdb_put_json(struct strbuf *out, const char *text);

/* A payload as a person wants to see it in a trace: on one line, cut at @size. */
void gdb_printable(char *out, size_t size, const void *data, size_t len);

#endif
