// SPDX-License-Identifier: GPL-3.0-or-later
/* The 9P server: every message, and that a client does not get out of the directory. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit-virtio/p9_client.h"

#define QID_BYTES 13

static void setup(void)
{
	umask(0);
	p9_open_server(false);
}

TestSuite(p9, .init = setup, .fini = p9_close_server, .timeout = 60);

static void skip_qid(void)
{
	p9_take8(&p9_reply);
	p9_take32(&p9_reply);
	p9_take64(&p9_reply);
}

static void expect_file(const char *path, const char *content)
{
	char text[64] = "";
	int fd = open(p9_host(path), O_RDONLY | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s", path);
	cr_assert_eq(read(fd, text, sizeof(text) - 1), (ssize_t)strlen(content));
	cr_assert_str_eq(text, content);
	close(fd);
}

static bool exists(const char *path)
{
	struct stat st;

	return !lstat(p9_host(path), &st);
}

static void expect_fids(unsigned fids, unsigned files)
{
	struct p9_counts c;

	p9_get_counts(p9_server, &c);
	cr_assert_eq(c.fids, fids, "%u fids", c.fids);
	cr_assert_eq(c.files, files, "%u files", c.files);
}

/* ---- session ---- */

Test(p9, version_begins_anew)
{
	char version[16];

	expect_fids(1, 0);
	cr_assert_eq(p9_call(P9_TVERSION, "4s", 1 << 30, "9P2000.u"), 0);
	cr_assert_eq(p9_take32(&p9_reply), P9_MESSAGE_MAX);
	p9_take_string(&p9_reply, version, sizeof(version));
	cr_assert_str_eq(version, "unknown");
	expect_fids(0, 0);
	cr_assert_eq(p9_call(P9_TVERSION, "4s", 4095, "9P2000.L"), EINVAL);
}

Test(p9, attach)
{
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", 0, NOFID, "", "", 0), EBADF);
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", 1, NOFID, "", "/", 0), 0);
	cr_assert_eq(p9_take8(&p9_reply), 0x80);
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", 2, NOFID, "", "/etc", 0), ENOENT);
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", 2, 1, "", "", 0), EOPNOTSUPP);
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", NOFID, NOFID, "", "", 0), EBADF);
	cr_assert_eq(p9_call(P9_TAUTH, "4ss4", 1, "", "", 0), EOPNOTSUPP);
	expect_fids(2, 0);
}

Test(p9, walk)
{
	cr_assert_eq(p9_call(P9_TWALK, "442ss", 0, 1, 2, "dir", "inner"), 0);
	cr_assert_eq(p9_take16(&p9_reply), 2);
	cr_assert_eq(p9_take8(&p9_reply), 0x80);
	/* Part of the way: no fid. */
	cr_assert_eq(p9_call(P9_TWALK, "442ss", 0, 2, 2, "dir", "none"), 0);
	cr_assert_eq(p9_take16(&p9_reply), 1);
	cr_assert_eq(p9_call(P9_TGETATTR, "48", 2, UINT64_MAX), EBADF);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 0, 2, 1, "none"), ENOENT);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 0, 1, 1, "file"), EBADF);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 9, 2, 1, "file"), EBADF);
	cr_assert_eq(p9_call(P9_TWALK, "442", 0, 2, 17), EINVAL);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 1, 2, 1, "x"), ENOTDIR);
	/* Its own fid goes along. */
	cr_assert_eq(p9_call(P9_TWALK, "442s", 1, 1, 1, ".."), 0);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 1, 2, 1, "inner"), 0);
	expect_fids(3, 0);
	cr_assert_eq(p9_call(P9_TCLUNK, "4", 2), 0);
	cr_assert_eq(p9_call(P9_TCLUNK, "4", 2), EBADF);
	expect_fids(2, 0);
}

