// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands that change the guest's state: set (registers), write and writep (memory). */
#include <errno.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/control_msr.h"
#include "hv/fields.h"
#include "monitor/command.h"
#include "monitor/session.h"

static bool must_be_stopped(struct mon_call *call)
{
	if (run_state_is_stopped(control_state(call->m)))
		return true;
	mon_error(call, "the guest is running: `stop` it first");
	return false;
}

static void set_register(struct mon_call *call)
{
	int reg = (int)call->arg[0].num, rc;
	uint64_t value = call->arg[1].num;
	const struct arch_reg *regs;
	struct error err = { "" };
	uint8_t raw[8];
	size_t count;

	regs = arch_regs(&count);
	if (!must_be_stopped(call))
		return;
	if (regs[reg].bits > 64) {
		mon_error(call, "%s has %u bits: gdb can set it", regs[reg].name, regs[reg].bits);
		return;
	}
	if (regs[reg].bits < 64 && value >> regs[reg].bits &&
	    (int64_t)value >> (regs[reg].bits - 1) != -1) {
		mon_error(call, "0x%llx does not fit in the %u bits of %s",
			  (unsigned long long)value, regs[reg].bits, regs[reg].name);
		return;
	}
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(value >> 8 * i);
	rc = control_reg_write(call->m, call->session->cpu, reg, raw, &err);
	if (rc)
		mon_error(call, "cannot set %s: %s", regs[reg].name,
			  err.text[0] ? err.text : strerror(-rc));
}

static void set_msr(struct mon_call *call)
{
	unsigned long long index = call->arg[0].num;

	if (must_be_stopped(call) &&
	    control_msr_write(call->m, call->session->cpu, index, call->arg[1].num))
		mon_error(call, "KVM has no MSR 0x%llx, or refuses this value of it", index);
}

static void cmd_set(struct mon_call *call)
{
	const struct mon_setting *setting = mon_setting_of(&call->arg[0]);

	if (call->arg[0].str == mon_msr)
		set_msr(call);
	else if (setting)
		setting->set(call->session, call->arg[1].num);
	else
		set_register(call);
}

static void write_memory(struct mon_call *call, enum control_space space)
{
	const struct mon_value *bytes = &call->arg[1];
	uint64_t addr = call->arg[0].num;
	size_t done = 0;
	ssize_t n;

	while (done < bytes->len) {
		n = control_mem_write(call->m, call->session->cpu, space, addr + done,
				      bytes->data + done, bytes->len - done);
		if (n <= 0) {
			mon_error(call,
				  "cannot write memory at 0x%llx; %zu of %zu bytes are written",
				  (unsigned long long)(addr + done), done, bytes->len);
			return;
		}
		done += (size_t)n;
	}
	field_u64(call->out, "bytes", "%llu bytes written\n", done);
}

static void cmd_write(struct mon_call *call)
{
	write_memory(call, CONTROL_VIRTUAL);
}

static void cmd_writep(struct mon_call *call)
{
	write_memory(call, CONTROL_PHYSICAL);
}

static const struct mon_field write_result[] = {
	{ "bytes", MON_NUMBER, false, "that were written", NULL },
	{ 0 },
};

static const struct mon_arg set_args[] = {
	{ "WHAT", &mon_arg_setting, false, 0, 0,
	  "a register, with or without $; or step-irq, pagination" },
	{ "VALUE", &mon_arg_setting_value, false, 0, 0,
	  "an expression; for the settings on or off" },
	{ 0 },
};

static const struct mon_arg write_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "where the first byte goes" },
	{ "BYTES", &mon_arg_bytes, false, 0, 0, "numbers to 0xff and \"strings\"" },
	{ 0 },
};

const struct mon_command mon_change_commands[] = {
	{
		.name = "set",
		.args = set_args,
		.help = "change a register of the current vCPU, or a setting: step-irq, pagination",
		.detail =
			"step-irq is off by default: interrupts wait while a vCPU steps, so that "
			"a step is one\n"
			"instruction of the code that is looked at, and `next` does not end in a "
			"handler.\n"
			"pagination is on by default: on a terminal, long output stops after each "
			"page.",
		.examples = (const char *const[]){ "set pc $pc + 2", "set $sp 0x8000",
						   "set msr(0xc0000082) 0", "set step-irq on",
						   "set pagination off", NULL },
		.run = cmd_set,
		.result = mon_no_result,
	},
	{
		.name = "write",
		.args = write_args,
		.help = "change memory at a virtual address",
		.detail = "Breakpoints inside the range stay armed. A running guest is not stopped "
			  "for it.",
		.examples = (const char *const[]){ "write 0x8000 0x90 0x90",
						   "write $sp \"hello\\n\" 0", NULL },
		.run = cmd_write,
		.result = write_result,
	},
	{
		.name = "writep",
		.args = write_args,
		.help = "change memory at a physical address",
		.examples = (const char *const[]){ "writep 1M 0xf4", NULL },
		.run = cmd_writep,
		.result = write_result,
	},
	{ 0 },
};
