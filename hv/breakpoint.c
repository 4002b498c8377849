// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The list of breakpoints: they belong to the machine, and to the client that
 * asked for them. How each becomes real is in realise.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "hv/control_device.h"
#include "hv/debug.h"
#include "hv/machine.h"
#include "hv/runstate.h"

#define MAX_WATCH_LEN (1ull << 20)

static struct bp *bp_of_node(struct addr_node *node)
{
	return node ? (struct bp *)((char *)node - offsetof(struct bp, node)) : NULL;
}

struct bp *bp_at(struct machine *m, uint64_t addr)
{
	return bp_of_node(addr_map_find(&m->debug->by_addr, addr));
}

struct bp *bp_at_next(const struct bp *bp)
{
	return bp_of_node(addr_map_next(&bp->node));
}

static struct bp *find_spec(struct machine *m, const struct control_client *owner,
			    enum bp_kind kind, uint64_t addr, uint64_t len, bool filtered)
{
	struct bp *bp = bp_at(m, addr);

	while (bp && (bp->owner != owner || bp->kind != kind || bp->len != len ||
		      (bp->filter && !filtered)))
		bp = bp_at_next(bp);
	return bp;
}

static bool is_code(enum bp_kind kind)
{
	return kind == BP_SOFT || kind == BP_HARD;
}

void breakpoints_changed(struct machine *m, const struct control_client *by)
{
	struct control_event ev = { .kind = CONTROL_BREAKPOINTS, .by = by };

	control_notify(m, &ev);
}

void bp_free(struct bp *bp)
{
	if (bp->filter)
		bp->filter->release(bp->filter);
	free(bp->before);
	free(bp->page);
	free(bp);
}

static void link_bp(struct debug *d, struct bp *bp)
{
	bp->prev = d->last_bp;
	*(bp->prev ? &bp->prev->next : &d->bps) = bp;
	d->last_bp = bp;
	d->data_bps += !bp_is_code(bp);
}

static void unlink_bp(struct debug *d, struct bp *bp)
{
	*(bp->prev ? &bp->prev->next : &d->bps) = bp->next;
	*(bp->next ? &bp->next->prev : &d->last_bp) = bp->prev;
	addr_map_remove(&d->by_addr, &bp->node);
	d->data_bps -= !bp_is_code(bp);
	d->cursor = NULL;
}

/* Realises a copy of @spec and puts it on the list. Returns its id. */
static int bp_add(struct machine *m, const struct bp *spec, struct error *err)
{
	struct debug *d = m->debug;
	struct bp *bp = malloc(sizeof(*bp));
	int ret;

	if (!bp)
		return error_set(err, -ENOMEM, "out of memory");
	*bp = *spec;
	bp->id = d->next_id;
	bp->refs = 1;
	bp->node.addr = bp->addr;
	vcpu_exclusive_begin(m);
	ret = addr_map_add(&d->by_addr, &bp->node);
	if (ret) {
		error_set(err, ret, "out of memory");
	} else {
		link_bp(d, bp);
		ret = bp_realise(m, bp, err);
		if (ret)
			unlink_bp(d, bp);
		else
			d->next_id++;
	}
	vcpu_exclusive_end(m);
	if (ret) {
		free(bp->page);
		free(bp);
		return ret;
	}
	breakpoints_changed(m, bp->owner);
	return bp->id;
}

/* Completes @spec; -EINVAL with a sentence. */
static int check_spec(struct bp *spec, struct error *err)
{
	if ((unsigned)spec->kind >= BP_KIND_COUNT)
		return error_set(err, -EINVAL, "no such kind of breakpoint");
	if (is_code(spec->kind))
		spec->len = 1;
	if (!spec->len || spec->len > MAX_WATCH_LEN || spec->addr + spec->len - 1 < spec->addr)
		return error_set(err, -EINVAL,
				 "cannot watch %" PRIu64 " bytes at 0x%" PRIx64
				 ": 1 to %llu bytes that do not wrap",
				 spec->len, spec->addr, MAX_WATCH_LEN);
	return 0;
}

int control_bp_add(struct machine *m, struct control_client *owner, enum bp_kind kind,
		   uint64_t addr, uint64_t len, int vcpu, struct error *err)
{
	struct bp spec = { .kind = kind, .addr = addr, .len = len, .owner = owner, .vcpu = vcpu };
	struct bp *bp;
	int ret = check_spec(&spec, err);

	if (ret)
		return ret;
	bp = find_spec(m, owner, kind, addr, spec.len, false);
	if (bp) {
		bp->refs++;
		return bp->id;
	}
	return bp_add(m, &spec, err);
}

int control_bp_add_filtered(struct machine *m, struct control_client *owner, enum bp_kind kind,
			    uint64_t addr, uint64_t len, int vcpu, struct bp_filter *filter,
			    struct error *err)
{
	struct bp spec = {
		.kind = kind,
		.addr = addr,
		.len = len,
		.owner = owner,
		.vcpu = vcpu,
		.filter = filter,
	};
	int ret = check_spec(&spec, err);

	return ret ? ret : bp_add(m, &spec, err);
}

/* Takes @bp out of the guest and of the list. */
static void bp_drop(struct machine *m, struct bp *bp)
{
	vcpu_exclusive_begin(m);
	bp_unrealise(m, bp);
	unlink_bp(m->debug, bp);
	if (!bp_is_code(bp))
		watch_publish(m);
	debug_unfollow(m, bp);
	bp_free(bp);
	vcpu_exclusive_end(m);
}

int control_bp_remove(struct machine *m, struct control_client *owner, enum bp_kind kind,
		      uint64_t addr, uint64_t len)
{
	struct bp *bp = find_spec(m, owner, kind, addr, is_code(kind) ? 1 : len, true);

	if (!bp)
		return -ENOENT;
	if (--bp->refs)
		return 0;
	bp_drop(m, bp);
	breakpoints_changed(m, owner);
	return 0;
}

int control_bp_delete(struct machine *m, int id)
{
	for (struct bp *bp = m->debug->bps; bp; bp = bp->next) {
		if (bp->id == id) {
			bp_drop(m, bp);
			breakpoints_changed(m, NULL);
			return 0;
		}
	}
	return control_device_bp_delete(m, id);
}

void breakpoints_of_client_drop(struct machine *m, const struct control_client *owner)
{
	struct bp *bp = m->debug->bps, *next;
	bool any = false;

	for (; bp; bp = next) {
		next = bp->next;
		if (bp->owner == owner) {
			bp_drop(m, bp);
			any = true;
		}
	}
	if (any)
		breakpoints_changed(m, owner);
}

bool control_bp_get(struct machine *m, size_t n, struct bp_info *info)
{
	struct debug *d = m->debug;
	/* Who walks the list asks for one after the other. */
	bool on = d->cursor && n >= d->cursor_n;
	struct bp *bp = on ? d->cursor : d->bps;
	size_t left = on ? n - d->cursor_n : n;

	while (bp && ((bp->filter && bp->filter->unlisted) || left--))
		bp = bp->next;
	if (!bp)
		return false;
	d->cursor = bp;
	d->cursor_n = n;
	*info = (struct bp_info){
		.id = bp->id,
		.kind = bp->kind,
		.addr = bp->addr,
		.len = bp->len,
		.owner = bp->owner,
		.hits = __atomic_load_n(&bp->hits, __ATOMIC_RELAXED),
		.asked = __atomic_load_n(&bp->asked, __ATOMIC_RELAXED),
		.filter = bp->filter ? bp->filter->what : NULL,
		.how = bp_how_name(bp),
	};
	return true;
}
