// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * edu: the PCI device that driver courses are written for, by its published
 * specification (QEMU, docs/specs/edu).
 *
 *   BAR 0, 1 MiB        0x00-0x24   identification, inversion, factorial, status
 *                       0x60, 0x64  interrupt: raise, acknowledge
 *                       0x80-0x98   DMA: source, destination, count, command
 *   the device's own    0x40000     buffer of 4 KiB: an address for DMA, not for the processor
 *
 * The factorial and the DMA take a moment of the guest's time, on the loop thread: a
 * driver sees COMPUTING and START set as on real hardware. The specification leaves open
 * what a DMA does that misses the buffer: nothing is moved here, and it ends as usual.
 */
#include <errno.h>

#include "hv/device.h"
#include "hv/device_fault.h"
#include "hv/machine.h"
#include "hv/pci.h"
#include "hv/trace.h"

enum {
	SPACE_ID = 0x00,
	SPACE_LIVENESS = 0x04,
	SPACE_FACTORIAL = 0x08,
	SPACE_STATUS = 0x20,
	SPACE_IRQ_STATUS = 0x24,
	SPACE_IRQ_RAISE = 0x60,
	SPACE_IRQ_ACK = 0x64,
	SPACE_DMA_SRC = 0x80,
	SPACE_DMA_DST = 0x88,
	SPACE_DMA_COUNT = 0x90,
	SPACE_DMA_CMD = 0x98,
	SPACE_SIZE = 0x100000,
};

#define ID 0x010000ed /* version 1.0 */

#define STATUS_COMPUTING 0x01
#define STATUS_IRQ_FACT	 0x80

#define IRQ_FACT 0x001
#define IRQ_DMA	 0x100

#define CMD_START    0x1
#define CMD_FROM_EDU 0x2
#define CMD_IRQ	     0x4

#define BUFFER_AT   0x40000
#define BUFFER_SIZE 0x1000
#define DMA_MASK    0x0fffffffull /* the device drives 28 address lines */

#define FACTORIAL_NS 10000u
#define DMA_NS	     100000u

static const struct pci_id edu_id = { 0x1234, 0x11e8, 0x00ff00, 0x10 };

struct edu {
	struct device dev;
	struct pci_func func;
	uint32_t liveness, factorial, status, irq_status;
	uint64_t dma_src, dma_dst, dma_count, dma_cmd;
	uint8_t buffer[BUFFER_SIZE];
	struct hv_timer *factorial_timer, *dma_timer;
};

static struct edu *to_edu(struct device *dev)
{
	return (struct edu *)dev;
}

static void arm(struct edu *e, struct hv_timer *timer, uint64_t ns)
{
	hv_timer_arm(timer, hv_clock_now(e->dev.m->timers, HV_CLOCK_GUEST) + ns);
}

/* ---- interrupt ---- */

static void raise_irq(struct edu *e, uint32_t why)
{
	e->irq_status |= why;
	if (!e->irq_status)
		return;
	pci_intx_set(&e->func, true);
	pci_msi_send(&e->func);
}

static void write_irq_raise(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	raise_irq(to_edu(dev), (uint32_t)value);
}

static void write_irq_ack(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct edu *e = to_edu(dev);

	(void)reg;
	e->irq_status &= ~(uint32_t)value;
	if (!e->irq_status)
		pci_intx_set(&e->func, false);
}

/* ---- factorial ---- */

/* In 32 bits: from 34 on it has 32 factors of two, and is zero. */
static uint32_t factorial(uint32_t n)
{
	uint32_t product = 1;

	for (uint32_t i = 2; i <= n && product; i++)
		product *= i;
	return product;
}

static void factorial_done(void *opaque)
{
	struct edu *e = opaque;

	pthread_mutex_lock(&e->dev.lock);
	/* A reset may have come between the timer and the lock. */
	if ((e->status & STATUS_COMPUTING) && !device_fault_take(&e->dev, FAULT_TIMEOUT)) {
		e->factorial = factorial(e->factorial);
		e->status &= ~(uint32_t)STATUS_COMPUTING;
		if (e->status & STATUS_IRQ_FACT)
			raise_irq(e, IRQ_FACT);
	}
	pthread_mutex_unlock(&e->dev.lock);
}

