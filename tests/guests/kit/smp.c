// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The other processors: INIT, then a start-up IPI that names the page of the
 * trampoline (SDM volume 3, 9.4.4). They come up through boot.S into
 * secondary_main() and wait there until all are up and smp_release() is called.
 */
#include "tests/guests/kit/kit.h"

#define WAIT_STEP_US   200
#define WAIT_KNOWN_US  1000000
#define WAIT_NOBODY_US 20000

extern const uint8_t ap_trampoline[], ap_trampoline_end[];

static volatile bool released;

static unsigned int online(void)
{
	return __atomic_load_n(&cpus_online, __ATOMIC_ACQUIRE);
}

/* Waits until `want` CPUs are up. Without a device tree nobody knows how many there will be. */
static bool wait_for(unsigned int want, unsigned int us)
{
	for (; online() < want && us >= WAIT_STEP_US; us -= WAIT_STEP_US)
		apic_delay_us(WAIT_STEP_US);
	return online() >= want;
}

void smp_start(void)
{
	unsigned int want = machine.nr_cpus ? machine.nr_cpus : NR_CPUS;
	unsigned int us = machine.nr_cpus ? WAIT_KNOWN_US : WAIT_NOBODY_US;

	if (want > NR_CPUS)
		want = NR_CPUS;
	if (want < 2 || !apic_present())
		return;
	memcpy((void *)AP_TRAMPOLINE, ap_trampoline, ap_trampoline_end - ap_trampoline);
	apic_broadcast_init();
	apic_delay_us(WAIT_STEP_US);
	apic_broadcast_startup(AP_TRAMPOLINE >> 12);
	if (!wait_for(want, us)) {
		/* As the manual says: once more, for those that missed the first. */
		apic_broadcast_startup(AP_TRAMPOLINE >> 12);
		wait_for(want, us);
	}
}

void smp_release(void)
{
	released = true;
}

void secondary_main(unsigned int id)
{
	cpu_init(id);
	while (!released)
		cpu_relax();
	cpu_main(&cpus[id]);
	halt_forever();
}
