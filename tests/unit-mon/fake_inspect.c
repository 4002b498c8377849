// SPDX-License-Identifier: GPL-3.0-or-later
/* hv/inspect.h over the machine without KVM of fake_control.h: nothing moves in it. */
#include "hv/inspect.h"
#include "hv/inspect_exits.h"
#include "hv/inspect_vcpu.h"
#include "hv/inspect_irq.h"
#include "hv/inspect_pages.h"

#include <errno.h>
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
