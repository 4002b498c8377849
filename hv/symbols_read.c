// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Reading symbols from files: ELF by libelf (System V ABI, chapter 4), and lines of the form
 * "ADDRESS KIND NAME", as nm writes them and the kernel shows them. Nothing is mapped: a file that
 * shrinks under a mapping kills the reader.
 */
#include "hv/symbols_internal.h"

#include <ctype.h>
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- ELF ---- */

static Elf *elf_of(const struct symbols_file *f)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	/* Reads only; the cast is for the library's prototype. */
	return f->fd < 0 ? elf_memory((char *)f->data, f->size)
			 : elf_begin(f->fd, ELF_C_READ, NULL);
}

/* The full table, or what the dynamic linker needs where that was stripped. */
static Elf_Scn *symbol_section(Elf *elf, GElf_Shdr *out)
{
	Elf_Scn *scn = NULL, *dynamic = NULL;
	GElf_Shdr shdr, dynamic_shdr = { 0 };

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || !shdr.sh_entsize)
			continue;
		if (shdr.sh_type == SHT_SYMTAB) {
			*out = shdr;
			return scn;
		}
		if (shdr.sh_type == SHT_DYNSYM && !dynamic) {
			dynamic = scn;
			dynamic_shdr = shdr;
		}
	}
	*out = dynamic_shdr;
	return dynamic;
}

/* The letter that nm shows, as far as it tells code from data. */
static char kind_of(const GElf_Shdr *shdr, const GElf_Sym *sym)
{
	unsigned bind = GELF_ST_BIND(sym->st_info);
	char kind = 'd';

	if (sym->st_shndx == SHN_ABS)
		kind = 'a';
	else if (GELF_ST_TYPE(sym->st_info) == STT_FUNC || shdr->sh_flags & SHF_EXECINSTR)
		kind = 't';
	if (bind == STB_WEAK)
		return 'W';
	return bind == STB_LOCAL ? kind : (char)toupper((unsigned char)kind);
}

/* Its own size, or what is left of its section. */
static uint64_t size_of(const GElf_Shdr *shdr, const GElf_Sym *sym)
{
	uint64_t into = sym->st_value - shdr->sh_addr;

	if (sym->st_size)
		return sym->st_size;
	return into < shdr->sh_size && shdr->sh_size - into < SYMBOL_REACH ? shdr->sh_size - into
									   : SYMBOL_REACH;
}

/* Sections, files, what is defined elsewhere, and the marks that assemblers leave ($x, .L1). */
static bool is_of_interest(const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return name && *name && *name != '$' && strncmp(name, ".L", 2) != 0 &&
	       sym->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE &&
	       type != STT_TLS;
}

static int add_elf_symbol(Elf *elf, struct symbols_table *t, const GElf_Sym *sym, const char *name)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);
	Elf_Scn *scn = elf_getscn(elf, sym->st_shndx);
	struct symbols_entry e = {
		.addr = sym->st_value,
		.unsized = !sym->st_size,
		.typed = type == STT_FUNC || type == STT_OBJECT,
		.fixed = sym->st_shndx == SHN_ABS,
	};
	GElf_Shdr shdr = { 0 };

	if (scn)
		gelf_getshdr(scn, &shdr);
	e.kind = kind_of(&shdr, sym);
	e.size = size_of(&shdr, sym);
	return symbols_table_add(t, &e, name, strlen(name));
}

static int no_symbols(const struct symbols_file *f, struct error *err)
{
	return error_set(err, -EINVAL, "%s has no symbols: it was stripped", f->name);
}

static int read_elf(const struct symbols_file *f, struct symbols_table *t, struct error *err)
{
	Elf *elf = elf_of(f);
	Elf_Scn *scn;
	GElf_Shdr shdr;
	GElf_Sym sym;
	Elf_Data *data;
	int ret = 0;

	scn = elf ? symbol_section(elf, &shdr) : NULL;
	data = scn ? elf_getdata(scn, NULL) : NULL;
	if (!data) {
		ret = error_set(err, -EINVAL, "%s: %s", f->name, elf_errmsg(-1));
		goto out;
	}
	for (int i = 1; !ret && gelf_getsym(data, i, &sym); i++) {
		const char *name = elf_strptr(elf, shdr.sh_link, sym.st_name);

		if (is_of_interest(&sym, name))
			ret = add_elf_symbol(elf, t, &sym, name);
	}
	if (ret)
		error_set(err, ret, "%s has too many symbols", f->name);
	else if (!t->count)
		ret = no_symbols(f, err);
out:
	elf_end(elf);
	return ret;
}

static int check_elf(const struct symbols_file *f, struct error *err)
{
	Elf *elf = elf_of(f);
	GElf_Shdr shdr;
	int ret = 0;

	if (!elf || elf_kind(elf) != ELF_K_ELF)
		ret = error_set(err, -EINVAL, "%s is a damaged ELF file: %s", f->name,
				elf_errmsg(-1));
	else if (!symbol_section(elf, &shdr))
		ret = no_symbols(f, err);
	elf_end(elf);
	return ret;
}

