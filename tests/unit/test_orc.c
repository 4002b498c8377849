// SPDX-License-Identifier: GPL-3.0-or-later
/* ORC tables made by hand, of every layout that Linux has had, and such as no kernel would have. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/arch/arch_unwind.h"
#include "hv/symbols.h"

/* ---- a guest: 64 KiB of memory, a kernel of seven functions, a stack ---- */

#define BASE	0xffffffff81000000ull
#define SIZE	0x10000
#define INDEX	(BASE + 0x8000)
#define ENTRIES (BASE + 0x9000)
#define HEADER	(BASE + 0xa000)
#define BANNER	(BASE + 0xa100)
#define STACK	(BASE + 0xc000)
#define WORD(n) (STACK + 8 * (n))
#define USER_CS 0x33

enum reg { UNDEFINED, PREV_SP, DX, DI, BP, SP, R10, R13, BP_INDIRECT, SP_INDIRECT };
enum type { T_UNDEFINED, T_END, T_CALL, T_REGS, T_PARTIAL };

static uint8_t memory[SIZE];
static unsigned reads;

static bool read_guest(void *opaque, uint64_t addr, void *buf, size_t len)
{
	(void)opaque;
	reads++;
	if (addr < BASE || addr - BASE > SIZE || len > SIZE - (addr - BASE))
		return false;
	memcpy(buf, memory + (addr - BASE), len);
	return true;
}

static void put(uint64_t addr, const void *data, size_t len)
{
	memcpy(memory + (addr - BASE), data, len);
}

static void put_word(uint64_t addr, uint64_t value)
{
	put(addr, &value, sizeof(value));
}

/* Which is in force: 1 as of 4.14, 2 as of 6.3, 3 as of 6.4. */
static unsigned version;
static unsigned count;
static struct symbols *symbols;

static uint16_t flags_of(enum reg sp, enum reg bp, enum type type)
{
	unsigned flags = (unsigned)sp | (unsigned)bp << 4;
	bool interrupted = type == T_REGS || type == T_PARTIAL;

	if (version == 3)
		return (uint16_t)(flags | (unsigned)type << 8 | (unsigned)interrupted << 11);
	if (type == T_UNDEFINED || type == T_END)
		return (uint16_t)(type == T_END ? 1u << (version == 2 ? 11 : 10) : 0);
	flags |= (unsigned)(type - T_CALL) << 8;
	return (uint16_t)(flags | (version == 2 ? (unsigned)interrupted << 10 : 0));
}

static void add(uint64_t pc, int sp_offset, int bp_offset, uint16_t flags)
{
	int32_t distance = (int32_t)(pc - (INDEX + 4ull * count));
	int16_t entry[] = { (int16_t)sp_offset, (int16_t)bp_offset, (int16_t)flags };

	put(INDEX + 4ull * count, &distance, sizeof(distance));
	put(ENTRIES + 6ull * count, entry, sizeof(entry));
	count++;
}

static void give_symbols(bool header)
{
	char text[600], path[32];
	int fd = memfd_create("symbols", MFD_CLOEXEC);

	snprintf(text, sizeof(text),
		 "%llx T _stext\n%llx R __start_orc_unwind_ip\n%llx R __stop_orc_unwind_ip\n"
		 "%llx R __start_orc_unwind\n%llx R __stop_orc_unwind\n%llx R linux_banner\n%s",
		 BASE, INDEX, INDEX + 4ull * count, ENTRIES, ENTRIES + 6ull * count, BANNER,
		 header ? "ffffffff8100a000 R __start_orc_header\n" : "");
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	symbols_close(symbols);
	symbols = NULL;
	cr_assert_eq(symbols_open(&symbols, path, NULL), 0);
	close(fd);
}

/* What the functions are called after. */
#define PLAIN	    (BASE + 0x100) /* the return address is 8 bytes up, rbp behind it */
#define FRAMED	    (BASE + 0x200) /* above what rbp points to */
#define FIRST	    (BASE + 0x300) /* a thread's */
#define INTERRUPTED (BASE + 0x400) /* all registers are 16 bytes up */
#define ENTRY	    (BASE + 0x500) /* what the processor pushed is there, and nothing else */
#define SPECIAL	    (BASE + 0x600) /* for a test to say */
#define NOT_KNOWN   (BASE + 0x700)
#define END	    (BASE + 0x800)

