// SPDX-License-Identifier: GPL-3.0-or-later
/* The PCI transport: see pci.h. */
#include "devices/virtio/pci.h"

#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/doorbell.h"
#include "hv/pci.h"

#define VENDOR	      0x1af4
#define DEVICE_BASE   0x1040 /* 4.1.2.1: and the device's type */
#define REVISION      1
#define BAR	      0
#define BAR_MSIX      1
#define NOTIFY_STRIDE 4
#define ISR_QUEUE     1

const struct reg_field virtio_status_fields[] = {
	REG_BIT("ACKNOWLEDGE", 0),
	REG_BIT("DRIVER", 1),
	REG_BIT("DRIVER_OK", 2),
	REG_BIT("FEATURES_OK", 3),
	REG_BIT("NEEDS_RESET", 6),
	REG_BIT("FAILED", 7),
	{ 0 },
};
const struct reg_field virtio_isr_fields[] = {
	REG_BIT("QUEUE", 0),
	REG_BIT("CONFIG", 1),
	{ 0 },
};

static struct virtio *to_virtio(const struct device *dev)
{
	return (struct virtio *)dev;
}

/* ---- registers ---- */

uint64_t virtio_pci_read_isr(struct device *dev, const struct reg *reg)
{
	struct virtio *v = to_virtio(dev);
	uint8_t isr = v->isr;

	(void)reg;
	v->isr = 0;
	pci_intx_set(dev->pci, false);
	return isr;
}

static uint64_t peek_queue(const struct virtio *v, const struct virtio_queue *q, uint64_t at)
{
	switch (at) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		return q->cfg.size;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		return q->vector;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		return q->enabled;
	case VIRTIO_PCI_COMMON_Q_NOFF:
		return (uint64_t)(q - v->queues);
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		return q->cfg.desc;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		return q->cfg.driver_area;
	default:
		return q->cfg.device_area;
	}
}

uint64_t virtio_pci_peek(const struct device *dev, const struct reg *reg)
{
	const struct virtio *v = to_virtio(dev);
	const struct virtio_queue *q;

	switch (reg->offset) {
	case VIRTIO_PCI_COMMON_DF:
		return virtio_offered(v, v->offered_select);
	case VIRTIO_PCI_COMMON_GF:
		return virtio_accepted(v, v->accepted_select);
	case VIRTIO_PCI_COMMON_MSIX:
		return v->config_vector;
	case VIRTIO_PCI_COMMON_NUMQ:
		return v->queue_count;
	default:
		q = virtio_selected(v);
		return q ? peek_queue(v, q, reg->offset) : 0;
	}
}

/* 4.1.5.1.2.1: a vector that there is not reads back as none. */
static void set_vector(struct virtio *v, uint16_t *vector, uint64_t value)
{
	bool is_one = pci_msix_fd(v->dev.pci, (unsigned)value) >= 0;

	__atomic_store_n(vector, is_one ? (uint16_t)value : VIRTIO_NO_VECTOR, __ATOMIC_RELAXED);
}

static void write_queue(struct virtio_queue *q, uint64_t at, uint64_t value)
{
	switch (at) {
	case VIRTIO_PCI_COMMON_Q_SIZE:
		if (value && value <= q->size_max)
			q->cfg.size = (uint16_t)value;
		break;
	case VIRTIO_PCI_COMMON_Q_ENABLE:
		/* 4.1.4.3.2: the driver never writes 0. */
		if (value == 1)
			q->enabled = true;
		break;
	case VIRTIO_PCI_COMMON_Q_DESCLO:
		q->cfg.desc = value;
		break;
	case VIRTIO_PCI_COMMON_Q_AVAILLO:
		q->cfg.driver_area = value;
		break;
	default:
		q->cfg.device_area = value;
	}
}

void virtio_pci_write(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct virtio *v = to_virtio(dev);
	struct virtio_queue *q;

	switch (reg->offset) {
	case VIRTIO_PCI_COMMON_GF:
		virtio_accept(v, v->accepted_select, (uint32_t)value);
		break;
	case VIRTIO_PCI_COMMON_MSIX:
		set_vector(v, &v->config_vector, value);
		break;
	case VIRTIO_PCI_COMMON_STATUS:
		virtio_write_status(v, (uint8_t)value);
		break;
	case VIRTIO_PCI_COMMON_Q_MSIX:
		q = virtio_selected(v);
		if (q)
			set_vector(v, &q->vector, value);
		break;
	default:
		q = virtio_changeable(v);
		if (q)
			write_queue(q, reg->offset, value);
	}
}

/* ---- interrupts ---- */

static void interrupt(struct virtio *v, int queue)
{
	const uint16_t *vector = queue < 0 ? &v->config_vector : &v->queues[queue].vector;

	if (pci_msix_enabled(v->dev.pci)) {
		pci_msix_notify(v->dev.pci, __atomic_load_n(vector, __ATOMIC_RELAXED));
		return;
	}
	pthread_mutex_lock(&v->dev.lock);
	/* A reset may have come between, after which nobody expects it. */
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		v->isr |= queue < 0 ? VIRTIO_PCI_ISR_CONFIG : ISR_QUEUE;
		pci_intx_set(v->dev.pci, true);
	}
	pthread_mutex_unlock(&v->dev.lock);
}

static void transport_reset(struct virtio *v)
{
	pci_intx_set(v->dev.pci, false);
}

