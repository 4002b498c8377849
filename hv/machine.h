/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine: everything one guest has, and who guards it.
 */
#ifndef HV_MACHINE_H
#define HV_MACHINE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "hv/bus.h"
#include "hv/chardev.h"
#include "hv/control.h"
#include "hv/device.h"
#include "hv/error.h"
#include "hv/loop.h"
#include "hv/memory.h"
#include "hv/timer.h"

#define MACHINE_MAX_VCPUS  255
#define MACHINE_VCPU_WORDS 8 /* of a bit each */

struct boot_image;
struct catches;
struct balloon;
struct cpu_hotplug;
struct gpe_block;
struct keyboard;
struct device_observer;
struct device_stops;
struct arch_vm;
struct debug;
struct dma_observer;
struct kvm_caps;
struct profile;
struct queued_event;
struct recorder;
struct pci_bus;
struct irqs;
struct netdev;
struct symbols;

/* What happens when the person presses the power button; loop thread. */
struct power_button {
	void (*press)(void *opaque);
	void *opaque;
};

/* What becomes of a guest that says it panicked. */
enum panic_action {
	PANIC_PAUSE, /* it is stopped: look */
	PANIC_NONE,  /* it goes on as it wants to */
	PANIC_SHUTDOWN,
	PANIC_EXIT_FAILURE, /* … with exit status 1 */
};

/* A file for the guest (fw_cfg): what is in the host's file @path, or @text when that is NULL. */
struct machine_blob {
	const char *name;
	const char *path, *text;
};

/* A disk image that a device may be given: `-device virtio-blk,drive=ID`. */
struct machine_drive {
	const char *id, *file;
	bool readonly;	   /* nobody writes to it, and the guest is told so */
	bool snapshot;	   /* what the guest writes is gone when the program ends */
	bool format_given; /* as raw, whatever it looks like */
	enum drive_cache {
		DRIVE_WRITEBACK,    /* on the medium when the guest flushes */
		DRIVE_WRITETHROUGH, /* … when a write is complete */
		DRIVE_UNSAFE,	    /* … when the host wants to */
	} cache;
	enum drive_aio {
		DRIVE_IO_URING, /* threads where there is none */
		DRIVE_THREADS,
	} aio;
};

/* What the command line asked for. Strings are the caller's and outlive the machine. */
struct machine_config {
	const char *name;
	struct loop *loop; /* the caller's, for chardevs made before the machine; NULL: its own */
	uint64_t ram_size;
	struct memory_backing ram_backing;
	unsigned vcpus;	    /* at start */
	unsigned max_vcpus; /* >= vcpus */
	const char *cpu;    /* "host,+feat,-feat"; NULL: host */
	const char *kernel; /* path; NULL with kernel_data: an image in memory */
	const void *kernel_data;
	size_t kernel_size;
	const char *symbols; /* path; NULL: the kernel's own */
	const char *initrd;
	const char *append;
	const char *const *modules; /* multiboot modules "PATH args"; ends with NULL; may be NULL */
	const char *serial[4]; /* DEVs; NULL: none. "mux" as resolved by the command line stays out
				  of here */
	struct chardev
		*serial_chardev[4]; /* instead of a DEV: a user of a mux, say; the port owns it */
	const char *const *devices; /* what -device names; ends with NULL; may be NULL */
	const char *const *netdevs; /* what -netdev names; the same */
	const struct machine_drive *drives; /* ends with one without an id; may be NULL */
	const struct machine_blob *fw_cfg;  /* ends with one without a name; may be NULL */
	const char *debugcon;		    /* DEV for port 0xe9; NULL: none */
	bool no_reboot;			    /* a reset ends the program */
	bool no_acpi;			    /* the guest is given no ACPI tables */
	bool start_paused;		    /* -S */
	enum panic_action on_panic;
};

struct machine {
	const struct machine_config *cfg;
	int kvm_fd, vm_fd;
	struct kvm_caps *caps;
	struct loop *loop;
	struct hv_timers *timers;
	struct memory *ram;
	struct bus pio, mmio;
	struct irqs *irqs;
	struct pci_bus *pci;
	struct device *devices;
	struct netdev *netdevs;
	unsigned network_cards;		   /* so far, for their addresses */
	struct power_button *power_button; /* a device's; NULL: there is none */
	struct keyboard *keyboard;	   /* the same (hv/keyboard.h) */
	struct cpu_hotplug *cpu_hotplug;   /* … (hv/hotplug.h) */
	struct gpe_block *gpe;
	struct block *blocks;	 /* disks (hv/block.h) */
	struct balloon *balloon; /* a device's (hv/balloon.h) */
	struct arch_vm *arch;
	struct boot_image *boot;	/* what a reset loads anew */
	struct symbols *symbols;	/* of the kernel; NULL: none known */
	struct debug *debug;		/* breakpoints; debug.c */
	const struct dma_observer *dma; /* … and who sees devices' accesses; NULL: nobody */
	struct catches *catches;	/* catch.c */
	const struct device_observer *device_observer; /* device_event.h */
	struct device_stops *device_stops;
	struct control_client *clients;
	struct profile *profile; /* NULL: none was ever taken; loop thread */
	unsigned record_topics;	 /* of record.h, a bit each; atomic */
	uint64_t packets[2];	 /* of gdb's: received, sent; loop thread */
	struct recorder *record; /* … NULL: nothing was ever recorded; atomic */

