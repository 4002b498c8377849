// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The coalescing ring: see coalesced.h. One ring serves the whole VM; it is a page
 * of every vCPU's run area. KVM moves `last`, we move `first`; who drains holds the lock.
 */
#include "hv/coalesced.h"

#include <errno.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/vcpu.h"

static pthread_mutex_t ring_lock = PTHREAD_MUTEX_INITIALIZER;

static int zone_ioctl(struct machine *m, unsigned long request, bool is_pio, uint64_t base,
		      uint32_t len)
{
	struct kvm_coalesced_mmio_zone zone = { .addr = base, .size = len, .pio = is_pio };

	if (!m->caps->value[is_pio ? KVMCAP_COALESCED_PIO : KVMCAP_COALESCED_MMIO])
		return -ENOTSUP;
	return ioctl(m->vm_fd, request, &zone) < 0 ? -errno : 0;
}

int coalesced_add(struct machine *m, bool is_pio, uint64_t base, uint32_t len)
{
	int ret = zone_ioctl(m, KVM_REGISTER_COALESCED_MMIO, is_pio, base, len);

	if (!ret)
		__atomic_store_n(&m->coalescing, true, __ATOMIC_RELEASE);
	return ret;
}

void coalesced_remove(struct machine *m, bool is_pio, uint64_t base, uint32_t len)
{
	zone_ioctl(m, KVM_UNREGISTER_COALESCED_MMIO, is_pio, base, len);
}

void coalesced_drain(struct vcpu *v)
{
	struct machine *m = v->m;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint32_t slots = (uint32_t)((page - sizeof(struct kvm_coalesced_mmio_ring)) /
				    sizeof(struct kvm_coalesced_mmio));
	struct kvm_coalesced_mmio_ring *ring;

	if (!__atomic_load_n(&m->coalescing, __ATOMIC_ACQUIRE))
		return;
	ring = (void *)((uint8_t *)v->run + (size_t)m->caps->value[KVMCAP_COALESCED_MMIO] * page);
	pthread_mutex_lock(&ring_lock);
	while (ring->first != __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE)) {
		const struct kvm_coalesced_mmio *e = &ring->coalesced_mmio[ring->first % slots];
		uint64_t value = 0;

		memcpy(&value, e->data, e->len <= sizeof(value) ? e->len : sizeof(value));
		bus_write(e->pio ? &m->pio : &m->mmio, e->phys_addr, e->len, value);
		__atomic_store_n(&ring->first, (ring->first + 1) % slots, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&ring_lock);
}
