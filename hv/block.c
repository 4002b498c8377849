// SPDX-License-Identifier: GPL-3.0-or-later
/* The list of disks: see block.h. */
#include "hv/block.h"

#include <inttypes.h>

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
	strbuf_printf(out, "%s: %s, drive %s%s%s, by %s\n", block->dev->name, i.file, i.drive,
		      i.readonly ? ", read-only" : "",
		      i.snapshot ? ", a snapshot: what is written is not kept" : "", i.how);
	strbuf_printf(out, "  %" PRIu64 " bytes, %" PRIu64 " sectors\n", i.size, i.size / 512);
	strbuf_printf(out,
		      "  read %" PRIu64 " bytes in %" PRIu64 " requests, written %" PRIu64
		      " in %" PRIu64 "; flushes %" PRIu64 ", others %" PRIu64 "\n",
		      i.bytes_read, i.reads, i.bytes_written, i.writes, i.flushes, i.others);
	strbuf_printf(out, "  errors %" PRIu64 ", in flight %u\n", i.errors, i.in_flight);
}

void block_describe(struct machine *m, struct strbuf *out)
{
	if (!m->blocks)
		strbuf_puts(out, "no disks: -drive adds one\n");
	for (struct block *block = m->blocks; block; block = block->next)
		describe(block, out);
}
