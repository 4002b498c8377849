// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Descriptors that come over a UNIX socket beside its bytes (unix(7), SCM_RIGHTS): a short queue
 * of those that nobody has taken yet.
 */
#include "hv/chardev_internal.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t chardev_fds_recv(struct chardev_fds *fds, int sock, void *buf, size_t len)
{
	union {
		char space[CMSG_SPACE(CHARDEV_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return n;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (fds->count < CHARDEV_FDS_MAX)
				fds->fd[fds->count++] = fd;
			else
				close(fd);
		}
	}
	return n;
}

int chardev_fds_take(struct chardev_fds *fds)
{
	int fd;

	if (!fds->count)
		return -1;
	fd = fds->fd[0];
	fds->count--;
	memmove(&fds->fd[0], &fds->fd[1], fds->count * sizeof(fds->fd[0]));
	return fd;
}

void chardev_fds_close(struct chardev_fds *fds)
{
	while (fds->count)
		close(fds->fd[--fds->count]);
}
