// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Boot: see boot.h. The table of loaders decides what a file is: the first one
 * whose probe says yes gets it.
 */
#include "hv/boot/boot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/boot/loader.h"

/* The pieces of layout.h must not overlap, and lie below the EBDA or in the BIOS area. */
#define LAYOUT_ROW(name, start, size, what)                                                 \
	_Static_assert((start) % 0x1000 == 0 && (size) % 0x1000 == 0, #name);               \
	_Static_assert((start) + (size) <= LAYOUT_EBDA ||                                   \
			       ((start) >= LAYOUT_BIOS && (start) + (size) <= LAYOUT_HIGH), \
		       #name);
LAYOUT_TABLE(LAYOUT_ROW)
_Static_assert((int)LAYOUT_GDT_END <= (int)LAYOUT_PML4, "layout");
_Static_assert((int)LAYOUT_PML4_END <= (int)LAYOUT_PDPT, "layout");
_Static_assert((int)LAYOUT_PDPT_END <= (int)LAYOUT_PD, "layout");
_Static_assert((int)LAYOUT_PD_END <= (int)LAYOUT_STACK, "layout");
_Static_assert((int)LAYOUT_STACK_END <= (int)LAYOUT_ZERO_PAGE, "layout");
_Static_assert((int)LAYOUT_ZERO_PAGE_END <= (int)LAYOUT_START_INFO, "layout");
_Static_assert((int)LAYOUT_START_INFO_END <= (int)LAYOUT_MULTIBOOT, "layout");
_Static_assert((int)LAYOUT_MULTIBOOT_END <= (int)LAYOUT_CMDLINE, "layout");
_Static_assert((int)LAYOUT_CMDLINE_END <= (int)LAYOUT_DTB, "layout");

/*
 * Order matters: bzImages are PE files as well; an ELF kernel may have the PVH
 * note, a Multiboot header, both or neither; a flat binary is known by its name only.
 */
static const struct boot_loader *const loaders[] = {
	&boot_bzimage, &boot_pvh, &boot_multiboot, &boot_elf, &boot_flat,
};

static int find_loader(struct boot_image *img, struct error *err)
{
	const char *what;

	for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
		if (loaders[i]->probe(&img->kernel)) {
			img->loader = loaders[i];
			return 0;
		}
	what = identify_file(&img->kernel);
	if (what)
		return error_set(err, -ENOEXEC, "%s is no kernel vitrine can boot: %s",
				 img->kernel.name, what);
	return error_set(err, -ENOEXEC,
			 "%s is no kernel vitrine can boot: not a bzImage, ELF or Multiboot image",
			 img->kernel.name);
}

/* Opens the module @spec of @len bytes, whose first @path_len bytes are its path. */
static int open_module(struct boot_image *img, const char *spec, size_t len, size_t path_len,
		       struct error *err)
{
	struct boot_module *mod = &img->modules[img->module_count];
	char *path;
	int ret;

	if (img->module_count == BOOT_MAX_MODULES)
		return error_set(err, -E2BIG, "more than %d modules", BOOT_MAX_MODULES);
	path = strndup(spec, path_len);
	if (!path)
		return error_set(err, -ENOMEM, "out of memory");
	ret = boot_file_open(&mod->file, "module", path, err);
	free(path);
	if (ret)
		return ret;
	img->module_count++;
	mod->cmdline = strndup(spec, len);
	return mod->cmdline ? 0 : error_set(err, -ENOMEM, "out of memory");
}

/*
 * The initrd; for a kernel that takes modules "PATH[ ARGS][,PATH[ ARGS]]…", as QEMU has
 * it, unless there is a file of that whole name.
 */
static int open_initrd(struct boot_image *img, const char *spec, struct error *err)
{
	if (!img->loader->modules)
		return boot_file_open(&img->initrd, "initrd", spec, err);
	if (access(spec, F_OK) == 0)
		return open_module(img, spec, strlen(spec), strlen(spec), err);
	for (;;) {
		size_t len = strcspn(spec, ","), path_len = strcspn(spec, " ,");
		int ret = open_module(img, spec, len, path_len, err);
		if (ret || !spec[len])
			return ret;
		spec += len + 1;
	}
}

static int open_modules(struct boot_image *img, const char *const *modules, struct error *err)
{
	for (; modules && *modules; modules++) {
		int ret;

		if (!img->loader->modules)
			return error_set(err, -EINVAL,
					 "a %s takes no modules; give it an initrd instead",
					 img->loader->name);
		ret = open_module(img, *modules, strlen(*modules), strcspn(*modules, " "), err);
		if (ret)
			return ret;
	}
	return 0;
}

int boot_open(struct boot_image **out, const struct boot_params *p, struct error *err)
{
	struct boot_image *img = calloc(1, sizeof(*img));
	int ret;

	*out = NULL;
	if (!img)
		return error_set(err, -ENOMEM, "out of memory");
	img->append = strdup(p->append ? p->append : "");
	if (!img->append) {
		ret = error_set(err, -ENOMEM, "out of memory");
		goto fail;
	}
	if (p->kernel_data)
		ret = boot_file_memory(&img->kernel, p->kernel ? p->kernel : "(in memory)",
				       p->kernel_data, p->kernel_size, err);
	else if (p->kernel)
		ret = boot_file_open(&img->kernel, "kernel", p->kernel, err);
	else
		ret = error_set(err, -EINVAL, "no kernel to boot: give one with -kernel FILE");
	if (ret)
		goto fail;
	ret = find_loader(img, err);
	if (ret)
		goto fail;
	ret = img->loader->parse(img, err);
	if (ret) {
		error_prefix(err, "cannot boot %s", img->kernel.name);
		goto fail;
	}
	if (p->initrd) {
		ret = open_initrd(img, p->initrd, err);
		if (ret)
			goto fail;
	}
	ret = open_modules(img, p->modules, err);
	if (ret)
		goto fail;
	*out = img;
	return 0;

fail:
	boot_close(img);
	return ret;
}

void boot_close(struct boot_image *img)
{
	if (!img)
		return;
	boot_file_close(&img->kernel);
	boot_file_close(&img->initrd);
	for (size_t i = 0; i < img->module_count; i++) {
		boot_file_close(&img->modules[i].file);
		free(img->modules[i].cmdline);
	}
	free(img->append);
	free(img);
}

const char *boot_describe(const struct boot_image *img)
{
	return img->describe;
}

static int check_files(const struct boot_image *img, struct error *err)
{
	int ret = boot_file_unchanged(&img->kernel, err);

	if (!ret && img->initrd.name)
		ret = boot_file_unchanged(&img->initrd, err);
	for (size_t i = 0; i < img->module_count && !ret; i++)
		ret = boot_file_unchanged(&img->modules[i].file, err);
	return ret;
}

int boot_load(const struct boot_image *img, struct memory *ram, const void *dtb, size_t dtb_size,
	      uint64_t rsdp, struct boot_entry *entry, struct error *err)
{
	struct boot_load l = {
		.img = img,
		.ram = ram,
		.dtb = dtb,
		.dtb_size = dtb_size,
		.rsdp = rsdp,
		.entry = entry,
		.err = err,
	};
	int ret = check_files(img, err);

	if (ret)
		return ret;
	ret = img->loader->load(&l);
	if (ret)
		error_prefix(err, "cannot load %s", img->kernel.name);
	return ret;
}
