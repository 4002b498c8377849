// SPDX-License-Identifier: GPL-3.0-or-later
/* Admin commands (NVM Express 1.4, 5): the table, queues, Abort, Asynchronous Event Request. */
#include "devices/nvme/nvme.h"

#define LATER UINT32_MAX /* instead of a status: it is completed elsewhere */

/* ---- queues (5.3 to 5.6) ---- */

static unsigned queue_id(const struct nvme_request *req)
{
	return req->cmd.cdw10 & 0xffff;
}

static bool is_io_queue(const struct nvme *n, unsigned id)
{
	return id && id <= n->io_queues;
}

static uint32_t entries(const struct nvme_request *req)
{
	return (req->cmd.cdw10 >> 16) + 1;
}

/* What both kinds have in common. @told: log2 of an entry's bytes that CC says, @log2: what it is.
 */
static unsigned check_creation(const struct nvme_request *req, bool taken, unsigned told,
			       unsigned log2)
{
	struct nvme *n = req->n;
	uint32_t size = entries(req);

	if (!is_io_queue(n, queue_id(req)) || taken)
		return NVME_INVALID_QUEUE_ID;
	if (size < 2 || size > NVME_ENTRIES_MAX)
		return NVME_INVALID_QUEUE_SIZE;
	/* CAP.CQR: in one piece. */
	if (!(req->cmd.cdw11 & NVME_QUEUE_PC) || told != log2)
		return NVME_INVALID_FIELD;
	if (req->cmd.prp1 % n->page_size)
		return NVME_INVALID_PRP_OFFSET;
	if (!pci_dma_ptr(&n->func, req->cmd.prp1, (size_t)size << log2))
		return NVME_DATA_TRANSFER_ERROR;
	return NVME_SUCCESS;
}

static unsigned create_cq(struct nvme_request *req)
{
	struct nvme *n = req->n;
	uint32_t vector = req->cmd.cdw11 >> 16;
	unsigned id = queue_id(req);
	unsigned status = check_creation(req, id < NVME_QUEUES && n->cq[id].size,
					 NVME_CC_IOCQES(n->cc), NVME_CQES);

	if (status)
		return status;
	if (vector > (pci_msix_enabled(&n->func) ? n->io_queues : 0))
		return NVME_INVALID_VECTOR;
	nvme_cq_init(n, id, req->cmd.prp1, entries(req), (uint16_t)vector,
		     req->cmd.cdw11 & NVME_CQ_IEN);
	return NVME_SUCCESS;
}

static unsigned create_sq(struct nvme_request *req)
{
	struct nvme *n = req->n;
	uint32_t cq = req->cmd.cdw11 >> 16;
	unsigned id = queue_id(req);
	unsigned status = check_creation(req, id < NVME_QUEUES && n->sq[id].size,
					 NVME_CC_IOSQES(n->cc), NVME_SQES);

	if (status)
		return status;
	if (!is_io_queue(n, cq))
		return NVME_INVALID_QUEUE_ID;
	if (!n->cq[cq].size)
		return NVME_CQ_INVALID;
	nvme_sq_init(n, id, req->cmd.prp1, entries(req), &n->cq[cq]);
	return NVME_SUCCESS;
}

void nvme_deletion_done(struct nvme_sq *sq)
{
	struct nvme_request *req = sq->deletion;

	sq->deletion = NULL;
	nvme_sq_remove(sq);
	nvme_complete(req, NVME_SUCCESS);
}

/* What the disk has is completed first. */
static unsigned delete_sq(struct nvme_request *req)
{
	struct nvme *n = req->n;
	unsigned id = queue_id(req);
	struct nvme_sq *sq;

	if (!is_io_queue(n, id) || !n->sq[id].size || n->sq[id].deletion)
		return NVME_INVALID_QUEUE_ID;
	sq = &n->sq[id];
	sq->deletion = req;
	req->state = NVME_HELD;
	nvme_abort_lost(n, sq);
	if (sq->deletion && !sq->in_flight)
		nvme_deletion_done(sq);
	return LATER;
}

static unsigned delete_cq(struct nvme_request *req)
{
	struct nvme *n = req->n;
	unsigned id = queue_id(req);

	if (!is_io_queue(n, id) || !n->cq[id].size)
		return NVME_INVALID_QUEUE_ID;
	if (n->cq[id].users)
		return NVME_INVALID_QUEUE_DELETION;
	nvme_cq_remove(&n->cq[id]);
	return NVME_SUCCESS;
}

/* ---- events (5.2) ---- */

static unsigned async_event(struct nvme_request *req)
{
	struct nvme *n = req->n;

	if (n->aer_count == NVME_AERS)
		return NVME_AER_LIMIT_EXCEEDED;
	req->state = NVME_HELD;
	n->aer[n->aer_count++] = req;
	return LATER;
}

/* Whether it was an event's: then it no longer waits for one. */
static bool take_aer(struct nvme *n, const struct nvme_request *req)
{
	for (unsigned i = 0; i < n->aer_count; i++)
		if (n->aer[i] == req) {
			n->aer[i] = n->aer[--n->aer_count];
			return true;
		}
	return false;
}

/* 5.1: what the disk has cannot be called back; bit 0 of the result then says so. */
static unsigned abort_command(struct nvme_request *req)
{
	struct nvme *n = req->n;
	uint32_t id = req->cmd.cdw10;
	struct nvme_request *victim = nvme_find_request(n, (uint16_t)id, (uint16_t)(id >> 16));

	req->result = 1;
	if (victim && (victim->state == NVME_LOST || take_aer(n, victim))) {
		nvme_complete(victim, NVME_ABORT_REQUESTED);
		req->result = 0;
	}
	return NVME_SUCCESS;
}

/* ---- the table ---- */

static const struct {
	uint8_t opcode;
	const char *name;
	unsigned (*begin)(struct nvme_request *req); /* a status, or LATER */
} commands[] = {
	{ NVME_ADMIN_DELETE_SQ, "Delete I/O Submission Queue", delete_sq },
	{ NVME_ADMIN_CREATE_SQ, "Create I/O Submission Queue", create_sq },
	{ NVME_ADMIN_GET_LOG_PAGE, "Get Log Page", nvme_get_log_page },
	{ NVME_ADMIN_DELETE_CQ, "Delete I/O Completion Queue", delete_cq },
	{ NVME_ADMIN_CREATE_CQ, "Create I/O Completion Queue", create_cq },
	{ NVME_ADMIN_IDENTIFY, "Identify", nvme_identify },
	{ NVME_ADMIN_ABORT, "Abort", abort_command },
	{ NVME_ADMIN_SET_FEATURES, "Set Features", nvme_set_features },
	{ NVME_ADMIN_GET_FEATURES, "Get Features", nvme_get_features },
	{ NVME_ADMIN_ASYNC_EVENT, "Asynchronous Event Request", async_event },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

const char *nvme_admin_name(uint8_t opcode)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].opcode == opcode)
			return commands[i].name;
	return NULL;
}

void nvme_begin_admin(struct nvme_request *req)
{
	unsigned status = NVME_INVALID_OPCODE;

	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].opcode == req->cmd.opcode)
			/* Neither fused nor with scatter-gather lists: not offered. */
			status = req->cmd.flags ? NVME_INVALID_FIELD : commands[i].begin(req);
	if (status != LATER)
		nvme_complete(req, status ? status | NVME_DNR : status);
}
