// SPDX-License-Identifier: GPL-3.0-or-later
/* Identify (NVM Express 1.4, 5.15): what the controller and its namespace are. */
#include <stdio.h>
#include <string.h>

#include "devices/nvme/nvme.h"

/* Celsius 70 and 80, in kelvin. */
#define TEMPERATURE_WARNING  343
#define TEMPERATURE_CRITICAL 353

void nvme_put_text(char *field, size_t size, const char *text)
{
	size_t len = strnlen(text, size);

	memset(field, ' ', size);
	memcpy(field, text, len);
}

/*
 * The same disk has the same in each run, and two disks have different ones: made from the serial
 * number (RFC 9562, 5.8: a version for what one makes by oneself).
 */
static void make_uuid(const struct nvme *n, const char *what, uint8_t uuid[16])
{
	uint64_t half[2] = { 14695981039346656037ull, 1099511628211ull };
	char text[80];

	snprintf(text, sizeof(text), "%s %s %s", what, n->dev.name, n->serial);
	for (const char *p = text; *p; p++) {
		half[0] = (half[0] ^ (uint8_t)*p) * 1099511628211ull;
		half[1] = (half[1] + half[0]) * 0x9e3779b97f4a7c15ull;
	}
	memcpy(uuid, half, 16);
	uuid[6] = (uuid[6] & 0x0f) | 0x80;
	uuid[8] = (uuid[8] & 0x3f) | 0x80;
}

static unsigned identify_controller(struct nvme_request *req)
{
	const struct nvme *n = req->n;
	struct nvme_id_controller id = {
		.vid = (uint16_t)(n->func.initial[0] | n->func.initial[1] << 8),
		.ieee = { 0x00, 0x54, 0x52 }, /* 52:54:00, locally administered */
		.mdts = NVME_MDTS,
		.ver = NVME_VERSION,
		.oaes = 1 << 8, /* would tell of a change of the namespace: then Linux asks for
				   events */
		.cntrltype = 1, /* an I/O controller */
		.acl = 3,
		.aerl = NVME_AERS - 1,
		.frmw = 0x03, /* one slot, read-only */
		.lpa = 0x07,  /* SMART of the namespace, command effects, offsets */
		.elpe = NVME_ERRORS - 1,
		.wctemp = TEMPERATURE_WARNING,
		.cctemp = TEMPERATURE_CRITICAL,
		.sqes = NVME_SQES << 4 | NVME_SQES,
		.cqes = NVME_CQES << 4 | NVME_CQES,
		.nn = NVME_NSID,
		.oncs = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4, /* Compare, DSM, Write Zeroes, Select */
		/* A flush of all namespaces is one of this. */
		.vwc = nvme_has_write_cache(n) ? 0x07 : 0x06,
		.psd = { { .max_power = 2500 } },
	};
	uint8_t u[16];

	id.ssvid = id.vid;
	nvme_put_text(id.sn, sizeof(id.sn), n->serial);
	nvme_put_text(id.mn, sizeof(id.mn), "vitrine NVMe disk");
	nvme_put_text(id.fr, sizeof(id.fr), VITRINE_VERSION);
	make_uuid(n, "subsystem", u);
	snprintf(id.subnqn, sizeof(id.subnqn),
		 "nqn.2014-08.org.nvmexpress:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12],
		 u[13], u[14], u[15]);
	return nvme_data_write(req, &id, sizeof(id));
}

static unsigned identify_namespace(struct nvme_request *req)
{
	const struct nvme *n = req->n;
	struct nvme_id_namespace id = {
		.nsze = n->blocks,
		.ncap = n->blocks,
		.nuse = n->blocks,
		.dlfeat = 1 << 3, /* Write Zeroes may deallocate */
		.nsattr = disk_is_readonly(n->disk),
		.nvmcap = { disk_size(n->disk) },
		.lbaf = { { .lbads = (uint8_t)n->block_shift } },
	};

	if (req->cmd.nsid != NVME_NSID)
		return NVME_INVALID_NAMESPACE;
	return nvme_data_write(req, &id, sizeof(id));
}

/* The active ones above NSID. */
static unsigned identify_active_list(struct nvme_request *req)
{
	uint32_t list[NVME_IDENTIFY_SIZE / 4] = { 0 };

	if (req->cmd.nsid >= NVME_ALL_NAMESPACES - 1)
		return NVME_INVALID_NAMESPACE;
	if (req->cmd.nsid < NVME_NSID)
		list[0] = NVME_NSID;
	return nvme_data_write(req, list, sizeof(list));
}

static unsigned identify_descriptors(struct nvme_request *req)
{
	uint8_t list[NVME_IDENTIFY_SIZE] = { NVME_NIDT_UUID, 16 };

	if (req->cmd.nsid != NVME_NSID)
		return NVME_INVALID_NAMESPACE;
	make_uuid(req->n, "namespace", list + 4);
	return nvme_data_write(req, list, sizeof(list));
}

unsigned nvme_identify(struct nvme_request *req)
{
	switch (req->cmd.cdw10 & 0xff) {
	case NVME_CNS_NAMESPACE:
		return identify_namespace(req);
	case NVME_CNS_CONTROLLER:
		return identify_controller(req);
	case NVME_CNS_ACTIVE_LIST:
		return identify_active_list(req);
	case NVME_CNS_DESCRIPTORS:
		return identify_descriptors(req);
	default:
		return NVME_INVALID_FIELD;
	}
}
