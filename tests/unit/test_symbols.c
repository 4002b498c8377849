// SPDX-License-Identifier: GPL-3.0-or-later
/* Symbol tables: ELF and text, names and addresses, the slide, files that are wrong. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/symbols.h"

/* ---- text ---- */

static struct symbols *open_text(const char *text, struct error *err)
{
	char path[] = "/tmp/vitrine-symbols-XXXXXX";
	struct symbols *s = NULL;
	int fd = mkstemp(path);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	if (symbols_open(&s, path, err))
		s = NULL;
	unlink(path);
	return s;
}

static const char kernel[] = "0000000000000000 D __per_cpu_start\n"
			     "0000000000001000 d in_per_cpu\n"
			     "0000000000002000 D __per_cpu_end\n"
			     "00000000deadbeef A an_absolute\n"
			     "ffffffff81000000 T _text\n"
			     "ffffffff81000040 t helper\n"
			     "ffffffff81000080 t helper\n"
			     "ffffffff81000080 T known\n"
			     "ffffffff810000c0 t last\t[module]\n"
			     "\n"
			     "a line that is none\n"
			     "ffffffff81000100 t $x\n";

static uint64_t value(struct symbols *s, const char *name)
{
	struct symbol symbol;

	cr_assert_eq(symbols_find(s, name, strlen(name), &symbol), 0, "%s", name);
	return symbol.addr;
}

static const char *at(struct symbols *s, uint64_t addr)
{
	struct symbol symbol;

	return symbols_at(s, addr, &symbol) ? symbol.name : "";
}

Test(symbols, text)
{
	struct symbol symbol;
	struct error err;
	struct symbols *s = open_text(kernel, &err);

	cr_assert(s, "%s", err.text);
	cr_expect_eq(symbols_count(s), 9u);
	cr_expect_eq(value(s, "_text"), 0xffffffff81000000);
	cr_expect_eq(value(s, "in_per_cpu"), 0x1000u);
	cr_expect_eq(symbols_find(s, "hel", 3, &symbol), -ENOENT);
	cr_expect_eq(symbols_find(s, "", 0, &symbol), -ENOENT);
	cr_expect_eq(symbols_find(s, "helper", 6, &symbol), -ENOTUNIQ);
	cr_expect_eq(symbol.addr, 0xffffffff81000040);
	cr_expect_str_eq(at(s, 0xffffffff8100003f), "_text");
	cr_expect_str_eq(at(s, 0xffffffff81000040), "helper");
	/* The global one of two at a place. */
	cr_expect_str_eq(at(s, 0xffffffff81000081), "known");
	cr_expect_str_eq(at(s, 0xffffffff810000c0), "last");
	cr_expect_str_eq(at(s, 0xffffffff80ffffff), "");
	cr_expect_str_eq(at(s, 0xffffffffffffffff), "");
	/* Values, not places. */
	cr_expect_str_eq(at(s, 0x1000), "");
	cr_expect_str_eq(at(s, 0xdeadbeef), "");
	symbols_close(s);
}

Test(symbols, the_slide_moves_what_can_move)
{
	struct error err;
	struct symbols *s = open_text(kernel, &err);

	cr_assert(s, "%s", err.text);
	cr_expect_eq(symbols_slide_source(s), SLIDE_UNKNOWN);
	symbols_set_slide(s, 0x2000000, SLIDE_GIVEN);
	cr_expect_eq(value(s, "_text"), 0xffffffff83000000);
	cr_expect_eq(value(s, "in_per_cpu"), 0x1000u);
	cr_expect_eq(value(s, "an_absolute"), 0xdeadbeefu);
	cr_expect_str_eq(at(s, 0xffffffff83000010), "_text");
	cr_expect_str_eq(at(s, 0xffffffff81000010), "");
	symbols_close(s);
}

Test(symbols, every_one_can_be_got)
{
	struct symbol symbol, before = { .addr = 0 };
	struct error err;
	struct symbols *s = open_text(kernel, &err);
	size_t n;

	cr_assert(s, "%s", err.text);
	for (n = 0; symbols_get(s, n, &symbol); n++) {
		cr_expect(symbol.fixed || symbol.addr >= before.addr, "%s", symbol.name);
		cr_expect_eq(symbol.fixed, n >= 5, "%s", symbol.name);
		before = symbol;
	}
	cr_expect_eq(n, symbols_count(s));
	symbols_close(s);
}

Test(symbols, files_that_are_wrong)
{
	struct error err = { "" };
	struct symbols *s;

	cr_expect_null(open_text("", &err));
	cr_expect(strstr(err.text, "neither an ELF file nor"), "%s", err.text);
	cr_expect_null(open_text("\177ELF is what it begins with", &err));
	cr_expect(strstr(err.text, "ELF file"), "%s", err.text);
	cr_expect_eq(symbols_open(&s, "/nonexistent", &err), -ENOENT);
	cr_expect_neq(symbols_open(&s, "/", &err), 0);
	/* The kernel hides them: known when it was read. */
	s = open_text("0000000000000000 T _text\n0000000000000000 T known\n", &err);
	cr_assert(s);
	cr_expect_eq(symbols_wait(s, &err), -EINVAL);
	cr_expect(strstr(err.text, "shows no addresses"), "%s", err.text);
	cr_expect_eq(symbols_count(s), 0u);
	cr_expect_str_eq(at(s, 0), "");
	symbols_close(s);
}

