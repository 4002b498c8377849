// SPDX-License-Identifier: GPL-3.0-or-later
/* What a person sees of an NVMe controller beside its registers. */
#include <inttypes.h>

#include "devices/nvme/nvme.h"

static const struct {
	unsigned status;
	const char *name; /* as in NVM Express 1.4, 4.6.1.2 */
} names[] = {
	{ NVME_SUCCESS, "Successful Completion" },
	{ NVME_INVALID_OPCODE, "Invalid Command Opcode" },
	{ NVME_INVALID_FIELD, "Invalid Field in Command" },
	{ NVME_DATA_TRANSFER_ERROR, "Data Transfer Error" },
	{ NVME_INTERNAL_ERROR, "Internal Error" },
	{ NVME_ABORT_REQUESTED, "Command Abort Requested" },
	{ NVME_ABORTED_SQ_DELETED, "Command Aborted due to SQ Deletion" },
	{ NVME_INVALID_NAMESPACE, "Invalid Namespace or Format" },
	{ NVME_SEQUENCE_ERROR, "Command Sequence Error" },
	{ NVME_INVALID_PRP_OFFSET, "PRP Offset Invalid" },
	{ NVME_WRITE_PROTECTED, "Namespace is Write Protected" },
	{ NVME_LBA_OUT_OF_RANGE, "LBA Out of Range" },
	{ NVME_CAPACITY_EXCEEDED, "Capacity Exceeded" },
	{ NVME_CQ_INVALID, "Completion Queue Invalid" },
	{ NVME_INVALID_QUEUE_ID, "Invalid Queue Identifier" },
	{ NVME_INVALID_QUEUE_SIZE, "Invalid Queue Size" },
	{ NVME_AER_LIMIT_EXCEEDED, "Asynchronous Event Request Limit Exceeded" },
	{ NVME_INVALID_VECTOR, "Invalid Interrupt Vector" },
	{ NVME_INVALID_LOG_PAGE, "Invalid Log Page" },
	{ NVME_INVALID_QUEUE_DELETION, "Invalid Queue Deletion" },
	{ NVME_NOT_SAVEABLE, "Feature Identifier Not Saveable" },
	{ NVME_WRITE_FAULT, "Write Fault" },
	{ NVME_READ_ERROR, "Unrecovered Read Error" },
	{ NVME_COMPARE_FAILURE, "Compare Failure" },
};

const char *nvme_status_name(unsigned status)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == (status & NVME_STATUS_CODE))
			return names[i].name;
	return "a status without a name";
}

static const char *command_name(const struct nvme_request *req)
{
	const char *name = req->sq->id ? nvme_io_name(req->cmd.opcode)
				       : nvme_admin_name(req->cmd.opcode);

	return name ? name : "an unknown command";
}

static void describe_request(const struct nvme_request *req, struct strbuf *out)
{
	static const char *const states[] = {
		[NVME_BUSY] = "",
		[NVME_HELD] = ", waits for its event",
		[NVME_LOST] = ", lost by an injected timeout",
		[NVME_WAITING] = ", waits for room in the completion queue",
	};
	const struct nvme_command *cmd = &req->cmd;

	strbuf_printf(out, "  cid 0x%04x: %s", cmd->cid, command_name(req));
	if (req->sq->id && cmd->opcode != NVME_CMD_FLUSH && cmd->opcode != NVME_CMD_DSM)
		strbuf_printf(out, " of %u blocks at %" PRIu64, (cmd->cdw12 & 0xffff) + 1,
			      cmd->cdw10 | (uint64_t)cmd->cdw11 << 32);
	strbuf_printf(out, "%s\n", states[req->state]);
}