Test(p9, nobody_gets_out)
{
	struct stat root, st;

	/* The parent of the directory is itself. */
	cr_assert_eq(p9_call(P9_TWALK, "442sss", 0, 1, 3, "..", "..", "file"), 0);
	cr_assert_eq(p9_take16(&p9_reply), 3);
	cr_assert_eq(stat(p9_host(""), &root), 0);
	p9_take8(&p9_reply);
	p9_take32(&p9_reply);
	cr_assert_eq(p9_take64(&p9_reply), root.st_ino);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 0, 2, 1, "../outside"), ENOENT);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 0, 2, 1, "/etc"), ENOENT);
	cr_assert_eq(p9_call(P9_TWALK, "442s", 0, 2, 1, ""), ENOENT);
	/* A link is itself, not what it leads to. */
	cr_assert_eq(p9_walk_to(2, "out"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 2, O_RDONLY), ELOOP);
	cr_assert_neq(p9_call(P9_TWALK, "442s", 2, 3, 1, "outside"), 0);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 2, "new", O_RDWR, 0644, 0), ENOTDIR);
	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 2, "new", 0755, 0), ENOTDIR);
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 2, "outside", 0), ENOTDIR);
	/* Names are names. */
	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 0, "../new", 0755, 0), EINVAL);
	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 0, "..", 0755, 0), EINVAL);
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "../outside", 0), EINVAL);
	cr_assert_eq(p9_call(P9_TRENAMEAT, "4s4s", 0, "file", 0, "../file"), EINVAL);
	cr_assert_eq(p9_call(P9_TSYMLINK, "4ss4", 0, "../x", "y", 0), EINVAL);
	cr_assert_eq(lstat(p9_host("../outside"), &st), 0);
	/* A directory that the host exchanges for a link is one. */
	cr_assert_eq(p9_walk_to(4, "dir/inner"), 0);
	cr_assert_eq(rename(p9_host("dir"), p9_host("gone")), 0);
	cr_assert_eq(symlink("..", p9_host("dir")), 0);
	cr_assert_eq(symlink("share/gone", p9_host("../inner")), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 4, O_RDONLY), ELOOP);
}

/* ---- files ---- */

Test(p9, reading)
{
	char text[8] = "";

	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 0ull, 10), EBADF);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY), 0);
	skip_qid();
	cr_assert_eq(p9_take32(&p9_reply), 0u);
	expect_fids(2, 1);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY), EBUSY);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 1ull, 3), 0);
	cr_assert_eq(p9_take32(&p9_reply), 3u);
	cr_assert_eq(p9_reply.left, 3u);
	memcpy(text, p9_reply.p, 3);
	cr_assert_str_eq(text, "ell");
	/* More than there is, more than a message holds, behind the end. */
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 0ull, UINT32_MAX), 0);
	cr_assert_eq(p9_take32(&p9_reply), 5u);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 5ull, 100), 0);
	cr_assert_eq(p9_take32(&p9_reply), 0u);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, UINT64_MAX, 100), EINVAL);
	cr_assert_eq(p9_call(P9_TWRITE, "484", 1, 0ull, 0), EBADF);
	cr_assert_eq(p9_call(P9_TCLUNK, "4", 1), 0);
	expect_fids(1, 0);
}

Test(p9, writing)
{
	cr_assert_eq(p9_walk_to(1, ""), ENOENT);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 1, "new", O_RDWR, 04644, 0), 0);
	/* Count and bytes: a string's length is 16 bits of the 32. */
	cr_assert_eq(p9_call(P9_TWRITE, "48421111", 1, 0ull, 4, 'a' | 'b' << 8, 'c', 'd', 'x', 'y'),
		     0);
	cr_assert_eq(p9_take32(&p9_reply), 4u);
	expect_file("new", "abcd");
	cr_assert_eq(p9_call(P9_TWRITE, "4841", 1, 0ull, 2, 'x'), EBADMSG);
	cr_assert_eq(p9_call(P9_TWRITE, "4841", 1, 1ull << 63, 1, 'x'), EFBIG);
	cr_assert_eq(p9_call(P9_TFSYNC, "44", 1, 0), 0);
	cr_assert_eq(p9_call(P9_TFSYNC, "44", 1, 1), 0);
	cr_assert_eq(p9_call(P9_TFSYNC, "44", 0, 1), EBADF);
	/* One that is there: opened, unless it has to be new. A set-user-id bit is not made. */
	cr_assert_eq(p9_call(P9_TWALK, "442", 0, 2, 0), 0);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 2, "new", O_RDWR | O_EXCL, 0644, 0), EEXIST);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 2, "new", O_RDWR | O_APPEND, 0600, 0), 0);
	cr_assert_eq(p9_call(P9_TWRITE, "4841", 2, 0ull, 1, 'e'), 0);
	expect_file("new", "abcde");
	cr_assert_eq(p9_call(P9_TGETATTR, "48", 2, UINT64_MAX), 0);
	p9_take64(&p9_reply);
	skip_qid();
	cr_assert_eq(p9_take32(&p9_reply), S_IFREG | 0644u);
	expect_fids(3, 2);
}

