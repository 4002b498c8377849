// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The hands of the test harness inside a rig: process 1 of the outer Linux.
 *
 * It runs programs when the host asks and carries their three standard
 * streams, all over one serial line. The other end is tests/rigs/link.py.
 *
 * A frame is
 *
 *   f5 5f | kind u8 | id u16 | length u16 | seq u8 | payload | crc32 of kind..payload
 *
 * little-endian. The line loses bytes when a spinning guest keeps this kernel from its
 * interrupts: the host sends a frame again, with the same @seq, until it is acknowledged. (Its own
 * end loses nothing; @seq is 0 on the way back.) What is not a frame is text of the kernel, which
 * shares the line; the host shows it when something goes wrong. Kinds, host to agent:
 *
 *   S  start program @id; the payload is argv, each string ended by NUL
 *   I  bytes for its standard input; an empty payload closes it
 *   K  send the signal in the first byte to its process group
 *
 * `agent connect PATH` is one of the programs that the host starts: it carries
 * its standard streams to a UNIX socket, so that a client on the host can reach
 * a server in the rig.
 *
 * Frames back: R (ready), O and E (bytes of standard output and error), X (it
 * ended: status u8, 128 + signal as shells have it), A (the frame whose @seq is the id came in), N
 * (a bad one did).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define MAGIC0	     0xf5
#define MAGIC1	     0x5f
#define HEADER	     8
#define MAX_PAYLOAD  4096
#define MAX_ARGS     128
#define MAX_PROGRAMS 32
#define STDIN_QUEUE  65536

struct program {
	pid_t pid; /* 0: this slot is free */
	uint16_t id;
	int in, out, err; /* our ends of the pipes, -1 when closed */
	/* What the host sent and the program has not read yet. */
	uint8_t queue[STDIN_QUEUE];
	size_t queued;
	bool eof;
};

static struct program programs[MAX_PROGRAMS];
static uint8_t frame_buf[HEADER + MAX_PAYLOAD + 4];
static size_t frame_len;
static int line;

static uint32_t crc32_of(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffff;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = (crc >> 1) ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

static void put_le(uint8_t *p, uint32_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_le(const uint8_t *p, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint32_t)p[i] << (8 * i);
	return v;
}

static void write_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno != EINTR)
			return;
		if (r > 0) {
			p += r;
			n -= (size_t)r;
		}
	}
}

