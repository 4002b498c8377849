// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * virtio-balloon: memory that the guest gives up for a while (Virtio 1.2, 5.5).
 *
 *   inflate    page numbers that the guest will not use --> the host's again
 *   deflate    page numbers that it will use again: it may, the host finds it others
 *   stats      figures of the guest's memory; the device keeps the buffer until somebody wants new
 * ones reporting  free memory, which the guest may use again at any time: the host's until then
 *
 * A page that was given back reads as zeroes, and is found anew when it is touched. Nothing has to
 * be remembered of it: a guest that uses it without telling, as after a reset, comes to no harm.
 */
#include <endian.h>
#include <errno.h>
#include <linux/virtio_balloon.h>
#include <string.h>

#include "devices/virtio/virtio.h"
#include "hv/balloon.h"
#include "hv/dma.h"
#include "hv/machine.h"
#include "hv/pci.h"

#define PAGE	    (1ull << VIRTIO_BALLOON_PFN_SHIFT)
#define QUEUE_SIZE  128
#define CONFIG_SIZE offsetof(struct virtio_balloon_config, free_page_hint_cmd_id)
/* Linux sends 256 at a time. More than this at once would keep the thread from a reset. */
#define PFNS_MAX      16384u
#define TELL_INTERVAL 1000000000ull /* ns, between two events about the size */

enum { INFLATE, DEFLATE, OTHERS, QUEUES = 4 };

struct device_balloon {
	struct virtio v;
	struct balloon balloon;
	struct vq_request *stats_request; /* the worker's; NULL: not here now */
	unsigned stats_queue;		  /* which one it is of */
	struct hv_timer *teller;	  /* tell_change() */

	/* Guarded by dev.lock. */
	uint32_t num_pages; /* that the guest is asked to give up: a register */
	uint32_t actual;    /* that it has given up: a register */
	uint64_t freed;	    /* bytes */
	uint32_t told;	    /* `actual`, as clients know it */
	uint64_t told_at;   /* … since then, on the clock of the timer */
	bool telling;	    /* the timer is armed */
	unsigned stat_count;
	struct balloon_stat stats[BALLOON_STATS_MAX];
};

static struct device_balloon *to_balloon(struct device *dev)
{
	return (struct device_balloon *)dev;
}

static bool has_stats(const struct virtio *v)
{
	return virtio_has(v, VIRTIO_BALLOON_F_STATS_VQ);
}

/* ---- giving back, on the worker ---- */

/* Pages that follow each other, which cost the host one call. */
struct run {
	uint64_t first, count;
};

static void free_run(struct device_balloon *b, const struct run *run)
{
	uint64_t bytes = run->count * PAGE;

	if (!run->count || dma_discard(&b->v.dev, run->first * PAGE, bytes) < 0)
		return;
	pthread_mutex_lock(&b->v.dev.lock);
	b->freed += bytes;
	pthread_mutex_unlock(&b->v.dev.lock);
}

/* What is not RAM does nothing, by itself: so it is no part of a run. */
static void add_page(struct device_balloon *b, struct run *run, uint64_t pfn)
{
	if (!memory_ptr(b->v.dev.m->ram, pfn * PAGE, PAGE))
		return;
	if (run->count && pfn == run->first + run->count &&
	    memory_ptr(b->v.dev.m->ram, run->first * PAGE, (run->count + 1) * PAGE)) {
		run->count++;
	} else if (run->count && pfn + 1 == run->first &&
		   memory_ptr(b->v.dev.m->ram, pfn * PAGE, (run->count + 1) * PAGE)) {
		run->first--;
		run->count++;
	} else {
		free_run(b, run);
		*run = (struct run){ pfn, 1 };
	}
}

static void inflate(struct vq_request *req)
{
	struct device_balloon *b = to_balloon(req->vq->dev);
	uint64_t n = req->out_bytes / sizeof(uint32_t);
	struct run run = { 0 };
	uint32_t pfn;

	if (n > PFNS_MAX) {
		vq_break(req->vq, "%llu pages at a time", (unsigned long long)n);
		vq_drop(req);
		return;
	}
	for (uint64_t i = 0; i < n; i++) {
		vq_read(req, i * sizeof(pfn), &pfn, sizeof(pfn));
		add_page(b, &run, le32toh(pfn));
	}
	free_run(b, &run);
	vq_complete(req, 0);
}

static void deflate(struct vq_request *req)
{
	vq_complete(req, 0);
}

/* 5.5.6.7: the buffers are the memory. */
static void report(struct vq_request *req)
{
	struct device_balloon *b = to_balloon(req->vq->dev);

	for (unsigned i = req->out_count; i < req->out_count + req->in_count; i++) {
		uint64_t first = (req->gpa[i] + PAGE - 1) / PAGE;
		uint64_t end = (req->gpa[i] + req->iov[i].iov_len) / PAGE;
		struct run run = { first, end > first ? end - first : 0 };

		free_run(b, &run);
	}
	vq_complete(req, 0);
}

