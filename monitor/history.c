// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The history of the consoles: ${XDG_STATE_HOME:-~/.local/state}/vitrine/history (XDG Base
 * Directory Specification), one line each, for the user alone.
 *
 * Lines are appended one by one, so several running vitrines do not overwrite each other's. A
 * file that cannot be read or written is no error: there is just no history.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

#include "monitor/command.h"
#include "monitor/history.h"

/* Lines that are kept. */
#define HISTORY_LINES 1000
/* The file is cut to HISTORY_LINES when it is longer than that at start. */
#define HISTORY_BYTES 262144

/* The path of the file; false: there is no place for it. */
static bool history_path(char *path, size_t size)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n;

	/* The specification: a relative path there is to be ignored. */
	if (base && base[0] == '/')
		n = snprintf(path, size, "%s/vitrine/history", base);
	else if (home && home[0] == '/')
		n = snprintf(path, size, "%s/.local/state/vitrine/history", home);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

/* The directories above @path, which is as it was when it returns. */
static void make_directories(char *path)
{
	for (char *p = path + 1; (p = strchr(p, '/')); p++) {
		int rc;

		*p = '\0';
		rc = mkdir(path, 0700);
		*p = '/';
		if (rc && errno != EEXIST)
			return;
	}
}

static int history_open(char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		    0600);
}

void history_load(void)
{
	char path[512];
	struct stat st;

	stifle_history(HISTORY_LINES);
	if (!history_path(path, sizeof(path)) || stat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (st.st_size > HISTORY_BYTES)
		history_truncate_file(path, HISTORY_LINES);
	read_history(path);
}

static void append_to_file(const char *line)
{
	char path[512], text[MON_LINE_MAX + 2];
	ssize_t n;
	int fd, len;

	if (!history_path(path, sizeof(path)))
		return;
	fd = history_open(path);
	if (fd < 0 && errno == ENOENT) {
		make_directories(path);
		fd = history_open(path);
	}
	if (fd < 0)
		return;
	len = snprintf(text, sizeof(text), "%s\n", line);
	n = len > 0 && (size_t)len < sizeof(text) ? write(fd, text, (size_t)len) : 0;
	(void)n; /* a full disk costs the history, nothing else */
	close(fd);
}

void history_keep(const char *line)
{
	HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;

	if (last && !strcmp(last->line, line))
		return;
	add_history(line);
	append_to_file(line);
}
