// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Looking up, parsing and running command lines: see command.h.
 *
 * A line is: command [/FMT] [subcommand] arguments. Flags (-a) may stand anywhere among the
 * arguments. What kinds of arguments there are is arg.c's; this file only walks the schema.
 */
#include "monitor/command.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "monitor/data.h"
#include "monitor/session.h"
#include "monitor/style.h"

/* In the order in which `help` shows them. */
static const struct mon_command *const families[] = {
	mon_help_commands,	 mon_run_commands,    mon_info_commands,    mon_memory_commands,
	mon_copy_commands,	 mon_pages_commands,  mon_symbol_commands,  mon_backtrace_commands,
	mon_breakpoint_commands, mon_catch_commands,  mon_change_commands,  mon_trace_commands,
	mon_log_commands,	 mon_script_commands, mon_inject_commands,  mon_port_commands,
	mon_balloon_commands,	 mon_link_commands,   mon_profile_commands,
};

const struct mon_command *mon_command_at(size_t n)
{
	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (const struct mon_command *c = families[f]; c->name; c++)
			if (!n--)
				return c;
	return NULL;
}

const struct mon_command *mon_command_in(const struct mon_command *sub, size_t n)
{
	if (!sub)
		return mon_command_at(n);
	for (; sub->name; sub++)
		if (!n--)
			return sub;
	return NULL;
}

static bool is_alias(const struct mon_command *cmd, const char *word, size_t len)
{
	const char *a = cmd->aliases;

	while (a && *a) {
		size_t n = strcspn(a, "|");

		if (n == len && !memcmp(a, word, len))
			return true;
		a += n + (a[n] == '|');
	}
	return false;
}

/* Whose subcommands these are. */
static const char *parent_of(const struct mon_command *sub)
{
	const struct mon_command *c;

	for (size_t n = 0; (c = mon_command_at(n)); n++)
		if (c->sub == sub)
			return c->name;
	return "";
}

int mon_command_find(const struct mon_command *sub, const char *word, size_t len,
		     const struct mon_command **out, struct error *err)
{
	const struct mon_command *c, *found = NULL;
	char list[256] = "";
	size_t used = 0, matches = 0;

	for (size_t n = 0; (c = mon_command_in(sub, n)); n++) {
		if ((strlen(c->name) == len && !memcmp(c->name, word, len)) ||
		    is_alias(c, word, len)) {
			*out = c;
			return 0;
		}
		if (strncmp(c->name, word, len) != 0)
			continue;
		found = c;
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
						 matches ? ", " : "", c->name);
		matches++;
	}
	if (matches == 1) {
		*out = found;
		return 0;
	}
	if (matches)
		return error_set(err, -EINVAL, "ambiguous: it could be %s", list);
	return error_set(err, -ENOENT, "no such %s: `help%s%s` lists them",
			 sub ? "subcommand" : "command", sub ? " " : "", sub ? parent_of(sub) : "");
}

static void skip_space(const char *line, size_t *pos, size_t len)
{
	while (*pos < len && isspace((unsigned char)line[*pos]))
		(*pos)++;
}

/* A command's name ends at a blank or at the / of its format; no name but ? is punctuation. */
static size_t name_len(const char *line, size_t pos, size_t len)
{
	size_t n = 0;

	while (pos + n < len && !isspace((unsigned char)line[pos + n]) && line[pos + n] != '/')
		n++;
	return n;
}

bool mon_command_goes_on(const struct mon_command *cmd, const char *line, size_t pos, size_t len)
{
	size_t n;

	if (!cmd->sub || !cmd->run)
		return cmd->sub;
	skip_space(line, &pos, len);
	n = name_len(line, pos, len);
	for (const struct mon_command *c = cmd->sub; c->name; c++)
		if (strlen(c->name) == n && !memcmp(c->name, line + pos, n))
			return true;
	return false;
}

static int wrong(struct mon_mistake *mistake, size_t pos, size_t len)
{
	mistake->pos = pos;
	mistake->len = len;
	return -EINVAL;
}

static int parse_command(const char *line, size_t *pos, size_t len, const struct mon_command **out,
			 struct mon_mistake *mistake)
{
	const struct mon_command *cmd = NULL, *sub = NULL;
	size_t n;

	do {
		skip_space(line, pos, len);
		n = name_len(line, *pos, len);
		if (!n && *pos < len)
			n = 1;
		if (!n) {
			error_set(&mistake->err, -EINVAL,
				  "expected a %scommand: `help%s%s` lists them", cmd ? "sub" : "",
				  cmd ? " " : "", cmd ? cmd->name : "");
			return wrong(mistake, *pos, 0);
		}
		if (mon_command_find(sub, line + *pos, n, &cmd, &mistake->err) || !cmd)
			return wrong(mistake, *pos, n);
		*pos += n;
		sub = cmd->sub;
	} while (mon_command_goes_on(cmd, line, *pos, len));
	*out = cmd;
	return 0;
}

/* A word like -a: a flag of this command, or a mistake. Negative numbers are none. */
static int parse_flag(struct mon_call *call, const char *line, size_t *pos, size_t len,
		      struct mon_mistake *mistake)
{
	const struct mon_arg *arg = call->cmd->args;
	size_t n = 2;

