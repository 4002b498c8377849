// SPDX-License-Identifier: GPL-3.0-or-later
/* Stops for what a device does: see device_break.h. */
#include "hv/device_break.h"

#include <stdlib.h>

#include "hv/machine.h"

void device_break_add(struct device *dev, struct device_break *b)
{
	struct device_break **link;

	pthread_mutex_lock(&dev->look.lock);
	for (link = &dev->look.breaks; *link; link = &(*link)->next)
		;
	b->next = NULL;
	*link = b;
	pthread_mutex_unlock(&dev->look.lock);
	device_tap(dev, DEVICE_TAP_BREAK, true);
}

struct device_break *device_break_take(struct device *dev, int id)
{
	struct device_break **link, *b;
	bool last;

	pthread_mutex_lock(&dev->look.lock);
	for (link = &dev->look.breaks; *link && (*link)->id != id; link = &(*link)->next)
		;
	b = *link;
	if (b)
		*link = b->next;
	last = !dev->look.breaks;
	pthread_mutex_unlock(&dev->look.lock);
	if (last)
		device_tap(dev, DEVICE_TAP_BREAK, false);
	return b;
}

void device_breaks_free(struct device *dev)
{
	struct device_break *b;

	while ((b = dev->look.breaks)) {
		dev->look.breaks = b->next;
		free(b);
	}
}

/* ---- events ---- */

static bool reg_fits(const struct device_break *b, const struct device_event *ev)
{
	if (ev->kind != DEVICE_READ && ev->kind != DEVICE_WRITE)
		return false;
	if (b->access != BP_ACCESS && (b->access == BP_WRITE) != (ev->kind == DEVICE_WRITE))
		return false;
	return ev->reg == b->reg && (ev->value & b->mask) == b->value;
}

static bool irq_fits(const struct device_break *b, const struct device_event *ev)
{
	(void)b;
	return ev->kind == DEVICE_IRQ_UP || ev->kind == DEVICE_IRQ_MSG;
}

static bool dma_fits(const struct device_break *b, const struct device_event *ev)
{
	if ((ev->kind != DEVICE_DMA_READ && ev->kind != DEVICE_DMA_WRITE) || !ev->len)
		return false;
	if (!b->len)
		return true;
	return ev->addr < b->addr ? b->addr - ev->addr < ev->len : ev->addr - b->addr < b->len;
}

static bool fits(const struct device_break *b, const struct device_event *ev)
{
	static bool (*const kinds[DEVICE_BP_KIND_COUNT])(const struct device_break *b,
							 const struct device_event *ev) = {
		[DEVICE_BP_REG] = reg_fits,
		[DEVICE_BP_IRQ] = irq_fits,
		[DEVICE_BP_DMA] = dma_fits,
	};

	return kinds[b->kind](b, ev);
}

/* The first that fits, counted as hit with all others that do; 0: none. */
static int find_hit(struct device *dev, const struct device_event *ev)
{
	int id = 0;

	pthread_mutex_lock(&dev->look.lock);
	for (struct device_break *b = dev->look.breaks; b; b = b->next) {
		if (!fits(b, ev))
			continue;
		__atomic_add_fetch(&b->hits, 1, __ATOMIC_RELAXED);
		if (!id)
			id = b->id;
	}
	pthread_mutex_unlock(&dev->look.lock);
	return id;
}

void device_break_event(struct device *dev, const struct device_event *ev)
{
	struct machine *m = dev->m;
	struct strbuf text = STRBUF_INIT;
	int id;

	if (!(__atomic_load_n(&dev->look.taps, __ATOMIC_RELAXED) & DEVICE_TAP_BREAK))
		return;
	id = find_hit(dev, ev);
	if (!id || !m->device_observer)
		return;
	device_event_format(dev, ev, &text);
	m->device_observer->stop(m, id, strbuf_str(&text));
	strbuf_free(&text);
}
