// SPDX-License-Identifier: GPL-3.0-or-later
/* DEVs that are files, lines, ptys and stdio. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit-io/chardev_fixture.h"

TestSuite(chardev_files, .init = setup, .fini = teardown, .timeout = 120);

/* ---- files, lines and ptys ---- */

Test(chardev_files, file_is_written_at_once)
{
	char buf[16] = "";
	int fd;

	snprintf(spec, sizeof(spec), "file:%s", path);
	cr_assert_eq(open_dev(spec), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "log\n", 4), 0);
	fd = open(path, O_RDONLY);
	cr_assert_eq(read(fd, buf, sizeof(buf)), 4);
	cr_assert_str_eq(buf, "log\n");
	close(fd);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev_files, file_that_cannot_be_made_is_named)
{
	cr_assert_eq(open_dev("file:/nonexistent/log"), -ENOENT);
	cr_assert(strstr(err.text, "/nonexistent/log"));
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(spec, sizeof(spec), "file:%s", path);
	cr_assert_eq(open_dev(spec), -ENXIO);
}

Test(chardev_files, full_disk_is_an_error)
{
	cr_assert_eq(open_dev("file:/dev/full"), 0);
	cr_assert_neq(chardev_write(user.cd, "x", 1), 0);
	user.cd = NULL; /* freed by closed(), or leaked: the next turn says */
	settle_loop(loop);
}

