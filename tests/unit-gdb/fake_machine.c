// SPDX-License-Identifier: GPL-3.0-or-later
/* A machine without KVM, see fake_machine.h: its clients, how it runs and stops, its breakpoints.
 */
#include "fake_machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/arch/arch.h"
#include "hv/inspect.h"
#include "hv/record_packet.h"

/* ---- filters ---- */

struct control_at {
	struct machine *m;
	int vcpu;
	const struct fake_bp *bp;
	char text[160];
};

int control_at_vcpu(const struct control_at *at)
{
	return at->vcpu;
}

uint64_t control_at_pc(const struct control_at *at)
{
	return at->m->regs[at->vcpu][FAKE_RIP];
}

int control_at_reg(struct control_at *at, int reg, void *buf)
{
	return control_reg_read(at->m, at->vcpu, reg, buf);
}

ssize_t control_at_mem_read(struct control_at *at, uint64_t addr, void *buf, size_t len)
{
	return control_mem_read(at->m, at->vcpu, CONTROL_VIRTUAL, addr, buf, len);
}

void control_at_explain(struct control_at *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(at->text, sizeof(at->text), fmt, ap);
	va_end(ap);
}

static void notify(struct machine *m, const struct control_event *ev);

void control_at_print(struct control_at *at, const char *text, size_t len)
{
	struct control_event ev = { .kind = CONTROL_OUTPUT, .to = at->bp->info.owner };
	char copy[512];

	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	ev.text = copy;
	notify(at->m, &ev);
}

int control_at_step(struct control_at *at, uint64_t count)
{
	int *used = &at->m->followed_count[at->vcpu];

	if (*used == FAKE_MAX_FOLLOWED)
		return -ENOSPC;
	at->m->followed[at->vcpu][(*used)++] =
		(struct fake_followed){ .bp = at->bp->info.id, .left = count };
	return 0;
}

static struct fake_bp *bp_of(struct machine *m, int id)
{
	size_t i;

	for (i = 0; i < m->bp_count; i++)
		if (m->bps[i].info.id == id)
			return &m->bps[i];
	return NULL;
}

static void tell_followers(struct machine *m, int vcpu)
{
	struct control_at at = { .m = m, .vcpu = vcpu };
	int i, kept = 0;

	for (i = 0; i < m->followed_count[vcpu]; i++) {
		struct fake_followed f = m->followed[vcpu][i];
		struct fake_bp *bp = bp_of(m, f.bp);

		if (!bp)
			continue; /* it is gone */
		at.bp = bp;
		f.left--;
		bp->filter->stepped(bp->filter, &at, f.left);
		if (f.left)
			m->followed[vcpu][kept++] = f;
	}
	m->followed_count[vcpu] = kept;
}

static void bp_release(struct fake_bp *bp)
{
	if (bp->filter)
		bp->filter->release(bp->filter);
}

/* ---- clients ---- */

static void notify(struct machine *m, const struct control_event *ev)
{
	struct control_client *c, *next;

	for (c = m->clients; c; c = next) {
		next = c->next;
		if (!ev->to || ev->to == c)
			c->event(c, ev);
	}
}

void control_attach(struct machine *m, struct control_client *client)
{
	client->next = m->clients;
	m->clients = client;
}

void control_detach(struct machine *m, struct control_client *client)
{
	struct control_client **link = &m->clients;
	size_t i, kept = 0;

	while (*link && *link != client)
		link = &(*link)->next;
	if (*link)
		*link = client->next;
	for (i = 0; i < m->bp_count; i++) {
		if (m->bps[i].info.owner != client)
			m->bps[kept++] = m->bps[i];
		else
			bp_release(&m->bps[i]);
	}
	m->bp_count = kept;
	if (m->nonstop == client)
		m->nonstop = NULL;
	if (m->last_stop.by == client)
		m->last_stop.by = NULL;
}

void control_message(struct machine *m, const char *fmt, ...)
{
	struct control_event ev = { .kind = CONTROL_MESSAGE };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev.text = text;
	notify(m, &ev);
}