Test(p9, an_unlinked_file_is_still_there_for_who_has_it_open)
{
	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDWR), 0);
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "file", 0), 0);
	cr_assert_not(exists("file"));
	cr_assert_eq(p9_call(P9_TGETATTR, "48", 1, UINT64_MAX), 0);
	cr_assert_eq(p9_call(P9_TSETATTR, "444488888", 1, 8, 0, 0, 0, 3ull, 0ull, 0ull, 0ull, 0ull),
		     EBADMSG);
	cr_assert_eq(
		p9_call(P9_TSETATTR, "4444488888", 1, 8, 0, 0, 0, 3ull, 0ull, 0ull, 0ull, 0ull), 0);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 0ull, 10), 0);
	cr_assert_eq(p9_take32(&p9_reply), 3u);
}

Test(p9, what_is_no_file_is_not_opened)
{
	cr_assert_eq(p9_walk_to(1, "fifo"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY), EPERM);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_WRONLY), EPERM);
	cr_assert_eq(p9_walk_to(2, "dir"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 2, O_RDWR), EISDIR);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 2, "../fifo", O_RDWR, 0644, 0), EINVAL);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 0, "fifo", O_RDWR, 0644, 0), EPERM);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 0, "out", O_RDWR, 0644, 0), ELOOP);
	expect_fids(3, 0);
}

Test(p9, locks_are_granted)
{
	char client[16];

	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(p9_call(P9_TLOCK, "414884s", 1, 1, 0, 0ull, 10ull, 7, "guest"), EBADF);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDWR), 0);
	cr_assert_eq(p9_call(P9_TLOCK, "414884s", 1, 1, 0, 0ull, 10ull, 7, "guest"), 0);
	cr_assert_eq(p9_take8(&p9_reply), 0);
	cr_assert_eq(p9_call(P9_TGETLOCK, "41884s", 1, 1, 3ull, 10ull, 7, "guest"), 0);
	cr_assert_eq(p9_take8(&p9_reply), 2);
	cr_assert_eq(p9_take64(&p9_reply), 3u);
	cr_assert_eq(p9_take64(&p9_reply), 10u);
	cr_assert_eq(p9_take32(&p9_reply), 7u);
	p9_take_string(&p9_reply, client, sizeof(client));
	cr_assert_str_eq(client, "guest");
}

/* ---- directories ---- */

static unsigned list(unsigned fid, unsigned count, bool seen[300])
{
	uint64_t off = 0;
	unsigned total = 0;

	for (;;) {
		char name[NAME_MAX + 1];
		unsigned n;

		cr_assert_eq(p9_call(P9_TREADDIR, "484", fid, off, count), 0);
		cr_assert_leq(p9_take32(&p9_reply), count);
		if (!p9_reply.left)
			return total;
		for (; p9_reply.left; total++) {
			skip_qid();
			off = p9_take64(&p9_reply);
			p9_take8(&p9_reply);
			p9_take_string(&p9_reply, name, sizeof(name));
			if (sscanf(name, "n%u", &n) != 1)
				continue;
			cr_assert(n < 300 && !seen[n], "%s comes twice", name);
			seen[n] = true;
		}
	}
}

Test(p9, listing)
{
	bool seen[300] = { false }, again[300] = { false };
	char name[32];

	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "dir/n%u", i);
		cr_assert_eq(symlink("x", p9_host(name)), 0);
	}
	cr_assert_eq(p9_walk_to(1, "dir"), 0);
	cr_assert_eq(p9_call(P9_TREADDIR, "484", 1, 0ull, 1000), EBADF);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY | O_DIRECTORY), 0);
	cr_assert_eq(list(1, 1000, seen), 303u);
	cr_assert_eq(list(1, 60000, again), 303u);
	for (unsigned i = 0; i < 300; i++)
		cr_assert(seen[i] && again[i]);
	cr_assert_eq(p9_call(P9_TREADDIR, "484", 1, 0ull, 10), EINVAL);
	cr_assert_eq(p9_call(P9_TREADDIR, "484", 1, UINT64_MAX, 1000), EINVAL);
	cr_assert_eq(p9_call(P9_TREAD, "484", 1, 0ull, 1000), EISDIR);
	/* A file is no directory. */
	cr_assert_eq(p9_walk_to(2, "file"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 2, O_RDONLY), 0);
	cr_assert_eq(p9_call(P9_TREADDIR, "484", 2, 0ull, 1000), ENOTDIR);
}

