/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Device breakpoints: stopping for what a device does.
 *
 *   register   when the guest reads or writes it, behind the instruction that did; when the value
 *              fits, if one is asked for. A look (info device, gdb reading memory) is no access
 *   interrupt  when the device raises its line or sends a message
 *   DMA        when it reads or writes memory, anywhere or in a range
 *
 * What an instruction of the guest brings about at once stops the vCPU behind that instruction.
 * What a device does by itself, later, stops the machine where it happens to be: `stop.text` says
 * what it was.
 *
 * They have numbers of the same series as breakpoints, and control_bp_delete() removes them too.
 * They belong to the client that set them, are told to all, and survive a reset. Loop thread.
 */
#ifndef HV_CONTROL_DEVICE_H
#define HV_CONTROL_DEVICE_H

#include "hv/control.h"

/* ---- stops ---- */

enum device_bp_kind {
	DEVICE_BP_REG,
	DEVICE_BP_IRQ,
	DEVICE_BP_DMA,
	DEVICE_BP_KIND_COUNT,
};

struct device_bp_spec {
	enum device_bp_kind kind;
	const char *device;   /* "edu0" */
	const char *reg;      /* DEVICE_BP_REG: "dma_cmd" */
	enum bp_kind access;  /* … BP_READ, BP_WRITE or BP_ACCESS */
	uint64_t mask, value; /* … stops when value & mask is this; both 0: always */
	uint64_t addr, len;   /* DEVICE_BP_DMA: memory it is about; len 0: any */
};
/*
 * Returns its id. -ENOENT: no such device or register, -EINVAL: a condition that is never true,
 * each with a sentence.
 */
int control_device_bp_add(struct machine *m, struct control_client *owner,
			  const struct device_bp_spec *spec, struct error *err);

struct device_bp_info {
	int id;
	enum device_bp_kind kind;
	char text[160]; /* "edu0.status written, if value & 0x1 == 0x1" */
	const struct control_client *owner;
	uint64_t hits;
};
/* The @n-th, in order of id; false past the end. */
bool control_device_bp_get(struct machine *m, size_t n, struct device_bp_info *info);
/* By number. -ENOENT. */
int control_device_bp_delete(struct machine *m, int id);

/* ---- faults ---- */

/* What goes wrong in a device because a person wants it to. All of it ends with a reset. */
enum device_fault {
	FAULT_ERROR,	    /* its next request or access to memory fails */
	FAULT_TIMEOUT,	    /* its next request is never done */
	FAULT_LOST_IRQ,	    /* its next interrupt does not arrive */
	FAULT_SPURIOUS_IRQ, /* it interrupts now, for nothing */
	FAULT_UNPLUG,	    /* it is gone: reads give all ones, nothing else happens */
	FAULT_COUNT,
};
#define FAULT_BIT(fault) (1u << (fault))
/* "lost-irq"; NULL: there is none of this number. */
const char *device_fault_name(enum device_fault fault);
/*
 * Injects it. -ENOENT: no such device, -ENOTSUP: this one has nothing of that kind, -ENODEV: it is
 * unplugged, -EBUSY: its line is up, so that another interrupt would not be seen; each with a
 * sentence.
 */
int control_inject(struct machine *m, const char *device, enum device_fault fault,
		   struct error *err);

/* ---- cables ---- */

/*
 * Plugs the cable of a network card in or out: by the card's name or by that of the network behind
 * it. It stays so through resets. -ENOENT: there is none, -ENOTSUP: that is no card, or it has no
 * network; each with a sentence.
 */
int control_set_link(struct machine *m, const char *name, bool up, struct error *err);

#endif
