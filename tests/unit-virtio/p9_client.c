// SPDX-License-Identifier: GPL-3.0-or-later
/* A client of the 9P server for tests: see p9_client.h. */
#include "tests/unit-virtio/p9_client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAG 0x1234

char p9_dir[64];
struct p9 *p9_server;
struct p9_in p9_reply;
static uint8_t request[P9_MESSAGE_MAX], reply[P9_MESSAGE_MAX];

/* ---- the host's side ---- */

const char *p9_host(const char *path)
{
	static char text[2][256];
	static unsigned turn;

	turn = !turn;
	snprintf(text[turn], sizeof(text[turn]), "%s/share/%s", p9_dir, path);
	return text[turn];
}

static void put_file(const char *path, const char *content)
{
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	close(fd);
}

void p9_make_dir(void)
{
	char outside[80];

	snprintf(p9_dir, sizeof(p9_dir), "/tmp/vitrine-9p-XXXXXX");
	cr_assert_not_null(mkdtemp(p9_dir));
	snprintf(outside, sizeof(outside), "%s/outside", p9_dir);
	put_file(outside, "secret");
	cr_assert_eq(mkdir(p9_host(""), 0755), 0);
	put_file(p9_host("file"), "hello");
	cr_assert_eq(mkdir(p9_host("dir"), 0755), 0);
	put_file(p9_host("dir/inner"), "inner");
	cr_assert_eq(symlink("file", p9_host("link")), 0);
	cr_assert_eq(symlink("..", p9_host("out")), 0);
	cr_assert_eq(mkfifo(p9_host("fifo"), 0644), 0);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void p9_remove_dir(void)
{
	nftw(p9_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the client's ---- */

static void put_field(struct p9_out *out, char kind, va_list *args)
{
	switch (kind) {
	case '1':
		p9_put8(out, (uint8_t)va_arg(*args, unsigned));
		break;
	case '2':
		p9_put16(out, (uint16_t)va_arg(*args, unsigned));
		break;
	case '4':
		p9_put32(out, va_arg(*args, unsigned));
		break;
	case '8':
		p9_put64(out, va_arg(*args, uint64_t));
		break;
	default:
		p9_put_string(out, va_arg(*args, const char *));
	}
}

static size_t message(uint8_t *to, uint8_t type, const char *fields, va_list *args)
{
	struct p9_out out = { .p = to, .room = P9_MESSAGE_MAX, .len = 4 };
	struct p9_out size = { .p = to, .room = 4 };

	p9_put8(&out, type);
	p9_put16(&out, TAG);
	for (; *fields; fields++)
		put_field(&out, *fields, args);
	p9_put32(&size, (uint32_t)out.len);
	return out.len;
}

size_t p9_message(uint8_t *to, uint8_t type, const char *fields, ...)
{
	va_list args;
	size_t len;

	va_start(args, fields);
	len = message(to, type, fields, &args);
	va_end(args);
	return len;
}

int p9_call(uint8_t type, const char *fields, ...)
{
	uint8_t answer;
	va_list args;
	size_t len;

	va_start(args, fields);
	len = message(request, type, fields, &args);
	va_end(args);
	len = p9_handle(p9_server, request, len, reply, sizeof(reply));
	p9_reply = (struct p9_in){ .p = reply, .left = len };
	cr_assert_eq(p9_take32(&p9_reply), len);
	answer = p9_take8(&p9_reply);
	cr_assert_eq(p9_take16(&p9_reply), TAG);
	if (answer != 7) {
		cr_assert_eq(answer, type + 1);
		return 0;
	}
	cr_assert_eq(len, 11u);
	return (int)p9_take32(&p9_reply);
}

void p9_open_server(bool readonly)
{
	struct error err;
	char version[16];

	p9_make_dir();
	cr_assert_eq(p9_create(&p9_server, "share0", p9_host(""), readonly, &err), 0, "%s",
		     err.text);
	cr_assert_eq(p9_call(P9_TVERSION, "4s", 65536, "9P2000.L"), 0);
	cr_assert_eq(p9_take32(&p9_reply), 65536u);
	p9_take_string(&p9_reply, version, sizeof(version));
	cr_assert_str_eq(version, "9P2000.L");
	cr_assert_eq(p9_call(P9_TATTACH, "44ss4", 0, NOFID, "root", "", 0), 0);
}

void p9_close_server(void)
{
	p9_destroy(p9_server);
	p9_remove_dir();
}

int p9_walk_to(unsigned fid, const char *path)
{
	char copy[256], *at = copy, *name;
	int ret = p9_call(P9_TWALK, "442", 0, fid, 0);

	snprintf(copy, sizeof(copy), "%s", path);
	while (!ret && (name = strsep(&at, "/")))
		ret = p9_call(P9_TWALK, "442s", fid, fid, 1, name);
	return ret;
}
