// SPDX-License-Identifier: GPL-3.0-or-later
/* The guest's vmcoreinfo, an ELF note in its memory: see vmcoreinfo.h. */
#include "hv/vmcoreinfo.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "hv/machine.h"

#define NOTE_NAME  "VMCOREINFO"
#define NOTE_MAX   (64u << 10) /* Linux gives it a page */
#define FORMAT_ELF 1

static uint64_t told(struct device *dev, const char *name)
{
	const struct reg *reg = device_reg_find(dev, name);

	return reg ? device_reg_peek(dev, reg) : 0;
}

static bool reads(struct machine *m, uint64_t gpa, void *buf, size_t len)
{
	return memory_read(m->ram, gpa, buf, len) == len;
}

static size_t padded(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Where the text of the note at @gpa is. */
static int find_text(struct machine *m, uint64_t gpa, uint64_t size, uint64_t *text, size_t *len)
{
	char name[sizeof(NOTE_NAME)];
	Elf64_Nhdr h;

	if (size > NOTE_MAX || !reads(m, gpa, &h, sizeof(h)) || h.n_namesz != sizeof(name) ||
	    !reads(m, gpa + sizeof(h), name, sizeof(name)) ||
	    memcmp(name, NOTE_NAME, sizeof(name)) != 0)
		return -EINVAL;
	if (h.n_descsz > size || sizeof(h) + padded(sizeof(name)) + h.n_descsz > size)
		return -EINVAL;
	*text = gpa + sizeof(h) + padded(sizeof(name));
	*len = h.n_descsz;
	return 0;
}

static int copy_text(struct machine *m, uint64_t gpa, size_t len, struct strbuf *out)
{
	char part[256];

	while (len) {
		size_t n = len < sizeof(part) ? len : sizeof(part);

		if (!reads(m, gpa, part, n))
			return -EINVAL;
		for (size_t i = 0; i < n; i++)
			if (part[i] != '\n' && !isprint((unsigned char)part[i]))
				part[i] = '?';
		strbuf_add(out, part, n);
		gpa += n;
		len -= n;
	}
	return 0;
}

int vmcoreinfo_read(struct machine *m, struct strbuf *text, uint64_t *gpa, struct error *err)
{
	struct device *dev = device_find(m, "fwcfg0");
	uint64_t at = 0;
	size_t len = 0;
	int ret;

	if (!dev)
		return error_set(err, -ENODEV, "this machine has no fw_cfg");
	if (told(dev, "vmcoreinfo_guest") != FORMAT_ELF)
		return error_set(err, -ENOENT,
				 "the guest has not said where its vmcoreinfo is: Linux does when "
				 "its module qemu_fw_cfg is loaded");
	*gpa = told(dev, "vmcoreinfo_addr");
	ret = find_text(m, *gpa, told(dev, "vmcoreinfo_size"), &at, &len);
	if (!ret)
		ret = copy_text(m, at, len, text);
	if (ret)
		return error_set(err, ret, "there is no vmcoreinfo at 0x%" PRIx64, *gpa);
	return 0;
}
