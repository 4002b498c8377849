// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Getting a vCPU past a breakpoint that it stands on: without a step where that can be done, else
 * by one step with what is planted, and what is protected, lifted. See debug.h.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/debug.h"
#include "hv/machine.h"

static struct bp *skip_data(struct bp *bp)
{
	while (bp && !bp_is_code(bp))
		bp = bp_at_next(bp);
	return bp;
}

struct bp *debug_code_bp_at(struct machine *m, uint64_t pc)
{
	return skip_data(bp_at(m, pc));
}

struct bp *debug_code_bp_next(const struct bp *bp)
{
	return skip_data(bp_at_next(bp));
}

struct site *debug_site_at(struct vcpu *v, uint64_t pc)
{
	struct arch_translation t;

	if (!v->m->debug->sites.count || arch_translate(v, pc, &t))
		return NULL;
	return site_find(v->m, t.gpa);
}

bool debug_must_step_over(struct vcpu *v, enum vcpu_start start)
{
	uint64_t pc = arch_pc(v);

	if (start == START_REPORTED && pc != v->stop_pc)
		return false;
	if (start == START_ASKED && !(v->asked && v->asked_pc == pc))
		return false;
	return debug_code_bp_at(v->m, pc) || debug_site_at(v, pc);
}

#define MAX_INSN 15 /* bytes, of all processors there are */

bool debug_pass(struct vcpu *v)
{
	uint64_t pc = arch_pc(v), left = 0x1000 - (pc & 0xfff);
	uint8_t code[MAX_INSN];
	ssize_t n;

	/* Who wants to see each instruction gets a step. */
	if ((v->debug_set && v->debug_step) || v->followed_count || v->lift_pages)
		return false;
	n = vcpu_mem_read(v, pc, code, left < sizeof(code) ? left : sizeof(code));
	if (n > 0 && arch_emulate(v, code, (size_t)n, !v->m->debug->data_bps)) {
		v->asked = false;
		return true;
	}
	return !debug_site_at(v, pc) && arch_pass_register(v);
}

bool debug_steps_alone(struct vcpu *v)
{
	return !v->lift_pages && !debug_site_at(v, arch_pc(v));
}

void debug_lift(struct vcpu *v)
{
	struct site *site = debug_site_at(v, arch_pc(v));

	if (site)
		site_lift(v->m, site, true);
	v->pages_lifted = v->lift_pages;
	if (v->pages_lifted)
		watch_step_begin(v);
}

void debug_unlift(struct vcpu *v)
{
	struct debug *d = v->m->debug;

	if (d->lifted)
		site_lift(v->m, d->lifted, false);
	if (v->pages_lifted) {
		watch_step_end(v);
		v->pages_lifted = v->lift_pages = false;
	}
}
