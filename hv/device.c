// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The registry of devices: classes from the linker section, devices of a
 * machine, their ranges on the buses, reset. See device.h; what happens at an
 * access is in device_reg.c.
 */
#include "hv/device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/device_event.h"
#include "hv/device_reg.h"
#include "hv/doorbell.h"
#include "hv/irq.h"
#include "hv/machine.h"
#include "hv/device_fault.h"
#include "hv/optlist.h"
#include "hv/pci.h"

/*
 * The linker makes these two for a section whose name is a C identifier. Weak:
 * a program without any device has no such section.
 */
extern const struct device_class *const __start_vitrine_devices[] __attribute__((weak));
extern const struct device_class *const __stop_vitrine_devices[] __attribute__((weak));

const struct device_class *const *device_classes(size_t *count)
{
	uintptr_t start = (uintptr_t)__start_vitrine_devices;
	uintptr_t stop = (uintptr_t)__stop_vitrine_devices;

	if (count)
		*count = (stop - start) / sizeof(__start_vitrine_devices[0]);
	return __start_vitrine_devices;
}

static uint64_t range_read(void *opaque, uint64_t off, unsigned size)
{
	struct device_range *r = opaque;

	if (device_is_unplugged(r->dev))
		return UINT64_MAX;
	return device_space_read(r->dev, r->space + off, size);
}

static void range_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	struct device_range *r = opaque;

	if (device_is_unplugged(r->dev))
		return;
	device_space_write(r->dev, r->space + off, size, value);
	doorbells_ring(r, off, size, value);
}

static uint64_t range_peek(void *opaque, uint64_t off, unsigned size)
{
	struct device_range *r = opaque;

	if (device_is_unplugged(r->dev))
		return UINT64_MAX;
	return device_space_peek(r->dev, r->space + off, size);
}

static struct bus *bus_of(struct machine *m, bool is_pio)
{
	return is_pio ? &m->pio : &m->mmio;
}

/* Who has part of [base, base + len), for the sentence. */
struct overlap {
	uint64_t base, len;
	const char *name;
};

static bool find_overlap(void *opaque, const struct bus_range *r)
{
	struct overlap *o = opaque;

	if (r->base < o->base ? o->base - r->base < r->len : r->base - o->base < o->len)
		o->name = r->name;
	return !o->name;
}

struct device_range *device_prepare_range(struct device *dev, bool is_pio, uint64_t len,
					  uint64_t space, struct error *err)
{
	struct device_range *r;

	if (dev->range_count == DEVICE_MAX_RANGES) {
		error_set(err, -ENOSPC, "%s: a device has at most %d ranges", dev->name,
			  DEVICE_MAX_RANGES);
		return NULL;
	}
	r = &dev->ranges[dev->range_count++];
	*r = (struct device_range){
		.bus = { .name = dev->name,
			 .len = len,
			 .lock = &dev->lock,
			 .read = range_read,
			 .write = range_write,
			 .peek = range_peek,
			 .opaque = r },
		.dev = dev,
		.is_pio = is_pio,
		.space = space,
	};
	return r;
}

static void set_mapped(struct device_range *range, bool mapped)
{
	__atomic_store_n(&range->mapped, mapped, __ATOMIC_RELAXED);
}

int device_map_range(struct device_range *range, uint64_t base)
{
	int ret;

	range->bus.base = base;
	ret = bus_add(bus_of(range->dev->m, range->is_pio), &range->bus);
	if (!ret) {
		set_mapped(range, true);
		doorbells_mapped(range);
	}
	return ret;
}

void device_unmap_range(struct device_range *range)
{
	doorbells_unmap(range);
	bus_remove(bus_of(range->dev->m, range->is_pio), &range->bus);
	set_mapped(range, false);
}

bool device_is_mapped(const struct device_range *range)
{
	return __atomic_load_n(&range->mapped, __ATOMIC_RELAXED);
}

