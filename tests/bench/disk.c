// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How fast a disk is, from inside the guest that has it. Past the page cache (open(2), O_DIRECT).
 *
 *   disk random DEVICE READS     of 4 KiB each, at places all over it; prints reads in a second
 *   disk read DEVICE MIB         from the beginning, 256 KiB at a time; prints MiB in a second
 *   disk write DEVICE MIB        the same, and a flush at the end
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/rigs/tool.h"

#define BLOCK 4096
#define PIECE (256u << 10)
#define MIB   (1u << 20)

static uint8_t buffer[PIECE] __attribute__((aligned(BLOCK)));

static void random_reads(int fd, long count)
{
	off_t blocks = lseek(fd, 0, SEEK_END) / BLOCK;
	uint64_t seed = 1;
	double start = now_ms();

	if (blocks <= 0)
		fail("the device has no size");
	for (long i = 0; i < count; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (pread(fd, buffer, BLOCK, (off_t)((seed >> 33) % (uint64_t)blocks) * BLOCK) !=
		    BLOCK)
			fail("read: %m");
	}
	printf("%.1f\n", (double)count * 1e3 / (now_ms() - start));
}

static void in_a_row(int fd, long mib, bool write)
{
	double start = now_ms();

	for (off_t at = 0; at < mib * MIB; at += PIECE) {
		ssize_t n = write ? pwrite(fd, buffer, PIECE, at) : pread(fd, buffer, PIECE, at);

		if (n != PIECE)
			fail("%s: %m", write ? "write" : "read");
	}
	if (write && fsync(fd))
		fail("flush: %m");
	printf("%.1f\n", (double)mib * 1e3 / (now_ms() - start));
}

int main(int argc, char **argv)
{
	bool write = argc == 4 && !strcmp(argv[1], "write");
	long count = argc == 4 ? atol(argv[3]) : 0;
	int fd;

	if (count <= 0)
		fail("usage: disk random|read|write DEVICE COUNT");
	fd = open(argv[2], (write ? O_WRONLY : O_RDONLY) | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		fail("%s: %m", argv[2]);
	if (!strcmp(argv[1], "random"))
		random_reads(fd, count);
	else
		in_a_row(fd, count, write);
	return 0;
}