/* ---- text ---- */

static unsigned hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
	       : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
				      : 16;
}

/* "ffffffff81000000 T _text", with whatever stands behind the name ("[module]"). */
static bool parse_line(const char *line, size_t len, struct symbols_entry *e, const char **name,
		       size_t *name_len)
{
	size_t pos = 0;

	*e = (struct symbols_entry){ 0 };
	for (; pos < len && pos < 16 && hex_digit(line[pos]) < 16; pos++)
		e->addr = e->addr << 4 | hex_digit(line[pos]);
	if (!pos || len - pos < 4 || line[pos] != ' ' || !isalpha((unsigned char)line[pos + 1]) ||
	    line[pos + 2] != ' ')
		return false;
	e->kind = line[pos + 1];
	e->size = SYMBOL_REACH;
	e->unsized = e->typed = true;
	e->fixed = toupper((unsigned char)e->kind) == 'A';
	pos += 3;
	*name = line + pos;
	while (pos < len && !isspace((unsigned char)line[pos]))
		pos++;
	*name_len = (size_t)(line + pos - *name);
	return *name_len > 0;
}

/* Lines that are none are passed over. */
static int read_lines(const struct symbols_file *f, const char *text, size_t len,
		      struct symbols_table *t, struct error *err)
{
	const char *end = text + len, *nl, *name;
	bool addresses = false;
	struct symbols_entry e;
	size_t name_len;
	int ret = 0;

	for (; !ret && text < end; text = nl + 1) {
		nl = memchr(text, '\n', (size_t)(end - text));
		if (!nl)
			nl = end;
		if (!parse_line(text, (size_t)(nl - text), &e, &name, &name_len) || *name == '$')
			continue;
		addresses |= e.addr != 0;
		ret = symbols_table_add(t, &e, name, name_len);
	}
	if (ret)
		return error_set(err, ret, "%s has too many symbols", f->name);
	if (!addresses)
		return error_set(err, -EINVAL,
				 "%s shows no addresses: read it as root, with "
				 "kernel.kptr_restrict=0",
				 f->name);
	return 0;
}

static int read_text(const struct symbols_file *f, struct symbols_table *t, struct error *err)
{
	size_t len = 0, cap = 1 << 20;
	char *text = malloc(cap), *more;
	ssize_t n;
	int ret;

	/* Files of /proc have no size beforehand. */
	while (text && (n = pread(f->fd, text + len, cap - len, (off_t)len)) > 0) {
		len += (size_t)n;
		if (len < cap)
			continue;
		cap *= 2;
		more = cap <= SYMBOLS_TEXT_MAX ? realloc(text, cap) : NULL;
		if (!more)
			break;
		text = more;
	}
	ret = text && len < cap ? read_lines(f, text, len, t, err)
				: error_set(err, -ENOMEM, "%s is too large", f->name);
	free(text);
	return ret;
}

/* ---- which of them ---- */

static size_t file_begin(const struct symbols_file *f, char *buf, size_t size)
{
	ssize_t n;

	if (f->fd < 0) {
		n = (ssize_t)(f->size < size ? f->size : size);
		memcpy(buf, f->data, (size_t)n);
		return (size_t)n;
	}
	n = pread(f->fd, buf, size, 0);
	return n > 0 ? (size_t)n : 0;
}

static bool is_elf(const char *buf, size_t len)
{
	return len >= SELFMAG && !memcmp(buf, ELFMAG, SELFMAG);
}

int symbols_file_check(const struct symbols_file *f, struct error *err)
{
	struct symbols_entry e;
	const char *name, *nl;
	char buf[SYMBOL_NAME_MAX];
	size_t len = file_begin(f, buf, sizeof(buf)), name_len;

	if (is_elf(buf, len))
		return check_elf(f, err);
	nl = memchr(buf, '\n', len);
	if (f->fd >= 0 && parse_line(buf, nl ? (size_t)(nl - buf) : len, &e, &name, &name_len))
		return 0;
	return error_set(err, -EINVAL,
			 "%s is neither an ELF file nor a list of \"ADDRESS KIND NAME\", as "
			 "System.map and /proc/kallsyms are",
			 f->name);
}

int symbols_file_read(const struct symbols_file *f, struct symbols_table *t, struct error *err)
{
	char magic[SELFMAG] = "";
	int ret;

	ret = is_elf(magic, file_begin(f, magic, sizeof(magic))) ? read_elf(f, t, err)
								 : read_text(f, t, err);
	if (!ret && symbols_table_finish(t))
		ret = error_set(err, -ENOMEM, "%s: out of memory", f->name);
	return ret;
}