int device_add_range(struct device *dev, bool is_pio, uint64_t base, uint64_t len, uint64_t space,
		     struct error *err)
{
	struct bus *bus = bus_of(dev->m, is_pio);
	struct overlap o = { .base = base, .len = len };
	struct device_range *r = device_prepare_range(dev, is_pio, len, space, err);
	int ret;

	if (!r)
		return -ENOSPC;
	ret = device_map_range(r, base);
	if (!ret)
		return 0;
	dev->range_count--;
	if (ret == -EBUSY)
		bus_for_each(bus, find_overlap, &o);
	return error_set(err, ret, "%s: cannot map %s 0x%" PRIx64 ", %" PRIu64 " bytes: %s%s",
			 dev->name, bus->name, base, len,
			 ret == -EBUSY ? "taken by " : "no such address",
			 ret == -EBUSY && o.name ? o.name : "");
}

static size_t count_of_regs(const struct reg *regs)
{
	size_t n = 0;

	while (regs[n].name)
		n++;
	return n;
}

int device_add_regs(struct device *dev, const struct reg *regs, struct error *err)
{
	size_t first = count_of_regs(regs), then = count_of_regs(dev->cls->regs);

	dev->own_regs = calloc(first + then + 1, sizeof(*dev->own_regs));
	if (!dev->own_regs)
		return error_set(err, -ENOMEM, "%s: out of memory", dev->name);
	memcpy(dev->own_regs, regs, first * sizeof(*regs));
	memcpy(dev->own_regs + first, dev->cls->regs, then * sizeof(*regs));
	dev->regs = dev->own_regs;
	return 0;
}

static int count_of_class(struct machine *m, const struct device_class *cls)
{
	const struct device *d;
	int n = 0;

	for (d = m->devices; d; d = d->next)
		n += d->cls == cls;
	return n;
}

static void device_reset(struct device *dev, bool power_on)
{
	device_faults_clear(dev);
	pthread_mutex_lock(&dev->lock);
	device_regs_reset(dev, power_on);
	if (dev->cls->reset)
		dev->cls->reset(dev);
	pthread_mutex_unlock(&dev->lock);
}

static struct device *device_make(struct machine *m, const struct device_class *cls, int irq,
				  struct error *err)
{
	struct device *dev;

	dev = calloc(1, cls->size);
	if (!dev) {
		error_set(err, -ENOMEM, "%s: out of memory", cls->name);
		return NULL;
	}
	dev->cls = cls;
	dev->m = m;
	dev->regs = cls->regs;
	dev->compatible = cls->compatible;
	dev->irq = irq;
	dev->index = count_of_class(m, cls);
	snprintf(dev->name, sizeof(dev->name), "%s%d", cls->stem, dev->index);
	pthread_mutex_init(&dev->lock, NULL);
	device_look_init(dev);
	device_regs_reset(dev, true);
	if (cls->create && cls->create(dev, err) < 0)
		goto fail;
	device_reset(dev, true);
	return dev;

fail:
	device_look_destroy(dev);
	pthread_mutex_destroy(&dev->lock);
	free(dev);
	return NULL;
}

static void device_destroy(struct device *dev)
{
	while (dev->range_count)
		device_unmap_range(&dev->ranges[--dev->range_count]);
	if (dev->cls->destroy)
		dev->cls->destroy(dev);
	if (dev->pci)
		pci_remove(dev->pci);
	doorbells_free(dev);
	device_look_destroy(dev);
	pthread_mutex_destroy(&dev->lock);
	free(dev->own_regs);
	free(dev);
}

static void append(struct machine *m, struct device *dev)
{
	struct device **at;

	for (at = &m->devices; *at; at = &(*at)->next)
		;
	*at = dev;
}

struct device *device_new(struct machine *m, const struct device_class *cls, int irq,
			  struct error *err)
{
	struct device *dev = device_make(m, cls, irq, err);

	if (dev)
		append(m, dev);
	return dev;
}

