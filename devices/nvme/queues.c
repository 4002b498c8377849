// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Submission and completion queues (NVM Express 1.4, 4.1): commands come in, entries with a phase
 * tag go out, interrupts tell of them.
 *
 *   SQ  head -> [ commands ] <- tail: doorbell      head == tail: empty
 *   CQ  head: doorbell -> [ entries ] <- tail       tail + 1 == head: full
 *
 * What is complete while its queue is full waits in a list, and until that is empty no submission
 * queue of that completion queue is served.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/nvme/nvme.h"
#include "hv/dma.h"

#define BURST 4 /* commands of one queue before the next has its turn */
/* Requests that I/O leaves to the admin queue: it must always get through. */
#define ADMIN_REQUESTS 16

void nvme_sq_init(struct nvme *n, unsigned id, uint64_t base, uint32_t size, struct nvme_cq *cq)
{
	n->sq[id] = (struct nvme_sq){ .id = (uint16_t)id, .size = size, .base = base, .cq = cq };
	cq->users++;
}

void nvme_cq_init(struct nvme *n, unsigned id, uint64_t base, uint32_t size, uint16_t vector,
		  bool interrupts)
{
	n->cq[id] = (struct nvme_cq){ .id = (uint16_t)id,
				      .size = size,
				      .base = base,
				      .phase = true,
				      .vector = vector,
				      .interrupts = interrupts };
	n->cq[id].end = &n->cq[id].waiting;
}

void nvme_sq_remove(struct nvme_sq *sq)
{
	sq->cq->users--;
	sq->size = 0;
}

void nvme_cq_remove(struct nvme_cq *cq)
{
	cq->size = 0;
}

/* ---- requests ---- */

static struct nvme_request *take_request(struct nvme *n)
{
	struct nvme_request *req = n->free;

	n->free = req->next;
	n->free_count--;
	req->state = NVME_BUSY;
	req->status = NVME_SUCCESS;
	req->result = 0;
	req->data.count = 0;
	return req;
}

static void give_request(struct nvme *n, struct nvme_request *req)
{
	free(req->buffer);
	req->buffer = NULL;
	req->state = NVME_FREE;
	req->next = n->free;
	n->free = req;
	n->free_count++;
}

void nvme_drop_all(struct nvme *n)
{
	n->free = NULL;
	n->free_count = 0;
	for (unsigned i = NVME_REQUESTS; i--;)
		give_request(n, &n->requests[i]);
	for (unsigned i = 0; i < NVME_QUEUES; i++) {
		n->sq[i].in_flight = 0;
		n->cq[i].waiting = NULL;
		n->cq[i].end = &n->cq[i].waiting;
	}
}

struct nvme_request *nvme_find_request(struct nvme *n, uint16_t sq_id, uint16_t cid)
{
	for (unsigned i = 0; i < NVME_REQUESTS; i++) {
		struct nvme_request *req = &n->requests[i];

		if (req->state != NVME_FREE && req->state != NVME_WAITING && req->sq->id == sq_id &&
		    req->cmd.cid == cid)
			return req;
	}
	return NULL;
}

void nvme_abort_lost(struct nvme *n, const struct nvme_sq *sq)
{
	for (unsigned i = 0; i < NVME_REQUESTS; i++)
		if (n->requests[i].state == NVME_LOST && n->requests[i].sq == sq)
			nvme_complete(&n->requests[i], NVME_ABORTED_SQ_DELETED);
}

/* ---- completion ---- */

static bool is_full(const struct nvme_cq *cq)
{
	return (cq->tail + 1) % cq->size == cq->head;
}

/* The entry's second half has the phase tag: the driver believes the first when it sees that. */
static bool write_entry(struct nvme *n, struct nvme_cq *cq, const struct nvme_request *req)
{
	uint64_t gpa = cq->base + cq->tail * sizeof(struct nvme_completion);
	const struct nvme_completion entry = {
		.result = req->result,
		.sq_head = (uint16_t)req->sq->head,
		.sq_id = req->sq->id,
		.cid = req->cmd.cid,
		.status = (uint16_t)(req->status << 1 | cq->phase),
	};
	uint64_t *to = pci_dma_ptr(&n->func, gpa, sizeof(entry)), half[2];

	if (!to) {
		nvme_fatal(n, "completion queue %u: its entry at 0x%llx cannot be written", cq->id,
			   (unsigned long long)gpa);
		return false;
	}
	memcpy(half, &entry, sizeof(entry));
	to[0] = half[0];
	__atomic_store_n(&to[1], half[1], __ATOMIC_RELEASE);
	dma_unmap(&n->dev, gpa, sizeof(entry), DMA_FROM_DEVICE);
	cq->tail = (cq->tail + 1) % cq->size;
	cq->phase ^= !cq->tail;
	cq->tell = true;
	return true;
}

