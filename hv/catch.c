// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Catchpoints: the list, and those that exits bring. Exceptions are in
 * catch_exception.c. See control_catch.h.
 */
#include "hv/catch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/machine.h"

static const struct catch_class classes[CATCH_KIND_COUNT] = {
	[CATCH_EXCEPTION] = { "exception", "VECTOR", true, "the guest takes an exception" },
	[CATCH_TRIPLE_FAULT] = { "triple-fault", NULL, true,
				 "no handler for an exception, nor for what followed" },
	[CATCH_PANIC] = { "panic", NULL, true, "the guest says that it panicked" },
	[CATCH_RESET] = { "reset", NULL, true, "the guest asks for a reset" },
	[CATCH_MSR] = { "msr", "MSR", false, "a model-specific register is read or written" },
	[CATCH_PORT] = { "io", "PORT", false, "a port is read or written" },
	[CATCH_MMIO] = { "mmio", "ADDR", false, "a device's memory is read or written" },
	[CATCH_PAGE_TABLES] = { "cr3", NULL, true, "the guest changes its page tables" },
};

const struct catch_class *control_catch_class(enum catch_kind kind)
{
	return (unsigned)kind < CATCH_KIND_COUNT ? &classes[kind] : NULL;
}

const char *control_catch_name(enum catch_kind kind, size_t n, uint64_t *value)
{
	if (kind == CATCH_EXCEPTION) {
		size_t count;
		const struct arch_exception *rows = arch_exceptions(&count);

		if (n >= count)
			return NULL;
		*value = rows[n].number;
		return rows[n].name;
	}
	return kind == CATCH_MSR ? arch_msr_name(n, value) : NULL;
}

int catch_create(struct machine *m, struct error *err)
{
	struct catches *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return error_set(err, -ENOMEM, "out of memory");
	c->next_id = 1;
	c->client.name = "catch";
	ret = hv_timer_create(m->timers, HV_CLOCK_GUEST, catch_timer, m, &c->look);
	if (ret) {
		free(c);
		return error_set(err, ret, "cannot make a timer: %s", strerror(-ret));
	}
	m->catches = c;
	return 0;
}

void catch_destroy(struct machine *m)
{
	struct catches *c = m->catches;
	struct catchpoint *cp, *next;

	if (!c)
		return;
	for (cp = c->list; cp; cp = next) {
		next = cp->next;
		free(cp);
	}
	hv_timer_destroy(c->look);
	free(c);
	m->catches = NULL;
}

/* ---- what can be caught ---- */

/* By its value or, for what has a name, by that. */
static const char *name_of(enum catch_kind kind, uint64_t value)
{
	const char *name;
	uint64_t v;

	for (size_t n = 0; (name = control_catch_name(kind, n, &v)); n++)
		if (v == value)
			return name;
	return NULL;
}

static int check_exception(struct machine *m, uint64_t value, struct error *err)
{
	(void)m;
	if (value == CATCH_ANY || name_of(CATCH_EXCEPTION, value))
		return 0;
	return error_set(err, -EINVAL, "there is no exception of vector %" PRIu64, value);
}

static int check_device(struct machine *m, bool port, uint64_t value, struct error *err)
{
	const char *device = arch_kernel_device(m, port, value);

	if (!device)
		return 0;
	return error_set(err, -EBUSY,
			 "0x%" PRIx64 " belongs to the %s, which is inside KVM: an access does not "
			 "come to us",
			 value, device);
}

static int check_port(struct machine *m, uint64_t value, struct error *err)
{
	if (value >= m->pio.limit)
		return error_set(err, -EINVAL, "there is no port 0x%" PRIx64, value);
	return check_device(m, true, value, err);
}

static int check_mmio(struct machine *m, uint64_t value, struct error *err)
{
	if (memory_ptr(m->ram, value, 1))
		return error_set(err, -EINVAL,
				 "0x%" PRIx64 " is RAM, not a device: that is what watch is for",
				 value);
	return check_device(m, false, value, err);
}

