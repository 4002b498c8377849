// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Events of the machine interface. QMP's own say little; each stop is told once more, in full, as
 * VITRINE_STOPPED, and what QMP has no event for has one that begins like that.
 */
#include <string.h>
#include <time.h>

#include "hv/machine.h"
#include "monitor/qmp_internal.h"

struct json_object *qmp_event(const char *name, struct json_object *data)
{
	struct json_object *event = json_object_new_object();
	struct json_object *when = json_object_new_object();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	qmp_add_int(when, "seconds", now.tv_sec);
	qmp_add_int(when, "microseconds", now.tv_nsec / 1000);
	json_object_object_add(event, "timestamp", when);
	qmp_add_text(event, "event", name);
	if (data)
		json_object_object_add(event, "data", data);
	return event;
}

static void send(struct qmp_client *c, const char *name, struct json_object *data)
{
	qmp_send_event(c, qmp_event(name, data));
}

/* {"guest": …, "reason": …} of RESET and SHUTDOWN. */
static struct json_object *cause(bool guest, const char *reason)
{
	struct json_object *data = json_object_new_object();

	qmp_add_bool(data, "guest", guest);
	qmp_add_text(data, "reason", reason);
	return data;
}

static void on_stopped(struct qmp_client *c, const struct control_event *ev)
{
	struct json_object *data = NULL;

	if (ev->stop->reason == STOP_PANIC) {
		data = json_object_new_object();
		qmp_add_text(data, "action", "pause");
		send(c, "GUEST_PANICKED", data);
	}
	if (ev->stop->reason == STOP_SHUTDOWN)
		send(c, "SHUTDOWN", cause(true, "guest-shutdown"));
	c->knows_running = false;
	send(c, "STOP", NULL);
	send(c, "VITRINE_STOPPED", qmp_stop(ev->stop));
}

static void on_vcpu_stopped(struct qmp_client *c, const struct control_event *ev)
{
	send(c, "VITRINE_VCPU_STOPPED", qmp_stop(ev->stop));
}

static void on_resumed(struct qmp_client *c, const struct control_event *ev)
{
	(void)ev;
	/* Not again when others, which stood, are let go beside the vCPU that runs or steps. */
	if (!c->knows_running)
		send(c, "RESUME", NULL);
	c->knows_running = true;
}

static void on_reset(struct qmp_client *c, const struct control_event *ev)
{
	send(c, "RESET", cause(!ev->by, ev->by ? "host-qmp-system-reset" : "guest-reset"));
}

static void on_exit_event(struct qmp_client *c, const struct control_event *ev)
{
	bool guest = machine_is_over(c->session.m);

	(void)ev;
	send(c, "SHUTDOWN", cause(guest, guest ? "guest-shutdown" : "host-qmp-quit"));
}

static void on_vcpus(struct qmp_client *c, const struct control_event *ev)
{
	struct json_object *data = json_object_new_object();

	qmp_add_int(data, "vcpu", ev->code);
	qmp_add_bool(data, "present", control_vcpu_exists(c->session.m, ev->code));
	send(c, "VITRINE_VCPUS", data);
}

static void on_breakpoints(struct qmp_client *c, const struct control_event *ev)
{
	(void)ev;
	send(c, "VITRINE_BREAKPOINTS", NULL);
}

static void on_text(struct qmp_client *c, const struct control_event *ev)
{
	struct json_object *data = json_object_new_object();

	qmp_add_text(data, "text", ev->text ? ev->text : "");
	send(c, ev->kind == CONTROL_OUTPUT ? "VITRINE_OUTPUT" : "VITRINE_MESSAGE", data);
}

static void on_balloon(struct qmp_client *c, const struct control_event *ev)
{
	struct json_object *data = json_object_new_object();

	qmp_add_int(data, "actual", (int64_t)ev->bytes);
	send(c, "BALLOON_CHANGE", data);
}

void qmp_on_event(struct control_client *client, const struct control_event *ev)
{
	static void (*const handlers[])(struct qmp_client *, const struct control_event *) = {
		[CONTROL_STOPPED] = on_stopped,
		[CONTROL_VCPU_STOPPED] = on_vcpu_stopped,
		[CONTROL_RESUMED] = on_resumed,
		[CONTROL_RESET] = on_reset,
		[CONTROL_EXIT] = on_exit_event,
		[CONTROL_VCPUS] = on_vcpus,
		[CONTROL_BREAKPOINTS] = on_breakpoints,
		[CONTROL_MESSAGE] = on_text,
		[CONTROL_OUTPUT] = on_text,
		[CONTROL_BALLOON] = on_balloon,
	};
	struct qmp_client *c = (struct qmp_client *)client;
	size_t kind = (size_t)ev->kind;

	if (c->negotiated && !c->closing && kind < sizeof(handlers) / sizeof(handlers[0]) &&
	    handlers[kind])
		handlers[kind](c, ev);
}
