// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Guest RAM, its KVM slots, and pages that the guest is kept from: see memory.h.
 *
 * A region is a run of guest-physical addresses backed by one stretch of the memfd, and is one
 * slot. A page is denied with mprotect() in KVM's view of it, which KVM follows (its MMU
 * notifier takes the page out of the guest's tables); the slots never change.
 */
#include "hv/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	    4096ull
#define MAX_REGIONS 2

struct protected_page {
	uint64_t gpa;
	unsigned count[MEMORY_DENY_COUNT];
};

struct memory {
	int vm_fd;
	int fd;
	uint8_t *base;	/* ours */
	uint8_t *guest; /* KVM's */
	uint64_t size;
	struct memory_backing backing;
	size_t region_count;
	struct memory_region regions[MAX_REGIONS];
	size_t protected_count, protected_room;
	struct protected_page *protected; /* sorted by gpa */
	bool lifted;
};

static int map_region(const struct memory *mem, unsigned slot)
{
	const struct memory_region *r = &mem->regions[slot];
	struct kvm_userspace_memory_region kvm = {
		.slot = slot,
		.guest_phys_addr = r->gpa,
		.memory_size = r->size,
		.userspace_addr = (uintptr_t)mem->guest + r->fd_offset,
	};

	if (mem->vm_fd < 0)
		return 0;
	return ioctl(mem->vm_fd, KVM_SET_USER_MEMORY_REGION, &kvm) < 0 ? -errno : 0;
}

/*
 * NORESERVE: a page costs the host nothing until the guest touches it. Huge pages are reserved: the
 * first touch of one that is not there would be a SIGBUS.
 */
static uint8_t *map_view(const struct memory *mem)
{
	int flags = MAP_SHARED | (mem->backing.huge_page ? 0 : MAP_NORESERVE);

	return mmap(NULL, mem->size, PROT_READ | PROT_WRITE, flags, mem->fd, 0);
}

/* The file that it all is. */
static int make_file(struct memory *mem, struct error *err)
{
	unsigned flags = MFD_CLOEXEC;

	if (mem->backing.huge_page)
		flags |= MFD_HUGETLB | (unsigned)__builtin_ctzll(mem->backing.huge_page)
					       << MFD_HUGE_SHIFT;
	mem->fd = memfd_create("vitrine-ram", flags);
	if (mem->fd >= 0 && !ftruncate(mem->fd, (off_t)mem->size))
		return 0;
	if (mem->fd < 0 && mem->backing.huge_page)
		return error_set(err, -errno, "the host has no huge pages of %" PRIu64 " KiB: %s",
				 mem->backing.huge_page >> 10, strerror(errno));
	return error_set(err, -errno, "cannot make %" PRIu64 " MiB of guest memory: %s",
			 mem->size >> 20, strerror(errno));
}

static int no_room(const struct memory *mem, int error, struct error *err)
{
	uint64_t huge = mem->backing.huge_page;

	if (huge)
		return error_set(err, -error,
				 "the host has not got %" PRIu64 " huge pages of %" PRIu64
				 " KiB to spare (%s): reserve them in "
				 "/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB/nr_hugepages",
				 mem->size / huge, huge >> 10, strerror(error), huge >> 10);
	return error_set(err, -error, "cannot map %" PRIu64 " MiB of guest memory: %s",
			 mem->size >> 20, strerror(error));
}

/* -1 with errno. Linux before 5.14 gives room for the pages, and makes them when they are touched.
 */
static int populate(const struct memory *mem)
{
	int ret = madvise(mem->base, mem->size, MADV_POPULATE_WRITE);

	return ret < 0 && errno == EINVAL ? fallocate(mem->fd, 0, 0, (off_t)mem->size) : ret;
}

static int map_views(struct memory *mem, struct error *err)
{
	mem->base = map_view(mem);
	if (mem->base != MAP_FAILED)
		mem->guest = map_view(mem);
	if (mem->guest == MAP_FAILED)
		return no_room(mem, errno, err);
	if (mem->backing.prealloc && populate(mem) < 0)
		return no_room(mem, errno, err);
	return 0;
}

static int check_size(uint64_t size, const struct memory_backing *backing, struct error *err)
{
	if (!size || size % PAGE || size > (1ull << 46))
		return error_set(err, -EINVAL,
				 "guest memory of %" PRIu64 " bytes: must be a multiple of 4096",
				 size);
	if (backing->huge_page && size % backing->huge_page)
		return error_set(err, -EINVAL,
				 "guest memory of %" PRIu64 " MiB is no number of huge pages of "
				 "%" PRIu64 " KiB",
				 size >> 20, backing->huge_page >> 10);
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
	return memory_create_backed(out, vm_fd, size, &(struct memory_backing){ 0 }, err);
}

