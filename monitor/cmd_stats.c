// SPDX-License-Identifier: GPL-3.0-or-later
/* info stats: KVM's own statistics, with the units and histograms that KVM describes them by. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/fields.h"
#include "hv/inspect_stats.h"
#include "monitor/arg.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* Characters of the longest bar of a histogram. */
#define BAR_MAX 40

typedef unsigned long long ull;

enum { ARG_ALL, ARG_WHOSE, ARG_NAME };

/* What WHOSE can be besides a vCPU's number. */
#define EVERYONES UINT64_MAX
#define THE_VM	  (UINT64_MAX - 1)

static const char *const kind_names[] = {
	[STATS_CUMULATIVE] = "cumulative",
	[STATS_INSTANT] = "instant",
	[STATS_PEAK] = "peak",
	[STATS_LINEAR] = "linear histogram",
	[STATS_LOG] = "log histogram",
	[STATS_KIND_UNKNOWN] = "unknown",
};

static const char *const unit_names[] = {
	[STATS_NONE] = "none",	   [STATS_BYTES] = "bytes",	[STATS_SECONDS] = "seconds",
	[STATS_CYCLES] = "cycles", [STATS_BOOLEAN] = "boolean", [STATS_UNIT_UNKNOWN] = "unknown",
};

/* ---- values ---- */

static double scaled(const struct stats_item *item, double value)
{
	for (int e = item->exponent; e > 0; e--)
		value *= item->base;
	for (int e = item->exponent; e < 0; e++)
		value /= item->base;
	return value;
}

struct step {
	double unit;
	const char *name;
};

static const struct step seconds[] = {
	{ 1, "s" }, { 1e-3, "ms" }, { 1e-6, "us" }, { 1e-9, "ns" }, { 0, NULL }
};
static const struct step bytes[] = {
	{ 1 << 30, "GiB" }, { 1 << 20, "MiB" }, { 1 << 10, "KiB" }, { 1, "bytes" }, { 0, NULL }
};

/* "1.5 ms"; a whole number of the unit has no fraction. */
static void put_in_steps(char *text, size_t size, const struct step *step, double value)
{
	double n, rest;
	ull whole;

	/* Powers of ten are not exact in binary. */
	while (step[1].name && value < step->unit * (1 - 1e-9))
		step++;
	n = value / step->unit;
	whole = n < 1e15 ? (ull)(n + 0.5) : 0;
	rest = n - (double)whole;
	if (rest < 1e-9 * n && rest > -1e-9 * n)
		snprintf(text, size, "%llu %s", whole, step->name);
	else if (!value)
		snprintf(text, size, "0");
	else
		snprintf(text, size, "%.2f %s", n, step->name);
}

static void value_text(const struct stats_item *item, uint64_t value, char *text, size_t size)
{
	if (item->unit == STATS_BOOLEAN && value < 2)
		snprintf(text, size, "%s", value ? "yes" : "no");
	else if (item->unit == STATS_SECONDS)
		put_in_steps(text, size, seconds, scaled(item, (double)value));
	else if (item->unit == STATS_BYTES)
		put_in_steps(text, size, bytes, scaled(item, (double)value));
	else if (item->exponent)
		snprintf(text, size, "%llu x %u^%d%s", (ull)value, item->base, item->exponent,
			 item->unit == STATS_CYCLES ? " cycles" : "");
	else
		snprintf(text, size, "%llu%s", (ull)value,
			 item->unit == STATS_CYCLES ? " cycles" : "");
}

/* ---- histograms ---- */

static bool is_histogram(const struct stats_item *item)
{
	return item->kind == STATS_LINEAR || item->kind == STATS_LOG;
}

/* Where bucket @n begins; false: further up than there are numbers. */
static bool bucket_start(const struct stats_item *item, size_t n, uint64_t *start)
{
	if (item->kind == STATS_LINEAR)
		return !__builtin_mul_overflow((uint64_t)n, item->bucket, start);
	*start = n && n <= 64 ? 1ull << (n - 1) : 0;
	return n <= 64;
}