	if (len - *pos < 2 || line[*pos] != '-' || !isalpha((unsigned char)line[*pos + 1]))
		return 0;
	while (*pos + n < len && !isspace((unsigned char)line[*pos + n]))
		n++;
	for (size_t i = 0; arg && arg[i].name; i++) {
		if (arg[i].type != &mon_arg_flag || strlen(arg[i].name) != n ||
		    memcmp(arg[i].name, line + *pos, n) != 0)
			continue;
		call->arg[i].set = true;
		*pos += n;
		return 1;
	}
	error_set(&mistake->err, -EINVAL, "%s has no such flag", call->cmd->name);
	return wrong(mistake, *pos, n);
}

static int parse_flags(struct mon_call *call, const char *line, size_t *pos, size_t len,
		       struct mon_mistake *mistake)
{
	int rc;

	do {
		skip_space(line, pos, len);
		rc = parse_flag(call, line, pos, len, mistake);
	} while (rc > 0);
	return rc;
}

/* True when no positional argument follows @arg: it may then take the whole rest of the line. */
static bool is_last(const struct mon_arg *arg)
{
	for (arg++; arg->name; arg++)
		if (arg->type != &mon_arg_flag)
			return false;
	return true;
}

/*
 * Where a word ends: at a blank outside of quotes and parentheses. The last argument of a command
 * ends with the line, so that `x $rsp + 8` needs no parentheses and `watch $rsp 8` is two
 * arguments.
 */
static size_t word_end(const char *line, size_t pos, size_t len)
{
	unsigned depth = 0;
	bool quoted = false;

	for (; pos < len; pos++) {
		if (quoted) {
			if (line[pos] == '\\' && pos + 1 < len)
				pos++;
			else if (line[pos] == '"')
				quoted = false;
		} else if (line[pos] == '"') {
			quoted = true;
		} else if (line[pos] == '(') {
			depth++;
		} else if (line[pos] == ')') {
			depth -= depth > 0;
		} else if (!depth && isspace((unsigned char)line[pos])) {
			break;
		}
	}
	return pos;
}

/* Whether the word @keyword begins at @pos. */
static bool keyword_at(const char *keyword, const char *line, size_t pos, size_t len)
{
	size_t n = strlen(keyword);

	return len - pos >= n && !memcmp(line + pos, keyword, n) &&
	       (len - pos == n || isspace((unsigned char)line[pos + n]) || line[pos + n] == '(');
}

/* Where the blank before the word @keyword is, or @len. */
static size_t find_keyword(const char *keyword, const char *line, size_t pos, size_t len)
{
	for (; pos < len; pos++)
		if (isspace((unsigned char)line[pos]) && keyword_at(keyword, line, pos + 1, len))
			return pos;
	return len;
}

/* Where the argument @arg may end at the latest. */
static size_t argument_end(const struct mon_arg *arg, const char *line, size_t pos, size_t len)
{
	if (arg[1].name && arg[1].type->keyword)
		return find_keyword(arg[1].type->keyword, line, pos, len);
	return is_last(arg) || arg->type->rest ? len : word_end(line, pos, len);
}

static int parse_argument(struct mon_call *call, size_t i, const char *line, size_t *pos,
			  size_t len, struct mon_mistake *mistake)
{
	const struct mon_arg *arg = &call->cmd->args[i];
	size_t end = argument_end(arg, line, *pos, len);
	int rc;

	if (arg->type == &mon_arg_format && (*pos == len || line[*pos] != '/'))
		return 0;
	/* Left out: the next one follows already. */
	if (arg->optional && arg[1].name && arg[1].type->keyword &&
	    keyword_at(arg[1].type->keyword, line, *pos, len))
		return 0;
	if (arg->type == &mon_arg_format)
		end = word_end(line, *pos, len);
	if (*pos == len) {
		if (arg->optional)
			return 0;
		error_set(&mistake->err, -EINVAL, "expected %s (%s)", arg->type->what, arg->name);
		return wrong(mistake, *pos, 0);
	}
	rc = arg->type->parse(call, arg, line, pos, end, &call->arg[i], mistake);
	if (rc)
		return rc;
	call->arg[i].set = true;
	return 0;
}

static int parse_arguments(struct mon_call *call, const char *line, size_t pos, size_t len,
			   struct mon_mistake *mistake)
{
	const struct mon_arg *args = call->cmd->args;
	int rc;

	for (size_t i = 0; args && args[i].name; i++) {
		if (args[i].type == &mon_arg_flag)
			continue;
		rc = parse_flags(call, line, &pos, len, mistake);
		if (!rc)
			rc = parse_argument(call, i, line, &pos, len, mistake);
		if (rc)
			return rc;
	}
	rc = parse_flags(call, line, &pos, len, mistake);
	if (rc)
		return rc;
	if (pos < len) {
		error_set(&mistake->err, -EINVAL,
			  args && args[0].name ? "one argument too many for %s"
					       : "%s takes no arguments",
			  call->cmd->name);
		return wrong(mistake, pos, word_end(line, pos, len) - pos);
	}
	return 0;
}

