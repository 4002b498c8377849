// SPDX-License-Identifier: GPL-3.0-or-later
/* log, and what trace save makes of it: text, and a timeline whose bars nest. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hv/record.h"
#include "tests/unit-mon/fixture.h"

TestSuite(mon_log, .init = fixture_setup, .fini = fixture_teardown);

static void turn_on(const char *topic)
{
	char line[32];

	snprintf(line, sizeof(line), "log %s on", topic);
	expect_is(line, "");
}

/* @us after the topic was turned on. */
static void put_exit(int vcpu, unsigned us, unsigned ns, const char *what)
{
	struct record rec = { .kind = RECORD_EXIT,
			      .time = record_since(&fake->m, RECORD_EXITS) + us * 1000,
			      .ns = ns,
			      .pc = 0x1000,
			      .what = what,
			      .access = RECORD_PORT,
			      .addr = 0x3f8,
			      .size = 1,
			      .write = 1,
			      .value = 0x41,
			      .vcpu = (int16_t)vcpu };

	record_put(&fake->m, RECORD_EXITS, &rec);
}

static void put_place(int vcpu, unsigned us, enum record_kind kind)
{
	struct record rec = { .kind = (uint8_t)kind,
			      .time = record_since(&fake->m, RECORD_EXITS) + us * 1000,
			      .vcpu = (int16_t)vcpu };

	record_put(&fake->m, RECORD_EXITS, &rec);
}

static void put_work(int vcpu, unsigned us, unsigned ns)
{
	struct record rec = { .kind = RECORD_RUN,
			      .time = record_since(&fake->m, RECORD_WORK) + us * 1000,
			      .ns = ns,
			      .what = "on_pc",
			      .who = "control_pc",
			      .vcpu = (int16_t)vcpu };

	record_put(&fake->m, RECORD_WORK, &rec);
}

Test(mon_log, topics_go_on_and_off)
{
	expect_is("log", "exits    off  0 recorded\npackets  off  0 recorded\nirq      off  0 "
			 "recorded\nwork     off  0 recorded\ndevices  off  0 recorded\n");
	expect_says("log exits", "error: exits were never logged: `log exits on` begins it");
	expect_says("log devices", "error: no device was ever traced: `log devices on` begins it");
	expect_says("log everything on",
		    "    ^~~~~~~~~~ expected exits, packets, irq, work or devices");
	expect_says("log exits maybe", "expected on, off or show");
	turn_on("exits");
	turn_on("devices");
	expect_is("log exits", "nothing has happened yet\n");
	expect_is("log devices", "nothing has happened yet\n");
	expect_is("trace device", "serial0      on, 0 events\n");
	put_exit(0, 1, 100, "KVM_EXIT_IO");
	expect_says("log", "exits    on   1 recorded\n");
	expect_is("log exits off", "");
	expect_says("log", "exits    off  1 recorded\n");
	expect_is("log devices off", "");
	expect_is("trace device", "serial0      off, 0 events\n");
}

Test(mon_log, what_is_shown)
{
	turn_on("exits");
	put_exit(0, 1, 1200, "KVM_EXIT_IO");
	put_place(1, 2, RECORD_ENTER);
	expect_says("log exits show", "0.000001 vcpu0 0x1000");
	expect_says("log exits show", " KVM_EXIT_IO port 0x3f8 <- 0x41, 1.2 us\n");
	expect_says("log exits show 1", "(1 before these)\n    0.000002 vcpu1 ");
	expect_says("log exits show 5 1", "into the guest\n");
	cr_expect(!strstr(run("log exits show 5 1"), "vcpu0"));
	turn_on("packets");
	record_packet(&fake->m, false, "X1,2:\0\x7f", 7);
	expect_says("log packets", " -> X1,2:\\x00\\x7f\n");
	turn_on("work");
	put_work(1, 3, 2000);
	expect_says("log work", "0.000003 vcpu1 ");
	expect_says("log work", "on_pc for control_pc, 2.0 us\n");
}

Test(mon_log, interrupts_say_whose)
{
	turn_on("irq");
	device_irq_set(fake->m.devices, true);
	device_irq_set(fake->m.devices, false);
	expect_says("log irq", " serial0: GSI 4 up\n");
	expect_says("log irq", " serial0: GSI 4 down\n");
}

