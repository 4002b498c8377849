// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Commands of the monitor for programs: as a line of text (human-monitor-command) and with
 * arguments by name (vitrine-command). The latter's names, types and schema come from the
 * monitor's own table: ADDR of `x` is the member "addr", the flag -a is the boolean "a".
 *
 *   {"command": "x", "arguments": {"fmt": "/4xg", "addr": "$rsp"}}  -->  x/4xg $rsp
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "monitor/data.h"
#include "monitor/qmp_internal.h"

/* ---- running ---- */

/* Which vCPU the command means: a choice for one request, or what `cpu N` of this client said. */
static bool choose_cpu(struct qmp_call *call, struct json_object *index)
{
	int64_t n = index ? json_object_get_int64(index) : call->client->session.cpu;

	if (n < 0 || n >= control_vcpu_limit(call->m) || !control_vcpu_exists(call->m, (int)n)) {
		qmp_fail(call, "there is no vCPU %lld", (long long)n);
		return false;
	}
	call->client->session.cpu = (int)n;
	return true;
}

void qmp_run_human(struct qmp_call *call)
{
	struct mon_session *s = &call->client->session;
	struct strbuf out = STRBUF_INIT;
	int before = s->cpu;

	if (!choose_cpu(call, call->arg[1]))
		return;
	if (!qmp_shape(s, json_object_get_string(call->arg[0]), &out))
		mon_run(s, json_object_get_string(call->arg[0]), &out);
	if (call->arg[1])
		s->cpu = before;
	call->result = qmp_text(strbuf_str(&out), out.len);
	strbuf_free(&out);
}

/* ---- arguments by name ---- */

/* "ADDR", "-a", "/FMT" and "[catch] N" as members of an object: "addr", "a", "fmt", "n". */
static void member_name(const struct mon_arg *arg, char *name, size_t size)
{
	const char *blank = strrchr(arg->name, ' ');
	const char *s = blank ? blank + 1 : arg->name + strspn(arg->name, "-/");
	size_t n = 0;

	for (; s[n] && n + 1 < size; n++)
		name[n] = (char)tolower((unsigned char)s[n]);
	name[n] = '\0';
}

static bool takes_number(const struct mon_arg_type *type)
{
	return type == &mon_arg_number || type == &mon_arg_address || type == &mon_arg_vcpu ||
	       type == &mon_arg_breakpoint || type == &mon_arg_catch_value ||
	       type == &mon_arg_setting_value;
}

/* Expressions are words only in parentheses, but for the last one. */
static bool is_expression(const struct mon_arg_type *type)
{
	return type == &mon_arg_number || type == &mon_arg_address;
}

static bool put_argument(struct qmp_call *call, const struct mon_arg *arg, const char *name,
			 struct json_object *value, struct strbuf *line)
{
	const char *text = json_object_get_string(value);
	bool blank;

	switch (json_object_get_type(value)) {
	case json_type_boolean:
		if (arg->type != &mon_arg_flag)
			break;
		if (json_object_get_boolean(value))
			strbuf_printf(line, " %s", arg->name);
		return true;
	case json_type_int:
		if (!takes_number(arg->type))
			break;
		strbuf_printf(line, " %s", text);
		return true;
	case json_type_string:
		if (arg->type == &mon_arg_flag)
			break;
		for (const char *p = text; *p; p++)
			if ((unsigned char)*p < ' ' || *p == 0x7f) {
				qmp_fail(call, "%s has a control character", name);
				return false;
			}
		blank = is_expression(arg->type) && strpbrk(text, " \t");
		if (arg->type->keyword)
			strbuf_printf(line, " %s", arg->type->keyword);
		strbuf_printf(line,
			      blank			     ? " (%s)"
			      : arg->type == &mon_arg_format ? "%s"
							     : " %s",
			      text);
		return true;
	default:
		break;
	}
	qmp_fail(call, "%s cannot be %s", name, json_type_to_name(json_object_get_type(value)));
	return false;
}

/* Every member must be one of @cmd's arguments. */
static bool members_known(struct qmp_call *call, const struct mon_command *cmd,
			  struct json_object *arguments)
{
	char name[32];

	json_object_object_foreach(arguments, key, value)
	{
		const struct mon_arg *a = cmd->args;

		(void)value;
		for (; a && a->name; a++) {
			member_name(a, name, sizeof(name));
			if (!strcmp(name, key))
				break;
		}
		if (!a || !a->name) {
			qmp_fail(call, "%s has no argument %.80s", cmd->name, key);
			return false;
		}
	}
	return true;
}

/* "info registers" by its words, each a name, an alias or a unique prefix. */
static const struct mon_command *find_command(struct qmp_call *call, const char *words,
					      struct strbuf *line)
{
	const struct mon_command *cmd = NULL, *sub = NULL;
	size_t n;

	do {
		words += strspn(words, " ");
		n = strcspn(words, " ");
		if (!n || mon_command_find(sub, words, n, &cmd, &call->err)) {
			qmp_fail_class(call, "CommandNotFound",
				       "the monitor has no command \"%.80s\"", words);
			return NULL;
		}
		strbuf_printf(line, "%s%s", line->len ? " " : "", cmd->name);
		words += n;
		sub = cmd->sub;
	} while (mon_command_goes_on(cmd, words, 0, strlen(words)));
	if (words[strspn(words, " ")]) {
		qmp_fail(call, "arguments are members of \"arguments\": \"%.80s\"", words);
		return NULL;
	}
	return cmd;
}

