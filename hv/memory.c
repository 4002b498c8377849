// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Guest RAM and its KVM slots: see memory.h.
 *
 * A region is a run of guest-physical addresses backed by one stretch of the
 * memfd. As long as nothing is protected a region is one slot. A protected
 * page gets a read-only slot of its own, so the region becomes
 *
 *     [ writable ][ro page][ writable ][ro page][ writable ]
 *
 * KVM refuses to change a slot's size or flags that matter here in place
 * (api.rst 4.35, KVM_SET_USER_MEMORY_REGION), so the region's slots are
 * deleted and made anew; hence "only with every vCPU out of KVM_RUN".
 */
#include "hv/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	    4096ull
#define MAX_REGIONS 2
#define MAX_PROTECTED \
	240 /* every one costs up to two slots; KVM has at least 509 (KVM_USER_MEM_SLOTS) */
#define SLOTS_PER_REGION 512

struct protected_page {
	uint64_t gpa;
	unsigned count;
};

struct memory {
	int vm_fd;
	int fd;
	uint8_t *base;
	uint64_t size;
	size_t region_count;
	struct memory_region regions[MAX_REGIONS];
	unsigned slots_used[MAX_REGIONS];
	size_t protected_count;
	struct protected_page protected[MAX_PROTECTED]; /* sorted by gpa */
};

static int set_slot(const struct memory *mem, unsigned slot, uint64_t gpa, uint64_t size,
		    uint8_t *hva, bool readonly)
{
	struct kvm_userspace_memory_region r = {
		.slot = slot,
		.flags = readonly ? KVM_MEM_READONLY : 0,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uintptr_t)hva,
	};

	if (mem->vm_fd < 0)
		return 0;
	return ioctl(mem->vm_fd, KVM_SET_USER_MEMORY_REGION, &r) < 0 ? -errno : 0;
}

/* Gives KVM the slots of region @n as the protected pages say. */
static int region_map(struct memory *mem, size_t n)
{
	const struct memory_region *r = &mem->regions[n];
	unsigned slot = (unsigned)n * SLOTS_PER_REGION;
	unsigned first = slot;
	uint64_t at = r->gpa;
	uint64_t end = r->gpa + r->size;
	int ret;

	for (unsigned i = 0; i < mem->slots_used[n]; i++)
		set_slot(mem, first + i, 0, 0, NULL, false);
	mem->slots_used[n] = 0;

	for (size_t i = 0; i <= mem->protected_count && at < end; i++) {
		uint64_t stop = i < mem->protected_count ? mem->protected[i].gpa : end;

		if (stop < at)
			continue;
		if (stop > end)
			stop = end;
		if (stop > at) {
			ret = set_slot(mem, slot++, at, stop - at, r->hva + (at - r->gpa), false);
			if (ret)
				return ret;
			mem->slots_used[n] = slot - first;
		}
		at = stop;
		if (at < end) {
			ret = set_slot(mem, slot++, at, PAGE, r->hva + (at - r->gpa), true);
			if (ret)
				return ret;
			mem->slots_used[n] = slot - first;
			at += PAGE;
		}
	}
	return 0;
}

static void add_region(struct memory *mem, uint64_t gpa, uint64_t size, uint64_t offset)
{
	mem->regions[mem->region_count++] = (struct memory_region){
		.gpa = gpa,
		.size = size,
		.hva = mem->base + offset,
		.fd_offset = offset,
	};
}

int memory_create(struct memory **out, int vm_fd, uint64_t size, struct error *err)
{
	struct memory *mem;
	uint64_t low;
	int ret;

	if (!size || size % PAGE || size > (1ull << 46))
		return error_set(err, -EINVAL,
				 "guest memory of %" PRIu64 " bytes: must be a multiple of 4096",
				 size);
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return error_set(err, -ENOMEM, "out of memory");
	mem->vm_fd = vm_fd;
	mem->size = size;
	mem->fd = memfd_create("vitrine-ram", MFD_CLOEXEC);
	if (mem->fd < 0 || ftruncate(mem->fd, (off_t)size) < 0) {
		ret = error_set(err, -errno, "cannot make %" PRIu64 " MiB of guest memory: %s",
				size >> 20, strerror(errno));
		goto free_mem;
	}
	/* NORESERVE: a page costs the host nothing until the guest touches it. */
	mem->base =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, mem->fd, 0);
	if (mem->base == MAP_FAILED) {
		ret = error_set(err, -errno, "cannot map %" PRIu64 " MiB of guest memory: %s",
				size >> 20, strerror(errno));
		goto free_mem;
	}
	low = size < MEMORY_HOLE_START ? size : MEMORY_HOLE_START;
	add_region(mem, 0, low, 0);
	if (size > low)
		add_region(mem, MEMORY_HOLE_END, size - low, low);
	for (size_t i = 0; i < mem->region_count; i++) {
		ret = region_map(mem, i);
		if (ret) {
			error_set(err, ret,
				  "KVM refuses %" PRIu64 " MiB of memory at 0x%" PRIx64 ": %s",
				  mem->regions[i].size >> 20, mem->regions[i].gpa, strerror(-ret));
			goto unmap;
		}
	}
	*out = mem;
	return 0;

