// SPDX-License-Identifier: GPL-3.0-or-later
/* Lines that a session runs by itself: see script.h. */
#include "monitor/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/breakpoint.h"
#include "monitor/session.h"

struct mon_script {
	struct mon_script *outer;
	unsigned line; /* that was read last */
	char *name;
	char *next; /* in text */
	char text[];
};

int mon_script_push(struct mon_session *s, const char *name, const char *text, struct error *err)
{
	size_t len = strlen(text);
	struct mon_script *script;
	unsigned depth = 0;

	for (script = s->script; script; script = script->outer)
		depth++;
	if (depth >= MON_SCRIPT_DEPTH)
		return error_set(err, -ELOOP, "scripts are nested too deeply");
	script = malloc(sizeof(*script) + len + 1);
	if (!script)
		return error_set(err, -ENOMEM, "out of memory");
	script->name = strdup(name);
	if (!script->name) {
		free(script);
		return error_set(err, -ENOMEM, "out of memory");
	}
	memcpy(script->text, text, len + 1);
	script->next = script->text;
	script->line = 0;
	script->outer = s->script;
	s->script = script;
	return 0;
}

static int read_file(const char *path, struct strbuf *out, struct error *err)
{
	FILE *f = fopen(path, "re");
	char buf[4096];
	size_t n;
	int rc = 0;

	if (!f)
		return error_set(err, -errno, "cannot open %s: %s", path, strerror(errno));
	while (!rc && (n = fread(buf, 1, sizeof(buf), f)) > 0) {
		if (memchr(buf, 0, n))
			rc = error_set(err, -EINVAL, "%s is not text", path);
		strbuf_add(out, buf, n);
		if (out->len > MON_SCRIPT_MAX)
			rc = error_set(err, -EFBIG, "%s is longer than %d bytes", path,
				       MON_SCRIPT_MAX);
	}
	if (!rc && ferror(f))
		rc = error_set(err, -EIO, "cannot read %s: %s", path, strerror(errno));
	if (!rc && out->failed)
		rc = error_set(err, -ENOMEM, "out of memory");
	fclose(f);
	return rc;
}

int mon_script_open(struct mon_session *s, const char *path, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	int rc = read_file(path, &text, err);

	if (!rc)
		rc = mon_script_push(s, path, strbuf_str(&text), err);
	strbuf_free(&text);
	return rc;
}

bool mon_script_pending(const struct mon_session *s)
{
	return s->script != NULL;
}

static void pop(struct mon_session *s)
{
	struct mon_script *script = s->script;

	s->script = script->outer;
	free(script->name);
	free(script);
}

void mon_script_drop(struct mon_session *s)
{
	while (s->script)
		pop(s);
}

void mon_script_fail(struct mon_session *s, const char *why)
{
	struct strbuf sb = STRBUF_INIT;

	if (!s->script)
		return;
	s->line_failed = true;
	strbuf_printf(&sb, "%s:%u: %s", s->script->name, s->script->line, why);
	mon_script_drop(s);
	if (s->collecting_script)
		mon_collect_drop(s);
	if (s->script_err) {
		error_set(s->script_err, -EINVAL, "%s", strbuf_str(&sb));
	} else if (s->failed) {
		s->failed(s, strbuf_str(&sb));
	} else {
		strbuf_puts(&sb, "\n");
		mon_session_tell(s, strbuf_str(&sb));
	}
	strbuf_free(&sb);
}

/* The next line that is one; NULL: this was the last, the script is gone. */
static char *next_line(struct mon_session *s)
{
	struct mon_script *script = s->script;
	char *line = script->next, *end;

	for (;; line = end) {
		if (!*line) {
			pop(s);
			return NULL;
		}
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		script->line++;
		line += strspn(line, " \t\r");
		if (*line && *line != '#')
			break;
	}
	script->next = end;
	return line;
}

/* What it says is told before why it failed. */
static void run_line(struct mon_session *s, const char *line)
{
	struct strbuf out = STRBUF_INIT;
	struct error err = { "" };
	int rc = mon_execute(s, line, &out, &err);

	if (out.len)
		mon_session_tell(s, strbuf_str(&out));
	strbuf_free(&out);
	if (rc)
		mon_script_fail(s, err.text);
}

/* Lines that a person types for a breakpoint are not to be mixed with those of a script. */
static bool may_run(const struct mon_session *s)
{
	return s->script && s->progress.doing == MON_IDLE &&
	       (!s->collecting || s->collecting_script);
}

int mon_script_run(struct mon_session *s, struct error *err)
{
	struct error failed = { "" };
	char *line;

	/* A line can bring another script: it lands on top of this one, and is run here. */
	if (s->in_script)
		return 0;
	s->in_script = true;
	s->script_err = err ? &failed : NULL;
	while (may_run(s)) {
		line = next_line(s);
		if (line)
			run_line(s, line);
		else if (!s->script && s->collecting_script)
			mon_collect_drop(s);
	}
	s->script_err = NULL;
	s->in_script = false;
	return failed.text[0] ? error_set(err, -EINVAL, "%s", failed.text) : 0;
}

/* ---- `commands N` … `end` ---- */

void mon_collect_begin(struct mon_session *s, int id)
{
	s->collecting = id;
	s->collecting_script = s->in_script;
	strbuf_clear(&s->collected);
}

bool mon_collecting(const struct mon_session *s)
{
	return s->collecting != 0;
}

void mon_collect_drop(struct mon_session *s)
{
	s->collecting = 0;
	s->collecting_script = false;
	strbuf_free(&s->collected);
	if (mon_script_pending(s))
		monitor_wake(s->mon);
}

int mon_collect(struct mon_session *s, const char *line, struct error *err)
{
	struct mon_bp *bp = mon_bp_find(s->mon, s->collecting);
	size_t len;
	int rc = 0;

	line += strspn(line, " \t");
	len = strcspn(line, "\r\n");
	while (len && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		len--;
	if (len != 3 || memcmp(line, "end", 3) != 0) {
		strbuf_add(&s->collected, line, len);
		strbuf_puts(&s->collected, "\n");
		if (s->collected.len <= MON_SCRIPT_MAX)
			return 0;
		rc = error_set(err, -EFBIG, "these are too many commands");
	} else if (!bp) {
		rc = error_set(err, -ENOENT, "breakpoint %d is gone", s->collecting);
	} else {
		rc = mon_bp_set_commands(bp, s->collected.len ? strbuf_str(&s->collected) : NULL);
		if (rc || s->collected.failed)
			rc = error_set(err, -ENOMEM, "out of memory");
	}
	mon_collect_drop(s);
	return rc;
}
