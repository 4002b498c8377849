// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * platform: drivers of the board's small devices without an operating system. A word on
 * the command line says which: panic, crash, fwcfg, rtc, keyboard, uart (uart.c),
 * cpus.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/platform/platform.h"

/* ---- pvpanic: QEMU's docs/specs/pvpanic.rst ---- */

#define PVPANIC	     0x505
#define PANICKED     0x01
#define CRASH_LOADED 0x02

/* For a debugger: where the guest stands when it has told. */
void panic_told_here(void);

static void tell(uint8_t event)
{
	check((inb(PVPANIC) & event) == event, "pvpanic knows that event");
	asm volatile("outb %0, %1\n\t"
		     ".globl panic_told_here\n"
		     "panic_told_here:"
		     :
		     : "a"(event), "d"((uint16_t)PVPANIC));
	print("platform: the guest went on\n");
}

static void panic_drill(void)
{
	tell(PANICKED);
}

static void crash_drill(void)
{
	tell(CRASH_LOADED);
}

/* ---- fw_cfg: QEMU's docs/specs/fw_cfg.rst ---- */

#define FW_CFG_SELECTOR 0x510
#define FW_CFG_DATA	0x511
#define FW_CFG_DMA	0x514
#define FILE_DIRECTORY	0x19
#define DMA_SELECT	0x08
#define DMA_WRITE	0x10

struct fw_file {
	uint32_t size;
	uint16_t select, reserved;
	char name[56];
};

static void fw_read(uint16_t key, void *buf, size_t size)
{
	outw(FW_CFG_SELECTOR, key);
	insb(FW_CFG_DATA, buf, size);
}

/* The key of the file, 0: there is none. */
static uint16_t fw_find(const char *name, uint32_t *size)
{
	struct fw_file file;
	uint32_t count;

	outw(FW_CFG_SELECTOR, FILE_DIRECTORY);
	insb(FW_CFG_DATA, &count, sizeof(count));
	for (count = __builtin_bswap32(count); count; count--) {
		insb(FW_CFG_DATA, &file, sizeof(file));
		if (strcmp(file.name, name) == 0) {
			*size = __builtin_bswap32(file.size);
			return __builtin_bswap16(file.select);
		}
	}
	return 0;
}

/* A note as Linux has it, and where it is. */
static const struct {
	uint32_t name_size, text_size, type;
	char name[12], text[15];
} vmcoreinfo_note = { 11, 15, 0, "VMCOREINFO", "OSRELEASE=guest" };

static void tell_vmcoreinfo(uint16_t key)
{
	static struct {
		uint16_t host, guest;
		uint32_t size;
		uint64_t address;
	} info;
	static struct {
		uint32_t control, length;
		uint64_t address;
	} volatile request;

	info.guest = 1;
	info.size = sizeof(vmcoreinfo_note);
	info.address = physical_of(&vmcoreinfo_note);
	request.control = __builtin_bswap32((uint32_t)key << 16 | DMA_SELECT | DMA_WRITE);
	request.length = __builtin_bswap32(sizeof(info));
	request.address = __builtin_bswap64(physical_of(&info));
	outl(FW_CFG_DMA + 4, __builtin_bswap32((uint32_t)physical_of(&request)));
	check(request.control == 0, "fw_cfg takes our vmcoreinfo");
}

static void fw_cfg_drill(void)
{
	char signature[5] = "", text[32] = "";
	uint32_t size = 0;
	uint16_t key;

	fw_read(0, signature, 4);
	check(strcmp(signature, "QEMU") == 0, "fw_cfg is there");
	key = fw_find("opt/test", &size);
	check(key && size < sizeof(text), "fw_cfg has our file");
	fw_read(key, text, size);
	print("platform: it says '%s'\n", text);
	key = fw_find("etc/vmcoreinfo", &size);
	check(key && size == 16, "fw_cfg wants our vmcoreinfo");
	tell_vmcoreinfo(key);
}

/* ---- interrupts of the board, by the I/O APIC ---- */

#define IOAPIC	   0xfec00000ull
#define VECTOR_RTC VECTOR_TEST
#define VECTOR_KBD (VECTOR_TEST + 1)

void ioapic_open(uint8_t gsi, uint8_t vector)
{
	static const struct {
		uint8_t half;
		uint8_t shift;
	} halves[] = { { 1, 32 }, { 0, 0 } };
	uint64_t entry = vector; /* an edge, active high, to CPU 0 */

	for (size_t i = 0; i < ARRAY_SIZE(halves); i++) {
		*(volatile uint32_t *)IOAPIC = 0x10 + 2u * gsi + halves[i].half;
		*(volatile uint32_t *)(IOAPIC + 0x10) = (uint32_t)(entry >> halves[i].shift);
	}
}

/* ---- the clock ---- */

#define RTC_A 10
#define RTC_B 11
#define RTC_C 12

static volatile unsigned int rtc_count, rtc_wanted;
static volatile uint8_t rtc_flags;
static unsigned int rtc_linger; /* reads that the handler does between acknowledging and its end */