int control_reset(struct machine *m, struct control_client *by, struct error *err)
{
	struct control_event ev = { .kind = CONTROL_RESET, .by = by };

	if (m->no_reset)
		return error_set(err, -EIO, "the kernel's file is gone");
	m->resets++;
	for (int i = 0; i < m->vcpus; i++)
		m->regs[i][FAKE_RIP] = FAKE_BASE;
	if (m->state != RUN_RUNNING) {
		m->state = RUN_CREATED;
		m->last_stop = (struct stop){ .reason = STOP_ENTRY, .pc = FAKE_BASE };
	}
	notify(m, &ev);
	return 0;
}

void control_quit(struct machine *m, int code)
{
	m->quit = true;
	m->quit_code = code;
	if (m->ended)
		m->ended(m);
}

void fake_exit(struct machine *m, int code)
{
	struct control_event ev = { .kind = CONTROL_EXIT, .code = code };

	notify(m, &ev);
}

/* ---- running ---- */

enum run_state control_state(const struct machine *m)
{
	return m->state;
}

const struct stop *control_last_stop(const struct machine *m)
{
	return &m->last_stop;
}

bool control_vcpu_runs(const struct machine *m, int vcpu)
{
	return control_vcpu_exists(m, vcpu) && m->state == RUN_RUNNING &&
	       m->orders[vcpu].action != RESUME_HOLD;
}

const struct stop *control_vcpu_stop(const struct machine *m, int vcpu)
{
	return &m->told[vcpu];
}

void control_set_nonstop(struct machine *m, struct control_client *by, bool on)
{
	m->nonstop = on ? by : NULL;
}

static bool any_runs(const struct machine *m)
{
	for (int i = 0; i < m->vcpus; i++)
		if (control_vcpu_runs(m, i))
			return true;
	return false;
}

/* Non-stop mode: one vCPU stops; returns whether it was the last. */
static bool stop_alone(struct machine *m, int vcpu, const struct stop *stop)
{
	struct control_event ev = { .kind = CONTROL_VCPU_STOPPED, .by = stop->by };

	m->told[vcpu] = *stop;
	m->told[vcpu].vcpu = vcpu;
	m->orders[vcpu].action = RESUME_HOLD;
	m->step_over[vcpu] = stop->reason != STOP_PAUSE;
	ev.stop = &m->told[vcpu];
	notify(m, &ev);
	return !any_runs(m);
}

static void stop_all_alone(struct machine *m, const struct stop *stop)
{
	struct stop pause = { .reason = STOP_PAUSE, .by = stop->by };

	for (int i = 0; i < m->vcpus; i++)
		if (control_vcpu_runs(m, i))
			stop_alone(m, i, stop->vcpu == i ? stop : &pause);
}

int control_stop_vcpu(struct machine *m, struct control_client *by, int vcpu)
{
	struct stop stop = { .reason = STOP_PAUSE, .by = by, .vcpu = vcpu };

	if (!m->nonstop)
		return -EINVAL;
	if (control_vcpu_runs(m, vcpu))
		fake_stop(m, RUN_DEBUG, &stop);
	return 0;
}

void fake_vcpu_comes(struct machine *m)
{
	struct control_event ev = { .kind = CONTROL_VCPUS, .code = m->vcpus };

	m->orders[m->vcpus++].action = RESUME_CONTINUE;
	notify(m, &ev);
}

void fake_vcpu_goes(struct machine *m)
{
	struct control_event ev = { .kind = CONTROL_VCPUS, .code = --m->vcpus };

	notify(m, &ev);
}

void fake_stop(struct machine *m, enum run_state state, const struct stop *stop)
{
	struct control_event ev = { .kind = CONTROL_STOPPED };

	if (m->nonstop && state == RUN_DEBUG && !stop_alone(m, stop->vcpu, stop))
		return;
	if (m->nonstop)
		stop_all_alone(m, stop);
	for (int i = 0; i < m->vcpus; i++)
		if (control_vcpu_runs(m, i))
			m->told[i] = (struct stop){ .reason = STOP_PAUSE, .by = stop->by };
	m->state = state;
	m->last_stop = *stop;
	if (control_vcpu_exists(m, stop->vcpu))
		m->step_over[stop->vcpu] = true;
	ev.stop = &m->last_stop;
	ev.by = stop->by;
	notify(m, &ev);
}

