// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Clients of the machine interface: their requests, replies and life. See qmp.h.
 *
 * What a client may take is bounded: the length and depth of a request, how much is read of it in
 * one turn of the loop, and what waits for it unread. Replies are never cut: no more requests are
 * read while one waits. Events are dropped, and the client is told how many.
 */
#include "monitor/qmp.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/monitor.h"
#include "monitor/qmp_internal.h"

#define CLIENTS_MAX 32
/* Bytes that are read in one turn of the loop, so that all clients and the guest get theirs. */
#define INPUT_MAX 4096
/* No request is read, and no event sent, while more than this waits for the peer. */
#define UNREAD_MAX (64u << 10)

struct qmp {
	struct monitor *mon;
	struct loop *loop;
	struct endpoint *ep;
	struct qmp_client *clients;
	unsigned count, number;
};

/* ---- sending ---- */

static size_t put_line(struct qmp_client *c, struct json_object *object, size_t limit)
{
	const char *text;
	size_t len = 0;

	text = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (text && len <= limit && c->cd) {
		chardev_write(c->cd, text, len);
		chardev_write(c->cd, "\r\n", 2);
	}
	json_object_put(object);
	return text ? len : 0;
}

static struct json_object *error_reply(const char *class, const char *text)
{
	struct json_object *reply = json_object_new_object();
	struct json_object *error = json_object_new_object();

	qmp_add_text(error, "class", class);
	qmp_add_text(error, "desc", text);
	json_object_object_add(reply, "error", error);
	return reply;
}

void qmp_send(struct qmp_client *c, struct json_object *object)
{
	put_line(c, object, QMP_REPLY_MAX);
}

bool qmp_send_event(struct qmp_client *c, struct json_object *object)
{
	struct json_object *lost;

	if (!c->cd || chardev_queued(c->cd) > UNREAD_MAX) {
		c->lost++;
		json_object_put(object);
		return false;
	}
	if (c->lost) {
		lost = json_object_new_object();
		qmp_add_int(lost, "count", c->lost);
		c->lost = 0;
		qmp_send(c, qmp_event("VITRINE_EVENTS_LOST", lost));
	}
	qmp_send(c, object);
	return true;
}

/* @id is what the request had, or NULL. */
static void reply(struct qmp_client *c, struct json_object *object, struct json_object *id)
{
	struct json_object *error;
	char text[96];
	size_t len;

	if (id)
		json_object_object_add(object, "id", json_object_get(id));
	len = put_line(c, object, QMP_REPLY_MAX);
	if (len <= QMP_REPLY_MAX && len)
		return;
	snprintf(text, sizeof(text), "the answer has %zu bytes, at most %u are sent: ask for less",
		 len, QMP_REPLY_MAX);
	error = error_reply("GenericError", len ? text : "out of memory");
	if (id)
		json_object_object_add(error, "id", json_object_get(id));
	qmp_send(c, error);
}

static void reply_error(struct qmp_client *c, const char *class, const char *text,
			struct json_object *id)
{
	reply(c, error_reply(class, text), id);
}

static void greet(struct qmp_client *c)
{
	struct json_object *greeting = json_object_new_object();
	struct json_object *qmp = json_object_new_object();
	struct qmp_call call = { .client = c, .m = c->session.m };

	qmp_command_execute(qmp_command_find("query-version"), NULL, &call);
	json_object_object_add(qmp, "version", call.result);
	json_object_object_add(qmp, "capabilities", json_object_new_array());
	json_object_object_add(greeting, "QMP", qmp);
	qmp_send(c, greeting);
}

/* ---- requests ---- */

/* Which members a request may have; NULL when it is one, else what is wrong. */
static const char *request_fault(struct json_object *request)
{
	struct json_object *value;

	if (!json_object_is_type(request, json_type_object))
		return "a request is a JSON object";
	json_object_object_foreach(request, key, member)
	{
		(void)member;
		if (strcmp(key, "execute") && strcmp(key, "arguments") && strcmp(key, "id") != 0)
			return "a request has the members execute, arguments and id";
	}
	if (!json_object_object_get_ex(request, "execute", &value))
		return "a request has a member execute";
	if (!json_object_is_type(value, json_type_string))
		return "the member execute is a string";
	if (json_object_object_get_ex(request, "arguments", &value) &&
	    !json_object_is_type(value, json_type_object))
		return "the member arguments is an object";
	return NULL;
}

