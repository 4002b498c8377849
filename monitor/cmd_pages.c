// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands about address spaces: info pg, gva2gpa, gpa2gva, gpa2hva. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/fields.h"
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
static void put_size(struct strbuf *out, const char *key, uint64_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	char text[24];
	size_t unit = 0;

	data_u64(out, key, size);

	while (size >= 1024 && size % 1024 == 0 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		unit++;
	}
	snprintf(text, sizeof(text), "%llu %s", (ull)size, units[unit]);
	strbuf_printf(out, " %9s", text);
}

static void put_rights(struct strbuf *out, bool user, bool writable, bool executable, bool global)
{
	field_bool(out, "user", user, " u", " -");
	field_bool(out, "writable", writable, "rw", "r-");
	field_bool(out, "executable", executable, "x", "-");
	field_bool(out, "global", global, "g", "-");
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
	data_object(l->out, NULL);
	field_u64(l->out, "start", "%016llx", p->start);
	field_u64(l->out, "last", "-%016llx", p->last);
	put_size(l->out, "size", p->last - p->start + 1);
	put_size(l->out, "page_size", p->page_size);
	put_rights(l->out, p->user, p->writable, p->executable, p->global);
	if (p->scattered)
		strbuf_puts(l->out, "  scattered\n");
	else
		field_u64(l->out, "gpa", "  0x%llx\n", p->gpa);
	data_end(l->out);
	return true;
}

/* What is wrong with the tables, or was left out. */
static void put_findings(struct strbuf *out, const struct inspect_tables *t)
{
	if (t->reserved) {
		field_u64(out, "reserved", "%llu entries have reserved bits set, ", t->reserved);
		field_u64(out, "reserved_gva", "the first for 0x%llx: an access faults\n",
			  t->reserved_gva);
	}
	if (t->outside) {
		field_u64(out, "outside", "%llu entries lead to a table outside of RAM, ",
			  t->outside);
		field_u64(out, "outside_gva", "the first for 0x%llx\n", t->outside_gva);
	}
	if (t->cut) {
		strbuf_printf(out, "there are more than %u tables: ", t->tables);
		field_u64(out, "cut_gva", "from 0x%llx on they were not read\n", t->cut_gva);
	}
}

