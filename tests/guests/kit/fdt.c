// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A reader of flattened device trees (Devicetree Specification 0.4, chapter 5).
 *
 * The tree is a stream of big-endian words: BEGIN_NODE with a name, PROP with
 * a length and an offset into the strings, END_NODE. All properties of a node
 * come before its first child, so a node is complete at whichever of the next
 * BEGIN_NODE and END_NODE comes first.
 */
#include "tests/guests/kit/kit.h"

#define FDT_MAGIC      0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP	       4
#define FDT_MAX_DEPTH  8
#define FDT_MAX_SIZE   0x100000

struct fdt_header {
	uint32_t magic, totalsize, off_dt_struct, off_dt_strings, off_mem_rsvmap;
	uint32_t version, last_comp_version, boot_cpuid_phys;
	uint32_t size_dt_strings, size_dt_struct;
};

struct reader {
	const char *strings;
	uint32_t strings_size;
	const uint8_t *at, *end;
	struct fdt_node node;
	bool pending; /* node has been read but not yet visited */
	int depth;
	uint32_t address_cells[FDT_MAX_DEPTH + 1]; /* for the children at this depth */
};

static uint32_t be32(const void *p)
{
	return __builtin_bswap32(*(const uint32_t *)p);
}

static bool next_word(struct reader *r, uint32_t *word)
{
	if (r->end - r->at < 4)
		return false;
	*word = be32(r->at);
	r->at += 4;
	return true;
}

static void visit_pending(struct reader *r, void (*visit)(const struct fdt_node *))
{
	if (r->pending)
		visit(&r->node);
	r->pending = false;
}

static bool begin_node(struct reader *r)
{
	size_t n = 0;

	if (++r->depth > FDT_MAX_DEPTH)
		return false;
	r->address_cells[r->depth] = 2; /* the default of the specification, 2.3.5 */
	r->node = (struct fdt_node){ .name = "" };
	while (r->at < r->end && *r->at) {
		if (n + 1 < FDT_NAME_MAX)
			r->node.name[n++] = *r->at;
		r->at++;
	}
	r->node.name[n] = '\0';
	r->at = (const uint8_t *)(((uintptr_t)r->at + 4) & ~3ul);
	r->pending = true;
	return r->at <= r->end;
}

static void take_property(struct reader *r, const char *name, const uint8_t *value, uint32_t size)
{
	uint32_t cells = r->address_cells[r->depth - 1];

	if (!strcmp(name, "compatible") && size && !value[size - 1]) {
		r->node.compatible = (const char *)value;
		r->node.compatible_size = size;
	} else if (!strcmp(name, "device_type") && size && !value[size - 1]) {
		r->node.device_type = (const char *)value;
	} else if (!strcmp(name, "#address-cells") && size == 4) {
		r->address_cells[r->depth] = be32(value);
	} else if (!strcmp(name, "reg") && cells && cells <= 3 && size >= 4 * cells) {
		r->node.reg = be32(value + 4 * (cells - 1));
		r->node.has_reg = true;
	}
}

static bool property(struct reader *r)
{
	uint32_t size, name;

	if (!next_word(r, &size) || !next_word(r, &name))
		return false;
	if (size > (size_t)(r->end - r->at) || name >= r->strings_size || !r->depth)
		return false;
	take_property(r, r->strings + name, r->at, size);
	r->at += (size + 3) & ~3u;
	return r->at <= r->end;
}

bool fdt_is_one(const void *tree)
{
	const struct fdt_header *h = tree;
	uint32_t size = be32(&h->totalsize);

	return be32(&h->magic) == FDT_MAGIC && size <= FDT_MAX_SIZE &&
	       be32(&h->off_dt_struct) <= size &&
	       be32(&h->size_dt_struct) <= size - be32(&h->off_dt_struct) &&
	       be32(&h->off_dt_strings) <= size &&
	       be32(&h->size_dt_strings) <= size - be32(&h->off_dt_strings);
}

bool fdt_walk(const void *tree, void (*visit)(const struct fdt_node *node))
{
	const struct fdt_header *h = tree;
	struct reader r = {
		.strings = (const char *)tree + be32(&h->off_dt_strings),
		.strings_size = be32(&h->size_dt_strings),
		.at = (const uint8_t *)tree + be32(&h->off_dt_struct),
		.address_cells = { 2 },
	};
	uint32_t token;

	r.end = r.at + be32(&h->size_dt_struct);
	while (next_word(&r, &token)) {
		if (token == FDT_BEGIN_NODE) {
			visit_pending(&r, visit);
			if (!begin_node(&r))
				return false;
		} else if (token == FDT_END_NODE) {
			visit_pending(&r, visit);
			if (--r.depth <= 0)
				return r.depth == 0;
		} else if (token == FDT_PROP) {
			if (!property(&r))
				return false;
		} else if (token != FDT_NOP) {
			return false;
		}
	}
	return false;
}

bool fdt_compatible(const struct fdt_node *node, const char *with)
{
	const char *at = node->compatible;

	if (!at)
		return false;
	for (; at < node->compatible + node->compatible_size; at += strlen(at) + 1)
		if (!strcmp(at, with))
			return true;
	return false;
}
