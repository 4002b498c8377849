// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * I/O commands (NVM Express 1.4, 6): checked here and handed to the disk; what comes back from it
 * may have a next part.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices/nvme/nvme.h"
#include "hv/device_event.h"
#include "hv/device_fault.h"

#define BEGUN	   UINT32_MAX /* instead of a status: the disk has it */
#define RANGES_MAX 256

static uint64_t first_block(const struct nvme_request *req)
{
	return req->cmd.cdw10 | (uint64_t)req->cmd.cdw11 << 32;
}

static uint64_t block_count(const struct nvme_request *req)
{
	return (req->cmd.cdw12 & 0xffff) + 1;
}

static bool is_inside(const struct nvme *n, uint64_t lba, uint64_t count)
{
	return lba <= n->blocks && count <= n->blocks - lba;
}

/* @count blocks from @lba on, which are inside. */
static unsigned submit(struct nvme_request *req, enum disk_op op, uint64_t lba, uint64_t count)
{
	struct nvme *n = req->n;

	req->io.op = op;
	req->io.offset = lba << n->block_shift;
	req->io.len = count << n->block_shift;
	n->at_disk++;
	disk_submit(n->disk, &req->io);
	return BEGUN;
}

/* ---- the beginning, by command: a status, or BEGUN ---- */

static unsigned begin_flush(struct nvme_request *req)
{
	return submit(req, DISK_FLUSH, 0, 0);
}

static unsigned check_range(const struct nvme_request *req)
{
	uint64_t count = block_count(req);

	if (!is_inside(req->n, first_block(req), count))
		return NVME_LBA_OUT_OF_RANGE;
	return count << req->n->block_shift > NVME_TRANSFER_MAX ? NVME_INVALID_FIELD : NVME_SUCCESS;
}

static unsigned begin_transfer(struct nvme_request *req)
{
	struct nvme *n = req->n;
	uint64_t count = block_count(req);
	unsigned status = check_range(req);

	if (!status)
		status = nvme_data_find(req, (uint32_t)(count << n->block_shift));
	if (!status)
		status = nvme_data_map(req);
	if (status)
		return status;
	req->io.iov = req->data.iov;
	req->io.iov_count = req->data.count;
	req->io.durable = (req->cmd.cdw12 & NVME_RW_FUA) || !n->features.write_cache;
	return submit(req, req->cmd.opcode == NVME_CMD_READ ? DISK_READ : DISK_WRITE,
		      first_block(req), count);
}

/* What is on the disk goes to a buffer; the iovec lies behind it. */
static unsigned begin_compare(struct nvme_request *req)
{
	uint64_t count = block_count(req), len = count << req->n->block_shift;
	unsigned status = check_range(req);
	struct iovec *iov;

	if (status)
		return status;
	req->buffer = malloc(len + sizeof(*iov));
	if (!req->buffer)
		return NVME_INTERNAL_ERROR;
	iov = (void *)((uint8_t *)req->buffer + len);
	*iov = (struct iovec){ req->buffer, len };
	req->io.iov = iov;
	req->io.iov_count = 1;
	return submit(req, DISK_READ, first_block(req), count);
}

static unsigned begin_zeroes(struct nvme_request *req)
{
	if (!is_inside(req->n, first_block(req), block_count(req)))
		return NVME_LBA_OUT_OF_RANGE;
	req->io.unmap = req->cmd.cdw12 & NVME_WZ_DEAC;
	req->io.durable = (req->cmd.cdw12 & NVME_RW_FUA) || !req->n->features.write_cache;
	return submit(req, DISK_ZERO, first_block(req), block_count(req));
}

/* From one range to the next. */
static unsigned next_range(struct nvme_request *req)
{
	const struct nvme_dsm_range *range = req->buffer;

	while (req->range < req->ranges) {
		const struct nvme_dsm_range *r = &range[req->range++];

		if (r->blocks)
			return submit(req, DISK_DISCARD, r->lba, r->blocks);
	}
	return NVME_SUCCESS;
}

static unsigned begin_dsm(struct nvme_request *req)
{
	uint32_t count = (req->cmd.cdw10 & 0xff) + 1;
	const struct nvme_dsm_range *range;
	unsigned status;

	/* The other attributes are hints. */
	if (!(req->cmd.cdw11 & NVME_DSM_AD))
		return NVME_SUCCESS;
	req->buffer = malloc(count * sizeof(*range));
	if (!req->buffer)
		return NVME_INTERNAL_ERROR;
	status = nvme_data_read(req, req->buffer, (uint32_t)(count * sizeof(*range)));
	if (status)
		return status;
	range = req->buffer;
	for (unsigned i = 0; i < count; i++)
		if (!is_inside(req->n, range[i].lba, range[i].blocks))
			return NVME_LBA_OUT_OF_RANGE;
	req->range = 0;
	req->ranges = count;
	return next_range(req);
}

/* ---- the end, by command: a status, or BEGUN ---- */

static unsigned end_read(struct nvme_request *req)
{
	nvme_data_done(req, true);
	return NVME_SUCCESS;
}

static unsigned end_write(struct nvme_request *req)
{
	nvme_data_done(req, false);
	return NVME_SUCCESS;
}

