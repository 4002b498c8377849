// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DEV kinds `/dev/…` (a serial line) and `pty`: bytes go through as they are,
 * so both are set to raw mode.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static void line_released(void *opaque, int fd)
{
	tcsetattr(fd, TCSANOW, opaque);
	free(opaque);
}

/*
 * Raw, 8N1, no modem control. A line that nobody set stands at the kernel's
 * default of 9600; that becomes 115200. A speed set with stty stays.
 */
static int line_raw(int fd, const struct termios *old)
{
	struct termios tio = *old;

	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	tio.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	if (cfgetospeed(&tio) == B9600) {
		cfsetispeed(&tio, B115200);
		cfsetospeed(&tio, B115200);
	}
	return tcsetattr(fd, TCSANOW, &tio) < 0 ? -errno : 0;
}

int chardev_line_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	struct stream_params p = { .name = arg, .tty = true };
	struct termios *old = malloc(sizeof(*old));
	int ret;

	if (!old)
		return error_set(err, -ENOMEM, "cannot open %s: out of memory", arg);
	p.rfd = open(arg, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (p.rfd < 0) {
		ret = error_set(err, -errno, "cannot open %s: %s", arg, strerror(errno));
		goto err_free;
	}
	if (tcgetattr(p.rfd, old) < 0) {
		ret = error_set(err, -ENOTTY,
				"%s is no serial line; for output to a file use file:%s", arg, arg);
		goto err_close;
	}
	ret = line_raw(p.rfd, old);
	if (ret < 0) {
		error_set(err, ret, "cannot set up %s: %s", arg, strerror(-ret));
		goto err_close;
	}
	tcflush(p.rfd, TCIFLUSH);
	p.wfd = p.rfd;
	p.released = line_released;
	p.opaque = old;
	ret = stream_create(cd, ep->loop, &p);
	if (ret < 0) {
		tcsetattr(p.rfd, TCSANOW, old);
		error_set(err, ret, "cannot use %s: %s", arg, strerror(-ret));
		goto err_close;
	}
	return 0;

err_close:
	close(p.rfd);
err_free:
	free(old);
	return ret;
}

struct pty {
	int slave;
};

static void pty_released(void *opaque, int fd)
{
	struct pty *pty = opaque;

	(void)fd;
	close(pty->slave);
	free(pty);
}

static int pty_make(int *master, int *slave, char *name, size_t size)
{
	struct termios tio;
	int ret;

	*slave = -1;
	*master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*master < 0)
		return -errno;
	if (grantpt(*master) || unlockpt(*master))
		goto err;
	errno = ptsname_r(*master, name, size);
	if (errno)
		goto err;
	*slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*slave < 0 || tcgetattr(*slave, &tio) < 0)
		goto err;
	cfmakeraw(&tio);
	if (tcsetattr(*slave, TCSANOW, &tio) < 0)
		goto err;
	return 0;
err:
	ret = -errno;
	if (*slave >= 0)
		close(*slave);
	close(*master);
	return ret;
}

int chardev_pty_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err)
{
	struct stream_params p = { .tty = true, .lossy = true, .released = pty_released };
	char slave_name[64];
	struct pty *pty = malloc(sizeof(*pty));
	int ret;

	(void)arg;
	if (!pty)
		return error_set(err, -ENOMEM, "cannot make a pty: out of memory");
	/*
	 * The slave stays open here as well: else the master hangs up whenever nobody has it
	 * open, and there is no event that tells when somebody does again.
	 */
	ret = pty_make(&p.rfd, &pty->slave, slave_name, sizeof(slave_name));
	if (ret < 0) {
		error_set(err, ret, "cannot make a pty: %s", strerror(-ret));
		goto err_free;
	}
	p.wfd = p.rfd;
	p.opaque = pty;
	p.name = slave_name;
	ret = asprintf(&ep->name, "pty:%s", slave_name);
	if (ret < 0) {
		ep->name = NULL;
		ret = error_set(err, -ENOMEM, "cannot make a pty: out of memory");
		goto err_close;
	}
	ret = stream_create(cd, ep->loop, &p);
	if (ret < 0) {
		error_set(err, ret, "cannot use a pty: %s", strerror(-ret));
		goto err_close;
	}
	return 0;

err_close:
	close(pty->slave);
	close(p.rfd);
err_free:
	free(pty);
	return ret;
}
