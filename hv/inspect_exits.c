// SPDX-License-Identifier: GPL-3.0-or-later
/* Exits as front ends see them: see inspect_exits.h. */
#include "hv/inspect_exits.h"

#include "hv/exit.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

bool inspect_exit(struct machine *m, int vcpu, unsigned reason, struct exit_stat *out,
		  const char **name)
{
	const struct exit_stat *s;

	if (vcpu < 0 || vcpu >= MACHINE_MAX_VCPUS || !m->vcpus[vcpu] || reason >= EXIT_REASONS)
		return false;
	s = &m->vcpus[vcpu]->exit_stats[reason];
	out->count = load(&s->count);
	out->timed = load(&s->timed);
	out->ns = load(&s->ns);
	for (unsigned i = 0; i < EXIT_BUCKETS; i++)
		out->bucket[i] = load(&s->bucket[i]);
	*name = exit_name(reason);
	return true;
}
