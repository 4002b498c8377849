// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Physical region pages (NVM Express 1.4, 4.3): where in the guest's memory a command's data is.
 *
 *   PRP1  a page, from some byte on
 *   PRP2  nothing; or the second page; or, when there are more than two, a list
 *
 *   list  [ page | page | ... | next list ]   to the end of its page: only the first list may begin
 *                                             in the middle of one, and only the last is not full
 *
 * Every list but the first gives a page's entries, so a chain in a circle ends with the data.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/nvme/nvme.h"
#include "hv/dma.h"

#define ENTRIES_MAX (NVME_TRANSFER_MAX / 4096 + 2)

static bool make_room(struct nvme_data *data)
{
	unsigned space = data->space ? 2 * data->space : 4;
	struct nvme_piece *piece;
	struct iovec *iov;

	if (data->count < data->space)
		return true;
	piece = realloc(data->piece, space * sizeof(*piece));
	if (piece)
		data->piece = piece;
	iov = realloc(data->iov, space * sizeof(*iov));
	if (iov)
		data->iov = iov;
	if (!piece || !iov)
		return false;
	data->space = space;
	return true;
}

/* Pages that follow each other are one piece. */
static unsigned add_piece(struct nvme_data *data, uint64_t gpa, uint32_t len)
{
	struct nvme_piece *last = data->count ? &data->piece[data->count - 1] : NULL;

	if (last && last->gpa + last->len == gpa) {
		last->len += len;
		return NVME_SUCCESS;
	}
	if (!make_room(data))
		return NVME_INTERNAL_ERROR;
	data->piece[data->count++] = (struct nvme_piece){ gpa, len };
	return NVME_SUCCESS;
}

/* @left bytes of the pages in the list at @at. */
static unsigned walk_list(struct nvme_request *req, uint64_t at, uint32_t left)
{
	const uint32_t page = req->n->page_size;
	uint64_t entry[ENTRIES_MAX];

	while (left) {
		uint32_t pages = (left + page - 1) / page;
		uint32_t room = (page - (uint32_t)(at % page)) / sizeof(entry[0]);
		bool chained = pages > room;
		uint32_t count = chained ? room : pages, i;
		unsigned status = NVME_SUCCESS;

		if (pci_dma_read(&req->n->func, at, entry, count * sizeof(entry[0])) < 0)
			return NVME_DATA_TRANSFER_ERROR;
		for (i = 0; i < count - chained && !status; i++) {
			uint32_t len = left < page ? left : page;

			if (entry[i] % page)
				return NVME_INVALID_PRP_OFFSET;
			status = add_piece(&req->data, entry[i], len);
			left -= len;
		}
		if (status)
			return status;
		if (!chained)
			break;
		at = entry[i];
		if (at % page)
			return NVME_INVALID_PRP_OFFSET;
	}
	return NVME_SUCCESS;
}

unsigned nvme_data_find(struct nvme_request *req, uint32_t len)
{
	const uint32_t page = req->n->page_size;
	const struct nvme_command *cmd = &req->cmd;
	uint32_t first = page - (uint32_t)(cmd->prp1 % page);
	unsigned status;

	req->data.count = 0;
	if (len > NVME_TRANSFER_MAX)
		return NVME_INVALID_FIELD;
	if (cmd->prp1 % 4)
		return NVME_INVALID_PRP_OFFSET;
	if (first > len)
		first = len;
	status = len ? add_piece(&req->data, cmd->prp1, first) : NVME_SUCCESS;
	len -= first;
	if (status || !len)
		return status;
	if (len <= page)
		return cmd->prp2 % page ? NVME_INVALID_PRP_OFFSET
					: add_piece(&req->data, cmd->prp2, len);
	return cmd->prp2 % 8 ? NVME_INVALID_PRP_OFFSET : walk_list(req, cmd->prp2, len);
}

unsigned nvme_data_map(struct nvme_request *req)
{
	struct nvme_data *data = &req->data;

	for (unsigned i = 0; i < data->count; i++) {
		void *p = pci_dma_ptr(&req->n->func, data->piece[i].gpa, data->piece[i].len);

		if (!p)
			return NVME_DATA_TRANSFER_ERROR;
		data->iov[i] = (struct iovec){ p, data->piece[i].len };
	}
	return NVME_SUCCESS;
}

void nvme_data_done(struct nvme_request *req, bool from_device)
{
	for (unsigned i = 0; i < req->data.count; i++)
		dma_unmap(&req->n->dev, req->data.piece[i].gpa, req->data.piece[i].len,
			  from_device ? DMA_FROM_DEVICE : DMA_TO_DEVICE);
}

unsigned nvme_data_write(struct nvme_request *req, const void *buf, uint32_t len)
{
	unsigned status = nvme_data_find(req, len);
	const uint8_t *from = buf;

	for (unsigned i = 0; i < req->data.count && !status; i++) {
		const struct nvme_piece *piece = &req->data.piece[i];

		if (pci_dma_write(&req->n->func, piece->gpa, from, piece->len) < 0)
			status = NVME_DATA_TRANSFER_ERROR;
		from += piece->len;
	}
	return status;
}

unsigned nvme_data_read(struct nvme_request *req, void *buf, uint32_t len)
{
	unsigned status = nvme_data_find(req, len);
	uint8_t *to = buf;

	for (unsigned i = 0; i < req->data.count && !status; i++) {
		const struct nvme_piece *piece = &req->data.piece[i];

		if (pci_dma_read(&req->n->func, piece->gpa, to, piece->len) < 0)
			status = NVME_DATA_TRANSFER_ERROR;
		to += piece->len;
	}
	return status;
}
