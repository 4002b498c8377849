// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Messages with an eventfd and a route of their own: see irq.h.
 *
 * The gate is whether the irqfd is assigned. While it is not, what is written stays in the eventfd,
 * and that is the pending bit; KVM looks at the eventfd when the irqfd is assigned, and sends what
 * it finds there. So nothing that a sender does needs a lock.
 *
 * Without irqfds the loop thread watches the eventfds, and a flag is the pending bit.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/irq_internal.h"
#include "hv/machine.h"
#include "hv/record.h"
#include "hv/trace.h"

struct irq_msg {
	struct machine *m;
	unsigned slot;
	int fd;
	struct loop_source *source; /* without irqfds: who reads the eventfd */
	struct irq_count count;

	/* Guarded by the lock of struct irqs. */
	bool open, routed;
	bool waits; /* without irqfds: it is pending */
	uint64_t addr;
	uint32_t data;
};

static uint32_t gsi_of(const struct irq_msg *msg)
{
	return ARCH_IRQ_LINES + msg->slot;
}

/* ---- through KVM ---- */

/* The whole table anew, which is the only way to change it. The lock is held. */
static int load_routes(struct machine *m)
{
	struct irqs *irqs = m->irqs;
	struct kvm_irq_routing *table;
	struct kvm_irq_routing_entry *e;
	int ret;

	table = calloc(1, sizeof(*table) + (ARCH_IRQ_ROUTES_MAX + irqs->slots) * sizeof(*e));
	if (!table)
		return -ENOMEM;
	e = table->entries + arch_irq_routes(table->entries);
	for (unsigned i = 0; i < irqs->slots; i++) {
		const struct irq_msg *msg = irqs->msg[i];

		if (!msg || !msg->routed)
			continue;
		*e++ = (struct kvm_irq_routing_entry){
			.gsi = gsi_of(msg),
			.type = KVM_IRQ_ROUTING_MSI,
			.u.msi = { .address_lo = (uint32_t)msg->addr,
				   .address_hi = (uint32_t)(msg->addr >> 32),
				   .data = msg->data },
		};
	}
	table->nr = (uint32_t)(e - table->entries);
	ret = ioctl(m->vm_fd, KVM_SET_GSI_ROUTING, table) < 0 ? -errno : 0;
	free(table);
	return ret;
}

static int assign(struct irq_msg *msg, bool on)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)msg->fd,
				   .gsi = gsi_of(msg),
				   .flags = on ? 0 : KVM_IRQFD_FLAG_DEASSIGN };

	return ioctl(msg->m->vm_fd, KVM_IRQFD, &irqfd) < 0 ? -errno : 0;
}

/* KVM sends it by itself, and does not say what becomes of it. */
static void record_msg(const struct irq_msg *msg)
{
	struct record rec = { .kind = RECORD_MSI,
			      .addr = __atomic_load_n(&msg->addr, __ATOMIC_RELAXED),
			      .value = __atomic_load_n(&msg->data, __ATOMIC_RELAXED),
			      .count = gsi_of(msg) };

	record_irq(msg->m, &rec);
}

static void failed(const struct irq_msg *msg, const char *what, int ret)
{
	trace(TRACE_DEVICE, "msi, GSI %u: %s: %s", gsi_of(msg), what, strerror(-ret));
}

/* ---- without irqfds ---- */

/* The lock is held. */
static void send_or_wait(struct irq_msg *msg)
{
	msg->waits = !msg->open;
	if (msg->open)
		irq_msi(msg->m, msg->addr, msg->data, &msg->count);
}

/* True when there was something in it, which is gone now. */
static bool drain(struct irq_msg *msg)
{
	uint64_t n;

	return read(msg->fd, &n, sizeof(n)) == sizeof(n);
}

static void on_written(void *opaque, uint32_t events)
{
	struct irq_msg *msg = opaque;

	(void)events;
	pthread_mutex_lock(&msg->m->irqs->lock);
	if (drain(msg))
		send_or_wait(msg);
	pthread_mutex_unlock(&msg->m->irqs->lock);
}

/* ---- life ---- */

/* A free slot. The lock is held. */
static int take_slot(struct irqs *irqs, struct irq_msg *msg)
{
	struct irq_msg **more;
	unsigned i;

	for (i = 0; i < irqs->slots && irqs->msg[i]; i++)
		;
	if (i == irqs->max)
		return -ENOSPC;
	if (i == irqs->slots) {
		more = realloc(irqs->msg, (i + 1) * sizeof(struct irq_msg *));
		if (!more)
			return -ENOMEM;
		irqs->msg = more;
		irqs->slots++;
	}
	irqs->msg[i] = msg;
	msg->slot = i;
	return 0;
}