/* ---- attributes ---- */

Test(p9, getattr)
{
	struct stat st;

	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(chmod(p9_host("file"), 0640), 0);
	cr_assert_eq(stat(p9_host("file"), &st), 0);
	cr_assert_eq(p9_call(P9_TGETATTR, "48", 1, UINT64_MAX), 0);
	cr_assert_eq(p9_take64(&p9_reply), 0x7ffu);
	cr_assert_eq(p9_take8(&p9_reply), 0);
	p9_take32(&p9_reply);
	cr_assert_eq(p9_take64(&p9_reply), st.st_ino);
	cr_assert_eq(p9_take32(&p9_reply), S_IFREG | 0640u);
	cr_assert_eq(p9_take32(&p9_reply), st.st_uid);
	cr_assert_eq(p9_take32(&p9_reply), st.st_gid);
	cr_assert_eq(p9_take64(&p9_reply), 1u);
	cr_assert_eq(p9_take64(&p9_reply), 0u);
	cr_assert_eq(p9_take64(&p9_reply), 5u);
	p9_take64(&p9_reply);
	p9_take64(&p9_reply);
	p9_take64(&p9_reply);
	p9_take64(&p9_reply);
	cr_assert_eq(p9_take64(&p9_reply), (uint64_t)st.st_mtim.tv_sec);
	cr_assert_eq(p9_take64(&p9_reply), (uint64_t)st.st_mtim.tv_nsec);
	cr_assert_eq(p9_reply.left, 48u);
	/* A link's are its own. */
	cr_assert_eq(p9_walk_to(2, "link"), 0);
	cr_assert_eq(p9_call(P9_TGETATTR, "48", 2, UINT64_MAX), 0);
	p9_take64(&p9_reply);
	cr_assert_eq(p9_take8(&p9_reply), 0x02);
}

static int set(unsigned fid, unsigned valid, unsigned mode, uint64_t size, uint64_t atime,
	       uint64_t mtime)
{
	return p9_call(P9_TSETATTR, "4444488888", fid, valid, mode, (unsigned)getuid(),
		       (unsigned)getgid(), size, atime, 5ull, mtime, 6ull);
}

Test(p9, setattr)
{
	struct stat st;

	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(set(1, 1, 06712, 0, 0, 0), 0);
	cr_assert_eq(set(1, 2 | 4, 0, 0, 0, 0), 0);
	cr_assert_eq(set(1, 8, 0, 2, 0, 0), 0);
	cr_assert_eq(set(1, 0x10 | 0x20 | 0x80 | 0x100, 0, 0, 1000, 2000), 0);
	cr_assert_eq(stat(p9_host("file"), &st), 0);
	cr_assert_eq(st.st_mode, S_IFREG | 0712u);
	cr_assert_eq(st.st_size, 2);
	cr_assert_eq(st.st_atim.tv_sec, 1000);
	cr_assert_eq(st.st_mtim.tv_sec, 2000);
	cr_assert_eq(st.st_mtim.tv_nsec, 6);
	/* Now, and the other as it is. */
	cr_assert_eq(set(1, 0x20, 0, 0, 0, 0), 0);
	cr_assert_eq(stat(p9_host("file"), &st), 0);
	cr_assert_eq(st.st_atim.tv_sec, 1000);
	cr_assert_gt(st.st_mtim.tv_sec, 2000);
	cr_assert_eq(set(1, 8, 0, UINT64_MAX, 0, 0), EFBIG);
	expect_file("file", "he");
	/* A link's owner and times, not its target's. */
	cr_assert_eq(p9_walk_to(2, "link"), 0);
	cr_assert_eq(set(2, 1 | 0x20 | 0x100, 0777, 0, 0, 3000), 0);
	cr_assert_eq(set(2, 8, 0, 0, 0, 0), ELOOP);
	cr_assert_eq(lstat(p9_host("link"), &st), 0);
	cr_assert_eq(st.st_mtim.tv_sec, 3000);
	cr_assert_eq(stat(p9_host("file"), &st), 0);
	cr_assert_eq(st.st_mode, S_IFREG | 0712u);
	cr_assert_neq(st.st_mtim.tv_sec, 3000);
	/* The directory itself has no parent to be looked up in. */
	cr_assert_eq(set(0, 1, 0750, 0, 0, 0), 0);
	cr_assert_eq(stat(p9_host(""), &st), 0);
	cr_assert_eq(st.st_mode, S_IFDIR | 0750u);
}

