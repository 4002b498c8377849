// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Samples with names: see profile_tree.h.
 *
 * A stack is followed from its pc to the callers as long as each is the address of a known
 * function: what a frame pointer that is none has led to ends it.
 */
#include "monitor/profile_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hv/inspect.h"
#include "hv/profile.h"

#define PAGE	 4096u
#define KEY_ROOT 0
#define KEY_USER 1

/* What a frame is called. */
struct frame {
	uint64_t key;
	char name[PROFILE_NAME_MAX];
};

/* @addr is the pc, or with @returned behind a call, which may be the last instruction of its
 * function. False: no symbol is there. */
static bool name_of(struct symbols *symbols, uint64_t addr, bool returned, struct frame *out)
{
	struct symbol symbol;

	if (!symbols_at(symbols, addr - returned, &symbol))
		return false;
	out->key = symbol.addr;
	snprintf(out->name, sizeof(out->name), "%s", symbol.name);
	return true;
}

static unsigned name_stack(struct symbols *symbols, const struct profile_stack *s,
			   struct frame out[PROFILE_DEPTH])
{
	unsigned n = 1;

	if (!s->depth) {
		out[0] = (struct frame){ .key = KEY_USER, .name = "[user]" };
		return 1;
	}
	if (!name_of(symbols, s->frame[0], false, &out[0])) {
		out[0].key = s->frame[0] & ~(uint64_t)(PAGE - 1);
		snprintf(out[0].name, sizeof(out[0].name), "[0x%" PRIx64 "]", out[0].key);
	}
	while (n < s->depth && name_of(symbols, s->frame[n], true, &out[n]))
		n++;
	return n;
}

static struct profile_node *new_node(const struct frame *frame)
{
	struct profile_node *node = calloc(1, sizeof(*node));

	if (node) {
		node->key = frame->key;
		memcpy(node->name, frame->name, sizeof(node->name));
	}
	return node;
}

/* The node of @frame in the list at @head, made if there is none. NULL: no memory. */
static struct profile_node *node_in(struct profile_node **head, const struct frame *frame)
{
	while (*head && (*head)->key != frame->key)
		head = &(*head)->next;
	if (!*head)
		*head = new_node(frame);
	return *head;
}

static void add_to_tree(struct profile_tree *t, const struct frame *frames, unsigned n,
			uint64_t count)
{
	struct profile_node *at = &t->root;

	at->total += count;
	while (n--) {
		at = node_in(&at->child, &frames[n]);
		if (!at) {
			t->failed = true;
			return;
		}
		at->total += count;
	}
	at->self += count;
}

/* One that is in a stack several times counts once. */
static bool seen_below(const struct frame *frames, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (frames[i].key == frames[n].key)
			return true;
	return false;
}

static void add_to_list(struct profile_tree *t, const struct frame *frames, unsigned n,
			uint64_t count)
{
	struct profile_node *node;

	for (unsigned i = 0; i < n; i++) {
		node = node_in(&t->list, &frames[i]);
		if (!node) {
			t->failed = true;
			return;
		}
		node->self += i ? 0 : count;
		node->total += seen_below(frames, i) ? 0 : count;
	}
}

/* ---- order ---- */

static int hottest_first(const void *a, const void *b)
{
	const struct profile_node *x = *(struct profile_node *const *)a;
	const struct profile_node *y = *(struct profile_node *const *)b;

	if (x->self != y->self)
		return x->self < y->self ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(struct profile_node *const *)a)->name,
		      (*(struct profile_node *const *)b)->name);
}

/* A list stays as it is when there is no memory for that. */
static void sort(struct profile_node **head, int (*compare)(const void *a, const void *b))
{
	struct profile_node **all;
	size_t n = 0;

	for (const struct profile_node *p = *head; p; p = p->next)
		n++;
	all = n > 1 ? calloc(n, sizeof(struct profile_node *)) : NULL;
	if (!all)
		return;
	n = 0;
	for (struct profile_node *p = *head; p; p = p->next)
		all[n++] = p;
	qsort(all, n, sizeof(struct profile_node *), compare);
	for (size_t i = 0; i < n; i++)
		all[i]->next = i + 1 < n ? all[i + 1] : NULL;
	*head = all[0];
	free(all);
}

static void sort_tree(struct profile_node *node)
{
	sort(&node->child, by_name);
	for (struct profile_node *c = node->child; c; c = c->next)
		sort_tree(c);
}

/* ---- the whole ---- */

void profile_tree_make(struct profile_tree *t, struct machine *m, int cpu)
{
	struct symbols *symbols = inspect_symbols(m, cpu);
	struct frame frames[PROFILE_DEPTH];
	struct profile_stack s;
	unsigned n;

	*t = (struct profile_tree){ .root = { .name = "all", .key = KEY_ROOT } };
	for (size_t i = 0; profile_get(m, i, &s); i++) {
		if (!s.count)
			continue;
		n = name_stack(symbols, &s, frames);
		add_to_tree(t, frames, n, s.count);
		add_to_list(t, frames, n, s.count);
	}
	sort_tree(&t->root);
	sort(&t->list, hottest_first);
}

static void free_list(struct profile_node *node)
{
	struct profile_node *next;

	for (; node; node = next) {
		next = node->next;
		free_list(node->child);
		free(node);
	}
}

void profile_tree_free(struct profile_tree *t)
{
	free_list(t->root.child);
	free_list(t->list);
}

/* ---- folded ---- */

/* @path: the names above, each with the one that it lies in. */
struct path {
	const struct profile_node *node;
	const struct path *above;
};

static void put_path(const struct path *p, FILE *f)
{
	if (p->above) {
		put_path(p->above, f);
		fputc(';', f);
	}
	fputs(p->node->name, f);
}

static void put_stacks(const struct profile_node *node, const struct path *above, FILE *f)
{
	const struct path p = { node, above };

	if (node->self) {
		put_path(&p, f);
		fprintf(f, " %" PRIu64 "\n", node->self);
	}
	for (const struct profile_node *c = node->child; c; c = c->next)
		put_stacks(c, &p, f);
}

void profile_put_folded(const struct profile_tree *t, FILE *f)
{
	for (const struct profile_node *c = t->root.child; c; c = c->next)
		put_stacks(c, NULL, f);
}
