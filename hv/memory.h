/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guest RAM: one memfd, given to KVM as slots around the hole below 4 GiB.
 *
 *   0 ........ low RAM ........ 3 GiB | hole: MMIO | 4 GiB ... high RAM ...
 *
 * It is mapped twice: once for us, and once for KVM, whose view can lack the right to pages that
 * are watched. Nothing else adds an offset to the RAM base: memory_ptr() is the one way
 * from a guest-physical address to a pointer.
 */
#ifndef HV_MEMORY_H
#define HV_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

#define MEMORY_HOLE_START 0xc0000000ull
#define MEMORY_HOLE_END	  0x100000000ull

struct memory;

struct memory_region {
	uint64_t gpa;
	uint64_t size;
	uint8_t *hva;
	uint64_t fd_offset;
};

/*
 * Makes @size bytes of guest RAM (multiple of the page size) and registers it
 * with the VM @vm_fd; vm_fd -1 makes RAM without a VM, for tests and fuzzers.
 */
int memory_create(struct memory **out, int vm_fd, uint64_t size, struct error *err);

/* What the host has it in. */
struct memory_backing {
	uint64_t huge_page; /* bytes of the host's huge pages, a power of two; 0: none of them */
	bool prealloc;	    /* all of it at once, not when the guest touches it */
};
/*
 * The same. Huge pages are taken from the host's pool for good: memory that the host has not is an
 * error here, and nothing goes back by memory_discard() (-EOPNOTSUPP). Nor can a part of one be
 * denied: memory_protect() is -EOPNOTSUPP as well.
 */
int memory_create_backed(struct memory **out, int vm_fd, uint64_t size,
			 const struct memory_backing *backing, struct error *err);
void memory_destroy(struct memory *mem);

uint64_t memory_size(const struct memory *mem);
const struct memory_region *memory_regions(const struct memory *mem, size_t *count);

/*
 * The host address of [gpa, gpa+len), NULL unless all of it lies in one region
 * of RAM. Overflow-checked. Any thread. The memory is shared with the guest.
 */
void *memory_ptr(const struct memory *mem, uint64_t gpa, uint64_t len);
/* Copies as much as is RAM from @gpa on; returns the bytes copied. */
size_t memory_read(const struct memory *mem, uint64_t gpa, void *buf, size_t len);
size_t memory_write(struct memory *mem, uint64_t gpa, const void *buf, size_t len);

/* All zeroes again, and given back to the host unless it was to have it all. Only with every vCPU
 * out of KVM_RUN. */
int memory_clear(struct memory *mem, struct error *err);

/*
 * The same of some pages, while the guest runs. Any thread. -EFAULT when they are not RAM, or not
 * together.
 */
int memory_discard(const struct memory *mem, uint64_t gpa, uint64_t len);

/* What the guest is kept from at a page. */
enum memory_deny {
	MEMORY_STORES,
	MEMORY_ACCESSES, /* loads and instruction fetches too */
	MEMORY_DENY_COUNT,
};
/*
 * Keeps the guest from the page at @gpa, or gives it back; counted for each kind. An access that is
 * denied ends KVM_RUN: with EFAULT and nothing of the instruction done, or, where KVM emulates the
 * instruction, as KVM_EXIT_MMIO. What goes through memory_ptr() is not concerned. Only with every
 * vCPU out of KVM_RUN. -EFAULT: no RAM there; -ENOENT: it was not denied.
 */
int memory_protect(struct memory *mem, uint64_t gpa, enum memory_deny deny, bool on);
/* Whether any page is denied now. */
bool memory_is_protected(const struct memory *mem);
/* Whether a store, or any access, to the page at @gpa is denied now. */
bool memory_denies(const struct memory *mem, uint64_t gpa, enum memory_deny access);
/* Lets the guest at all of its memory for a moment, and takes that back. The same rule. */
void memory_lift(struct memory *mem, bool up);

#endif
