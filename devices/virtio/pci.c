// SPDX-License-Identifier: GPL-3.0-or-later
/* The PCI transport: see pci.h. */
#include "devices/virtio/pci.h"

#include <endian.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/virtio_pci.h>
#include <string.h>

#include "hv/doorbell.h"
#include "hv/pci.h"

#define DEVICE_BASE   0x1040 /* 4.1.2.1: and the device's type */
#define REVISION      1
#define BAR	      0
#define BAR_MSIX      1
#define NOTIFY_STRIDE 4

static struct virtio *to_virtio(const struct device *dev)
{
	return (struct virtio *)dev;
}

/* ---- registers ---- */

static uint64_t read_isr(struct device *dev, const struct reg *reg)
{
	uint8_t isr = to_virtio(dev)->isr;

	(void)reg;
	virtio_clear_isr(to_virtio(dev), isr);
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

static uint64_t peek(const struct device *dev, const struct reg *reg)
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
		virtio_resize_queue(q, value);
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

static void write_reg(struct device *dev, const struct reg *reg, uint64_t value)
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

/* Rows that go by peek() and write_reg(), by offset. */
#define ROW(name_, at_, width_, help_)                                                           \
	{                                                                                        \
		.name = name_, .offset = at_, .width = width_, .peek = peek, .write = write_reg, \
		.help = help_                                                                    \
	}
#define ROW_RO(name_, at_, width_, help_)                                                      \
	{                                                                                      \
		.name = name_, .offset = at_, .width = width_, .access = REG_RO, .peek = peek, \
		.help = help_                                                                  \
	}

static const struct reg regs[] = {
	{ .name = "device_feature_select",
	  .offset = VIRTIO_PCI_COMMON_DFSELECT,
	  .width = 4,
	  REG_STATE(struct virtio, offered_select),
	  .help = "which 32 bits device_feature shows" },
	ROW_RO("device_feature", VIRTIO_PCI_COMMON_DF, 4, "what the device offers"),
	{ .name = "driver_feature_select",
	  .offset = VIRTIO_PCI_COMMON_GFSELECT,
	  .width = 4,
	  REG_STATE(struct virtio, accepted_select),
	  .help = "which 32 bits driver_feature shows" },
	ROW("driver_feature", VIRTIO_PCI_COMMON_GF, 4, "what the driver accepts"),
	ROW("config_msix_vector", VIRTIO_PCI_COMMON_MSIX, 2,
	    "of changes of the configuration; 0xffff: none"),
	ROW_RO("num_queues", VIRTIO_PCI_COMMON_NUMQ, 2, "how many queues there are"),
	{ .name = "device_status",
	  .offset = VIRTIO_PCI_COMMON_STATUS,
	  .width = 1,
	  REG_STATE(struct virtio, status),
	  .fields = virtio_status_fields,
	  .write = write_reg,
	  .help = "how far the driver is; 0 resets" },
	{ .name = "config_generation",
	  .offset = VIRTIO_PCI_COMMON_CFGGENERATION,
	  .width = 1,
	  .access = REG_RO,
	  REG_STATE(struct virtio, generation),
	  .help = "changes when the device's configuration does" },
	{ .name = "queue_select",
	  .offset = VIRTIO_PCI_COMMON_Q_SELECT,
	  .width = 2,
	  REG_STATE(struct virtio, queue_select),
	  .help = "which queue the queue_* show" },
	ROW("queue_size", VIRTIO_PCI_COMMON_Q_SIZE, 2, "descriptors; 0: no queue"),
	ROW("queue_msix_vector", VIRTIO_PCI_COMMON_Q_MSIX, 2, "0xffff: none"),
	ROW("queue_enable", VIRTIO_PCI_COMMON_Q_ENABLE, 2, "1: it works"),
	ROW_RO("queue_notify_off", VIRTIO_PCI_COMMON_Q_NOFF, 2, "which doorbell it has"),
	ROW("queue_desc", VIRTIO_PCI_COMMON_Q_DESCLO, 8, "where the descriptors are"),
	ROW("queue_driver", VIRTIO_PCI_COMMON_Q_AVAILLO, 8, "… the driver's area (available ring)"),
	ROW("queue_device", VIRTIO_PCI_COMMON_Q_USEDLO, 8, "… the device's area (used ring)"),
	{ .name = "isr",
	  .offset = VIRTIO_SPACE_ISR,
	  .width = 1,
	  .access = REG_RO,
	  REG_STATE(struct virtio, isr),
	  .fields = virtio_isr_fields,
	  .read = read_isr,
	  .help = "why INTA# is up; reading clears it" },
	{ .name = "notify",
	  .offset = VIRTIO_SPACE_NOTIFY,
	  .width = 4,
	  .access = REG_WO,
	  .count = VIRTIO_QUEUES_MAX,
	  .help = "doorbells" },
	{ 0 },
};

/* ---- interrupts ---- */

static void interrupt(struct virtio *v, int queue)
{
	const uint16_t *vector = queue < 0 ? &v->config_vector : &v->queues[queue].vector;

	if (pci_msix_enabled(v->dev.pci))
		pci_msix_notify(v->dev.pci, __atomic_load_n(vector, __ATOMIC_RELAXED));
	else
		virtio_raise_isr(v, queue);
}

static void line(struct virtio *v, bool level)
{
	/* A device that got no slot goes without ever having had one. */
	if (v->dev.pci)
		pci_intx_set(v->dev.pci, level);
}

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

static int add(struct virtio *v, uint32_t config_size, struct error *err)
{
	const struct pci_id id = { VIRTIO_VENDOR, (uint16_t)(DEVICE_BASE + v->model->id),
				   v->model->pci_class, REVISION };
	struct pci_func *fn = &v->func;
	int ret = pci_add(&v->dev, fn, &id, err);

	if (!ret)
		ret = pci_add_bar(fn, BAR, PCI_BAR_MEM32, VIRTIO_SPACE_SIZE, 0, err);
	if (!ret)
		ret = pci_add_msix(fn, BAR_MSIX, v->queue_count + 1, err);
	if (!ret)
		ret = add_capabilities(v, fn, config_size, err);
	if (!ret)
		ret = add_doorbells(v, fn, err);
	if (!ret)
		pci_add_intx(fn);
	return ret;
}

const struct virtio_transport virtio_pci = {
	.interrupt = interrupt,
	.line = line,
	.add = add,
	.name = "pci",
	.qemu_name = "-pci",
	.regs = regs,
};
