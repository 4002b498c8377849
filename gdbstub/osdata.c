// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gdb's `info os`: tables of what vitrine knows (GDB manual, "Operating System
 * Information"). There is no operating system in them, for that is the guest's:
 * what there is are its vCPUs, its devices, and who answers at which address.
 *
 * gdb shows cells as they come, without lining them up: they are padded here.
 */
#include <inttypes.h>
#include <stdio.h>

#include "gdbstub/session.h"
#include "hv/inspect.h"

static void begin_table(struct strbuf *out, const char *type)
{
	strbuf_printf(out,
		      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"osdata.dtd\">\n"
		      "<osdata type=\"%s\">\n",
		      type);
}

static void end_table(struct strbuf *out)
{
	strbuf_puts(out, "</osdata>\n");
}

static void put_cell(struct strbuf *out, const char *column, const char *value, int width)
{
	char padded[64];

	snprintf(padded, sizeof(padded), "%-*s", width, value);
	strbuf_printf(out, "<column name=\"%s\">", column);
	gdb_put_xml(out, padded);
	strbuf_puts(out, "</column>");
}

static void make_types(struct gdb_session *s, struct strbuf *out)
{
	static const struct {
		const char *type, *description, *title;
	} rows[] = {
		{ "vcpus", "The guest's processors", "vCPUs" },
		{ "devices", "The guest's devices", "Devices" },
		{ "memory", "Who answers at a physical address", "Physical memory" },
		{ "ports", "Who answers at an I/O port", "I/O ports" },
	};

	(void)s;
	begin_table(out, "types");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		strbuf_puts(out, "<item>");
		put_cell(out, "Type", rows[i].type, 0);
		put_cell(out, "Description", rows[i].description, 0);
		put_cell(out, "Title", rows[i].title, 0);
		strbuf_puts(out, "</item>\n");
	}
	end_table(out);
}

static void make_vcpus(struct gdb_session *s, struct strbuf *out)
{
	int i, limit = control_vcpu_limit(s->m);
	char text[24];

	begin_table(out, "vcpus");
	for (i = 0; i < limit; i++) {
		uint64_t pc = 0;

		if (!control_vcpu_exists(s->m, i) || control_pc(s->m, i, &pc) < 0)
			continue;
		strbuf_puts(out, "<item>");
		snprintf(text, sizeof(text), "%d", i);
		put_cell(out, "vCPU", text, 4);
		snprintf(text, sizeof(text), "0x%016" PRIx64, pc);
		put_cell(out, "pc", text, 18);
		put_cell(out, "State", control_vcpu_activity(s->m, i), 0);
		strbuf_puts(out, "</item>\n");
	}
	end_table(out);
}

static void make_devices(struct gdb_session *s, struct strbuf *out)
{
	struct inspect_device d;
	char irq[16];

	begin_table(out, "devices");
	for (size_t n = 0; inspect_device(s->m, n, &d); n++) {
		snprintf(irq, sizeof(irq), d.irq < 0 ? "-" : "%d", d.irq);
		strbuf_puts(out, "<item>");
		put_cell(out, "Device", d.name, 12);
		put_cell(out, "IRQ", irq, 3);
		put_cell(out, "Description", d.help, 0);
		strbuf_puts(out, "</item>\n");
	}
	end_table(out);
}

static void put_ranges(struct gdb_session *s, struct strbuf *out, const char *type,
		       enum inspect_bus bus, int digits)
{
	struct inspect_range r;
	char text[24];

	begin_table(out, type);
	for (size_t n = 0; inspect_range(s->m, bus, n, &r); n++) {
		strbuf_puts(out, "<item>");
		snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, r.start);
		put_cell(out, "First", text, 0);
		snprintf(text, sizeof(text), "0x%0*" PRIx64, digits, r.last);
		put_cell(out, "Last", text, 0);
		put_cell(out, "What", r.name, 0);
		strbuf_puts(out, "</item>\n");
	}
	end_table(out);
}

static void make_memory(struct gdb_session *s, struct strbuf *out)
{
	put_ranges(s, out, "memory", INSPECT_MEMORY, 16);
}

static void make_ports(struct gdb_session *s, struct strbuf *out)
{
	put_ranges(s, out, "ports", INSPECT_PORTS, 4);
}

enum gdb_verdict gdb_xfer_osdata(struct gdb_session *s, const char *args, size_t len)
{
	static const struct gdb_document docs[] = {
		{ "", make_types },	   { "vcpus", make_vcpus }, { "devices", make_devices },
		{ "memory", make_memory }, { "ports", make_ports },
	};

	(void)len;
	return gdb_xfer(s, docs, sizeof(docs) / sizeof(docs[0]), args);
}