static const struct virtio_transport transport = {
	.interrupt = interrupt,
	.reset = transport_reset,
};

/* ---- making one ---- */

/* 4.1.4: where a structure is. */
static int add_capability(struct pci_func *fn, uint8_t type, uint32_t at, uint32_t len,
			  uint32_t multiplier, struct error *err)
{
	struct virtio_pci_notify_cap cap = {
		.cap = { .cap_vndr = PCI_CAP_ID_VNDR,
			 .cap_len = type == VIRTIO_PCI_CAP_NOTIFY_CFG ? sizeof(cap)
								      : sizeof(cap.cap),
			 .cfg_type = type,
			 .bar = BAR,
			 .offset = at,
			 .length = len },
		.notify_off_multiplier = multiplier,
	};
	uint8_t *to, off = pci_add_cap(fn, PCI_CAP_ID_VNDR, cap.cap.cap_len);

	if (!off)
		return error_set(err, -ENOSPC, "%s: no room for another capability", fn->dev->name);
	to = fn->initial + off;
	/* Its header is there, and the next one goes behind what is not zero. */
	memcpy(to + PCI_CAP_FLAGS, (const uint8_t *)&cap + PCI_CAP_FLAGS,
	       cap.cap.cap_len - PCI_CAP_FLAGS);
	return 0;
}

/* ---- 4.1.4.9: the BARs by way of the configuration, for who has not mapped them ---- */

static bool window_at(const struct pci_func *fn, struct pci_place *place)
{
	const struct virtio_pci_cap *cap =
		(const void *)(fn->config + fn->window -
			       offsetof(struct virtio_pci_cfg_cap, pci_cfg_data));
	uint32_t len = le32toh(cap->length);

	*place = (struct pci_place){ .bar = cap->bar, .size = len, .off = le32toh(cap->offset) };
	return (len == 1 || len == 2 || len == 4) && place->off % len == 0;
}

static int add_window(struct pci_func *fn, struct error *err)
{
	struct virtio_pci_cap *can;
	uint8_t off = pci_add_cap(fn, PCI_CAP_ID_VNDR, sizeof(struct virtio_pci_cfg_cap));

	if (!off)
		return error_set(err, -ENOSPC, "%s: no room for another capability", fn->dev->name);
	fn->initial[off + offsetof(struct virtio_pci_cap, cap_len)] =
		sizeof(struct virtio_pci_cfg_cap);
	fn->initial[off + offsetof(struct virtio_pci_cap, cfg_type)] = VIRTIO_PCI_CAP_PCI_CFG;
	can = (void *)(fn->writable + off);
	can->bar = 0xff;
	can->offset = can->length = UINT32_MAX;
	fn->window = (uint8_t)(off + offsetof(struct virtio_pci_cfg_cap, pci_cfg_data));
	memset(fn->writable + fn->window, 0xff, sizeof(uint32_t));
	fn->window_at = window_at;
	return 0;
}

static int add_capabilities(struct virtio *v, struct pci_func *fn, uint32_t config_size,
			    struct error *err)
{
	int ret = add_capability(fn, VIRTIO_PCI_CAP_COMMON_CFG, 0,
				 sizeof(struct virtio_pci_common_cfg), 0, err);

	if (!ret)
		ret = add_capability(fn, VIRTIO_PCI_CAP_ISR_CFG, VIRTIO_SPACE_ISR, 1, 0, err);
	if (!ret && config_size)
		ret = add_capability(fn, VIRTIO_PCI_CAP_DEVICE_CFG, VIRTIO_SPACE_CONFIG,
				     config_size, 0, err);
	if (!ret)
		ret = add_capability(fn, VIRTIO_PCI_CAP_NOTIFY_CFG, VIRTIO_SPACE_NOTIFY,
				     NOTIFY_STRIDE * v->queue_count, NOTIFY_STRIDE, err);
	if (!ret)
		ret = add_window(fn, err);
	return ret;
}

static int add_doorbells(struct virtio *v, struct pci_func *fn, struct error *err)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < v->queue_count; i++) {
		struct doorbell *bell;

		ret = pci_doorbell(fn, BAR, VIRTIO_SPACE_NOTIFY + NOTIFY_STRIDE * i, 0, NULL, &bell,
				   err);
		if (!ret)
			ret = virtio_doorbell(v, i, doorbell_fd(bell), err);
	}
	return ret;
}

int virtio_pci_add(struct virtio *v, struct pci_func *fn, uint32_t config_size,
		   struct optlist *opts, struct error *err)
{
	const struct pci_id id = { VENDOR, (uint16_t)(DEVICE_BASE + v->model->id),
				   v->model->pci_class, REVISION };
	int ret = virtio_options(v, opts, err);

	if (!ret)
		ret = pci_add(&v->dev, fn, &id, err);
	if (ret)
		return ret;
	v->transport = &transport;
	ret = pci_add_bar(fn, BAR, PCI_BAR_MEM32, VIRTIO_SPACE_SIZE, 0, err);
	if (!ret)
		ret = pci_add_msix(fn, BAR_MSIX, v->queue_count + 1, err);
	if (!ret)
		ret = add_capabilities(v, fn, config_size, err);
	if (!ret)
		ret = add_doorbells(v, fn, err);
	if (ret)
		return ret;
	pci_add_intx(fn);
	return virtio_begin(v, err);
}
