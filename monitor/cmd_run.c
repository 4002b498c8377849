// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Commands that make the guest run and stop: stop, cont, step, next-branch, until, wait, nmi,
 * system_reset, system_powerdown, cpu, cpu-add, cpu-del, sendkey, quit.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/keyboard.h"
#include "hv/machine.h"
#include "monitor/command.h"
#include "monitor/session.h"

#define HOLD_MS 100 /* as long as a finger */

static void cmd_stop(struct mon_call *call)
{
	bool was = mon_session_stepping(call->session);
	int rc;

	mon_session_cancel(call->session);
	/* What a person says ends scripts; a line of them does not. */
	if (!call->session->in_script)
		mon_script_drop(call->session);
	if (run_state_is_stopped(control_state(call->m))) {
		strbuf_printf(call->out, "%s: ", was ? "stepping ended" : "already stopped");
		mon_describe_stop(call->m, control_last_stop(call->m), call->out);
		strbuf_puts(call->out, "\n");
		return;
	}
	rc = control_stop(call->m, &call->session->client);
	if (rc)
		mon_error(call, "cannot stop the guest: %s", strerror(-rc));
}

static void cmd_cont(struct mon_call *call)
{
	struct error err = { "" };

	bool running = !run_state_is_stopped(control_state(call->m));
	int rc;

	if (!running)
		mon_session_cancel(call->session);
	/* While it runs, single vCPUs may stand: held, or stopped alone for gdb. */
	rc = control_resume_all(call->m, &call->session->client, &err);
	if (rc == -EBUSY && running)
		strbuf_puts(call->out, "already running\n");
	else if (rc)
		mon_error(call, "%s", err.text[0] ? err.text : "the guest cannot run now");
}

/* Whether the session may begin to step or to run to a place. */
static bool ready(struct mon_call *call)
{
	if (!run_state_is_stopped(control_state(call->m))) {
		mon_error(call, "the guest is running: `stop` it first");
		return false;
	}
	if (mon_session_stepping(call->session)) {
		mon_error(call, "stepping already: `stop` ends it");
		return false;
	}
	return true;
}

static void cmd_step(struct mon_call *call)
{
	uint64_t n = call->arg[0].set ? call->arg[0].num : 1;
	struct error err = { "" };

	if (ready(call) && mon_session_step(call->session, n, &err))
		mon_error(call, "%s", err.text[0] ? err.text : "the guest cannot step now");
}

static void cmd_next_branch(struct mon_call *call)
{
	struct error err = { "" };

	if (ready(call) && mon_session_next_branch(call->session, &err))
		mon_error(call, "%s", err.text[0] ? err.text : "the guest cannot step now");
}

static void cmd_until(struct mon_call *call)
{
	struct error err = { "" };

	if (ready(call) && mon_session_until(call->session, call->arg[0].num, &err))
		mon_error(call, "%s", err.text[0] ? err.text : "the guest cannot run now");
}

/* Waits for a stop unless it is told a time, and nothing else. */
static void cmd_wait(struct mon_call *call)
{
	bool timed = call->arg[1].set;
	bool for_stop = call->arg[0].num || !timed;
	struct error err = { "" };

	if (mon_session_stepping(call->session))
		mon_error(call, "stepping already: `stop` ends it");
	else if (mon_session_wait(call->session, for_stop,
				  timed ? (double)call->arg[1].num / 1000 : -1, &err))
		mon_error(call, "%s", err.text);
}

static void cmd_nmi(struct mon_call *call)
{
	struct error err = { "" };

	if (control_nmi(call->m, call->session->cpu, &err))
		mon_error(call, "%s", err.text);
	else if (run_state_is_stopped(control_state(call->m)))
		strbuf_puts(call->out, "the guest sees it when it runs\n");
}

static void cmd_reset(struct mon_call *call)
{
	struct error err = { "" };

	mon_session_cancel(call->session);
	if (control_reset(call->m, &call->session->client, &err))
		mon_error(call, "%s", err.text[0] ? err.text : "the machine cannot be reset now");
}

static void cmd_powerdown(struct mon_call *call)
{
	struct error err = { "" };

	if (control_powerdown(call->m, &err))
		mon_error(call, "%s", err.text);
	else if (run_state_is_stopped(control_state(call->m)))
		strbuf_printf(call->out, "the guest sees it when it runs\n");
}

