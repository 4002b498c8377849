// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ELF kernels (System V gABI, "Object Files" and "Program Loading"): the parser
 * that PVH and Multiboot share, and the loader for a plain one, such as a
 * vmlinux without the PVH note.
 *
 * Headers are read into structs of our own, one size for ELF32 and ELF64. A
 * segment is loaded at its physical address. The entry is by the letter a virtual
 * address; kernels give either, so it is looked up in the segments.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hv/boot/loader.h"

#define PHNUM_MAX	  256
#define NOTE_MAX	  (1 << 20)
#define NOTE_PHYS32_ENTRY 18 /* XEN_ELFNOTE_PHYS32_ENTRY, Xen's public/elfnote.h */

bool elf_is_elf(const struct boot_file *f)
{
	char magic[SELFMAG];

	return boot_file_read(f, 0, magic, sizeof(magic)) && !memcmp(magic, ELFMAG, SELFMAG);
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		unsigned machine;
		const char *name;
	} names[] = {
		{ EM_AARCH64, "arm64" }, { EM_ARM, "arm" },	  { EM_RISCV, "RISC-V" },
		{ EM_PPC64, "PowerPC" }, { EM_S390, "s390" },	  { EM_MIPS, "MIPS" },
		{ EM_PPC, "PowerPC" },	 { EM_SPARCV9, "SPARC" }, { EM_LOONGARCH, "LoongArch" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return NULL;
}

/* The ELF header with the fields that matter, as ELF64 has them. */
static int read_ehdr(const struct boot_file *f, Elf64_Ehdr *eh, struct error *err)
{
	Elf32_Ehdr e32;

	if (!boot_file_read(f, 0, eh->e_ident, EI_NIDENT))
		return error_set(err, -EINVAL, "an ELF file cut off in its header");
	if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return error_set(err, -ENOEXEC, "a big-endian ELF file, for another processor");
	if (eh->e_ident[EI_CLASS] == ELFCLASS64) {
		if (boot_file_read(f, 0, eh, sizeof(*eh)))
			return 0;
	} else if (eh->e_ident[EI_CLASS] != ELFCLASS32) {
		return error_set(err, -EINVAL,
				 "an ELF file of class %u, which is neither 32 nor 64 bits",
				 eh->e_ident[EI_CLASS]);
	} else if (boot_file_read(f, 0, &e32, sizeof(e32))) {
		eh->e_type = e32.e_type;
		eh->e_machine = e32.e_machine;
		eh->e_entry = e32.e_entry;
		eh->e_phoff = e32.e_phoff;
		eh->e_phentsize = e32.e_phentsize;
		eh->e_phnum = e32.e_phnum;
		return 0;
	}
	return error_set(err, -EINVAL, "an ELF file cut off in its header");
}

static int check_ehdr(const Elf64_Ehdr *eh, struct error *err)
{
	bool is64 = eh->e_ident[EI_CLASS] == ELFCLASS64;
	const char *other = machine_name(eh->e_machine);
	size_t phentsize = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);

	/* ELF32 for x86-64 is the x32 ABI, or a 64-bit kernel wrapped for Multiboot. */
	if (eh->e_machine != EM_X86_64 && (is64 || eh->e_machine != EM_386)) {
		if (other)
			return error_set(err, -ENOEXEC, "an ELF file for %s, not for x86", other);
		return error_set(err, -ENOEXEC, "an ELF file for machine %u, not for x86",
				 eh->e_machine);
	}
	if (eh->e_type == ET_REL)
		return error_set(err, -ENOEXEC,
				 "an ELF object file (a module?) that was not linked to a kernel");
	if (eh->e_type == ET_CORE)
		return error_set(err, -ENOEXEC, "an ELF core dump, not a kernel");
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return error_set(err, -EINVAL, "an ELF file of type %u, not an executable",
				 eh->e_type);
	if (!eh->e_phnum)
		return error_set(err, -EINVAL, "an ELF file with nothing to load (only symbols?)");
	if (eh->e_phentsize != phentsize)
		return error_set(err, -EINVAL,
				 "an ELF file with program headers of %u bytes, not %zu",
				 eh->e_phentsize, phentsize);
	if (eh->e_phnum > PHNUM_MAX)
		return error_set(err, -EINVAL,
				 "an ELF file with %u program headers; %u is the limit",
				 eh->e_phnum, PHNUM_MAX);
	return 0;
}

