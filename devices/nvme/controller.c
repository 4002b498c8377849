// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * An NVMe controller's life (NVM Express 1.4, 3.1.5, 3.1.6, 7.3, 7.6): what CC asks for, and what
 * CSTS answers.
 *
 *            CC.EN=1                   CC.EN=0, NSSR, reset of the machine
 *   NVME_OFF --------> NVME_ON (RDY) --------------------------------------> NVME_ENDING
 *      ^                                                                          |
 *      '------------------- nothing is at the disk any more (RDY clear) ----------'
 *
 * A vCPU only writes down what is wanted; the worker does it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/nvme/nvme.h"
#include "hv/trace.h"

#define TURN 64 /* commands: a vCPU at a doorbell waits for no more than those */

void nvme_wake(struct nvme *n)
{
	/* It fails only when the counter is full, and then it is heard anyway. */
	if (write(n->wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
		return;
}

void nvme_fatal(struct nvme *n, const char *fmt, ...)
{
	va_list args;

	if (n->csts & NVME_CSTS_CFS)
		return;
	va_start(args, fmt);
	vsnprintf(n->fatal, sizeof(n->fatal), fmt, args);
	va_end(args);
	n->csts |= NVME_CSTS_CFS;
	trace(TRACE_DEVICE, "%s: fatal: %s", n->dev.name, n->fatal);
}

/* ---- registers ---- */

void nvme_write_cc(struct nvme *n, uint32_t value)
{
	uint32_t was = n->cc;

	n->cc = value;
	if ((was & NVME_CC_EN) && !(value & NVME_CC_EN))
		n->reset_wanted = true;
	if (!NVME_CC_SHN(was) && NVME_CC_SHN(value)) {
		n->shutdown_wanted = true;
		n->csts = (n->csts & ~NVME_CSTS_SHST) | NVME_CSTS_SHST_BUSY;
	}
	nvme_wake(n);
}

void nvme_write_csts(struct nvme *n, uint32_t value)
{
	n->csts &= ~(value & NVME_CSTS_NSSRO);
}

void nvme_write_nssr(struct nvme *n, uint32_t value)
{
	if (value != NVME_NSSR_VALUE)
		return;
	n->cc = n->aqa = 0;
	n->asq = n->acq = 0;
	n->csts |= NVME_CSTS_NSSRO;
	n->reset_wanted = true;
	nvme_wake(n);
}

static void bad_doorbell(struct nvme *n, unsigned index, uint32_t value, uint8_t info)
{
	n->bad_doorbells++;
	nvme_log_doorbell(n);
	trace(TRACE_DEVICE, "%s: doorbell of %s queue %u: %s 0x%x", n->dev.name,
	      index & 1 ? "completion" : "submission", index / 2,
	      info == NVME_EVENT_DOORBELL_VALUE ? "the queue has no entry" : "no such queue, value",
	      value);
	nvme_event(n, NVME_EVENT_ERROR, info, NVME_LOG_ERROR);
}

void nvme_write_doorbell(struct nvme *n, unsigned index, uint32_t value)
{
	unsigned id = index / 2;
	bool is_head = index & 1;
	uint32_t size = is_head ? n->cq[id].size : n->sq[id].size;

	n->doorbell[index] = value;
	if (n->run != NVME_ON || (n->csts & NVME_CSTS_CFS))
		return;
	value &= 0xffff;
	if (!size)
		bad_doorbell(n, index, value, NVME_EVENT_DOORBELL_REGISTER);
	else if (value >= size)
		bad_doorbell(n, index, value, NVME_EVENT_DOORBELL_VALUE);
	else if (is_head)
		n->cq[id].head = value;
	else
		n->sq[id].tail = value;
	/* At once: the driver's handler is about to end the interrupt. */
	if (is_head)
		nvme_update_line(n);
	if (!is_head || n->cq[id].waiting || n->event_count)
		nvme_wake(n);
}

void nvme_update_line(struct nvme *n)
{
	bool level = false;

	for (unsigned i = 0; i < NVME_QUEUES; i++) {
		const struct nvme_cq *cq = &n->cq[i];

		level |= cq->size && cq->interrupts && cq->head != cq->tail && cq->vector < 32 &&
			 !(n->int_mask >> cq->vector & 1);
	}
	if (level == n->line)
		return;
	n->line = level;
	pci_intx_set(&n->func, level);
}

/* ---- the worker: enabling ---- */

/* A queue of the driver's that has to be there for anything to work. */
static bool check_admin_queue(struct nvme *n, const char *what, uint64_t base, uint32_t entries,
			      uint32_t entry)
{
	if (entries < 2)
		nvme_fatal(n, "enabled with AQA.%s 0: a queue has two entries at least", what);
	else if (base % n->page_size)
		nvme_fatal(n,
			   "enabled with the admin queue of AQA.%s at 0x%llx, in a page's middle",
			   what, (unsigned long long)base);
	else if (!pci_dma_ptr(&n->func, base, (size_t)entries * entry))
		nvme_fatal(n, "enabled with the admin queue of AQA.%s at 0x%llx, which is no RAM",
			   what, (unsigned long long)base);
	return !n->fatal[0];
}

static void enable(struct nvme *n)
{
	uint32_t sq_size = (n->aqa & 0xfff) + 1, cq_size = (n->aqa >> 16 & 0xfff) + 1;

	n->run = NVME_ON;
	n->shut = n->shutdown_wanted = false;
	n->csts &= ~NVME_CSTS_SHST;
	n->page_size = 4096u << NVME_CC_MPS(n->cc);
	if (NVME_CC_MPS(n->cc) > NVME_MPS_MAX)
		nvme_fatal(n, "enabled with CC.MPS %u: it is at most %d", NVME_CC_MPS(n->cc),
			   NVME_MPS_MAX);
	else if (NVME_CC_CSS(n->cc) || NVME_CC_AMS(n->cc))
		nvme_fatal(n, "enabled with CC.CSS %u and CC.AMS %u, which CAP does not offer",
			   NVME_CC_CSS(n->cc), NVME_CC_AMS(n->cc));
	if (n->fatal[0] ||
	    !check_admin_queue(n, "ASQS", n->asq, sq_size, sizeof(struct nvme_command)) ||
	    !check_admin_queue(n, "ACQS", n->acq, cq_size, sizeof(struct nvme_completion)))
		return;
	nvme_features_reset(n);
	nvme_cq_init(n, 0, n->acq, cq_size, 0, true);
	nvme_sq_init(n, 0, n->asq, sq_size, &n->cq[0]);
	n->csts |= NVME_CSTS_RDY;
}

/* ---- … the end ---- */

static void end(struct nvme *n)
{
	nvme_drop_all(n);
	for (unsigned i = 0; i < NVME_QUEUES; i++) {
		n->sq[i].size = n->cq[i].size = 0;
		n->sq[i].deletion = NULL;
	}
	n->aer_count = n->event_count = 0;
	memset(n->event_masked, 0, sizeof(n->event_masked));
	memset(n->doorbell, 0, sizeof(n->doorbell));
	n->int_mask = 0;
	n->fatal[0] = '\0';
	n->csts &= NVME_CSTS_NSSRO;
	n->shut = false;
	nvme_update_line(n);
	n->run = NVME_OFF;
	n->reset_wanted = false;
	pthread_cond_broadcast(&n->off);
}

/* It may have been enabled anew meanwhile. */
static void finish_shutdown(struct nvme *n)
{
	if (n->shut)
		n->csts = (n->csts & ~NVME_CSTS_SHST) | NVME_CSTS_SHST_DONE;
}

/* 7.6.2: what has begun is completed, then what is in the cache goes to the medium. */
static void shut_down(struct nvme *n)
{
	if (n->at_disk)
		return;
	n->shutdown_wanted = false;
	n->shutdown_flush.io = (struct disk_request){ .op = DISK_FLUSH };
	n->at_disk++;
	disk_submit(n->disk, &n->shutdown_flush.io);
}

/* What CC wants that is not so yet. */
static void control(struct nvme *n)
{
	if (n->reset_wanted) {
		if (n->run == NVME_ON)
			n->run = NVME_ENDING;
		if (!n->at_disk)
			end(n);
	}
	if (n->run == NVME_OFF && !n->reset_wanted && (n->cc & NVME_CC_EN))
		enable(n);
	if (n->shutdown_wanted && n->run != NVME_ENDING) {
		n->shut = true;
		shut_down(n);
	}
}

/* ---- … turns ---- */

/* The lock is held; it is given up while the disk begins. */
static void turn(struct nvme *n)
{
	bool more;

	control(n);
	nvme_post_waiting(n);
	nvme_events_deliver(n);
	more = nvme_serve(n, TURN);
	/* Commands may have raised events, and asked for them. */
	nvme_events_deliver(n);
	nvme_interrupt(n);
	pthread_mutex_unlock(&n->dev.lock);
	disk_kick(n->disk);
	if (more)
		nvme_wake(n);
}

static void on_wake(void *opaque, uint32_t events)
{
	struct nvme *n = opaque;
	uint64_t count;

	(void)events;
	pthread_mutex_lock(&n->dev.lock);
	/* With the lock held: who has it and finds nothing there to read knows that all is done. */
	if (read(n->wake_fd, &count, sizeof(count)) < 0) {
		pthread_mutex_unlock(&n->dev.lock);
		return;
	}
	turn(n);
}

static void on_done(void *opaque, uint32_t events)
{
	struct nvme *n = opaque;
	struct disk_request *io = disk_completed(n->disk), *next;

	(void)events;
	pthread_mutex_lock(&n->dev.lock);
	for (; io; io = next) {
		struct nvme_request *req = (struct nvme_request *)io;

		next = io->next;
		n->at_disk--;
		if (req == &n->shutdown_flush)
			finish_shutdown(n);
		else
			nvme_io_done(req);
	}
	turn(n);
}

/* ---- life ---- */

void nvme_reset(struct device *dev)
{
	struct nvme *n = (struct nvme *)dev;

	/* First, or the worker would enable it anew. */
	n->cc = 0;
	n->shutdown_wanted = false;
	if (n->run != NVME_OFF || n->at_disk) {
		n->reset_wanted = true;
		nvme_wake(n);
		while (n->reset_wanted)
			pthread_cond_wait(&n->off, &dev->lock);
	}
	n->csts = 0;
	n->int_mask = 0;
	memset(n->doorbell, 0, sizeof(n->doorbell));
}

static int make_wake(struct nvme *n, struct error *err)
{
	int ret;

	n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->wake_fd < 0)
		return error_set(err, -errno, "%s: no eventfd: %s", n->dev.name, strerror(errno));
	ret = loop_add_fd(n->worker.loop, n->wake_fd, EPOLLIN, on_wake, n, &n->wake);
	if (ret < 0) {
		close(n->wake_fd);
		return error_set(err, ret, "%s: no event: %s", n->dev.name, strerror(-ret));
	}
	return 0;
}

int nvme_controller_create(struct nvme *n, struct error *err)
{
	int ret;

	n->requests = calloc(NVME_REQUESTS, sizeof(*n->requests));
	if (!n->requests)
		return error_set(err, -ENOMEM, "%s: out of memory", n->dev.name);
	for (unsigned i = 0; i < NVME_REQUESTS; i++)
		n->requests[i].n = n;
	ret = worker_init(&n->worker, n->dev.name, err);
	if (!ret)
		ret = make_wake(n, err);
	if (ret) {
		worker_destroy(&n->worker);
		free(n->requests);
		return ret;
	}
	pthread_cond_init(&n->off, NULL);
	nvme_drop_all(n);
	return 0;
}

int nvme_controller_start(struct nvme *n, struct error *err)
{
	int ret =
		loop_add_fd(n->worker.loop, disk_event_fd(n->disk), EPOLLIN, on_done, n, &n->done);

	if (ret < 0)
		return error_set(err, ret, "%s: no event: %s", n->drive->file, strerror(-ret));
	return worker_start(&n->worker, n->dev.name, err);
}

void nvme_controller_destroy(struct nvme *n)
{
	pthread_mutex_lock(&n->dev.lock);
	nvme_reset(&n->dev);
	pthread_mutex_unlock(&n->dev.lock);
	worker_stop(&n->worker);
	if (n->done)
		loop_remove(n->done);
	loop_remove(n->wake);
	close(n->wake_fd);
	worker_destroy(&n->worker);
	pthread_cond_destroy(&n->off);
	disk_close(n->disk);
	for (unsigned i = 0; i < NVME_REQUESTS; i++) {
		free(n->requests[i].data.piece);
		free(n->requests[i].data.iov);
		free(n->requests[i].buffer);
	}
	free(n->requests);
}