static void make(unsigned v, uint16_t special, int special_offset)
{
	static const char *const banners[] = { "", "Linux version 6.1.0-56-amd64 (debian",
					       "Linux version 6.3.0-rc1 (gcc) #1 SMP PREE",
					       "Linux version 6.12.43+deb13 (gcc) #1 SM" };

	memset(memory, 0, sizeof(memory));
	version = v;
	count = 0;
	add(PLAIN, 16, -16, flags_of(SP, PREV_SP, T_CALL));
	add(FRAMED, 16, -16, flags_of(BP, PREV_SP, T_CALL));
	add(FIRST, 0, 0, flags_of(UNDEFINED, UNDEFINED, T_END));
	add(INTERRUPTED, 16, 0, flags_of(SP, UNDEFINED, T_REGS));
	add(ENTRY, 0, 0, flags_of(SP, UNDEFINED, T_PARTIAL));
	add(SPECIAL, special_offset, 0, special);
	add(NOT_KNOWN, 0, 0, flags_of(UNDEFINED, UNDEFINED, T_UNDEFINED));
	add(END, 0, 0, flags_of(UNDEFINED, UNDEFINED, T_UNDEFINED));
	put(BANNER, banners[v], strlen(banners[v]));
	give_symbols(false);
}

static void fini(void)
{
	symbols_close(symbols);
}
TestSuite(orc, .fini = fini);

static struct arch_unwind opened(void)
{
	struct arch_unwind u = { .read = read_guest };

	cr_assert_eq(arch_unwind_open(&u, symbols), 0);
	return u;
}

/* ---- what is right ---- */

Test(orc, calls_are_followed_to_the_first)
{
	for (unsigned v = 1; v <= 3; v++) {
		struct arch_frame f = { .pc = PLAIN + 5, .sp = WORD(0), .fp = 77, .exact = true };
		struct arch_unwind u;

		make(v, 0, 0);
		u = opened();
		put_word(WORD(0), WORD(6));	  /* rbp, saved */
		put_word(WORD(1), FRAMED + 0x40); /* to where it returns */
		put_word(WORD(6), 99);
		/* It returns behind a function's last call. */
		put_word(WORD(7), FIRST + 0x100);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED, "%u", v);
		cr_expect(f.pc == FRAMED + 0x40 && f.sp == WORD(2) && f.fp == WORD(6) && !f.exact);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED, "%u", v);
		cr_expect(f.pc == FIRST + 0x100 && f.sp == WORD(8) && f.fp == 99 && !f.exact);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_NONE, "%u", v);
		cr_expect_eq(f.pc, FIRST + 0x100);
	}
}

/* From a handler through the registers of what it interrupted, which had just been entered. */
Test(orc, interrupts_are_passed)
{
	for (unsigned v = 1; v <= 3; v++) {
		struct arch_frame f = { .pc = INTERRUPTED, .sp = WORD(0), .exact = true };
		struct arch_unwind u;

		make(v, 0, 0);
		u = opened();
		put_word(WORD(2 + 4), 444); /* rbp */
		put_word(WORD(2 + 7), 10);
		put_word(WORD(2 + 12), 2);
		put_word(WORD(2 + 14), 7);
		put_word(WORD(2 + 2), 13);
		put_word(WORD(2 + 16), ENTRY);
		put_word(WORD(2 + 17), 0x10);
		put_word(WORD(2 + 19), WORD(40));
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_INTERRUPTED, "%u", v);
		cr_expect(f.pc == ENTRY && f.sp == WORD(40) && f.fp == 444 && f.exact);
		cr_expect(f.has_regs && f.reg[0] == 2 && f.reg[1] == 7 && f.reg[2] == 10 &&
			  f.reg[3] == 13);
		put_word(WORD(40), PLAIN);
		put_word(WORD(41), 0x10);
		put_word(WORD(43), WORD(50));
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_INTERRUPTED, "%u", v);
		cr_expect(f.pc == PLAIN && f.sp == WORD(50) && f.fp == 444 && f.exact);
		cr_expect(f.has_regs && f.reg[3] == 13, "nobody has changed them yet");
		/* From user mode there is no way on. */
		f = (struct arch_frame){ .pc = ENTRY, .sp = WORD(40), .exact = true };
		put_word(WORD(41), USER_CS);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_NONE, "%u", v);
	}
}

