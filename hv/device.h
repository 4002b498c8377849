/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the machine knows about a device.
 *
 * A device declares itself with DEVICE_CLASS(): the class lands in a linker
 * section, so that the build list alone decides which devices exist. Its
 * registers are a table (struct reg): the table serves the dispatch of plain
 * registers, `info device`, traces, register breakpoints and tests.
 *
 *   bus range --> register space (offsets of the table) --> struct reg --> state
 *
 * A device has one register space. Each of its bus ranges shows a part of it;
 * parts that no range shows are reached through another register (the bytes
 * of a clock chip behind its index port) with device_space_read/write().
 */
#ifndef HV_DEVICE_H
#define HV_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/bus.h"
#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;
struct device;
struct optlist;
struct doorbell;
struct machine_config;
struct pci_func;

enum reg_access {
	REG_RW,	 /* plain: dispatch reads and writes the state by itself */
	REG_RO,	 /* the guest's writes are ignored */
	REG_WO,	 /* reads as zero for the guest */
	REG_W1C, /* writing a one clears the bit */
};

struct reg_field {
	const char *name;
	uint8_t lo, hi; /* bits, inclusive */
	/* Names of the values 0, 1, … 2^(hi-lo+1)-1; NULL: a number. A NULL among them: that one is
	 * a number. */
	const char *const *values;
};

/*
 * One register. With @read/@write NULL, dispatch does what @access says on the
 * device's state at @state_offset.
 *
 * Two registers may share an offset: one of them is REG_RO and the other REG_WO,
 * or @visible (NULL: always) tells which one is meant now (a 16550's DLAB).
 *
 * All callbacks run with the device's lock held.
 */
struct reg {
	const char *name;
	uint64_t offset; /* in the device's register space */
	uint8_t width;	 /* bytes: 1, 2, 4, 8 */
	enum reg_access access;
	bool keep;	/* battery-backed: a reset of the machine leaves it alone */
	uint16_t count; /* an array of this many, plain; 0: one register */
	uint64_t reset;
	size_t state_offset; /* of an unsigned integer of @width bytes in the device's struct; 0: it
				has none */
	const struct reg_field *fields; /* ends with a row whose name is NULL; NULL: none */
	const char *help;
	bool (*visible)(const struct device *dev, bool write);
	/* NULL: what a peek gives. */
	uint64_t (*read)(struct device *dev, const struct reg *reg);
	void (*write)(struct device *dev, const struct reg *reg, uint64_t value);
	/* The value without side effects; NULL: the state at state_offset, or @reset when there is
	 * none. */
	uint64_t (*peek)(const struct device *dev, const struct reg *reg);
};

/* For the rows: where a register's state is, and how wide. */
#define REG_STATE(type, member) .state_offset = offsetof(type, member)
#define REG_BIT(name_, bit_)                          \
	{                                             \
		.name = name_, .lo = bit_, .hi = bit_ \
	}
#define REG_BITS(name_, hi_, lo_)                   \
	{                                           \
		.name = name_, .lo = lo_, .hi = hi_ \
	}

