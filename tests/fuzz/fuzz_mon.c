// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Fuzzes the monitor: command lines, expressions, and bytes typed at a socket or a terminal while
 * things happen to the guest.
 *
 * The first byte chooses the way in. Behind it, bytes that no UTF-8 text contains stand for events.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/command.h"
#include "monitor/expr.h"
#include "monitor/monitor.h"
#include "tests/unit-mon/fake_chardev.h"
#include "tests/unit-mon/fake_control.h"

#define RAM_SIZE 65536

enum {
	EVENT_STEP_DONE = 0xf8,
	EVENT_BREAKPOINT,
	EVENT_RESUMED,
	EVENT_RESET,
	EVENT_LOOP,
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* readline forgets memory of its own when a line is given up in the middle of a key. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libreadline\n";
}

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

static void event(struct fake *f, uint8_t which)
{
	const struct stop hit = { .reason = STOP_BREAKPOINT, .vcpu = 1, .pc = 0x1000, .bp = 1 };
	struct error err;

	switch (which) {
	case EVENT_STEP_DONE:
		fake_finish_step(f);
		break;
	case EVENT_BREAKPOINT:
		if (f->m.state == RUN_RUNNING)
			fake_stop(f, &hit);
		break;
	case EVENT_RESUMED:
		control_resume_all(&f->m, NULL, &err);
		break;
	case EVENT_RESET:
		control_reset(&f->m, NULL, &err);
		break;
	case EVENT_LOOP:
		turn();
		break;
	default:
		break;
	}
}

static void type(struct fake *f, struct monitor *mon, const uint8_t *data, size_t size, bool tty)
{
	struct chardev *cd = fake_chardev_create(tty);
	struct error err;

	if (!monitor_add_console(mon, cd, &err)) {
		for (size_t i = 0; i < size; i++) {
			if (data[i] >= EVENT_STEP_DONE && data[i] <= EVENT_LOOP)
				event(f, data[i]);
			else
				fake_chardev_feed(cd, &data[i], 1);
			if (cd->out.len > 1 << 20)
				strbuf_clear(&cd->out);
		}
		fake_chardev_hangup(cd);
		turn();
	}
	fake_chardev_free(cd);
}

static void execute(struct monitor *mon, const uint8_t *data, size_t size)
{
	struct strbuf out = STRBUF_INIT;
	char line[2 * MON_LINE_MAX];

	if (size >= sizeof(line))
		size = sizeof(line) - 1;
	memcpy(line, data, size);
	line[size] = '\0';
	monitor_execute(mon, line, &out);
	strbuf_free(&out);
}

static void evaluate(const uint8_t *data, size_t size)
{
	struct error err;
	size_t bad = 0, len = 0;
	uint64_t value;

	if (expr_eval((const char *)data, size, NULL, &value, &bad, &len, &err) &&
	    (bad > size || len > size - bad))
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("XDG_STATE_HOME", "/proc/nowhere", 1);
	setenv("TERM", "xterm", 1);
	setenv("INPUTRC", "/dev/null", 1);
	return loop_create(&loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor *mon;
	struct error err;
	struct fake *f;

	if (!size)
		return 0;
	f = fake_create(NULL, 2, RAM_SIZE);
	if (!f)
		return 0;
	if (!monitor_create(&mon, &f->m, loop, &err)) {
		switch (data[0] % 4) {
		case 0:
			type(f, mon, data + 1, size - 1, false);
			break;
		case 1:
			type(f, mon, data + 1, size - 1, true);
			break;
		case 2:
			execute(mon, data + 1, size - 1);
			break;
		default:
			evaluate(data + 1, size - 1);
		}
		monitor_destroy(mon);
	}
	fake_destroy(f);
	return 0;
}
