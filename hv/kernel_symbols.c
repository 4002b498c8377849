// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The guest kernel's symbols, and how far it has moved itself.
 *
 * The processor has addresses of the kernel's in its registers and tables that the kernel's own
 * names are known for: the handler of exception 0, say. Where one of those lies in the guest, less
 * where the table has it, may be the slide; it is, when the guest's memory has the text of the
 * kernel's banner where that makes it.
 */
#include "hv/kernel_symbols.h"

#include <errno.h>
#include <string.h>

#include "hv/inspect.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

#define PAGE	      4096ull
#define BANNER_SYMBOL "linux_banner"
static const char banner_text[] = "Linux version ";

/* ---- which file ---- */

static int open_kernel(struct machine *m, struct symbols **out, struct error *err)
{
	const struct machine_config *cfg = m->cfg;

	if (cfg->kernel_data)
		return symbols_open_memory(out, cfg->kernel, cfg->kernel_data, cfg->kernel_size,
					   err);
	return symbols_open(out, cfg->kernel, err);
}

static int open_any(struct machine *m, struct symbols **out, struct error *err)
{
	int ret = 0;

	*out = NULL;
	if (m->cfg->symbols)
		ret = symbols_open(out, m->cfg->symbols, err);
	else if (open_kernel(m, out, NULL))
		*out = NULL; /* it has none, as most have */
	if (ret)
		error_prefix(err, "-symbols");
	return ret;
}

int kernel_symbols_open(struct machine *m, struct error *err)
{
	return open_any(m, &m->symbols, err);
}

void kernel_symbols_reload(struct machine *m)
{
	struct symbols *fresh;
	struct error err;

	if (open_any(m, &fresh, &err)) {
		control_message(m, "the symbols are gone: %s", err.text);
		fresh = NULL;
	}
	symbols_close(m->symbols);
	m->symbols = fresh;
}

void kernel_symbols_forget_slide(struct machine *m)
{
	if (m->symbols && symbols_slide_source(m->symbols) == SLIDE_FOUND)
		symbols_set_slide(m->symbols, 0, SLIDE_UNKNOWN);
}

void kernel_symbols_close(struct machine *m)
{
	symbols_close(m->symbols);
	m->symbols = NULL;
}

/* ---- the slide ---- */

struct slide_search {
	struct symbols *symbols;
	const struct symbol *banner;
};

static bool banner_is_at(struct vcpu *v, uint64_t addr)
{
	char text[sizeof(banner_text) - 1];

	return vcpu_mem_read(v, addr, text, sizeof(text)) == (ssize_t)sizeof(text) &&
	       !memcmp(text, banner_text, sizeof(text));
}

static void on_search(struct vcpu *v, void *arg)
{
	struct slide_search *s = arg;
	struct arch_kernel_entry entries[ARCH_KERNEL_ENTRIES];
	size_t count = arch_kernel_entries(v, entries);
	struct symbol symbol;

	for (size_t i = 0; i < count; i++) {
		uint64_t slide;

		if (symbols_find(s->symbols, entries[i].symbol, strlen(entries[i].symbol), &symbol))
			continue;
		slide = entries[i].addr - symbol.addr;
		if (slide % PAGE || !banner_is_at(v, s->banner->addr + slide))
			continue;
		symbols_set_slide(s->symbols, slide, SLIDE_FOUND);
		return;
	}
}

struct symbols *inspect_symbols(struct machine *m, int vcpu)
{
	struct slide_search s = { .symbols = m->symbols };
	struct symbol banner;

	if (!m->symbols || symbols_slide_source(m->symbols) != SLIDE_UNKNOWN ||
	    !control_vcpu_exists(m, vcpu) ||
	    symbols_find(m->symbols, BANNER_SYMBOL, strlen(BANNER_SYMBOL), &banner))
		return m->symbols;
	s.banner = &banner;
	vcpu_run_on(m->vcpus[vcpu], on_search, &s);
	return m->symbols;
}