static bool read_phdr(const struct boot_file *f, const Elf64_Ehdr *eh, unsigned n, Elf64_Phdr *ph)
{
	Elf32_Phdr p32;
	uint64_t off;

	if (__builtin_add_overflow(eh->e_phoff, (uint64_t)n * eh->e_phentsize, &off))
		return false;
	if (eh->e_ident[EI_CLASS] == ELFCLASS64)
		return boot_file_read(f, off, ph, sizeof(*ph));
	if (!boot_file_read(f, off, &p32, sizeof(p32)))
		return false;
	*ph = (Elf64_Phdr){
		.p_type = p32.p_type,
		.p_flags = p32.p_flags,
		.p_offset = p32.p_offset,
		.p_vaddr = p32.p_vaddr,
		.p_paddr = p32.p_paddr,
		.p_filesz = p32.p_filesz,
		.p_memsz = p32.p_memsz,
		.p_align = p32.p_align,
	};
	return true;
}

static int add_segment(const struct boot_file *f, struct elf_info *info, const Elf64_Phdr *ph,
		       struct error *err)
{
	uint64_t end;

	if (ph->p_filesz > ph->p_memsz)
		return error_set(err, -EINVAL,
				 "an ELF file with a segment that is larger in the file (%" PRIu64
				 ") than in memory (%" PRIu64 ")",
				 ph->p_filesz, ph->p_memsz);
	if (ph->p_offset > f->size || ph->p_filesz > f->size - ph->p_offset)
		return error_set(err, -EINVAL,
				 "an ELF file cut off: a segment of %" PRIu64
				 " bytes begins at %" PRIu64 ", and the file has %" PRIu64,
				 ph->p_filesz, ph->p_offset, f->size);
	if (__builtin_add_overflow(ph->p_paddr, ph->p_memsz, &end))
		return error_set(err, -EINVAL,
				 "an ELF file with a segment at 0x%" PRIx64 " of 0x%" PRIx64
				 " bytes, which wraps around",
				 ph->p_paddr, ph->p_memsz);
	if (!ph->p_memsz)
		return 0;
	if (info->count == ELF_MAX_SEGMENTS)
		return error_set(err, -EINVAL, "an ELF file with more than %d segments",
				 ELF_MAX_SEGMENTS);
	info->segs[info->count++] = (struct elf_segment){
		.offset = ph->p_offset,
		.filesz = ph->p_filesz,
		.paddr = ph->p_paddr,
		.vaddr = ph->p_vaddr,
		.memsz = ph->p_memsz,
		.exec = ph->p_flags & PF_X,
	};
	return 0;
}

static uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* Looks for Xen's PHYS32_ENTRY among the notes of one PT_NOTE; bounds are the segment's. */
static void read_notes(const struct boot_file *f, struct elf_info *info, const Elf64_Phdr *ph)
{
	uint64_t align = ph->p_align == 8 ? 8 : 4;
	uint64_t at = 0;

	if (ph->p_filesz > NOTE_MAX || ph->p_offset > f->size)
		return;
	while (at + sizeof(Elf64_Nhdr) <= ph->p_filesz) {
		Elf64_Nhdr nh;
		char name[4];
		uint64_t desc, value = 0, len;

		if (!boot_file_read(f, ph->p_offset + at, &nh, sizeof(nh)))
			return;
		desc = align_up(at + sizeof(nh) + nh.n_namesz, align);
		len = nh.n_descsz < sizeof(value) ? nh.n_descsz : sizeof(value);
		if (desc > ph->p_filesz || nh.n_descsz > ph->p_filesz - desc)
			return;
		if (nh.n_type == NOTE_PHYS32_ENTRY && nh.n_namesz == sizeof(name) && len >= 4 &&
		    boot_file_read(f, ph->p_offset + at + sizeof(nh), name, sizeof(name)) &&
		    !memcmp(name, "Xen", 4) &&
		    boot_file_read(f, ph->p_offset + desc, &value, len)) {
			info->has_pvh = true;
			info->pvh_entry = value;
		}
		at = align_up(desc + nh.n_descsz, align);
	}
}

