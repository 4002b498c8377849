/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words that could complete what was typed: the first ones of them, and what all begin with.
 *
 * A kernel has a hundred thousand symbols; nobody reads them all.
 */
#ifndef MONITOR_WORDS_H
#define MONITOR_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* More are counted and not kept, … */
#define WORDS_MAX 1000
/* … as are those that would make them longer than this in all. */
#define WORDS_BYTES 49152

struct words {
	char *word[WORDS_MAX + 1];
	size_t count, bytes;
	char *common; /* what all begin with, also those that were not kept; NULL: there was none */
	bool cut;     /* some were not kept */
};

/* Has the type that mon_complete() calls; @words is a struct words, zeroed at first. */
void words_add(void *words, const char *word);
/*
 * To be called behind the last one: if some were left out, what all have in common becomes a word
 * itself. So whoever looks for the common beginning of the list finds the right one.
 */
void words_end(struct words *words);
void words_free(struct words *words);

#endif