Test(symbols, none)
{
	struct symbol symbol;

	cr_expect_eq(symbols_count(NULL), 0u);
	cr_expect_not(symbols_at(NULL, 0, &symbol));
	cr_expect_not(symbols_get(NULL, 0, &symbol));
	cr_expect_eq(symbols_find(NULL, "x", 1, &symbol), -ENOENT);
	symbols_close(NULL);
}

/* ---- ELF ---- */

static const char strings[] = "\0function\0inner\0data\0elsewhere\0";

enum { FUNCTION = 1, INNER = 10, DATA = 16, ELSEWHERE = 21 };

/* A null section, code, data, symbols, strings. */
struct image {
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdr[5];
	Elf64_Sym sym[7];
	char strings[sizeof(strings)];
};

static struct image make_image(void)
{
	struct image im = {
		.ehdr = { .e_type = ET_EXEC,
			  .e_machine = EM_X86_64,
			  .e_version = EV_CURRENT,
			  .e_shoff = offsetof(struct image, shdr),
			  .e_ehsize = sizeof(Elf64_Ehdr),
			  .e_shentsize = sizeof(Elf64_Shdr),
			  .e_shnum = 5 },
		.shdr = { [1] = { .sh_type = SHT_NOBITS,
				  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				  .sh_addr = 0x1000,
				  .sh_size = 0x1000 },
			  [2] = { .sh_type = SHT_NOBITS,
				  .sh_flags = SHF_ALLOC | SHF_WRITE,
				  .sh_addr = 0x2000,
				  .sh_size = 0x1000 },
			  [3] = { .sh_type = SHT_SYMTAB,
				  .sh_offset = offsetof(struct image, sym),
				  .sh_size = sizeof(((struct image *)0)->sym),
				  .sh_link = 4,
				  .sh_entsize = sizeof(Elf64_Sym) },
			  [4] = { .sh_type = SHT_STRTAB,
				  .sh_offset = offsetof(struct image, strings),
				  .sh_size = sizeof(strings) } },
		.sym = { [1] = { FUNCTION, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, 0x1000, 64 },
			 [2] = { INNER, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, 0x1010, 8 },
			 [3] = { DATA, ELF64_ST_INFO(STB_LOCAL, STT_OBJECT), 0, 2, 0x2f00, 0 },
			 [4] = { ELSEWHERE, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, SHN_UNDEF, 0,
				 0 },
			 [5] = { 0, ELF64_ST_INFO(STB_LOCAL, STT_SECTION), 0, 1, 0x1000, 0 },
			 [6] = { 0xffff, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 1, 0x1800, 1 } },
	};

	memcpy(im.ehdr.e_ident, ELFMAG, SELFMAG);
	im.ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	im.ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	im.ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(im.strings, strings, sizeof(strings));
	return im;
}

Test(symbols, elf)
{
	struct image im = make_image();
	struct symbol symbol;
	struct symbols *s;
	struct error err;

	cr_assert_eq(symbols_open_memory(&s, "it", &im, sizeof(im), &err), 0, "%s", err.text);
	cr_expect_eq(symbols_count(s), 3u);
	cr_expect_str_eq(at(s, 0x1000), "function");
	cr_expect_str_eq(at(s, 0x1017), "inner");
	/* Behind the inner one, the outer one goes on. */
	cr_expect_str_eq(at(s, 0x1018), "function");
	cr_expect_str_eq(at(s, 0x1040), "");
	cr_assert_eq(symbols_find(s, "function", 8, &symbol), 0);
	cr_expect_eq(symbol.kind, 'T');
	cr_expect_eq(symbol.size, 64u);
	cr_assert_eq(symbols_find(s, "data", 4, &symbol), 0);
	cr_expect_eq(symbol.kind, 'd');
	/* As far as its section goes. */
	cr_expect_eq(symbol.size, 0x100u);
	symbols_close(s);
}

/* Every cut and every flipped byte gives a table or a sentence. */
Test(symbols, damaged_elf)
{
	struct image good = make_image(), bad;
	struct symbols *s;
	struct error err;

	for (size_t size = 0; size < sizeof(good); size++)
		if (!symbols_open_memory(&s, "it", &good, size, &err)) {
			symbols_count(s);
			symbols_close(s);
		}
	for (size_t i = 0; i < sizeof(good); i++) {
		bad = good;
		((uint8_t *)&bad)[i] ^= 0xff;
		if (!symbols_open_memory(&s, "it", &bad, sizeof(bad), &err)) {
			at(s, 0x1000);
			symbols_close(s);
		}
	}
}

Test(symbols, many)
{
	enum { COUNT = 200000 };
	char *text = malloc(COUNT * 40ul), *p = text, name[32];
	struct symbols *s;
	struct error err;

	cr_assert(text);
	for (unsigned i = 0; i < COUNT; i++)
		p += sprintf(p, "%016llx T name_%u\n",
			     0xffffffff81000000ull + i * 7919ull % COUNT * 16, i);
	s = open_text(text, &err);
	free(text);
	cr_assert(s, "%s", err.text);
	cr_expect_eq(symbols_count(s), (size_t)COUNT);
	for (unsigned i = 0; i < COUNT; i += 111) {
		snprintf(name, sizeof(name), "name_%u", i);
		cr_assert_str_eq(at(s, value(s, name) + 15), name);
	}
	symbols_close(s);
}
