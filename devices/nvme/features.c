// SPDX-License-Identifier: GPL-3.0-or-later
/* Get Features and Set Features (NVM Express 1.4, 5.7, 5.21). Nothing is saved over a reset. */
#include "devices/nvme/nvme.h"

#define SET_SAVE      (1u << 31) /* of cdw10 */
#define SELECT(cdw10) ((cdw10) >> 8 & 7)
enum { SELECT_CURRENT, SELECT_DEFAULT, SELECT_SAVED, SELECT_CAPABILITIES };
#define CAN_CHANGE 4u /* the answer to SELECT_CAPABILITIES */

#define TEMPERATURE_ALL	  0xf /* TMPSEL */
#define TEMPERATURE_UNDER 1   /* THSEL */
#define OVER_DEFAULT	  343

static const struct nvme_features defaults = { .over = OVER_DEFAULT, .write_cache = true };

void nvme_features_reset(struct nvme *n)
{
	n->features = defaults;
	for (uint32_t i = 0; i < NVME_QUEUES; i++)
		n->features.vector_config[i] = i;
	n->critical_warning = 0;
}

bool nvme_has_write_cache(const struct nvme *n)
{
	return n->drive->cache != DRIVE_WRITETHROUGH;
}

/* ---- plain values ---- */

/* Bits that a driver may set of a value that is kept and told again. */
struct plain {
	uint8_t id;
	uint32_t mask;
	size_t at;
};
#define PLAIN(id_, mask_, member)                                                      \
	{                                                                              \
		.id = id_, .mask = mask_, .at = offsetof(struct nvme_features, member) \
	}

static const struct plain plains[] = {
	PLAIN(NVME_FEAT_ARBITRATION, 0xffffff07, arbitration),
	PLAIN(NVME_FEAT_POWER, 0x000000e0, power),
	PLAIN(NVME_FEAT_ERROR_RECOVERY, 0x0000ffff, error_recovery),
	PLAIN(NVME_FEAT_COALESCING, 0x0000ffff, coalescing),
	PLAIN(NVME_FEAT_ATOMICITY, 0x00000001, atomicity),
	PLAIN(NVME_FEAT_ASYNC_EVENTS, 0x000001ff, async_events),
};

static const struct plain *find_plain(uint8_t id)
{
	for (size_t i = 0; i < sizeof(plains) / sizeof(plains[0]); i++)
		if (plains[i].id == id)
			return &plains[i];
	return NULL;
}

static uint32_t *plain_at(const struct nvme_features *f, const struct plain *p)
{
	return (uint32_t *)((char *)f + p->at);
}

/* ---- those with rules of their own ---- */

/* 5.21.1.4: the composite temperature alone is measured. */
static unsigned set_temperature(struct nvme *n, uint32_t value)
{
	unsigned sensor = value >> 16 & 15, type = value >> 20 & 3;

	if ((sensor && sensor != TEMPERATURE_ALL) || type > TEMPERATURE_UNDER)
		return NVME_INVALID_FIELD;
	*(type == TEMPERATURE_UNDER ? &n->features.under : &n->features.over) = (uint16_t)value;
	nvme_check_temperature(n);
	return NVME_SUCCESS;
}

static unsigned get_temperature(const struct nvme_features *f, uint32_t select, uint32_t *value)
{
	unsigned type = select >> 20 & 3;

	if (select >> 16 & 15 || type > TEMPERATURE_UNDER)
		return NVME_INVALID_FIELD;
	*value = type == TEMPERATURE_UNDER ? f->under : f->over;
	return NVME_SUCCESS;
}

/* 5.21.1.7: before the first I/O queue is made. Whatever is asked for, so many are there. */
static unsigned set_queues(struct nvme *n, uint32_t value)
{
	for (unsigned i = 1; i < NVME_QUEUES; i++)
		if (n->sq[i].size || n->cq[i].size)
			return NVME_SEQUENCE_ERROR;
	return (value & 0xffff) == 0xffff || value >> 16 == 0xffff ? NVME_INVALID_FIELD
								   : NVME_SUCCESS;
}

static uint32_t queue_count(const struct nvme *n)
{
	return (n->io_queues - 1) << 16 | (n->io_queues - 1);
}

static unsigned set_vector(struct nvme *n, uint32_t value)
{
	if ((value & 0xffff) > n->io_queues)
		return NVME_INVALID_FIELD;
	n->features.vector_config[value & 0xffff] = value & 0x1ffff;
	return NVME_SUCCESS;
}

static unsigned set_write_cache(struct nvme *n, uint32_t value)
{
	if (!nvme_has_write_cache(n))
		return NVME_INVALID_FIELD;
	n->features.write_cache = value & 1;
	return NVME_SUCCESS;
}

unsigned nvme_set_features(struct nvme_request *req)
{
	struct nvme *n = req->n;
	uint8_t id = (uint8_t)req->cmd.cdw10;
	uint32_t value = req->cmd.cdw11;
	const struct plain *p = find_plain(id);

	if (req->cmd.cdw10 & SET_SAVE)
		return NVME_NOT_SAVEABLE;
	if (p) {
		/* One power state, 0. */
		if (id == NVME_FEAT_POWER && (value & 0x1f))
			return NVME_INVALID_FIELD;
		*plain_at(&n->features, p) = value & p->mask;
		if (id == NVME_FEAT_ASYNC_EVENTS)
			nvme_check_temperature(n);
		return NVME_SUCCESS;
	}
	switch (id) {
	case NVME_FEAT_TEMPERATURE:
		return set_temperature(n, value);
	case NVME_FEAT_WRITE_CACHE:
		return set_write_cache(n, value);
	case NVME_FEAT_QUEUES:
		req->result = queue_count(n);
		return set_queues(n, value);
	case NVME_FEAT_VECTOR:
		return set_vector(n, value);
	default:
		return NVME_INVALID_FIELD;
	}
}

static unsigned get_value(const struct nvme *n, const struct nvme_features *f, uint8_t id,
			  uint32_t cdw11, uint32_t *value)
{
	const struct plain *p = find_plain(id);

	if (p) {
		*value = *plain_at(f, p);
		return NVME_SUCCESS;
	}
	switch (id) {
	case NVME_FEAT_TEMPERATURE:
		return get_temperature(f, cdw11, value);
	case NVME_FEAT_WRITE_CACHE:
		*value = f->write_cache;
		return nvme_has_write_cache(n) ? NVME_SUCCESS : NVME_INVALID_FIELD;
	case NVME_FEAT_QUEUES:
		*value = queue_count(n);
		return NVME_SUCCESS;
	case NVME_FEAT_VECTOR:
		if ((cdw11 & 0xffff) > n->io_queues)
			return NVME_INVALID_FIELD;
		*value = f == &n->features ? f->vector_config[cdw11 & 0xffff] : cdw11 & 0xffff;
		return NVME_SUCCESS;
	default:
		return NVME_INVALID_FIELD;
	}
}

unsigned nvme_get_features(struct nvme_request *req)
{
	const struct nvme *n = req->n;
	unsigned select = SELECT(req->cmd.cdw10), status;
	uint32_t value = 0;

	if (select > SELECT_CAPABILITIES)
		return NVME_INVALID_FIELD;
	/* Where nothing is saved, the saved value is the default (5.7.1). */
	status = get_value(n, select == SELECT_CURRENT ? &n->features : &defaults,
			   (uint8_t)req->cmd.cdw10, req->cmd.cdw11, &value);
	if (!status)
		req->result = select == SELECT_CAPABILITIES ? CAN_CHANGE : value;
	return status;
}
