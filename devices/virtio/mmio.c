// SPDX-License-Identifier: GPL-3.0-or-later
/* The MMIO transport: see mmio.h. Names of registers are 4.2.2's. */
#include "devices/virtio/mmio.h"

#include <errno.h>
#include <linux/virtio_mmio.h>

#include "hv/arch/arch.h"
#include "hv/doorbell.h"
#include "hv/machine.h"

#define MAGIC  0x74726976 /* "virt" */
#define MODERN 2	  /* 4.2.2: not the legacy interface */

_Static_assert(VIRTIO_MMIO_GSI + VIRTIO_MMIO_SLOTS <= ARCH_IRQ_LINES, "a line for each slot");
_Static_assert(VIRTIO_MMIO_CONFIG == VIRTIO_SPACE_CONFIG - VIRTIO_SPACE_MMIO, "4.2.2");

static struct virtio *to_virtio(const struct device *dev)
{
	return (struct virtio *)dev;
}

/* ---- registers ---- */

static uint64_t peek_queue(const struct virtio_queue *q, uint64_t at)
{
	switch (at) {
	case VIRTIO_MMIO_QUEUE_NUM_MAX:
		return q->size_max;
	case VIRTIO_MMIO_QUEUE_NUM:
		return q->cfg.size;
	case VIRTIO_MMIO_QUEUE_READY:
		return q->enabled;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		return q->cfg.desc;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		return q->cfg.driver_area;
	default:
		return q->cfg.device_area;
	}
}

static uint64_t peek(const struct device *dev, const struct reg *reg)
{
	const struct virtio *v = to_virtio(dev);
	uint64_t at = reg->offset - VIRTIO_SPACE_MMIO;
	const struct virtio_queue *q;

	switch (at) {
	case VIRTIO_MMIO_DEVICE_ID:
		return v->model->id;
	case VIRTIO_MMIO_DEVICE_FEATURES:
		return virtio_offered(v, v->offered_select);
	case VIRTIO_MMIO_DRIVER_FEATURES:
		return virtio_accepted(v, v->accepted_select);
	case VIRTIO_MMIO_QUEUE_SEL:
		return v->queue_select;
	case VIRTIO_MMIO_INTERRUPT_STATUS:
		return v->isr;
	case VIRTIO_MMIO_STATUS:
		return v->status;
	case VIRTIO_MMIO_CONFIG_GENERATION:
		return v->generation;
	default:
		q = virtio_selected(v);
		return q ? peek_queue(q, at) : 0;
	}
}

static void write_queue(struct virtio_queue *q, uint64_t at, uint64_t value)
{
	switch (at) {
	case VIRTIO_MMIO_QUEUE_NUM:
		virtio_resize_queue(q, value);
		break;
	case VIRTIO_MMIO_QUEUE_READY:
		q->enabled = value == 1;
		break;
	case VIRTIO_MMIO_QUEUE_DESC_LOW:
		q->cfg.desc = value;
		break;
	case VIRTIO_MMIO_QUEUE_AVAIL_LOW:
		q->cfg.driver_area = value;
		break;
	default:
		q->cfg.device_area = value;
	}
}

/* A driver takes its memory back once it has written 0, and does not look whether that is read
 * (4.2.3.1 asks no more of it): so the write takes as long as the reset does. */
static void write_status(struct virtio *v, uint8_t value)
{
	if (value)
		virtio_write_status(v, value);
	else
		virtio_reset(&v->dev);
}

static void write_reg(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct virtio *v = to_virtio(dev);
	uint64_t at = reg->offset - VIRTIO_SPACE_MMIO;
	struct virtio_queue *q;

	switch (at) {
	case VIRTIO_MMIO_DRIVER_FEATURES:
		virtio_accept(v, v->accepted_select, (uint32_t)value);
		break;
	case VIRTIO_MMIO_QUEUE_SEL:
		v->queue_select = value < v->queue_count ? (uint16_t)value : UINT16_MAX;
		break;
	case VIRTIO_MMIO_INTERRUPT_ACK:
		virtio_clear_isr(v, (uint8_t)value);
		break;
	case VIRTIO_MMIO_STATUS:
		write_status(v, (uint8_t)value);
		break;
	default:
		if (at == VIRTIO_MMIO_QUEUE_READY && !value)
			virtio_disable_queue(v);
		q = virtio_changeable(v);
		if (q)
			write_queue(q, at, value);
	}
}

#define AT(name) (VIRTIO_SPACE_MMIO + VIRTIO_MMIO_##name)

/* Rows that go by peek() and write_reg(), by offset. */
#define ROW(name_, at_, width_, access_, help_)                                              \
	{                                                                                    \
		.name = name_, .offset = AT(at_), .width = width_, .access = access_,        \
		.peek = peek, .write = (access_) == REG_RO ? NULL : write_reg, .help = help_ \
	}
/* … that read as one value for ever. */
#define ROW_CONST(name_, at_, width_, value_, help_)                                 \
	{                                                                            \
		.name = name_, .offset = AT(at_), .width = width_, .access = REG_RO, \
		.reset = value_, .help = help_                                       \
	}

