// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The terminal of stdin: raw while vitrine has it, and as it was on every way
 * out.
 *
 *   return, exit()   atexit()
 *   fatal signals    a handler restores, puts back what was there before, and
 *                    lets the signal happen again
 *   SIGTSTP          restores, stops; SIGCONT makes it raw again
 *
 * Everything that a handler touches is written before the handler is there.
 */
#include "hv/chardev.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int fatal_signals[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGTERM,
};
#define FATAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

static struct sigaction old_fatal[FATAL_COUNT];
static struct termios saved, raw;
static int tty_fd = -1;	   /* of our own: stdin may be closed by then */
static atomic_bool is_raw; /* the terminal is ours to restore */

/*
 * Sets the modes without being stopped by SIGTTOU. In the background the terminal belongs to the
 * shell or to another job, which set it as they need it. Async-signal-safe.
 */
static void set_modes(const struct termios *tio)
{
	int saved_errno = errno;
	sigset_t block, old;
	pid_t owner;

	owner = tcgetpgrp(tty_fd);
	if (owner < 0 || owner == getpgrp()) {
		sigemptyset(&block);
		sigaddset(&block, SIGTTOU);
		pthread_sigmask(SIG_BLOCK, &block, &old);
		tcsetattr(tty_fd, TCSANOW, tio);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	errno = saved_errno;
}

void terminal_restore(void)
{
	if (atomic_exchange(&is_raw, false))
		set_modes(&saved);
}

static bool is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL || sig == SIGFPE;
}

static void on_fatal(int sig, siginfo_t *info, void *context)
{
	size_t i;

	(void)context;
	terminal_restore();
	for (i = 0; i < FATAL_COUNT; i++) {
		if (fatal_signals[i] == sig)
			sigaction(sig, &old_fatal[i], NULL);
	}
	/* A fault happens again by itself on return, with its true context. */
	if (!is_fault(sig) || info->si_code <= 0)
		raise(sig);
}

static void on_stop(int sig, siginfo_t *info, void *context);

static void catch_stop(void)
{
	struct sigaction sa = { .sa_sigaction = on_stop, .sa_flags = SA_SIGINFO | SA_RESTART };

	sigaction(SIGTSTP, &sa, NULL);
}

static void on_stop(int sig, siginfo_t *info, void *context)
{
	struct sigaction dfl = { .sa_handler = SIG_DFL };
	bool was_raw = atomic_load(&is_raw);
	int saved_errno = errno;
	sigset_t set, old;

	(void)info;
	(void)context;
	terminal_restore();
	sigaction(sig, &dfl, NULL);
	raise(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_UNBLOCK, &set, &old);
	/* Stopped here, until SIGCONT. */
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	catch_stop();
	if (was_raw) {
		atomic_store(&is_raw, true);
		set_modes(&raw);
	}
	errno = saved_errno;
}

/* After a SIGSTOP, which nobody can catch, the shell has set the terminal its own way. */
static void on_continue(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	if (atomic_load(&is_raw))
		set_modes(&raw);
}

static void install_handlers(void)
{
	struct sigaction fatal = { .sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO };
	struct sigaction cont = { .sa_sigaction = on_continue,
				  .sa_flags = SA_SIGINFO | SA_RESTART };
	struct sigaction old;
	size_t i;

	for (i = 0; i < FATAL_COUNT; i++) {
		sigaction(fatal_signals[i], NULL, &old_fatal[i]);
		/* Ignored from outside (nohup) stays ignored. */
		if ((old_fatal[i].sa_flags & SA_SIGINFO) || old_fatal[i].sa_handler != SIG_IGN)
			sigaction(fatal_signals[i], &fatal, NULL);
	}
	sigaction(SIGCONT, &cont, NULL);
	sigaction(SIGTSTP, NULL, &old);
	if ((old.sa_flags & SA_SIGINFO) || old.sa_handler != SIG_IGN)
		catch_stop();
	atexit(terminal_restore);
}

int terminal_raw(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (atomic_load(&is_raw))
		return 0;
	if (tty_fd >= 0)
		close(tty_fd);
	tty_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (tty_fd < 0)
		return -errno;
	if (tcgetattr(tty_fd, &saved) < 0)
		return -ENOTTY;
	raw = saved;
	raw.c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
	raw.c_cflag &= ~(tcflag_t)(CSIZE | PARENB);
	raw.c_cflag |= CS8;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	pthread_once(&once, install_handlers);
	atomic_store(&is_raw, true);
	set_modes(&raw);
	return 0;
}
