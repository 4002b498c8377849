// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the server of shared directories: the input is a client's messages, most of them well
 * formed with few fids and few names, so that they lead somewhere; some are bytes as they come.
 *
 * What must hold: a reply fits its room and says its own length, nothing outside the directory
 * changes or is opened, a read-only one does not change, and a reset leaves no fid and no open
 * file.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/9p/protocol.h"
#include "devices/9p/server.h"
#include "devices/9p/wire.h"
#include "tests/fuzz/input.h"

#define READONLY 1u

/* A letter for each field: 1, 2, 4, 8 bytes of a number; f: a fid, x: none, n: a name, w: several,
 * m: a mode, o: flags of opening, r: flags of removing, b: bytes to write, v: the version. */
static const struct {
	uint8_t type;
	const char *fields;
} shapes[] = {
	{ P9_TATTACH, "fxnn4" },  { P9_TWALK, "ffw" },	     { P9_TLOPEN, "fo" },
	{ P9_TLCREATE, "fnom4" }, { P9_TREAD, "f84" },	     { P9_TWRITE, "f8b" },
	{ P9_TCLUNK, "f" },	  { P9_TREMOVE, "f" },	     { P9_TSTATFS, "f" },
	{ P9_TSYMLINK, "fnn4" },  { P9_TMKNOD, "fnm444" },   { P9_TRENAME, "ffn" },
	{ P9_TREADLINK, "f" },	  { P9_TGETATTR, "f8" },     { P9_TSETATTR, "f4m4488888" },
	{ P9_TXATTRWALK, "ffn" }, { P9_TREADDIR, "f84" },    { P9_TFSYNC, "f4" },
	{ P9_TLOCK, "f14884n" },  { P9_TGETLOCK, "f1884n" }, { P9_TLINK, "ffn" },
	{ P9_TMKDIR, "fnm4" },	  { P9_TRENAMEAT, "fnfn" },  { P9_TUNLINKAT, "fnr" },
	{ P9_TVERSION, "4v" },	  { P9_TFLUSH, "2" },
};
static const char *const names[] = { "file", "dir",   "link", "out", "a", "..",
				     ".",    "inner", "",     "a/b", "/", "../outside" };
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char top[64], share[80], outside[80];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	return where->level ? remove(path) : 0;
}

static void put_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	check(fd >= 0 && write(fd, "hello", 5) == 5);
	close(fd);
}

static void clean_up(void)
{
	nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rmdir(top);
}