/* A caller that was not interrupted where it stands, but whose address is an instruction's all the
 * same: the signal bit, which there is since 6.3. */
Test(orc, the_signal_bit_is_of_the_caller)
{
	for (unsigned v = 2; v <= 3; v++) {
		struct arch_frame f = { .pc = SPECIAL, .sp = WORD(0), .exact = true };
		struct arch_unwind u;

		version = v;
		make(v,
		     (uint16_t)(flags_of(SP, UNDEFINED, T_CALL) | (v == 2 ? 1u << 10 : 1u << 11)),
		     8);
		u = opened();
		put_word(WORD(0), FIRST);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED, "%u", v);
		cr_expect(f.pc == FIRST && f.exact);
		cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_NONE, "%u", v);
	}
}

Test(orc, other_registers_lead_to_the_stack)
{
	static const enum reg regs[] = { DX, DI, R10, R13 };

	for (unsigned v = 1; v <= 3; v++) {
		for (unsigned i = 0; i < ARCH_UNWIND_REGS; i++) {
			struct arch_frame f = { .pc = SPECIAL, .sp = WORD(0), .exact = true };
			struct arch_unwind u;

			version = v;
			make(v, flags_of(regs[i], UNDEFINED, T_CALL), 0);
			u = opened();
			f.reg[i] = WORD(9);
			put_word(WORD(8), PLAIN + 1);
			cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_UNKNOWN);
			f.has_regs = true;
			cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED);
			cr_expect(f.pc == PLAIN + 1 && f.sp == WORD(9) && !f.has_regs);
		}
	}
}

Test(orc, memory_leads_to_the_stack)
{
	struct arch_frame f = { .pc = SPECIAL, .sp = WORD(100), .exact = true };
	struct arch_unwind u;

	/* The other stack is below this one: what was interrupted by it had run there. */
	version = 3;
	make(3, flags_of(SP_INDIRECT, UNDEFINED, T_CALL), 8);
	u = opened();
	put_word(WORD(100), WORD(10));
	put_word(WORD(10), PLAIN + 1);
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED);
	cr_expect(f.pc == PLAIN + 1 && f.sp == WORD(11));

	f = (struct arch_frame){ .pc = SPECIAL, .sp = WORD(1), .fp = WORD(9), .exact = true };
	make(3, flags_of(BP_INDIRECT, UNDEFINED, T_CALL), -8);
	u = opened();
	put_word(WORD(8), WORD(20));
	put_word(WORD(19), PLAIN + 1);
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED);
	cr_expect(f.pc == PLAIN + 1 && f.sp == WORD(20));
}

/* A pointer to a function was NULL. */
Test(orc, a_call_to_nowhere)
{
	struct arch_frame f = { .sp = WORD(3), .fp = 5, .exact = true };
	struct arch_unwind u;

	make(1, 0, 0);
	u = opened();
	put_word(WORD(3), PLAIN + 1);
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED);
	cr_expect(f.pc == PLAIN + 1 && f.sp == WORD(4) && f.fp == 5);
	f = (struct arch_frame){ .sp = WORD(3) };
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_UNKNOWN);
}

/* ---- which layout ---- */

Test(orc, the_header_goes_before_the_version)
{
	static const uint8_t since_6_4[] = { 0xfe, 0x5d, 0x32, 0xbf, 0x58, 0x1b, 0xd6,
					     0x3b, 0x2c, 0xa9, 0xa5, 0xc6, 0x5b, 0xa5,
					     0xa6, 0x25, 0xea, 0xb3, 0xfe, 0x24 };
	struct arch_frame f = { .pc = PLAIN, .sp = WORD(0), .exact = true };
	struct arch_unwind u = { .read = read_guest };

	/* As in an enterprise kernel, which has an old number. */
	make(3, 0, 0);
	put(BANNER, "Linux version 5.14.0-503", 24);
	put(HEADER, since_6_4, sizeof(since_6_4));
	give_symbols(true);
	u = opened();
	put_word(WORD(1), FRAMED + 1);
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_CALLED);
	/* Of a kernel to come. */
	memory[HEADER - BASE]++;
	cr_expect_eq(arch_unwind_open(&u, symbols), -ENOTSUP);
}

