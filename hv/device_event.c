// SPDX-License-Identifier: GPL-3.0-or-later
/* What devices do, told to those who look inside: see device_event.h. */
#include "hv/device_event.h"

#include "hv/device_fault.h"

#include <inttypes.h>
#include <time.h>

#include "hv/device_break.h"
#include "hv/device_trace.h"
#include "hv/doorbell.h"
#include "hv/irq.h"
#include "hv/machine.h"
#include "hv/record.h"

void device_look_init(struct device *dev)
{
	pthread_mutex_init(&dev->look.lock, NULL);
}

void device_look_destroy(struct device *dev)
{
	device_breaks_free(dev);
	device_trace_free(dev);
	pthread_mutex_destroy(&dev->look.lock);
}

void device_tap(struct device *dev, enum device_tap tap, bool on)
{
	unsigned was = on ? __atomic_fetch_or(&dev->look.taps, tap, __ATOMIC_SEQ_CST)
			  : __atomic_fetch_and(&dev->look.taps, ~(unsigned)tap, __ATOMIC_SEQ_CST);

	/* What KVM answers by itself is seen by nobody. */
	if (!(was & tap) == on)
		doorbells_show(dev, on);
}

void device_tell(struct device *dev, struct device_event *ev)
{
	const struct device_observer *observer = dev->m->device_observer;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ev->time = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (!observer || !observer->where(&ev->vcpu, &ev->pc)) {
		ev->vcpu = -1;
		ev->pc = 0;
	}
	device_trace_event(dev, ev);
	device_break_event(dev, ev);
}

void device_saw_dma(struct device *dev, uint64_t gpa, uint64_t len, bool write)
{
	device_count_add(write ? &dev->counts.dma_out : &dev->counts.dma_in, len);
	if (device_is_tapped(dev))
		device_tell(dev, &(struct device_event){ .kind = write ? DEVICE_DMA_WRITE
								       : DEVICE_DMA_READ,
							 .addr = gpa,
							 .len = len });
}

void device_saw_irq(struct device *dev, int gsi, bool level)
{
	device_count_add(level ? &dev->counts.irqs : &dev->counts.acks, 1);
	record_irq_from(dev->name);
	if (device_is_tapped(dev))
		device_tell(dev,
			    &(struct device_event){ .kind = level ? DEVICE_IRQ_UP : DEVICE_IRQ_DOWN,
						    .value = (uint64_t)gsi });
}

void device_saw_msg(struct device *dev, uint64_t addr, uint32_t data)
{
	device_count_add(&dev->counts.irqs, 1);
	record_irq_from(dev->name);
	if (device_is_tapped(dev))
		device_tell(dev, &(struct device_event){
					 .kind = DEVICE_IRQ_MSG, .addr = addr, .value = data });
}

void device_irq_set(struct device *dev, bool level)
{
	if (level == dev->line)
		return;
	dev->line = level;
	/* Until it has been lowered and is raised again. */
	if (level && device_fault_irq(dev))
		return;
	if (dev->irq >= 0)
		device_saw_irq(dev, dev->irq, level);
	irq_set(dev->m, dev->irq, level);
}

struct device_counts device_counts_get(const struct device *dev)
{
	const struct device_counts *c = &dev->counts;

	return (struct device_counts){
		.reads = __atomic_load_n(&c->reads, __ATOMIC_RELAXED),
		.writes = __atomic_load_n(&c->writes, __ATOMIC_RELAXED),
		.irqs = __atomic_load_n(&c->irqs, __ATOMIC_RELAXED),
		.acks = __atomic_load_n(&c->acks, __ATOMIC_RELAXED),
		.dma_in = __atomic_load_n(&c->dma_in, __ATOMIC_RELAXED),
		.dma_out = __atomic_load_n(&c->dma_out, __ATOMIC_RELAXED),
	};
}

/* ---- for people ---- */

static void format_access(const struct device *dev, const struct device_event *ev,
			  struct strbuf *out)
{
	if (!ev->reg) {
		strbuf_printf(out, "%s: nothing at 0x%" PRIx64, dev->name, ev->addr);
		return;
	}
	strbuf_printf(out, "%s.%s", dev->name, ev->reg->name);
	if (ev->reg->count)
		strbuf_printf(out, "[%u]", ev->n);
	strbuf_puts(out, ev->kind == DEVICE_READ ? " -> " : " <- ");
	device_reg_format(ev->reg, ev->value, out);
}

static void format_dma(const struct device *dev, const struct device_event *ev, struct strbuf *out)
{
	strbuf_printf(out, "%s: %" PRIu64 " bytes %s 0x%" PRIx64, dev->name, ev->len,
		      ev->kind == DEVICE_DMA_READ ? "read from" : "written to", ev->addr);
}

static void format_line(const struct device *dev, const struct device_event *ev, struct strbuf *out)
{
	strbuf_printf(out, "%s: interrupt %" PRIu64 " %s", dev->name, ev->value,
		      ev->kind == DEVICE_IRQ_UP ? "up" : "down");
}

static void format_msg(const struct device *dev, const struct device_event *ev, struct strbuf *out)
{
	strbuf_printf(out, "%s: message 0x%" PRIx64 " to 0x%" PRIx64, dev->name, ev->value,
		      ev->addr);
}

static void format_fault(const struct device *dev, const struct device_event *ev,
			 struct strbuf *out)
{
	strbuf_printf(out, "%s: injected: %s", dev->name, ev->text);
}

void device_event_format(const struct device *dev, const struct device_event *ev,
			 struct strbuf *out)
{
	static void (*const formats[DEVICE_EVENT_KINDS])(
		const struct device *dev, const struct device_event *ev, struct strbuf *out) = {
		[DEVICE_READ] = format_access,	[DEVICE_WRITE] = format_access,
		[DEVICE_DMA_READ] = format_dma, [DEVICE_DMA_WRITE] = format_dma,
		[DEVICE_IRQ_UP] = format_line,	[DEVICE_IRQ_DOWN] = format_line,
		[DEVICE_IRQ_MSG] = format_msg,	[DEVICE_FAULT] = format_fault,
	};

	formats[ev->kind](dev, ev, out);
}