/* ---- statistics ---- */

static const struct {
	const char *name;
	bool is_bytes;
} stat_names[] = {
	[VIRTIO_BALLOON_S_SWAP_IN] = { "swapped in", true },
	[VIRTIO_BALLOON_S_SWAP_OUT] = { "swapped out", true },
	[VIRTIO_BALLOON_S_MAJFLT] = { "major faults", false },
	[VIRTIO_BALLOON_S_MINFLT] = { "minor faults", false },
	[VIRTIO_BALLOON_S_MEMFREE] = { "free", true },
	[VIRTIO_BALLOON_S_MEMTOT] = { "total", true },
	[VIRTIO_BALLOON_S_AVAIL] = { "available", true },
	[VIRTIO_BALLOON_S_CACHES] = { "caches", true },
	[VIRTIO_BALLOON_S_HTLB_PGALLOC] = { "huge pages given", false },
	[VIRTIO_BALLOON_S_HTLB_PGFAIL] = { "huge pages refused", false },
};

static void take_stats(struct device_balloon *b, struct vq_request *req)
{
	struct virtio_balloon_stat row;
	uint64_t at = 0;

	pthread_mutex_lock(&b->v.dev.lock);
	for (b->stat_count = 0; b->stat_count < BALLOON_STATS_MAX &&
				vq_read(req, at, &row, sizeof(row)) == sizeof(row);
	     at += sizeof(row)) {
		uint16_t tag = le16toh(row.tag);

		/* 5.5.6.6.2: others are ignored. */
		if (tag < sizeof(stat_names) / sizeof(stat_names[0]))
			b->stats[b->stat_count++] =
				(struct balloon_stat){ stat_names[tag].name, le64toh(row.val),
						       stat_names[tag].is_bytes };
	}
	pthread_mutex_unlock(&b->v.dev.lock);
}

/* There is one buffer (5.5.6.6.1), which is kept; of more, all but the last go back at once. */
static void keep_stats(struct vq_request *req)
{
	struct device_balloon *b = to_balloon(req->vq->dev);

	if (b->stats_request)
		vq_complete(b->stats_request, 0);
	take_stats(b, req);
	b->stats_request = req;
}

/* The guest fills it anew when it has it back. */
static void ask_for_stats(void *opaque)
{
	struct device_balloon *b = opaque;

	if (!b->stats_request)
		return;
	vq_complete(b->stats_request, 0);
	b->stats_request = NULL;
	virtio_completed(&b->v, b->stats_queue);
}

/* ---- the model ---- */

/* Linux leaves no gaps: without statistics what comes behind them moves up. */
static void notified(struct virtio *v, unsigned queue)
{
	if (queue == INFLATE) {
		virtio_serve(v, queue, inflate);
	} else if (queue == DEFLATE) {
		virtio_serve(v, queue, deflate);
	} else if (queue == OTHERS && has_stats(v)) {
		to_balloon(&v->dev)->stats_queue = queue;
		virtio_serve(v, queue, keep_stats);
	} else {
		virtio_serve(v, queue, report);
	}
}

static void stop(struct virtio *v)
{
	struct device_balloon *b = to_balloon(&v->dev);

	if (b->stats_request)
		vq_drop(b->stats_request);
	b->stats_request = NULL;
}

static const struct virtio_model model = {
	.id = VIRTIO_ID_BALLOON,
	.pci_class = 0x00ff00,
	.notified = notified,
	.stop = stop,
};

/* ---- for people ---- */

/* Bytes of memory that the guest has. Held. */
static uint64_t actual_size(const struct device_balloon *b)
{
	uint64_t size = memory_size(b->v.dev.m->ram), given = b->actual * PAGE;

	return given < size ? size - given : 0;
}

/* Loop thread. */
static void tell_change(void *opaque)
{
	struct device_balloon *b = opaque;
	struct machine *m = b->v.dev.m;
	uint64_t bytes;
	bool changed;

	pthread_mutex_lock(&b->v.dev.lock);
	bytes = actual_size(b);
	changed = b->actual != b->told;
	b->told = b->actual;
	b->told_at = hv_clock_now(m->timers, HV_CLOCK_MONOTONIC);
	b->telling = false;
	pthread_mutex_unlock(&b->v.dev.lock);
	if (changed)
		balloon_has_changed(m, bytes);
}

/* Linux tells of each step on its way, many a second. Held. */
static void has_changed(struct device_balloon *b)
{
	if (b->telling || b->actual == b->told)
		return;
	b->telling = true;
	hv_timer_arm(b->teller, b->told_at ? b->told_at + TELL_INTERVAL : 0);
}

