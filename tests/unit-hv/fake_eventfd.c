// SPDX-License-Identifier: GPL-3.0-or-later
/* What the made-up KVM does with eventfds: KVM_IRQFD, KVM_SET_GSI_ROUTING, KVM_IOEVENTFD. */
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "fake_kvm.h"

#define MAX_EVENTFDS 64

bool toy_has_eventfds = true;
static pthread_mutex_t eventfds_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kvm_irqfd irqfds[MAX_EVENTFDS];	 /* fd 0: free */
static struct kvm_ioeventfd bells[MAX_EVENTFDS]; /* the same */
static struct kvm_irq_routing_entry routes[MAX_EVENTFDS];
static unsigned route_count;

static int fail(int err)
{
	errno = err;
	return -1;
}

static int set_routing(const struct kvm_irq_routing *table)
{
	if (table->nr > MAX_EVENTFDS)
		return fail(EINVAL);
	memcpy(routes, table->entries, table->nr * sizeof(routes[0]));
	route_count = table->nr;
	return 0;
}

static int set_irqfd(const struct kvm_irqfd *want)
{
	bool on = !(want->flags & KVM_IRQFD_FLAG_DEASSIGN);
	struct kvm_irqfd *at = NULL;

	for (size_t i = 0; i < MAX_EVENTFDS && !at; i++)
		if (on ? !irqfds[i].fd : irqfds[i].fd == want->fd && irqfds[i].gsi == want->gsi)
			at = &irqfds[i];
	if (!at)
		return fail(ENOENT);
	*at = on ? *want : (struct kvm_irqfd){ 0 };
	return 0;
}

static bool same_bell(const struct kvm_ioeventfd *a, const struct kvm_ioeventfd *b)
{
	return a->addr == b->addr && a->len == b->len && a->datamatch == b->datamatch &&
	       (a->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) ==
		       (b->flags & KVM_IOEVENTFD_FLAG_DATAMATCH);
}

static int set_bell(const struct kvm_ioeventfd *want)
{
	bool on = !(want->flags & KVM_IOEVENTFD_FLAG_DEASSIGN);
	struct kvm_ioeventfd *old = NULL, *empty = NULL;

	for (size_t i = 0; i < MAX_EVENTFDS; i++) {
		if (bells[i].fd && same_bell(&bells[i], want))
			old = &bells[i];
		else if (!bells[i].fd)
			empty = &bells[i];
	}
	if (on && old)
		return fail(EEXIST);
	if (!on && (!old || old->fd != want->fd))
		return fail(ENOENT);
	if (on)
		*empty = *want;
	else
		*old = (struct kvm_ioeventfd){ 0 };
	return 0;
}

int toy_eventfd_ioctl(unsigned long request, const void *arg)
{
	int ret;

	pthread_mutex_lock(&eventfds_lock);
	ret = request == KVM_SET_GSI_ROUTING ? set_routing(arg)
	      : request == KVM_IRQFD	     ? set_irqfd(arg)
					     : set_bell(arg);
	pthread_mutex_unlock(&eventfds_lock);
	return ret;
}

bool toy_ring(uint64_t gpa, uint64_t value, unsigned len)
{
	bool rung = false;

	pthread_mutex_lock(&eventfds_lock);
	for (size_t i = 0; i < MAX_EVENTFDS && !rung; i++) {
		const struct kvm_ioeventfd *b = &bells[i];

		rung = b->fd && b->addr == gpa && (!b->len || b->len == len) &&
		       (!(b->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) || b->datamatch == value) &&
		       write(b->fd, &(uint64_t){ 1 }, 8) == 8;
	}
	pthread_mutex_unlock(&eventfds_lock);
	return rung;
}

static void give_route(uint32_t gsi, struct toy_msi *out)
{
	*out = (struct toy_msi){ .gsi = gsi };
	for (unsigned i = 0; i < route_count; i++) {
		if (routes[i].gsi != gsi || routes[i].type != KVM_IRQ_ROUTING_MSI)
			continue;
		out->addr = routes[i].u.msi.address_lo | (uint64_t)routes[i].u.msi.address_hi << 32;
		out->data = routes[i].u.msi.data;
	}
}

bool toy_take_msi(struct toy_msi *out)
{
	bool found = false;
	uint64_t n;

	pthread_mutex_lock(&eventfds_lock);
	for (size_t i = 0; i < MAX_EVENTFDS && !found; i++) {
		found = irqfds[i].fd && read((int)irqfds[i].fd, &n, sizeof(n)) == sizeof(n);
		if (found)
			give_route(irqfds[i].gsi, out);
	}
	pthread_mutex_unlock(&eventfds_lock);
	return found;
}

unsigned toy_routes(void)
{
	return route_count;
}

unsigned toy_doorbells(void)
{
	unsigned n = 0;

	pthread_mutex_lock(&eventfds_lock);
	for (size_t i = 0; i < MAX_EVENTFDS; i++)
		n += bells[i].fd != 0;
	pthread_mutex_unlock(&eventfds_lock);
	return n;
}

void toy_forget_eventfds(void)
{
	memset(irqfds, 0, sizeof(irqfds));
	memset(bells, 0, sizeof(bells));
	route_count = 0;
}