static void run(struct qmp_client *c, const struct qmp_command *cmd, struct json_object *arguments,
		struct json_object *id)
{
	struct qmp_call call = { .client = c, .m = c->session.m };
	struct json_object *answer;

	qmp_command_execute(cmd, arguments, &call);
	if (call.error_class) {
		json_object_put(call.result);
		reply_error(c, call.error_class, call.err.text, id);
		return;
	}
	answer = json_object_new_object();
	json_object_object_add(answer, "return",
			       call.result ? call.result : json_object_new_object());
	reply(c, answer, id);
}

static void handle(struct qmp_client *c, struct json_object *request)
{
	const char *fault = request_fault(request);
	struct json_object *id = NULL, *arguments = NULL, *value;
	const struct qmp_command *cmd;
	const char *name;
	char text[160];

	if (fault) {
		if (json_object_is_type(request, json_type_object))
			json_object_object_get_ex(request, "id", &id);
		reply_error(c, "GenericError", fault, id);
		return;
	}
	json_object_object_get_ex(request, "id", &id);
	json_object_object_get_ex(request, "arguments", &arguments);
	json_object_object_get_ex(request, "execute", &value);
	name = json_object_get_string(value);
	cmd = qmp_command_find(name);
	if (c->negotiated == !strcmp(name, "qmp_capabilities")) {
		reply_error(c, "CommandNotFound",
			    c->negotiated ? "capabilities were negotiated already"
					  : "qmp_capabilities comes first",
			    id);
		return;
	}
	if (!cmd) {
		snprintf(text, sizeof(text), "there is no command %.80s: query-commands lists them",
			 name);
		reply_error(c, "CommandNotFound", text, id);
		return;
	}
	run(c, cmd, arguments, id);
}

/*
 * What is no JSON: told, and all up to the next line forgotten. Who begins like that is no client
 * of ours: a web page can make a browser send requests to a TCP port of its machine, with commands
 * in their body.
 */
static void malformed(struct qmp_client *c, const char *why)
{
	char text[128];

	snprintf(text, sizeof(text), "not understood: %s", why);
	reply_error(c, "GenericError", text, NULL);
	json_tokener_reset(c->tokener);
	c->pending = 0;
	c->skipping = true;
	if (!c->negotiated) {
		c->closing = true;
		chardev_close(c->cd);
		c->cd = NULL;
	}
}

/* Takes from @text what belongs to one request; the number of bytes. */
static size_t take(struct qmp_client *c, const char *text, size_t len)
{
	struct json_object *request;
	enum json_tokener_error status;
	const char *end;
	size_t taken;

	if (c->skipping) {
		end = memchr(text, '\n', len);
		c->skipping = !end;
		return end ? (size_t)(end - text) + 1 : len;
	}
	if (!c->pending) {
		taken = 0;
		while (taken < len && strchr(" \t\r\n", text[taken]) && text[taken])
			taken++;
		if (taken)
			return taken;
		if (text[0] != '{' && text[0] != '[') {
			malformed(c, "expected a JSON object");
			return 0;
		}
	}
	request = json_tokener_parse_ex(c->tokener, text, (int)len);
	status = json_tokener_get_error(c->tokener);
	taken = json_tokener_get_parse_end(c->tokener);
	c->pending += taken;
	if (status != json_tokener_success && status != json_tokener_continue) {
		malformed(c, json_tokener_error_desc(status));
	} else if (status == json_tokener_continue && c->pending > QMP_REQUEST_MAX) {
		malformed(c, "the request is too long");
	} else if (status == json_tokener_success) {
		c->pending = 0;
		handle(c, request);
	}
	json_object_put(request);
	return taken;
}

