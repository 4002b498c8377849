// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The control interface: clients, vCPUs, registers and memory. Running is in
 * runstate.c, breakpoints are in breakpoint.c. See control.h.
 */
#include "hv/control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/device_stop.h"
#include "hv/machine.h"
#include "hv/output.h"
#include "hv/runstate.h"
#include "hv/vcpu.h"

/* ---- clients ---- */

struct queued_event {
	struct control_event ev;
	struct stop stop;
	char text[512];
	struct queued_event *next;
};

void control_attach(struct machine *m, struct control_client *client)
{
	client->next = m->clients;
	m->clients = client;
}

void control_detach(struct machine *m, struct control_client *client)
{
	struct control_client **link = &m->clients;
	struct vcpu *v;

	while (*link && *link != client)
		link = &(*link)->next;
	if (!*link)
		return;
	*link = client->next;
	if (m->notify_next == client)
		m->notify_next = client->next;
	for (struct queued_event *q = m->events; q; q = q->next)
		if (q->ev.by == client)
			q->ev.by = NULL;
	client->next = NULL;
	if (m->last_stop.by == client)
		m->last_stop.by = NULL;
	vcpu_for_each(m, v) {
		if (v->told.by == client)
			v->told.by = NULL;
		if (v->by == client)
			v->by = NULL;
	}
	if (m->nonstop == client)
		control_set_nonstop(m, client, false);
	breakpoints_of_client_drop(m, client);
	catches_of_client_drop(m, client);
	device_bps_of_client_drop(m, client);
	output_forget(m, client);
}

static struct queued_event *copy_event(const struct control_event *ev)
{
	struct queued_event *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->ev = *ev;
	if (ev->stop) {
		q->stop = *ev->stop;
		q->ev.stop = &q->stop;
	}
	if (ev->text) {
		snprintf(q->text, sizeof(q->text), "%s", ev->text);
		q->ev.text = q->text;
	}
	return q;
}

/*
 * Events that arise inside a client's callback wait until every client was told the present one, so
 * that all see the same order. A client may leave from inside a callback, its own or another's.
 */
void control_notify(struct machine *m, const struct control_event *ev)
{
	struct queued_event *q = copy_event(ev), **link = &m->events;

	if (!q)
		return;
	while (*link)
		link = &(*link)->next;
	*link = q;
	if (m->notifying)
		return;
	m->notifying = true;
	while ((q = m->events)) {
		for (struct control_client *c = m->clients; c; c = m->notify_next) {
			m->notify_next = c->next;
			if (!q->ev.to || q->ev.to == c)
				c->event(c, &q->ev);
		}
		m->events = q->next;
		free(q);
	}
	m->notifying = false;
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
	control_notify(m, &ev);
}

/* ---- vCPUs ---- */

int control_vcpu_limit(const struct machine *m)
{
	int limit = 0;

	for (int i = 0; i < MACHINE_MAX_VCPUS; i++)
		if (m->vcpus[i])
			limit = i + 1;
	return limit;
}

static struct vcpu *vcpu_at(const struct machine *m, int index)
{
	return index >= 0 && index < MACHINE_MAX_VCPUS ? m->vcpus[index] : NULL;
}

bool control_vcpu_exists(const struct machine *m, int vcpu)
{
	return vcpu_at(m, vcpu);
}

int control_vcpu_tid(const struct machine *m, int vcpu)
{
	const struct vcpu *v = vcpu_at(m, vcpu);

	return v ? v->tid : 0;
}

/* Arguments of whatever is done to one vCPU on its thread. */
struct vcpu_call {
	int reg, ret;
	void *out;
	const void *in;
	uint64_t value;
	struct strbuf *text;
	const char *name;
	struct error *err;
};

#define call(m, vcpu, fn, c) call_named(m, vcpu, fn, c, #fn, __func__)
static int call_named(struct machine *m, int vcpu, void (*fn)(struct vcpu *v, void *arg),
		      struct vcpu_call *c, const char *name, const char *caller)
{
	struct vcpu *v = vcpu_at(m, vcpu);
	int ret;

	if (!v)
		return -ESRCH;
	ret = vcpu_run_named(v, fn, c, name, caller);
	return ret ? ret : c->ret;
}

static void on_activity(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->name = arch_activity(v);
}

const char *control_vcpu_activity(struct machine *m, int vcpu)
{
	struct vcpu_call c = { 0 };

	if (call(m, vcpu, on_activity, &c))
		return "absent";
	if (strcmp(c.name, "runnable") != 0)
		return c.name;
	return control_vcpu_runs(m, vcpu) ? "running" : "stopped";
}

static void on_nmi(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->ret = arch_nmi(v);
}

int control_nmi(struct machine *m, int vcpu, struct error *err)
{
	struct vcpu_call c = { 0 };
	int ret = call(m, vcpu, on_nmi, &c);

	if (ret == -ENOTSUP)
		return error_set(err, ret, "this host's KVM cannot give an NMI");
	return ret ? error_set(err, ret, "no NMI for vCPU %d: %s", vcpu, strerror(-ret)) : 0;
}

/* ---- registers ---- */

bool control_reg_present(struct machine *m, int vcpu, int reg)
{
	struct vcpu *v = vcpu_at(m, vcpu);

	return v && arch_reg_present(v, reg);
}

static void on_reg_read(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->ret = arch_reg_read(v, c->reg, c->out);
}

int control_reg_read(struct machine *m, int vcpu, int reg, void *buf)
{
	struct vcpu_call c = { .reg = reg, .out = buf };

	return call(m, vcpu, on_reg_read, &c);
}

static void on_reg_write(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->ret = arch_reg_write(v, c->reg, c->in, c->err);
}

