/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Doorbells: registers whose writes say nothing but "look at your queue".
 *
 *   guest writes --> KVM_IOEVENTFD ------------------------> eventfd --> who serves the queue
 *              `---> exit --> bus --> struct reg, trace --'
 *
 * The upper way costs the vCPU no exit, and nobody sees the access. The lower one is taken while
 * accesses are to be seen (doorbells_show(), `-d device`) and where KVM has no ioeventfd
 * (api.rst 4.59): the write goes to the register like any other, and then rings. So the register
 * of a doorbell has a row for its name, and no state and no callback.
 *
 * A doorbell follows its range (a BAR) wherever it is mapped.
 */
#ifndef HV_DOORBELL_H
#define HV_DOORBELL_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/error.h"

struct device;
struct device_range;
struct doorbell;

/*
 * Writes of @size bytes (1, 2, 4, 8; 0: any) at @off of the range, and of the value *@match alone
 * when that is not NULL, ring. The device owns it, and it goes with the device. Loop thread; the
 * device's lock is not held. -EINVAL: not in the range.
 */
int doorbell_add(struct device_range *range, uint64_t off, unsigned size, const uint64_t *match,
		 struct doorbell **out, struct error *err);
/*
 * The eventfd, non-blocking; it stays the doorbell's. Any thread may wait for it: loop_add_fd(), or
 * a thread of the device's. It counts rings since the last read, while the device is reset, too.
 */
int doorbell_fd(const struct doorbell *bell);

/* Whether accesses to the device's doorbells are to be seen. Counted. Any thread; the device's lock
 * is not held. */
void doorbells_show(struct device *dev, bool show);

/*
 * For hv/device.c. After the range was mapped, before it is unmapped: the device's lock is not
 * held. After a write through the bus: it is. When the device goes.
 */
void doorbells_mapped(struct device_range *range);
void doorbells_unmap(struct device_range *range);
void doorbells_ring(struct device_range *range, uint64_t off, unsigned size, uint64_t value);
void doorbells_free(struct device *dev);

#endif