unmap:
	munmap(mem->base, size);
free_mem:
	if (mem->fd >= 0)
		close(mem->fd);
	free(mem);
	return ret;
}

void memory_destroy(struct memory *mem)
{
	if (!mem)
		return;
	munmap(mem->base, mem->size);
	close(mem->fd);
	free(mem);
}

uint64_t memory_size(const struct memory *mem)
{
	return mem->size;
}

const struct memory_region *memory_regions(const struct memory *mem, size_t *count)
{
	*count = mem->region_count;
	return mem->regions;
}

/* The region that @gpa lies in, and how many bytes of it follow. */
static const struct memory_region *region_at(const struct memory *mem, uint64_t gpa, uint64_t *left)
{
	for (size_t i = 0; i < mem->region_count; i++) {
		const struct memory_region *r = &mem->regions[i];

		if (gpa >= r->gpa && gpa - r->gpa < r->size) {
			*left = r->size - (gpa - r->gpa);
			return r;
		}
	}
	return NULL;
}

void *memory_ptr(const struct memory *mem, uint64_t gpa, uint64_t len)
{
	uint64_t left;
	const struct memory_region *r = region_at(mem, gpa, &left);

	if (!r || len > left)
		return NULL;
	return r->hva + (gpa - r->gpa);
}

size_t memory_read(const struct memory *mem, uint64_t gpa, void *buf, size_t len)
{
	uint64_t left;
	const struct memory_region *r = region_at(mem, gpa, &left);

	if (!r)
		return 0;
	if (len > left)
		len = left;
	memcpy(buf, r->hva + (gpa - r->gpa), len);
	return len;
}

size_t memory_write(struct memory *mem, uint64_t gpa, const void *buf, size_t len)
{
	uint64_t left;
	const struct memory_region *r = region_at(mem, gpa, &left);

	if (!r)
		return 0;
	if (len > left)
		len = left;
	memcpy(r->hva + (gpa - r->gpa), buf, len);
	return len;
}

int memory_clear(struct memory *mem, struct error *err)
{
	if (fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)mem->size) < 0)
		return error_set(err, -errno, "cannot clear guest memory: %s", strerror(errno));
	return 0;
}

/* Index of the first protected page not below @gpa. */
static size_t protected_index(const struct memory *mem, uint64_t gpa)
{
	size_t i = 0;

	while (i < mem->protected_count && mem->protected[i].gpa < gpa)
		i++;
	return i;
}

static void protected_insert(struct memory *mem, size_t i, uint64_t gpa)
{
	memmove(&mem->protected[i + 1], &mem -> protected[i],
		(mem->protected_count - i) * sizeof(mem->protected[0]));
	mem->protected[i] = (struct protected_page){ .gpa = gpa, .count = 1 };
	mem->protected_count++;
}

static void protected_remove(struct memory *mem, size_t i)
{
	mem->protected_count--;
	memmove(&mem->protected[i], &mem -> protected[i + 1],
		(mem->protected_count - i) * sizeof(mem->protected[0]));
}

int memory_protect(struct memory *mem, uint64_t gpa, bool readonly)
{
	uint64_t left;
	const struct memory_region *r = region_at(mem, gpa, &left);
	size_t i;
	int ret;

	if (!r)
		return -EFAULT;
	gpa &= ~(PAGE - 1);
	i = protected_index(mem, gpa);
	if (i < mem->protected_count && mem->protected[i].gpa == gpa) {
		mem->protected[i].count += readonly ? 1 : -1u;
		if (mem->protected[i].count)
			return 0;
		protected_remove(mem, i);
		return region_map(mem, (size_t)(r - mem->regions));
	}
	if (!readonly)
		return -ENOENT;
	if (mem->protected_count == MAX_PROTECTED)
		return -ENOSPC;
	protected_insert(mem, i, gpa);
	ret = region_map(mem, (size_t)(r - mem->regions));
	if (ret) {
		protected_remove(mem, i);
		region_map(mem, (size_t)(r - mem->regions));
	}
	return ret;
}
