// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * `vitrine demo`: hands out the guest of demo_guest.S, writes it where gdb
 * finds its symbols, and says what to type.
 */
#include "hv/cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const uint8_t demo_guest_start[], demo_guest_end[];

const void *demo_image(size_t *size)
{
	*size = (size_t)(demo_guest_end - demo_guest_start);
	return demo_guest_start;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

int demo_write_symbols(const char *path, struct error *err)
{
	size_t size;
	const void *image = demo_image(&size);
	int ret, fd;

	/* A new file each time: never through somebody else's link, never into one that gdb maps.
	 */
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set(err, -errno, "cannot replace %s: %s", path, strerror(errno));
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		return error_set(err, -errno, "cannot write the demo guest's symbols to %s: %s",
				 path, strerror(errno));
	ret = write_all(fd, image, size);
	if (close(fd) < 0 && !ret)
		ret = -errno;
	if (ret) {
		unlink(path);
		return error_set(err, ret, "cannot write the demo guest's symbols to %s: %s", path,
				 strerror(-ret));
	}
	return 0;
}

void demo_greet(FILE *out, const char *symbols, const char *target, unsigned vcpus)
{
	fprintf(out,
		"The demo guest: a tiny kernel on %u vCPU%s. To look inside, type in another "
		"terminal:\n"
		"\n"
		"    gdb %s -ex 'target remote %s'\n"
		"\n"
		"and there, for example:\n"
		"\n"
		"    break is_prime          stop where a task counts primes, on whichever vCPU\n"
		"    continue\n"
		"    backtrace\n"
		"    info threads            the vCPUs\n"
		"    watch heartbeat         stop at the next tick of the clock\n"
		"    print cpus              what each CPU has done; also: print tasks\n"
		"    detach\n"
		"\n",
		vcpus, vcpus == 1 ? "" : "s", symbols, target);
	fflush(out);
}