static uint8_t cmos_read(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

static void cmos_write(uint8_t index, uint8_t value)
{
	outb(0x70, index);
	outb(0x71, value);
}

static void on_rtc(struct frame *frame)
{
	(void)frame;
	rtc_flags |= cmos_read(RTC_C);
	/* Here, because a guest that is slower than the clock's period does not come to anything
	 * else. */
	if (++rtc_count == rtc_wanted)
		cmos_write(RTC_B, 0x02);
	for (unsigned int i = 0; i < rtc_linger; i++)
		cmos_read(RTC_A);
	interrupt_done();
}

/* @enable in register B until @count interrupts have come. */
static bool rtc_interrupts(uint8_t enable, unsigned int count)
{
	cmos_read(RTC_C);
	rtc_count = 0;
	rtc_wanted = count;
	rtc_flags = 0;
	cmos_write(RTC_B, 0x02 | enable);
	for (cli(); rtc_count < count; cli())
		sti_hlt();
	sti();
	return rtc_flags & 0x80;
}

static void rtc_drill(void)
{
	set_handler(VECTOR_RTC, on_rtc);
	ioapic_open(8, VECTOR_RTC);
	cmos_write(RTC_A, 0x26);
	check(rtc_interrupts(0x40, 64) && rtc_flags & 0x40, "the clock interrupts periodically");
	rtc_linger = 2000;
	check(rtc_interrupts(0x40, 4), "also when the next one comes before the handler has ended");
	rtc_linger = 0;
	check(rtc_interrupts(0x10, 1) && rtc_flags & 0x10, "and at the end of a second");
	cmos_write(1, 0xff);
	cmos_write(3, 0xff);
	cmos_write(5, 0xff);
	check(rtc_interrupts(0x20, 1) && rtc_flags & 0x20, "and at its alarm");
}

/* ---- the keyboard, translated ---- */

static uint8_t keys[8];
static volatile unsigned int key_count;

static void on_key(struct frame *frame)
{
	(void)frame;
	if (inb(0x64) & 1 && key_count < sizeof(keys))
		keys[key_count++] = inb(0x60);
	interrupt_done();
}

static void keyboard_drill(void)
{
	static const uint8_t want[] = { 0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d };

	set_handler(VECTOR_KBD, on_key);
	ioapic_open(1, VECTOR_KBD);
	outb(0x64, 0x60);
	outb(0x60, 0x45); /* interrupts, translation */
	print("platform: press ctrl-alt-delete\n");
	for (cli(); key_count < sizeof(want); cli())
		sti_hlt();
	check(!memcmp(keys, want, sizeof(want)), "those were the keys");
}

/* ---- a processor that comes and goes: QEMU's docs/specs/acpi_cpu_hotplug.rst ---- */

#define HOTPLUG_SELECTOR 0xcd8
#define HOTPLUG_FLAGS	 0xcdc
#define HOTPLUG_COMMAND	 0xcdd
#define GPE_STATUS	 0x60c
#define GPE_CPU		 0x04
#define CPU_ENABLED	 0x01
#define CPU_INSERT	 0x02
#define CPU_REMOVE	 0x04
#define CPU_EJECT	 0x08

static uint8_t cpu_flags(uint32_t cpu)
{
	outl(HOTPLUG_SELECTOR, cpu);
	return inb(HOTPLUG_FLAGS);
}

/* As the methods in hv/arch/x86/dsdt.asl do, without the interrupt. */
static void wait_for_event(uint8_t event)
{
	while (!(inb(GPE_STATUS) & GPE_CPU))
		cpu_relax();
	outb(GPE_STATUS, GPE_CPU);
	outl(HOTPLUG_SELECTOR, 0);
	outb(HOTPLUG_COMMAND, 0);
	check(inb(HOTPLUG_FLAGS) & event, "an event of a processor");
	outb(HOTPLUG_FLAGS, event);
}

static void cpus_drill(void)
{
	check(cpu_flags(0) == CPU_ENABLED && cpu_flags(1) == 0, "there is one processor");
	print("platform: plug one\n");
	wait_for_event(CPU_INSERT);
	check(cpu_flags(1) == CPU_ENABLED, "there are two processors");
	machine.nr_cpus = 2;
	smp_start();
	check(cpus_online == 2, "the second one runs");
	print("platform: ask for it back\n");
	wait_for_event(CPU_REMOVE);
	outl(HOTPLUG_SELECTOR, 1);
	outb(HOTPLUG_FLAGS, CPU_EJECT);
	check(cpu_flags(1) == 0, "it is gone");
	print("platform: ejected\n");
	while (!(inb(GPE_STATUS) & GPE_CPU))
		cpu_relax();
}

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*run)(void);
} drills[] = {
	{ "fwcfg", fw_cfg_drill }, { "rtc", rtc_drill },   { "keyboard", keyboard_drill },
	{ "uart", uart_drill },	   { "cpus", cpus_drill }, { "panic", panic_drill },
	{ "crash", crash_drill },
};

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	driver_guest_init("platform", start_info, zero_page);
	for (size_t i = 0; i < ARRAY_SIZE(drills); i++)
		if (option_flag(drills[i].name))
			drills[i].run();
	debug_exit(0);
}