struct device_class {
	const char *name; /* "serial16550": unique, the file's name */
	const char *stem; /* "serial": its devices are serial0, serial1, …; ends with no digit */
	const char *help; /* one line */
	const char *compatible; /* for the device tree; NULL: not in it */
	size_t size;		/* of the struct that begins with a struct device */
	unsigned faults; /* bits of enum device_fault that it sees to itself (hv/device_fault.h) */
	uint64_t space;	 /* bytes of register space: every offset of @regs is below it */
	const struct reg *regs; /* ends with a row whose name is NULL */
	/*
	 * How many of these the machine has unless told otherwise, and where. NULL: none
	 * by default. Called once per class at machine creation; adds devices with
	 * device_add().
	 */
	int (*probe)(struct machine *m, const struct machine_config *cfg, struct error *err);
	/* One more, for `-device NAME,…`, after all probes; NULL: not to be asked for. The caller
	 * sees to options that nobody has asked for. */
	int (*add)(struct machine *m, struct optlist *opts, struct error *err);
	/* Acquire chardevs, timers. The state holds the reset values; ranges are mapped after it.
	 */
	int (*create)(struct device *dev, struct error *err);
	/* Ranges are unmapped; only after a create that succeeded. No lock held. */
	void (*destroy)(struct device *dev);
	/* Beyond loading the reset values of the table; also once after create. Device lock held.
	 */
	void (*reset)(struct device *dev);
	/* Adds properties to the device's node; @fdt is open at it (libfdt sequential write). 0 or
	 * a libfdt error. */
	int (*fdt)(struct device *dev, void *fdt);
	/* The cable of a network card is plugged in or out; NULL: it is none. Loop thread, no lock
	 * held. Negative with a sentence. */
	int (*set_link)(struct device *dev, bool up, struct error *err);
	/* What `info device` shows behind the registers; NULL: nothing. No lock held, no side
	 * effects. */
	void (*describe)(struct device *dev, struct strbuf *out);
};

#define DEVICE_MAX_RANGES 6

struct device_trace;
struct device_break;

/* Who is told of what the device does. */
struct device_look {
	unsigned taps; /* atomic: enum device_tap; 0: nobody, which is what is quick */
	pthread_mutex_t
		lock; /* guards the two after it; the last to be taken, PCI's lock may be held */
	struct device_trace *trace;
	struct device_break *breaks;
};

/* What a device has done since the machine was made; a reset does not clear it. Read with
 * device_count_get(). */
struct device_counts {
	uint64_t reads, writes;	  /* of the guest, register by register */
	uint64_t irqs;		  /* times that the line was raised, and messages sent */
	uint64_t acks;		  /* times that the line was lowered again */
	uint64_t dma_in, dma_out; /* bytes that it has read from memory, and written to it */
};

struct device_range {
	struct bus_range bus; /* bus.opaque is this struct */
	struct device *dev;
	bool is_pio;
	bool mapped;	/* atomic */
	uint64_t space; /* offset in the register space that the range begins with */
};

struct device {
	const struct device_class *cls;
	char name[24]; /* "serial0": unique in the machine */
	int index;     /* the number in it */
	struct machine *m;
	/*
	 * Guards everything after this struct. Lock order: a device's lock is taken
	 * with no other lock held except the bus's, and no run-state lock is
	 * taken inside it.
	 */
	pthread_mutex_t lock;
	const struct reg *regs; /* the class's, behind those that its bus has given it */
	struct reg *own_regs;	/* the same when there are any; NULL: the class's table */
	/* How an operating system that cannot probe for it learns of it; NULL: not so. */
	const char *compatible; /* in the device tree; the class's unless its bus knows better */
	const char *acpi_id;	/* _HID of an object in the SSDT, with its first range and its line;
				   the DSDT has its own */
	int irq;		/* GSI, or -1 */
	bool irq_is_level;	/* … for a driver that has to be told; else it is an edge */
	bool dma;		/* it accesses memory, and is not on PCI */
	struct pci_func *pci;	/* part of the device; NULL: it is not on PCI */
	struct doorbell *doorbells; /* hv/doorbell.h */
	unsigned doorbells_shown;   /* how many want to see them rung */
	unsigned range_count;
	struct device_range ranges[DEVICE_MAX_RANGES];
	struct device_counts counts; /* atomic */
	struct device_look look;     /* who is told of its accesses (device_event.h) */
	bool line;		     /* what device_irq_set() has set */
	unsigned faults;	     /* atomic: bits of enum device_fault (hv/device_fault.h) */
	struct device *next;
};

/* Registers a class. At file scope in devices/NAME.c. */
#define DEVICE_CLASS(cls_)                                   \
	static const struct device_class *const cls_##_entry \
		__attribute__((used, section("vitrine_devices"), aligned(sizeof(void *)))) = &cls_

