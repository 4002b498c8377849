// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The timer and interrupts between processors: each CPU's local APIC (SDM
 * volume 3, chapter 11), or the PIT through the 8259 where there is no APIC.
 *
 * The rate of the APIC's timer is known under KVM (1 GHz, or what leaf
 * 0x40000010 says); elsewhere it is measured against the PIT.
 */
#include "tests/guests/kit/kit.h"

#define APIC_BASE    0xfee00000ull
#define APIC_TPR     0x080
#define APIC_EOI     0x0b0
#define APIC_SVR     0x0f0
#define APIC_ICR_LOW 0x300
#define APIC_ICR_HI  0x310
#define APIC_LVT     0x320
#define APIC_INITIAL 0x380
#define APIC_CURRENT 0x390
#define APIC_DIVIDE  0x3e0

#define SVR_ENABLE	 0x100
#define LVT_MASKED	 0x10000
#define LVT_PERIODIC	 0x20000
#define DIVIDE_BY_1	 0xb
#define ICR_FIXED	 0x04000 /* with the level bit, as for every IPI but INIT's end */
#define ICR_INIT	 0x04500
#define ICR_STARTUP	 0x04600
#define ICR_PENDING	 0x01000
#define ICR_ALL_BUT_SELF 0xc0000

#define PIT_HZ	     1193182
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIC1	     0x20
#define PIC2	     0xa0

#define KVM_TIMER_HZ 1000000000

const char *timer_name;
static unsigned int timer_hz;
static uint64_t apic_hz;

static void apic_write(unsigned int reg, uint32_t value)
{
	*(volatile uint32_t *)(APIC_BASE + reg) = value;
}

static uint32_t apic_read(unsigned int reg)
{
	return *(volatile uint32_t *)(APIC_BASE + reg);
}

bool apic_present(void)
{
	return cpuid(1).edx & 1 << 9;
}

/* Both 8259s: vectors from VECTOR_PIC on, and only the IRQs of `open` let through. */
static void pic_init(uint16_t open)
{
	static const struct {
		uint16_t port;
		uint8_t value;
	} sequence[] = {
		{ PIC1, 0x11 },		  { PIC2, 0x11 }, /* ICW1: ICW4 follows */
		{ PIC1 + 1, VECTOR_PIC }, { PIC2 + 1, VECTOR_PIC + 8 },
		{ PIC1 + 1, 0x04 },	  { PIC2 + 1, 0x02 }, /* the cascade at IRQ 2 */
		{ PIC1 + 1, 0x01 },	  { PIC2 + 1, 0x01 }, /* 8086 mode */
	};

	for (size_t i = 0; i < ARRAY_SIZE(sequence); i++)
		outb(sequence[i].port, sequence[i].value);
	outb(PIC1 + 1, ~open);
	outb(PIC2 + 1, ~open >> 8);
}

static void pit_set(uint16_t reload)
{
	outb(PIT_COMMAND, 0x34); /* channel 0, both bytes, mode 2: rate generator */
	outb(PIT_CHANNEL0, reload);
	outb(PIT_CHANNEL0, reload >> 8);
}

static uint16_t pit_read(void)
{
	uint8_t low;

	outb(PIT_COMMAND, 0x00); /* latch channel 0 */
	low = inb(PIT_CHANNEL0);
	return low | inb(PIT_CHANNEL0) << 8;
}

/* How far the APIC's timer counts down in 10 ms of the PIT's. */
static uint64_t measure_apic_hz(void)
{
	const uint16_t goal = PIT_HZ / 100;
	unsigned int tries = 1000000;
	uint16_t first;
	uint32_t counted;

	pit_set(0);
	first = pit_read();
	apic_write(APIC_INITIAL, 0xffffffff);
	while ((uint16_t)(first - pit_read()) < goal && --tries)
		;
	counted = 0xffffffff - apic_read(APIC_CURRENT);
	apic_write(APIC_INITIAL, 0);
	return tries ? counted * 100ull : KVM_TIMER_HZ;
}

static uint64_t find_apic_hz(void)
{
	struct cpuid r = cpuid(0x40000000);

	if (!(cpuid(1).ecx >> 31) || r.ebx != 0x4b4d564b) /* "KVMK" */
		return measure_apic_hz();
	if (r.eax >= 0x40000010)
		r = cpuid(0x40000010);
	else
		r.ebx = 0;
	return r.ebx ? r.ebx * 1000ull : KVM_TIMER_HZ;
}

static void apic_enable(void)
{
	apic_write(APIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT, LVT_MASKED | VECTOR_TIMER);
	apic_write(APIC_DIVIDE, DIVIDE_BY_1);
}

void timer_init(unsigned int hz, handler_fn *handler)
{
	timer_hz = hz;
	if (apic_present()) {
		timer_name = "local APIC";
		pic_init(0);
		apic_enable();
		apic_hz = find_apic_hz();
		set_handler(VECTOR_TIMER, handler);
	} else {
		timer_name = "PIT";
		set_handler(VECTOR_PIC, handler);
	}
}

void timer_start(void)
{
	if (apic_present()) {
		apic_enable();
		apic_write(APIC_LVT, LVT_PERIODIC | VECTOR_TIMER);
		apic_write(APIC_INITIAL, apic_hz / timer_hz);
	} else {
		pit_set(PIT_HZ / timer_hz);
		pic_init(1 << 0);
	}
}

void interrupt_done(void)
{
	if (apic_present())
		apic_write(APIC_EOI, 0);
	else
		outb(PIC1, 0x20);
}

static void icr_write(uint32_t destination, uint32_t command)
{
	uint64_t flags = irq_save();

	while (apic_read(APIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
	apic_write(APIC_ICR_HI, destination << 24);
	apic_write(APIC_ICR_LOW, command);
	irq_restore(flags);
}

void ipi_send(unsigned int cpu, uint8_t vector)
{
	icr_write(cpu, ICR_FIXED | vector);
}

void apic_broadcast_init(void)
{
	icr_write(0, ICR_ALL_BUT_SELF | ICR_INIT);
}

void apic_broadcast_startup(uint8_t page)
{
	icr_write(0, ICR_ALL_BUT_SELF | ICR_STARTUP | page);
}

/* Before timer_start(): the timer counts down once, without an interrupt. */
void apic_delay_us(unsigned int us)
{
	apic_write(APIC_INITIAL, apic_hz / 1000000 * us);
	while (apic_read(APIC_CURRENT))
		cpu_relax();
}
