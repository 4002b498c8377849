// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The machine interface's commands: one table gives dispatch, the check of arguments and
 * query-commands. Names, arguments and results are those of QEMU's QMP reference where it has the
 * command; programs that drive QEMU find what they look for.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/balloon.h"
#include "hv/control_device.h"
#include "hv/machine.h"
#include "monitor/qmp_internal.h"

void qmp_fail_class(struct qmp_call *call, const char *class, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->err.text, sizeof(call->err.text), fmt, ap);
	va_end(ap);
	call->error_class = class;
}

void qmp_fail(struct qmp_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(call->err.text, sizeof(call->err.text), fmt, ap);
	va_end(ap);
	call->error_class = "GenericError";
}

/* ---- looking ---- */

static void run_capabilities(struct qmp_call *call)
{
	/* None are offered, so none can be enabled. */
	if (call->arg[0] && json_object_array_length(call->arg[0])) {
		qmp_fail(call, "this server has no capabilities to enable");
		return;
	}
	call->client->negotiated = true;
	call->client->knows_running = control_state(call->m) == RUN_RUNNING;
}

static void run_version(struct qmp_call *call)
{
	static const char *const parts[] = { "major", "minor", "micro" };
	struct json_object *numbers = json_object_new_object();
	char version[] = VITRINE_VERSION, *rest = version;

	/* The member's name is what clients look for; the numbers are ours. */
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		qmp_add_int(numbers, parts[i], strtol(rest, &rest, 10));
		rest += *rest == '.';
	}
	call->result = json_object_new_object();
	json_object_object_add(call->result, "qemu", numbers);
	qmp_add_text(call->result, "package", "vitrine " VITRINE_VERSION);
}

static void run_commands(struct qmp_call *call)
{
	const struct qmp_command *cmd;
	struct json_object *row;

	call->result = json_object_new_array();
	for (size_t n = 0; (cmd = qmp_command_at(n)); n++) {
		row = json_object_new_object();
		qmp_add_text(row, "name", cmd->name);
		json_object_array_add(call->result, row);
	}
}

static void run_status(struct qmp_call *call)
{
	enum run_state state = control_state(call->m);

	call->result = json_object_new_object();
	qmp_add_text(call->result, "status", qmp_run_state(state));
	qmp_add_bool(call->result, "singlestep", false);
	qmp_add_bool(call->result, "running", !run_state_is_stopped(state));
}

static void run_name(struct qmp_call *call)
{
	call->result = json_object_new_object();
	if (call->m->cfg->name)
		qmp_add_text(call->result, "name", call->m->cfg->name);
}

static void run_kvm(struct qmp_call *call)
{
	call->result = json_object_new_object();
	qmp_add_bool(call->result, "enabled", true);
	qmp_add_bool(call->result, "present", true);
}

static void run_target(struct qmp_call *call)
{
	call->result = json_object_new_object();
	qmp_add_text(call->result, "arch", "x86_64");
}

static void run_cpus(struct qmp_call *call)
{
	struct json_object *cpu;
	char path[32];

	call->result = json_object_new_array();
	for (int i = 0; i < control_vcpu_limit(call->m); i++) {
		if (!control_vcpu_exists(call->m, i))
			continue;
		cpu = json_object_new_object();
		snprintf(path, sizeof(path), "/machine/vcpu[%d]", i);
		qmp_add_int(cpu, "cpu-index", i);
		qmp_add_text(cpu, "qom-path", path);
		qmp_add_int(cpu, "thread-id", control_vcpu_tid(call->m, i));
		qmp_add_text(cpu, "target", "x86_64");
		json_object_array_add(call->result, cpu);
	}
}

/* ---- running ---- */

static void run_stop(struct qmp_call *call)
{
	int rc = control_stop(call->m, &call->client->control);

	if (rc)
		qmp_fail(call, "the guest cannot be stopped: %s", strerror(-rc));
}

static void run_cont(struct qmp_call *call)
{
	struct error err;

	if (run_state_is_stopped(control_state(call->m)) &&
	    control_resume_all(call->m, &call->client->control, &err))
		qmp_fail(call, "%s", err.text);
}

static void run_reset(struct qmp_call *call)
{
	struct error err;

	if (control_reset(call->m, &call->client->control, &err))
		qmp_fail(call, "%s", err.text);
}

static void run_powerdown(struct qmp_call *call)
{
	struct error err;

	if (control_powerdown(call->m, &err)) {
		qmp_fail(call, "%s", err.text);
		return;
	}
	qmp_send_event(call->client, qmp_event("POWERDOWN", NULL));
}

static void run_quit(struct qmp_call *call)
{
	control_quit(call->m, 0);
}

static void run_balloon(struct qmp_call *call)
{
	int64_t bytes = json_object_get_int64(call->arg[0]);
	struct error err;

	if (bytes <= 0)
		qmp_fail(call, "value is no size");
	else if (control_balloon_resize(call->m, (uint64_t)bytes, &err))
		qmp_fail_class(call, "DeviceNotActive", "%s", err.text);
}

static void run_query_balloon(struct qmp_call *call)
{
	struct balloon_info info;
	struct error err;

	if (control_balloon_info(call->m, &info, &err)) {
		qmp_fail_class(call, "DeviceNotActive", "%s", err.text);
		return;
	}
	call->result = json_object_new_object();
	qmp_add_int(call->result, "actual", (int64_t)info.actual);
}

static void run_set_link(struct qmp_call *call)
{
	struct error err;

	if (control_set_link(call->m, json_object_get_string(call->arg[0]),
			     json_object_get_boolean(call->arg[1]), &err))
		qmp_fail(call, "%s", err.text);
}