static bool make_line(struct qmp_call *call, const struct mon_command *cmd,
		      struct json_object *arguments, struct strbuf *line)
{
	struct json_object *value;
	char name[32];

	if (!arguments)
		return true;
	if (!members_known(call, cmd, arguments))
		return false;
	for (const struct mon_arg *a = cmd->args; a && a->name; a++) {
		member_name(a, name, sizeof(name));
		if (json_object_object_get_ex(arguments, name, &value) &&
		    !put_argument(call, a, name, value, line))
			return false;
	}
	return true;
}

static void execute(struct qmp_call *call, const char *line)
{
	struct strbuf out = STRBUF_INIT;
	struct json_object *object;
	struct mon_data data;
	struct error err;
	size_t len;
	int rc;

	mon_data_begin(&data, &out);
	rc = mon_execute(&call->client->session, line, &out, &err);
	object = mon_data_end(&data, &out);
	if (rc) {
		qmp_fail(call, "%s", err.text);
		json_object_put(object);
	} else {
		len = out.len;
		while (len && out.data[len - 1] == '\n')
			len--;
		call->result = json_object_new_object();
		json_object_object_add(call->result, "output", qmp_text(strbuf_str(&out), len));
		json_object_object_add(call->result, "data", object);
	}
	strbuf_free(&out);
}

void qmp_run_vitrine(struct qmp_call *call)
{
	struct strbuf line = STRBUF_INIT;
	const struct mon_command *cmd;
	int before = call->client->session.cpu;

	if (!call->arg[0] == !call->arg[3] || (call->arg[3] && call->arg[1])) {
		qmp_fail(call, "either \"command\" with \"arguments\", or \"line\"");
		return;
	}
	if (!choose_cpu(call, call->arg[2]))
		return;
	if (call->arg[3]) {
		execute(call, json_object_get_string(call->arg[3]));
	} else {
		cmd = find_command(call, json_object_get_string(call->arg[0]), &line);
		if (cmd && make_line(call, cmd, call->arg[1], &line))
			execute(call, strbuf_str(&line));
	}
	if (call->arg[2])
		call->client->session.cpu = before;
	strbuf_free(&line);
}

/* ---- the schema ---- */

static struct json_object *argument_schema(const struct mon_arg *arg)
{
	struct json_object *schema = json_object_new_object(), *types;

	if (arg->type == &mon_arg_flag) {
		qmp_add_text(schema, "type", "boolean");
	} else if (takes_number(arg->type)) {
		types = json_object_new_array();
		json_object_array_add(types, json_object_new_string("integer"));
		json_object_array_add(types, json_object_new_string("string"));
		json_object_object_add(schema, "type", types);
		if (arg->max) {
			qmp_add_u64(schema, "minimum", arg->min);
			qmp_add_u64(schema, "maximum", arg->max);
		}
	} else {
		qmp_add_text(schema, "type", "string");
	}
	if (arg->help)
		qmp_add_text(schema, "description", arg->help);
	return schema;
}

static struct json_object *arguments_schema(const struct mon_command *cmd)
{
	struct json_object *schema = json_object_new_object();
	struct json_object *properties = json_object_new_object();
	struct json_object *required = json_object_new_array();
	char name[32];

	for (const struct mon_arg *a = cmd->args; a && a->name; a++) {
		member_name(a, name, sizeof(name));
		json_object_object_add(properties, name, argument_schema(a));
		if (!a->optional && a->type != &mon_arg_flag)
			json_object_array_add(required, json_object_new_string(name));
	}
	qmp_add_text(schema, "type", "object");
	json_object_object_add(schema, "properties", properties);
	json_object_object_add(schema, "required", required);
	qmp_add_bool(schema, "additionalProperties", false);
	return schema;
}

static struct json_object *examples_of(const struct mon_command *cmd)
{
	struct json_object *list = json_object_new_array();

	for (const char *const *e = cmd->examples; e && *e; e++)
		json_object_array_add(list, json_object_new_string(*e));
	return list;
}

static void add_commands(struct json_object *list, const char *parent,
			 const struct mon_command *sub)
{
	const struct mon_command *cmd;
	struct json_object *row;
	char name[64];

	for (size_t n = 0; (cmd = mon_command_in(sub, n)); n++) {
		snprintf(name, sizeof(name), "%s%s%s", parent, *parent ? " " : "", cmd->name);
		if (cmd->sub)
			add_commands(list, name, cmd->sub);
		if (!cmd->run)
			continue;
		row = json_object_new_object();
		qmp_add_text(row, "command", name);
		qmp_add_text(row, "description", cmd->help);
		json_object_object_add(row, "examples", examples_of(cmd));
		json_object_object_add(row, "arguments", arguments_schema(cmd));
		json_object_object_add(row, "data", mon_schema(cmd->result));
		json_object_array_add(list, row);
	}
}

void qmp_run_vitrine_schema(struct qmp_call *call)
{
	call->result = json_object_new_array();
	add_commands(call->result, "", NULL);
}
