// SPDX-License-Identifier: GPL-3.0-or-later
/* Disk images without a guest: which are taken, who may share one, and what goes wrong in them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/parts/disk.h"
#include "tests/unit-virtio/disk_card.h"

static char path[64];
static struct error err;

static void setup(void)
{
	snprintf(path, sizeof(path), "/tmp/vitrine-image-%d.img", (int)getpid());
}

static void teardown(void)
{
	unlink(path);
}

TestSuite(disk, .init = setup, .fini = teardown, .timeout = 60);

static void make(const void *bytes, size_t len, uint64_t size)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, bytes, len), (ssize_t)len);
	cr_assert_eq(ftruncate(fd, (off_t)size), 0);
	close(fd);
}

static struct disk *try_open(struct machine_drive drive)
{
	struct disk *disk = NULL;

	/* The disk keeps what it is given. */
	static struct machine_drive kept[8];
	static unsigned next;
	struct machine_drive *k = &kept[next++ % 8];

	*k = drive;
	k->id = "d";
	if (!k->file)
		k->file = path;
	err.text[0] = '\0';
	return disk_open(&disk, k, &err) ? NULL : disk;
}

static void expect_refused(struct machine_drive drive, const char *why)
{
	struct disk *disk = try_open(drive);

	cr_assert_null(disk, "not refused: %s", why);
	cr_expect_not_null(strstr(err.text, why), "'%s' is not about '%s'", err.text, why);
}

static int wait_one(struct disk *disk, struct disk_request *req)
{
	struct disk_request *done;

	disk_submit(disk, req);
	disk_kick(disk);
	while (!(done = disk_completed(disk)))
		poll(&(struct pollfd){ disk_event_fd(disk), POLLIN, 0 }, 1, -1);
	cr_assert_eq(done, req);
	cr_assert_null(done->next);
	return done->result;
}

static int transfer(struct disk *disk, enum disk_op op, uint64_t at, void *buf, size_t len)
{
	struct iovec iov = { buf, len };
	struct disk_request req = {
		.op = op, .offset = at, .len = len, .iov = &iov, .iov_count = 1
	};

	return wait_one(disk, &req);
}

/* ---- images ---- */

Test(disk, images_that_are_none)
{
	expect_refused((struct machine_drive){ 0 }, "No such file");
	make("", 0, 0);
	expect_refused((struct machine_drive){ 0 }, "it is empty");
	make("", 0, 1000);
	expect_refused((struct machine_drive){ 0 }, "1000 bytes are no multiple of 512");
	expect_refused((struct machine_drive){ .file = "/dev/null" }, "neither a file nor a block");
	expect_refused((struct machine_drive){ .file = "/tmp" }, "Is a directory");
	make("QFI\xfb", 4, 65536);
	expect_refused((struct machine_drive){ 0 }, "qcow2");
	disk_close(try_open((struct machine_drive){ .format_given = true }));
	cr_expect_str_eq(err.text, "");
}

Test(disk, who_writes_is_alone)
{
	struct disk *a, *b;

	make("", 0, 65536);
	cr_assert_not_null(a = try_open((struct machine_drive){ 0 }), "%s", err.text);
	expect_refused((struct machine_drive){ 0 }, "it is in use");
	expect_refused((struct machine_drive){ .readonly = true }, "in use");
	expect_refused((struct machine_drive){ .snapshot = true }, "writes to it");
	disk_close(a);
	cr_assert_not_null(a = try_open((struct machine_drive){ .readonly = true }));
	cr_assert_not_null(b = try_open((struct machine_drive){ .snapshot = true }));
	expect_refused((struct machine_drive){ 0 }, "must be alone");
	disk_close(a);
	disk_close(b);
	cr_assert_not_null(a = try_open((struct machine_drive){ 0 }), "%s", err.text);
	disk_close(a);
}

/* ---- requests ---- */

