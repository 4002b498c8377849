// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The table of symbols: sorted by address for "what is here", hashed by name for "where is it".
 */
#include "hv/symbols_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
/* Symbols before an address that are looked at for one that encloses it. */
#define ENCLOSING_MAX 16

static int add_name(struct symbols_table *t, const char *name, size_t len, uint32_t *offset)
{
	if (t->names_cap - t->names_len <= len) {
		size_t cap = t->names_cap ? 2 * t->names_cap : 1 << 16;
		char *names = realloc(t->names, cap);

		if (!names)
			return -ENOMEM;
		t->names = names;
		t->names_cap = cap;
	}
	if (t->names_len > UINT32_MAX - len - 1)
		return -ENOSPC;
	*offset = (uint32_t)t->names_len;
	memcpy(t->names + t->names_len, name, len);
	t->names[t->names_len + len] = '\0';
	t->names_len += len + 1;
	return 0;
}

int symbols_table_add(struct symbols_table *t, const struct symbols_entry *e, const char *name,
		      size_t len)
{
	struct symbols_entry *to;
	int ret;

	if (len > SYMBOL_NAME_MAX)
		len = SYMBOL_NAME_MAX;
	if (t->count == SYMBOLS_MAX)
		return -ENOSPC;
	if (t->count == t->cap) {
		uint32_t cap = t->cap ? 2 * t->cap : 1024;

		to = reallocarray(t->entry, cap, sizeof(*to));
		if (!to)
			return -ENOMEM;
		t->entry = to;
		t->cap = cap;
	}
	to = &t->entry[t->count];
	*to = *e;
	ret = add_name(t, name, len, &to->name);
	if (!ret)
		t->count++;
	return ret;
}

/* ---- finishing ---- */

static uint64_t address_of(const struct symbols_table *t, const char *name)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (!strcmp(t->names + t->entry[i].name, name))
			return t->entry[i].addr;
	return UINT64_MAX;
}

/* Linux before 6.15 links the per-CPU area at 0: what lies there is an offset (SMP, x86-64). */
static void mark_per_cpu(struct symbols_table *t)
{
	uint64_t end;

	if (address_of(t, "__per_cpu_start") != 0)
		return;
	end = address_of(t, "__per_cpu_end");
	for (uint32_t i = 0; end != UINT64_MAX && i < t->count; i++)
		if (t->entry[i].addr <= end)
			t->entry[i].fixed = true;
}

static bool is_global(const struct symbols_entry *e)
{
	return isupper((unsigned char)e->kind);
}

/* Of several at one place the best comes last. */
static unsigned rank(const struct symbols_entry *e)
{
	return e->typed * 4u + is_global(e) * 2u + !e->unsized;
}

static int compare(const void *left, const void *right)
{
	const struct symbols_entry *a = left, *b = right;

	if (a->fixed != b->fixed)
		return a->fixed - b->fixed;
	if (a->addr != b->addr)
		return a->addr < b->addr ? -1 : 1;
	if (rank(a) != rank(b))
		return rank(a) < rank(b) ? -1 : 1;
	/* As the file has them. */
	return a->name < b->name ? -1 : a->name > b->name;
}

static void complete_sizes(struct symbols_table *t)
{
	uint64_t next = UINT64_MAX, here = UINT64_MAX;

	for (uint32_t i = t->located; i-- > 0;) {
		struct symbols_entry *e = &t->entry[i];

		if (e->addr != here) {
			next = here;
			here = e->addr;
		}
		if (e->unsized && next - here < e->size)
			e->size = next - here;
	}
}

static uint32_t hash_of(const char *name, size_t len)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

static bool has_name(const struct symbols_table *t, uint32_t i, const char *name, size_t len)
{
	const char *own = t->names + t->entry[i].name;

	return !strncmp(own, name, len) && !own[len];
}

/* Where @name is in the hash, or could be put. */
static uint32_t *slot_of(const struct symbols_table *t, const char *name, size_t len)
{
	uint32_t at = hash_of(name, len) & t->hash_mask;

	while (t->hash[at] && !has_name(t, t->hash[at] - 1, name, len))
		at = (at + 1) & t->hash_mask;
	return &t->hash[at];
}

static int make_hash(struct symbols_table *t)
{
	uint32_t size = 16;

	while (size < 2 * t->count)
		size *= 2;
	t->hash = calloc(size, sizeof(*t->hash));
	if (!t->hash)
		return -ENOMEM;
	t->hash_mask = size - 1;
	for (uint32_t i = 0; i < t->count; i++) {
		const char *name = t->names + t->entry[i].name;
		uint32_t *slot = slot_of(t, name, strlen(name));
		struct symbols_entry *first = *slot ? &t->entry[*slot - 1] : NULL;

		if (!first || (is_global(&t->entry[i]) && !is_global(first)))
			*slot = i + 1;
		else if (!is_global(first) && first->addr != t->entry[i].addr)
			first->ambiguous = true;
	}
	return 0;
}

int symbols_table_finish(struct symbols_table *t)
{
	if (!t->count)
		return 0;
	mark_per_cpu(t);
	qsort(t->entry, t->count, sizeof(*t->entry), compare);
	while (t->located < t->count && !t->entry[t->located].fixed)
		t->located++;
	complete_sizes(t);
	return make_hash(t);
}

void symbols_table_free(struct symbols_table *t)
{
	free(t->entry);
	free(t->names);
	free(t->hash);
	*t = (struct symbols_table){ 0 };
}

/* ---- asking ---- */

uint32_t symbols_table_find(const struct symbols_table *t, const char *name, size_t len)
{
	if (!t->hash || !len || len > SYMBOL_NAME_MAX)
		return NONE;
	return *slot_of(t, name, len) - 1;
}

uint32_t symbols_table_at(const struct symbols_table *t, uint64_t addr)
{
	uint32_t low = 0, high = t->located;

	/* The first one behind @addr. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (t->entry[middle].addr <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	for (uint32_t i = low, n = 0; i-- > 0 && n < ENCLOSING_MAX; n++)
		if (addr - t->entry[i].addr < t->entry[i].size)
			return i;
	return NONE;
}