static void fill(void)
{
	int dir;

	if (!*top) {
		snprintf(top, sizeof(top), "/tmp/vitrine-fuzz-9p-XXXXXX");
		check(mkdtemp(top));
		snprintf(share, sizeof(share), "%s/share", top);
		snprintf(outside, sizeof(outside), "%s/outside", top);
		check(!mkdir(share, 0700));
		atexit(clean_up);
	}
	chmod(share, 0700);
	nftw(share, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir = open(share, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	check(dir >= 0);
	put_file(dir, "../outside");
	put_file(dir, "file");
	check(!mkdirat(dir, "dir", 0700) && !symlinkat("file", dir, "link") &&
	      !symlinkat("..", dir, "out"));
	put_file(dir, "dir/inner");
	close(dir);
}

/* What must be as it was, in one number. */
static uint64_t look_outside(void)
{
	struct stat st, up;

	check(!lstat(outside, &st) && !lstat(top, &up));
	return (uint64_t)st.st_ino ^ (uint64_t)st.st_size << 32 ^ (uint64_t)st.st_mtim.tv_nsec ^
	       st.st_mode ^ (uint64_t)up.st_mtim.tv_nsec << 8 ^ up.st_mode;
}

static void put_bytes(struct p9_out *out, struct input *in)
{
	uint8_t n = take(in) % 16;

	p9_put32(out, n);
	while (n--)
		p9_put8(out, take(in));
}

static void put_names(struct p9_out *out, struct input *in)
{
	uint8_t n = take(in) % 4;

	p9_put16(out, n);
	while (n--)
		p9_put_string(out, names[take(in) % COUNT(names)]);
}

static void put_field(struct p9_out *out, struct input *in, char kind)
{
	switch (kind) {
	case '1':
		p9_put8(out, take(in));
		break;
	case '2':
		p9_put16(out, take(in));
		break;
	case '4':
		/* Sizes and counts: small ones do more. */
		p9_put32(out, (uint32_t)take(in) << (take(in) & 15));
		break;
	case 'r':
		p9_put32(out, take(in) & 1 ? 0x200 : 0);
		break;
	case 'x':
		p9_put32(out, UINT32_MAX);
		break;
	case '8':
		p9_put64(out, take(in) & 0x80 ? UINT64_MAX << (take(in) & 63) : take(in));
		break;
	case 'f':
		p9_put32(out, take(in) % 8);
		break;
	case 'n':
		p9_put_string(out, names[take(in) % COUNT(names)]);
		break;
	case 'm':
		/* Files, directories, links, FIFOs, devices; who made it can go on. */
		p9_put32(out, (uint32_t)(take(in) & 15) << 12 | 0700);
		break;
	case 'o':
		p9_put32(out, take(in) & 3 ? take(in) & 2 : (uint32_t)take(in) << 7);
		break;
	case 'v':
		p9_put_string(out, "9P2000.L");
		break;
	case 'w':
		put_names(out, in);
		break;
	default:
		put_bytes(out, in);
	}
}

static size_t make_message(uint8_t *to, struct input *in)
{
	struct p9_out out = { .p = to, .len = 4, .room = 4096 }, size = { .p = to, .room = 4 };
	uint8_t which = take(in);

	if (which == UINT8_MAX) {
		for (unsigned n = take(in); n; n--)
			p9_put8(&out, take(in));
		size.p[0] = take(in);
		return out.len;
	}
	which %= COUNT(shapes);
	p9_put8(&out, shapes[which].type);
	p9_put16(&out, 1);
	for (const char *f = shapes[which].fields; *f; f++)
		put_field(&out, in, *f);
	p9_put32(&size, (uint32_t)out.len);
	return out.len;
}

static void send_message(struct p9 *s, const uint8_t *request, size_t len, size_t room)
{
	/* Of its own, so that a byte too many is seen. */
	uint8_t *reply = calloc(1, room);
	struct p9_in answer;

	check(reply);
	len = p9_handle(s, request, len, reply, room);
	answer = (struct p9_in){ reply, len, 0 };
	check(len >= P9_HEADER && len <= room && p9_take32(&answer) == len);
	free(reply);
}

static void one_message(struct p9 *s, struct input *in)
{
	static uint8_t request[4096];
	size_t len, room = P9_REPLY_MIN + take(in) * 32u;

	memset(request, 0, P9_HEADER);
	len = make_message(request, in);
	if (len >= P9_HEADER)
		send_message(s, request, len, room);
}

/* Fid 0 is the directory. */
static void attach(struct p9 *s)
{
	static const uint8_t request[] = { 23,	0,   0,	  0, 104, 0, 0, 0, 0, 0, 0, 255,
					   255, 255, 255, 0, 0,	  0, 0, 0, 0, 0, 0 };

	send_message(s, request, sizeof(request), 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	bool readonly = take(&in) & READONLY;
	struct p9_counts counts;
	uint64_t before;
	struct error err;
	struct stat st, was;
	struct p9 *s;

	fill();
	before = look_outside();
	check(!stat(share, &was));
	check(!p9_create(&s, "share0", share, readonly, &err));
	attach(s);
	while (in.left)
		one_message(s, &in);
	p9_reset(s);
	p9_get_counts(s, &counts);
	check(!counts.fids && !counts.files);
	p9_destroy(s);
	check(look_outside() == before);
	check(!stat(share, &st));
	check(!readonly ||
	      (st.st_mtim.tv_nsec == was.st_mtim.tv_nsec && st.st_mode == was.st_mode));
	return 0;
}
