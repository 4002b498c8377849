// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * multiboot: prints all that a Multiboot 1 loader gave it, checks what the
 * specification promises, and leaves with 0 or with the sum of what was wrong.
 *
 * Built three times from the same source: multiboot.elf (ELF32),
 * multiboot64.elf (the same in an ELF64 file) and multiboot.bin (addresses in
 * the header).
 */
#include <stddef.h>
#include <stdint.h>

#define BOOT_MAGIC   0x2badb002
#define INFO_MEM     (1u << 0)
#define INFO_CMDLINE (1u << 2)
#define INFO_MODS    (1u << 3)
#define INFO_MMAP    (1u << 6)
#define INFO_LOADER  (1u << 9)
#define MMAP_RAM     1

#define CR0_PE	  1u
#define CR0_PG	  (1u << 31)
#define EFLAGS_IF (1u << 9)
#define EFLAGS_VM (1u << 17)

#define UART	  0x3f8
#define EXIT_PORT 0xf4

enum wrong {
	WRONG_MAGIC = 1,
	WRONG_STATE = 2,  /* paging, interrupts, not protected mode */
	WRONG_MEMORY = 4, /* no map, or one in which this code is not in RAM */
	WRONG_MODULE = 8, /* not on a page boundary, or ends before it starts */
	WRONG_DATA = 16,  /* initialised data or zeroed memory is not so */
};

struct info {
	uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
	uint32_t mods_count, mods_addr;
	uint32_t syms[4];
	uint32_t mmap_length, mmap_addr;
	uint32_t drives_length, drives_addr, config_table, boot_loader_name;
};

struct module {
	uint32_t start, end, string, reserved;
};

struct mmap_entry {
	uint32_t size; /* of what follows */
	uint64_t base, length;
	uint32_t type;
} __attribute__((packed));

void multiboot_main(uint32_t magic, const struct info *info, uint32_t cr0, uint32_t eflags);

/* For the test of how the image was loaded. */
static volatile uint32_t initialised = 0x600dda7a;
static volatile uint32_t zeroed[1024];

static void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void put(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			outb(UART, '\r');
		outb(UART, *text);
	}
}

static void put_hex(const char *before, uint64_t n)
{
	int shift = 60;

	put(before);
	put("0x");
	while (shift && !(n >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		outb(UART, "0123456789abcdef"[n >> shift & 15]);
}

static const void *at(uint32_t address)
{
	return (const void *)(uintptr_t)address;
}

static unsigned int check_map(const struct info *info)
{
	uint32_t here = (uintptr_t)&initialised;
	unsigned int result = WRONG_MEMORY;

	for (uint32_t off = 0; off + sizeof(struct mmap_entry) <= info->mmap_length;) {
		const struct mmap_entry *e = at(info->mmap_addr + off);

		put_hex("mmap ", e->base);
		put_hex(" + ", e->length);
		put_hex(" type ", e->type);
		put("\n");
		if (e->type == MMAP_RAM && e->base <= here && here < e->base + e->length)
			result = 0;
		off += e->size + sizeof(e->size);
	}
	return result;
}

static unsigned int check_modules(const struct info *info)
{
	const struct module *mods = at(info->mods_addr);
	unsigned int result = 0;

	for (uint32_t i = 0; i < info->mods_count; i++) {
		put_hex("module ", mods[i].start);
		put_hex(" to ", mods[i].end);
		put(" \"");
		put(mods[i].string ? at(mods[i].string) : "");
		put("\"");
		if (mods[i].end >= mods[i].start + 4)
			put_hex(" begins ", *(const uint32_t *)at(mods[i].start));
		put("\n");
		if (mods[i].start & 4095 || mods[i].end < mods[i].start)
			result = WRONG_MODULE;
	}
	return result;
}

static unsigned int check_memory(const struct info *info)
{
	if (info->flags & INFO_MEM) {
		put_hex("lower ", info->mem_lower);
		put_hex(" KiB, upper ", info->mem_upper);
		put(" KiB\n");
	}
	return info->flags & INFO_MMAP ? check_map(info) : WRONG_MEMORY;
}

static unsigned int check_image(void)
{
	uint32_t all = 0;

	for (size_t i = 0; i < sizeof(zeroed) / sizeof(zeroed[0]); i++)
		all |= zeroed[i];
	return initialised == 0x600dda7a && !all ? 0 : WRONG_DATA;
}

void multiboot_main(uint32_t magic, const struct info *info, uint32_t cr0, uint32_t eflags)
{
	unsigned int wrong = check_image();

	put_hex("multiboot: magic ", magic);
	put_hex(" cr0 ", cr0);
	put_hex(" eflags ", eflags);
	if (magic != BOOT_MAGIC) {
		put("\nmultiboot: not by this protocol\n");
		outb(EXIT_PORT, WRONG_MAGIC);
		return;
	}
	put_hex(" flags ", info->flags);
	put("\n");
	if (!(cr0 & CR0_PE) || cr0 & CR0_PG || eflags & (EFLAGS_IF | EFLAGS_VM))
		wrong |= WRONG_STATE;
	if (info->flags & INFO_CMDLINE) {
		put("cmdline \"");
		put(at(info->cmdline));
		put("\"\n");
	}
	if (info->flags & INFO_LOADER) {
		put("loader \"");
		put(at(info->boot_loader_name));
		put("\"\n");
	}
	wrong |= check_memory(info);
	if (info->flags & INFO_MODS)
		wrong |= check_modules(info);
	put_hex("multiboot: wrong ", wrong);
	put("\n");
	outb(EXIT_PORT, wrong);
}
