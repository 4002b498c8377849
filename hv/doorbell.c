// SPDX-License-Identifier: GPL-3.0-or-later
/* Doorbells by KVM_IOEVENTFD: see doorbell.h. */
#include "hv/doorbell.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/device.h"
#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/trace.h"

struct doorbell {
	struct device_range *range;
	uint64_t off;
	unsigned size; /* 0: any */
	bool matches;
	uint64_t match;
	int fd;
	bool assigned; /* KVM has it; guarded by the device's lock */
	struct doorbell *next;
};

static bool kvm_can(const struct doorbell *bell)
{
	const struct machine *m = bell->range->dev->m;

	return m->vm_fd >= 0 && m->caps->value[KVMCAP_IOEVENTFD] &&
	       (bell->size || m->caps->value[KVMCAP_IOEVENTFD_ANY_LENGTH]);
}

static int assign(const struct doorbell *bell, bool on)
{
	const struct device_range *r = bell->range;
	struct kvm_ioeventfd e = {
		.datamatch = bell->match,
		.addr = r->bus.base + bell->off,
		.len = bell->size,
		.fd = bell->fd,
		.flags = (r->is_pio ? KVM_IOEVENTFD_FLAG_PIO : 0u) |
			 (bell->matches ? KVM_IOEVENTFD_FLAG_DATAMATCH : 0u) |
			 (on ? 0u : KVM_IOEVENTFD_FLAG_DEASSIGN),
	};

	return ioctl(r->dev->m->vm_fd, KVM_IOEVENTFD, &e) < 0 ? -errno : 0;
}

/* What KVM refuses exits, and rings all the same. The device's lock is held. */
static void set(struct doorbell *bell, bool on)
{
	int ret = 0;

	if (on == bell->assigned || (on && !kvm_can(bell)))
		return;
	bell->assigned = on;
	ret = assign(bell, on);
	if (!ret)
		return;
	bell->assigned = false;
	trace(TRACE_DEVICE, "%s: doorbell at 0x%llx: KVM_IOEVENTFD: %s", bell->range->dev->name,
	      (unsigned long long)bell->off, strerror(-ret));
}

/* The device's lock is held. */
static bool are_shown(const struct device *dev)
{
	return dev->doorbells_shown || trace_on[TRACE_DEVICE];
}

/* ---- where the range is ---- */

void doorbells_mapped(struct device_range *range)
{
	struct device *dev = range->dev;

	pthread_mutex_lock(&dev->lock);
	for (struct doorbell *bell = dev->doorbells; bell; bell = bell->next)
		if (bell->range == range)
			set(bell, !are_shown(dev));
	pthread_mutex_unlock(&dev->lock);
}

void doorbells_unmap(struct device_range *range)
{
	struct device *dev = range->dev;

	pthread_mutex_lock(&dev->lock);
	for (struct doorbell *bell = dev->doorbells; bell; bell = bell->next)
		if (bell->range == range)
			set(bell, false);
	pthread_mutex_unlock(&dev->lock);
}

void doorbells_show(struct device *dev, bool show)
{
	pthread_mutex_lock(&dev->lock);
	dev->doorbells_shown += show ? 1 : -1u;
	for (struct doorbell *bell = dev->doorbells; bell; bell = bell->next)
		set(bell, bell->range->mapped && !are_shown(dev));
	pthread_mutex_unlock(&dev->lock);
}

/* ---- use ---- */

int doorbell_add(struct device_range *range, uint64_t off, unsigned size, const uint64_t *match,
		 struct doorbell **out, struct error *err)
{
	struct device *dev = range->dev;
	struct doorbell *bell;
	int ret;

	if (off >= range->bus.len || size > range->bus.len - off || (!size && match))
		return error_set(err, -EINVAL, "%s: no doorbell can be at 0x%llx", dev->name,
				 (unsigned long long)off);
	bell = calloc(1, sizeof(*bell));
	if (!bell)
		return error_set(err, -ENOMEM, "%s: out of memory", dev->name);
	*bell = (struct doorbell){ .range = range,
				   .off = off,
				   .size = size,
				   .matches = match,
				   .match = match ? *match : 0,
				   .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	if (bell->fd < 0) {
		ret = error_set(err, -errno, "%s: no eventfd: %s", dev->name, strerror(errno));
		free(bell);
		return ret;
	}
	pthread_mutex_lock(&dev->lock);
	bell->next = dev->doorbells;
	dev->doorbells = bell;
	set(bell, range->mapped && !are_shown(dev));
	pthread_mutex_unlock(&dev->lock);
	*out = bell;
	return 0;
}

int doorbell_fd(const struct doorbell *bell)
{
	return bell->fd;
}

void doorbells_ring(struct device_range *range, uint64_t off, unsigned size, uint64_t value)
{
	for (struct doorbell *bell = range->dev->doorbells; bell; bell = bell->next) {
		if (bell->range != range || bell->off != off ||
		    (bell->size && bell->size != size) || (bell->matches && bell->match != value))
			continue;
		/* It fails only when the counter is full, and then it is heard anyway. */
		if (write(bell->fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0)
			trace(TRACE_DEVICE, "%s: doorbell: %m", range->dev->name);
	}
}

void doorbells_free(struct device *dev)
{
	struct doorbell *bell;

	while ((bell = dev->doorbells)) {
		dev->doorbells = bell->next;
		close(bell->fd);
		free(bell);
	}
}