static void run_dump(struct qmp_call *call)
{
	qmp_fail(call, "dumps of the guest's memory are not supported");
}

static void run_dump_capability(struct qmp_call *call)
{
	call->result = json_object_new_object();
	json_object_object_add(call->result, "formats", json_object_new_array());
}

/* ---- the table ---- */

static const struct qmp_command commands[] = {
	{ "qmp_capabilities",
	  "ends the negotiation; comes first",
	  run_capabilities,
	  { { "enable", json_type_array, true, "capabilities to enable; there are none" } } },
	{ "query-version", "the version of vitrine", run_version, { { 0 } } },
	{ "query-commands", "the names of all commands", run_commands, { { 0 } } },
	{ "query-status", "the run state", run_status, { { 0 } } },
	{ "query-name", "what -name said", run_name, { { 0 } } },
	{ "query-kvm", "whether KVM is in use, which it is", run_kvm, { { 0 } } },
	{ "query-target", "the guest's architecture", run_target, { { 0 } } },
	{ "query-cpus-fast", "the vCPUs and their threads", run_cpus, { { 0 } } },
	{ "stop", "stops all vCPUs", run_stop, { { 0 } } },
	{ "cont", "lets all vCPUs run", run_cont, { { 0 } } },
	{ "system_reset", "resets the machine", run_reset, { { 0 } } },
	{ "system_powerdown", "presses the power button", run_powerdown, { { 0 } } },
	{ "quit", "ends the program", run_quit, { { 0 } } },
	{ "balloon",
	  "asks the guest to keep so much of its memory",
	  run_balloon,
	  { { "value", json_type_int, false, "in bytes" } } },
	{ "query-balloon", "how much of its memory the guest has", run_query_balloon, { { 0 } } },
	{ "human-monitor-command",
	  "executes a line of the monitor; the result is its text",
	  qmp_run_human,
	  { { "command-line", json_type_string, false, "the line" },
	    { "cpu-index", json_type_int, true, "which vCPU it means" } } },
	{ "vitrine-command",
	  "executes a command of the monitor; the result is text and data",
	  qmp_run_vitrine,
	  { { "command", json_type_string, true, "its name: \"info registers\"" },
	    { "arguments", json_type_object, true, "as query-vitrine-schema lists them" },
	    { "cpu-index", json_type_int, true, "which vCPU it means" },
	    { "line", json_type_string, true,
	      "instead of the first two: as a person types it" } } },
	{ "query-vitrine-schema",
	  "JSON schemas of each monitor command's arguments and data",
	  qmp_run_vitrine_schema,
	  { { 0 } } },
	{ "set_link",
	  "plugs the cable of card `name` in, with `up`, or out",
	  run_set_link,
	  { { "name", json_type_string, false, "the card, or the id of its network" },
	    { "up", json_type_boolean, false, "in" } } },
	{ "getfd",
	  "names the descriptor that came with the request (SCM_RIGHTS)",
	  qmp_run_getfd,
	  { { "fdname", json_type_string, false, "its name from now on" } } },
	{ "closefd",
	  "closes a descriptor that getfd named",
	  qmp_run_closefd,
	  { { "fdname", json_type_string, false, "the name" } } },
	{ "dump-guest-memory",
	  "not supported",
	  run_dump,
	  { { "paging", json_type_boolean, false, "" },
	    { "protocol", json_type_string, false, "" },
	    { "detach", json_type_boolean, true, "" },
	    { "format", json_type_string, true, "" } } },
	{ "query-dump-guest-memory-capability",
	  "formats of dumps: none",
	  run_dump_capability,
	  { { 0 } } },
};

const struct qmp_command *qmp_command_at(size_t n)
{
	return n < sizeof(commands) / sizeof(commands[0]) ? &commands[n] : NULL;
}

const struct qmp_command *qmp_command_find(const char *name)
{
	for (size_t n = 0; n < sizeof(commands) / sizeof(commands[0]); n++)
		if (!strcmp(commands[n].name, name))
			return &commands[n];
	return NULL;
}

static int find_arg(const struct qmp_command *cmd, const char *name)
{
	for (int i = 0; cmd->args[i].name; i++)
		if (!strcmp(cmd->args[i].name, name))
			return i;
	return -1;
}

/* Puts each argument where the row has it; false with an error when one does not fit. */
static bool check_arguments(const struct qmp_command *cmd, struct json_object *arguments,
			    struct qmp_call *call)
{
	int i;

	if (arguments) {
		json_object_object_foreach(arguments, key, value)
		{
			i = find_arg(cmd, key);
			if (i < 0) {
				qmp_fail(call, "%s has no argument %.80s", cmd->name, key);
				return false;
			}
			if (!json_object_is_type(value, cmd->args[i].type)) {
				qmp_fail(call, "%s is %s, not %s", key,
					 json_type_to_name(cmd->args[i].type),
					 json_type_to_name(json_object_get_type(value)));
				return false;
			}
			call->arg[i] = value;
		}
	}
	for (i = 0; cmd->args[i].name; i++)
		if (!call->arg[i] && !cmd->args[i].optional) {
			qmp_fail(call, "%s needs the argument %s", cmd->name, cmd->args[i].name);
			return false;
		}
	return true;
}

void qmp_command_execute(const struct qmp_command *cmd, struct json_object *arguments,
			 struct qmp_call *call)
{
	if (check_arguments(cmd, arguments, call))
		cmd->run(call);
}