int mon_parse(struct mon_session *s, const char *line, struct mon_call *call,
	      struct mon_mistake *mistake)
{
	size_t len = strlen(line), pos = 0;
	int rc;

	*mistake = (struct mon_mistake){ 0 };
	call->session = s;
	call->m = s->m;
	call->cmd = NULL;
	call->stored = 0;
	memset(call->arg, 0, sizeof(call->arg));
	if (len > MON_LINE_MAX) {
		error_set(&mistake->err, -EINVAL, "the line is longer than %d bytes", MON_LINE_MAX);
		return wrong(mistake, 0, 0);
	}
	while (len && isspace((unsigned char)line[len - 1]))
		len--;
	rc = parse_command(line, &pos, len, &call->cmd, mistake);
	return rc ? rc : parse_arguments(call, line, pos, len, mistake);
}

void mon_mistake_print(const char *line, const struct mon_mistake *mistake, bool colour,
		       struct strbuf *out)
{
	size_t column = 0;

	if (strlen(line) > MON_LINE_MAX) {
		strbuf_printf(out, "error: %s\n", mistake->err.text);
		return;
	}
	strbuf_puts(out, line);
	strbuf_puts(out, "\n");
	/* Tabs stay tabs so that the caret stands below its word; a UTF-8 character is one column.
	 */
	for (size_t i = 0; i < mistake->pos && line[i]; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80) {
			strbuf_add(out, line[i] == '\t' ? "\t" : " ", 1);
			column++;
		}
	if (colour)
		strbuf_puts(out, style_begin(STYLE_ERROR));
	for (size_t i = 0; i < (mistake->len ? mistake->len : 1) && column + i < MON_LINE_MAX; i++)
		if (!i || ((unsigned char)line[mistake->pos + i] & 0xc0) != 0x80)
			strbuf_puts(out, i ? "~" : "^");
	if (colour)
		strbuf_puts(out, style_end());
	strbuf_printf(out, " %s\n", mistake->err.text);
}

static void put_error(const struct mon_session *s, const char *why, struct strbuf *out)
{
	style_put(out, s->colour, STYLE_ERROR, "error:");
	strbuf_printf(out, " %s\n", why);
}

static void run_call(struct mon_call *call, struct strbuf *out, struct error *err)
{
	struct mon_session *s = call->session;
	struct strbuf *before = s->out;

	call->out = out;
	call->err = err;
	call->failed = false;
	s->again = call->cmd->again;
	s->out = out;
	call->cmd->run(call);
	if (call->cmd->result == mon_run_result)
		mon_state_data(call->m, out);
	s->out = before;
}

void mon_run_now(struct mon_session *s, const char *line, struct strbuf *out)
{
	struct field_sink *fields = out->fields;
	struct mon_mistake mistake;
	struct mon_call call;

	if (line[strspn(line, " \t\r\n\v\f")] == '\0')
		return;
	/* A line that another command runs is text of that one. */
	out->fields = NULL;
	if (mon_parse(s, line, &call, &mistake)) {
		mon_mistake_print(line, &mistake, s->colour, out);
		s->line_failed = true;
	} else {
		run_call(&call, out, NULL);
	}
	out->fields = fields;
}

void mon_run(struct mon_session *s, const char *line, struct strbuf *out)
{
	struct error err = { "" };

	if (!mon_collecting(s)) {
		mon_run_now(s, line, out);
	} else if (mon_collect(s, line, &err)) {
		put_error(s, err.text, out);
		s->line_failed = true;
	}
}

int mon_execute(struct mon_session *s, const char *line, struct strbuf *out, struct error *err)
{
	struct mon_mistake mistake;
	struct mon_call call;
	int ret;

	if (mon_collecting(s))
		return mon_collect(s, line, err);
	ret = mon_parse(s, line, &call, &mistake);
	if (ret) {
		*err = mistake.err;
		return ret;
	}
	run_call(&call, out, err);
	return call.failed ? -EINVAL : 0;
}

void mon_error(struct mon_call *call, const char *fmt, ...)
{
	struct error err;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	call->failed = true;
	call->session->line_failed = true;
	if (call->err)
		*call->err = err;
	else
		put_error(call->session, err.text, call->out);
}

void mon_usage(const struct mon_command *parent, const struct mon_command *cmd, struct strbuf *out)
{
	const struct mon_arg *a = cmd->args;

	strbuf_printf(out, "%s%s%s", parent ? parent->name : "", parent ? " " : "", cmd->name);
	if (cmd->sub && !cmd->run)
		strbuf_puts(out, " SUBCOMMAND");
	for (; a && a->name; a++) {
		if (a->type == &mon_arg_format)
			strbuf_printf(out, "[%s]", a->name);
		else
			strbuf_printf(out, " %s%s%s%s", a->optional ? "[" : "", a->name,
				      a->type->rest && !a->type->keyword &&
						      a->type != &mon_arg_command
					      ? "…"
					      : "",
				      a->optional ? "]" : "");
	}
}
