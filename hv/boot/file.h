/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files that are loaded into a guest: opened and checked once, read when they are needed.
 *
 * Nothing is mapped (a file that shrinks under a mapping kills the reader) and
 * nothing is kept in memory: what goes to the guest is read straight into
 * its RAM, at start and again after each reset.
 */
#ifndef HV_BOOT_FILE_H
#define HV_BOOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "hv/error.h"

struct boot_file {
	char *name;	  /* for messages: the path */
	int fd;		  /* -1: in memory */
	const void *data; /* the caller's; used when fd is -1 */
	uint64_t size;
	struct timespec mtime; /* when it was opened */
	dev_t dev;	       /* which file it is */
	ino_t ino;
};

/* @what: "kernel", "initrd", "module". Errors: a sentence with the path, why, what to do. */
int boot_file_open(struct boot_file *f, const char *what, const char *path, struct error *err);
int boot_file_memory(struct boot_file *f, const char *name, const void *data, size_t size,
		     struct error *err);
/* Also for one that is all zeroes. */
void boot_file_close(struct boot_file *f);

/* All of [off, off+len) or false; overflow-checked. */
bool boot_file_read(const struct boot_file *f, uint64_t off, void *buf, uint64_t len);
/* As much as there is from @off on, at most @len; returns the number of bytes. */
size_t boot_file_peek(const struct boot_file *f, uint64_t off, void *buf, size_t len);
/*
 * -ESTALE with a sentence when the file was written to since it was opened, or another one has
 * taken its name: linkers do that. One that was only removed is as good as ever.
 */
int boot_file_unchanged(const struct boot_file *f, struct error *err);

#endif
