// SPDX-License-Identifier: GPL-3.0-or-later
/* Log pages (NVM Express 1.4, 5.14), the entries of the error log, asynchronous events (5.2). */
#include "devices/nvme/nvme.h"

#define RETAIN_EVENT (1u << 15) /* of cdw10 */
#define NOWHERE	     0xffff	/* no parameter is at fault in particular */
#define PAGE_MAX     4096u

/* ---- errors ---- */

static void add_error(struct nvme *n, struct nvme_error_entry entry)
{
	entry.count = n->errors + 1;
	entry.location = NOWHERE;
	n->error[n->errors++ % NVME_ERRORS] = entry;
}

void nvme_log_error(struct nvme_request *req, unsigned status)
{
	const struct nvme_command *cmd = &req->cmd;

	add_error(req->n, (struct nvme_error_entry){
				  .sq_id = req->sq->id,
				  .cid = cmd->cid,
				  /* As in the completion, whose bit 0 is the phase tag. */
				  .status = (uint16_t)((status | NVME_MORE) << 1),
				  .lba = req->sq->id ? cmd->cdw10 | (uint64_t)cmd->cdw11 << 32 : 0,
				  .nsid = cmd->nsid,
			  });
	req->n->failed += req->sq->id != 0;
}

void nvme_log_doorbell(struct nvme *n)
{
	add_error(n, (struct nvme_error_entry){ .sq_id = NVME_NO_QUEUE, .cid = NVME_NO_QUEUE });
}

/* ---- events ---- */

static bool is_enabled(const struct nvme *n, enum nvme_event_type type)
{
	return type != NVME_EVENT_SMART || (n->features.async_events & NVME_WARN_TEMPERATURE);
}

void nvme_event(struct nvme *n, enum nvme_event_type type, uint8_t info, uint8_t log)
{
	/* One of a type is enough until the driver has read the log. */
	for (unsigned i = 0; i < n->event_count; i++)
		if (n->event[i].type == type && n->event[i].info == info)
			return;
	if (!is_enabled(n, type) || n->event_masked[type] || n->event_count == NVME_EVENTS)
		return;
	n->event[n->event_count++] = (struct nvme_event){ (uint8_t)type, info, log };
}

void nvme_events_deliver(struct nvme *n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < n->event_count; i++) {
		struct nvme_event ev = n->event[i];
		struct nvme_request *req;

		/* Another of that type went just now. */
		if (n->event_masked[ev.type])
			continue;
		if (!n->aer_count) {
			n->event[left++] = ev;
			continue;
		}
		req = n->aer[--n->aer_count];
		req->result = ev.type | (uint32_t)ev.info << 8 | (uint32_t)ev.log << 16;
		n->event_masked[ev.type] = true;
		nvme_complete(req, NVME_SUCCESS);
	}
	n->event_count = left;
}

void nvme_check_temperature(struct nvme *n)
{
	bool out = NVME_TEMPERATURE >= n->features.over || NVME_TEMPERATURE <= n->features.under;

	n->critical_warning = out ? NVME_WARN_TEMPERATURE : 0;
	if (out)
		nvme_event(n, NVME_EVENT_SMART, NVME_EVENT_TEMPERATURE, NVME_LOG_SMART);
}

/* ---- pages; each fills @page, whose rest is zero, and says how long it is ---- */

/* The newest first. */
static uint32_t error_page(const struct nvme *n, void *page)
{
	struct nvme_error_entry *to = page;
	uint64_t i;

	for (i = 0; i < NVME_ERRORS && i < n->errors; i++)
		to[i] = n->error[(n->errors - 1 - i) % NVME_ERRORS];
	return NVME_ERRORS * sizeof(*to);
}

/* 5.14.1.2: thousands of 512 bytes, rounded up. */
static uint64_t data_units(uint64_t bytes)
{
	return (bytes / 512 + 999) / 1000;
}

static uint32_t smart_page(const struct nvme *n, void *page)
{
	struct nvme_smart_log *log = page;

	*log = (struct nvme_smart_log){
		.critical_warning = n->critical_warning,
		.temperature = NVME_TEMPERATURE,
		.spare = 100,
		.spare_threshold = 10,
		.units_read = { data_units(n->counts.bytes_read) },
		.units_written = { data_units(n->counts.bytes_written) },
		.reads = { n->counts.reads },
		.writes = { n->counts.writes },
		.power_cycles = { 1 },
		.media_errors = { n->media_errors },
		.error_entries = { n->errors },
	};
	return sizeof(*log);
}

static uint32_t firmware_page(const struct nvme *n, void *page)
{
	char *log = page;

	(void)n;
	log[0] = 1; /* the active slot */
	nvme_put_text(log + 8, 8, VITRINE_VERSION);
	return 512;
}

/* There is one namespace, and it stays. */
static uint32_t changes_page(const struct nvme *n, void *page)
{
	(void)n;
	(void)page;
	return 4096;
}

/* Bit 0: there is such a command; bit 1: it changes what is on the medium. */
static uint32_t effects_page(const struct nvme *n, void *page)
{
	uint32_t *log = page;

	(void)n;
	for (unsigned i = 0; i < 256; i++) {
		log[i] = nvme_admin_name((uint8_t)i) != NULL;
		log[256 + i] = (nvme_io_name((uint8_t)i) != NULL) |
			       (uint32_t)nvme_io_writes((uint8_t)i) << 1;
	}
	return 4096;
}

static const struct {
	uint8_t id;
	uint32_t (*fill)(const struct nvme *n, void *page);
	int event; /* that may come anew once it is read; -1: none */
} pages[] = {
	{ NVME_LOG_ERROR, error_page, NVME_EVENT_ERROR },
	{ NVME_LOG_SMART, smart_page, NVME_EVENT_SMART },
	{ NVME_LOG_FIRMWARE, firmware_page, -1 },
	{ NVME_LOG_CHANGES, changes_page, -1 },
	{ NVME_LOG_EFFECTS, effects_page, -1 },
};
#define PAGES (sizeof(pages) / sizeof(pages[0]))

unsigned nvme_get_log_page(struct nvme_request *req)
{
	const struct nvme_command *cmd = &req->cmd;
	uint64_t offset = cmd->cdw12 | (uint64_t)cmd->cdw13 << 32;
	uint64_t len = ((cmd->cdw10 >> 16 | (uint64_t)(cmd->cdw11 & 0xffff) << 16) + 1) * 4;
	uint8_t page[PAGE_MAX] __attribute__((aligned(8))) = { 0 };
	unsigned status;
	size_t i = 0;

	while (i < PAGES && pages[i].id != (cmd->cdw10 & 0xff))
		i++;
	if (i == PAGES)
		return NVME_INVALID_LOG_PAGE;
	if (cmd->nsid && cmd->nsid != NVME_NSID && cmd->nsid != NVME_ALL_NAMESPACES)
		return NVME_INVALID_NAMESPACE;
	if (offset % 4 || offset >= pages[i].fill(req->n, page))
		return NVME_INVALID_FIELD;
	/* Beyond its end what is read is undefined: nothing is written there. */
	if (len > PAGE_MAX - offset)
		len = PAGE_MAX - offset;
	status = nvme_data_write(req, page + offset, (uint32_t)len);
	if (!status && pages[i].event >= 0 && !(cmd->cdw10 & RETAIN_EVENT))
		req->n->event_masked[pages[i].event] = false;
	return status;
}
