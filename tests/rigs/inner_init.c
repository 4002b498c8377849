// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The whole user space of the inner Linux guest: says that it was reached,
 * then does what the kernel command line asks.
 *
 *   vitrine.stay   print a line "tick N" each tenth of a second, for ever
 *   vitrine.off    print a line "CPUs: N" and the PCI devices, power off
 *   vitrine.cpus   bring each CPU that appears online, print "CPUs: N" when there are more or
 *                  fewer of them, for ever
 *   (nothing)      reboot, which ends a virtual machine that was started with -no-reboot
 *
 * No C library: the image is a few hundred bytes, so that unpacking it costs
 * nothing under two layers of emulation. The kernel gives words it does not
 * know to init, NAME=VALUE ones in the environment and the rest as arguments;
 * "vitrine.stay=1" has a dot, which the kernel takes for a module's, so the
 * command line is read from /proc instead.
 */
#include <fcntl.h>
#include <linux/reboot.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>

static long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return ret;
}

static size_t length(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static void say(const char *s)
{
	call(SYS_write, 1, (long)s, (long)length(s), 0, 0);
}

static int contains(const char *text, const char *word)
{
	size_t n = length(word);

	for (; *text; text++) {
		size_t i = 0;

		while (i < n && text[i] == word[i])
			i++;
		if (i == n)
			return 1;
	}
	return 0;
}

static void count_for_ever(void)
{
	static const struct timespec tenth = { .tv_nsec = 100000000 };

	for (unsigned tick = 1;; tick++) {
		char text[] = "tick 00000000\n";
		unsigned v = tick;

		for (int i = 12; i >= 5; i--, v /= 10)
			text[i] = (char)('0' + v % 10);
		say(text);
		call(SYS_nanosleep, (long)&tenth, 0, 0, 0, 0);
	}
}

static unsigned count_cpus(void)
{
	unsigned char mask[128] = { 0 }; /* of those this process may run on: all that are online */
	unsigned n = 0;

	call(SYS_sched_getaffinity, 0, sizeof(mask), (long)mask, 0, 0);
	for (size_t i = 0; i < sizeof(mask) * 8; i++)
		n += mask[i / 8] >> i % 8 & 1;
	return n;
}

static void show_cpus(void)
{
	char text[] = "CPUs: 000\n";
	unsigned n = count_cpus();

	for (int i = 8; i >= 6; i--, n /= 10)
		text[i] = (char)('0' + n % 10);
	say(text);
}

/* As udev would: a processor that was plugged is there, and offline. */
static void follow_cpus(void)
{
	static const struct timespec tenth = { .tv_nsec = 100000000 };
	unsigned before = 0;

	call(SYS_mkdir, (long)"/sys", 0755, 0, 0, 0);
	call(SYS_mount, (long)"sysfs", (long)"/sys", (long)"sysfs", 0, 0);
	for (;;) {
		long fd = call(SYS_open, (long)"/sys/devices/system/cpu/cpu1/online", O_WRONLY, 0,
			       0, 0);

		if (fd >= 0) {
			call(SYS_write, fd, (long)"1", 1, 0, 0);
			call(SYS_close, fd, 0, 0, 0, 0);
		}
		if (count_cpus() != before) {
			before = count_cpus();
			show_cpus();
		}
		call(SYS_nanosleep, (long)&tenth, 0, 0, 0, 0);
	}
}

/* A line of /proc/bus/pci/devices: bus and devfn, vendor and device, … */
static void show_pci(void)
{
	static char text[4096];
	long fd = call(SYS_open, (long)"/proc/bus/pci/devices", O_RDONLY, 0, 0, 0);

	if (fd < 0) {
		say("no PCI\n");
		return;
	}
	call(SYS_read, fd, (long)text, sizeof(text) - 1, 0, 0);
	say(text);
	call(SYS_close, fd, 0, 0, 0, 0);
}

/* Called from _start alone. */
void init_main(void) __attribute__((used, noreturn));

void init_main(void)
{
	static char cmdline[2048];
	long fd, how = LINUX_REBOOT_CMD_RESTART;

	say("init reached\n");
	call(SYS_mkdir, (long)"/proc", 0755, 0, 0, 0);
	call(SYS_mount, (long)"proc", (long)"/proc", (long)"proc", 0, 0);
	fd = call(SYS_open, (long)"/proc/cmdline", O_RDONLY, 0, 0, 0);
	if (fd >= 0)
		call(SYS_read, fd, (long)cmdline, sizeof(cmdline) - 1, 0, 0);
	if (contains(cmdline, "vitrine.stay"))
		count_for_ever();
	if (contains(cmdline, "vitrine.cpus"))
		follow_cpus();
	if (contains(cmdline, "vitrine.off")) {
		show_cpus();
		show_pci();
		how = LINUX_REBOOT_CMD_POWER_OFF;
	}
	for (;;)
		call(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, 0, 0);
}

/* The kernel enters with an aligned stack that holds argc; nothing of it is needed. */
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall init_main\n");
