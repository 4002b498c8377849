// SPDX-License-Identifier: GPL-3.0-or-later
/* profile: where the guest spends its time (hv/profile.h). */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/profile.h"
#include "monitor/command.h"
#include "monitor/profile_tree.h"
#include "monitor/session.h"

#define HZ    1000
#define SHOWN 20

static double percent(uint64_t part, uint64_t all)
{
	return all ? 100.0 * (double)part / (double)all : 0;
}

/* Says what is wrong when there is nothing to look at. */
static bool have(struct mon_call *call, struct profile_status *s)
{
	if (profile_status(call->m, s))
		return true;
	mon_error(call, "no profile was taken: `profile start` begins one");
	return false;
}

static void cmd_start(struct mon_call *call)
{
	enum run_state state = control_state(call->m);
	struct error err;

	if (profile_start(call->m, call->arg[0].set ? (unsigned)call->arg[0].num : HZ, &err))
		mon_error(call, "%s", err.text);
	else if (run_state_is_stopped(state))
		strbuf_puts(call->out, "the guest is stopped: samples come when it runs\n");
}

static void put_status(struct mon_call *call, const struct profile_status *s)
{
	field_bool(call->out, "on", s->on, "sampling", "stopped");
	field_u64(call->out, "hz", " at %llu Hz", s->hz);
	data_u64(call->out, "ns", s->ns);
	strbuf_printf(call->out, ", %.1f s: ", (double)s->ns / 1e9);
	field_u64(call->out, "samples", "%llu samples", s->samples);
	field_u64(call->out, "idle", ", %llu of a halted vCPU", s->idle);
	field_u64(call->out, "lost", ", %llu lost\n", s->lost);
}

static void cmd_stop(struct mon_call *call)
{
	struct profile_status s;

	if (!have(call, &s))
		return;
	profile_stop(call->m);
	profile_status(call->m, &s);
	put_status(call, &s);
}

static void cmd_status(struct mon_call *call)
{
	struct profile_status s;

	if (have(call, &s))
		put_status(call, &s);
}

static void put_function(struct mon_call *call, const struct profile_node *n, uint64_t samples)
{
	data_object(call->out, NULL);
	strbuf_printf(call->out, "%6.2f %% %6.2f %% ", percent(n->self, samples),
		      percent(n->total, samples));
	field_u64(call->out, "self", "%9llu", n->self);
	data_u64(call->out, "total", n->total);
	field_str(call->out, "name", "  %s\n", n->name);
	data_end(call->out);
}

static void cmd_top(struct mon_call *call)
{
	uint64_t left = call->arg[0].set ? call->arg[0].num : SHOWN;
	struct profile_status s;
	struct profile_tree t;

	if (!have(call, &s))
		return;
	put_status(call, &s);
	profile_tree_make(&t, call->m, call->session->cpu);
	if (t.list)
		strbuf_puts(call->out, "    self    total   samples  function\n");
	data_list(call->out, "functions");
	for (const struct profile_node *n = t.list; n && left--; n = n->next)
		put_function(call, n, t.root.total);
	data_end(call->out);
	profile_tree_free(&t);
}

/* ---- files ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && !strcmp(s + n - e, end);
}

static int write_file(const char *path, const struct profile_tree *t,
		      const struct profile_status *s)
{
	FILE *f = fopen(path, "we");
	char title[160];
	int ret;

	if (!f)
		return -errno;
	snprintf(title, sizeof(title),
		 "%" PRIu64 " samples at %u Hz in %.1f s, without %" PRIu64 " of halted vCPUs",
		 t->root.total, s->hz, (double)s->ns / 1e9, s->idle);
	if (ends_with(path, ".folded"))
		profile_put_folded(t, f);
	else
		profile_put_svg(t, title, f);
	ret = ferror(f) ? -EIO : 0;
	if (fclose(f) && !ret)
		ret = -errno;
	return ret;
}

static void cmd_save(struct mon_call *call)
{
	const char *path = call->arg[0].str;
	struct profile_status s;
	struct profile_tree t;
	int ret;

	if (!have(call, &s))
		return;
	profile_tree_make(&t, call->m, call->session->cpu);
	ret = t.failed ? -ENOMEM : write_file(path, &t, &s);
	if (ret) {
		mon_error(call, "cannot write %.200s: %s", path, strerror(-ret));
	} else {
		field_u64(call->out, "samples", "%llu samples written", t.root.total);
		field_str(call->out, "file", " to %s\n", path);
	}
	profile_tree_free(&t);
}

/* ---- the table ---- */