/*
 * Every class in the program, in the linker's order; @count may be NULL. A
 * program that takes classes from an archive links it with --whole-archive.
 */
const struct device_class *const *device_classes(size_t *count);

/*
 * Makes the next device of @cls and maps its first range, which shows the register space from
 * offset 0 on. @irq is a GSI or -1. The machine owns it. Loop thread, guest not
 * running. NULL with a sentence on failure.
 */
struct device *device_add(struct machine *m, const struct device_class *cls, bool is_pio,
			  uint64_t base, uint64_t len, int irq, struct error *err);
/* The same without a range: a device on PCI (hv/pci.h). */
struct device *device_new(struct machine *m, const struct device_class *cls, int irq,
			  struct error *err);
/*
 * A range that comes and goes: made, then mapped and unmapped while the guest runs, by one thread
 * at a time and not in a bus's callback. NULL with a sentence when the device has too many;
 * device_map_range() gives bus_add()'s errors.
 */
struct device_range *device_prepare_range(struct device *dev, bool is_pio, uint64_t len,
					  uint64_t space, struct error *err);
int device_map_range(struct device_range *range, uint64_t base);
void device_unmap_range(struct device_range *range);
/* Any thread: what was true a moment ago. */
bool device_is_mapped(const struct device_range *range);
/* Maps one more range, which shows the register space from @space on. The same rules; 0 or negative
 * errno. */
int device_add_range(struct device *dev, bool is_pio, uint64_t base, uint64_t len, uint64_t space,
		     struct error *err);
/* The rows of @regs, which stay the caller's, come before those the device has. Once, before a
 * range shows them. -ENOMEM with a sentence. */
int device_add_regs(struct device *dev, const struct reg *regs, struct error *err);
/* All devices: probe of every class, in the order of the classes' names. Frees all on failure. */
int devices_create(struct machine *m, const struct machine_config *cfg, struct error *err);
/* The reverse. Loop thread, no vCPU exists any more. */
void devices_destroy(struct machine *m);
/* Reset values of every table, then each class's own reset. Guest not running. */
void devices_reset(struct machine *m);
struct device *device_find(struct machine *m, const char *name);

/*
 * The register of @dev that an access of the guest at @off of the register space
 * hits, NULL if none: the one with the greatest offset not above @off that covers it,
 * is visible, and takes that direction of access if another there does not. Among equals
 * the first row: an array that fills what the others leave comes last.
 */
const struct reg *device_reg_at(const struct device *dev, uint64_t off, bool write);
/* By name; NULL if none. */
const struct reg *device_reg_find(const struct device *dev, const char *name);
/* The value as a person should see it: no side effects. Takes the device's lock. The first one of
 * an array. */
uint64_t device_reg_peek(struct device *dev, const struct reg *reg);
/* The level of the line @dev->irq; nothing happens when it is that already. Any thread, the
 * device's lock held. A device on PCI has pci_intx_set() for that. */
void device_irq_set(struct device *dev, bool level);

/* "0x60 [THRE TEMT]", "0x1b [WLS=3 PARITY=even]": @value with its fields. */
void device_reg_format(const struct reg *reg, uint64_t value, struct strbuf *out);
/* "lsr = 0x60 [THRE TEMT]" for every register of @dev; an array as rows of 16. Takes the device's
 * lock. */
void device_describe(struct device *dev, struct strbuf *out);

/*
 * An access of the guest to the register space: what a bus range does, for devices with indirect
 * registers. It is traced. Where no register is, it reads as all ones. An access
 * narrower than its register reads a part of it, and writes it with the
 * rest as it is; a wider one is split. Device lock held.
 */
uint64_t device_space_read(struct device *dev, uint64_t off, unsigned size);
void device_space_write(struct device *dev, uint64_t off, unsigned size, uint64_t value);
/* What a read would give, without its side effects. */
uint64_t device_space_peek(struct device *dev, uint64_t off, unsigned size);

#endif