/* ---- the chardev ---- */

static size_t on_room(void *opaque)
{
	struct qmp_client *c = opaque;

	return c->cd && chardev_queued(c->cd) <= UNREAD_MAX ? INPUT_MAX : 0;
}

static void on_drained(void *opaque)
{
	struct qmp_client *c = opaque;

	if (c->cd)
		chardev_poll_input(c->cd);
}

static void free_gone(void *opaque);

static void on_input(void *opaque, const uint8_t *data, size_t len)
{
	struct qmp_client *c = opaque;
	size_t n;

	for (; len && !c->closing; data += n, len -= n)
		n = take(c, (const char *)data, len);
	if (c->closing)
		loop_post(c->qmp->loop, free_gone, c->qmp);
}

static void on_closed(void *opaque)
{
	struct qmp_client *c = opaque;

	c->cd = NULL;
	c->closing = true;
	loop_post(c->qmp->loop, free_gone, c->qmp);
}

static const struct chardev_handler handler = {
	.room = on_room,
	.input = on_input,
	.drained = on_drained,
	.closed = on_closed,
};

/* ---- life ---- */

static void free_client(struct qmp_client *c)
{
	control_detach(c->session.m, &c->control);
	mon_session_close(&c->session);
	if (c->cd)
		chardev_close(c->cd);
	json_tokener_free(c->tokener);
	qmp_fds_close(c);
	free(c);
}

static void free_gone(void *opaque)
{
	struct qmp *qmp = opaque;
	struct qmp_client **p = &qmp->clients, *c;

	while ((c = *p)) {
		if (!c->closing) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		qmp->count--;
		free_client(c);
	}
}

static void turn_away(struct chardev *cd, const char *why)
{
	struct qmp_client c = { .cd = cd };

	qmp_send(&c, error_reply("GenericError", why));
	chardev_close(cd);
}

static void on_accept(void *opaque, struct chardev *cd)
{
	struct qmp *qmp = opaque;
	struct qmp_client *c;

	if (qmp->count >= CLIENTS_MAX) {
		turn_away(cd, "too many clients");
		return;
	}
	c = calloc(1, sizeof(*c));
	if (c)
		c->tokener = json_tokener_new_ex(QMP_DEPTH_MAX);
	if (!c || !c->tokener) {
		free(c);
		turn_away(cd, "out of memory");
		return;
	}
	json_tokener_set_flags(c->tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
						   JSON_TOKENER_ALLOW_TRAILING_CHARS);
	c->qmp = qmp;
	c->cd = cd;
	snprintf(c->name, sizeof(c->name), "qmp %u", ++qmp->number);
	mon_session_open(&c->session, qmp->mon, c->name);
	c->control = (struct control_client){ .name = c->name, .event = qmp_on_event };
	control_attach(c->session.m, &c->control);
	c->next = qmp->clients;
	qmp->clients = c;
	qmp->count++;
	chardev_accept_fds(cd);
	chardev_set_handler(cd, &handler, c);
	greet(c);
}

int qmp_create(struct qmp **out, struct monitor *mon, const char *dev, struct error *err)
{
	struct qmp *qmp = calloc(1, sizeof(*qmp));
	int ret;

	if (!qmp)
		return error_set(err, -ENOMEM, "out of memory");
	qmp->mon = mon;
	qmp->loop = monitor_loop(mon);
	ret = endpoint_open(&qmp->ep, qmp->loop, dev, on_accept, qmp, err);
	if (ret < 0) {
		error_prefix(err, "qmp");
		free(qmp);
		return ret;
	}
	*out = qmp;
	return 0;
}

void qmp_destroy(struct qmp *qmp)
{
	struct qmp_client *c;

	if (!qmp)
		return;
	endpoint_close(qmp->ep);
	loop_cancel(qmp->loop, free_gone, qmp);
	while ((c = qmp->clients)) {
		qmp->clients = c->next;
		free_client(c);
	}
	free(qmp);
}
