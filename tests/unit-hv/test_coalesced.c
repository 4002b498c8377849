// SPDX-License-Identifier: GPL-3.0-or-later
/* Coalesced writes reach the device in order, before the exit that follows them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/kvm.h>

#include "fake_kvm.h"
#include "hv/coalesced.h"
#include "hv/vcpu.h"

#define ZONE 0xd0000000ull

static struct {
	uint64_t off, value;
	unsigned size;
} seen[8];
static unsigned seen_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void on_write(void *opaque, uint64_t off, unsigned size, uint64_t value)
{
	(void)opaque;
	if (seen_count < 8) {
		seen[seen_count].off = off;
		seen[seen_count].size = size;
		seen[seen_count++].value = value;
	}
}

static uint64_t on_read(void *opaque, uint64_t off, unsigned size)
{
	(void)opaque, (void)off, (void)size;
	return 0;
}

static struct bus_range range = {
	.name = "zone",
	.base = ZONE,
	.len = 0x1000,
	.lock = &lock,
	.read = on_read,
	.write = on_write,
};

/* What KVM does when the guest writes to the zone. */
static void put(struct kvm_coalesced_mmio_ring *ring, uint64_t addr, uint32_t len, uint64_t value)
{
	struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->last];

	e->phys_addr = addr;
	e->len = len;
	memcpy(e->data, &value, sizeof(value));
	__atomic_store_n(&ring->last, ring->last + 1, __ATOMIC_RELEASE);
}

static bool drained;

static void drain(struct vcpu *v, void *arg)
{
	struct kvm_coalesced_mmio_ring *ring = (void *)((uint8_t *)v->run + 4096);

	(void)arg;
	put(ring, ZONE + 0x10, 4, 0x11223344);
	put(ring, ZONE + 0x20, 1, 0xff);
	coalesced_drain(v);
	drained = ring->first == ring->last;
}

Test(coalesced, writes_reach_the_device_in_order)
{
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit(&code, TOY_WAIT);
	m = toy_machine(&code, 1, NULL);
	cr_assert_eq(bus_add(&m->mmio, &range), 0);
	cr_assert_eq(coalesced_add(m, true, 0x80, 1), -ENOTSUP);
	cr_assert_eq(coalesced_add(m, false, ZONE, 0x1000), 0);
	cr_assert_eq(vcpu_run_on(m->vcpus[0], drain, NULL), 0);
	cr_assert(drained);
	cr_assert_eq(seen_count, 2);
	cr_assert(seen[0].off == 0x10 && seen[0].size == 4 && seen[0].value == 0x11223344);
	cr_assert(seen[1].off == 0x20 && seen[1].size == 1 && seen[1].value == 0xff);
	coalesced_remove(m, false, ZONE, 0x1000);
	bus_remove(&m->mmio, &range);
	toy_machine_free(m);
}

static unsigned ended;
static unsigned order[2];

static void on_exit_a(void *opaque)
{
	(void)opaque;
	order[0] = ++ended;
}

static void on_exit_b(void *opaque)
{
	(void)opaque;
	order[1] = ++ended;
}

Test(exit_notifier, reverse_order)
{
	struct exit_notifier a = { .fn = on_exit_a }, b = { .fn = on_exit_b },
			     c = { .fn = on_exit_a };
	struct toy_code code = { .len = 0 };
	struct machine *m;

	toy_emit(&code, TOY_WAIT);
	m = toy_machine(&code, 1, NULL);
	machine_add_exit_notifier(m, &a);
	machine_add_exit_notifier(m, &b);
	machine_add_exit_notifier(m, &c);
	machine_remove_exit_notifier(m, &c);
	toy_machine_free(m);
	cr_assert_eq(order[1], 1);
	cr_assert_eq(order[0], 2);
}
