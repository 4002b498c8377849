/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vCPUs that come and go while the guest runs.
 *
 *   coming   control_vcpu_add(): the vCPU is made, waits for its start-up IPI --> the guest is told
 *   going    control_vcpu_remove(): the guest is asked --> it takes the processor out of use, and
 *            ejects it: machine_eject_vcpu() --> the vCPU is unmade
 *
 * Between the two stands a device (devices/cpu_hotplug.c): it tells the guest, and hears of an
 * eject. A guest can eject a processor without being asked.
 */
#ifndef HV_HOTPLUG_H
#define HV_HOTPLUG_H

struct machine;

/* A device that the guest hears of it by; loop thread. */
struct cpu_hotplug {
	/* vCPU @cpu is there now. */
	void (*added)(void *opaque, int cpu);
	/* Asks for it back. */
	void (*remove)(void *opaque, int cpu);
	void *opaque;
};

/*
 * The guest has given vCPU @cpu up. Returns at once; the vCPU is unmade on the loop thread. Any
 * thread. Nothing happens when there is none, or it is the first, which stays.
 */
void machine_eject_vcpu(struct machine *m, int cpu);
/* Does what of that is not done yet. Loop thread. */
void hotplug_settle(struct machine *m);

/* A device that raises general-purpose events of ACPI (ACPI 6.5, 4.8.4.1); any thread. */
struct gpe_block {
	void (*raise)(void *opaque, unsigned event);
	void *opaque;
};

#endif
