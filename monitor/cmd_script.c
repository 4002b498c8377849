// SPDX-License-Identifier: GPL-3.0-or-later
/* What runs by itself: source, commands, display, undisplay. */
#include <stdlib.h>
#include <string.h>

#include "hv/fields.h"
#include "monitor/breakpoint.h"
#include "monitor/command.h"
#include "monitor/session.h"

static void cmd_source(struct mon_call *call)
{
	struct error err = { "" };

	if (mon_script_open(call->session, call->arg[0].str, &err) ||
	    mon_script_run(call->session, &err))
		mon_error(call, "%s", err.text);
}

static void cmd_commands(struct mon_call *call)
{
	const struct mon_bp *bp = mon_bp_find(call->session->mon, (int)call->arg[0].num);

	if (!bp || mon_bp_owner(bp) != call->session)
		mon_error(call, "only what this console has set with break or watch can do that");
	else
		mon_collect_begin(call->session, (int)call->arg[0].num);
}

/* "print/x $rax" for what was typed behind display: /i, /s and a count are for memory. */
static char *display_line(struct mon_call *call)
{
	const struct mon_fmt *fmt = &call->arg[0].fmt;
	bool memory = fmt->format == 'i' || fmt->format == 's' || fmt->count || fmt->size;
	struct strbuf sb = STRBUF_INIT;
	char *line = NULL;

	strbuf_puts(&sb, memory ? "x" : "print");
	if (call->arg[0].set)
		strbuf_puts(&sb, "/");
	if (fmt->count)
		strbuf_printf(&sb, "%u", fmt->count);
	if (fmt->format)
		strbuf_add(&sb, &fmt->format, 1);
	if (fmt->size)
		strbuf_add(&sb, &fmt->size, 1);
	strbuf_printf(&sb, " %s", call->arg[1].str);
	if (!sb.failed)
		line = strdup(strbuf_str(&sb));
	strbuf_free(&sb);
	return line;
}

static void cmd_display(struct mon_call *call)
{
	struct mon_session *s = call->session;
	size_t i = 0;

	if (!call->arg[1].set) {
		data_list(call->out, "displays");
		mon_display(s, call->out);
		data_end(call->out);
		return;
	}
	while (i < MON_DISPLAYS && s->display[i])
		i++;
	if (i == MON_DISPLAYS) {
		mon_error(call, "%d are shown already: `undisplay N` takes one away", MON_DISPLAYS);
		return;
	}
	s->display[i] = display_line(call);
	if (!s->display[i]) {
		mon_error(call, "out of memory");
		return;
	}
	data_list(call->out, "displays");
	mon_display_one(s, i, call->out);
	data_end(call->out);
	s->again = NULL;
}

static const struct mon_field display_fields[] = {
	{ "n", MON_NUMBER, false, "its number", NULL },
	{ "line", MON_TEXT, false, "the command that shows it", NULL },
	{ "text", MON_TEXT, false, "what that says now", NULL },
	{ 0 },
};

static const struct mon_field display_result[] = {
	{ "displays", MON_LIST, false, "all, or the new one", display_fields },
	{ 0 },
};

static void cmd_undisplay(struct mon_call *call)
{
	char **line = &call->session->display[call->arg[0].num - 1];

	if (!*line)
		mon_error(call, "there is no such display: `display` lists them");
	free(*line);
	*line = NULL;
}

static const struct mon_arg source_args[] = {
	{ "FILE", &mon_arg_file, false, 0, 0, "a file with a command on each line" },
	{ 0 },
};

static const struct mon_arg commands_args[] = {
	{ "N", &mon_arg_breakpoint, false, 1, INT32_MAX, "the number of the breakpoint" },
	{ 0 },
};

static const struct mon_arg display_args[] = {
	{ "/FMT", &mon_arg_format, true, 0, 0,
	  "as of print; with i, s, a count or a size as of x" },
	{ "EXPR", &mon_arg_text, true, 0, 0, "an expression; without it, shows all now" },
	{ 0 },
};

static const struct mon_arg undisplay_args[] = {
	{ "N", &mon_arg_number, false, 1, MON_DISPLAYS, "its number" },
	{ 0 },
};

const struct mon_command mon_script_commands[] = {
	{
		.name = "source",
		.args = source_args,
		.help = "run the commands of a file",
		.detail =
			"Lines that begin with # are for people. A line that takes time (`step "
			"100`, `until`, `wait`)\n"
			"holds up the next one; one that fails ends the script and says FILE:LINE. "
			"Ctrl-C or `stop`\n"
			"ends it, too.",
		.examples = (const char *const[]){ "source /dev/null", NULL },
		.run = cmd_source,
		.result = mon_no_result,
	},
	{
		.name = "commands",
		.args = commands_args,
		.help = "run commands after each stop at a breakpoint",
		.detail = "The lines that follow, to one that says `end`, are kept; an `end` at "
			  "once takes them away.\n"
			  "They run as a script does, after the stop has been told.",
		.examples = (const char *const[]){ "commands 1", NULL },
		.run = cmd_commands,
		.result = mon_no_result,
	},
	{
		.name = "display",
		.args = display_args,
		.help = "show an expression at each stop",
		.examples =
			(const char *const[]){ "display/x $sp", "display/3i $pc", "display", NULL },
		.run = cmd_display,
		.result = display_result,
	},
	{
		.name = "undisplay",
		.args = undisplay_args,
		.help = "show it no longer",
		.examples = (const char *const[]){ "undisplay 1", NULL },
		.run = cmd_undisplay,
		.result = mon_no_result,
	},
	{ 0 },
};
