/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stops for what a device does: the part that looks at events. Front ends set them through
 * hv/control_device.h.
 */
#ifndef HV_DEVICE_BREAK_H
#define HV_DEVICE_BREAK_H

#include "hv/control_device.h"
#include "hv/device_event.h"

/* In the list of its device, guarded by look.lock. */
struct device_break {
	int id;
	struct control_client *owner;
	enum device_bp_kind kind;
	const struct reg *reg; /* DEVICE_BP_REG */
	enum bp_kind access;   /* … BP_READ, BP_WRITE or BP_ACCESS */
	uint64_t mask, value;  /* … stops when value & mask is this */
	uint64_t addr, len;    /* DEVICE_BP_DMA; len 0: any */
	uint64_t hits;	       /* atomic */
	struct device_break *next;
};

/* Loop thread. The list takes @b, and gives it back when it is taken out. */
void device_break_add(struct device *dev, struct device_break *b);
/* NULL: it has none of this number. */
struct device_break *device_break_take(struct device *dev, int id);

/* device_event.c's: stops the machine when @ev is what one of them waits for. */
void device_break_event(struct device *dev, const struct device_event *ev);
void device_breaks_free(struct device *dev);

#endif
