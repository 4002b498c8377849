// SPDX-License-Identifier: GPL-3.0-or-later
/* Commands about devices: what they show, traces and their files, stops. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hv/device_event.h"
#include "monitor/command.h"
#include "monitor/session.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_device, .init = fixture_setup, .fini = fixture_teardown);

static void guest_writes(uint8_t value)
{
	bus_write(&fake->m.pio, FAKE_DEVICE_PORT, 1, value);
}

static void guest_reads(unsigned reg)
{
	uint64_t value;

	bus_read(&fake->m.pio, FAKE_DEVICE_PORT + reg, 1, &value);
}

Test(mon_device, a_look_is_no_access)
{
	guest_writes(0x83);
	guest_reads(1);
	device_irq_set(fake->m.devices, true);
	for (int i = 0; i < 2; i++) {
		expect_says("info device serial0", "lcr = 0x83\niir = 0x01 [NONE ID=0]\n");
		expect_says("info device serial0", "1 reads and 1 writes of registers; "
						   "1 interrupts, 0 taken back\n");
	}
	expect_is("info device serial9",
		  "info device serial9\n            ^~~~~~~ no such device: `info device` lists "
		  "them\n");
}

Test(mon_device, faults_are_injected)
{
	expect_is("inject serial0 unplug", "");
	cr_expect_eq(fake->m.devices->faults, FAULT_BIT(FAULT_UNPLUG));
	expect_says("info device serial0", "unplugged until the next reset\n");
	expect_is("inject serial0 error", "error: serial0 is unplugged until the next reset\n");
	expect_says("inject serial0 fire",
		    "^~~~ expected error, timeout, lost-irq, spurious-irq or unplug\n");
	expect_says("inject serial9 error", "no such device");
}

Test(mon_device, cables)
{
	expect_is("set_link serial0 on", "");
	expect_says("info device serial0", "lcr = 0x01");
	expect_is("set_link serial0 off", "");
	expect_says("info device serial0", "lcr = 0x00");
	expect_is("set_link nic7 off", "error: there is no network card and no network 'nic7'\n");
	expect_says("set_link serial0 up", "^~ expected on or off\n");
	guest_writes(0x55);
	expect_is("set_link serial0 on", "error: serial0: there is no network for its cable\n");
}

Test(mon_device, trace_shows_what_happened)
{
	expect_says("trace device", "no device is traced");
	expect_says("trace device serial0", "error: serial0 was never traced");
	expect_says("trace save /tmp/none", "error: nothing was recorded");
	guest_writes(1);
	expect_is("trace device serial0 on", "");
	expect_says("trace device serial0 show", "serial0 has done nothing\n");
	guest_writes(0x83);
	guest_reads(1);
	guest_reads(5);
	device_irq_set(fake->m.devices, true);
	device_irq_set(fake->m.devices, true);
	device_irq_set(fake->m.devices, false);
	expect_says("trace device serial0", "- ");
	expect_says("trace device serial0", " serial0.lcr <- 0x83\n");
	expect_says("trace device serial0", " serial0.iir -> 0x01 [NONE ID=0]\n");
	expect_says("trace device serial0", " serial0: nothing at 0x5\n");
	expect_says("trace device serial0", " serial0: interrupt 4 up\n");
	expect_says("trace device serial0 show 1", "(4 events before these)\n");
	expect_says("trace device serial0 show 1", " serial0: interrupt 4 down\n");
	expect_is("trace device", "serial0      on, 5 events\n");
	expect_is("trace device serial0 off", "");
	guest_writes(1);
	expect_is("trace device", "serial0      off, 5 events\n");
	expect_is("trace device serial0 on", "");
	expect_is("trace device", "serial0      on, 0 events\n");
	expect_says("trace device serial0 maybe", "expected on, off or show");
}

Test(mon_device, the_ring_forgets_the_oldest)
{
	run("trace device serial0 on");
	for (int i = 0; i < 16384 + 10; i++)
		guest_writes((uint8_t)i);
	expect_is("trace device", "serial0      on, 16394 events\n");
	run("trace device serial0 show 16384");
	cr_expect_eq(strncmp(strbuf_str(&out), "(10 events before these)\n", 25), 0);
	cr_expect(strstr(strbuf_str(&out), "serial0.lcr <- 0x0a\n"));
}

/* Bars of a line that is up begin and end; everything has its place. */
static void check_timeline(struct json_object *all)
{
	static const struct {
		const char *phase, *name;
	} rows[] = {
		{ "M", "process_name" },
		{ "M", "thread_name" },
		{ "M", "thread_sort_index" },
		{ "i", "serial0.lcr <- 0x83" },
		{ "B", "serial0: interrupt 4 up" },
		{ "i", "serial0.iir -> 0x01 [NONE ID=0]" },
		{ "E", "serial0: interrupt 4 down" },
		{ "i", "serial0: 512 bytes written to 0x1000" },
	};
	double last = 0;

	cr_assert_eq(json_object_array_length(all), sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_object *o = json_object_array_get_idx(all, i), *field;

		cr_assert(json_object_object_get_ex(o, "ph", &field));
		cr_expect_str_eq(json_object_get_string(field), rows[i].phase, "%zu", i);
		cr_assert(json_object_object_get_ex(o, "name", &field));
		cr_expect_str_eq(json_object_get_string(field), rows[i].name, "%zu", i);
		if (*rows[i].phase == 'M')
			continue;
		cr_assert(json_object_object_get_ex(o, "ts", &field));
		cr_expect_geq(json_object_get_double(field), last);
		last = json_object_get_double(field);
	}
}