Test(p9, statfs)
{
	cr_assert_eq(p9_call(P9_TSTATFS, "4", 0), 0);
	cr_assert_eq(p9_take32(&p9_reply), 0x01021997u);
	cr_assert_gt(p9_take32(&p9_reply), 0u);
	cr_assert_gt(p9_take64(&p9_reply), 0u);
	cr_assert_eq(p9_reply.left, 4u * 8 + 8 + 4);
}

/* ---- names ---- */

Test(p9, making)
{
	char target[PATH_MAX];
	struct stat st;

	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 0, "d", 01770, 0), 0);
	cr_assert_eq(p9_take8(&p9_reply), 0x80);
	cr_assert_eq(stat(p9_host("d"), &st), 0);
	cr_assert_eq(st.st_mode, S_IFDIR | 01770u);
	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 0, "d", 0770, 0), EEXIST);
	cr_assert_eq(p9_call(P9_TSYMLINK, "4ss4", 0, "s", "/no/where", 0), 0);
	cr_assert_eq(p9_take8(&p9_reply), 0x02);
	cr_assert_eq(p9_walk_to(1, "s"), 0);
	cr_assert_eq(p9_call(P9_TREADLINK, "4", 1), 0);
	p9_take_string(&p9_reply, target, sizeof(target));
	cr_assert_str_eq(target, "/no/where");
	cr_assert_eq(p9_call(P9_TREADLINK, "4", 0), EINVAL);
	cr_assert_eq(p9_call(P9_TMKNOD, "4s4444", 0, "f", S_IFIFO | 0600, 0, 0, 0), 0);
	cr_assert_eq(stat(p9_host("f"), &st), 0);
	cr_assert_eq(st.st_mode, S_IFIFO | 0600u);
	cr_assert_eq(p9_call(P9_TMKNOD, "4s4444", 0, "c", S_IFCHR | 0600, 1, 3, 0), EPERM);
	cr_assert_eq(p9_call(P9_TMKNOD, "4s4444", 0, "b", S_IFBLK | 0600, 8, 0, 0), EPERM);
	cr_assert_eq(p9_walk_to(2, "file"), 0);
	cr_assert_eq(p9_call(P9_TLINK, "44s", 0, 2, "second"), 0);
	expect_file("second", "hello");
	/* A link to a link is to the link. */
	cr_assert_eq(p9_call(P9_TLINK, "44s", 0, 1, "s2"), 0);
	cr_assert_eq(lstat(p9_host("s2"), &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
}

Test(p9, a_fid_goes_with_its_file)
{
	cr_assert_eq(p9_walk_to(1, "dir/inner"), 0);
	cr_assert_eq(p9_walk_to(2, "file"), 0);
	cr_assert_eq(p9_walk_to(3, "dir"), 0);
	cr_assert_eq(p9_call(P9_TRENAMEAT, "4s4s", 0, "dir", 0, "moved"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY), 0);
	cr_assert_eq(p9_call(P9_TRENAME, "44s", 2, 3, "there"), 0);
	expect_file("moved/there", "hello");
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 2, O_RDONLY), 0);
	cr_assert_eq(p9_call(P9_TRENAME, "44s", 0, 3, "root"), EBUSY);
	cr_assert_eq(p9_call(P9_TRENAMEAT, "4s4s", 0, "none", 0, "x"), ENOENT);
	cr_assert_eq(p9_call(P9_TRENAMEAT, "4s4s", 0, "moved", 3, "x"), EINVAL);
}