Test(chardev_files, pty_is_raw_and_named)
{
	const char *name;
	struct termios tio;
	unsigned cols, rows;
	char buf[8] = "";
	int fd;

	cr_assert_eq(open_dev("pty"), 0, "%s", err.text);
	name = endpoint_name(ep);
	cr_assert_eq(strncmp(name, "pty:/dev/pts/", 13), 0, "%s", name);
	cr_assert(chardev_is_tty(user.cd));
	chardev_winsize(user.cd, &cols, &rows);
	cr_assert_eq(cols, 80);
	cr_assert_eq(rows, 24);
	/* Nobody has it open yet: nothing spins, nothing ends, nobody waits. */
	settle_loop(loop);
	cr_assert_eq(chardev_write(user.cd, "a\nb", 3), 0);
	fd = open(name + 4, O_RDWR | O_NOCTTY);
	cr_assert_geq(fd, 0);
	cr_assert_eq(tcgetattr(fd, &tio), 0);
	cr_assert_not(tio.c_lflag & (ICANON | ECHO));
	cr_assert_eq(read(fd, buf, sizeof(buf)), 3);
	cr_assert_str_eq(buf, "a\nb");
	cr_assert_eq(write(fd, "\x03\r", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "\x03\r");
	close(fd);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev_files, serial_line_is_raw_at_115200_and_put_back)
{
	struct termios before, during, after;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];
	int fd;

	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	ptsname_r(master, name, sizeof(name));
	fd = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(fd, &before);
	cfsetispeed(&before, B9600);
	cfsetospeed(&before, B9600);
	tcsetattr(fd, TCSANOW, &before);
	cr_assert_eq(open_dev(name), 0, "%s", err.text);
	tcgetattr(fd, &during);
	cr_assert_eq(cfgetospeed(&during), B115200);
	cr_assert_not(during.c_lflag & (ICANON | ECHO | ISIG));
	cr_assert_eq(write(master, "\x04\r", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "\x04\r");
	chardev_close(user.cd);
	user.cd = NULL;
	tcgetattr(fd, &after);
	cr_assert_eq(cfgetospeed(&after), B9600);
	cr_assert_eq(after.c_lflag, before.c_lflag);
	close(fd);
	close(master);
}

Test(chardev_files, serial_line_keeps_the_speed_that_was_set)
{
	struct termios tio;
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	char name[64];
	int fd;

	cr_assert_eq(grantpt(master) | unlockpt(master), 0);
	ptsname_r(master, name, sizeof(name));
	fd = open(name, O_RDWR | O_NOCTTY);
	tcgetattr(fd, &tio);
	cfsetispeed(&tio, B57600);
	cfsetospeed(&tio, B57600);
	tcsetattr(fd, TCSANOW, &tio);
	cr_assert_eq(open_dev(name), 0, "%s", err.text);
	tcgetattr(fd, &tio);
	cr_assert_eq(cfgetospeed(&tio), B57600);
	close(fd);
	close(master);
}

Test(chardev_files, device_that_is_no_line_is_refused)
{
	cr_assert_eq(open_dev("/dev/null"), -ENOTTY);
	cr_assert(strstr(err.text, "file:/dev/null"));
	cr_assert_eq(open_dev("/dev/vitrine-none"), -ENOENT);
}

/* ---- stdio ---- */

static int stdin_pipe[2], stdout_pipe[2];

static void pipes_for_stdio(void)
{
	cr_assert_eq(pipe(stdin_pipe) | pipe(stdout_pipe), 0);
	dup2(stdin_pipe[0], 0);
	dup2(stdout_pipe[1], 1);
	close(stdin_pipe[0]);
	close(stdout_pipe[1]);
}

Test(chardev_files, stdio_on_pipes)
{
	char buf[16] = "";

	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_not(chardev_is_tty(user.cd));
	cr_assert_eq(write(stdin_pipe[1], "in", 2), 2);
	user.want = 2;
	cr_assert(run_loop(loop));
	cr_assert_str_eq(user.in, "in");
	cr_assert_eq(chardev_write(user.cd, "out", 3), 0);
	cr_assert_eq(read(stdout_pipe[0], buf, sizeof(buf)), 3);
	cr_assert_str_eq(buf, "out");
	/* Others that share the pipe keep their blocking mode. */
	cr_assert_not(fcntl(0, F_GETFL) & O_NONBLOCK);
	cr_assert_not(fcntl(1, F_GETFL) & O_NONBLOCK);
	/* The end of input is no end of the stream, and told once. */
	cr_assert_eq(user.ended, 0);
	close(stdin_pipe[1]);
	settle_loop(loop);
	cr_assert_eq(user.ended, 1);
	cr_assert_eq(user.closed, 0);
	cr_assert_eq(chardev_write(user.cd, "more", 4), 0);
	cr_assert_eq(read(stdout_pipe[0], buf, sizeof(buf)), 4);
	/* Nor is a reader of stdout that went. */
	close(stdout_pipe[0]);
	cr_assert_eq(chardev_write(user.cd, "x", 1), -EPIPE);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}

Test(chardev_files, stdio_closed_when_its_input_ended)
{
	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	user.close_on_input = true;
	close(stdin_pipe[1]);
	settle_loop(loop);
	cr_assert_eq(user.ended, 1);
	cr_assert_null(user.cd);
}

Test(chardev_files, stdio_is_taken_once)
{
	struct endpoint *second;

	pipes_for_stdio();
	cr_assert_eq(open_dev("stdio"), 0);
	cr_assert_eq(endpoint_open(&second, loop, "stdio", user_accept, &user, &err), -EBUSY);
	chardev_close(user.cd);
	cr_assert_eq(endpoint_open(&second, loop, "stdio", user_accept, &user, &err), 0);
	endpoint_close(second);
}

static uint64_t cpu_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

Test(chardev_files, stdin_from_dev_null_does_not_spin)
{
	struct hv_timers *timers;
	struct hv_timer *timer;
	uint64_t cpu;

	dup2(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "x", 1), 0);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
	hv_timers_create(&timers, loop);
	hv_timer_create(timers, HV_CLOCK_MONOTONIC, quit_now, loop, &timer);
	hv_timer_arm(timer, hv_clock_now(timers, HV_CLOCK_MONOTONIC) + 300000000u);
	cpu = cpu_time();
	loop_run(loop);
	/* One that spins gets a third of a busy processor at least. */
	cr_assert_lt(cpu_time() - cpu, 60000000u, "an idle loop used the processor");
	hv_timer_destroy(timer);
	hv_timers_destroy(timers);
}

Test(chardev_files, stdout_to_a_file)
{
	char buf[8] = "";
	int fd = open(path, O_RDWR | O_CREAT, 0600);

	dup2(open("/dev/null", O_RDONLY), 0);
	dup2(fd, 1);
	cr_assert_eq(write(1, "a", 1), 1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_eq(chardev_write(user.cd, "b", 1), 0);
	cr_assert_eq(write(1, "c", 1), 1);
	cr_assert_eq(pread(fd, buf, sizeof(buf), 0), 3);
	cr_assert_str_eq(buf, "abc");
}

Test(chardev_files, stdout_that_is_closed)
{
	close(0);
	close(1);
	cr_assert_eq(open_dev("stdio"), 0, "%s", err.text);
	cr_assert_neq(chardev_write(user.cd, "b", 1), 0);
	settle_loop(loop);
	cr_assert_eq(user.closed, 0);
}
