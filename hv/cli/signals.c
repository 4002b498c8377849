// SPDX-License-Identifier: GPL-3.0-or-later
/* Signals that end the program: see signals.h. */
#include "hv/cli/signals.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

static bool is_ignored(int sig)
{
	struct sigaction sa;

	return !sigaction(sig, NULL, &sa) && !(sa.sa_flags & SA_SIGINFO) &&
	       sa.sa_handler == SIG_IGN;
}

static void on_signal(void *opaque, uint32_t events)
{
	struct cli_signals *s = opaque;
	struct signalfd_siginfo info;

	(void)events;
	if (read(s->fd, &info, sizeof(info)) == sizeof(info))
		s->fn(s->opaque, (int)info.ssi_signo);
}

int cli_signals_open(struct cli_signals *s, struct loop *loop, void (*fn)(void *opaque, int sig),
		     void *opaque, struct error *err)
{
	size_t i;
	int ret;

	*s = (struct cli_signals){ .fd = -1, .fn = fn, .opaque = opaque };
	sigemptyset(&s->set);
	for (i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		if (!is_ignored(ending[i]))
			sigaddset(&s->set, ending[i]);
	}
	s->fd = signalfd(-1, &s->set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->fd < 0)
		return error_set(err, -errno, "cannot wait for signals: %s", strerror(errno));
	ret = loop_add_fd(loop, s->fd, EPOLLIN, on_signal, s, &s->src);
	if (ret < 0) {
		close(s->fd);
		s->fd = -1;
		return error_set(err, ret, "cannot wait for signals: %s", strerror(-ret));
	}
	pthread_sigmask(SIG_BLOCK, &s->set, NULL);
	return 0;
}

void cli_signals_close(struct cli_signals *s)
{
	if (!s->src)
		return;
	pthread_sigmask(SIG_UNBLOCK, &s->set, NULL);
	loop_remove(s->src);
	close(s->fd);
	s->src = NULL;
}
