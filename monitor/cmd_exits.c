// SPDX-License-Identifier: GPL-3.0-or-later
/* info exits: how often and why vCPUs came out of the guest, and what it took. */
#include "hv/inspect_exits.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* Shares of the largest column, from none to all. */
static const char shades[] = " .:-=+*#%@";

static void put_time(struct strbuf *out, double ns)
{
	static const struct {
		double unit;
		const char *name;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" } };
	size_t i = 0;

	while (i < 3 && ns < units[i].unit)
		i++;
	strbuf_printf(out, " %7.1f %-2s", ns / units[i].unit, units[i].name);
}

static void put_histogram(struct strbuf *out, const uint64_t bucket[EXIT_BUCKETS])
{
	uint64_t most = 1;

	for (unsigned i = 0; i < EXIT_BUCKETS; i++)
		if (bucket[i] > most)
			most = bucket[i];
	strbuf_puts(out, "  |");
	/* What there is at all shows. */
	for (unsigned i = 0; i < EXIT_BUCKETS; i++)
		strbuf_add(out, &shades[bucket[i] ? 1 + bucket[i] * 8 / most : 0], 1);
	strbuf_puts(out, "|\n");
}

static void put_vcpu(struct mon_call *call, int vcpu)
{
	struct exit_stat stat;
	const char *name;
	uint64_t total = 0;
	double each;

	for (unsigned r = 0; inspect_exit(call->m, vcpu, r, &stat, &name); r++)
		total += stat.count;
	strbuf_printf(call->out, "vCPU %d: %llu exits\n", vcpu, (unsigned long long)total);
	if (total)
		strbuf_printf(call->out, "%-26s %12s %10s %10s  %s\n", "reason", "count", "time",
			      "each", "|0.5 us to 8 ms |");
	for (unsigned r = 0; inspect_exit(call->m, vcpu, r, &stat, &name); r++) {
		if (!stat.count)
			continue;
		strbuf_printf(call->out, "%-26s %12llu", name, (unsigned long long)stat.count);
		each = stat.timed ? (double)stat.ns / (double)stat.timed : 0;
		put_time(call->out, each * (double)stat.count);
		put_time(call->out, each);
		put_histogram(call->out, stat.bucket);
	}
}

void mon_info_exits(struct mon_call *call)
{
	for (int i = 0; i < control_vcpu_limit(call->m); i++)
		if (control_vcpu_exists(call->m, i) &&
		    (!call->arg[0].set || call->arg[0].num == (uint64_t)i))
			put_vcpu(call, i);
}

const struct mon_arg mon_info_exits_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; all unless given" },
	{ 0 },
};
