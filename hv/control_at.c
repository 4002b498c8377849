// SPDX-License-Identifier: GPL-3.0-or-later
/* What a filter can ask about the vCPU that stands at its breakpoint: see control_at.h. */
#include "hv/control_at.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "hv/debug.h"
#include "hv/output.h"

int control_at_vcpu(const struct control_at *at)
{
	return at->v->index;
}

uint64_t control_at_pc(const struct control_at *at)
{
	return at->pc;
}

int control_at_reg(struct control_at *at, int reg, void *buf)
{
	return arch_reg_read(at->v, reg, buf);
}

int control_at_msr(struct control_at *at, uint64_t index, uint64_t *value)
{
	return arch_msr_read(at->v, index, value);
}

ssize_t control_at_mem_read(struct control_at *at, uint64_t addr, void *buf, size_t len)
{
	return vcpu_mem_read(at->v, addr, buf, len);
}

void control_at_explain(struct control_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(at->text, sizeof(at->text), fmt, ap);
	va_end(ap);
}

void control_at_print(struct control_at *at, const char *text, size_t len)
{
	output_post(at->v->m, at->bp->owner, text, len);
}

int control_at_step(struct control_at *at, uint64_t count)
{
	struct vcpu *v = at->v;

	if (v->followed_count == VCPU_MAX_FOLLOWED)
		return -ENOSPC;
	v->followed[v->followed_count++] = (struct vcpu_followed){ .bp = at->bp, .left = count };
	return 0;
}