static void post(struct nvme *n, struct nvme_cq *cq)
{
	while (cq->waiting && !is_full(cq) && !(n->csts & NVME_CSTS_CFS)) {
		struct nvme_request *req = cq->waiting;
		struct nvme_sq *sq = req->sq;

		if (!write_entry(n, cq, req))
			return;
		cq->waiting = req->next;
		if (!cq->waiting)
			cq->end = &cq->waiting;
		give_request(n, req);
		if (!--sq->in_flight && sq->deletion)
			nvme_deletion_done(sq);
	}
}

void nvme_complete(struct nvme_request *req, unsigned status)
{
	struct nvme *n = req->n;
	struct nvme_cq *cq = req->sq->cq;

	req->status = (uint16_t)status;
	if (status && status != NVME_ABORT_REQUESTED && status != NVME_ABORTED_SQ_DELETED) {
		nvme_log_error(req, status);
		req->status |= NVME_MORE;
	}
	req->state = NVME_WAITING;
	req->next = NULL;
	*cq->end = req;
	cq->end = &req->next;
	/* The driver expects nothing any more, and nvme_drop_all() is near. */
	if (n->run == NVME_ON)
		post(n, cq);
}

void nvme_post_waiting(struct nvme *n)
{
	for (unsigned i = 0; i < NVME_QUEUES && n->run == NVME_ON; i++)
		if (n->cq[i].size)
			post(n, &n->cq[i]);
}

void nvme_interrupt(struct nvme *n)
{
	bool msix = pci_msix_enabled(&n->func);

	for (unsigned i = 0; i < NVME_QUEUES; i++) {
		struct nvme_cq *cq = &n->cq[i];

		if (!cq->size || !cq->tell)
			continue;
		cq->tell = false;
		if (cq->interrupts && msix)
			pci_msix_notify(&n->func, cq->vector);
	}
	nvme_update_line(n);
}

/* ---- submission ---- */

/* Without the right to be a bus master it reaches no memory. */
static bool may_fetch(const struct nvme *n)
{
	return n->run == NVME_ON && !n->shut && !(n->csts & NVME_CSTS_CFS) &&
	       __atomic_load_n(&n->func.master, __ATOMIC_RELAXED);
}

static bool has_command(const struct nvme *n, const struct nvme_sq *sq)
{
	return sq->size && sq->head != sq->tail && !sq->deletion && !sq->cq->waiting &&
	       n->free_count > (sq->id ? ADMIN_REQUESTS : 0);
}

static bool fetch(struct nvme *n, struct nvme_sq *sq)
{
	uint64_t gpa = sq->base + sq->head * sizeof(struct nvme_command);
	struct nvme_command cmd;
	struct nvme_request *req;

	if (pci_dma_read(&n->func, gpa, &cmd, sizeof(cmd)) < 0) {
		nvme_fatal(n, "submission queue %u: its entry at 0x%llx cannot be read", sq->id,
			   (unsigned long long)gpa);
		return false;
	}
	req = take_request(n);
	req->sq = sq;
	req->cmd = cmd;
	sq->head = (sq->head + 1) % sq->size;
	sq->in_flight++;
	if (sq->id)
		nvme_begin_io(req);
	else
		nvme_begin_admin(req);
	return true;
}

bool nvme_serve(struct nvme *n, unsigned max)
{
	bool any = true;

	while (any && max) {
		any = false;
		for (unsigned i = 0; i < NVME_QUEUES; i++)
			for (unsigned k = 0; k < BURST && max && may_fetch(n) &&
					     has_command(n, &n->sq[i]) && fetch(n, &n->sq[i]);
			     k++, max--)
				any = true;
	}
	return any && !max;
}
