// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The text of human-monitor-command where programs take it apart: a few commands answer in the
 * shape that QEMU gives them, and not as they do for a person. One row for each.
 */
#include <string.h>

#include "hv/machine.h"
#include "monitor/format.h"
#include "monitor/qmp_internal.h"

typedef unsigned long long ull;

/* "VM status: paused (debug)" */
static bool shape_status(struct mon_call *call)
{
	enum run_state state = control_state(call->m);

	if (state == RUN_RUNNING)
		strbuf_puts(call->out, "VM status: running\n");
	else if (state == RUN_PAUSED)
		strbuf_puts(call->out, "VM status: paused\n");
	else
		strbuf_printf(call->out, "VM status: paused (%s)\n", qmp_run_state(state));
	return true;
}

static void put_registers(struct mon_call *call, int cpu)
{
	strbuf_printf(call->out, "\nCPU#%d\n", cpu);
	control_dump_pairs(call->m, cpu, call->out);
}

/* "RAX=0000000000000000 RBX=…"; a single register is for people. */
static bool shape_registers(struct mon_call *call)
{
	if (call->arg[1].set)
		return false;
	if (!call->arg[0].set) {
		put_registers(call, call->session->cpu);
		return true;
	}
	for (int i = 0; i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i))
			put_registers(call, i);
	return true;
}

/* "0000000000001000: 0x55 0x48 …": 8 bytes in a line, 16 of larger units. */
static bool shape_xp(struct mon_call *call)
{
	struct mon_fmt fmt = call->arg[0].fmt;
	uint64_t addr = call->arg[1].num;
	size_t size, per_line, done = 0, total;
	uint8_t line[16];

	if (!call->arg[0].set || !call->arg[1].set || (fmt.format && fmt.format != 'x'))
		return false;
	size = mon_size_bytes(fmt.size ? fmt.size : 'w');
	per_line = size == 1 ? 8 : 16;
	total = (fmt.count ? fmt.count : 1) * size;
	while (done < total) {
		size_t n = total - done < per_line ? total - done : per_line;

		if (control_mem_read(call->m, call->session->cpu, CONTROL_PHYSICAL, addr + done,
				     line, n) != (ssize_t)n) {
			strbuf_puts(call->out, "Cannot access memory\n");
			return true;
		}
		strbuf_printf(call->out, "%016llx:", (ull)(addr + done));
		for (size_t i = 0; i < n; i += size) {
			strbuf_puts(call->out, " ");
			mon_format_unit(call->out, 'x', line + i, size);
		}
		strbuf_puts(call->out, "\n");
		done += n;
	}
	return true;
}

/* "Host virtual address for 0x1000 (pc.ram) is 0x7f…": clients look for the name, too. */
static bool shape_gpa2hva(struct mon_call *call)
{
	uint64_t gpa = call->arg[0].num;
	const void *p = memory_ptr(call->m->ram, gpa, 1);

	if (p)
		strbuf_printf(call->out, "Host virtual address for 0x%llx (pc.ram) is %p\n",
			      (ull)gpa, p);
	else
		strbuf_printf(call->out, "No memory is mapped at address 0x%llx\n", (ull)gpa);
	return true;
}

/* ---- info mtree -f ---- */

/* What is left of RAM, in order of address, and how far into "pc.ram" that is. */
struct flat_view {
	struct strbuf *out;
	const struct memory_region *ram;
	size_t count;
	uint64_t offset;
};

static void put_flat_ram(struct flat_view *view)
{
	const struct memory_region *r = view->ram++;

	strbuf_printf(view->out, "  %016llx-%016llx (prio 0, ram): pc.ram", (ull)r->gpa,
		      (ull)(r->gpa + r->size - 1));
	if (view->offset)
		strbuf_printf(view->out, " @%016llx", (ull)view->offset);
	strbuf_puts(view->out, " KVM\n");
	view->offset += r->size;
	view->count--;
}

static bool put_flat_range(void *opaque, const struct bus_range *range)
{
	struct flat_view *view = opaque;

	while (view->count && view->ram->gpa < range->base)
		put_flat_ram(view);
	strbuf_printf(view->out, "  %016llx-%016llx (prio 0, i/o): %s\n", (ull)range->base,
		      (ull)(range->base + range->len - 1), range->name);
	return true;
}

/* "  0000000000100000-000000007fffffff (prio 0, ram): pc.ram @0000000000100000 KVM" */
static bool shape_mtree(struct mon_call *call)
{
	struct flat_view view = { .out = call->out };

	if (!call->arg[0].set)
		return false;
	strbuf_puts(call->out, "FlatView #0\n AS \"memory\", root: system\n");
	for (int i = 0; i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i))
			strbuf_printf(call->out, " AS \"cpu-memory-%d\", root: system\n", i);
	strbuf_puts(call->out, " Root memory region: system\n");
	view.ram = memory_regions(call->m->ram, &view.count);
	bus_for_each(&call->m->mmio, put_flat_range, &view);
	while (view.count)
		put_flat_ram(&view);
	strbuf_puts(call->out, "\nFlatView #1\n AS \"I/O\", root: io\n"
			       " Root memory region: io\n");
	bus_for_each(&call->m->pio, put_flat_range, &view);
	strbuf_puts(call->out, "\n");
	return true;
}

/* ---- the rows ---- */

static const struct {
	const struct mon_command *table;
	const char *name;
	bool (*put)(struct mon_call *call); /* false: as for a person */
} shapes[] = {
	{ mon_info_subcommands, "status", shape_status },
	{ mon_info_subcommands, "registers", shape_registers },
	{ mon_info_subcommands, "mtree", shape_mtree },
	{ mon_memory_commands, "xp", shape_xp },
	{ mon_pages_commands, "gpa2hva", shape_gpa2hva },
};

/* There is a `symbols status`, too. */
static bool is_row(const struct mon_command *cmd, const struct mon_command *table, const char *name)
{
	for (; table->name; table++)
		if (table == cmd)
			return !strcmp(cmd->name, name);
	return false;
}

bool qmp_shape(struct mon_session *s, const char *line, struct strbuf *out)
{
	struct mon_mistake mistake;
	struct mon_call call;

	if (mon_parse(s, line, &call, &mistake))
		return false;
	call.out = out;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (is_row(call.cmd, shapes[i].table, shapes[i].name))
			return shapes[i].put(&call);
	return false;
}