int irq_msg_create(struct machine *m, struct irq_msg **out, struct error *err)
{
	struct irq_msg *msg = calloc(1, sizeof(*msg));
	int ret = -ENOMEM;

	if (!msg)
		goto fail;
	msg->m = m;
	msg->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ret = msg->fd < 0 ? -errno : 0;
	if (ret)
		goto fail_free;
	pthread_mutex_lock(&m->irqs->lock);
	ret = take_slot(m->irqs, msg);
	pthread_mutex_unlock(&m->irqs->lock);
	if (ret)
		goto fail_close;
	if (!m->irqs->irqfd)
		ret = loop_add_fd(m->loop, msg->fd, EPOLLIN, on_written, msg, &msg->source);
	if (ret)
		goto fail_slot;
	*out = msg;
	return 0;

fail_slot:
	pthread_mutex_lock(&m->irqs->lock);
	m->irqs->msg[msg->slot] = NULL;
	pthread_mutex_unlock(&m->irqs->lock);
fail_close:
	close(msg->fd);
fail_free:
	free(msg);
fail:
	return error_set(err, ret, "no interrupt message to be had: %s",
			 ret == -ENOSPC ? "KVM's table of routes is full" : strerror(-ret));
}

void irq_msg_destroy(struct irq_msg *msg)
{
	struct irqs *irqs;

	if (!msg)
		return;
	irqs = msg->m->irqs;
	irq_msg_gate(msg, false);
	if (msg->source)
		loop_remove(msg->source);
	/* Its route stays in KVM's table until that is loaded again: it leads nowhere. */
	pthread_mutex_lock(&irqs->lock);
	irqs->msg[msg->slot] = NULL;
	pthread_mutex_unlock(&irqs->lock);
	close(msg->fd);
	free(msg);
}

/* ---- use ---- */

int irq_msg_fd(const struct irq_msg *msg)
{
	return msg->fd;
}

void irq_msg_send(struct irq_msg *msg)
{
	struct irqs *irqs = msg->m->irqs;

	if (!irqs->irqfd) {
		pthread_mutex_lock(&irqs->lock);
		send_or_wait(msg);
		pthread_mutex_unlock(&irqs->lock);
		return;
	}
	irq_counted(&msg->count.raised);
	if (record_is_on(msg->m, RECORD_IRQ))
		record_msg(msg);
	record_irq_from(NULL);
	trace(TRACE_DEVICE, "msi 0x%llx 0x%x by GSI %u",
	      (unsigned long long)__atomic_load_n(&msg->addr, __ATOMIC_RELAXED),
	      __atomic_load_n(&msg->data, __ATOMIC_RELAXED), gsi_of(msg));
	/* It fails only when the eventfd's counter is full: the message is pending then anyway. */
	if (write(msg->fd, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0 && errno != EAGAIN)
		failed(msg, "eventfd", -errno);
}

void irq_msg_route(struct irq_msg *msg, uint64_t addr, uint32_t data)
{
	struct irqs *irqs = msg->m->irqs;
	int ret = 0;

	pthread_mutex_lock(&irqs->lock);
	if (!msg->routed || addr != msg->addr || data != msg->data) {
		msg->routed = true;
		__atomic_store_n(&msg->addr, addr, __ATOMIC_RELAXED);
		__atomic_store_n(&msg->data, data, __ATOMIC_RELAXED);
		if (irqs->irqfd)
			ret = load_routes(msg->m);
	}
	pthread_mutex_unlock(&irqs->lock);
	if (ret)
		failed(msg, "KVM_SET_GSI_ROUTING", ret);
}

void irq_msg_gate(struct irq_msg *msg, bool open)
{
	struct irqs *irqs = msg->m->irqs;
	int ret = 0;

	pthread_mutex_lock(&irqs->lock);
	if (open != msg->open) {
		msg->open = open;
		if (irqs->irqfd)
			ret = assign(msg, open);
		else if (msg->waits)
			send_or_wait(msg);
	}
	pthread_mutex_unlock(&irqs->lock);
	if (ret)
		failed(msg, "KVM_IRQFD", ret);
}

bool irq_msg_pending(struct irq_msg *msg)
{
	struct pollfd p = { .fd = msg->fd, .events = POLLIN };
	bool pending;

	pthread_mutex_lock(&msg->m->irqs->lock);
	pending = !msg->open && (msg->waits || poll(&p, 1, 0) == 1);
	pthread_mutex_unlock(&msg->m->irqs->lock);
	return pending;
}

void irq_msg_forget(struct irq_msg *msg)
{
	pthread_mutex_lock(&msg->m->irqs->lock);
	msg->waits = false;
	drain(msg);
	pthread_mutex_unlock(&msg->m->irqs->lock);
}

unsigned irq_msg_gsi(const struct irq_msg *msg)
{
	return gsi_of(msg);
}

struct irq_count irq_msg_count(const struct irq_msg *msg)
{
	return irq_count_copy(&msg->count);
}
