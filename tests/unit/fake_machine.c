// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * A machine without KVM: see fake_machine.h. Without a VM irq_set() leaves
 * nothing but its trace, so the trace is where the lines are watched.
 */
#include "tests/unit/fake_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/netdev.h"
#include "hv/trace.h"

#define RUN_ON (-1)

static char trace_path[64];
/* Each process has its own: tests run side by side. */
static char vsock_option[64];

/* One of each that is not there by itself. */
static const char *const devices[] = { "edu",
				       "virtio-rng",
				       "virtio-console",
				       "virtio-net",
				       "e1000",
				       "virtio-blk,drive=memory",
				       "virtio-9p,path=/,mount_tag=root,readonly=on",
				       "nvme,drive=memory1",
				       "virtio-balloon",
				       "virtio-rng,transport=mmio",
				       vsock_option,
				       NULL };
#define IMAGE_BYTES 65536

static bool make_images(struct fake *f)
{
	static const char *const ids[] = { "memory", "memory1" };

	for (int i = 0; i < 2; i++) {
		f->image[i] = memfd_create("image", MFD_CLOEXEC);
		if (f->image[i] < 0 || ftruncate(f->image[i], IMAGE_BYTES) < 0) {
			for (; i >= 0; i--)
				if (f->image[i] >= 0)
					close(f->image[i]);
			return false;
		}
		snprintf(f->image_path[i], sizeof(f->image_path[i]), "/proc/self/fd/%d",
			 f->image[i]);
		f->drives[i] = (struct machine_drive){ .id = ids[i], .file = f->image_path[i] };
	}
	return true;
}

struct fake *fake_create(void)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	if (!make_images(f)) {
		free(f);
		return NULL;
	}
	f->cfg.drives = f->drives;
	f->cfg.no_reboot = true;
	f->cfg.devices = devices;
	snprintf(vsock_option, sizeof(vsock_option),
		 "virtio-vsock,cid=3,socket=/tmp/vitrine-fake-%d.vsock", getpid());
	f->m.cfg = &f->cfg;
	f->m.vm_fd = f->m.kvm_fd = -1;
	pthread_mutex_init(&f->m.run_lock, NULL);
	bus_init(&f->m.pio, "pio", 0x10000);
	bus_init(&f->m.mmio, "mmio", 1ull << 52);
	if (loop_create(&f->m.loop) < 0 || hv_timers_create(&f->m.timers, f->m.loop) < 0)
		return NULL;
	hv_clock_guest_start(f->m.timers);
	return f;
}

bool fake_add_devices(struct fake *f)
{
	struct error err = { "" };

	if (!netdevs_create(&f->m, &f->cfg, &err) && !devices_create(&f->m, &f->cfg, &err) &&
	    !netdevs_check(&f->m, &err))
		return true;
	fprintf(stderr, "%s\n", err.text);
	return false;
}

void fake_destroy(struct fake *f)
{
	devices_destroy(&f->m);
	netdevs_destroy(&f->m);
	hv_timers_destroy(f->m.timers);
	loop_destroy(f->m.loop);
	close(f->image[0]);
	close(f->image[1]);
	free(f);
	if (trace_path[0])
		unlink(trace_path);
}

uint64_t fake_in(struct fake *f, uint16_t port, unsigned size)
{
	uint64_t value;

	bus_read(&f->m.pio, port, size, &value);
	return value;
}

void fake_out(struct fake *f, uint16_t port, unsigned size, uint64_t value)
{
	bus_write(&f->m.pio, port, size, value);
}

uint64_t fake_peek(struct fake *f, uint16_t port, unsigned size)
{
	uint64_t value;

	bus_peek(&f->m.pio, port, size, &value);
	return value;
}

static void quit(void *opaque)
{
	loop_quit(opaque, RUN_ON);
}

int fake_run(struct fake *f)
{
	/* What is ready now comes before a timer of the future; one thing may make another ready.
	 */
	int turn, code = RUN_ON;

	for (turn = 0; turn < 3 && code == RUN_ON; turn++)
		code = fake_run_for(f, 1);
	return code;
}

int fake_run_for(struct fake *f, unsigned ms)
{
	struct hv_timer *timer;
	int code;

	if (hv_timer_create(f->m.timers, HV_CLOCK_MONOTONIC, quit, f->m.loop, &timer) < 0)
		return -2;
	hv_timer_arm(timer, hv_clock_now(f->m.timers, HV_CLOCK_MONOTONIC) + ms * 1000000ull);
	code = loop_run(f->m.loop);
	hv_timer_destroy(timer);
	return code;
}

void fake_watch_irqs(void)
{
	snprintf(trace_path, sizeof(trace_path), "/tmp/vitrine-test-%d.trace", getpid());
	trace_open(trace_path, NULL);
	trace_enable("device", NULL);
}

static unsigned scan_irqs(int gsi, bool *level)
{
	char line[512], up[24], down[24];
	FILE *file = fopen(trace_path, "r");
	unsigned edges = 0;

	*level = false;
	if (!file)
		return 0;
	snprintf(up, sizeof(up), "irq %d up", gsi);
	snprintf(down, sizeof(down), "irq %d down", gsi);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, up)) {
			edges += !*level;
			*level = true;
		} else if (strstr(line, down)) {
			*level = false;
		}
	}
	fclose(file);
	return edges;
}

unsigned fake_traced(const char *what)
{
	FILE *file = fopen(trace_path, "r");
	unsigned n = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		n += strstr(line, what) != NULL;
	if (file)
		fclose(file);
	return n;
}

unsigned fake_irq_edges(int gsi)
{
	bool level;

	return scan_irqs(gsi, &level);
}

bool fake_irq_level(int gsi)
{
	bool level;

	scan_irqs(gsi, &level);
	return level;
}
