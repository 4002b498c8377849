// SPDX-License-Identifier: GPL-3.0-or-later
/* hv/control_at.h over the machine without KVM of fake_control.h. */
#include "hv/control_at.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hv/control_msr.h"
#include "tests/unit-mon/fake_control.h"

struct control_at {
	struct fake *f;
	int vcpu;
	char text[160];
};

int control_bp_add_filtered(struct machine *m, struct control_client *owner, enum bp_kind kind,
			    uint64_t addr, uint64_t len, int vcpu, struct bp_filter *filter,
			    struct error *err)
{
	struct fake *f = (struct fake *)m;
	int id = control_bp_add(m, owner, kind, addr, kind == BP_SOFT || kind == BP_HARD ? 1 : len,
				vcpu, err);

	if (id > 0) {
		f->filters[f->bp_count - 1] = filter;
	}
	return id;
}

bool fake_hit(struct fake *f, int id, int vcpu)
{
	struct control_at at = { .f = f, .vcpu = vcpu };
	struct stop stop = { .reason = STOP_BREAKPOINT, .vcpu = vcpu, .bp = id };

	for (size_t n = 0; n < f->bp_count; n++) {
		if (f->bps[n].id != id)
			continue;
		f->bps[n].asked++;
		if (f->filters[n] && f->filters[n]->ask(f->filters[n], &at) == BP_GO_ON)
			return false;
		f->bps[n].hits++;
		stop.pc = f->bps[n].addr;
		snprintf(stop.text, sizeof(stop.text), "%s", at.text);
		fake_stop(f, &stop);
		return true;
	}
	return false;
}

int control_at_vcpu(const struct control_at *at)
{
	return at->vcpu;
}

uint64_t control_at_pc(const struct control_at *at)
{
	return at->f->reg[at->vcpu][FAKE_RIP][0];
}

int control_at_reg(struct control_at *at, int reg, void *buf)
{
	return control_reg_read(&at->f->m, at->vcpu, reg, buf);
}

int control_at_msr(struct control_at *at, uint64_t index, uint64_t *value)
{
	return control_msr_read(&at->f->m, at->vcpu, index, value);
}

ssize_t control_at_mem_read(struct control_at *at, uint64_t addr, void *buf, size_t len)
{
	return control_mem_read(&at->f->m, at->vcpu, CONTROL_VIRTUAL, addr, buf, len);
}

void control_at_explain(struct control_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(at->text, sizeof(at->text), fmt, ap);
	va_end(ap);
}