const struct stop *control_waiting_stop(struct machine *m, int vcpu)
{
	return control_vcpu_exists(m, vcpu) && m->waiting[vcpu].reason != STOP_NONE
		       ? &m->waiting[vcpu]
		       : NULL;
}

void control_waiting_stop_shown(struct machine *m, int vcpu)
{
	m->shown[vcpu] = true;
}

int control_stop(struct machine *m, struct control_client *by)
{
	struct stop stop = { .reason = STOP_PAUSE, .by = by };

	if (m->state == RUN_RUNNING)
		fake_stop(m, RUN_PAUSED, &stop);
	return 0;
}

int control_resume(struct machine *m, struct control_client *by, const struct resume *orders,
		   size_t count, struct error *err)
{
	struct control_event ev = { .kind = CONTROL_RESUMED, .by = by };
	const struct resume hold = { .action = RESUME_HOLD };
	bool any = false, running = m->state == RUN_RUNNING;
	int i;

	if (m->state == RUN_SHUTDOWN || m->state == RUN_INTERNAL_ERROR)
		return error_set(err, -EPERM, "the guest cannot run on");
	for (i = 0; i < m->vcpus; i++) {
		if (control_vcpu_runs(m, i))
			continue;
		m->orders[i] = (size_t)i < count ? orders[i] : hold;
		any |= m->orders[i].action != RESUME_HOLD;
	}
	if (!any)
		return running ? error_set(err, -EBUSY, "the guest is running")
			       : error_set(err, -EINVAL, "no vCPU is to run");
	m->state = RUN_RUNNING;
	m->last_stop.reason = STOP_NONE;
	m->stepper = by;
	notify(m, &ev);
	if (m->resumed)
		m->resumed(m);
	return 0;
}

int control_resume_all(struct machine *m, struct control_client *by, struct error *err)
{
	struct resume all[FAKE_MAX_VCPUS] = { 0 };
	int i;

	for (i = 0; i < FAKE_MAX_VCPUS; i++)
		all[i].action = RESUME_CONTINUE;
	return control_resume(m, by, all, FAKE_MAX_VCPUS, err);
}

static struct fake_bp *bp_find(struct machine *m, const struct control_client *owner,
			       enum bp_kind kind, uint64_t addr, uint64_t len)
{
	size_t i;

	for (i = 0; i < m->bp_count; i++) {
		struct bp_info *b = &m->bps[i].info;

		if (b->owner == owner && b->kind == kind && b->addr == addr && b->len == len)
			return &m->bps[i];
	}
	return NULL;
}

static bool bp_is_code(const struct bp_info *b)
{
	return b->kind == BP_SOFT || b->kind == BP_HARD;
}

static bool hit_code(struct machine *m, int vcpu)
{
	uint64_t pc = m->regs[vcpu][FAKE_RIP];
	size_t i;

	for (i = 0; i < m->bp_count; i++) {
		struct fake_bp *bp = &m->bps[i];
		struct bp_info *b = &bp->info;
		struct stop stop = { .vcpu = vcpu, .pc = pc, .bp = b->id, .bp_kind = b->kind };
		struct control_at at = { .m = m, .vcpu = vcpu, .bp = bp };

		if (!bp_is_code(b) || b->addr != pc)
			continue;
		if (bp->filter && bp->filter->ask(bp->filter, &at) == BP_GO_ON)
			continue;
		memcpy(stop.text, at.text, sizeof(stop.text));
		b->hits++;
		stop.reason = b->kind == BP_SOFT ? STOP_BREAKPOINT : STOP_HW_BREAKPOINT;
		fake_stop(m, RUN_DEBUG, &stop);
		return true;
	}
	return false;
}

