// SPDX-License-Identifier: GPL-3.0-or-later
/* hv/inspect.h over the machine without KVM of fake_control.h: nothing moves in it. */
#include "hv/inspect.h"
#include "hv/inspect_exits.h"
#include "hv/inspect_stats.h"
#include "hv/inspect_vcpu.h"
#include "hv/inspect_irq.h"
#include "hv/inspect_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit-mon/fake_control.h"

void inspect_irqs(struct machine *m, struct strbuf *out)
{
	(void)m;
	strbuf_puts(out, "GSI 4, down\n");
}

int inspect_controller(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		       struct error *err)
{
	(void)m;
	if (!strcmp(name, "pit"))
		return error_set(err, -ENOENT, "this processor has no pit");
	strbuf_printf(out, "%s of vCPU %d\n", name, vcpu);
	return 0;
}

struct symbols *inspect_symbols(struct machine *m, int vcpu)
{
	(void)vcpu;
	return m->symbols;
}

/* ---- pages: RAM at its own addresses, and once more above, page by page in reverse ---- */

#define MIRROR 0xffffffff80000000ull

static struct inspect_tables tables_of(const struct inspect_space *space)
{
	return (struct inspect_tables){ .mode = "2-level paging",
					.on = !space->root || *space->root,
					.root = space->root ? *space->root : 0x5000,
					.tables = 3,
					.reserved = space->root ? 2 : 0,
					.reserved_gva = 0x7000,
					.outside = space->root ? 1 : 0,
					.cut = space->root };
}

int inspect_pages(struct machine *m, const struct inspect_space *space,
		  bool (*row)(void *opaque, const struct inspect_pages *pages), void *opaque,
		  struct inspect_tables *tables)
{
	const struct inspect_pages rows[] = {
		{ 0, memory_size(m->ram) - 1, 0, 4096, true, true, false, false, false },
		{ MIRROR, MIRROR + 0x1fffff, 0, 4096, false, false, true, true, true },
	};

	*tables = tables_of(space);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && row(opaque, &rows[i]); i++)
		;
	return 0;
}

int inspect_translate(struct machine *m, const struct inspect_space *space, uint64_t gva,
		      struct inspect_translation *out)
{
	*out = (struct inspect_translation){ .page_size = 4096, .writable = true };
	return control_translate(m, space->vcpu, gva, &out->gpa);
}

int inspect_reverse(struct machine *m, const struct inspect_space *space, uint64_t gpa,
		    bool (*found)(void *opaque, const struct inspect_pages *page), void *opaque,
		    struct inspect_tables *tables)
{
	struct inspect_pages page = { .start = gpa, .page_size = 4096, .user = true };

	*tables = tables_of(space);
	if (gpa < memory_size(m->ram))
		for (unsigned i = 0; i < 100 && found(opaque, &page); i++)
			page.start += 0x10000000;
	return 0;
}

int inspect_view(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		 struct error *err)
{
	(void)m;
	(void)err;
	strbuf_printf(out, "%s of vCPU %d\n", name, vcpu);
	return 0;
}

bool inspect_exit(struct machine *m, int vcpu, unsigned reason, struct exit_stat *out,
		  const char **name)
{
	(void)m;
	*out = (struct exit_stat){ 0 };
	*name = "KVM_EXIT_IO";
	if (!vcpu && reason == 2)
		*out = (struct exit_stat){
			.count = 8, .timed = 4, .ns = 4400, .bucket = { 1, 0, 3 }
		};
	return reason < EXIT_REASONS;
}

/* One of each kind; of vCPU 1 they are 0. */
int inspect_stats(struct machine *m, int vcpu, struct stats *out, struct error *err)
{
	static const uint64_t zeros[8], number[] = { 42 }, ns[] = { 1500000 }, yes[] = { 1 },
					pages[] = { 3 }, linear[] = { 1, 0, 2 },
					log[] = { 5, 0, 0, 10, 1 };
	const struct stats_item items[] = {
		{ "exits", STATS_CUMULATIVE, STATS_NONE, 10, 0, 0, 1, number },
		{ "wait_ns", STATS_CUMULATIVE, STATS_SECONDS, 10, -9, 0, 1, ns },
		{ "blocking", STATS_INSTANT, STATS_BOOLEAN, 10, 0, 0, 1, yes },
		{ "used", STATS_PEAK, STATS_BYTES, 2, 10, 0, 1, pages },
		{ "spread", STATS_LINEAR, STATS_CYCLES, 10, 0, 100, 3, linear },
		{ "wait_hist", STATS_LOG, STATS_SECONDS, 10, -9, 0, 5, log },
		{ "idle", STATS_INSTANT, STATS_NONE, 10, 3, 0, 1, zeros },
	};
	const size_t count = sizeof(items) / sizeof(items[0]);

	*out = (struct stats){ 0 };
	if (((struct fake *)m)->no_stats)
		return error_set(err, -ENOTSUP, "this KVM has no statistics");
	out->id = strdup("kvm-1");
	out->item = calloc(count, sizeof(items[0]));
	if (!out->id || !out->item)
		return error_set(err, -ENOMEM, "out of memory");
	memcpy(out->item, items, sizeof(items));
	out->count = count;
	for (size_t i = 0; vcpu == 1 && i < count; i++)
		out->item[i].value = zeros;
	return 0;
}