Test(p9, removing)
{
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "dir", 0), EISDIR);
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "dir", 0x200), ENOTEMPTY);
	cr_assert_eq(p9_walk_to(1, "dir/inner"), 0);
	cr_assert_eq(p9_call(P9_TREMOVE, "4", 1), 0);
	cr_assert_eq(p9_call(P9_TCLUNK, "4", 1), EBADF);
	cr_assert_eq(p9_walk_to(1, "dir"), 0);
	cr_assert_eq(p9_call(P9_TREMOVE, "4", 1), 0);
	cr_assert_not(exists("dir"));
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "link", 0), 0);
	cr_assert_not(exists("link"));
	expect_file("file", "hello");
	/* Also where it fails. */
	cr_assert_eq(p9_call(P9_TREMOVE, "4", 0), EBUSY);
	expect_fids(0, 0);
}

/* ---- hostile ---- */

Test(p9, messages_that_are_none)
{
	uint8_t request[64] = { 0 }, reply[64];
	size_t len = p9_message(request, P9_TCLUNK, "4", 0);

	cr_assert_eq(p9_call(0, ""), EOPNOTSUPP);
	cr_assert_eq(p9_call(255, ""), EOPNOTSUPP);
	cr_assert_eq(p9_call(P9_TXATTRWALK, "44s", 0, 1, ""), EOPNOTSUPP);
	cr_assert_eq(p9_call(P9_TFLUSH, "2", 1), 0);
	cr_assert_eq(p9_call(P9_TWALK, "442", 0, 1, 1), EBADMSG);
	cr_assert_eq(p9_call(P9_TMKDIR, "42", 0, 300), EBADMSG);
	cr_assert_eq(p9_call(P9_TMKDIR, "421111", 0, 3, 'a', 0, 'b', 0), EINVAL);
	cr_assert_eq(p9_call(P9_TCLUNK, ""), EBADMSG);
	/* It says that it is longer than it is, and shorter than a header. */
	cr_assert_eq(p9_handle(p9_server, request, len - 1, reply, sizeof(reply)), 11u);
	request[0] = 6;
	cr_assert_eq(p9_handle(p9_server, request, len, reply, sizeof(reply)), 11u);
	/* No room for what would be the answer. */
	len = p9_message(request, P9_TGETATTR, "48", 0, UINT64_MAX);
	cr_assert_eq(p9_handle(p9_server, request, len, reply, sizeof(reply)), 11u);
	expect_fids(1, 0);
}

Test(p9, it_holds_no_more_than_so_many)
{
	struct p9_counts c;
	unsigned n;
	int ret = 0;

	for (n = 1; !(ret = p9_call(P9_TWALK, "442s", 0, n, 1, "file")); n++)
		cr_assert_leq(n, 1u << 20);
	cr_assert_eq(ret, ENFILE);
	for (n = 1; !(ret = p9_call(P9_TLOPEN, "44", n, O_RDONLY)); n++)
		cr_assert_leq(n, 4096u);
	cr_assert_eq(ret, EMFILE);
	p9_get_counts(p9_server, &c);
	cr_assert_eq(c.fids, 65536u);
	cr_assert_eq(c.files, n - 1);
	p9_reset(p9_server);
	expect_fids(0, 0);
}

static void setup_readonly(void)
{
	p9_open_server(true);
}

Test(p9, read_only, .init = setup_readonly)
{
	cr_assert_eq(p9_walk_to(1, "file"), 0);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDWR), EROFS);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, 01000), EROFS);
	cr_assert_eq(p9_call(P9_TLOPEN, "44", 1, O_RDONLY), 0);
	cr_assert_eq(p9_call(P9_TLCREATE, "4s444", 0, "new", O_RDONLY, 0644, 0), EROFS);
	cr_assert_eq(p9_call(P9_TMKDIR, "4s44", 0, "d", 0755, 0), EROFS);
	cr_assert_eq(p9_call(P9_TUNLINKAT, "4s4", 0, "file", 0), EROFS);
	cr_assert_eq(set(1, 1, 0600, 0, 0, 0), EROFS);
	cr_assert_eq(p9_call(P9_TREMOVE, "4", 1), EROFS);
	expect_file("file", "hello");
}

Test(p9_create, what_cannot_be_shared)
{
	struct p9 *s = NULL;
	struct error err;

	cr_assert_eq(p9_create(&s, "share0", "/no/such/dir", false, &err), -ENOENT);
	cr_assert_str_eq(err.text, "/no/such/dir: No such file or directory");
	cr_assert_eq(p9_create(&s, "share0", "/proc/self/exe", false, &err), -ENOTDIR);
	cr_assert_null(s);
}
