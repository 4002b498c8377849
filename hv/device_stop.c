// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Device breakpoints: the list as front ends see it, and how a hit becomes a stop.
 *
 *   in an exit of a vCPU     noted there, told when KVM has finished the instruction (catch.h)
 *   anywhere else            kept in `waits` until the loop thread has given it to a vCPU: one at
 *                            a time, a second hit before that is counted and not told
 */
#include "hv/device_stop.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/catch.h"
#include "hv/debug.h"
#include "hv/device_break.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

struct device_stops {
	pthread_mutex_t lock; /* nothing is taken inside */
	struct stop waits;    /* reason STOP_NONE: nothing */
};

/* ---- hits ---- */

/* The vCPU whose I/O instruction this thread is doing, NULL: it does something else. */
static struct vcpu *vcpu_at_io(void)
{
	struct vcpu *v = vcpu_current();

	return v && v->io_pending ? v : NULL;
}

static bool where(int *vcpu, uint64_t *pc)
{
	struct vcpu *v = vcpu_at_io();

	if (!v)
		return false;
	*vcpu = v->index;
	*pc = arch_pc(v);
	return true;
}

static void on_vcpu(struct vcpu *v, void *arg)
{
	struct stop *stop = arg;

	stop->pc = arch_pc(v);
	vcpu_post_stop(v, stop);
}

/* Somebody has to be told to have stopped: the first that runs, or the first. */
static struct vcpu *vcpu_to_tell(struct machine *m)
{
	struct vcpu *v, *found = NULL;

	vcpu_for_each(m, v) {
		if (!found)
			found = v;
		if (control_vcpu_runs(m, v->index))
			return v;
	}
	return found;
}

static void deliver(void *opaque)
{
	struct machine *m = opaque;
	struct vcpu *v = vcpu_to_tell(m);
	struct stop stop;

	pthread_mutex_lock(&m->device_stops->lock);
	stop = m->device_stops->waits;
	m->device_stops->waits.reason = STOP_NONE;
	pthread_mutex_unlock(&m->device_stops->lock);
	if (v && stop.reason != STOP_NONE)
		vcpu_run_on(v, on_vcpu, &stop);
}

static void stop_for(struct machine *m, int id, const char *text)
{
	struct stop stop = { .reason = STOP_DEVICE, .bp = id };
	struct vcpu *v = vcpu_at_io();
	bool first;

	snprintf(stop.text, sizeof(stop.text), "%s", text);
	if (v) {
		catch_note_stop(v, &stop);
		return;
	}
	pthread_mutex_lock(&m->device_stops->lock);
	first = m->device_stops->waits.reason == STOP_NONE;
	if (first)
		m->device_stops->waits = stop;
	pthread_mutex_unlock(&m->device_stops->lock);
	if (first)
		loop_post(m->loop, deliver, m);
}

static const struct device_observer observer = { .where = where, .stop = stop_for };

int device_stops_create(struct machine *m, struct error *err)
{
	m->device_stops = calloc(1, sizeof(*m->device_stops));
	if (!m->device_stops)
		return error_set(err, -ENOMEM, "out of memory");
	pthread_mutex_init(&m->device_stops->lock, NULL);
	m->device_observer = &observer;
	return 0;
}

void device_stops_destroy(struct machine *m)
{
	if (!m->device_stops)
		return;
	m->device_observer = NULL;
	loop_cancel(m->loop, deliver, m);
	pthread_mutex_destroy(&m->device_stops->lock);
	free(m->device_stops);
	m->device_stops = NULL;
}

/* ---- the list ---- */

static int check_spec(const struct device *dev, const struct device_bp_spec *spec,
		      const struct reg **reg, struct error *err)
{
	if (spec->kind != DEVICE_BP_REG)
		return 0;
	*reg = device_reg_find(dev, spec->reg);
	if (!*reg)
		return error_set(err, -ENOENT,
				 "%s has no register '%.40s': `info device %s` lists them",
				 dev->name, spec->reg, dev->name);
	if (spec->value & ~spec->mask)
		return error_set(err, -EINVAL, "value & 0x%" PRIx64 " is never 0x%" PRIx64,
				 spec->mask, spec->value);
	return 0;
}