static void put_bucket(struct strbuf *out, const struct stats_item *item, size_t n, uint64_t most)
{
	char from[48] = "", to[48] = "and more", bar[BAR_MAX + 1];
	size_t len = (size_t)((double)item->value[n] / (double)most * BAR_MAX);
	uint64_t start, end;

	if (!bucket_start(item, n, &start))
		snprintf(from, sizeof(from), "beyond");
	else
		value_text(item, start, from, sizeof(from));
	if (n + 1 < item->count && bucket_start(item, n + 1, &end)) {
		char text[40];

		value_text(item, end, text, sizeof(text));
		snprintf(to, sizeof(to), "to %s", text);
	}
	/* What there is at all shows. */
	memset(bar, '#', sizeof(bar));
	bar[len ? (len > BAR_MAX ? BAR_MAX : len) : 1] = '\0';
	strbuf_printf(out, "    %12s %-14s %12llu  %s\n", from, to, (ull)item->value[n], bar);
}

static void put_histogram(struct strbuf *out, const struct stats_item *item)
{
	uint64_t all = 0, most = 1;

	for (size_t n = 0; n < item->count; n++) {
		all += item->value[n];
		if (item->value[n] > most)
			most = item->value[n];
	}
	strbuf_printf(out, " %20llu in all\n", (ull)all);
	for (size_t n = 0; n < item->count; n++)
		if (item->value[n])
			put_bucket(out, item, n, most);
}

/* ---- items ---- */

static bool is_zero(const struct stats_item *item)
{
	for (size_t n = 0; n < item->count; n++)
		if (item->value[n])
			return false;
	return true;
}

static void put_item(struct strbuf *out, const struct stats_item *item)
{
	char text[64];

	data_object(out, NULL);
	field_str(out, "name", "  %-32s", item->name);
	data_str(out, "kind", kind_names[item->kind]);
	data_str(out, "unit", unit_names[item->unit]);
	data_u64(out, "base", item->base);
	data_int(out, "exponent", item->exponent);
	if (item->kind == STATS_LINEAR)
		data_u64(out, "bucket", item->bucket);
	data_list(out, "values");
	for (size_t n = 0; n < item->count; n++)
		data_u64(out, NULL, item->value[n]);
	data_end(out);
	if (is_histogram(item)) {
		put_histogram(out, item);
	} else {
		for (size_t n = 0; n < item->count; n++) {
			value_text(item, item->value[n], text, sizeof(text));
			strbuf_printf(out, " %20s", text);
		}
		strbuf_puts(out, item->kind == STATS_PEAK ? "  at most\n" : "\n");
	}
	data_end(out);
}

/* What was found for the names that were asked for, and what of it was shown. */
struct found {
	size_t count, shown;
};

static bool put_owner(struct mon_call *call, int vcpu, struct found *found)
{
	const char *prefix = call->arg[ARG_NAME].set ? call->arg[ARG_NAME].str : "";
	struct strbuf *out = call->out;
	struct error err;
	struct stats s;

	if (inspect_stats(call->m, vcpu, &s, &err)) {
		mon_error(call, "%s", err.text);
		return false;
	}
	data_object(out, NULL);
	if (vcpu == INSPECT_STATS_VM)
		strbuf_puts(out, "VM");
	else
		field_int(out, "cpu", "vCPU %lld", vcpu);
	field_str(out, "id", " (%s)\n", s.id);
	data_list(out, "stats");
	for (size_t i = 0; i < s.count; i++) {
		if (strncmp(s.item[i].name, prefix, strlen(prefix)) != 0)
			continue;
		found->count++;
		if (!call->arg[ARG_ALL].set && is_zero(&s.item[i]))
			continue;
		found->shown++;
		put_item(out, &s.item[i]);
	}
	data_end(out);
	data_end(out);
	stats_free(&s);
	return true;
}

void mon_info_stats(struct mon_call *call)
{
	uint64_t whose = call->arg[ARG_WHOSE].set ? call->arg[ARG_WHOSE].num : EVERYONES;
	struct found found = { 0 };
	bool ok = true;

	data_list(call->out, "of");
	if (whose == EVERYONES || whose == THE_VM)
		ok = put_owner(call, INSPECT_STATS_VM, &found);
	for (int i = 0; ok && i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i) && (whose == EVERYONES || whose == (uint64_t)i))
			ok = put_owner(call, i, &found);
	data_end(call->out);
	if (ok && !found.count && call->arg[ARG_NAME].set)
		mon_error(call, "no statistic's name begins with %s: `info stats -a` lists them",
			  call->arg[ARG_NAME].str);
	else if (ok && found.shown < found.count)
		strbuf_printf(call->out, "%zu that are 0 are left out: -a shows them\n",
			      found.count - found.shown);
}

