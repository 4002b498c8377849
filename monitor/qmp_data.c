// SPDX-License-Identifier: GPL-3.0-or-later
/* What some commands of vitrine-command say as data beside their text: one row for each. */
#include <string.h>

#include "hv/arch/arch.h"
#include "monitor/qmp_internal.h"

static struct json_object *status_data(struct mon_session *s)
{
	struct json_object *data = json_object_new_object();
	enum run_state state = control_state(s->m);

	qmp_add_text(data, "status", qmp_run_state(state));
	qmp_add_bool(data, "running", !run_state_is_stopped(state));
	if (run_state_is_stopped(state) && control_last_stop(s->m)->reason != STOP_NONE)
		json_object_object_add(data, "stop", qmp_stop(control_last_stop(s->m)));
	return data;
}

static struct json_object *cpus_data(struct mon_session *s)
{
	struct json_object *list = json_object_new_array(), *cpu;
	uint64_t pc;

	for (int i = 0; i < control_vcpu_limit(s->m); i++) {
		if (!control_vcpu_exists(s->m, i))
			continue;
		cpu = json_object_new_object();
		qmp_add_int(cpu, "cpu", i);
		qmp_add_bool(cpu, "current", i == s->cpu);
		qmp_add_text(cpu, "activity", control_vcpu_activity(s->m, i));
		if (!control_pc(s->m, i, &pc))
			qmp_add_u64(cpu, "pc", pc);
		json_object_array_add(list, cpu);
	}
	return list;
}

static struct json_object *breakpoints_data(struct mon_session *s)
{
	static const char *const kinds[BP_KIND_COUNT] = {
		[BP_SOFT] = "break",  [BP_HARD] = "hbreak",   [BP_WRITE] = "watch",
		[BP_READ] = "rwatch", [BP_ACCESS] = "awatch",
	};
	struct json_object *list = json_object_new_array(), *row;
	struct bp_info info;

	for (size_t n = 0; control_bp_get(s->m, n, &info); n++) {
		row = json_object_new_object();
		qmp_add_int(row, "id", info.id);
		qmp_add_text(row, "kind", kinds[info.kind]);
		qmp_add_u64(row, "addr", info.addr);
		qmp_add_u64(row, "len", info.len);
		qmp_add_u64(row, "hits", info.hits);
		qmp_add_u64(row, "asked", info.asked);
		qmp_add_text(row, "owner", info.owner ? info.owner->name : "");
		qmp_add_text(row, "how", info.how ? info.how : "");
		json_object_array_add(list, row);
	}
	return list;
}

/* Those that are numbers, by name; of the vCPU that the command meant. */
static struct json_object *registers_data(struct mon_session *s)
{
	struct json_object *data = json_object_new_object();
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		uint8_t raw[8] = { 0 };

		if (regs[i].bits <= 64 && control_reg_present(s->m, s->cpu, (int)i) &&
		    !control_reg_read(s->m, s->cpu, (int)i, raw))
			qmp_add_u64(data, regs[i].name, mon_number_of(raw));
	}
	return data;
}

struct json_object *qmp_data(struct mon_session *s, const char *command)
{
	static const struct {
		const char *command;
		struct json_object *(*make)(struct mon_session *s);
	} rows[] = {
		{ "info status", status_data },
		{ "info cpus", cpus_data },
		{ "info breakpoints", breakpoints_data },
		{ "info registers", registers_data },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].command, command))
			return rows[i].make(s);
	return NULL;
}