int control_reg_write(struct machine *m, int vcpu, int reg, const void *buf, struct error *err)
{
	struct vcpu_call c = { .reg = reg, .in = buf, .err = err };

	return call(m, vcpu, on_reg_write, &c);
}

static void on_pc(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->value = arch_pc(v);
}

int control_pc(struct machine *m, int vcpu, uint64_t *pc)
{
	struct vcpu_call c = { 0 };
	int ret = call(m, vcpu, on_pc, &c);

	*pc = c.value;
	return ret;
}

static void on_set_pc(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	arch_set_pc(v, c->value);
}

int control_set_pc(struct machine *m, int vcpu, uint64_t pc)
{
	struct vcpu_call c = { .value = pc };

	return call(m, vcpu, on_set_pc, &c);
}

static void on_dump(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	arch_dump(v, c->text);
}

int control_dump(struct machine *m, int vcpu, struct strbuf *out)
{
	struct vcpu_call c = { .text = out };

	return call(m, vcpu, on_dump, &c);
}

static void on_dump_pairs(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	arch_dump_pairs(v, c->text);
}

int control_dump_pairs(struct machine *m, int vcpu, struct strbuf *out)
{
	struct vcpu_call c = { .text = out };

	return call(m, vcpu, on_dump_pairs, &c);
}

static void on_code_bits(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;

	c->value = (uint64_t)arch_code_bits(v);
}

int control_code_bits(struct machine *m, int vcpu)
{
	struct vcpu_call c = { 0 };
	int ret = call(m, vcpu, on_code_bits, &c);

	return ret ? ret : (int)c.value;
}

/* ---- memory ---- */

#define PAGE 4096ull

/* One run of guest-physical memory: RAM, or a device's registers. Returns the bytes done. */
static size_t phys_read(struct machine *m, uint64_t gpa, uint8_t *buf, size_t len)
{
	size_t done = memory_read(m->ram, gpa, buf, len);
	uint64_t value;

	if (done) {
		sites_hide(m, gpa, buf, done);
		return done;
	}
	for (; done < len && bus_peek(&m->mmio, gpa + done, 1, &value); done++)
		buf[done] = (uint8_t)value;
	return done;
}

static size_t phys_write(struct machine *m, uint64_t gpa, const uint8_t *buf, size_t len)
{
	const struct memory_region *r;
	size_t count;

	r = memory_regions(m->ram, &count);
	for (size_t i = 0; i < count; i++) {
		uint64_t off = gpa - r[i].gpa;

		if (gpa < r[i].gpa || off >= r[i].size)
			continue;
		if (len > r[i].size - off)
			len = r[i].size - off;
		sites_write(m, gpa, buf, len);
		return len;
	}
	return 0;
}

struct mem_call {
	struct machine *m;
	uint64_t addr;
	uint8_t *buf;
	size_t len, done;
	bool write, virt;
};

static void mem_run(struct vcpu *v, void *arg)
{
	struct mem_call *c = arg;

	while (c->done < c->len) {
		uint64_t addr = c->addr + c->done, gpa = addr;
		size_t n = c->len - c->done, did;

		if (c->virt) {
			struct arch_translation t;

			if (arch_translate(v, addr, &t))
				break;
			gpa = t.gpa;
			if (n > PAGE - addr % PAGE)
				n = PAGE - addr % PAGE;
		}
		did = c->write ? phys_write(c->m, gpa, c->buf + c->done, n)
			       : phys_read(c->m, gpa, c->buf + c->done, n);
		c->done += did;
		if (!did)
			break;
	}
}

ssize_t vcpu_mem_read(struct vcpu *v, uint64_t addr, void *buf, size_t len)
{
	struct mem_call c = { .m = v->m, .addr = addr, .buf = buf, .len = len, .virt = true };

	if (!len)
		return 0;
	if (len - 1 > UINT64_MAX - addr)
		c.len = UINT64_MAX - addr + 1;
	mem_run(v, &c);
	return c.done ? (ssize_t)c.done : -EFAULT;
}

static ssize_t mem_access(int vcpu, enum control_space space, struct mem_call *c)
{
	struct vcpu *v = vcpu_at(c->m, vcpu);
	int ret;

	if (!c->len)
		return 0;
	if (c->len - 1 > UINT64_MAX - c->addr)
		c->len = UINT64_MAX - c->addr + 1;
	c->virt = space == CONTROL_VIRTUAL;
	if (!c->virt) {
		mem_run(NULL, c);
	} else {
		if (!v)
			return -ESRCH;
		ret = vcpu_run_on(v, mem_run, c);
		if (ret)
			return ret;
	}
	return c->done ? (ssize_t)c->done : -EFAULT;
}

ssize_t control_mem_read(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			 void *buf, size_t len)
{
	struct mem_call c = { .m = m, .addr = addr, .buf = buf, .len = len };

	return mem_access(vcpu, space, &c);
}

ssize_t control_mem_write(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
			  const void *buf, size_t len)
{
	struct mem_call c = {
		.m = m, .addr = addr, .buf = (uint8_t *)buf, .len = len, .write = true
	};

	return mem_access(vcpu, space, &c);
}

static void on_translate(struct vcpu *v, void *arg)
{
	struct vcpu_call *c = arg;
	struct arch_translation t = { 0 };

	c->ret = arch_translate(v, c->value, &t);
	c->value = t.gpa;
}

int control_translate(struct machine *m, int vcpu, uint64_t gva, uint64_t *gpa)
{
	struct vcpu_call c = { .value = gva };
	int ret = call(m, vcpu, on_translate, &c);

	*gpa = c.value;
	return ret;
}
