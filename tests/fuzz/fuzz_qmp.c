// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the machine interface: bytes of a client, in pieces as the first byte says, on a machine
 * that stops and runs meanwhile. Every line that is answered must be JSON.
 */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/qmp.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fake_control.h"

#define RAM_SIZE 65536

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;

static void end_turn(void *opaque)
{
	(void)opaque;
	loop_quit(loop, 0);
}

static void turn(void)
{
	loop_post(loop, end_turn, NULL);
	loop_run(loop);
}

/* Answers are lines of JSON, one value each. */
static void check(const struct strbuf *out)
{
	const char *line = strbuf_str(out), *end;
	struct json_tokener *tokener = json_tokener_new_ex(128);
	struct json_object *value;

	for (; tokener && (end = strchr(line, '\n')); line = end + 1) {
		json_tokener_reset(tokener);
		value = json_tokener_parse_ex(tokener, line, (int)(end - line));
		if (!value)
			abort();
		json_object_put(value);
	}
	json_tokener_free(tokener);
	if (*line)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return loop_create(&loop);
}

static void talk(struct fake *f, const uint8_t *data, size_t size, size_t piece)
{
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}";
	const struct stop hit = { .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x1000, .bp = 1 };
	struct chardev *cd = fake_endpoint_connect();

	fake_chardev_feed(cd, hello, sizeof(hello) - 1);
	while (size && !cd->closed) {
		size_t n = size < piece ? size : piece;

		fake_chardev_feed(cd, data, n);
		fake_finish_step(f);
		if (f->m.state == RUN_RUNNING && n & 1)
			fake_stop(f, &hit);
		data += n;
		size -= n;
		check(&cd->out);
		strbuf_clear(&cd->out);
	}
	fake_chardev_hangup(cd);
	turn();
	fake_chardev_free(cd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor *mon;
	struct error err;
	struct fake *f;
	struct qmp *qmp;

	if (!size)
		return 0;
	f = fake_create(NULL, 2, RAM_SIZE);
	if (!f)
		return 0;
	f->m.loop = loop;
	if (!monitor_create(&mon, &f->m, loop, &err)) {
		if (!qmp_create(&qmp, mon, "fake", &err)) {
			talk(f, data + 1, size - 1, 1 + data[0]);
			qmp_destroy(qmp);
		}
		monitor_destroy(mon);
	}
	fake_destroy(f);
	return 0;
}