/* ---- the table's ---- */

/* `vm` or a vCPU; what is neither is left to the next argument. */
static int parse_whose(struct mon_call *call, const struct mon_arg *arg, const char *line,
		       size_t *pos, size_t len, struct mon_value *value,
		       struct mon_mistake *mistake)
{
	char c = line[*pos];

	if (c == '$' || c == '(' || (c >= '0' && c <= '9'))
		return mon_arg_vcpu.parse(call, arg, line, pos, len, value, mistake);
	value->num = EVERYONES;
	if (len - *pos == 2 && !memcmp(line + *pos, "vm", 2)) {
		value->num = THE_VM;
		*pos = len;
	}
	return 0;
}

static int parse_name(struct mon_call *call, const struct mon_arg *arg, const char *line,
		      size_t *pos, size_t len, struct mon_value *value, struct mon_mistake *mistake)
{
	(void)arg;
	return mon_parse_word(call, line, pos, mon_word_end(line, *pos, len), value, mistake);
}

static void complete_name(struct mon_session *s, const char *prefix,
			  void (*add)(void *opaque, const char *word), void *opaque)
{
	const int whose[] = { INSPECT_STATS_VM, s->cpu };
	struct stats stats;

	(void)prefix;
	for (size_t n = 0; n < sizeof(whose) / sizeof(whose[0]); n++) {
		if (inspect_stats(s->m, whose[n], &stats, NULL))
			continue;
		for (size_t i = 0; i < stats.count; i++)
			add(opaque, stats.item[i].name);
		stats_free(&stats);
	}
}

/* The name, too, may stand there. */
static void complete_whose(struct mon_session *s, const char *prefix,
			   void (*add)(void *opaque, const char *word), void *opaque)
{
	add(opaque, "vm");
	mon_arg_vcpu.complete(s, prefix, add, opaque);
	complete_name(s, prefix, add, opaque);
}

static const struct mon_arg_type whose_arg = {
	.what = "vm or a vCPU",
	.parse = parse_whose,
	.complete = complete_whose,
};

static const struct mon_arg_type name_arg = {
	.what = "the beginning of a name",
	.parse = parse_name,
	.complete = complete_name,
};

const struct mon_arg mon_info_stats_args[] = {
	{ "-a", &mon_arg_flag, true, 0, 0, "those that are 0, too" },
	{ "WHOSE", &whose_arg, true, 0, 0, "vm, or a vCPU; all unless given" },
	{ "NAME", &name_arg, true, 0, 0, "those whose names begin so" },
	{ 0 },
};

static const struct mon_field item_fields[] = {
	{ "name", MON_TEXT, false, "KVM's", NULL },
	{ "kind", MON_TEXT, false,
	  "cumulative, instant, peak, linear histogram, log histogram, or unknown", NULL },
	{ "unit", MON_TEXT, false, "none, bytes, seconds, cycles, boolean, or unknown", NULL },
	{ "base", MON_NUMBER, false, "a value is to be multiplied by base^exponent", NULL },
	{ "exponent", MON_INTEGER, false, "see base", NULL },
	{ "bucket", MON_NUMBER, MON_OPTIONAL, "size of a linear histogram's buckets", NULL },
	{ "values", MON_LIST, false, "one, or a histogram's counts", mon_numbers },
	{ 0 },
};

static const struct mon_field owner_fields[] = {
	{ "cpu", MON_INTEGER, MON_OPTIONAL, "which vCPU; absent: the VM", NULL },
	{ "id", MON_TEXT, false, "KVM's name of it", NULL },
	{ "stats", MON_LIST, false, "without those that are 0, unless -a", item_fields },
	{ 0 },
};

const struct mon_field mon_info_stats_result[] = {
	{ "of", MON_LIST, false, "the VM and vCPUs that were asked for", owner_fields },
	{ 0 },
};
