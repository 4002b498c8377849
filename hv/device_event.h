/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What devices do, told to those who look inside: traces and stops.
 *
 *   register access ---.                            .--> ring (device_trace.h)
 *   DMA ---------------+--> counters --> tapped? ---+
 *   interrupt ---------'                 no: done   '--> stops (device_break.h)
 *
 * A device is tapped while it is traced or a stop is set on it. When it is not, an event costs a
 * counter and a branch.
 */
#ifndef HV_DEVICE_EVENT_H
#define HV_DEVICE_EVENT_H

#include "hv/device.h"

enum device_event_kind {
	DEVICE_READ,	  /* the guest has read a register */
	DEVICE_WRITE,	  /* … is about to write one: what that causes comes after it */
	DEVICE_DMA_READ,  /* the device has read memory */
	DEVICE_DMA_WRITE, /* … has written it */
	DEVICE_IRQ_UP,	  /* it raises its line */
	DEVICE_IRQ_DOWN,  /* … lowers it, as a rule because the driver has acknowledged */
	DEVICE_IRQ_MSG,	  /* it sends a message (MSI) */
	DEVICE_FAULT,	  /* what was injected has happened */
	DEVICE_EVENT_KINDS,
};

struct device_event {
	enum device_event_kind kind;
	const struct reg *reg; /* of an access; NULL: there is none at `addr` */
	const char *text;      /* DEVICE_FAULT: which; lives as long as the program */
	unsigned n;	       /* which one of an array of registers */
	uint64_t value;	       /* of the whole register; GSI of a line; data of a message */
	uint64_t addr, len; /* DMA; an access without a register: its place in the register space;
			     * a message: where to */
	/* By device_tell(): */
	uint64_t time; /* ns of CLOCK_MONOTONIC */
	uint64_t pc; /* linear, as at the exit: at a write to memory it may be past the instruction
		      */
	int vcpu;    /* whose instruction it was, or caused it; -1: nobody's, the device's own */
};

enum device_tap {
	DEVICE_TAP_TRACE = 1,
	DEVICE_TAP_BREAK = 2,
};

/*
 * How the devices' side learns of processors: machine.device_observer, NULL where there are none.
 * Any thread.
 */
struct device_observer {
	/* Whose instruction is being executed on this thread; false: nobody's. */
	bool (*where)(int *vcpu, uint64_t *pc);
	/* Stops the machine for the device breakpoint @id. */
	void (*stop)(struct machine *m, int id, const char *text);
};

void device_look_init(struct device *dev);
void device_look_destroy(struct device *dev);

static inline bool device_is_tapped(const struct device *dev)
{
	return __builtin_expect(__atomic_load_n(&dev->look.taps, __ATOMIC_RELAXED), 0);
}
/* Its doorbells are then seen, too (hv/doorbell.h). Loop thread; the device's lock is not held. */
void device_tap(struct device *dev, enum device_tap tap, bool on);
/* Tells those who look. Any thread, the device's lock held or not. */
void device_tell(struct device *dev, struct device_event *ev);

/* Counts and tells. Any thread. */
void device_saw_dma(struct device *dev, uint64_t gpa, uint64_t len, bool write);
void device_saw_irq(struct device *dev, int gsi, bool level);
void device_saw_msg(struct device *dev, uint64_t addr, uint32_t data);

/* "edu0.dma_cmd <- 0x01 [START]", "edu0: 64 bytes read from 0x113000", "edu0: interrupt 11 up". */
void device_event_format(const struct device *dev, const struct device_event *ev,
			 struct strbuf *out);

/* A counter that several threads may move, and one that the device's lock guards. */
static inline void device_count_add(uint64_t *count, uint64_t by)
{
	__atomic_add_fetch(count, by, __ATOMIC_RELAXED);
}
static inline void device_count_locked(uint64_t *count)
{
	__atomic_store_n(count, *count + 1, __ATOMIC_RELAXED);
}
struct device_counts device_counts_get(const struct device *dev);

#endif
