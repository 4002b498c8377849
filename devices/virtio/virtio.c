// SPDX-License-Identifier: GPL-3.0-or-later
/* Status, features, and when queues run: see virtio.h. */
#include "devices/virtio/virtio.h"

#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "hv/pci.h"
#include "hv/trace.h"

static void ring(int fd)
{
	/* It fails only when the counter is full, and then it is heard anyway. */
	if (write(fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		return;
}

static void hush(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static bool all_given_back(struct virtio *v)
{
	for (unsigned i = 0; i < v->queue_count; i++)
		if (vq_in_flight(&v->queues[i].vq))
			return false;
	return true;
}

/* ---- registers ---- */

/* dev.lock is held; the queues do not run. */
static void reset_registers(struct virtio *v)
{
	v->accepted = 0;
	v->offered_select = v->accepted_select = 0;
	v->queue_select = 0;
	v->status = 0;
	v->isr = 0;
	__atomic_store_n(&v->config_vector, VIRTIO_NO_VECTOR, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < v->queue_count; i++) {
		struct virtio_queue *q = &v->queues[i];

		q->cfg = (struct vq_config){ .size = q->size_max };
		q->enabled = false;
		__atomic_store_n(&q->vector, VIRTIO_NO_VECTOR, __ATOMIC_RELAXED);
		if (q->doorbell >= 0)
			hush(q->doorbell);
	}
	if (v->transport)
		v->transport->line(v, false);
}

/* The lock is given up meanwhile. */
static void wait_for_reset(struct virtio *v)
{
	while (v->reset_wanted)
		pthread_cond_wait(&v->off, &v->dev.lock);
}

static void want_reset(struct virtio *v)
{
	if (v->run == VIRTIO_OFF) {
		reset_registers(v);
		return;
	}
	v->reset_wanted = true;
	ring(v->control_fd);
}

/* 2.2.2: what was not offered, or what cannot be without another. */
static bool features_are_right(const struct virtio *v)
{
	return !(v->accepted & ~v->offered) && (v->accepted & VIRTIO_BIT(VIRTIO_F_VERSION_1));
}

void virtio_write_status(struct virtio *v, uint8_t value)
{
	uint8_t more;

	wait_for_reset(v);
	if (!value) {
		want_reset(v);
		return;
	}
	/* 2.1.1: bits are not cleared but by a reset, and the last one is the device's. */
	more = (uint8_t)(value & ~v->status & ~VIRTIO_CONFIG_S_NEEDS_RESET);
	if ((more & VIRTIO_CONFIG_S_FEATURES_OK) && !features_are_right(v)) {
		more &= (uint8_t)~VIRTIO_CONFIG_S_FEATURES_OK;
		trace(TRACE_DEVICE, "%s: features 0x%llx are refused", v->dev.name,
		      (unsigned long long)v->accepted);
	}
	if (!((v->status | more) & VIRTIO_CONFIG_S_FEATURES_OK))
		more &= (uint8_t)~VIRTIO_CONFIG_S_DRIVER_OK;
	v->status |= more;
	if (more & VIRTIO_CONFIG_S_DRIVER_OK)
		ring(v->control_fd);
}

uint32_t virtio_offered(const struct virtio *v, uint32_t select)
{
	return select < 2 ? (uint32_t)(v->offered >> select * 32) : 0;
}

uint32_t virtio_accepted(const struct virtio *v, uint32_t select)
{
	return select < 2 ? (uint32_t)(v->accepted >> select * 32) : 0;
}

void virtio_accept(struct virtio *v, uint32_t select, uint32_t bits)
{
	wait_for_reset(v);
	/* 3.1.1: after FEATURES_OK they are settled. */
	if (select >= 2 || (v->status & VIRTIO_CONFIG_S_FEATURES_OK))
		return;
	v->accepted &= ~(0xffffffffull << select * 32);
	v->accepted |= (uint64_t)bits << select * 32;
}

struct virtio_queue *virtio_selected(const struct virtio *v)
{
	return v->queue_select < v->queue_count ? &v->queues[v->queue_select] : NULL;
}

struct virtio_queue *virtio_changeable(struct virtio *v)
{
	struct virtio_queue *q;

	wait_for_reset(v);
	q = virtio_selected(v);
	return q && !q->enabled ? q : NULL;
}

void virtio_resize_queue(struct virtio_queue *q, uint64_t size)
{
	if (size && size <= q->size_max)
		q->cfg.size = (uint16_t)size;
}

void virtio_disable_queue(struct virtio *v)
{
	struct virtio_queue *q;

	wait_for_reset(v);
	q = virtio_selected(v);
	if (q && v->run == VIRTIO_OFF)
		q->enabled = false;
}

/* ---- the worker: beginning and end ---- */

/* Nothing is served until the driver resets the device (2.1.2). */
static void break_device(struct virtio *v, unsigned queue)
{
	bool tell;

	v->broken = true;
	trace(TRACE_DEVICE, "%s: queue %u is broken: %s", v->dev.name, queue,
	      vq_fault(&v->queues[queue].vq));
	pthread_mutex_lock(&v->dev.lock);
	v->status |= VIRTIO_CONFIG_S_NEEDS_RESET;
	tell = v->status & VIRTIO_CONFIG_S_DRIVER_OK;
	pthread_mutex_unlock(&v->dev.lock);
	if (tell)
		v->transport->interrupt(v, -1);
}

static void look_at(struct virtio *v, unsigned queue)
{
	if (!v->broken && vq_fault(&v->queues[queue].vq))
		break_device(v, queue);
}

static bool may_work(const struct virtio *v)
{
	return v->run == VIRTIO_ON && !v->broken;
}

static void notify_model(struct virtio *v, unsigned queue)
{
	if (!may_work(v) || !vq_running(&v->queues[queue].vq))
		return;
	if (v->model->notified)
		v->model->notified(v, queue);
	look_at(v, queue);
}

/* dev.lock is held. */
static void start_queues(struct virtio *v)
{
	for (unsigned i = 0; i < v->queue_count; i++) {
		struct virtio_queue *q = &v->queues[i];

		q->cfg.packed = v->accepted & VIRTIO_BIT(VIRTIO_F_RING_PACKED);
		q->cfg.event_idx = v->accepted & VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX);
		q->cfg.indirect = v->accepted & VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC);
		/* When it fails, the queue says why, and is looked at below. */
		if (q->enabled)
			vq_start(&q->vq, &q->cfg);
	}
	v->run = VIRTIO_ON;
}

static void begin(struct virtio *v)
{
	if (v->model->start)
		v->model->start(v);
	for (unsigned i = 0; i < v->queue_count; i++)
		look_at(v, i);
	/* What was there before the doorbells were heard. */
	for (unsigned i = 0; i < v->queue_count; i++)
		notify_model(v, i);
}

static void end_if_possible(struct virtio *v)
{
	if (v->run != VIRTIO_ENDING || !all_given_back(v))
		return;
	pthread_mutex_lock(&v->dev.lock);
	for (unsigned i = 0; i < v->queue_count; i++)
		vq_stop(&v->queues[i].vq);
	v->broken = false;
	v->run = VIRTIO_OFF;
	reset_registers(v);
	v->reset_wanted = false;
	pthread_cond_broadcast(&v->off);
	pthread_mutex_unlock(&v->dev.lock);
}

static void on_control(void *opaque, uint32_t events)
{
	struct virtio *v = opaque;
	bool begins = false, ends = false;

	(void)events;
	hush(v->control_fd);
	pthread_mutex_lock(&v->dev.lock);
	if (v->reset_wanted) {
		ends = v->run == VIRTIO_ON;
		v->run = VIRTIO_ENDING;
	} else if (v->run == VIRTIO_OFF && (v->status & VIRTIO_CONFIG_S_DRIVER_OK)) {
		start_queues(v);
		begins = true;
	}
	pthread_mutex_unlock(&v->dev.lock);
	if (begins)
		begin(v);
	if (ends && v->model->stop)
		v->model->stop(v);
	end_if_possible(v);
}

static void on_doorbell(void *opaque, uint32_t events)
{
	struct virtio_queue *q = opaque;

	(void)events;
	hush(q->doorbell);
	notify_model(q->v, (unsigned)(q - q->v->queues));
}

/* ---- for models ---- */

bool virtio_has(const struct virtio *v, unsigned feature)
{
	return v->accepted & VIRTIO_BIT(feature);
}

/* Without the right to be a bus master a device on PCI leaves memory alone. */
static bool may_dma(const struct virtio *v)
{
	return !v->dev.pci || __atomic_load_n(&v->dev.pci->master, __ATOMIC_RELAXED);
}

struct vq_request *virtio_pop(struct virtio *v, unsigned queue)
{
	return may_work(v) && may_dma(v) ? vq_pop(&v->queues[queue].vq) : NULL;
}

void virtio_serve(struct virtio *v, unsigned queue, void (*handle)(struct vq_request *req))
{
	struct virtqueue *vq = &v->queues[queue].vq;
	struct vq_request *req;

	if (!may_dma(v))
		return;
	do {
		vq_ask_notify(vq, false);
		while ((req = virtio_pop(v, queue)))
			handle(req);
	} while (may_work(v) && vq_ask_notify(vq, true));
	virtio_completed(v, queue);
}

void virtio_completed(struct virtio *v, unsigned queue)
{
	look_at(v, queue);
	if (v->run == VIRTIO_ENDING)
		end_if_possible(v);
	else if (vq_wants_interrupt(&v->queues[queue].vq))
		v->transport->interrupt(v, (int)queue);
}

void virtio_config_changed(struct virtio *v)
{
	bool tell;

	pthread_mutex_lock(&v->dev.lock);
	v->generation++;
	tell = v->status & VIRTIO_CONFIG_S_DRIVER_OK;
	pthread_mutex_unlock(&v->dev.lock);
	if (tell)
		v->transport->interrupt(v, -1);
}

/* ---- life ---- */

int virtio_doorbell(struct virtio *v, unsigned n, int fd, struct error *err)
{
	struct virtio_queue *q = &v->queues[n];
	int ret;

	q->doorbell = fd;
	ret = loop_add_fd(v->worker.loop, fd, EPOLLIN, on_doorbell, q, &q->source);
	if (ret < 0)
		return error_set(err, ret, "%s: its doorbells: %s", v->dev.name, strerror(-ret));
	return 0;
}

int virtio_begin(struct virtio *v, struct error *err)
{
	return worker_start(&v->worker, v->dev.name, err);
}

static int make_control(struct virtio *v, struct error *err)
{
	int ret;

	v->control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (v->control_fd < 0)
		return error_set(err, -errno, "%s: no eventfd: %s", v->dev.name, strerror(errno));
	ret = loop_add_fd(v->worker.loop, v->control_fd, EPOLLIN, on_control, v, &v->control);
	if (ret < 0) {
		close(v->control_fd);
		return error_set(err, ret, "%s: no event: %s", v->dev.name, strerror(-ret));
	}
	return 0;
}

int virtio_create(struct virtio *v, const struct virtio_model *model, unsigned queues,
		  uint16_t size_max, struct error *err)
{
	int ret;

	v->model = model;
	v->queues = calloc(queues, sizeof(*v->queues));
	if (!v->queues)
		return error_set(err, -ENOMEM, "%s: out of memory", v->dev.name);
	ret = worker_init(&v->worker, v->dev.name, err);
	if (!ret)
		ret = make_control(v, err);
	if (ret) {
		worker_destroy(&v->worker);
		free(v->queues);
		return ret;
	}
	pthread_cond_init(&v->off, NULL);
	v->queue_count = queues;
	for (unsigned i = 0; i < queues; i++) {
		v->queues[i].size_max = size_max;
		v->queues[i].v = v;
		v->queues[i].doorbell = -1;
		vq_init(&v->queues[i].vq, &v->dev, i);
	}
	return 0;
}

void virtio_limit_queues(struct virtio *v, unsigned count)
{
	while (v->queue_count > count)
		vq_destroy(&v->queues[--v->queue_count].vq);
}

void virtio_reset(struct device *dev)
{
	struct virtio *v = (struct virtio *)dev;

	wait_for_reset(v);
	want_reset(v);
	wait_for_reset(v);
}

void virtio_destroy(struct virtio *v)
{
	pthread_mutex_lock(&v->dev.lock);
	virtio_reset(&v->dev);
	pthread_mutex_unlock(&v->dev.lock);
	worker_stop(&v->worker);
	for (unsigned i = 0; i < v->queue_count; i++) {
		if (v->queues[i].source)
			loop_remove(v->queues[i].source);
		vq_destroy(&v->queues[i].vq);
	}
	loop_remove(v->control);
	close(v->control_fd);
	worker_destroy(&v->worker);
	pthread_cond_destroy(&v->off);
	free(v->queues);
}

void virtio_describe(struct device *dev, struct strbuf *out)
{
	struct virtio *v = (struct virtio *)dev;

	for (unsigned i = 0; i < v->queue_count; i++)
		vq_describe(&v->queues[i].vq, out);
}