/* What the specification has in two halves is one register here. */
static const struct reg regs[] = {
	ROW_CONST("magic_value", MAGIC_VALUE, 4, MAGIC, "\"virt\""),
	ROW_CONST("version", VERSION, 4, MODERN, "of this interface"),
	ROW("device_id", DEVICE_ID, 4, REG_RO, "what it is"),
	ROW_CONST("vendor_id", VENDOR_ID, 4, VIRTIO_VENDOR, "who made it"),
	ROW("device_features", DEVICE_FEATURES, 4, REG_RO, "what the device offers"),
	{ .name = "device_features_sel",
	  .offset = AT(DEVICE_FEATURES_SEL),
	  .width = 4,
	  .access = REG_WO,
	  REG_STATE(struct virtio, offered_select),
	  .help = "which 32 bits device_features shows" },
	ROW("driver_features", DRIVER_FEATURES, 4, REG_WO, "what the driver accepts"),
	{ .name = "driver_features_sel",
	  .offset = AT(DRIVER_FEATURES_SEL),
	  .width = 4,
	  .access = REG_WO,
	  REG_STATE(struct virtio, accepted_select),
	  .help = "which 32 bits driver_features shows" },
	ROW("queue_sel", QUEUE_SEL, 4, REG_WO, "which queue the queue_* show"),
	ROW("queue_size_max", QUEUE_NUM_MAX, 4, REG_RO, "descriptors; 0: no queue"),
	ROW("queue_size", QUEUE_NUM, 4, REG_WO, "how many of them it has"),
	ROW("queue_ready", QUEUE_READY, 4, REG_RW, "1: it works"),
	{ .name = "queue_notify",
	  .offset = AT(QUEUE_NOTIFY),
	  .width = 4,
	  .access = REG_WO,
	  .help = "doorbell: the number of a queue" },
	{ .name = "interrupt_status",
	  .offset = AT(INTERRUPT_STATUS),
	  .width = 4,
	  .access = REG_RO,
	  .fields = virtio_isr_fields,
	  .peek = peek,
	  .help = "why the line is up" },
	{ .name = "interrupt_ack",
	  .offset = AT(INTERRUPT_ACK),
	  .width = 4,
	  .access = REG_WO,
	  .fields = virtio_isr_fields,
	  .write = write_reg,
	  .help = "ones clear bits of interrupt_status" },
	{ .name = "device_status",
	  .offset = AT(STATUS),
	  .width = 4,
	  .fields = virtio_status_fields,
	  .peek = peek,
	  .write = write_reg,
	  .help = "how far the driver is; 0 resets" },
	ROW("queue_desc", QUEUE_DESC_LOW, 8, REG_RW, "where the descriptors are"),
	ROW("queue_driver", QUEUE_AVAIL_LOW, 8, REG_RW, "… the driver's area (available ring)"),
	ROW("queue_device", QUEUE_USED_LOW, 8, REG_RW, "… the device's area (used ring)"),
	{ .name = "shm_sel",
	  .offset = AT(SHM_SEL),
	  .width = 4,
	  .access = REG_WO,
	  .help = "which region of shared memory shm_* show" },
	ROW_CONST("shm_len", SHM_LEN_LOW, 8, UINT64_MAX, "all ones: there is none"),
	ROW_CONST("shm_base", SHM_BASE_LOW, 8, UINT64_MAX, "all ones: there is none"),
	ROW("config_generation", CONFIG_GENERATION, 4, REG_RO,
	    "changes when the device's configuration does"),
	{ 0 },
};

static void line(struct virtio *v, bool level)
{
	device_irq_set(&v->dev, level);
}

/* ---- making one ---- */

/* They are never taken away again, and so without gaps. */
static unsigned next_slot(const struct machine *m)
{
	unsigned n = 0;

	for (const struct device *d = m->devices; d; d = d->next)
		n += d->range_count && !d->ranges[0].is_pio &&
		     d->ranges[0].bus.base - VIRTIO_MMIO_BASE <
			     VIRTIO_MMIO_SLOTS * VIRTIO_MMIO_SIZE;
	return n;
}

/* 4.2.2: what is written there is the number of a queue. */
static int add_doorbells(struct virtio *v, struct error *err)
{
	int ret = 0;

	for (unsigned i = 0; !ret && i < v->queue_count; i++) {
		const uint64_t number = i;
		struct doorbell *bell;

		ret = doorbell_add(&v->dev.ranges[0], VIRTIO_MMIO_QUEUE_NOTIFY, sizeof(uint32_t),
				   &number, &bell, err);
		if (!ret)
			ret = virtio_doorbell(v, i, doorbell_fd(bell), err);
	}
	return ret;
}

static int add(struct virtio *v, uint32_t config_size, struct error *err)
{
	unsigned slot = next_slot(v->dev.m);
	int ret;

	(void)config_size;
	if (slot == VIRTIO_MMIO_SLOTS)
		return error_set(err, -ENOSPC, "%s: there are %d virtio devices on MMIO already",
				 v->dev.name, VIRTIO_MMIO_SLOTS);
	v->dev.irq = VIRTIO_MMIO_GSI + (int)slot;
	v->dev.irq_is_level = true;
	v->dev.dma = true;
	v->dev.compatible = "virtio,mmio";
	v->dev.acpi_id = "LNRO0005";
	ret = device_add_range(&v->dev, false, VIRTIO_MMIO_BASE + slot * VIRTIO_MMIO_SIZE,
			       VIRTIO_MMIO_SIZE, VIRTIO_SPACE_MMIO, err);
	return ret ? ret : add_doorbells(v, err);
}

const struct virtio_transport virtio_mmio = {
	.interrupt = virtio_raise_isr,
	.line = line,
	.add = add,
	.name = "mmio",
	.qemu_name = "-device",
	.regs = regs,
};