static unsigned end_compare(struct nvme_request *req)
{
	uint32_t len = (uint32_t)req->io.len;
	uint8_t *mine = malloc(len);
	unsigned status;

	if (!mine)
		return NVME_INTERNAL_ERROR;
	status = nvme_data_read(req, mine, len);
	if (!status && memcmp(mine, req->buffer, len))
		status = NVME_COMPARE_FAILURE;
	free(mine);
	return status;
}

/* ---- the table ---- */

struct io_command {
	uint8_t opcode;
	const char *name, *done; /* "Write", and what could not be done: "written" */
	bool writes;
	unsigned (*begin)(struct nvme_request *req);
	unsigned (*end)(struct nvme_request *req); /* NULL: success */
	unsigned failure;			   /* what a failure of the disk is */
};

static const struct io_command commands[] = {
	{ NVME_CMD_FLUSH, "Flush", "flushed", false, begin_flush, NULL, NVME_INTERNAL_ERROR },
	{ NVME_CMD_WRITE, "Write", "written", true, begin_transfer, end_write, NVME_WRITE_FAULT },
	{ NVME_CMD_READ, "Read", "read", false, begin_transfer, end_read, NVME_READ_ERROR },
	{ NVME_CMD_COMPARE, "Compare", "read", false, begin_compare, end_compare, NVME_READ_ERROR },
	{ NVME_CMD_WRITE_ZEROES, "Write Zeroes", "zeroed", true, begin_zeroes, NULL,
	  NVME_WRITE_FAULT },
	{ NVME_CMD_DSM, "Dataset Management", "discarded", true, begin_dsm, next_range,
	  NVME_WRITE_FAULT },
};

static const struct io_command *find_command(uint8_t opcode)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

const char *nvme_io_name(uint8_t opcode)
{
	const struct io_command *c = find_command(opcode);

	return c ? c->name : NULL;
}

bool nvme_io_writes(uint8_t opcode)
{
	const struct io_command *c = find_command(opcode);

	return c && c->writes;
}

static unsigned check(const struct nvme_request *req, const struct io_command *c)
{
	const struct nvme_command *cmd = &req->cmd;

	if (!c)
		return NVME_INVALID_OPCODE;
	/* Neither fused nor with scatter-gather lists: not offered. */
	if (cmd->flags)
		return NVME_INVALID_FIELD;
	if (cmd->nsid != NVME_NSID &&
	    !(cmd->opcode == NVME_CMD_FLUSH && cmd->nsid == NVME_ALL_NAMESPACES))
		return NVME_INVALID_NAMESPACE;
	if (c->writes && disk_is_readonly(req->n->disk))
		return NVME_WRITE_PROTECTED;
	return NVME_SUCCESS;
}

void nvme_begin_io(struct nvme_request *req)
{
	const struct io_command *c = find_command(req->cmd.opcode);
	unsigned status = check(req, c);

	if (!status && device_fault_take(&req->n->dev, FAULT_TIMEOUT)) {
		req->state = NVME_LOST;
		return;
	}
	if (!status) {
		req->io = (struct disk_request){ 0 };
		status = device_fault_take(&req->n->dev, FAULT_ERROR) ? c->failure : c->begin(req);
	}
	if (status != BEGUN)
		nvme_complete(req, status ? status | NVME_DNR : status);
}

/* ---- what the disk says ---- */

/* Once: a full disk fails every write from then on. */
static void tell(struct nvme *n, const struct io_command *c, const struct disk_request *io)
{
	if (n->told)
		return;
	n->told = true;
	fprintf(stderr,
		"vitrine: %s: %s: %llu bytes at %llu could not be %s: %s; the guest is told of an "
		"error, and `info block` counts them\n",
		n->dev.name, n->drive->file, (unsigned long long)io->len,
		(unsigned long long)io->offset, c->done, strerror(-io->result));
}

static void count(struct nvme *n, const struct disk_request *io)
{
	uint64_t *const counts[] = {
		[DISK_READ] = &n->counts.reads,	   [DISK_WRITE] = &n->counts.writes,
		[DISK_FLUSH] = &n->counts.flushes, [DISK_DISCARD] = &n->counts.others,
		[DISK_ZERO] = &n->counts.others,
	};

	device_count_add(counts[io->op], 1);
	if (io->result)
		n->media_errors++;
	else if (io->op == DISK_READ)
		device_count_add(&n->counts.bytes_read, io->len);
	else if (io->op == DISK_WRITE)
		device_count_add(&n->counts.bytes_written, io->len);
}

void nvme_io_done(struct nvme_request *req)
{
	struct nvme *n = req->n;
	const struct io_command *c = find_command(req->cmd.opcode);
	unsigned status = NVME_SUCCESS;

	count(n, &req->io);
	if (req->io.result) {
		tell(n, c, &req->io);
		status = req->io.result == -ENOSPC ? NVME_CAPACITY_EXCEEDED : c->failure;
	} else if (c->end && n->run == NVME_ON) {
		status = c->end(req);
	}
	if (status != BEGUN)
		nvme_complete(req, status ? status | NVME_DNR : status);
}