static int check_page_tables(struct machine *m, uint64_t value, struct error *err)
{
	(void)m;
	(void)value;
	return error_set(
		err, -ENOTSUP,
		"no KVM tells of a new page table root, the processor takes it by itself: break "
		"at the guest's function that loads it (in Linux switch_mm_irqs_off)");
}

static int (*const checks[CATCH_KIND_COUNT])(struct machine *m, uint64_t value,
					     struct error *err) = {
	[CATCH_EXCEPTION] = check_exception,
	[CATCH_PORT] = check_port,
	[CATCH_MMIO] = check_mmio,
	[CATCH_PAGE_TABLES] = check_page_tables,
};

/* KVM is told of all MSRs at once. */
static int filter_msrs(struct machine *m, struct error *err)
{
	uint32_t msrs[ARCH_CATCH_MSRS];
	size_t n = 0;

	for (const struct catchpoint *cp = m->catches->list; cp; cp = cp->next) {
		if (cp->kind != CATCH_MSR)
			continue;
		if (n == ARCH_CATCH_MSRS)
			return error_set(err, -ENOSPC, "at most %d MSRs can be caught at a time",
					 ARCH_CATCH_MSRS);
		msrs[n++] = (uint32_t)cp->value;
	}
	return arch_catch_msrs(m, msrs, n, err);
}

/* Makes the list true after a change of @kind. */
static int list_changed(struct machine *m, enum catch_kind kind, struct error *err)
{
	if (kind == CATCH_EXCEPTION)
		return catch_refresh(m, err);
	return kind == CATCH_MSR ? filter_msrs(m, err) : 0;
}

/* ---- the list ---- */

static void unlink_one(struct machine *m, struct catchpoint *cp)
{
	struct catchpoint **link = &m->catches->list;

	vcpu_exclusive_begin(m);
	while (*link != cp)
		link = &(*link)->next;
	*link = cp->next;
	vcpu_exclusive_end(m);
}

static void drop(struct machine *m, struct catchpoint *cp)
{
	enum catch_kind kind = cp->kind;

	unlink_one(m, cp);
	list_changed(m, kind, NULL);
	free(cp);
}

int control_catch_add(struct machine *m, struct control_client *owner, enum catch_kind kind,
		      uint64_t value, struct error *err)
{
	const struct catch_class *cls = control_catch_class(kind);
	struct catches *c = m->catches;
	struct catchpoint *cp, **link;
	int ret;

	if (!cls)
		return error_set(err, -EINVAL, "no such kind of catchpoint");
	if (value == CATCH_ANY ? !cls->optional : !cls->arg)
		return error_set(err, -EINVAL, "catch %s %s", cls->name,
				 cls->arg ? "needs to be told which" : "takes no number");
	ret = checks[kind] ? checks[kind](m, value, err) : 0;
	if (ret)
		return ret;
	cp = calloc(1, sizeof(*cp));
	if (!cp)
		return error_set(err, -ENOMEM, "out of memory");
	*cp = (struct catchpoint){ .id = c->next_id, .kind = kind, .value = value, .owner = owner };
	vcpu_exclusive_begin(m);
	for (link = &c->list; *link; link = &(*link)->next)
		;
	*link = cp;
	vcpu_exclusive_end(m);
	ret = list_changed(m, kind, err);
	if (ret) {
		drop(m, cp);
		return ret;
	}
	return c->next_id++;
}

int control_catch_delete(struct machine *m, int id)
{
	for (struct catchpoint *cp = m->catches->list; cp; cp = cp->next) {
		if (cp->id == id) {
			drop(m, cp);
			return 0;
		}
	}
	return -ENOENT;
}

void catches_of_client_drop(struct machine *m, const struct control_client *owner)
{
	struct catchpoint *cp = m->catches->list, *next;

	for (; cp; cp = next) {
		next = cp->next;
		if (cp->owner == owner)
			drop(m, cp);
	}
}