#define STATUS_FIELDS                                                               \
	{ "on", MON_BOOL, false, "it goes on", NULL },                              \
		{ "hz", MON_NUMBER, false, "the rate", NULL },                      \
		{ "ns", MON_NUMBER, false, "for how long", NULL },                  \
		{ "samples", MON_NUMBER, false, "all of them", NULL },              \
		{ "idle", MON_NUMBER, false, "of halted vCPUs", NULL },             \
	{                                                                           \
		"lost", MON_NUMBER, false, "that found no place in the table", NULL \
	}

static const struct mon_field status_result[] = { STATUS_FIELDS, { 0 } };

static const struct mon_field function_fields[] = {
	{ "self", MON_NUMBER, false, "samples in it", NULL },
	{ "total", MON_NUMBER, false, "samples in it or in what it has called", NULL },
	{ "name", MON_TEXT, false, "of the function", NULL },
	{ 0 },
};

static const struct mon_field top_result[] = {
	STATUS_FIELDS,
	{ "functions", MON_LIST, false, "those with most samples of their own", function_fields },
	{ 0 },
};

static const struct mon_field save_result[] = {
	{ "samples", MON_NUMBER, false, "that were written", NULL },
	{ "file", MON_TEXT, false, "where", NULL },
	{ 0 },
};

static const struct mon_arg start_args[] = {
	{ "HZ", &mon_arg_number, true, 1, PROFILE_HZ_MAX, "samples a second; 1000 unless given" },
	{ 0 },
};

static const struct mon_arg top_args[] = {
	{ "N", &mon_arg_number, true, 1, 10000, "how many; 20 unless given" },
	{ 0 },
};

static const struct mon_arg save_args[] = {
	{ "FILE", &mon_arg_file, false, 0, 0,
	  "a flame graph, or stacks when it ends with .folded" },
	{ 0 },
};

static const struct mon_command subcommands[] = {
	{
		.name = "start",
		.args = start_args,
		.help = "begin to sample where each vCPU is",
		.detail = "A reset of the machine does not end it; what was sampled before it is "
			  "forgotten.",
		.examples = (const char *const[]){ "profile start", "profile start 100", NULL },
		.run = cmd_start,
		.result = mon_no_result,
	},
	{
		.name = "stop",
		.help = "end that; what was sampled stays",
		.examples = (const char *const[]){ "profile stop", NULL },
		.run = cmd_stop,
		.result = status_result,
	},
	{
		.name = "status",
		.help = "whether samples are taken, and how many there are",
		.examples = (const char *const[]){ "profile status", NULL },
		.run = cmd_status,
		.result = status_result,
	},
	{
		.name = "top",
		.args = top_args,
		.help = "the functions in which most samples were",
		.detail = "self: in the function; total: in it or in what it has called, as far as "
			  "frame pointers\n"
			  "tell. Shares are of the samples of vCPUs that were not halted. [user]: "
			  "programs of the\n"
			  "guest's. [0x…]: a page where no symbol is.",
		.examples = (const char *const[]){ "profile top", "profile top 5", NULL },
		.run = cmd_top,
		.result = top_result,
	},
	{
		.name = "save",
		.args = save_args,
		.help = "write a flame graph (SVG), or stacks when the name ends with .folded",
		.examples = (const char *const[]){ "profile save /tmp/guest.svg",
						   "profile save guest.folded", NULL },
		.run = cmd_save,
		.result = save_result,
	},
	{ 0 },
};

const struct mon_command mon_profile_commands[] = {
	{
		.name = "profile",
		.help = "where the guest spends its time",
		.examples = (const char *const[]){ "profile start", NULL },
		.sub = subcommands,
	},
	{ 0 },
};