Test(orc, versions_that_are_none)
{
	struct arch_unwind u = { .read = read_guest };

	make(1, 0, 0);
	cr_expect_eq(arch_unwind_open(&u, symbols), 0);
	put(BANNER, "Linux version 3.16.0-4", 22);
	cr_expect_eq(arch_unwind_open(&u, symbols), -ENOTSUP);
	put(BANNER, "Linux version 99999999999999999", 31);
	cr_expect_eq(arch_unwind_open(&u, symbols), -ENOTSUP);
	put(BANNER, "Windows", 8);
	cr_expect_eq(arch_unwind_open(&u, symbols), -ENOTSUP);
}

/* ---- what is wrong ---- */

Test(orc, tables_that_are_none)
{
	struct arch_unwind u = { .read = read_guest };
	unsigned all;

	cr_expect_eq(arch_unwind_open(&u, NULL), -ENOENT);
	make(1, 0, 0);
	all = count;
	count = 1;
	give_symbols(false);
	cr_expect_eq(arch_unwind_open(&u, symbols), -EINVAL, "nothing ends it");
	count = 1u << 25;
	give_symbols(false);
	cr_expect_eq(arch_unwind_open(&u, symbols), -EINVAL, "too many");
	count = all;
	give_symbols(true);
	symbols_set_slide(symbols, 0x100000000, SLIDE_GIVEN);
	cr_expect_eq(arch_unwind_open(&u, symbols), -EINVAL, "not in memory");
}

static void expect_unknown(struct arch_frame f, const char *why)
{
	const struct arch_unwind u = opened();
	const struct arch_frame before = f;

	f.exact = true;
	cr_expect_eq(arch_unwind_caller(&u, &f), ARCH_CALLER_UNKNOWN, "%s", why);
	cr_expect(f.pc == before.pc && f.sp == before.sp && f.fp == before.fp, "%s", why);
}

Test(orc, what_makes_no_sense_is_not_known)
{
	for (unsigned v = 1; v <= 3; v++) {
		make(v, 0, 0);
		expect_unknown((struct arch_frame){ .pc = PLAIN - 1 }, "below the first");
		expect_unknown((struct arch_frame){ .pc = END }, "behind the last");
		expect_unknown((struct arch_frame){ .pc = UINT64_MAX }, "far behind the last");
		expect_unknown((struct arch_frame){ .pc = NOT_KNOWN }, "undefined");
		expect_unknown((struct arch_frame){ .pc = PLAIN, .sp = 16 }, "not in memory");
		expect_unknown((struct arch_frame){ .pc = PLAIN, .sp = WORD(0) + 1 }, "crooked");
		expect_unknown((struct arch_frame){ .pc = PLAIN, .sp = UINT64_MAX - 7 }, "wraps");
		expect_unknown((struct arch_frame){ .pc = FRAMED, .sp = WORD(9), .fp = WORD(7) },
			       "downwards");
		expect_unknown((struct arch_frame){ .pc = INTERRUPTED, .sp = BASE + SIZE - 64 },
			       "registers half in memory");
		make(v, flags_of(PREV_SP, UNDEFINED, T_CALL), 8);
		expect_unknown((struct arch_frame){ .pc = SPECIAL, .sp = WORD(0) }, "no base");
		make(v, flags_of(SP, R13, T_CALL), 8);
		expect_unknown((struct arch_frame){ .pc = SPECIAL, .sp = WORD(0) }, "no rbp");
		make(v, (uint16_t)(flags_of(SP, UNDEFINED, T_CALL) | 0x700), 8);
		if (v == 3)
			expect_unknown((struct arch_frame){ .pc = SPECIAL, .sp = WORD(0) },
				       "type 7");
	}
}

/* Whatever the guest puts there, each step ends soon. */
Test(orc, rubbish_comes_to_an_end)
{
	unsigned seed = 1;

	for (unsigned round = 0; round < 3000; round++) {
		struct arch_frame f = {
			.pc = PLAIN + 1, .sp = WORD(0), .fp = WORD(9), .exact = true
		};
		struct arch_unwind u;

		make(1 + round % 3, 0, 0);
		u = opened();
		for (size_t i = 0x8000; i < SIZE; i++)
			if ((i >= 0xc000 || i < 0x9200) && rand_r(&seed) % 4 == 0)
				memory[i] = (uint8_t)rand_r(&seed);
		for (unsigned n = 0; n < 64; n++) {
			reads = 0;
			if (arch_unwind_caller(&u, &f) >= ARCH_CALLER_NONE)
				break;
			cr_expect_leq(reads, 12);
		}
	}
}
