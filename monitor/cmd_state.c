// SPDX-License-Identifier: GPL-3.0-or-later
/* What the machine does now: info status, registers, cpus, version. */
#include <stdio.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/fields.h"
#include "monitor/changed.h"
#include "monitor/info.h"
#include "monitor/session.h"
#include "monitor/symbols.h"

/* The widest register that is shown. */
#define REG_BYTES 64

void mon_info_status(struct mon_call *call)
{
	enum run_state state = control_state(call->m);
	const struct stop *stop = control_last_stop(call->m);

	strbuf_printf(call->out, "VM status: %s", run_state_name(state));
	if (run_state_is_stopped(state) && stop->reason != STOP_NONE) {
		strbuf_puts(call->out, " (");
		mon_describe_stop(call->m, stop, call->out);
		strbuf_puts(call->out, ")");
	}
	strbuf_puts(call->out, "\n");
}

/* ---- registers ---- */

/* Those that are numbers, by name; wider ones only when they are asked for. */
static void registers_data(struct mon_call *call, int cpu)
{
	size_t count;
	const struct arch_reg *regs = arch_regs(&count);

	for (size_t i = 0; i < count; i++) {
		uint8_t raw[8] = { 0 };

		if (regs[i].bits <= 64 && control_reg_present(call->m, cpu, (int)i) &&
		    !control_reg_read(call->m, cpu, (int)i, raw))
			data_u64(call->out, regs[i].name, mon_number_of(raw));
	}
}

static void dump_cpu(struct mon_call *call, int cpu)
{
	int rc;

	data_object(call->out, NULL);
	field_int(call->out, "cpu", "CPU#%lld\n", cpu);
	rc = call->session->marks ? mon_changed_put(call->session, cpu, call->out)
				  : control_dump(call->m, cpu, call->out);
	data_object(call->out, "registers");
	if (call->out->fields && !rc)
		registers_data(call, cpu);
	data_end(call->out);
	data_end(call->out);
	if (rc)
		mon_error(call, "cannot read the registers: %s", strerror(-rc));
}

static void one_register_data(struct mon_call *call, const struct arch_reg *reg, const uint8_t *raw,
			      size_t mark)
{
	data_object(call->out, NULL);
	data_int(call->out, "cpu", call->session->cpu);
	data_object(call->out, reg->bits > 64 ? "wide" : "registers");
	if (reg->bits > 64)
		data_since(call->out, reg->name, mark);
	else
		data_u64(call->out, reg->name, mon_number_of(raw));
	data_end(call->out);
	data_end(call->out);
}

static void one_register(struct mon_call *call, int reg)
{
	const struct arch_reg *regs;
	uint8_t raw[REG_BYTES] = { 0 };
	size_t count, bytes, mark;
	int rc;

	regs = arch_regs(&count);
	bytes = regs[reg].bits / 8u;
	if (bytes > sizeof(raw)) {
		mon_error(call, "%s has %u bits", regs[reg].name, regs[reg].bits);
		return;
	}
	rc = control_reg_read(call->m, call->session->cpu, reg, raw);
	if (rc) {
		mon_error(call, "cannot read %s: %s", regs[reg].name, strerror(-rc));
		return;
	}
	strbuf_printf(call->out, "%s ", regs[reg].name);
	mark = call->out->len;
	strbuf_puts(call->out, "0x");
	for (size_t i = bytes; i-- > 0;)
		strbuf_printf(call->out, "%02x", raw[i]);
	one_register_data(call, &regs[reg], raw, mark);
	if (bytes <= sizeof(uint64_t))
		arch_reg_flags(&regs[reg], mon_number_of(raw), call->out);
	strbuf_puts(call->out, "\n");
}

void mon_info_registers(struct mon_call *call)
{
	data_list(call->out, "cpus");
	if (call->arg[1].set)
		one_register(call, (int)call->arg[1].num);
	else if (!call->arg[0].set)
		dump_cpu(call, call->session->cpu);
	else
		for (int i = 0; i < control_vcpu_limit(call->m); i++)
			if (control_vcpu_exists(call->m, i))
				dump_cpu(call, i);
	data_end(call->out);
}

static const struct mon_field register_cpu_fields[] = {
	{ "cpu", MON_INTEGER, false, "which vCPU", NULL },
	{ "registers", MON_MAP, MON_OPTIONAL, "those of up to 64 bits, by name", mon_numbers },
	{ "wide", MON_MAP, MON_OPTIONAL, "a wider one that was asked for, hexadecimal", mon_texts },
	{ 0 },
};

const struct mon_field mon_info_registers_result[] = {
	{ "cpus", MON_LIST, false, "the vCPUs that were asked for", register_cpu_fields },
	{ 0 },
};

/* ---- the rest ---- */

void mon_info_cpus(struct mon_call *call)
{
	uint64_t pc;
	size_t mark;

	data_list(call->out, "cpus");
	for (int i = 0; i < control_vcpu_limit(call->m); i++) {
		if (!control_vcpu_exists(call->m, i))
			continue;
		data_object(call->out, NULL);
		field_bool(call->out, "current", i == call->session->cpu, "*", " ");
		field_int(call->out, "cpu", " CPU #%lld: ", i);
		if (!control_pc(call->m, i, &pc)) {
			field_u64(call->out, "pc", "pc=0x%016llx", pc);
			mark = call->out->len;
			mon_symbol_put(call->m, i, pc, call->out);
			data_since(call->out, "symbol", mark);
			strbuf_puts(call->out, " ");
		}
		field_str(call->out, "activity", "%s\n", control_vcpu_activity(call->m, i));
		data_end(call->out);
	}
	data_end(call->out);
}

static const struct mon_field cpu_fields[] = {
	{ "cpu", MON_INTEGER, false, "its number", NULL },
	{ "current", MON_BOOL, false, "commands mean this one", NULL },
	{ "pc", MON_NUMBER, MON_OPTIONAL, "linear address of its next instruction", NULL },
	{ "symbol", MON_TEXT, MON_OPTIONAL, "where that is, with < >; empty: none", NULL },
	{ "activity", MON_TEXT, false, "what it does", NULL },
	{ 0 },
};

const struct mon_field mon_info_cpus_result[] = {
	{ "cpus", MON_LIST, false, "those that are there", cpu_fields },
	{ 0 },
};

void mon_info_version(struct mon_call *call)
{
	field_str(call->out, "version", "vitrine %s\n", VITRINE_VERSION);
}

const struct mon_field mon_info_version_result[] = {
	{ "version", MON_TEXT, false, "of vitrine", NULL },
	{ 0 },
};
