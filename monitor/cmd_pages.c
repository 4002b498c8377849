// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands about address spaces: info pg, gva2gpa, gpa2gva, gpa2hva. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/inspect_pages.h"
#include "hv/machine.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* Lines that info pg, and that gpa2gva shows. */
#define ROWS_MAX  4096
#define FOUND_MAX 64

typedef unsigned long long ull;

static struct inspect_space space_of(const struct mon_call *call, const struct mon_value *root)
{
	return (struct inspect_space){ .vcpu = call->session->cpu,
				       .root = root->set ? &root->num : NULL };
}

/* "1 GiB", "36 KiB" */
static void put_size(struct strbuf *out, uint64_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	char text[24];
	size_t unit = 0;

	while (size >= 1024 && size % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	snprintf(text, sizeof(text), "%llu %s", (ull)size, units[unit]);
	strbuf_printf(out, " %9s", text);
}

static void put_rights(struct strbuf *out, bool user, bool writable, bool executable, bool global)
{
	strbuf_printf(out, " %cr%c%c%c", user ? 'u' : '-', writable ? 'w' : '-',
		      executable ? 'x' : '-', global ? 'g' : '-');
}

/* ---- info pg ---- */

struct listing {
	struct strbuf *out;
	size_t rows;
};

static bool pg_row(void *opaque, const struct inspect_pages *p)
{
	struct listing *l = opaque;

	if (++l->rows > ROWS_MAX)
		return true;
	strbuf_printf(l->out, "%016llx-%016llx", (ull)p->start, (ull)p->last);
	put_size(l->out, p->last - p->start + 1);
	put_size(l->out, p->page_size);
	put_rights(l->out, p->user, p->writable, p->executable, p->global);
	if (p->scattered)
		strbuf_puts(l->out, "  scattered\n");
	else
		strbuf_printf(l->out, "  0x%llx\n", (ull)p->gpa);
	return true;
}

/* What is wrong with the tables, or was left out. */
static void put_findings(struct strbuf *out, const struct inspect_tables *t)
{
	if (t->reserved)
		strbuf_printf(
			out,
			"%llu entries have reserved bits set, the first for 0x%llx: an access "
			"faults\n",
			(ull)t->reserved, (ull)t->reserved_gva);
	if (t->outside)
		strbuf_printf(out,
			      "%llu entries lead to a table outside of RAM, the first for "
			      "0x%llx\n",
			      (ull)t->outside, (ull)t->outside_gva);
	if (t->cut)
		strbuf_printf(out,
			      "there are more than %u tables: from 0x%llx on they were not "
			      "read\n",
			      t->tables, (ull)t->cut_gva);
}

void mon_info_pg(struct mon_call *call)
{
	const struct inspect_space space = space_of(call, &call->arg[0]);
	struct strbuf rows = STRBUF_INIT;
	struct listing l = { .out = &rows };
	struct inspect_tables t;
	int rc;

	rc = inspect_pages(call->m, &space, pg_row, &l, &t);
	if (rc) {
		mon_error(call, "the paging mode cannot be read: %s", strerror(-rc));
	} else if (!t.on) {
		strbuf_puts(call->out, "paging is off: addresses are physical ones\n");
	} else {
		strbuf_printf(call->out, "%s, root 0x%llx, %u tables\n", t.mode, (ull)t.root,
			      t.tables);
		strbuf_add(call->out, strbuf_str(&rows), rows.len);
		if (l.rows > ROWS_MAX)
			strbuf_printf(call->out, "… and %zu more\n", l.rows - ROWS_MAX);
		put_findings(call->out, &t);
	}
	strbuf_free(&rows);
}

/* ---- single addresses ---- */

static void cmd_gva2gpa(struct mon_call *call)
{
	const struct inspect_space space = space_of(call, &call->arg[1]);
	struct inspect_translation t;
	int rc = inspect_translate(call->m, &space, call->arg[0].num, &t);

	if (rc == -EFAULT) {
		mon_error(call, "0x%llx is not mapped", (ull)call->arg[0].num);
	} else if (rc) {
		mon_error(call, "the paging mode cannot be read: %s", strerror(-rc));
	} else {
		strbuf_printf(call->out, "0x%llx  page", (ull)t.gpa);
		put_size(call->out, t.page_size);
		put_rights(call->out, t.user, t.writable, t.executable, false);
		strbuf_puts(call->out, "\n");
	}
}

static bool gva_row(void *opaque, const struct inspect_pages *p)
{
	struct listing *l = opaque;

	if (l->rows++ == FOUND_MAX) {
		strbuf_puts(l->out, "… and more\n");
		return false;
	}
	strbuf_printf(l->out, "0x%llx  page", (ull)p->start);
	put_size(l->out, p->page_size);
	put_rights(l->out, p->user, p->writable, p->executable, p->global);
	strbuf_puts(l->out, "\n");
	return true;
}

static void cmd_gpa2gva(struct mon_call *call)
{
	const struct inspect_space space = space_of(call, &call->arg[1]);
	struct listing l = { .out = call->out };
	struct inspect_tables t;
	int rc = inspect_reverse(call->m, &space, call->arg[0].num, gva_row, &l, &t);

	if (rc)
		mon_error(call, "the paging mode cannot be read: %s", strerror(-rc));
	else if (!t.on)
		strbuf_puts(call->out, "paging is off: addresses are physical ones\n");
	else if (!l.rows)
		mon_error(call, "nothing leads to 0x%llx%s", (ull)call->arg[0].num,
			  t.cut ? " in the part of the tables that was read" : "");
}

/* The words are those that programs which talk to QEMU's monitor look for. */
static void cmd_gpa2hva(struct mon_call *call)
{
	uint64_t gpa = call->arg[0].num;
	const void *p = memory_ptr(call->m->ram, gpa, 1);

	if (p)
		strbuf_printf(call->out, "Host virtual address for 0x%llx (ram) is %p\n", (ull)gpa,
			      p);
	else
		mon_error(call, "no RAM is at 0x%llx", (ull)gpa);
}

const struct mon_arg mon_info_pg_args[] = {
	{ "CR3", &mon_arg_address, true, 0, 0,
	  "of another address space; the current one's unless given" },
	{ 0 },
};

static const struct mon_arg gva_args[] = {
	{ "GVA", &mon_arg_address, false, 0, 0, "a virtual address" },
	{ "CR3", &mon_arg_address, true, 0, 0, "of another address space" },
	{ 0 },
};

static const struct mon_arg gpa_args[] = {
	{ "GPA", &mon_arg_address, false, 0, 0, "a physical address" },
	{ "CR3", &mon_arg_address, true, 0, 0, "of another address space" },
	{ 0 },
};

static const struct mon_arg hva_args[] = {
	{ "GPA", &mon_arg_address, false, 0, 0, "a physical address" },
	{ 0 },
};

const struct mon_command mon_pages_commands[] = {
	{
		.name = "gva2gpa",
		.args = gva_args,
		.help = "where a virtual address leads",
		.detail = "Rights are u user, r, w, x.",
		.examples = (const char *const[]){ "gva2gpa $pc", "gva2gpa $pc 0x1000", NULL },
		.run = cmd_gva2gpa,
	},
	{
		.name = "gpa2gva",
		.args = gpa_args,
		.help = "which virtual addresses lead to a physical one",
		.examples = (const char *const[]){ "gpa2gva 0x100000", NULL },
		.run = cmd_gpa2gva,
	},
	{
		.name = "gpa2hva",
		.args = hva_args,
		.help = "where a physical address is in vitrine's own memory",
		.detail = "For a debugger attached to vitrine itself.",
		.examples = (const char *const[]){ "gpa2hva 0x100000", NULL },
		.run = cmd_gpa2hva,
	},
	{ 0 },
};