static const struct machine_drive ways[] = { { .aio = DRIVE_IO_URING },
					     { .aio = DRIVE_THREADS },
					     { .snapshot = true } };
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* More than the ring has places for, submitted at once. */
Test(disk, a_thousand_at_a_time)
{
	enum { COUNT = 1000 };
	static struct disk_request req[COUNT];
	static struct iovec iov[COUNT];
	static uint8_t buf[COUNT][512];

	make("", 0, COUNT * 512ull);
	for (size_t way = 0; way < WAYS; way++) {
		struct disk *disk = try_open(ways[way]);

		cr_assert_not_null(disk, "%s", err.text);
		for (int pass = 0; pass < 2; pass++) {
			unsigned left = COUNT;

			for (unsigned i = 0; i < COUNT; i++) {
				memset(buf[i], pass ? 0 : (int)(i + way), 512);
				iov[i] = (struct iovec){ buf[i], 512 };
				req[i] = (struct disk_request){ .op = pass ? DISK_READ : DISK_WRITE,
								.offset = i * 512ull,
								.len = 512,
								.iov = &iov[i],
								.iov_count = 1 };
				disk_submit(disk, &req[i]);
			}
			disk_kick(disk);
			while (left) {
				poll(&(struct pollfd){ disk_event_fd(disk), POLLIN, 0 }, 1, -1);
				for (struct disk_request *r = disk_completed(disk); r;
				     r = r->next, left--)
					cr_assert_eq(r->result, 0);
			}
		}
		for (unsigned i = 0; i < COUNT; i++)
			cr_assert_eq(buf[i][511], (uint8_t)(i + way), "way %zu, %u", way, i);
		disk_close(disk);
	}
}

Test(disk, an_image_that_somebody_cuts)
{
	uint8_t buf[4096];

	for (size_t way = 0; way < WAYS; way++) {
		struct disk *disk;

		make("", 0, 65536);
		cr_assert_not_null(disk = try_open(ways[way]));
		cr_assert_eq(truncate(path, 1024), 0);
		cr_expect_eq(transfer(disk, DISK_READ, 0, buf, 4096), -EIO);
		cr_expect_eq(transfer(disk, DISK_READ, 0, buf, 1024), 0);
		disk_close(disk);
	}
}

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
	/* What is told is the error, not the signal. */
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ bytes, RLIM_INFINITY }), 0);
}

Test(disk, one_that_is_full_loses_nothing)
{
	uint8_t buf[4096];

	for (size_t way = 0; way < WAYS; way++) {
		struct disk *disk;

		limit_files(RLIM_INFINITY);
		make("", 0, 65536);
		cr_assert_not_null(disk = try_open(ways[way]), "%s", err.text);
		memset(buf, 0x11, sizeof(buf));
		cr_assert_eq(transfer(disk, DISK_WRITE, 0, buf, 4096), 0);
		limit_files(8192);
		memset(buf, 0x22, sizeof(buf));
		cr_expect_eq(transfer(disk, DISK_WRITE, 32768, buf, 4096), -EFBIG, "way %zu", way);
		limit_files(RLIM_INFINITY);
		cr_assert_eq(transfer(disk, DISK_READ, 0, buf, 4096), 0);
		cr_expect_eq(buf[4095], 0x11);
		cr_assert_eq(transfer(disk, DISK_READ, 32768, buf, 4096), 0);
		cr_expect_eq(buf[0], 0);
		disk_close(disk);
	}
}

/* What the test's standard error has got. */
static unsigned lines_in(const char *file, const char *what)
{
	FILE *f = fopen(file, "re");
	char line[512];
	unsigned n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, what) != NULL;
	if (f)
		fclose(f);
	return n;
}

Test(disk, the_guest_hears_of_each_and_the_person_once)
{
	struct disk_card d;
	int old = dup(STDERR_FILENO), to = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	disk_card_open(&d, (struct machine_drive){ 0 }, "");
	card_start(&d.c, 0, 64);
	dup2(to, STDERR_FILENO);
	limit_files(65536);
	for (unsigned i = 0; i < 5; i++)
		cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_OUT, 1000, 512), VIRTIO_BLK_S_IOERR);
	limit_files(RLIM_INFINITY);
	cr_expect_eq(disk_card_do(&d, VIRTIO_BLK_T_OUT, 1000, 512), VIRTIO_BLK_S_OK);
	dup2(old, STDERR_FILENO);
	cr_expect_eq(lines_in(path, "512 bytes at 512000 could not be written: File too large"),
		     1u);
	disk_card_close(&d);
	close(old);
	close(to);
}