struct device *device_add(struct machine *m, const struct device_class *cls, bool is_pio,
			  uint64_t base, uint64_t len, int irq, struct error *err)
{
	struct device *dev = device_make(m, cls, irq, err);

	if (!dev)
		return NULL;
	if (device_add_range(dev, is_pio, base, len, 0, err) < 0) {
		device_destroy(dev);
		return NULL;
	}
	append(m, dev);
	return dev;
}

static int by_name(const void *a, const void *b)
{
	const struct device_class *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* What `-device` can name, for the sentence. */
static void list_addable(struct strbuf *names)
{
	size_t count, i;

	device_classes(&count);
	for (i = 0; i < count; i++)
		if (device_classes(NULL)[i]->add)
			strbuf_printf(names, "%s%s", names->len ? ", " : "",
				      device_classes(NULL)[i]->name);
}

/* QEMU's names of virtio devices say what they are on; that is for their add() to see. */
static bool is_called(const struct device_class *cls, const char *name)
{
	size_t len = strlen(cls->name);

	if (strncmp(cls->name, name, len) != 0)
		return false;
	name += len;
	return !*name || (!strncmp(cls->name, "virtio-", 7) &&
			  (!strcmp(name, "-pci") || !strcmp(name, "-device")));
}

static const struct device_class *find_addable(const char *name, struct error *err)
{
	struct strbuf names = STRBUF_INIT;
	size_t count, i;

	device_classes(&count);
	for (i = 0; i < count; i++) {
		const struct device_class *cls = device_classes(NULL)[i];

		if (cls->add && is_called(cls, name))
			return cls;
	}
	list_addable(&names);
	error_set(err, -EINVAL, "there is no device '%.40s' to add: there is %s", name,
		  names.len ? strbuf_str(&names) : "none");
	strbuf_free(&names);
	return NULL;
}

static int add_one(struct machine *m, const char *text, struct error *err)
{
	const struct device_class *cls;
	struct optlist opts;
	const char *name;
	int ret = optlist_parse(&opts, "-device", text, err);

	if (ret)
		return ret;
	name = optlist_name(&opts);
	cls = find_addable(name ? name : text, err);
	ret = cls ? cls->add(m, &opts, err) : -EINVAL;
	if (!ret)
		ret = optlist_end(&opts, err);
	optlist_free(&opts);
	return ret;
}

static int add_asked_for(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	int ret = 0;

	for (size_t i = 0; !ret && cfg->devices && cfg->devices[i]; i++)
		ret = add_one(m, cfg->devices[i], err);
	return ret;
}

int devices_create(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	const struct device_class **sorted;
	size_t count, i;
	int ret = 0;

	device_classes(&count);
	ret = irq_create(m, err);
	if (!ret)
		ret = pci_create(m, err);
	if (ret || !count)
		return ret;
	sorted = calloc(count, sizeof(*sorted));
	if (!sorted)
		return error_set(err, -ENOMEM, "devices: out of memory");
	for (i = 0; i < count; i++)
		sorted[i] = device_classes(NULL)[i];
	qsort(sorted, count, sizeof(*sorted), by_name);
	for (i = 0; i < count && !ret; i++)
		if (sorted[i]->probe)
			ret = sorted[i]->probe(m, cfg, err);
	free(sorted);
	if (!ret)
		ret = add_asked_for(m, cfg, err);
	if (ret)
		devices_destroy(m);
	else
		pci_reset(m);
	return ret;
}

void devices_destroy(struct machine *m)
{
	while (m->devices) {
		struct device **at = &m->devices, *last;

		while ((*at)->next)
			at = &(*at)->next;
		last = *at;
		*at = NULL;
		device_destroy(last);
	}
	pci_destroy(m);
	irq_destroy(m);
}

void devices_reset(struct machine *m)
{
	struct device *d;

	for (d = m->devices; d; d = d->next)
		device_reset(d, false);
	pci_reset(m);
}

struct device *device_find(struct machine *m, const char *name)
{
	struct device *d;

	for (d = m->devices; d; d = d->next)
		if (!strcmp(d->name, name))
			return d;
	return NULL;
}