void mon_info_pg(struct mon_call *call)
{
	const struct inspect_space space = space_of(call, &call->arg[0]);
	/* The text has a head that is known at the end; data has no order. */
	struct strbuf rows = { .fields = call->out->fields };
	struct listing l = { .out = &rows };
	struct inspect_tables t;
	int rc;

	data_list(&rows, "pages");
	rc = inspect_pages(call->m, &space, pg_row, &l, &t);
	data_end(&rows);
	data_bool(&rows, "on", !rc && t.on);
	if (rc) {
		mon_error(call, "the paging mode cannot be read: %s", strerror(-rc));
	} else if (!t.on) {
		strbuf_puts(call->out, "paging is off: addresses are physical ones\n");
	} else {
		field_str(call->out, "mode", "%s, ", t.mode);
		field_u64(call->out, "root", "root 0x%llx, ", t.root);
		field_u64(call->out, "tables", "%llu tables\n", t.tables);
		strbuf_add(call->out, strbuf_str(&rows), rows.len);
		if (l.rows > ROWS_MAX)
			field_u64(call->out, "more", "… and %llu more\n", l.rows - ROWS_MAX);
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
		field_u64(call->out, "gpa", "0x%llx  page", t.gpa);
		put_size(call->out, "page_size", t.page_size);
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
	data_object(l->out, NULL);
	field_u64(l->out, "gva", "0x%llx  page", p->start);
	put_size(l->out, "page_size", p->page_size);
	put_rights(l->out, p->user, p->writable, p->executable, p->global);
	data_end(l->out);
	strbuf_puts(l->out, "\n");
	return true;
}

static void cmd_gpa2gva(struct mon_call *call)
{
	const struct inspect_space space = space_of(call, &call->arg[1]);
	struct listing l = { .out = call->out };
	struct inspect_tables t;
	int rc;

	data_list(call->out, "pages");
	rc = inspect_reverse(call->m, &space, call->arg[0].num, gva_row, &l, &t);
	data_end(call->out);
	data_bool(call->out, "on", !rc && t.on);
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

	if (p) {
		strbuf_printf(call->out, "Host virtual address for 0x%llx (ram) is ", (ull)gpa);
		field_u64(call->out, "hva", "0x%llx\n", (uintptr_t)p);
	} else {
		mon_error(call, "no RAM is at 0x%llx", (ull)gpa);
	}
}

#define RIGHTS_FIELDS                                                          \
	{ "user", MON_BOOL, false, "user mode may access it", NULL },          \
		{ "writable", MON_BOOL, false, "it may be written", NULL },    \
		{ "executable", MON_BOOL, false, "it may be executed", NULL }, \
	{                                                                      \
		"global", MON_BOOL, false, "it stays in the TLB", NULL         \
	}

static const struct mon_field pages_fields[] = {
	{ "start", MON_NUMBER, false, "virtual address", NULL },
	{ "last", MON_NUMBER, false, "the last one", NULL },
	{ "size", MON_NUMBER, false, "bytes of it", NULL },
	{ "page_size", MON_NUMBER, false, "bytes of a page", NULL },
	RIGHTS_FIELDS,
	{ "gpa", MON_NUMBER, MON_OPTIONAL, "physical address; none: scattered", NULL },
	{ 0 },
};

const struct mon_field mon_info_pg_result[] = {
	{ "on", MON_BOOL, false, "whether there is paging", NULL },
	{ "mode", MON_TEXT, MON_OPTIONAL, "how many levels", NULL },
	{ "root", MON_NUMBER, MON_OPTIONAL, "physical address of the first table", NULL },
	{ "tables", MON_NUMBER, MON_OPTIONAL, "that were read", NULL },
	{ "pages", MON_LIST, false, "pages that are alike, in order", pages_fields },
	{ "more", MON_NUMBER, MON_OPTIONAL, "rows that were left out", NULL },
	{ "reserved", MON_NUMBER, MON_OPTIONAL, "entries with reserved bits set", NULL },
	{ "reserved_gva", MON_NUMBER, MON_OPTIONAL, "the first of them", NULL },
	{ "outside", MON_NUMBER, MON_OPTIONAL, "entries that lead outside of RAM", NULL },
	{ "outside_gva", MON_NUMBER, MON_OPTIONAL, "the first of them", NULL },
	{ "cut_gva", MON_NUMBER, MON_OPTIONAL, "from here on tables were not read", NULL },
	{ 0 },
};

static const struct mon_field gva2gpa_result[] = {
	{ "gpa", MON_NUMBER, false, "physical address", NULL },
	{ "page_size", MON_NUMBER, false, "bytes of the page", NULL },
	RIGHTS_FIELDS,
	{ 0 },
};

static const struct mon_field gva_fields[] = {
	{ "gva", MON_NUMBER, false, "virtual address", NULL },
	{ "page_size", MON_NUMBER, false, "bytes of the page", NULL },
	RIGHTS_FIELDS,
	{ 0 },
};

static const struct mon_field gpa2gva_result[] = {
	{ "on", MON_BOOL, false, "whether there is paging", NULL },
	{ "pages", MON_LIST, false, "what leads there, 64 at most", gva_fields },
	{ 0 },
};

static const struct mon_field gpa2hva_result[] = {
	{ "hva", MON_NUMBER, false, "address in vitrine", NULL },
	{ 0 },
};

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
		.result = gva2gpa_result,
	},
	{
		.name = "gpa2gva",
		.args = gpa_args,
		.help = "which virtual addresses lead to a physical one",
		.examples = (const char *const[]){ "gpa2gva 0x100000", NULL },
		.run = cmd_gpa2gva,
		.result = gpa2gva_result,
	},
	{
		.name = "gpa2hva",
		.args = hva_args,
		.help = "where a physical address is in vitrine's own memory",
		.detail = "For a debugger attached to vitrine itself.",
		.examples = (const char *const[]){ "gpa2hva 0x100000", NULL },
		.run = cmd_gpa2hva,
		.result = gpa2hva_result,
	},
	{ 0 },
};
