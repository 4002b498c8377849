/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names of the guest's addresses: the symbol table of an ELF file, or a text of the form of
 * System.map and /proc/kallsyms.
 *
 * A thread of its own reads the file, so that a kernel with 150,000 symbols does not delay the
 * start; who asks before it is done waits for it. Afterwards the table does not change, but for the
 * slide: how far a kernel that places itself at random (KASLR) runs from where it was linked.
 * Symbols that do not move with it (absolute ones, offsets into a per-CPU area that begins at 0)
 * have a value and are never the name of an address.
 *
 * Any thread, but for opening and closing. A NULL table has no symbols.
 */
#ifndef HV_SYMBOLS_H
#define HV_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

struct symbols;

struct symbol {
	const char *name; /* the table's */
	uint64_t addr;	  /* in the guest: the slide is added */
	uint64_t size;	  /* up to the next symbol where the file does not say */
	char kind;	  /* as nm shows it: T t D d …; upper case is global */
	bool fixed;	  /* does not move */
};

/*
 * Opens @path and begins to read it. -ENOENT, -EINVAL (neither ELF nor text of that form) and the
 * like, with a sentence.
 */
int symbols_open(struct symbols **out, const char *path, struct error *err);
/* The same for an ELF file in memory, which outlives the table. */
int symbols_open_memory(struct symbols **out, const char *name, const void *data, size_t size,
			struct error *err);
void symbols_close(struct symbols *s);

/* Waits until the file is read. -EINVAL and a sentence: nothing could be read. */
int symbols_wait(struct symbols *s, struct error *err);
/* How many there are; 0 for NULL. */
size_t symbols_count(struct symbols *s);
/* Where they come from, for a person. */
const char *symbols_source(const struct symbols *s);

/*
 * By name (@len bytes). -ENOENT: none. -ENOTUNIQ: several local ones have this name and no global
 * one; @out is the first.
 */
int symbols_find(struct symbols *s, const char *name, size_t len, struct symbol *out);
/* The one that @addr lies in; the innermost, and of several at one place the best known. */
bool symbols_at(struct symbols *s, uint64_t addr, struct symbol *out);
/* The @n-th: in order of address, then those that are fixed. False past the end. */
bool symbols_get(struct symbols *s, size_t n, struct symbol *out);

enum symbols_slide_source {
	SLIDE_UNKNOWN, /* 0 so far */
	SLIDE_FOUND,   /* by looking at the guest */
	SLIDE_GIVEN,   /* by a person */
};
uint64_t symbols_slide(const struct symbols *s);
enum symbols_slide_source symbols_slide_source(const struct symbols *s);
/* With SLIDE_UNKNOWN, @slide is 0. */
void symbols_set_slide(struct symbols *s, uint64_t slide, enum symbols_slide_source source);

#endif
