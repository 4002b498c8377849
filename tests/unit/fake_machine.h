/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A machine without KVM and vCPUs: loop, timers, buses and devices, for tests
 * and fuzzers. The test plays the guest with fake_in() and fake_out().
 */
#ifndef TESTS_UNIT_FAKE_MACHINE_H
#define TESTS_UNIT_FAKE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/machine.h"

struct fake {
	struct machine m;
	struct machine_config
		cfg;  /* set before fake_add_devices(); no_reboot is on: a reset quits the loop */
	int image[2]; /* disks in memory: the drives "memory" and "memory1" */
	char image_path[2][32];
	struct machine_drive drives[3];
};

/* NULL on failure. The guest's clock runs. */
struct fake *fake_create(void);
/* Every class's devices. False on failure, with the sentence on stderr. */
bool fake_add_devices(struct fake *f);
void fake_destroy(struct fake *f);

/* An access of the guest to a port. */
uint64_t fake_in(struct fake *f, uint16_t port, unsigned size);
void fake_out(struct fake *f, uint16_t port, unsigned size, uint64_t value);
/* What a debugger sees there. */
uint64_t fake_peek(struct fake *f, uint16_t port, unsigned size);

/* Runs the loop until everything that is due now was done. The code of loop_quit(), or -1. */
int fake_run(struct fake *f);
/* Runs the loop for @ms milliseconds. The same. */
int fake_run_for(struct fake *f, unsigned ms);

/* Begins to watch the interrupt lines; call it before the devices touch them. */
void fake_watch_irqs(void);
/* How often GSI @gsi went up since then. */
unsigned fake_irq_edges(int gsi);
/* Its level. */
bool fake_irq_level(int gsi);
/* How many lines of the trace contain @what ("…\n" at its end, too) since then. */
unsigned fake_traced(const char *what);

#endif
