// SPDX-License-Identifier: GPL-3.0-or-later
/* What split and packed virtqueues have in common: see queue.h. */
#include "devices/virtio/queue.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/virtio/queue_internal.h"
#include "hv/dma.h"

void vq_touched(struct virtqueue *vq, uint64_t gpa, size_t len, bool write)
{
	dma_unmap(vq->dev, gpa, len, write ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

uint16_t vq_ring_load(struct virtqueue *vq, const uint8_t *area, uint64_t gpa, size_t at)
{
	uint16_t value = le16toh(vq_load16(area + at));

	vq_touched(vq, gpa + at, sizeof(value), false);
	return value;
}

void vq_ring_store(struct virtqueue *vq, uint8_t *area, uint64_t gpa, size_t at, uint16_t value)
{
	vq_store16(area + at, htole16(value));
	vq_touched(vq, gpa + at, sizeof(value), true);
}

static int fail(struct virtqueue *vq, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

static int fail(struct virtqueue *vq, const char *fmt, va_list args)
{
	if (vq->broken)
		return -EPROTO;
	vsnprintf(vq->fault, sizeof(vq->fault), fmt, args);
	vq->broken = true;
	return -EPROTO;
}

int vq_fail(struct virtqueue *vq, const char *fmt, ...)
{
	va_list args;
	int ret;

	va_start(args, fmt);
	ret = fail(vq, fmt, args);
	va_end(args);
	return ret;
}

void vq_break(struct virtqueue *vq, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	pthread_mutex_lock(&vq->lock);
	fail(vq, fmt, args);
	pthread_mutex_unlock(&vq->lock);
	va_end(args);
}

/* ---- life ---- */

void vq_init(struct virtqueue *vq, struct device *dev, unsigned index)
{
	*vq = (struct virtqueue){ .dev = dev, .index = index };
	pthread_mutex_init(&vq->lock, NULL);
}

void vq_destroy(struct virtqueue *vq)
{
	vq_stop(vq);
	pthread_mutex_destroy(&vq->lock);
}

static int check_config(struct virtqueue *vq, const struct vq_ring *ring)
{
	const struct vq_config *c = &vq->cfg;

	if (!c->size || c->size > ring->size_max)
		return vq_fail(vq, "a queue of %u descriptors", c->size);
	if (ring->power_of_two && (c->size & (c->size - 1)))
		return vq_fail(vq, "a %s queue of %u descriptors, which is no power of two",
			       ring->name, c->size);
	if (c->desc % 16 || c->driver_area % ring->driver_align ||
	    c->device_area % ring->device_align)
		return vq_fail(
			vq, "areas at 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ": not all aligned",
			c->desc, c->driver_area, c->device_area);
	return 0;
}

static int map_areas(struct virtqueue *vq, const struct vq_ring *ring)
{
	const struct vq_config *c = &vq->cfg;

	vq->desc = dma_map(vq->dev, c->desc, ring->desc_bytes(c->size));
	vq->driver_area = dma_map(vq->dev, c->driver_area, ring->driver_bytes(c->size));
	vq->device_area = dma_map(vq->dev, c->device_area, ring->device_bytes(c->size));
	if (vq->desc && vq->driver_area && vq->device_area)
		return 0;
	vq_fail(vq, "areas at 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ": not all in RAM", c->desc,
		c->driver_area, c->device_area);
	return -EFAULT;
}

static int make_requests(struct virtqueue *vq)
{
	vq->requests = calloc(vq->cfg.size, sizeof(*vq->requests));
	if (!vq->requests) {
		vq_fail(vq, "no memory for %u requests", vq->cfg.size);
		return -ENOMEM;
	}
	for (unsigned i = vq->cfg.size; i-- > 0;) {
		vq->requests[i].vq = vq;
		vq->requests[i].slot = i;
		vq->requests[i].next = vq->free;
		vq->free = &vq->requests[i];
	}
	return 0;
}

int vq_start(struct virtqueue *vq, const struct vq_config *cfg)
{
	const struct vq_ring *ring = cfg->packed ? &vq_packed : &vq_split;
	int ret;

	vq_stop(vq);
	pthread_mutex_lock(&vq->lock);
	vq->cfg = *cfg;
	vq->avail_wrap = vq->used_wrap = true;
	ret = check_config(vq, ring) ? -EINVAL : 0;
	if (!ret)
		ret = map_areas(vq, ring);
	if (!ret)
		ret = make_requests(vq);
	if (!ret)
		vq->ring = ring;
	pthread_mutex_unlock(&vq->lock);
	return ret;
}

void vq_stop(struct virtqueue *vq)
{
	pthread_mutex_lock(&vq->lock);
	for (unsigned i = 0; vq->requests && i < vq->cfg.size; i++) {
		free(vq->requests[i].iov);
		free(vq->requests[i].gpa);
	}
	free(vq->requests);
	vq->ring = NULL;
	vq->requests = vq->free = NULL;
	vq->cfg = (struct vq_config){ 0 };
	vq->broken = false;
	vq->hides = false;
	vq->in_flight = vq->in_flight_places = vq->unsignalled = 0;
	vq->next_avail = vq->next_used = 0;
	vq->counters = (struct vq_counters){ 0 };
	pthread_mutex_unlock(&vq->lock);
}

bool vq_running(const struct virtqueue *vq)
{
	return vq->ring;
}

const char *vq_fault(struct virtqueue *vq)
{
	bool broken;

	pthread_mutex_lock(&vq->lock);
	broken = vq->broken;
	pthread_mutex_unlock(&vq->lock);
	return broken ? vq->fault : NULL;
}

unsigned vq_in_flight(struct virtqueue *vq)
{
	unsigned n;

	pthread_mutex_lock(&vq->lock);
	n = vq->in_flight;
	pthread_mutex_unlock(&vq->lock);
	return n;
}

/* ---- requests ---- */

static int grow(struct vq_request *req)
{
	unsigned space = req->iov_space ? req->iov_space * 2 : 4;
	struct iovec *iov;
	uint64_t *gpa;

	iov = realloc(req->iov, space * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	req->iov = iov;
	gpa = realloc(req->gpa, space * sizeof(*gpa));
	if (!gpa)
		return -ENOMEM;
	req->gpa = gpa;
	req->iov_space = space;
	return 0;
}

int vq_add_buffer(struct virtqueue *vq, struct vq_request *req, uint64_t gpa, uint32_t len,
		  bool writable)
{
	unsigned n = req->out_count + req->in_count;
	void *p;

	/* 2.7.5.3.1, 2.8.19: the size of the queue is the limit, with a table as well. */
	if (n == vq->cfg.size)
		return vq_fail(vq, "a chain of more than %u descriptors", vq->cfg.size);
	if (!len)
		return vq_fail(vq, "a descriptor of no bytes");
	if (!writable && req->in_count)
		return vq_fail(vq, "a readable descriptor behind a writable one");
	/* 2.7.5.1 */
	if (req->out_bytes + req->in_bytes + len > UINT32_MAX)
		return vq_fail(vq, "a chain of more than 4 GiB");
	p = dma_map(vq->dev, gpa, len);
	if (!p)
		return vq_fail(vq, "a buffer that is not RAM: 0x%" PRIx64 ", %" PRIu32 " bytes",
			       gpa, len);
	if (n == req->iov_space && grow(req) < 0)
		return vq_fail(vq, "no memory for a chain of %u descriptors", n + 1);
	req->iov[n] = (struct iovec){ p, len };
	req->gpa[n] = gpa;
	if (writable) {
		req->in_count++;
		req->in_bytes += len;
	} else {
		req->out_count++;
		req->out_bytes += len;
	}
	return 0;
}

const uint8_t *vq_indirect_table(struct virtqueue *vq, uint64_t gpa, uint32_t len, unsigned *count)
{
	const uint8_t *table = NULL;

	if (!vq->cfg.indirect)
		vq_fail(vq, "an indirect descriptor, which was not negotiated");
	else if (!len || len % sizeof(struct vring_desc))
		vq_fail(vq, "an indirect table of %" PRIu32 " bytes", len);
	else if (!(table = dma_map(vq->dev, gpa, len)))
		vq_fail(vq, "an indirect table that is not RAM: 0x%" PRIx64 ", %" PRIu32 " bytes",
			gpa, len);
	else
		vq_touched(vq, gpa, len, false);
	*count = len / sizeof(struct vring_desc);
	return table;
}

static struct vq_request *pop(struct virtqueue *vq)
{
	struct vq_request *req = vq->free;

	if (!vq->ring || vq->broken)
		return NULL;
	if (!req) {
		/* As many as there are descriptors are in flight, and none has been given back. */
		if (vq->ring->available(vq))
			vq_fail(vq, "more than %u buffers at a time", vq->cfg.size);
		return NULL;
	}
	req->out_count = req->in_count = 0;
	req->out_bytes = req->in_bytes = 0;
	if (vq->ring->take(vq, req) <= 0)
		return NULL;
	vq->free = req->next;
	vq->in_flight++;
	vq->in_flight_places += req->count;
	vq->counters.popped++;
	return req;
}

struct vq_request *vq_pop(struct virtqueue *vq)
{
	struct vq_request *req;

	pthread_mutex_lock(&vq->lock);
	req = pop(vq);
	pthread_mutex_unlock(&vq->lock);
	return req;
}

static void give_back(struct virtqueue *vq, struct vq_request *req)
{
	vq->in_flight--;
	vq->in_flight_places -= req->count;
	req->next = vq->free;
	vq->free = req;
}

static void tell_touched(struct virtqueue *vq, const struct vq_request *req, uint64_t written)
{
	unsigned i;

	for (i = 0; i < req->out_count; i++)
		vq_touched(vq, req->gpa[i], req->iov[i].iov_len, false);
	for (; i < req->out_count + req->in_count && written; i++) {
		size_t n = req->iov[i].iov_len < written ? req->iov[i].iov_len : written;

		vq_touched(vq, req->gpa[i], n, true);
		written -= n;
	}
}

static void put(struct virtqueue *vq, struct vq_request *req, uint64_t written)
{
	if (written > req->in_bytes)
		written = req->in_bytes;
	if (!vq->broken) {
		tell_touched(vq, req, written);
		vq->ring->put(vq, req, (uint32_t)written);
		vq->counters.completed++;
	}
	give_back(vq, req);
}

void vq_complete_all(struct vq_request *const *reqs, const uint64_t *written, unsigned count)
{
	struct virtqueue *vq = reqs[0]->vq;

	pthread_mutex_lock(&vq->lock);
	for (unsigned i = 0; i < count; i++)
		put(vq, reqs[i], written[i]);
	if (!vq->broken)
		vq->ring->publish(vq);
	pthread_mutex_unlock(&vq->lock);
}

void vq_complete(struct vq_request *req, uint64_t written)
{
	vq_complete_all(&req, &written, 1);
}

void vq_drop(struct vq_request *req)
{
	struct virtqueue *vq = req->vq;

	pthread_mutex_lock(&vq->lock);
	give_back(vq, req);
	pthread_mutex_unlock(&vq->lock);
}

/* ---- notifications ---- */

bool vq_wants_interrupt(struct virtqueue *vq)
{
	bool wants = false;

	pthread_mutex_lock(&vq->lock);
	if (vq->ring && !vq->broken && vq->unsignalled) {
		/* The used entries before the driver's wish: it does the reverse. */
		__sync_synchronize();
		wants = vq->ring->wants_interrupt(vq);
		vq->unsignalled = 0;
		vq->counters.interrupts += wants;
		vq->counters.suppressed += !wants;
	}
	pthread_mutex_unlock(&vq->lock);
	return wants;
}

bool vq_ask_notify(struct virtqueue *vq, bool on)
{
	bool more = false;

	pthread_mutex_lock(&vq->lock);
	if (vq->ring && !vq->broken) {
		vq->ring->ask_notify(vq, on);
		if (on) {
			/* The wish before the look: the driver adds, then looks at the wish. */
			__sync_synchronize();
			more = vq->ring->available(vq);
		}
	}
	pthread_mutex_unlock(&vq->lock);
	return more;
}

/* ---- copying ---- */

static size_t copy(const struct iovec *iov, unsigned count, uint64_t off, void *buf, size_t len,
		   bool to_guest)
{
	size_t done = 0;

	for (; count && done < len; iov++, count--) {
		uint8_t *p = iov->iov_base;
		size_t n;

		if (off >= iov->iov_len) {
			off -= iov->iov_len;
			continue;
		}
		n = iov->iov_len - (size_t)off;
		n = n < len - done ? n : len - done;
		if (to_guest)
			memcpy(p + off, (uint8_t *)buf + done, n);
		else
			memcpy((uint8_t *)buf + done, p + off, n);
		done += n;
		off = 0;
	}
	return done;
}

size_t vq_read(const struct vq_request *req, uint64_t off, void *buf, size_t len)
{
	return copy(req->iov, req->out_count, off, buf, len, false);
}

size_t vq_write(const struct vq_request *req, uint64_t off, const void *buf, size_t len)
{
	return copy(req->iov + req->out_count, req->in_count, off, (void *)buf, len, true);
}

/* ---- for people ---- */

void vq_describe(struct virtqueue *vq, struct strbuf *out)
{
	pthread_mutex_lock(&vq->lock);
	strbuf_printf(out, "queue %u: ", vq->index);
	if (vq->ring) {
		strbuf_printf(out,
			      "%s, %u descriptors at 0x%" PRIx64 ", areas at 0x%" PRIx64
			      " (driver), 0x%" PRIx64 " (device)\n",
			      vq->ring->name, vq->cfg.size, vq->cfg.desc, vq->cfg.driver_area,
			      vq->cfg.device_area);
		vq->ring->describe(vq, out);
		strbuf_printf(out,
			      "  taken %" PRIu64 ", completed %" PRIu64
			      ", in flight %u; interrupts %" PRIu64 ", not wanted %" PRIu64 "\n",
			      vq->counters.popped, vq->counters.completed, vq->in_flight,
			      vq->counters.interrupts, vq->counters.suppressed);
	} else {
		strbuf_puts(out, "off\n");
	}
	if (vq->broken)
		strbuf_printf(out, "  broken: %s\n", vq->fault);
	pthread_mutex_unlock(&vq->lock);
}
