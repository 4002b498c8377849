// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * platform: drivers of the board's small devices without an operating system. A word on
 * the command line says which: panic, crash, fwcfg.
 *
 * Prints a line for each thing that works. Ends with 0, or with the number of the line
 * that went wrong.
 */
#include "tests/guests/platform/platform.h"

static unsigned int line;

void check(bool ok, const char *what)
{
	line++;
	print("platform: %s: %s\n", what, ok ? "ok" : "WRONG");
	if (!ok)
		debug_exit((uint8_t)line);
}

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

/* ---- all of it ---- */

static const struct {
	const char *name;
	void (*run)(void);
} drills[] = {
	{ "fwcfg", fw_cfg_drill },
	{ "panic", panic_drill },
	{ "crash", crash_drill },
};

void cpu_main(struct percpu *cpu)
{
	(void)cpu;
}

static void no_interrupt(struct frame *frame)
{
	(void)frame;
	interrupt_done();
}

void kernel_main(uint32_t start_info, uint32_t zero_page)
{
	kit_init(start_info, zero_page);
	cpu_init(0);
	timer_init(100, no_interrupt); /* masks the 8259s; the timer is never started */
	for (size_t i = 0; i < ARRAY_SIZE(drills); i++)
		if (option_flag(drills[i].name))
			drills[i].run();
	debug_exit(0);
}