static bool hit_data(struct machine *m, int vcpu, uint64_t addr, bool write)
{
	size_t i;

	for (i = 0; i < m->bp_count; i++) {
		struct bp_info *b = &m->bps[i].info;
		struct stop stop = { .reason = STOP_WATCHPOINT,
				     .vcpu = vcpu,
				     .bp = b->id,
				     .bp_kind = b->kind,
				     .addr = b->addr,
				     .pc = m->regs[vcpu][FAKE_RIP] };

		if (bp_is_code(b) || b->kind == (write ? BP_READ : BP_WRITE) ||
		    b->addr >= addr + 8 || b->addr + b->len <= addr)
			continue;
		b->hits++;
		fake_stop(m, RUN_DEBUG, &stop);
		return true;
	}
	return false;
}

static void fail(struct machine *m, int vcpu, enum run_state state, enum stop_reason reason,
		 const char *text)
{
	struct stop stop = { .reason = reason, .vcpu = vcpu, .pc = m->regs[vcpu][FAKE_RIP] };

	snprintf(stop.text, sizeof(stop.text), "%s", text);
	fake_stop(m, state, &stop);
}

/* One instruction. */
static void execute(struct machine *m, int vcpu)
{
	uint64_t *r = m->regs[vcpu];
	uint8_t code[3] = { 0 }, *data = fake_mem_at(m, r[FAKE_RDI]);
	uint64_t value = 0;

	control_mem_read(m, vcpu, CONTROL_VIRTUAL, r[FAKE_RIP], code, sizeof(code));
	if (code[0] == 0x90) {
		r[FAKE_RIP]++;
	} else if (code[0] == 0xeb) {
		r[FAKE_RIP] += 2 + (uint64_t)(int8_t)code[1];
	} else if (code[0] == 0xf4) {
		/* Halted for good. */
	} else if (code[0] == 0x48 && code[2] == 0x07 && data && fake_mem_at(m, r[FAKE_RDI] + 7)) {
		bool write = code[1] == 0xff;

		memcpy(&value, data, 8);
		value += write;
		memcpy(data, &value, 8);
		if (!write)
			r[FAKE_RAX] = value;
		r[FAKE_RIP] += 3;
		hit_data(m, vcpu, r[FAKE_RDI], write);
	} else if (code[0] == 0x0f) {
		fail(m, vcpu, RUN_SHUTDOWN, STOP_TRIPLE_FAULT, "triple fault");
	} else {
		fail(m, vcpu, RUN_INTERNAL_ERROR, STOP_INTERNAL_ERROR, "unknown instruction");
	}
}

static void run_one(struct machine *m, int vcpu)
{
	struct stop stop = { .reason = STOP_STEP, .vcpu = vcpu, .by = m->stepper };
	const struct resume *order = &m->orders[vcpu];
	bool over = m->step_over[vcpu];

	if (order->action == RESUME_HOLD || (!over && hit_code(m, vcpu)))
		return;
	m->step_over[vcpu] = false;
	execute(m, vcpu);
	tell_followers(m, vcpu);
	if (!control_vcpu_runs(m, vcpu) || order->action == RESUME_CONTINUE)
		return;
	stop.pc = m->regs[vcpu][FAKE_RIP];
	if (order->action == RESUME_RANGE && stop.pc >= order->start && stop.pc < order->end)
		return;
	fake_stop(m, RUN_DEBUG, &stop);
}

void fake_run(struct machine *m, unsigned n)
{
	int i;

	while (n-- && m->state == RUN_RUNNING)
		for (i = 0; i < m->vcpus && m->state == RUN_RUNNING; i++)
			run_one(m, i);
}

/* ---- breakpoints ---- */