static void cmd_cpu(struct mon_call *call)
{
	if (call->arg[0].set)
		call->session->cpu = (int)call->arg[0].num;
	field_int(call->out, "cpu", "vCPU %lld: ", call->session->cpu);
	field_str(call->out, "activity", "%s\n",
		  control_vcpu_activity(call->m, call->session->cpu));
	if (run_state_is_stopped(control_state(call->m)))
		mon_describe_next(call->session, call->session->cpu, call->out);
}

static void cmd_cpu_add(struct mon_call *call)
{
	struct error err;

	if (control_vcpu_add(call->m, (int)call->arg[0].num, &err))
		mon_error(call, "%s", err.text);
}

static void cmd_cpu_del(struct mon_call *call)
{
	struct error err;

	if (control_vcpu_remove(call->m, (int)call->arg[0].num, &err))
		mon_error(call, "%s", err.text);
	else
		strbuf_puts(call->out, "it goes when the guest has given it up\n");
}

static void cmd_sendkey(struct mon_call *call)
{
	unsigned ms = call->arg[1].set ? (unsigned)call->arg[1].num : HOLD_MS;
	uint16_t codes[KEYBOARD_CHORD_MAX];
	struct error err;

	memcpy(codes, call->arg[0].data, call->arg[0].len);
	if (control_sendkey(call->m, codes, call->arg[0].len / sizeof(codes[0]), ms, &err))
		mon_error(call, "%s", err.text);
}

static void cmd_quit(struct mon_call *call)
{
	control_quit(call->m, call->arg[0].set ? (int)call->arg[0].num : 0);
}

static const struct mon_field cpu_result[] = {
	{ "cpu", MON_INTEGER, false, "the vCPU that commands mean", NULL },
	{ "activity", MON_TEXT, false, "what it does", NULL },
	{ 0 },
};

static const struct mon_arg step_args[] = {
	{ "N", &mon_arg_number, true, 1, 1ull << 40, "how many instructions; 1 unless given" },
	{ 0 },
};

static const struct mon_arg until_args[] = {
	{ "ADDR", &mon_arg_address, false, 0, 0, "virtual address of an instruction" },
	{ 0 },
};

static const struct mon_arg wait_args[] = {
	{ "until stopped", &mon_arg_until_stopped, true, 0, 0, "ends when the guest is stopped" },
	{ "SECONDS", &mon_arg_seconds, true, 0, 0, "how long at most: 0.5, 60" },
	{ 0 },
};

static const struct mon_arg quit_args[] = {
	{ "STATUS", &mon_arg_number, true, 0, 255, "vitrine's exit status; 0 unless given" },
	{ 0 },
};

static const struct mon_arg cpu_args[] = {
	{ "N", &mon_arg_vcpu, true, 0, 0, "the vCPU that commands mean from now on" },
	{ 0 },
};

static const struct mon_arg cpu_add_args[] = {
	{ "N", &mon_arg_number, false, 0, MACHINE_MAX_VCPUS - 1, "which one, from 0 on" },
	{ 0 },
};

static const struct mon_arg cpu_del_args[] = {
	{ "N", &mon_arg_vcpu, false, 0, 0, "which one" },
	{ 0 },
};

static const struct mon_arg sendkey_args[] = {
	{ "KEYS", &mon_arg_keys, false, 0, 0, "names of keys with - between them" },
	{ "MS", &mon_arg_number, true, 1, 60000, "how long they are held; 100 unless given" },
	{ 0 },
};

