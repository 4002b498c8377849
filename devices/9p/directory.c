// SPDX-License-Identifier: GPL-3.0-or-later
/* What is in a directory. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "devices/9p/internal.h"

#define CHUNK 32768 /* bytes of entries from the kernel at a time */

/* qid[13] offset[8] type[1] name[s] */
#define ENTRY_BYTES(name_len) (13 + 8 + 1 + 2 + (name_len))

/* The qid from what the entry says: that is what the client takes of it, and looks at each file
 * that it wants more of. */
static void put_entry(const struct p9 *s, struct p9_out *out, const struct dirent64 *d, dev_t dev)
{
	struct stat st = { .st_dev = dev, .st_ino = d->d_ino, .st_mode = DTTOIF(d->d_type) };

	p9_put_qid(s, out, &st);
	p9_put64(out, (uint64_t)d->d_off);
	p9_put8(out, d->d_type);
	p9_put_string(out, d->d_name);
}

/* As many as fit into @count bytes; whether the last one of @n bytes of entries did. */
static bool put_entries(const struct p9 *s, struct p9_out *out, const char *entries, ssize_t n,
			dev_t dev, size_t *count)
{
	for (ssize_t at = 0; at < n;) {
		const struct dirent64 *d = (const void *)(entries + at);
		size_t need = ENTRY_BYTES(strlen(d->d_name));

		if (need > *count)
			return false;
		put_entry(s, out, d, dev);
		*count -= need;
		at += d->d_reclen;
	}
	return true;
}

static int fill(const struct p9 *s, int fd, struct p9_out *out, size_t count)
{
	_Alignas(struct dirent64) char entries[CHUNK];
	size_t before = count;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	do {
		n = getdents64(fd, entries, sizeof(entries));
		if (n < 0)
			return -errno;
	} while (n && put_entries(s, out, entries, n, st.st_dev, &count));
	/* Nothing would say that there is no more. */
	return n && count == before ? -EINVAL : 0;
}

int p9_readdir(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	struct p9_fid *fid;
	int ret = p9_fid_take(s, in, &fid);
	uint64_t off = p9_take64(in);
	size_t count = p9_take32(in);
	struct p9_out size = *out;

	if (ret || in->error)
		return ret ? ret : in->error;
	if (fid->fd < 0)
		return -EBADF;
	p9_put32(out, 0);
	if (out->full)
		return -EMSGSIZE;
	if (count > out->room - out->len)
		count = out->room - out->len;
	if (lseek(fid->fd, (off_t)off, SEEK_SET) < 0)
		return -errno;
	ret = fill(s, fid->fd, out, count);
	p9_put32(&size, (uint32_t)(out->len - size.len - sizeof(uint32_t)));
	return ret;
}