Test(mon_device, a_timeline_is_json)
{
	char path[] = "/tmp/vitrine-timeline-XXXXXX.json", line[80];
	int fd = mkstemps(path, 5);
	struct json_object *file, *all;

	cr_assert_geq(fd, 0);
	run("trace device serial0 on");
	guest_writes(0x83);
	device_irq_set(fake->m.devices, true);
	guest_reads(1);
	device_irq_set(fake->m.devices, false);
	device_saw_dma(fake->m.devices, 0x1000, 512, true);
	snprintf(line, sizeof(line), "trace save %s", path);
	expect_says(line, "5 events written to /tmp/vitrine-timeline-");
	file = json_object_from_file(path);
	cr_assert_not_null(file, "%s", json_util_get_last_err());
	cr_assert(json_object_object_get_ex(file, "traceEvents", &all));
	check_timeline(all);
	json_object_put(file);
	close(fd);
	unlink(path);
	expect_says("trace save /nowhere/at/all",
		    "error: cannot write /nowhere/at/all: No such file");
}

Test(mon_device, stops_on_devices)
{
	expect_is("watch device serial0.lcr",
		  "breakpoint 1: register of serial0.lcr access 4 mask 0x0 value 0x0 addr 0x0 len "
		  "0\n");
	expect_says("watch device serial0.iir r if value & 0xf == 1 + 1",
		    "serial0.iir access 3 mask 0xf value 0x2 ");
	expect_says("watch device serial0.lcr if value == 0x83",
		    "serial0.lcr access 4 mask 0xffffffffffffffff value 0x83 ");
	expect_says("break irq serial0", "breakpoint 4: interrupt of serial0.");
	expect_says("break dma serial0", "addr 0x0 len 0\n");
	expect_says("break dma serial0 0x1000 4k", "addr 0x1000 len 4096\n");
	expect_says("b 0x1000", "breakpoint 7");
	expect_says("info breakpoints", "4   device -                  -    0        gdb");
	run("delete 4");
	cr_expect(!strstr(run("info breakpoints"), "4   device"));
	expect_says("delete 4", "no such breakpoint");
	expect_is("delete all", "6 deleted\n");
}

Test(mon_device, mistakes_in_stops_are_pointed_at)
{
	expect_is(
		"watch device serial0.rbr",
		"watch device serial0.rbr\n                     ^~~ serial0 has no such register: "
		"`info device serial0` lists them\n");
	expect_says("watch device serial7.lcr", "             ^~~~~~~ no such device");
	expect_says("watch device serial0", "expected a device and its register, as serial0.lcr");
	expect_says("watch device serial0.lcr x", "expected r, w or rw, or a condition");
	expect_says("watch device serial0.lcr w when", "expected `if value & MASK == V`");
	expect_says("watch device serial0.lcr if value > 3", "expected `if value & MASK == V`");
	expect_says("watch device serial0.lcr if value == ", "expected");
	expect_says("watch device serial0.lcr if value & 1", "expected `if value & MASK == V`");
	expect_says("break dma serial0 0 0", "LEN is out of range");
	expect_says("break irq", "expected a device (NAME)");
	/* A word that is not a subcommand is an argument. */
	expect_says("break ir", "not a number");
}

static size_t offered;

static void count_offer(void *opaque, const char *word)
{
	offered += !strcmp(word, opaque);
}

static void expect_offer(const char *line, const char *word)
{
	size_t len = strlen(line), start = len;

	while (start && line[start - 1] != ' ')
		start--;
	offered = 0;
	mon_complete(&(struct mon_session){ .m = &fake->m }, line, start, len, count_offer,
		     (void *)word);
	cr_expect_eq(offered, 1u, "%s: %zu times %s", line, offered, word);
}

Test(mon_device, completion)
{
	expect_offer("watch ", "device");
	expect_offer("set_link ", "serial0");
	expect_offer("set_link serial0 o", "off");
	expect_offer("watch device s", "serial0.");
	expect_offer("watch device serial0.", "serial0.iir");
	expect_offer("watch device serial0.iir ", "rw");
	expect_offer("break i", "irq");
	expect_offer("break dma ", "serial0");
	expect_offer("trace device serial0 s", "show");
	expect_offer("trace save /de", "/dev/");
}