static void resize(void *opaque, uint64_t bytes)
{
	struct device_balloon *b = opaque;
	struct device *dev = &b->v.dev;
	uint64_t size = memory_size(dev->m->ram);

	pthread_mutex_lock(&dev->lock);
	b->num_pages = bytes < size ? (uint32_t)((size - bytes) / PAGE) : 0;
	pthread_mutex_unlock(&dev->lock);
	virtio_config_changed(&b->v);
}

static void info(void *opaque, struct balloon_info *i)
{
	struct device_balloon *b = opaque;
	struct device *dev = &b->v.dev;
	uint64_t size = memory_size(dev->m->ram);

	pthread_mutex_lock(&dev->lock);
	i->driver = b->v.status & VIRTIO_CONFIG_S_DRIVER_OK;
	i->target = size - b->num_pages * PAGE;
	i->actual = actual_size(b);
	i->freed = b->freed;
	i->stat_count = b->stat_count;
	memcpy(i->stats, b->stats, sizeof(i->stats));
	pthread_mutex_unlock(&dev->lock);
	loop_post(b->v.worker.loop, ask_for_stats, b);
}

/* ---- registers ---- */

static void write_actual(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	to_balloon(dev)->actual = (uint32_t)value;
	has_changed(to_balloon(dev));
}

static const struct reg balloon_regs[] = {
	{ .name = "num_pages",
	  .offset = VIRTIO_SPACE_CONFIG + offsetof(struct virtio_balloon_config, num_pages),
	  .width = 4,
	  .access = REG_RO,
	  .keep = true,
	  REG_STATE(struct device_balloon, num_pages),
	  .help = "pages that the guest is asked to give up" },
	{ .name = "actual",
	  .offset = VIRTIO_SPACE_CONFIG + offsetof(struct virtio_balloon_config, actual),
	  .width = 4,
	  REG_STATE(struct device_balloon, actual),
	  .write = write_actual,
	  .help = "pages that it has given up" },
	{ 0 },
};

/* ---- life ---- */

static int balloon_create(struct device *dev, struct error *err)
{
	struct device_balloon *b = to_balloon(dev);
	int ret = hv_timer_create(dev->m->timers, HV_CLOCK_MONOTONIC, tell_change, b, &b->teller);

	if (ret)
		return error_set(err, ret, "%s: no timer: %s", dev->name, strerror(-ret));
	ret = virtio_create(&b->v, &model, QUEUES, QUEUE_SIZE, err);
	if (ret)
		hv_timer_destroy(b->teller);
	return ret;
}

static void balloon_destroy(struct device *dev)
{
	struct device_balloon *b = to_balloon(dev);

	if (dev->m->balloon == &b->balloon)
		dev->m->balloon = NULL;
	hv_timer_destroy(b->teller);
	virtio_destroy(&b->v);
}

/* Begins with nothing given up, and with what it is asked for as before. */
static void balloon_reset(struct device *dev)
{
	to_balloon(dev)->stat_count = 0;
	has_changed(to_balloon(dev));
	virtio_reset(dev);
}

static int balloon_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class virtio_balloon = {
	.name = "virtio-balloon",
	.stem = "balloon",
	.help = "virtio balloon: memory that the guest gives up for a while",
	.size = sizeof(struct device_balloon),
	.space = VIRTIO_SPACE_SIZE,
	.regs = balloon_regs,
	.add = balloon_add,
	.create = balloon_create,
	.destroy = balloon_destroy,
	.reset = balloon_reset,
	.describe = virtio_describe,
};
DEVICE_CLASS(virtio_balloon);

static int offer(struct device_balloon *b, struct optlist *opts, struct error *err)
{
	bool on_oom = false, reporting = false;
	int ret = optlist_bool(opts, "deflate-on-oom", &on_oom, err);

	if (!ret)
		ret = optlist_bool(opts, "free-page-reporting", &reporting, err);
	b->v.offered |= VIRTIO_BIT(VIRTIO_BALLOON_F_STATS_VQ) |
			(uint64_t)on_oom << VIRTIO_BALLOON_F_DEFLATE_ON_OOM |
			(uint64_t)reporting << VIRTIO_BALLOON_F_REPORTING;
	if (!reporting)
		virtio_limit_queues(&b->v, QUEUES - 1);
	return ret;
}

static int balloon_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct device_balloon *b;
	int ret;

	if (m->balloon)
		return error_set(err, -EEXIST, "-device virtio-balloon: there is one already");
	b = (struct device_balloon *)device_new(m, &virtio_balloon, -1, err);
	if (!b)
		return -EIO;
	ret = offer(b, opts, err);
	if (!ret)
		ret = virtio_add(&b->v, CONFIG_SIZE, opts, err);
	if (ret)
		return ret;
	b->balloon = (struct balloon){ .resize = resize, .info = info, .opaque = b };
	m->balloon = &b->balloon;
	return 0;
}
