// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The text of human-monitor-command where programs take it apart: a few commands answer in the
 * shape that QEMU gives them, and not as they do for a person. One row for each.
 */
#include <string.h>

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

static const struct {
	const char *name;
	bool (*put)(struct mon_call *call); /* false: as for a person */
} shapes[] = {
	{ "status", shape_status },
	{ "registers", shape_registers },
	{ "xp", shape_xp },
};

bool qmp_shape(struct mon_session *s, const char *line, struct strbuf *out)
{
	struct mon_mistake mistake;
	struct mon_call call;

	if (mon_parse(s, line, &call, &mistake))
		return false;
	call.out = out;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (!strcmp(shapes[i].name, call.cmd->name))
			return shapes[i].put(&call);
	return false;
}
