// SPDX-License-Identifier: GPL-3.0-or-later
/* The list of disks: see block.h. */
#include "hv/block.h"

#include <inttypes.h>

#include "hv/fields.h"
#include "hv/machine.h"

void block_add(struct machine *m, struct block *block)
{
	struct block **link;

	for (link = &m->blocks; *link; link = &(*link)->next)
		;
	block->next = NULL;
	*link = block;
}

void block_remove(struct machine *m, struct block *block)
{
	struct block **link;

	for (link = &m->blocks; *link && *link != block; link = &(*link)->next)
		;
	if (*link)
		*link = block->next;
}

struct block *block_at(struct machine *m, unsigned n)
{
	struct block *block = m->blocks;

	while (block && n--)
		block = block->next;
	return block;
}

static void describe(struct block *block, struct strbuf *out)
{
	struct block_info i = { 0 };

	block->info(block, &i);
	data_object(out, NULL);
	field_str(out, "device", "%s: ", block->dev->name);
	field_str(out, "file", "%s, ", i.file);
	field_str(out, "drive", "drive %s", i.drive);
	field_bool(out, "readonly", i.readonly, ", read-only", "");
	field_bool(out, "snapshot", i.snapshot, ", a snapshot: what is written is not kept", "");
	field_str(out, "how", ", by %s\n", i.how);
	field_u64(out, "size", "  %llu bytes, ", i.size);
	strbuf_printf(out, "%" PRIu64 " sectors\n", i.size / 512);
	field_u64(out, "bytes_read", "  read %llu bytes", i.bytes_read);
	field_u64(out, "reads", " in %llu requests", i.reads);
	field_u64(out, "bytes_written", ", written %llu", i.bytes_written);
	field_u64(out, "writes", " in %llu; ", i.writes);
	field_u64(out, "flushes", "flushes %llu, ", i.flushes);
	field_u64(out, "others", "others %llu\n", i.others);
	field_u64(out, "errors", "  errors %llu, ", i.errors);
	field_u64(out, "in_flight", "in flight %llu\n", i.in_flight);
	data_end(out);
}

void block_describe(struct machine *m, struct strbuf *out)
{
	if (!m->blocks)
		strbuf_puts(out, "no disks: -drive adds one\n");
	for (struct block *block = m->blocks; block; block = block->next)
		describe(block, out);
}
