/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the machine interface share: see qmp.h. */
#ifndef MONITOR_QMP_INTERNAL_H
#define MONITOR_QMP_INTERNAL_H

#include <json-c/json.h>

#include "hv/chardev.h"
#include "monitor/qmp.h"
#include "monitor/session.h"

/* A request that is longer, or nested deeper, is refused. */
#define QMP_REQUEST_MAX (256u << 10)
#define QMP_DEPTH_MAX	64
/* A reply that is longer is replaced by an error: the chardev would cut it. */
#define QMP_REPLY_MAX (512u << 10)
#define QMP_ARGS_MAX  4

struct qmp_client {
	struct control_client control; /* first: events come with its address */
	struct mon_session session;    /* for human-monitor-command */
	struct qmp *qmp;
	struct qmp_client *next;
	struct chardev *cd; /* NULL when the peer is gone */
	struct json_tokener *tokener;
	size_t pending;	    /* bytes of the request that is not complete */
	bool skipping;	    /* … nor will be: up to the end of the line */
	bool negotiated;    /* qmp_capabilities came */
	bool knows_running; /* what it was told last: RESUME, not STOP */
	bool closing;	    /* freed from the loop, not inside a callback */
	unsigned lost;	    /* events that the peer did not read in time */
	struct qmp_fd *fds; /* that it gave a name with getfd */
	char name[32];
};

/* A command that is being executed. */
struct qmp_call {
	struct qmp_client *client;
	struct machine *m;
	struct json_object *arg[QMP_ARGS_MAX]; /* in the order of the schema; NULL: not given */
	struct json_object *result;	       /* the handler's; NULL: {} */
	const char *error_class;	       /* NULL: no error; set with qmp_fail() */
	struct error err;
};

struct qmp_arg {
	const char *name;
	enum json_type type;
	bool optional;
	const char *help;
};

struct qmp_command {
	const char *name;
	const char *help;
	void (*run)(struct qmp_call *call);
	struct qmp_arg args[QMP_ARGS_MAX + 1]; /* ends with a row whose name is NULL */
};

/* All rows, NULL past the last (qmp_commands.c). */
const struct qmp_command *qmp_command_at(size_t n);
const struct qmp_command *qmp_command_find(const char *name);
/* Checks @arguments against the row and runs it: result or error are in @call. */
void qmp_command_execute(const struct qmp_command *cmd, struct json_object *arguments,
			 struct qmp_call *call);

/* Ends a command with an error of class GenericError, or of @class. */
void qmp_fail(struct qmp_call *call, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void qmp_fail_class(struct qmp_call *call, const char *class, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The handlers that have a file of their own. */
void qmp_run_getfd(struct qmp_call *call);
void qmp_run_closefd(struct qmp_call *call);
void qmp_run_human(struct qmp_call *call);
void qmp_run_vitrine(struct qmp_call *call);
void qmp_run_vitrine_schema(struct qmp_call *call);
/* Answers @line as QEMU does, where programs depend on it; false: nothing was done (qmp_shapes.c).
 */
bool qmp_shape(struct mon_session *s, const char *line, struct strbuf *out);
/* Closes the descriptors that the client gave. */
void qmp_fds_close(struct qmp_client *c);

/* Sends @object and puts it; an event may be lost when the peer does not read, a reply is not. */
void qmp_send(struct qmp_client *c, struct json_object *object);
bool qmp_send_event(struct qmp_client *c, struct json_object *object);
/* The client's control_client.event (qmp_events.c). */
void qmp_on_event(struct control_client *client, const struct control_event *ev);
/* {"event": …, "data": …, "timestamp": …}; @data is put and may be NULL. */
struct json_object *qmp_event(const char *name, struct json_object *data);

/* ---- JSON (qmp_json.c). Out of memory shows as NULL, which adds as null. ---- */

/* Text as a JSON string: what is no UTF-8 becomes U+FFFD. */
struct json_object *qmp_text(const char *text, size_t len);
void qmp_add_text(struct json_object *object, const char *key, const char *text);
void qmp_add_int(struct json_object *object, const char *key, int64_t value);
void qmp_add_u64(struct json_object *object, const char *key, uint64_t value);
void qmp_add_bool(struct json_object *object, const char *key, bool value);
/* A stop, for programs: reason, vcpu, pc, and what else is known. */
struct json_object *qmp_stop(const struct stop *stop);
/* QMP's names of the run states: "running", "paused", "prelaunch", … */
const char *qmp_run_state(enum run_state state);

#endif