static bool inside(uint64_t addr, uint64_t start, uint64_t len)
{
	return addr >= start && addr - start < len;
}

/*
 * The physical address of e_entry: a virtual address of executable code, else a physical one, else
 * any virtual one. In that order, because Linux's per-CPU segment begins at virtual 0.
 */
static bool find_entry(struct elf_info *info)
{
	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < info->count; i++) {
			const struct elf_segment *s = &info->segs[i];
			bool phys = pass == 1;

			if (pass == 0 && !s->exec)
				continue;
			if (!inside(info->entry, phys ? s->paddr : s->vaddr, s->memsz))
				continue;
			info->phys_entry = phys ? info->entry : info->entry - s->vaddr + s->paddr;
			return true;
		}
	return false;
}

int elf_parse(const struct boot_file *f, struct elf_info *info, struct error *err)
{
	Elf64_Ehdr eh = { 0 };
	int ret = read_ehdr(f, &eh, err);

	memset(info, 0, sizeof(*info));
	if (!ret)
		ret = check_ehdr(&eh, err);
	if (ret)
		return ret;
	info->is64 = eh.e_ident[EI_CLASS] == ELFCLASS64;
	info->entry = eh.e_entry;
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		Elf64_Phdr ph;

		if (!read_phdr(f, &eh, i, &ph))
			return error_set(err, -EINVAL,
					 "an ELF file cut off in its program headers");
		if (ph.p_type == PT_INTERP)
			return error_set(err, -ENOEXEC,
					 "a Linux program with a dynamic loader, not a kernel");
		if (ph.p_type == PT_NOTE)
			read_notes(f, info, &ph);
		if (ph.p_type == PT_LOAD)
			ret = add_segment(f, info, &ph, err);
		if (ret)
			return ret;
	}
	if (!info->count)
		return error_set(err, -EINVAL, "an ELF file with nothing to load (only symbols?)");
	if (!find_entry(info) && !info->has_pvh)
		return error_set(err, -EINVAL,
				 "an ELF file whose entry 0x%" PRIx64
				 " lies in none of its segments",
				 info->entry);
	return 0;
}

int elf_place(struct boot_load *l, const struct elf_info *info)
{
	int ret = 0;

	for (size_t i = 0; i < info->count && !ret; i++)
		ret = place_claim(l, "a segment of the kernel", info->segs[i].paddr,
				  info->segs[i].memsz);
	for (size_t i = 0; i < info->count && !ret; i++) {
		const struct elf_segment *s = &info->segs[i];

		ret = place_file(l, &l->img->kernel, s->offset, s->filesz, s->paddr, s->memsz);
	}
	return ret;
}

static int plain_parse(struct boot_image *img, struct error *err)
{
	int ret = elf_parse(&img->kernel, &img->elf, err);

	if (ret)
		return ret;
	snprintf(img->describe, sizeof(img->describe), "ELF%d", img->elf.is64 ? 64 : 32);
	return 0;
}

static int plain_load(struct boot_load *l)
{
	const struct elf_info *elf = &l->img->elf;
	int ret = place_processor(l, elf->is64 ? 64 : 32);

	if (!ret)
		ret = elf_place(l, elf);
	if (!ret)
		ret = linux_place(l, NULL);
	if (ret)
		return ret;
	*l->entry = (struct boot_entry){
		.mode = elf->is64 ? BOOT_MODE_LONG64 : BOOT_MODE_PROT32,
		.pc = elf->phys_entry,
		.sp = LAYOUT_STACK_TOP,
		.rsi = LAYOUT_ZERO_PAGE,
	};
	return 0;
}

const struct boot_loader boot_elf = {
	.name = "ELF",
	.probe = elf_is_elf,
	.parse = plain_parse,
	.load = plain_load,
};
