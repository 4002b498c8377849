// SPDX-License-Identifier: GPL-3.0-or-later
/* Files that are loaded into a guest: see file.h. */
#include "hv/boot/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* No kernel or initrd is larger; a wrong file often is. */
#define FILE_MAX_SIZE (4ull << 30)

static const char *not_a_file(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFBLK:
	case S_IFCHR:
		return "a device";
	case S_IFIFO:
		return "a pipe";
	case S_IFSOCK:
		return "a socket";
	default:
		return "no plain file";
	}
}

int boot_file_open(struct boot_file *f, const char *what, const char *path, struct error *err)
{
	struct stat st;
	int ret;

	memset(f, 0, sizeof(*f));
	/* NONBLOCK: a FIFO without a writer must not hang us before it is refused. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0)
		return error_set(err, -errno, "cannot open the %s %s: %s", what, path,
				 strerror(errno));
	if (fstat(f->fd, &st) < 0) {
		ret = error_set(err, -errno, "cannot look at the %s %s: %s", what, path,
				strerror(errno));
		goto fail;
	}
	if (!S_ISREG(st.st_mode)) {
		ret = error_set(err, -EINVAL, "the %s %s is %s, not a file", what, path,
				not_a_file(st.st_mode));
		goto fail;
	}
	if (st.st_size <= 0) {
		ret = error_set(err, -EINVAL, "the %s %s is empty", what, path);
		goto fail;
	}
	if ((uint64_t)st.st_size > FILE_MAX_SIZE) {
		ret = error_set(err, -EFBIG,
				"the %s %s is too large: %" PRIu64 " MiB, at most %llu", what, path,
				(uint64_t)st.st_size >> 20, FILE_MAX_SIZE >> 20);
		goto fail;
	}
	f->name = strdup(path);
	if (!f->name) {
		ret = error_set(err, -ENOMEM, "out of memory");
		goto fail;
	}
	f->size = (uint64_t)st.st_size;
	f->mtime = st.st_mtim;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return 0;

fail:
	close(f->fd);
	memset(f, 0, sizeof(*f));
	return ret;
}

int boot_file_memory(struct boot_file *f, const char *name, const void *data, size_t size,
		     struct error *err)
{
	memset(f, 0, sizeof(*f));
	if (!size)
		return error_set(err, -EINVAL, "the kernel %s is empty", name);
	f->name = strdup(name);
	if (!f->name)
		return error_set(err, -ENOMEM, "out of memory");
	f->fd = -1;
	f->data = data;
	f->size = size;
	return 0;
}

void boot_file_close(struct boot_file *f)
{
	if (!f->name)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f->name);
	memset(f, 0, sizeof(*f));
}

size_t boot_file_peek(const struct boot_file *f, uint64_t off, void *buf, size_t len)
{
	size_t done = 0;

	if (off >= f->size)
		return 0;
	if (len > f->size - off)
		len = (size_t)(f->size - off);
	if (f->fd < 0) {
		memcpy(buf, (const char *)f->data + off, len);
		return len;
	}
	while (done < len) {
		ssize_t n = pread(f->fd, (char *)buf + done, len - done, (off_t)(off + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return done;
}

bool boot_file_read(const struct boot_file *f, uint64_t off, void *buf, uint64_t len)
{
	if (off > f->size || len > f->size - off)
		return false;
	return boot_file_peek(f, off, buf, (size_t)len) == len;
}

int boot_file_unchanged(const struct boot_file *f, struct error *err)
{
	struct stat st;

	if (f->fd < 0)
		return 0;
	if (fstat(f->fd, &st) < 0)
		return error_set(err, -errno, "cannot look at %s: %s", f->name, strerror(errno));
	if ((uint64_t)st.st_size != f->size || st.st_mtim.tv_sec != f->mtime.tv_sec ||
	    st.st_mtim.tv_nsec != f->mtime.tv_nsec)
		return error_set(err, -ESTALE, "%s was written to since vitrine opened it",
				 f->name);
	if (!stat(f->name, &st) && (st.st_dev != f->dev || st.st_ino != f->ino))
		return error_set(err, -ESTALE, "%s was replaced since vitrine opened it", f->name);
	return 0;
}
