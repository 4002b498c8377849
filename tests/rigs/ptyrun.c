// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * ptyrun COMMAND ARGS...: runs a program on a terminal of its own, with our
 * standard input as its keyboard and our standard output as its screen. At the
 * end it says whether the terminal is as it was: "terminal: restored" or
 * "terminal: left raw". Exit status of the command, as a shell has it. SIGTERM
 * is passed on; SIGUSR1 makes the command crash.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <utmp.h>
#include <unistd.h>

static pid_t child;

static void pass_on(int sig)
{
	kill(child, sig == SIGUSR1 ? SIGSEGV : sig);
}

/* False when there is nothing more to come. */
static int copy(int from, int to)
{
	char buf[4096];
	ssize_t n = read(from, buf, sizeof(buf));

	return n > 0 && write(to, buf, (size_t)n) == n;
}

static void relay(int master)
{
	struct pollfd fds[2] = { { .fd = master, .events = POLLIN },
				 { .fd = 0, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		/* The screen ends with EIO when the last one has closed the terminal. */
		if (fds[0].revents && !copy(master, 1))
			return;
		if (fds[1].revents && !copy(0, master))
			fds[1].fd = -1;
	}
}

static int start(char **argv, struct termios *before, int *master)
{
	struct winsize ws = { .ws_col = 100, .ws_row = 30 };
	int slave;

	if (openpty(master, &slave, NULL, NULL, &ws) || tcgetattr(slave, before))
		return -1;
	child = fork();
	if (child)
		return slave;
	close(*master);
	login_tty(slave);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct termios before, after;
	int master, slave, status;

	if (argc < 2)
		return 2;
	slave = start(argv + 1, &before, &master);
	if (slave < 0) {
		perror("ptyrun");
		return 1;
	}
	signal(SIGTERM, pass_on);
	signal(SIGUSR1, pass_on);
	/* Else the end of the command would not be seen. The master shows the same modes. */
	close(slave);
	relay(master);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (tcgetattr(master, &after))
		perror("tcgetattr");
	printf("terminal: %s\n", after.c_lflag == before.c_lflag && after.c_iflag == before.c_iflag
					 ? "restored"
					 : "left raw");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
