/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All of an address space at once: every page that a tree of the guest's page tables maps.
 * The tables are read while the guest may be writing them. Any thread.
 */
#ifndef HV_ARCH_ARCH_PAGES_H
#define HV_ARCH_ARCH_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/arch/arch.h"
#include "hv/memory.h"

/* What a walk depends on, taken from a vCPU; another root may be put in. */
struct arch_paging {
	bool on;
	uint64_t root;
	uint64_t mode[4]; /* the processor's own */
	const char *name; /* "4-level paging"; a constant */
};
/* On the vCPU's thread. */
int arch_paging_get(struct vcpu *v, struct arch_paging *out);
/* As arch_translate(), by these tables. */
int arch_paging_translate(const struct memory *ram, const struct arch_paging *p, uint64_t gva,
			  struct arch_translation *out);

struct arch_page {
	uint64_t gva, gpa, size;
	bool writable, user, executable, global;
};

/* Tables that one walk reads at most: tables that lead in circles come to an end. */
#define ARCH_WALK_TABLES 65536

struct arch_page_walk {
	/* In order of address; false ends the walk. */
	bool (*page)(void *opaque, const struct arch_page *page);
	/*
	 * The @size bytes at @gva are mapped by the very entry that those just before it are. True:
	 * that was enough to know, do not walk them again. NULL: always walk.
	 */
	bool (*same)(void *opaque, uint64_t gva, uint64_t size);
	void *opaque;

	/* What there was, afterwards. */
	unsigned tables;
	uint64_t reserved, reserved_gva; /* entries with reserved bits, the first of them */
	uint64_t outside, outside_gva;	 /* tables that are not in RAM */
	bool cut;			 /* ARCH_WALK_TABLES were not enough: … */
	uint64_t cut_gva;		 /* … from here on nothing is known */
};
void arch_walk_pages(const struct memory *ram, const struct arch_paging *p,
		     struct arch_page_walk *walk);

#endif
