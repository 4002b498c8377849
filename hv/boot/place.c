// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Placing pieces in guest RAM: every piece is claimed, then written.
 *
 * The list of claims is what makes "nothing over another piece" true whatever
 * a file says: a claim is refused when it leaves RAM, touches the part of the
 * first megabyte where a PC has none, or meets an earlier claim.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hv/boot/loader.h"

#define PAGE 4096ull

static const struct claim *overlap(const struct boot_load *l, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < l->claim_count; i++) {
		const struct claim *c = &l->claims[i];

		if (start < c->end && c->start < end)
			return c;
	}
	return NULL;
}

static bool in_pc_hole(uint64_t start, uint64_t end)
{
	return start < LAYOUT_HIGH && end > LAYOUT_EBDA;
}

int place_claim(struct boot_load *l, const char *what, uint64_t gpa, uint64_t len)
{
	const struct claim *c;
	uint64_t end;

	if (!len)
		return 0;
	if (__builtin_add_overflow(gpa, len, &end) || !memory_ptr(l->ram, gpa, len))
		return error_set(l->err, -ENOSPC,
				 "%s needs guest memory at 0x%" PRIx64 " (0x%" PRIx64
				 " bytes), and the guest has %" PRIu64 " MiB",
				 what, gpa, len, memory_size(l->ram) >> 20);
	if (in_pc_hole(gpa, end))
		return error_set(l->err, -ENOSPC,
				 "%s would lie at 0x%" PRIx64 "-0x%" PRIx64
				 ", and a PC has no memory at 0x%x-0xfffff",
				 what, gpa, end - 1, LAYOUT_EBDA);
	c = overlap(l, gpa, end);
	if (c)
		return error_set(l->err, -EINVAL,
				 "%s at 0x%" PRIx64 "-0x%" PRIx64 " overlaps %s at 0x%" PRIx64
				 "-0x%" PRIx64,
				 what, gpa, end - 1, c->what, c->start, c->end - 1);
	if (l->claim_count == CLAIM_MAX)
		return error_set(l->err, -ENOSPC, "too many pieces to load");
	l->claims[l->claim_count++] = (struct claim){ what, gpa, end };
	return 0;
}

uint64_t place_low_ram(const struct boot_load *l)
{
	size_t count;
	const struct memory_region *r = memory_regions(l->ram, &count);

	return count ? r[0].size : 0;
}

static int no_room(struct boot_load *l, const char *what, uint64_t len)
{
	return error_set(l->err, -ENOSPC,
			 "no room for %s of %" PRIu64 " KiB in %" PRIu64
			 " MiB of guest memory: give more with -m",
			 what, (len + 1023) >> 10, memory_size(l->ram) >> 20);
}

int place_high(struct boot_load *l, const char *what, uint64_t len, uint64_t limit, uint64_t *gpa)
{
	uint64_t end = place_low_ram(l);

	if (limit < end)
		end = limit;
	for (;;) {
		const struct claim *c;
		uint64_t start;

		if (end < LAYOUT_HIGH || len > end - LAYOUT_HIGH)
			return no_room(l, what, len);
		start = (end - len) & ~(PAGE - 1);
		c = overlap(l, start, start + len);
		if (!c) {
			*gpa = start;
			return place_claim(l, what, start, len);
		}
		end = c->start;
	}
}

int place_low(struct boot_load *l, const char *what, uint64_t len, uint64_t from, uint64_t *gpa)
{
	uint64_t top = place_low_ram(l);
	uint64_t start = from;

	for (;;) {
		const struct claim *c;

		if (start > top)
			return no_room(l, what, len);
		start = (start + PAGE - 1) & ~(PAGE - 1);
		if (start > top || len > top - start)
			return no_room(l, what, len);
		c = overlap(l, start, start + len);
		if (!c) {
			*gpa = start;
			return place_claim(l, what, start, len);
		}
		start = c->end;
	}
}

int place_file(struct boot_load *l, const struct boot_file *f, uint64_t off, uint64_t filesz,
	       uint64_t gpa, uint64_t memsz)
{
	uint8_t *p = memory_ptr(l->ram, gpa, memsz);

	if (!memsz)
		return 0;
	if (!p || filesz > memsz)
		return error_set(l->err, -ENOSPC, "%s does not fit at 0x%" PRIx64, f->name, gpa);
	if (!boot_file_read(f, off, p, filesz))
		return error_set(l->err, -EIO, "cannot read %" PRIu64 " bytes at %" PRIu64 " of %s",
				 filesz, off, f->name);
	memset(p + filesz, 0, memsz - filesz);
	return 0;
}

int place_bytes(struct boot_load *l, uint64_t gpa, const void *data, uint64_t len)
{
	void *p = memory_ptr(l->ram, gpa, len);

	if (!p)
		return error_set(l->err, -ENOSPC, "no guest memory at 0x%" PRIx64, gpa);
	memcpy(p, data, len);
	return 0;
}

uint64_t place_end(const struct boot_load *l)
{
	uint64_t end = 0;

	for (size_t i = 0; i < l->claim_count; i++)
		if (l->claims[i].end > end)
			end = l->claims[i].end;
	return end;
}

int place_processor(struct boot_load *l, int bits)
{
	int ret = place_claim(l, "the GDT", LAYOUT_GDT, LAYOUT_GDT_SIZE);

	if (!ret && bits == 64)
		ret = place_claim(l, "the initial page tables", LAYOUT_PML4,
				  LAYOUT_PD_END - LAYOUT_PML4);
	if (!ret)
		ret = place_claim(l, "the initial stack", LAYOUT_STACK, LAYOUT_STACK_SIZE);
	return ret;
}

int place_cmdline(struct boot_load *l, const char *text, uint64_t limit)
{
	size_t len = strlen(text);
	int ret;

	if (limit > LAYOUT_CMDLINE_SIZE - 1)
		limit = LAYOUT_CMDLINE_SIZE - 1;
	if (len > limit)
		return error_set(l->err, -E2BIG,
				 "the command line has %zu bytes, and this kernel takes %" PRIu64,
				 len, limit);
	ret = place_claim(l, "the command line", LAYOUT_CMDLINE, LAYOUT_CMDLINE_SIZE);
	if (ret)
		return ret;
	return place_bytes(l, LAYOUT_CMDLINE, text, len + 1);
}

int place_initrd(struct boot_load *l, uint64_t limit, uint64_t *gpa, uint64_t *size)
{
	const struct boot_file *f = &l->img->initrd;
	int ret;

	*gpa = 0;
	*size = 0;
	if (!f->name)
		return 0;
	ret = place_high(l, "the initrd", f->size, limit, gpa);
	if (ret)
		return ret;
	*size = f->size;
	return place_file(l, f, 0, f->size, *gpa, f->size);
}

int place_dtb(struct boot_load *l, uint64_t head, uint64_t *gpa)
{
	int ret;

	*gpa = 0;
	if (!l->dtb || !l->dtb_size)
		return 0;
	if (l->dtb_size > LAYOUT_DTB_SIZE - head)
		return error_set(l->err, -ENOSPC,
				 "the device tree has %zu bytes, and there is room for %" PRIu64,
				 l->dtb_size, LAYOUT_DTB_SIZE - head);
	ret = place_claim(l, "the device tree", LAYOUT_DTB, head + l->dtb_size);
	if (ret)
		return ret;
	*gpa = LAYOUT_DTB + head;
	return place_bytes(l, *gpa, l->dtb, l->dtb_size);
}
