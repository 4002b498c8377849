/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What front ends can see of a machine besides its registers and its memory:
 * which addresses there are, and which devices. Nothing here changes anything.
 *
 * All functions are for the loop thread; those that name a vCPU take it out of
 * KVM_RUN for a moment.
 */
#ifndef HV_INSPECT_H
#define HV_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/control.h"
#include "hv/symbols.h"

/* A stretch of an address space with one answer for every byte of it. */
struct inspect_region {
	uint64_t start, last;		 /* both belong to it */
	bool mapped;			 /* an access of the guest gets to a physical address */
	bool readable;			 /* … and control_mem_read() gives what is there */
	bool writable, user, executable; /* as the guest's page tables say */
};
/*
 * The stretch that @addr is in. Neighbours that are alike are put together from @addr on, as far
 * as that is quick: another stretch of the same kind may follow. -ESRCH: no such vCPU.
 */
int inspect_region(struct machine *m, int vcpu, enum control_space space, uint64_t addr,
		   struct inspect_region *region);

enum inspect_bus {
	INSPECT_MEMORY, /* guest-physical addresses */
	INSPECT_PORTS,
};
/* Who answers at an address. */
struct inspect_range {
	const char *name; /* "ram", or the device's */
	bool ram;
	uint64_t start, last;
};
/* The @n-th range of a bus, in order of address; false past the end. */
bool inspect_range(struct machine *m, enum inspect_bus bus, size_t n, struct inspect_range *range);

struct inspect_device {
	const char *name; /* "serial0" */
	const char *help; /* one line */
	int irq;	  /* GSI, or -1 */
};
/* The @n-th device; false past the end. */
bool inspect_device(struct machine *m, size_t n, struct inspect_device *device);

/*
 * The symbols of the guest's kernel, NULL when there are none. Where that has placed itself at
 * random and its slide is not known, looks for it in the state of @vcpu first.
 */
struct symbols *inspect_symbols(struct machine *m, int vcpu);

#endif
