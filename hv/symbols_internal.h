/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between symbols.c (asking) and symbols_read.c (reading files). */
#ifndef HV_SYMBOLS_INTERNAL_H
#define HV_SYMBOLS_INTERNAL_H

#include "hv/symbols.h"

/* More are not read: a kernel with everything built in has about 300,000. */
#define SYMBOLS_MAX (1u << 22)
/* How far a symbol without a size can reach when nothing follows it. */
#define SYMBOL_REACH (1u << 20)
/* Bytes of a name that are kept. */
#define SYMBOL_NAME_MAX 511
/* Of a text; that of a kernel has about 10 MB. */
#define SYMBOLS_TEXT_MAX (256u << 20)

struct symbols_entry {
	uint64_t addr; /* as linked */
	uint64_t size;
	uint32_t name; /* offset in names */
	char kind;
	bool unsized; /* the file does not say: until the table is finished, the most it can be */
	bool typed;   /* a function or an object, not a mere label */
	bool fixed;
	bool ambiguous; /* local, and others have its name */
};

struct symbols_table {
	struct symbols_entry *entry; /* located ones by address, then the fixed ones */
	uint32_t count, cap, located;
	char *names;
	size_t names_len, names_cap;
	uint32_t *hash; /* index + 1 of an entry by its name; open addressing */
	uint32_t hash_mask;
};

/* A file to be read: in memory, or by its descriptor. */
struct symbols_file {
	const char *name;
	int fd; /* -1: in memory */
	const void *data;
	size_t size;
};

/* -EINVAL and a sentence when it does not look like anything with symbols. */
int symbols_file_check(const struct symbols_file *f, struct error *err);
/* Fills an empty table. */
int symbols_file_read(const struct symbols_file *f, struct symbols_table *t, struct error *err);

/* symbols_table.c: adds one; -ENOMEM, -ENOSPC (there are SYMBOLS_MAX). */
int symbols_table_add(struct symbols_table *t, const struct symbols_entry *e, const char *name,
		      size_t len);
/* All are there: sorts them, completes sizes, makes the hash. */
int symbols_table_finish(struct symbols_table *t);
void symbols_table_free(struct symbols_table *t);
/* Index of an entry, UINT32_MAX when there is none. */
uint32_t symbols_table_find(const struct symbols_table *t, const char *name, size_t len);
uint32_t symbols_table_at(const struct symbols_table *t, uint64_t addr);

#endif