const struct mon_command mon_run_commands[] = {
	{
		.name = "stop",
		.help = "stop the guest, all vCPUs together",
		.detail = "Ends a `step N` that is under way, too.",
		.examples = (const char *const[]){ "stop", NULL },
		.run = cmd_stop,
		.result = mon_run_result,
	},
	{
		.name = "cont",
		.aliases = "c|continue",
		.help = "let the guest run",
		.detail = "A vCPU that stands at a breakpoint executes that instruction first.",
		.examples = (const char *const[]){ "cont", "c", NULL },
		.run = cmd_cont,
		.result = mon_run_result,
	},
	{
		.name = "step",
		.aliases = "si|stepi",
		.args = step_args,
		.help = "execute instructions of the current vCPU, the others held",
		.detail = "Interrupts are held off, so a step does not land in a handler (`set "
			  "step-irq on`\n"
			  "delivers them). The console is free meanwhile: `stop` ends a long "
			  "series, and so\n"
			  "does a stop by somebody else.",
		.examples = (const char *const[]){ "step", "step 100", "si", NULL },
		.again = "step",
		.run = cmd_step,
		.result = mon_run_result,
	},
	{
		.name = "next-branch",
		.aliases = "nb",
		.help = "step the current vCPU until a branch is taken",
		.detail = "Jumps, calls, returns, and exceptions; says from where and to where. "
			  "Ctrl-C or `stop` ends it.",
		.examples = (const char *const[]){ "next-branch", NULL },
		.again = "next-branch",
		.run = cmd_next_branch,
		.result = mon_run_result,
	},
	{
		.name = "until",
		.args = until_args,
		.help = "run until the current vCPU comes to an instruction",
		.detail = "The others run, too. Any other stop ends it.",
		.examples = (const char *const[]){ "until $pc + 5", NULL },
		.run = cmd_until,
		.result = mon_run_result,
	},
	{
		.name = "wait",
		.args = wait_args,
		.help = "wait for the guest to stop, or for a time",
		.detail =
			"`wait` and `wait until stopped` end with the next stop, or at once in a "
			"stopped guest; with\n"
			"SECONDS behind, one that has not come by then is a mistake, which ends a "
			"script. `wait 2`\n"
			"lets two seconds pass.",
		.examples =
			(const char *const[]){ "wait", "wait until stopped 10", "wait 0.1", NULL },
		.run = cmd_wait,
		.result = mon_run_result,
	},
	{
		.name = "nmi",
		.help = "a non-maskable interrupt for the current vCPU",
		.examples = (const char *const[]){ "nmi", NULL },
		.run = cmd_nmi,
		.result = mon_no_result,
	},
	{
		.name = "cpu",
		.args = cpu_args,
		.help = "choose the vCPU that commands mean, or show it",
		.detail = "A stop at a breakpoint chooses the vCPU that it happened on.",
		.examples = (const char *const[]){ "cpu", "cpu 0", NULL },
		.run = cmd_cpu,
		.result = cpu_result,
	},
	{
		.name = "cpu-add",
		.args = cpu_add_args,
		.help = "plug a vCPU into the guest",
		.detail = "It waits until the guest starts it: in Linux write 1 to its file "
			  "`online`. There is "
			  "room\nfor as many as -smp N,maxcpus=M says.",
		.examples = (const char *const[]){ "cpu-add 1", NULL },
		.run = cmd_cpu_add,
		.result = mon_no_result,
	},
	{
		.name = "cpu-del",
		.args = cpu_del_args,
		.help = "ask the guest to give a vCPU up",
		.detail =
			"It is there until the guest ejects it, which one without ACPI never does.",
		.examples = (const char *const[]){ "cpu-del 1", NULL },
		.run = cmd_cpu_del,
		.result = mon_no_result,
	},
	{
		.name = "system_reset",
		.aliases = "reset",
		.help = "reset the machine, breakpoints stay",
		.detail =
			"The image is loaded anew. A stopped machine stays stopped, at its first\n"
			"instruction; a running one runs.",
		.examples = (const char *const[]){ "system_reset", NULL },
		.run = cmd_reset,
		.result = mon_run_result,
	},
	{
		.name = "system_powerdown",
		.help = "press the power button",
		.detail = "What comes of it is the guest's affair: a Linux with a program that "
			  "listens for\nthe button shuts down.",
		.examples = (const char *const[]){ "system_powerdown", NULL },
		.run = cmd_powerdown,
		.result = mon_no_result,
	},
	{
		.name = "sendkey",
		.args = sendkey_args,
		.help = "press keys of the guest's keyboard together",
		.detail =
			"Names are QEMU's. Time is the guest's: in a stopped guest they stay down.",
		.examples = (const char *const[]){ "sendkey ctrl-alt-delete", "sendkey a",
						   "sendkey alt-sysrq-b", NULL },
		.run = cmd_sendkey,
		.result = mon_no_result,
	},
	{
		.name = "quit",
		.aliases = "q",
		.args = quit_args,
		.help = "end vitrine and its guest",
		.examples = (const char *const[]){ "quit", "quit 1", NULL },
		.run = cmd_quit,
		.result = mon_no_result,
	},
	{ 0 },
};