static void send_frame(char kind, uint16_t id, const void *payload, size_t n)
{
	static uint8_t buf[HEADER + MAX_PAYLOAD + 4];

	buf[0] = MAGIC0;
	buf[1] = MAGIC1;
	buf[2] = (uint8_t)kind;
	put_le(buf + 3, id, 2);
	put_le(buf + 5, (uint32_t)n, 2);
	buf[7] = 0;
	if (n)
		memcpy(buf + HEADER, payload, n);
	put_le(buf + HEADER + n, crc32_of(buf + 2, HEADER - 2 + n), 4);
	write_all(line, buf, HEADER + n + 4);
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static struct program *find_program(uint16_t id)
{
	for (unsigned i = 0; i < MAX_PROGRAMS; i++)
		if (programs[i].pid && programs[i].id == id)
			return &programs[i];
	return NULL;
}

static void refuse(uint16_t id, const char *why)
{
	uint8_t status = 127;

	send_frame('E', id, why, strlen(why));
	send_frame('X', id, &status, 1);
}

/* In the child: nothing of the agent's but the pipes and a clean signal state is left. */
static void become(char **argv, int in, int out, int err)
{
	sigset_t none;

	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void start_program(uint16_t id, uint8_t *args, size_t n)
{
	char *argv[MAX_ARGS + 1];
	int in[2], out[2], err[2];
	struct program *p = NULL;
	size_t argc = 0;

	for (size_t at = 0; at < n && argc < MAX_ARGS; at += strlen((char *)args + at) + 1)
		argv[argc++] = (char *)args + at;
	argv[argc] = NULL;
	for (unsigned i = 0; i < MAX_PROGRAMS && !p; i++)
		if (!programs[i].pid)
			p = &programs[i];
	if (!argc || args[n - 1] || !p) {
		refuse(id, p ? "agent: no command\n" : "agent: too many programs\n");
		return;
	}
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		refuse(id, "agent: no pipe\n");
		return;
	}
	p->pid = fork();
	if (p->pid == 0)
		become(argv, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	p->id = id;
	p->in = in[1];
	p->out = out[0];
	p->err = err[0];
	p->queued = 0;
	p->eof = false;
	fcntl(p->in, F_SETFL, O_NONBLOCK);
	fcntl(p->out, F_SETFL, O_NONBLOCK);
	fcntl(p->err, F_SETFL, O_NONBLOCK);
	if (p->pid < 0) {
		close_end(&p->in);
		close_end(&p->out);
		close_end(&p->err);
		p->pid = 0;
		refuse(id, "agent: cannot fork\n");
	}
}

static void feed_stdin(struct program *p)
{
	if (p->in >= 0 && p->queued) {
		ssize_t r = write(p->in, p->queue, p->queued);

		if (r > 0) {
			p->queued -= (size_t)r;
			memmove(p->queue, p->queue + r, p->queued);
		} else if (r < 0 && errno != EAGAIN && errno != EINTR) {
			p->queued = 0;
			close_end(&p->in);
		}
	}
	if (p->eof && !p->queued)
		close_end(&p->in);
}

/* Carries what can be read now; returns false when nothing more will come. */
static bool drain(struct program *p, char kind, int *fd)
{
	uint8_t buf[1024];
	ssize_t r;

	if (*fd < 0)
		return false;
	r = read(*fd, buf, sizeof(buf));
	if (r > 0) {
		send_frame(kind, p->id, buf, (size_t)r);
		return true;
	}
	if (r == 0)
		close_end(fd);
	return false;
}

static void program_ended(struct program *p, int wstatus)
{
	uint8_t status =
		(uint8_t)(WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : 128 + WTERMSIG(wstatus));

	while (drain(p, 'O', &p->out))
		;
	while (drain(p, 'E', &p->err))
		;
	close_end(&p->in);
	close_end(&p->out);
	close_end(&p->err);
	p->pid = 0;
	send_frame('X', p->id, &status, 1);
}

static void reap(int sigfd)
{
	struct signalfd_siginfo info;
	int wstatus;
	pid_t pid;

	while (read(sigfd, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &wstatus, WNOHANG)) > 0)
		for (unsigned i = 0; i < MAX_PROGRAMS; i++)
			if (programs[i].pid == pid)
				program_ended(&programs[i], wstatus);
}

static void handle_frame(char kind, uint16_t id, uint8_t *payload, size_t n)
{
	struct program *p;

	if (kind == 'S') {
		start_program(id, payload, n);
		return;
	}
	p = find_program(id);
	if (!p)
		return;
	if (kind == 'K' && n) {
		kill(-p->pid, payload[0]);
	} else if (kind == 'I') {
		if (n > sizeof(p->queue) - p->queued)
			n = sizeof(p->queue) - p->queued;
		memcpy(p->queue + p->queued, payload, n);
		p->queued += n;
		p->eof |= n == 0;
		feed_stdin(p);
	}
}

/* Of the frame that was handled last; the host's begin with 1. */
static uint8_t last_seq;

/* Takes whole frames off the front of frame_buf; a byte that starts none is dropped. */
static void parse_frames(void)
{
	for (;;) {
		size_t drop = 1;

		if (frame_len < HEADER)
			return;
		if (frame_buf[0] == MAGIC0 && frame_buf[1] == MAGIC1) {
			size_t n = get_le(frame_buf + 5, 2);

			if (n <= MAX_PAYLOAD) {
				if (frame_len < HEADER + n + 4)
					return;
				if (crc32_of(frame_buf + 2, HEADER - 2 + n) ==
				    get_le(frame_buf + HEADER + n, 4)) {
					uint8_t seq = frame_buf[7];

					send_frame('A', seq, NULL, 0);
					/* Again, when the acknowledgement was slow. */
					if (seq != last_seq)
						handle_frame((char)frame_buf[2],
							     (uint16_t)get_le(frame_buf + 3, 2),
							     frame_buf + HEADER, n);
					last_seq = seq;
					drop = HEADER + n + 4;
				}
			}
			if (drop == 1)
				send_frame('N', 0, NULL, 0);
		}
		frame_len -= drop;
		memmove(frame_buf, frame_buf + drop, frame_len);
	}
}

static int open_line(const char *path)
{
	struct termios t;

	line = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (line < 0 || tcgetattr(line, &t))
		return -1;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	cfsetspeed(&t, B115200);
	return tcsetattr(line, TCSANOW, &t);
}

static void serve(int sigfd)
{
	struct pollfd fds[2 + 3 * MAX_PROGRAMS];

	fds[0] = (struct pollfd){ .fd = line, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = sigfd, .events = POLLIN };
	for (unsigned i = 0; i < MAX_PROGRAMS; i++) {
		struct program *p = &programs[i];
		struct pollfd *f = fds + 2 + 3 * i;

		f[0] = (struct pollfd){ .fd = p->pid && p->queued ? p->in : -1, .events = POLLOUT };
		f[1] = (struct pollfd){ .fd = p->pid ? p->out : -1, .events = POLLIN };
		f[2] = (struct pollfd){ .fd = p->pid ? p->err : -1, .events = POLLIN };
	}
	if (poll(fds, 2 + 3 * MAX_PROGRAMS, -1) < 0)
		return;
	for (unsigned i = 0; i < MAX_PROGRAMS; i++) {
		struct program *p = &programs[i];
		struct pollfd *f = fds + 2 + 3 * i;

		if (f[0].revents)
			feed_stdin(p);
		if (f[1].revents)
			drain(p, 'O', &p->out);
		if (f[2].revents)
			drain(p, 'E', &p->err);
	}
	if (fds[1].revents)
		reap(sigfd);
	if (fds[0].revents) {
		ssize_t r = read(line, frame_buf + frame_len, sizeof(frame_buf) - frame_len);

		if (r > 0)
			frame_len += (size_t)r;
		parse_frames();
	}
}

/* Copies what can be read from @from to @to; false when @from has ended. */
static bool carry(int from, int to)
{
	uint8_t buf[4096];
	ssize_t r = read(from, buf, sizeof(buf));

	if (r > 0)
		write_all(to, buf, (size_t)r);
	return r > 0 || (r < 0 && errno == EINTR);
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct pollfd fds[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };

	if (strlen(path) >= sizeof(addr.sun_path))
		return 2;
	memcpy(addr.sun_path, path, strlen(path));
	fds[1].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fds[1].fd < 0 || connect(fds[1].fd, (struct sockaddr *)&addr, sizeof(addr))) {
		fprintf(stderr, "agent: cannot connect to %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (;;) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if ((fds[0].revents && !carry(0, fds[1].fd)) ||
		    (fds[1].revents && !carry(fds[1].fd, 1)))
			return 0;
	}
}

int main(int argc, char **argv)
{
	sigset_t child;
	int sigfd;

	if (argc == 3 && !strcmp(argv[1], "connect"))
		return connect_to(argv[2]);
	if (argc != 2 || open_line(argv[1])) {
		fprintf(stderr, "usage: agent TTY | agent connect PATH\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	sigfd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0)
		return 1;
	send_frame('R', 0, NULL, 0);
	for (;;)
		serve(sigfd);
}