static void describe(const struct catchpoint *cp, char *text, size_t size)
{
	const char *cls = classes[cp->kind].name, *name = NULL;

	if (cp->value != CATCH_ANY)
		name = name_of(cp->kind, cp->value);
	if (cp->value == CATCH_ANY)
		snprintf(text, size, "%s", cls);
	else if (cp->kind == CATCH_EXCEPTION)
		snprintf(text, size, "%s %" PRIu64 " (%s)", cls, cp->value, name ? name : "?");
	else if (name)
		snprintf(text, size, "%s 0x%" PRIx64 " (%s)", cls, cp->value, name);
	else
		snprintf(text, size, "%s 0x%" PRIx64, cls, cp->value);
}

bool control_catch_get(struct machine *m, size_t n, struct catch_info *info)
{
	struct catchpoint *cp = m->catches->list;

	while (cp && n--)
		cp = cp->next;
	if (!cp)
		return false;
	*info = (struct catch_info){
		.id = cp->id,
		.kind = cp->kind,
		.value = cp->value,
		.owner = cp->owner,
		.hits = __atomic_load_n(&cp->hits, __ATOMIC_RELAXED),
	};
	describe(cp, info->text, sizeof(info->text));
	return true;
}

/* ---- on vCPU threads ---- */

static bool matches(const struct catchpoint *cp, enum catch_kind kind, uint64_t first,
		    uint64_t last)
{
	return cp->kind == kind &&
	       (cp->value == CATCH_ANY || (cp->value >= first && cp->value <= last));
}

static struct catchpoint *hit_range(struct machine *m, enum catch_kind kind, uint64_t first,
				    uint64_t last)
{
	struct catchpoint *found = NULL;

	for (struct catchpoint *cp = m->catches->list; cp; cp = cp->next) {
		if (!matches(cp, kind, first, last))
			continue;
		__atomic_add_fetch(&cp->hits, 1, __ATOMIC_RELAXED);
		if (!found)
			found = cp;
	}
	return found;
}

struct catchpoint *catch_hit(struct machine *m, enum catch_kind kind, uint64_t value)
{
	return hit_range(m, kind, value, value);
}

bool catch_waits(const struct vcpu *v)
{
	return v->catch_stop.reason != STOP_NONE;
}

enum exit_verdict catch_verdict(const struct vcpu *v)
{
	return catch_waits(v) ? EXIT_PARK : EXIT_AGAIN;
}

void catch_note(struct vcpu *v, struct catchpoint *cp, const char *fmt, ...)
{
	struct stop stop = { .reason = STOP_CATCH, .catchpoint = cp->id };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(stop.text, sizeof(stop.text), fmt, ap);
	va_end(ap);
	catch_note_stop(v, &stop);
}

void catch_note_stop(struct vcpu *v, const struct stop *stop)
{
	if (!catch_waits(v))
		v->catch_stop = *stop;
}

void catch_note_panic(struct vcpu *v, const char *text)
{
	struct stop *stop = &v->catch_stop;

	*stop = (struct stop){ .reason = STOP_PANIC };
	snprintf(stop->text, sizeof(stop->text), "%s", text);
}

void catch_access(struct vcpu *v, enum catch_kind kind, uint64_t addr, unsigned size, bool write,
		  uint64_t value)
{
	struct catchpoint *cp = hit_range(v->m, kind, addr, addr + size - 1);

	if (!cp)
		return;
	if (size < sizeof(value))
		value &= (1ull << (size * 8)) - 1;
	catch_note(v, cp, "%s of %u byte%s %s %s0x%" PRIx64 ": 0x%" PRIx64,
		   write ? "write" : "read", size, size == 1 ? "" : "s", write ? "to" : "from",
		   kind == CATCH_PORT ? "port " : "", addr, value);
}

void catch_after_completion(struct vcpu *v)
{
	struct stop stop = v->catch_stop;

	if (!catch_waits(v))
		return;
	v->catch_stop.reason = STOP_NONE;
	stop.pc = arch_pc(v);
	vcpu_post_stop(v, &stop);
}

bool catch_reset(struct machine *m)
{
	struct vcpu *v = vcpu_current();
	struct catchpoint *cp = v ? catch_hit(m, CATCH_RESET, 0) : NULL;

	if (!cp)
		return false;
	catch_note(v, cp, "the guest asks for a reset: it is done when the guest is resumed");
	return true;
}
