/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Address spaces as front ends see them: all that a page-table root maps, where an address
 * leads, and what leads to a physical one.
 *
 * Loop thread. A running vCPU is taken out of KVM_RUN only to read its paging mode; the guest goes
 * on while the tables are read.
 */
#ifndef HV_INSPECT_PAGES_H
#define HV_INSPECT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/control.h"

/* Which tables: those of a vCPU, or others that it would use in the same mode. */
struct inspect_space {
	int vcpu;
	const uint64_t *root; /* CR3; NULL: the vCPU's own */
};

/* Pages one behind the other that are alike. */
struct inspect_pages {
	uint64_t start, last; /* virtual; both belong to it */
	uint64_t gpa;	      /* of the first */
	uint64_t page_size;
	bool writable, user, executable, global;
	bool scattered; /* physically they are not one behind the other */
};
/* What else there is to say of the tables. */
struct inspect_tables {
	const char *mode; /* "4-level paging" */
	bool on;
	uint64_t root;
	unsigned tables;		 /* that were read */
	uint64_t reserved, reserved_gva; /* entries with reserved bits set, and the first of them */
	uint64_t outside, outside_gva;	 /* entries that lead to a table outside of RAM */
	bool cut; /* there are too many: from cut_gva on they were not read */
	uint64_t cut_gva;
};
/*
 * Calls @row for each stretch in order of address, until it returns false. -ESRCH: no such vCPU.
 */
int inspect_pages(struct machine *m, const struct inspect_space *space,
		  bool (*row)(void *opaque, const struct inspect_pages *pages), void *opaque,
		  struct inspect_tables *tables);

/* The page that @gva is in; -EFAULT: none, -ESRCH: no such vCPU. */
struct inspect_translation {
	uint64_t gpa, page_size;
	bool writable, user, executable;
};
int inspect_translate(struct machine *m, const struct inspect_space *space, uint64_t gva,
		      struct inspect_translation *out);
/* Calls @found for each virtual address that leads to @gpa. As inspect_pages(). */
int inspect_reverse(struct machine *m, const struct inspect_space *space, uint64_t gpa,
		    bool (*found)(void *opaque, const struct inspect_pages *page), void *opaque,
		    struct inspect_tables *tables);

#endif
