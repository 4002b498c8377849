// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Trace events: see trace.h.
 *
 * A line is formatted on the caller's stack and written with one write(), so
 * that lines of several threads never mix, and so that nothing is lost in a
 * buffer when the program dies.
 */
#include "hv/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hv/strbuf.h"

#define LINE_MAX_BYTES 1024

static const char *const topic_names[TRACE_TOPIC_COUNT] = {
	[TRACE_EXIT] = "exit",	   [TRACE_STOP] = "stop", [TRACE_PACKET] = "packet",
	[TRACE_DEVICE] = "device", [TRACE_WORK] = "work",
};

bool trace_on[TRACE_TOPIC_COUNT];

static atomic_int trace_fd = STDERR_FILENO;
static atomic_ullong trace_start; /* CLOCK_MONOTONIC ns of the first line */

const char *trace_topic_name(enum trace_topic topic)
{
	return (unsigned)topic < TRACE_TOPIC_COUNT ? topic_names[topic] : NULL;
}

static bool set_topic(bool on[TRACE_TOPIC_COUNT], const char *name, size_t len)
{
	bool all = len == 3 && !strncmp(name, "all", len);
	bool found = all;
	int i;

	for (i = 0; i < TRACE_TOPIC_COUNT; i++) {
		if (all || (strlen(topic_names[i]) == len && !strncmp(topic_names[i], name, len)))
			found = on[i] = true;
	}
	return found;
}

static int bad_topic(const char *name, size_t len, struct error *err)
{
	struct strbuf list = STRBUF_INIT;
	int ret, i;

	for (i = 0; i < TRACE_TOPIC_COUNT; i++)
		strbuf_printf(&list, "%s, ", topic_names[i]);
	ret = error_set(err, -EINVAL, "no trace topic is called '%.*s': there are %sand all",
			len > 64 ? 64 : (int)len, name, strbuf_str(&list));
	strbuf_free(&list);
	return ret;
}

int trace_enable(const char *topics, struct error *err)
{
	bool on[TRACE_TOPIC_COUNT];
	const char *p = topics;
	size_t len;

	memcpy(on, trace_on, sizeof(on));
	do {
		len = strcspn(p, ",");
		if (!set_topic(on, p, len))
			return bad_topic(p, len, err);
		p += len;
	} while (*p++ == ',');
	memcpy(trace_on, on, sizeof(on));
	return 0;
}

int trace_open(const char *path, struct error *err)
{
	int fd = STDERR_FILENO;

	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY,
			  0644);
		if (fd < 0)
			return error_set(err, -errno, "cannot write the trace to %s: %s", path,
					 strerror(errno));
	}
	trace_close();
	atomic_store(&trace_fd, fd);
	return 0;
}

void trace_close(void)
{
	int fd = atomic_exchange(&trace_fd, STDERR_FILENO);

	if (fd != STDERR_FILENO)
		close(fd);
}

/* Nanoseconds since the first line. */
static uint64_t trace_time(void)
{
	struct timespec ts;
	unsigned long long now, start = 0;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (unsigned long long)ts.tv_sec * 1000000000ull + (unsigned long long)ts.tv_nsec;
	if (atomic_compare_exchange_strong(&trace_start, &start, now))
		start = now;
	return now > start ? now - start : 0;
}

void trace_write(enum trace_topic topic, const char *fmt, ...)
{
	uint64_t t = trace_time();
	char line[LINE_MAX_BYTES];
	const char *name = trace_topic_name(topic);
	va_list ap;
	size_t len;
	ssize_t w;
	int n;

	if (!name)
		return;
	n = snprintf(line, sizeof(line), "%4llu.%06llu %-6s ",
		     (unsigned long long)(t / 1000000000u),
		     (unsigned long long)(t / 1000u % 1000000u), name);
	len = (size_t)n;
	va_start(ap, fmt);
	n = vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	len += (size_t)n;
	if (len > sizeof(line) - 2)
		len = sizeof(line) - 2;
	line[len++] = '\n';
	/* A trace that cannot be written is no reason to disturb the guest. */
	w = write(atomic_load(&trace_fd), line, len);
	(void)w;
}
