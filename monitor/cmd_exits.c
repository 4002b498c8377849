// SPDX-License-Identifier: GPL-3.0-or-later
/* info exits: how often and why vCPUs came out of the guest, and what it took. */
#include "hv/fields.h"
#include "hv/inspect_exits.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* Shares of the largest column, from none to all. */
static const char shades[] = " .:-=+*#%@";

static void put_time(struct strbuf *out, const char *key, double ns)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
	size_t i = 0;

	while (i < 3 && ns < units[i].unit)
		i++;
	strbuf_printf(out, " %7.1f %-2s", ns / units[i].unit, units[i].name);
	data_u64(out, key, (uint64_t)ns);
}

static void put_histogram(struct strbuf *out, const uint64_t bucket[EXIT_BUCKETS])
{
	uint64_t most = 1;

	for (unsigned i = 0; i < EXIT_BUCKETS; i++)
		if (bucket[i] > most)
			most = bucket[i];
	strbuf_puts(out, "  |");
	data_list(out, "histogram");
	/* What there is at all shows. */
	for (unsigned i = 0; i < EXIT_BUCKETS; i++) {
		strbuf_add(out, &shades[bucket[i] ? 1 + bucket[i] * 8 / most : 0], 1);
		data_u64(out, NULL, bucket[i]);
	}
	data_end(out);
	strbuf_puts(out, "|\n");
}

static void put_reason(struct strbuf *out, const char *name, const struct exit_stat *stat)
{
	double each = stat->timed ? (double)stat->ns / (double)stat->timed : 0;

	data_object(out, NULL);
	field_str(out, "reason", "%-26s", name);
	field_u64(out, "count", " %12llu", stat->count);
	put_time(out, "ns", each * (double)stat->count);
	put_time(out, "ns_each", each);
	put_histogram(out, stat->bucket);
	data_end(out);
}

static void put_vcpu(struct mon_call *call, int vcpu)
{
	struct strbuf *out = call->out;
	struct exit_stat stat;
	const char *name;
	uint64_t total = 0;

	for (unsigned r = 0; inspect_exit(call->m, vcpu, r, &stat, &name); r++)
		total += stat.count;
	data_object(out, NULL);
	field_int(out, "cpu", "vCPU %lld: ", vcpu);
	field_u64(out, "exits", "%llu exits\n", total);
	if (total)
		strbuf_printf(out, "%-26s %12s %10s %10s  %s\n", "reason", "count", "time", "each",
			      "|0.5 us to 8 ms |");
	data_list(out, "reasons");
	for (unsigned r = 0; inspect_exit(call->m, vcpu, r, &stat, &name); r++)
		if (stat.count)
			put_reason(out, name, &stat);
	data_end(out);
	data_end(out);
}

void mon_info_exits(struct mon_call *call)
{
	data_list(call->out, "cpus");
	for (int i = 0; i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i) &&
		    (!call->arg[0].set || call->arg[0].num == (uint64_t)i))
			put_vcpu(call, i);
	data_end(call->out);
}

static const struct mon_field reason_fields[] = {
	{ "reason", MON_TEXT, false, "KVM's name of it", NULL },
	{ "count", MON_NUMBER, false, "how often", NULL },
	{ "ns", MON_NUMBER, false, "what all of them took, by those that were timed", NULL },
	{ "ns_each", MON_NUMBER, false, "what one takes on average", NULL },
	{ "histogram", MON_LIST, false, "counts: below 0.5 us, 1 us, 2 us, …", mon_numbers },
	{ 0 },
};

static const struct mon_field cpu_fields[] = {
	{ "cpu", MON_INTEGER, false, "which vCPU", NULL },
	{ "exits", MON_NUMBER, false, "of all reasons", NULL },
	{ "reasons", MON_LIST, false, "those that there were", reason_fields },
	{ 0 },
};

const struct mon_field mon_info_exits_result[] = {
	{ "cpus", MON_LIST, false, "those that were asked for", cpu_fields },
	{ 0 },
};

const struct mon_arg mon_info_exits_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; all unless given" },
	{ 0 },
};
