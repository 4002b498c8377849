// SPDX-License-Identifier: GPL-3.0-or-later
/* What a processor can show of itself: see inspect_vcpu.h. */
#include "hv/inspect_vcpu.h"

#include <errno.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

struct question {
	const struct arch_view *view;
	struct strbuf *out;
	int ret;
};

static void answer(struct vcpu *v, void *arg)
{
	struct question *q = arg;

	q->ret = q->view->describe(v, q->out);
}

int inspect_view(struct machine *m, const char *name, int vcpu, struct strbuf *out,
		 struct error *err)
{
	struct question q = { .view = arch_views(), .out = out };
	int ret;

	while (q.view->name && strcmp(q.view->name, name) != 0)
		q.view++;
	if (!q.view->name)
		return error_set(err, -ENOENT, "this processor has no %s", name);
	if (vcpu < 0 || vcpu >= MACHINE_MAX_VCPUS || !m->vcpus[vcpu])
		return error_set(err, -ESRCH, "there is no vCPU %d", vcpu);
	ret = vcpu_run_on(m->vcpus[vcpu], answer, &q);
	if (!ret)
		ret = q.ret;
	if (ret == -EFAULT)
		return error_set(err, ret, "the %s of vCPU %d is not in memory", name, vcpu);
	return ret ? error_set(err, ret, "vCPU %d does not show it: %s", vcpu, strerror(-ret)) : 0;
}