/* ---- the timeline ---- */

static double number(struct json_object *o, const char *key)
{
	struct json_object *field;

	return json_object_object_get_ex(o, key, &field) ? json_object_get_double(field) : -1;
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *field;

	return json_object_object_get_ex(o, key, &field) ? json_object_get_string(field) : "";
}

static struct json_object *saved(const char *path)
{
	char line[80];

	snprintf(line, sizeof(line), "trace save %s", path);
	expect_says(line, " events written to /tmp/vitrine-log-");
	return json_object_from_file(path);
}

/* All bars of one track, in a row: "name name …"; none begins before the last one has ended. */
static void bars_of(struct json_object *all, int track, struct strbuf *names)
{
	double end = 0;

	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct json_object *o = json_object_array_get_idx(all, i);

		if ((int)number(o, "tid") != track || strcmp(text(o, "ph"), "X") != 0)
			continue;
		cr_expect_geq(number(o, "ts") + 0.0005, end, "%s overlaps", text(o, "name"));
		cr_expect_geq(number(o, "dur"), 0);
		end = number(o, "ts") + number(o, "dur");
		strbuf_printf(names, "%s%s", names->len ? ", " : "", text(o, "name"));
	}
}

Test(mon_log, bars_of_a_vcpu_touch)
{
	char path[] = "/tmp/vitrine-log-XXXXXX.json";
	int fd = mkstemps(path, 5);
	struct strbuf names = STRBUF_INIT;
	struct json_object *file, *all;

	cr_assert_geq(fd, 0);
	turn_on("exits");
	turn_on("work");
	put_place(0, 0, RECORD_LEAVE);
	put_place(0, 10, RECORD_ENTER);
	put_exit(0, 20, 3000, "KVM_EXIT_IO");
	/* As it may be when clocks are read in another order: it is cut, never laid over. */
	put_exit(0, 22, 3000, "KVM_EXIT_MMIO");
	put_place(0, 30, RECORD_LEAVE);
	put_work(0, 31, 1000);
	put_place(0, 40, RECORD_ENTER);
	put_exit(1, 5, 1000, "KVM_EXIT_IO");
	run("log exits off");
	file = saved(path);
	cr_assert_not_null(file, "%s", json_util_get_last_err());
	cr_assert(json_object_object_get_ex(file, "traceEvents", &all));
	bars_of(all, 1000, &names);
	cr_expect_str_eq(strbuf_str(&names), "stopped, in guest, KVM_EXIT_IO, KVM_EXIT_MMIO, in "
					     "guest, stopped");
	strbuf_clear(&names);
	bars_of(all, 1001, &names);
	cr_expect_str_eq(strbuf_str(&names), "KVM_EXIT_IO");
	strbuf_clear(&names);
	bars_of(all, 2000, &names);
	cr_expect_str_eq(strbuf_str(&names), "on_pc");
	json_object_put(file);
	strbuf_free(&names);
	close(fd);
	unlink(path);
}

Test(mon_log, text_is_in_order_of_time)
{
	char path[] = "/tmp/vitrine-log-XXXXXX", line[80], content[4096] = "";
	const char *names[] = { "KVM_EXIT_IO", "on_pc", "KVM_EXIT_MMIO" };
	int fd = mkstemp(path);
	const char *at = content;

	cr_assert_geq(fd, 0);
	turn_on("exits");
	turn_on("work");
	put_exit(1, 1, 100, "KVM_EXIT_IO");
	put_exit(0, 500 * 1000, 100, "KVM_EXIT_MMIO");
	put_work(0, 1000, 100);
	turn_on("irq");
	snprintf(line, sizeof(line), "trace save %s", path);
	expect_says(line, "3 events written to ");
	cr_assert_gt(read(fd, content, sizeof(content) - 1), 0);
	for (int i = 0; i < 3; i++) {
		at = strstr(at, names[i]);
		cr_assert(at, "%s is missing, or not in its place:\n%s", names[i], content);
	}
	close(fd);
	unlink(path);
}