	/*
	 * run_lock guards the run state, every vCPU's run fields and work queues.
	 * Taken after devices' locks; nothing is taken inside it. run_cond: something in
	 * it changed (a vCPU came out, work is done, vCPUs may run).
	 */
	pthread_mutex_t run_lock;
	pthread_cond_t run_cond;
	enum run_state state;
	bool stop_pending; /* vCPUs are leaving; the loop thread will tell why */
	struct control_client
		*nonstop;	    /* who asked that vCPUs stop one by one; NULL: all together */
	unsigned in_guest;	    /* vCPUs with in_guest set */
	unsigned exclusive_next;    /* exclusive sections are first come, first served: */
	unsigned exclusive_serving; /* … equal to exclusive_next when nobody has or wants one */
	unsigned exclusive_depth;   /* 0: nobody has it */
	unsigned steppers;	    /* vCPUs that want it for one instruction */
	pthread_t exclusive_owner;
	struct vcpu *vcpus[MACHINE_MAX_VCPUS];

	/* Loop thread only. */
	struct stop last_stop;
	int focus;	 /* vCPU that a pause is reported for */
	bool clocks_run; /* the guest's */
	bool step_irq; /* read by vCPU threads while they are in an exclusive section or stopped */
	bool ever_ran; /* since the last reset */
	uint64_t reset_time; /* on HV_CLOCK_GUEST */
	struct exit_notifier *exit_notifiers;
	int parked_fds[MACHINE_MAX_VCPUS]; /* KVM cannot delete a vCPU: kept for the next one of
					      that number */

	uint32_t ejected[MACHINE_VCPU_WORDS]; /* vCPUs that the guest gave up; atomic */
	bool coalescing;		      /* a coalesced zone exists; atomic */
	bool reset_requested;		      /* by the guest and not done yet; atomic */
	bool reset_caught;  /* … and a catchpoint holds it until the guest is resumed; atomic */
	bool panic_posted;  /* a line about a panic waits to be said; atomic */
	bool end_requested; /* by the guest: the program is about to end; atomic */
	int requested_exit; /* … with this; written before the post that reads it */
	struct queued_event *events;	    /* that clients have yet to be told; control.c */
	struct control_client *notify_next; /* … and who is told next */
	bool notifying;
	int exit_code; /* of the program */
	bool quitting;
};

/*
 * Makes everything up to "vCPUs exist, image is loaded, nothing ran". Calling thread becomes
 * the loop thread. Frees all on failure.
 */
int machine_create(struct machine **out, const struct machine_config *cfg, struct error *err);
void machine_destroy(struct machine *m);
/* The loop until control_quit(); the exit status of the program. */
int machine_run(struct machine *m);

/* Called when the machine ends, in reverse order of registration. Loop thread. */
struct exit_notifier {
	void (*fn)(void *opaque);
	void *opaque;
	struct exit_notifier *next;
};
void machine_add_exit_notifier(struct machine *m, struct exit_notifier *n);
void machine_remove_exit_notifier(struct machine *m, struct exit_notifier *n);

/* Loads the image and puts every vCPU at its first instruction. Loop thread, stopped. */
int machine_load(struct machine *m, struct error *err);

/*
 * Called from devices and exits, any thread: what a guest can do to the whole machine. They return
 * at once; the deed is done on the loop thread, and until then no vCPU executes another
 * instruction.
 */
void machine_request_reset(struct machine *m);
/* The guest is resumed: does the reset that a catchpoint held, if there is one. Loop thread. */
void machine_release_reset(struct machine *m);
void machine_request_shutdown(struct machine *m, const char *why);
/*
 * The guest's kernel says that it panicked: done is what cfg->on_panic says, or it is stopped
 * because a catchpoint wants that. With @crash_kernel it has another that takes over, and goes on.
 * On a vCPU's thread, in an exit's handler or a bus's callback. panic.c.
 */
void machine_guest_panicked(struct machine *m, bool crash_kernel);
/* The guest ends the program with this status (debug-exit port). */
void machine_request_exit(struct machine *m, int code);
/* Whether the guest has asked for one of those, and it is not done yet. Any thread. */
bool machine_is_over(const struct machine *m);

#endif
