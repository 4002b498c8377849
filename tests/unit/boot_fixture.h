/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RAM without a VM and an image in memory, booted: what the tests of the loaders look at. */
#ifndef TESTS_BOOT_FIXTURE_H
#define TESTS_BOOT_FIXTURE_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "hv/boot/boot.h"
#include "hv/boot/layout.h"
#include "tests/unit/boot_images.h"

struct fixture {
	const char *name, *append, *initrd;
	const char *const *modules;
	const void *dtb;
	size_t dtb_size;
	uint64_t rsdp;
	uint64_t ram_size; /* 0: 16 MiB */

	struct memory *ram;
	struct boot_image *img;
	struct boot_entry entry;
	struct error err;
};

static inline void fixture_end(struct fixture *f)
{
	boot_close(f->img);
	memory_destroy(f->ram);
	f->img = NULL;
	f->ram = NULL;
}

/* boot_open() and boot_load(); what is in @f afterwards ends with fixture_end(). */
static inline int fixture_boot(struct fixture *f, const void *data, size_t size)
{
	struct boot_params p = {
		.kernel = f->name ? f->name : "test",
		.kernel_data = data,
		.kernel_size = size,
		.initrd = f->initrd,
		.append = f->append,
		.modules = f->modules,
	};
	int ret;

	f->err.text[0] = '\0';
	cr_assert_eq(memory_create(&f->ram, -1, f->ram_size ? f->ram_size : 16 << 20, &f->err), 0);
	ret = boot_open(&f->img, &p, &f->err);
	if (!ret)
		ret = boot_load(f->img, f->ram, f->dtb, f->dtb_size, f->rsdp, &f->entry, &f->err);
	return ret;
}

/* Boots a copy that ends where its heap block ends, so that a sanitizer sees a read past it. */
static inline int fixture_boot_exact(struct fixture *f, const void *data, size_t size)
{
	void *copy = malloc(size ? size : 1);
	int ret;

	cr_assert_not_null(copy);
	memcpy(copy, data, size);
	ret = fixture_boot(f, copy, size);
	fixture_end(f);
	free(copy);
	return ret;
}

/* Expects a refusal whose sentence contains @words. */
#define expect_refused(f, im, words)                                                            \
	do {                                                                                    \
		int ret_ = fixture_boot_exact((f), (im)->data, (im)->size);                     \
		cr_assert_lt(ret_, 0, "was not refused; expected: %s", (words));                \
		cr_assert(strstr((f)->err.text, (words)), "\"%s\" lacks \"%s\"", (f)->err.text, \
			  (words));                                                             \
	} while (0)

static inline void *fixture_at(const struct fixture *f, uint64_t gpa, uint64_t len)
{
	void *p = memory_ptr(f->ram, gpa, len);

	cr_assert_not_null(p, "no RAM at 0x%llx", (unsigned long long)gpa);
	return p;
}

/* Makes a file with @size bytes; the name is for unlink() and free(). */
static inline char *fixture_file(const void *data, size_t size)
{
	char *name = strdup("/tmp/vitrine-test-XXXXXX");
	int fd = mkstemp(name);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
	return name;
}

#endif