static void describe_queues(const struct nvme *n, unsigned id, struct strbuf *out)
{
	const struct nvme_sq *sq = &n->sq[id];
	const struct nvme_cq *cq = &n->cq[id];

	if (cq->size)
		strbuf_printf(out,
			      "completion queue %u: %u entries at 0x%" PRIx64
			      ", head %u, tail %u, phase %d, %s %u%s\n",
			      id, cq->size, cq->base, cq->head, cq->tail, cq->phase,
			      cq->interrupts ? "vector" : "no interrupts, vector", cq->vector,
			      cq->waiting ? ", full" : "");
	if (!sq->size)
		return;
	strbuf_printf(out,
		      "submission queue %u: %u entries at 0x%" PRIx64
		      ", head %u, tail %u, to completion queue %u, in flight %u%s\n",
		      id, sq->size, sq->base, sq->head, sq->tail, sq->cq->id, sq->in_flight,
		      sq->deletion ? ", being deleted" : "");
	for (unsigned i = 0; sq->in_flight && i < NVME_REQUESTS; i++)
		if (n->requests[i].state != NVME_FREE && n->requests[i].sq == sq)
			describe_request(&n->requests[i], out);
}

static void describe_last_error(const struct nvme *n, struct strbuf *out)
{
	const struct nvme_error_entry *e = &n->error[(n->errors - 1) % NVME_ERRORS];

	if (!n->errors)
		return;
	strbuf_printf(out, "last error: ");
	if (e->sq_id == NVME_NO_QUEUE)
		strbuf_puts(out, "a doorbell without a queue, or with a value beyond it");
	else
		strbuf_printf(out,
			      "submission queue %u, cid 0x%04x, namespace %u, block %" PRIu64
			      ": status 0x%03x, %s",
			      e->sq_id, e->cid, e->nsid, e->lba, e->status >> 1 & NVME_STATUS_CODE,
			      nvme_status_name(e->status >> 1));
	strbuf_puts(out, "\n");
}

void nvme_describe(struct device *dev, struct strbuf *out)
{
	struct nvme *n = (struct nvme *)dev;
	static const char *const runs[] = { [NVME_OFF] = "disabled",
					    [NVME_ON] = "enabled",
					    [NVME_ENDING] = "waiting for the end of a reset" };

	pthread_mutex_lock(&dev->lock);
	strbuf_printf(out, "the controller is %s%s; I/O queue pairs: up to %u; serial %s\n",
		      runs[n->run], n->shut ? ", shut down" : "", n->io_queues, n->serial);
	strbuf_printf(out, "namespace 1: %" PRIu64 " blocks of %u bytes%s\n", n->blocks,
		      1u << n->block_shift, disk_is_readonly(n->disk) ? ", read-only" : "");
	if (n->fatal[0])
		strbuf_printf(out, "fatal: %s\n", n->fatal);
	for (unsigned i = 0; i < NVME_QUEUES; i++)
		describe_queues(n, i, out);
	strbuf_printf(out,
		      "asynchronous event requests %u, events without one %u, errors %" PRIu64
		      ", bad doorbells %" PRIu64 "\n",
		      n->aer_count, n->event_count, n->errors, n->bad_doorbells);
	describe_last_error(n, out);
	pthread_mutex_unlock(&dev->lock);
}

void nvme_block_info(struct block *block, struct block_info *info)
{
	struct nvme *n = (struct nvme *)block->dev;

	*info = (struct block_info){
		.drive = n->drive->id,
		.file = n->drive->file,
		.size = disk_size(n->disk),
		.readonly = disk_is_readonly(n->disk),
		.snapshot = n->drive->snapshot && !n->drive->readonly,
		.how = disk_how(n->disk),
		.reads = __atomic_load_n(&n->counts.reads, __ATOMIC_RELAXED),
		.writes = __atomic_load_n(&n->counts.writes, __ATOMIC_RELAXED),
		.flushes = __atomic_load_n(&n->counts.flushes, __ATOMIC_RELAXED),
		.others = __atomic_load_n(&n->counts.others, __ATOMIC_RELAXED),
		.bytes_read = __atomic_load_n(&n->counts.bytes_read, __ATOMIC_RELAXED),
		.bytes_written = __atomic_load_n(&n->counts.bytes_written, __ATOMIC_RELAXED),
	};
	pthread_mutex_lock(&n->dev.lock);
	info->errors = n->failed;
	info->in_flight = n->at_disk;
	pthread_mutex_unlock(&n->dev.lock);
}
