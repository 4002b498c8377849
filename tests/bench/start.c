// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * How long from exec to the first guest instruction, and how much memory the
 * program takes beside guest RAM.
 *
 *   start VITRINE QUICK-GUEST IDLE-GUEST [RUNS]
 *
 * QUICK-GUEST ends the run by the debug-exit port with its first instructions: exec to
 * exit is therefore an upper bound of the start. The same is timed for a program
 * that only makes a VM and a vCPU and leaves again, in turns with it, and
 * the ratio is printed. IDLE-GUEST halts; the resident pages that are not
 * guest RAM are added up from /proc/PID/smaps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/rigs/tool.h"

#define MAX_RUNS 1000

static pid_t start_vitrine(const char *vitrine, const char *guest)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execl(vitrine, vitrine, "-kernel", guest, "-m", "64", "-serial", "none", "-monitor",
		      "none", "-gdb", "none", (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* What no program on KVM can do without. */
static int bare(void)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu;

	if (kvm < 0)
		return 1;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0)
		return 1;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	return vcpu < 0;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static double time_vitrine(const char *vitrine, const char *guest)
{
	double t = now_ms();
	int status = wait_for(start_vitrine(vitrine, guest));

	if (status < 0 || status == 127 || status == 2)
		fail("%s %s ended with %d", vitrine, guest, status);
	return now_ms() - t;
}

static double time_bare(void)
{
	double t = now_ms();
	pid_t pid = fork();

	if (pid == 0)
		_exit(bare());
	if (wait_for(pid))
		fail("no KVM here");
	return now_ms() - t;
}

/* KiB resident outside of guest RAM. */
static long resident_kib(pid_t pid)
{
	char path[64], line[512];
	long total = 0, kib;
	int is_ram = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Rss: %ld kB", &kib) == 1)
			total += is_ram ? 0 : kib;
		else if (strchr(line, '-') && strstr(line, " "))
			is_ram = strstr(line, "memfd:vitrine-ram") != NULL;
	}
	fclose(f);
	return total;
}

static void measure_memory(const char *vitrine, const char *guest)
{
	struct timespec second = { .tv_sec = 2 };
	pid_t pid = start_vitrine(vitrine, guest);

	nanosleep(&second, NULL);
	printf("resident beside guest RAM: %.2f MiB (to be under 8)\n",
	       (double)resident_kib(pid) / 1024);
	kill(pid, SIGTERM);
	wait_for(pid);
}

int main(int argc, char **argv)
{
	static double vitrine[MAX_RUNS], bare_kvm[MAX_RUNS];
	unsigned runs = 20;
	double v, b;

	if (argc < 4) {
		fprintf(stderr, "usage: start VITRINE QUICK-GUEST IDLE-GUEST [RUNS]\n");
		return 2;
	}
	if (argc > 4)
		runs = (unsigned)strtoul(argv[4], NULL, 10);
	if (!runs || runs > MAX_RUNS)
		runs = 20;
	time_vitrine(argv[1], argv[2]); /* fills the page cache and the probe's cache */
	for (unsigned i = 0; i < runs; i++) {
		vitrine[i] = time_vitrine(argv[1], argv[2]);
		bare_kvm[i] = time_bare();
	}
	v = median(vitrine, runs);
	b = median(bare_kvm, runs);
	printf("exec to exit of a guest of two instructions: %.2f ms (to be under 20)\n", v);
	printf("a bare VM with one vCPU: %.2f ms; ratio %.1f; medians of %u runs in turns\n", b,
	       v / b, runs);
	measure_memory(argv[1], argv[3]);
	return 0;
}
