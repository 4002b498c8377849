// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DEV kinds `stdio` and `file:PATH`.
 *
 * Standard input and output may be a terminal, pipes, files or /dev/null, and
 * other programs have them open too. O_NONBLOCK belongs to the open file and
 * not to the descriptor, so setting it would hit all of them (the shell after
 * us, our own stderr): instead the file is opened anew through /proc/self/fd.
 * Where that is refused (a terminal of another user), writes ask poll() first.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool stdio_used;

static void stdio_released(void *opaque, int fd)
{
	(void)opaque;
	(void)fd;
	terminal_restore();
	stdio_used = false;
}

/* A descriptor of our own for @fd; -1 when it is not open at all. */
static int own_fd(int fd, int flags, enum stream_writes *writes)
{
	char path[32];
	struct stat st;
	int new_fd;

	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISSOCK(st.st_mode)) {
		*writes = STREAM_SEND;
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	if (S_ISREG(st.st_mode)) {
		/* Opening it anew would lose the offset that is shared with others. */
		*writes = STREAM_DIRECT;
		return fcntl(fd, F_DUPFD_CLOEXEC, 3);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	new_fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	*writes = new_fd >= 0 ? STREAM_NONBLOCK : STREAM_ASK;
	return new_fd >= 0 ? new_fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int chardev_stdio_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	struct stream_params p = { .name = "stdio", .lasting = true, .released = stdio_released };
	enum stream_writes ignored;
	int ret;

	(void)arg;
	if (stdio_used)
		return error_set(err, -EBUSY, "stdio is in use already: only one DEV can be stdio");
	p.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	p.rfd = own_fd(STDIN_FILENO, O_RDONLY, &ignored);
	p.wfd = own_fd(STDOUT_FILENO, O_WRONLY, &p.writes);
	ret = stream_create(cd, ep->loop, &p);
	if (ret < 0) {
		ret = error_set(err, ret, "cannot use stdio: %s", strerror(-ret));
		goto err_close;
	}
	stdio_used = true;
	if (isatty(STDIN_FILENO)) {
		ret = terminal_raw();
		if (ret < 0) {
			chardev_close(*cd);
			*cd = NULL;
			return error_set(err, ret, "cannot set up the terminal: %s",
					 strerror(-ret));
		}
	}
	return 0;

err_close:
	if (p.rfd >= 0)
		close(p.rfd);
	if (p.wfd >= 0)
		close(p.wfd);
	return ret;
}

int chardev_file_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	struct stream_params p = { .name = arg, .rfd = -1 };
	struct stat st;
	int ret;

	if (!*arg)
		return error_set(err, -EINVAL, "file: needs a path, as in file:/tmp/serial.log");
	/* O_NONBLOCK: a FIFO that nobody reads is an error and not a wait. */
	p.wfd = open(arg, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0644);
	if (p.wfd < 0 && errno == ENXIO)
		return error_set(err, -ENXIO, "cannot write to %s: nobody reads it", arg);
	if (p.wfd < 0)
		return error_set(err, -errno, "cannot write to %s: %s", arg, strerror(errno));
	if (!fstat(p.wfd, &st) && S_ISREG(st.st_mode))
		p.writes = STREAM_DIRECT;
	ret = stream_create(cd, ep->loop, &p);
	if (ret < 0) {
		close(p.wfd);
		return error_set(err, ret, "cannot use %s: %s", arg, strerror(-ret));
	}
	return 0;
}