static void write_factorial(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct edu *e = to_edu(dev);

	(void)reg;
	if (e->status & STATUS_COMPUTING)
		return;
	e->factorial = (uint32_t)value;
	e->status |= STATUS_COMPUTING;
	arm(e, e->factorial_timer, FACTORIAL_NS);
}

static void write_status(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct edu *e = to_edu(dev);

	(void)reg;
	e->status = (e->status & ~(uint32_t)STATUS_IRQ_FACT) | ((uint32_t)value & STATUS_IRQ_FACT);
}

static void write_liveness(struct device *dev, const struct reg *reg, uint64_t value)
{
	(void)reg;
	to_edu(dev)->liveness = ~(uint32_t)value;
}

/* ---- DMA ---- */

/* Where in the buffer @count bytes at the device's address @addr are; NULL: not all are. */
static uint8_t *buffer_at(struct edu *e, uint64_t addr, uint64_t count)
{
	if (addr < BUFFER_AT || count > BUFFER_SIZE || addr - BUFFER_AT > BUFFER_SIZE - count)
		return NULL;
	return e->buffer + (addr - BUFFER_AT);
}

static int transfer(struct edu *e)
{
	bool from_edu = e->dma_cmd & CMD_FROM_EDU;
	uint64_t count = e->dma_count;
	uint8_t *own = buffer_at(e, from_edu ? e->dma_src : e->dma_dst, count);

	if (!own)
		return -ERANGE;
	return from_edu ? pci_dma_write(&e->func, e->dma_dst & DMA_MASK, own, count)
			: pci_dma_read(&e->func, e->dma_src & DMA_MASK, own, count);
}

static void dma_done(void *opaque)
{
	struct edu *e = opaque;
	int ret;

	pthread_mutex_lock(&e->dev.lock);
	if ((e->dma_cmd & CMD_START) && !device_fault_take(&e->dev, FAULT_TIMEOUT)) {
		ret = transfer(e);
		trace(TRACE_DEVICE, "%s: DMA of %llu bytes from 0x%llx to 0x%llx%s", e->dev.name,
		      (unsigned long long)e->dma_count, (unsigned long long)e->dma_src,
		      (unsigned long long)e->dma_dst,
		      ret == -ERANGE   ? ": refused, it misses the buffer"
		      : ret == -EACCES ? ": refused, bus mastering is off"
		      : ret	       ? ": refused, that is no RAM"
				       : "");
		e->dma_cmd &= ~(uint64_t)CMD_START;
		if (e->dma_cmd & CMD_IRQ)
			raise_irq(e, IRQ_DMA);
	}
	pthread_mutex_unlock(&e->dev.lock);
}

/* Nothing of it changes under way. */
static void write_dma(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct edu *e = to_edu(dev);

	if (!(e->dma_cmd & CMD_START))
		*(uint64_t *)((char *)dev + reg->state_offset) = value;
}

static void write_dma_cmd(struct device *dev, const struct reg *reg, uint64_t value)
{
	struct edu *e = to_edu(dev);

	(void)reg;
	if (e->dma_cmd & CMD_START)
		return;
	e->dma_cmd = value & (CMD_START | CMD_FROM_EDU | CMD_IRQ);
	if (value & CMD_START)
		arm(e, e->dma_timer, DMA_NS);
}

/* ---- registers ---- */

static const struct reg_field status_fields[] = {
	REG_BIT("COMPUTING", 0),
	REG_BIT("IRQ_FACT", 7),
	{ 0 },
};
static const struct reg_field irq_fields[] = {
	REG_BIT("FACT", 0),
	REG_BIT("DMA", 8),
	{ 0 },
};
static const char *const directions[] = { "to_edu", "from_edu" };
static const struct reg_field cmd_fields[] = {
	REG_BIT("START", 0),
	{ .name = "DIR", .lo = 1, .hi = 1, .values = directions },
	REG_BIT("IRQ", 2),
	{ 0 },
};