int control_device_bp_add(struct machine *m, struct control_client *owner,
			  const struct device_bp_spec *spec, struct error *err)
{
	struct device *dev = device_find(m, spec->device);
	const struct reg *reg = NULL;
	struct device_break *b;
	int ret;

	if (!dev)
		return error_set(err, -ENOENT, "no device is called '%.40s'", spec->device);
	ret = check_spec(dev, spec, &reg, err);
	if (ret)
		return ret;
	b = malloc(sizeof(*b));
	if (!b)
		return error_set(err, -ENOMEM, "out of memory");
	*b = (struct device_break){
		.id = m->debug->next_id++,
		.owner = owner,
		.kind = spec->kind,
		.reg = reg,
		.access = spec->access,
		.mask = spec->mask,
		.value = spec->value,
		.addr = spec->addr,
		.len = spec->len,
	};
	ret = b->id;
	device_break_add(dev, b);
	breakpoints_changed(m, owner);
	return ret;
}

static void describe(const struct device *dev, const struct device_break *b, char *text,
		     size_t size)
{
	static const char *const done[BP_KIND_COUNT] = {
		[BP_WRITE] = "written",
		[BP_READ] = "read",
		[BP_ACCESS] = "read or written",
	};
	int n;

	if (b->kind == DEVICE_BP_IRQ) {
		snprintf(text, size, "%s interrupts", dev->name);
	} else if (b->kind == DEVICE_BP_DMA) {
		n = snprintf(text, size, "%s reads or writes memory", dev->name);
		if (b->len)
			snprintf(text + n, size - (size_t)n, " at 0x%" PRIx64 ", %" PRIu64 " bytes",
				 b->addr, b->len);
	} else {
		n = snprintf(text, size, "%s.%s is %s", dev->name, b->reg->name, done[b->access]);
		if (b->mask)
			snprintf(text + n, size - (size_t)n,
				 " if value & 0x%" PRIx64 " == 0x%" PRIx64, b->mask, b->value);
	}
}

/* The one with the smallest number above @id, and its device. */
static const struct device_break *next_after(struct machine *m, int id, struct device **dev)
{
	const struct device_break *found = NULL;

	/* This thread alone changes the lists. */
	for (struct device *d = m->devices; d; d = d->next) {
		for (const struct device_break *b = d->look.breaks; b; b = b->next) {
			if (b->id <= id || (found && b->id > found->id))
				continue;
			found = b;
			*dev = d;
		}
	}
	return found;
}

bool control_device_bp_get(struct machine *m, size_t n, struct device_bp_info *info)
{
	const struct device_break *b = NULL;
	struct device *dev = NULL;

	do {
		b = next_after(m, b ? b->id : 0, &dev);
	} while (b && n--);
	if (!b)
		return false;
	*info = (struct device_bp_info){
		.id = b->id,
		.kind = b->kind,
		.owner = b->owner,
		.hits = __atomic_load_n(&b->hits, __ATOMIC_RELAXED),
	};
	describe(dev, b, info->text, sizeof(info->text));
	return true;
}

int control_device_bp_delete(struct machine *m, int id)
{
	for (struct device *d = m->devices; d; d = d->next) {
		struct device_break *b = device_break_take(d, id);

		if (!b)
			continue;
		free(b);
		breakpoints_changed(m, NULL);
		return 0;
	}
	return -ENOENT;
}

void device_bps_of_client_drop(struct machine *m, const struct control_client *owner)
{
	const struct device_break *b;
	struct device *dev;
	bool any = false;

	for (int id = 0; (b = next_after(m, id, &dev));) {
		id = b->id;
		if (b->owner != owner)
			continue;
		free(device_break_take(dev, id));
		any = true;
	}
	if (any)
		breakpoints_changed(m, owner);
}