int control_bp_add(struct machine *m, struct control_client *owner, enum bp_kind kind,
		   uint64_t addr, uint64_t len, int vcpu, struct error *err)
{
	struct fake_bp *bp = bp_find(m, owner, kind, addr, len);
	size_t i, hard = 0;

	(void)vcpu;
	if (bp && !bp->filter) {
		bp->count++;
		return bp->info.id;
	}
	for (i = 0; i < m->bp_count; i++)
		hard += m->bps[i].info.kind == BP_HARD;
	if (kind == BP_HARD && hard == FAKE_HARD_BPS)
		return error_set(err, -ENOSPC, "all 4 debug registers are in use");
	if (m->no_watch && kind != BP_SOFT && kind != BP_HARD)
		return error_set(err, -ENOTSUP, "no watchpoints on this host");
	if (m->bp_count == FAKE_MAX_BPS)
		return error_set(err, -ENOSPC, "too many breakpoints");
	bp = &m->bps[m->bp_count++];
	*bp = (struct fake_bp){
		.info = { .id = ++m->bp_id,
			  .kind = kind,
			  .addr = addr,
			  .len = len,
			  .owner = owner },
		.count = 1,
	};
	return bp->info.id;
}

int control_bp_add_filtered(struct machine *m, struct control_client *owner, enum bp_kind kind,
			    uint64_t addr, uint64_t len, int vcpu, struct bp_filter *filter,
			    struct error *err)
{
	int id = control_bp_add(m, owner, kind, addr, len, vcpu, err);

	if (id >= 0)
		m->bps[m->bp_count - 1].filter = filter;
	return id;
}

int control_bp_remove(struct machine *m, struct control_client *owner, enum bp_kind kind,
		      uint64_t addr, uint64_t len)
{
	struct fake_bp *bp = bp_find(m, owner, kind, addr, len);

	if (!bp)
		return -ENOENT;
	if (!--bp->count) {
		bp_release(bp);
		*bp = m->bps[--m->bp_count];
	}
	return 0;
}

int control_bp_delete(struct machine *m, int id)
{
	struct fake_bp *bp = bp_of(m, id);

	if (!bp)
		return -ENOENT;
	bp_release(bp);
	*bp = m->bps[--m->bp_count];
	return 0;
}

bool control_bp_get(struct machine *m, size_t n, struct bp_info *info)
{
	if (n >= m->bp_count)
		return false;
	*info = m->bps[n].info;
	return true;
}

/* ---- life ---- */

struct machine *fake_machine_new(int vcpus, enum run_state state)
{
	static const uint8_t loop[] = { 0x90, 0x90, 0x48, 0xff, 0x07, 0x48,
					0x8b, 0x07, 0x90, 0xeb, 0xf5 };
	struct machine *m = calloc(1, sizeof(*m));
	int i;

	if (!m)
		abort();
	m->vcpus = vcpus;
	m->state = state;
	m->last_stop.reason = state == RUN_CREATED ? STOP_ENTRY : STOP_NONE;
	memcpy(m->mem, loop, sizeof(loop));
	m->mem[FAKE_HLT - FAKE_BASE] = 0xf4;
	m->mem[FAKE_UD2 - FAKE_BASE] = 0x0f;
	m->mem[FAKE_UD2 - FAKE_BASE + 1] = 0x0b;
	for (i = 0; i < vcpus; i++) {
		m->regs[i][FAKE_RIP] = FAKE_BASE;
		m->regs[i][FAKE_RDI] = FAKE_COUNTER + 8 * (uint64_t)i;
		m->regs[i][FAKE_RSP] = FAKE_BASE + 0x3000;
		m->regs[i][FAKE_EFLAGS] = 2;
		m->regs[i][FAKE_CR0] = 0x80000001;
		m->orders[i].action = RESUME_CONTINUE;
	}
	return m;
}

void record_packet(struct machine *m, bool sent, const void *data, size_t len)
{
	(void)m, (void)sent, (void)data, (void)len;
}

void fake_machine_free(struct machine *m)
{
	free(m);
}

uint64_t fake_counter(const struct machine *m, int vcpu)
{
	uint64_t value;

	memcpy(&value, &m->mem[FAKE_COUNTER - FAKE_BASE + 8 * (unsigned)vcpu], 8);
	return value;
}