/* clang-format off */
static const struct reg edu_regs[] = {
	{ .name = "id", .offset = SPACE_ID, .width = 4, .access = REG_RO, .reset = ID,
	  .help = "identification and version" },
	{ .name = "liveness", .offset = SPACE_LIVENESS, .width = 4,
	  REG_STATE(struct edu, liveness), .write = write_liveness,
	  .help = "reads as the inverse of what was written" },
	{ .name = "factorial", .offset = SPACE_FACTORIAL, .width = 4,
	  REG_STATE(struct edu, factorial), .write = write_factorial,
	  .help = "n goes in, n! comes out once COMPUTING is clear" },
	{ .name = "status", .offset = SPACE_STATUS, .width = 4,
	  REG_STATE(struct edu, status), .fields = status_fields, .write = write_status,
	  .help = "COMPUTING is read-only; IRQ_FACT: interrupt when a factorial is done" },
	{ .name = "irq_status", .offset = SPACE_IRQ_STATUS, .width = 4, .access = REG_RO,
	  REG_STATE(struct edu, irq_status), .fields = irq_fields,
	  .help = "why the interrupt is raised" },
	{ .name = "irq_raise", .offset = SPACE_IRQ_RAISE, .width = 4, .access = REG_WO,
	  .fields = irq_fields, .write = write_irq_raise,
	  .help = "sets bits of irq_status" },
	{ .name = "irq_ack", .offset = SPACE_IRQ_ACK, .width = 4, .access = REG_WO,
	  .fields = irq_fields, .write = write_irq_ack,
	  .help = "clears bits of irq_status" },
	{ .name = "dma_src", .offset = SPACE_DMA_SRC, .width = 8,
	  REG_STATE(struct edu, dma_src), .write = write_dma,
	  .help = "DMA: where from" },
	{ .name = "dma_dst", .offset = SPACE_DMA_DST, .width = 8,
	  REG_STATE(struct edu, dma_dst), .write = write_dma,
	  .help = "DMA: where to" },
	{ .name = "dma_count", .offset = SPACE_DMA_COUNT, .width = 8,
	  REG_STATE(struct edu, dma_count), .write = write_dma,
	  .help = "DMA: bytes" },
	{ .name = "dma_cmd", .offset = SPACE_DMA_CMD, .width = 8,
	  REG_STATE(struct edu, dma_cmd), .fields = cmd_fields, .write = write_dma_cmd,
	  .help = "DMA: START is clear again when it is done" },
	{ 0 },
};
/* clang-format on */

/* ---- life ---- */

static void edu_reset(struct device *dev)
{
	struct edu *e = to_edu(dev);

	hv_timer_disarm(e->factorial_timer);
	hv_timer_disarm(e->dma_timer);
	for (size_t i = 0; i < sizeof(e->buffer); i++)
		e->buffer[i] = 0;
}

static int edu_create(struct device *dev, struct error *err)
{
	struct edu *e = to_edu(dev);
	struct hv_timers *t = dev->m->timers;

	if (hv_timer_create(t, HV_CLOCK_GUEST, factorial_done, e, &e->factorial_timer) < 0)
		goto fail;
	if (hv_timer_create(t, HV_CLOCK_GUEST, dma_done, e, &e->dma_timer) < 0)
		goto fail_dma;
	return 0;

fail_dma:
	hv_timer_destroy(e->factorial_timer);
fail:
	return error_set(err, -ENOMEM, "%s: no timer", dev->name);
}

static void edu_destroy(struct device *dev)
{
	struct edu *e = to_edu(dev);

	hv_timer_destroy(e->dma_timer);
	hv_timer_destroy(e->factorial_timer);
}

static int edu_add(struct machine *m, struct optlist *opts, struct error *err);

static const struct device_class edu = {
	.name = "edu",
	.stem = "edu",
	.help = "PCI teaching device: factorial, interrupts, DMA",
	.faults = FAULT_BIT(FAULT_TIMEOUT),
	.size = sizeof(struct edu),
	.space = SPACE_SIZE,
	.regs = edu_regs,
	.add = edu_add,
	.create = edu_create,
	.destroy = edu_destroy,
	.reset = edu_reset,
};
DEVICE_CLASS(edu);

static int edu_add(struct machine *m, struct optlist *opts, struct error *err)
{
	struct device *dev = device_new(m, &edu, -1, err);
	struct pci_func *func;
	int ret;

	(void)opts;
	if (!dev)
		return -EIO;
	func = &to_edu(dev)->func;
	ret = pci_add(dev, func, &edu_id, err);
	if (!ret)
		ret = pci_add_bar(func, 0, PCI_BAR_MEM32, SPACE_SIZE, 0, err);
	if (!ret)
		ret = pci_add_msi(func, err);
	if (!ret)
		pci_add_intx(func);
	return ret;
}
