// SPDX-License-Identifier: GPL-3.0-or-later
/* What a virtio device is on, and what it has there whatever that is: see virtio.h. */
#include <errno.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "devices/virtio/mmio.h"
#include "devices/virtio/pci.h"

#define COMMON_FEATURES                                                             \
	(VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_RING_F_INDIRECT_DESC) | \
	 VIRTIO_BIT(VIRTIO_RING_F_EVENT_IDX))

/* The ISR's bits are the same everywhere (4.1.4.5, 4.2.2). */
#define ISR_QUEUE  0x1
#define ISR_CONFIG VIRTIO_PCI_ISR_CONFIG

/* The first one is the default. */
static const struct virtio_transport *const transports[] = { &virtio_pci, &virtio_mmio };
#define TRANSPORTS (sizeof(transports) / sizeof(transports[0]))

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

/* ---- the line ---- */

void virtio_raise_isr(struct virtio *v, int queue)
{
	pthread_mutex_lock(&v->dev.lock);
	/* A reset may have come between, after which nobody expects it. */
	if (v->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		v->isr |= queue < 0 ? ISR_CONFIG : ISR_QUEUE;
		v->transport->line(v, true);
	}
	pthread_mutex_unlock(&v->dev.lock);
}

void virtio_clear_isr(struct virtio *v, uint8_t bits)
{
	v->isr &= (uint8_t)~bits;
	if (!v->isr)
		v->transport->line(v, false);
}

/* ---- options ---- */

static int offer(struct virtio *v, struct optlist *opts, struct error *err)
{
	static const struct {
		const char *key;
		unsigned feature;
	} rows[] = { { "packed", VIRTIO_F_RING_PACKED },
		     { "event_idx", VIRTIO_RING_F_EVENT_IDX },
		     { "indirect_desc", VIRTIO_RING_F_INDIRECT_DESC } };

	v->offered |= COMMON_FEATURES;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool on = v->offered & VIRTIO_BIT(rows[i].feature);
		int ret = optlist_bool(opts, rows[i].key, &on, err);

		if (ret)
			return ret;
		v->offered &= ~VIRTIO_BIT(rows[i].feature);
		v->offered |= (uint64_t)on << rows[i].feature;
	}
	return 0;
}

static const struct virtio_transport *by_name(const char *name)
{
	for (size_t i = 0; i < TRANSPORTS; i++)
		if (!strcmp(name, transports[i]->name))
			return transports[i];
	return NULL;
}

/* What the name of the device says; NULL: nothing. */
static const struct virtio_transport *by_device_name(const struct virtio *v, struct optlist *opts)
{
	size_t len = strlen(v->dev.cls->name);
	const char *name = optlist_name(opts);

	for (size_t i = 0; name && i < TRANSPORTS; i++)
		if (strlen(name) > len && !strcmp(name + len, transports[i]->qemu_name))
			return transports[i];
	return NULL;
}

static int choose(struct virtio *v, struct optlist *opts, struct error *err)
{
	const struct virtio_transport *named = by_device_name(v, opts), *wanted = NULL;
	const char *key = optlist_get(opts, "transport");

	if (key)
		wanted = by_name(key);
	if (key && !wanted)
		return error_set(err, -EINVAL,
				 "-device %s: transport=%.40s is unknown: there are pci and mmio",
				 v->dev.cls->name, key);
	if (wanted && named && wanted != named)
		return error_set(err, -EINVAL, "-device %s: its name says %s, transport=%s",
				 optlist_name(opts), named->name, wanted->name);
	v->transport = wanted ? wanted : named ? named : transports[0];
	return 0;
}

int virtio_add(struct virtio *v, uint32_t config_size, struct optlist *opts, struct error *err)
{
	int ret = offer(v, opts, err);

	if (!ret)
		ret = choose(v, opts, err);
	if (!ret)
		ret = device_add_regs(&v->dev, v->transport->regs, err);
	if (!ret)
		ret = v->transport->add(v, config_size, err);
	return ret ? ret : virtio_begin(v, err);
}