int memory_create_backed(struct memory **out, int vm_fd, uint64_t size,
			 const struct memory_backing *backing, struct error *err)
{
	struct memory *mem;
	uint64_t low;
	int ret = check_size(size, backing, err);

	if (ret)
		return ret;
	mem = calloc(1, sizeof(*mem));
	if (!mem)
		return error_set(err, -ENOMEM, "out of memory");
	mem->vm_fd = vm_fd;
	mem->size = size;
	mem->backing = *backing;
	mem->base = mem->guest = MAP_FAILED;
	ret = make_file(mem, err);
	if (!ret)
		ret = map_views(mem, err);
	if (ret)
		goto unmap;
	low = size < MEMORY_HOLE_START ? size : MEMORY_HOLE_START;
	add_region(mem, 0, low, 0);
	if (size > low)
		add_region(mem, MEMORY_HOLE_END, size - low, low);
	for (size_t i = 0; i < mem->region_count; i++) {
		ret = map_region(mem, (unsigned)i);
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
	if (mem->guest != MAP_FAILED)
		munmap(mem->guest, size);
	if (mem->base != MAP_FAILED)
		munmap(mem->base, size);
	if (mem->fd >= 0)
		close(mem->fd);
	free(mem);
	return ret;
}

void memory_destroy(struct memory *mem)
{
	if (!mem)
		return;
	munmap(mem->guest, mem->size);
	munmap(mem->base, mem->size);
	close(mem->fd);
	free(mem->protected);
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
	/* Pages that go back may not be had again. */
	if (mem->backing.huge_page || mem->backing.prealloc) {
		memset(mem->base, 0, mem->size);
		return 0;
	}
	if (fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)mem->size) < 0)
		return error_set(err, -errno, "cannot clear guest memory: %s", strerror(errno));
	return 0;
}

int memory_discard(const struct memory *mem, uint64_t gpa, uint64_t len)
{
	uint64_t left;
	const struct memory_region *r = region_at(mem, gpa, &left);

	if (!r || !len || len > left || (gpa | len) % PAGE)
		return -EFAULT;
	if (mem->backing.huge_page)
		return -EOPNOTSUPP;
	return fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)(r->fd_offset + (gpa - r->gpa)), (off_t)len) < 0
		       ? -errno
		       : 0;
}

/* ---- protection ---- */

/* Index of the first protected page not below @gpa. */
static size_t protected_index(const struct memory *mem, uint64_t gpa)
{
	size_t low = 0, high = mem->protected_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mem->protected[middle].gpa < gpa)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The row of the page at @gpa, NULL when there is none. */
static struct protected_page *protected_page(const struct memory *mem, uint64_t gpa)
{
	size_t i = protected_index(mem, gpa & ~(PAGE - 1));

	return i < mem->protected_count && mem->protected[i].gpa == (gpa & ~(PAGE - 1))
		       ? &mem->protected[i]
		       : NULL;
}

static struct protected_page *protected_insert(struct memory *mem, uint64_t gpa)
{
	size_t i = protected_index(mem, gpa);

	if (mem->protected_count == mem->protected_room) {
		size_t room = mem->protected_room ? mem->protected_room * 2 : 16;
		struct protected_page *more =
			realloc(mem->protected, room * sizeof(struct protected_page));

		if (!more)
			return NULL;
		mem->protected = more;
		mem->protected_room = room;
	}
	memmove(&mem->protected[i + 1], &mem -> protected[i],
		(mem->protected_count - i) * sizeof(struct protected_page));
	mem->protected[i] = (struct protected_page){ .gpa = gpa };
	mem->protected_count++;
	return &mem->protected[i];
}

static void protected_remove(struct memory *mem, struct protected_page *page)
{
	size_t i = (size_t)(page - mem->protected);

	mem->protected_count--;
	memmove(page, page + 1, (mem->protected_count - i) * sizeof(*page));
}

/* Makes KVM's view what the row says. */
static int apply(const struct memory *mem, const struct protected_page *page)
{
	const uint8_t *ours = memory_ptr(mem, page->gpa, PAGE);
	int prot = PROT_READ | PROT_WRITE;

	if (!mem->lifted && page->count[MEMORY_ACCESSES])
		prot = PROT_NONE;
	else if (!mem->lifted && page->count[MEMORY_STORES])
		prot = PROT_READ;
	return mprotect(mem->guest + (ours - mem->base), PAGE, prot) < 0 ? -errno : 0;
}

int memory_protect(struct memory *mem, uint64_t gpa, enum memory_deny deny, bool on)
{
	struct protected_page *page = protected_page(mem, gpa);
	int ret;

	if (!memory_ptr(mem, gpa, 1))
		return -EFAULT;
	if (mem->backing.huge_page)
		return -EOPNOTSUPP;
	if (!on && (!page || !page->count[deny]))
		return -ENOENT;
	if (!page)
		page = protected_insert(mem, gpa & ~(PAGE - 1));
	if (!page)
		return -ENOMEM;
	page->count[deny] += on ? 1 : -1u;
	ret = apply(mem, page);
	if (ret && on)
		page->count[deny]--;
	if (!page->count[MEMORY_STORES] && !page->count[MEMORY_ACCESSES])
		protected_remove(mem, page);
	return ret;
}

bool memory_is_protected(const struct memory *mem)
{
	return mem->protected_count && !mem->lifted;
}

bool memory_denies(const struct memory *mem, uint64_t gpa, enum memory_deny access)
{
	const struct protected_page *page = mem->lifted ? NULL : protected_page(mem, gpa);

	return page && (page->count[MEMORY_ACCESSES] ||
			(access == MEMORY_STORES && page->count[MEMORY_STORES]));
}

void memory_lift(struct memory *mem, bool up)
{
	mem->lifted = up;
	for (size_t i = 0; i < mem->protected_count; i++)
		apply(mem, &mem->protected[i]);
}
