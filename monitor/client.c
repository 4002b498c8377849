// SPDX-License-Identifier: GPL-3.0-or-later
/* A person at the monitor of another process: see client.h. */
#include "monitor/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "hv/chardev.h"
#include "hv/loop.h"
#include "monitor/command.h"
#include "monitor/history.h"
#include "monitor/readline.h"
#include "monitor/remote.h"
#include "monitor/screen.h"
#include "monitor/style.h"

#define CTRL_C 3
/* How long a Tab waits for words. */
#define COMPLETE_MS 5000
/* Keys that wait while something else is on the screen. */
#define AHEAD_MAX 65536

struct client {
	struct readline_user user; /* first */
	struct remote_link *link;
	const char *name;
	struct loop *loop;
	struct loop_source *src;
	struct endpoint *stdio;
	struct chardev *cd;
	struct screen screen;
	struct strbuf ahead;
	char prompt[64];
	bool open;     /* a line can be typed, or what takes time be interrupted */
	bool paged;    /* long output is to be shown in pages */
	bool dropping; /* the rest of this command's output is not wanted */
	bool ended;    /* the machine has said that it ends */
	int status;
};

static void leave(struct client *c, int status)
{
	c->status = status;
	c->user.over = true;
	loop_quit(c->loop, status);
}

/* ---- the terminal ---- */

static void put(void *opaque, const char *text, size_t len)
{
	struct client *c = opaque;
	const char *nl;
	size_t n;

	for (; len && c->cd; text += n, len -= n) {
		nl = memchr(text, '\n', len);
		n = nl ? (size_t)(nl - text) : len;
		chardev_write(c->cd, text, n);
		if (nl) {
			chardev_write(c->cd, "\r\n", 2);
			n++;
		}
	}
}

static void on_write(struct readline_user *u, const char *text, size_t len)
{
	put(u, text, len);
}

static void on_size(struct readline_user *u, unsigned *cols, unsigned *rows)
{
	struct client *c = (struct client *)u;

	*cols = 80;
	*rows = 24;
	if (c->cd)
		chardev_winsize(c->cd, cols, rows);
}

static const char *on_prompt(struct readline_user *u)
{
	return ((struct client *)u)->prompt;
}

static void on_line(struct readline_user *u, const char *line)
{
	static const char refused[] = "error: this line is too long\n";
	struct client *c = (struct client *)u;

	if (strlen(line) > MON_LINE_MAX) {
		put(c, refused, sizeof(refused) - 1);
		readline_prompt();
		return;
	}
	if (line[strspn(line, " \t")])
		history_keep(line);
	c->open = c->dropping = false;
	screen_begin(&c->screen, c->paged);
	remote_link_send(c->link, line);
}

static void interrupt(struct client *c)
{
	char request[16];

	snprintf(request, sizeof(request), "%cinterrupt", REMOTE_MARK);
	remote_link_send(c->link, request);
}

static void on_interrupt(struct readline_user *u)
{
	interrupt((struct client *)u);
}

static void on_end(struct readline_user *u)
{
	leave((struct client *)u, 0);
}

static void show(void *opaque);

static void on_complete(struct readline_user *u, const char *line, size_t start, size_t end,
			void (*add)(void *opaque, const char *word), void *opaque)
{
	struct client *c = (struct client *)u;
	struct strbuf words = STRBUF_INIT;
	char request[MON_LINE_MAX + 1], *word, *rest = NULL;
	int n = snprintf(request, sizeof(request), "%ccomplete %zu %.*s", REMOTE_MARK, start,
			 (int)end, line);

	if (n < 0 || (size_t)n >= sizeof(request) || remote_link_send(c->link, request))
		return;
	if (remote_link_find(c->link, 'C', &words, COMPLETE_MS) && words.data)
		for (word = strtok_r(words.data, "\n", &rest); word;
		     word = strtok_r(NULL, "\n", &rest))
			add(opaque, word);
	strbuf_free(&words);
	/* What else has come meanwhile. */
	loop_post(c->loop, show, c);
}

static const struct readline_ops ops = {
	.write = on_write,
	.line = on_line,
	.interrupt = on_interrupt,
	.end = on_end,
	.complete = on_complete,
	.size = on_size,
	.prompt = on_prompt,
};

/* ---- messages ---- */

static void tell(struct client *c, const char *text, size_t len)
{
	if (c->open)
		readline_tell(text);
	else
		put(c, text, len);
}

static void on_output(struct client *c, const struct remote_message *msg)
{
	if (c->open)
		tell(c, msg->text, msg->len);
	else if (!c->dropping)
		screen_show(&c->screen, msg->text, msg->len);
}

static void on_event(struct client *c, const struct remote_message *msg)
{
	tell(c, msg->text, msg->len);
}

static void on_ready(struct client *c, const struct remote_message *msg)
{
	if (msg->len < 2)
		return;
	c->paged = msg->text[1] == 'p';
	c->dropping = false;
	snprintf(c->prompt, sizeof(c->prompt), "%s", msg->text + 2);
	c->open = true;
	readline_prompt();
}

static void on_exit_message(struct client *c, const struct remote_message *msg)
{
	c->ended = true;
	tell(c, msg->text, msg->len);
}

static void on_message(struct client *c, const struct remote_message *msg)
{
	static const struct {
		char kind;
		void (*fn)(struct client *c, const struct remote_message *msg);
	} kinds[] = {
		{ 'O', on_output },
		{ 'E', on_event },
		{ 'P', on_ready },
		{ 'X', on_exit_message },
	};
	char *text = strndup(msg->text, msg->len);

	/* A copy that ends; an answer to `complete` that came too late is nothing. */
	for (size_t i = 0; text && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == msg->kind)
			kinds[i].fn(c, &(struct remote_message){ msg->kind, text, msg->len });
	free(text);
}

static void type(struct client *c, const uint8_t *data, size_t len);

/* What was typed meanwhile. */
static void type_ahead(struct client *c)
{
	struct strbuf ahead = c->ahead;

	if (!ahead.len || !c->open)
		return;
	c->ahead = (struct strbuf)STRBUF_INIT;
	type(c, (const uint8_t *)strbuf_str(&ahead), ahead.len);
	strbuf_free(&ahead);
}

/* All that has come, as far as the screen takes it. */
static void show(void *opaque)
{
	struct client *c = opaque;
	struct remote_message msg;

	while (!c->user.over && !screen_busy(&c->screen)) {
		if (!remote_link_next(c->link, &msg))
			break;
		on_message(c, &msg);
		if (msg.kind == 'P')
			type_ahead(c);
	}
	if (c->user.over || screen_busy(&c->screen)) {
		loop_set_events(c->src, 0);
	} else if (!c->link->over) {
		loop_set_events(c->src, EPOLLIN);
	} else {
		if (!c->ended)
			tell(c, "the connection is lost\n", strlen("the connection is lost\n"));
		leave(c, c->ended ? 0 : 1);
	}
}

static void on_readable(void *opaque, uint32_t events)
{
	struct client *c = opaque;

	(void)events;
	remote_link_read(c->link);
	show(c);
}

static void on_screen_done(void *opaque)
{
	loop_post(((struct client *)opaque)->loop, show, opaque);
}

/* ---- keys ---- */

/* While a command runs: Ctrl-C says that its output is not wanted; the rest is typed ahead. */
static void key_meanwhile(struct client *c, uint8_t key)
{
	if (screen_busy(&c->screen)) {
		bool was_page = c->screen.asking;

		if (screen_key(&c->screen, key)) {
			if (!screen_busy(&c->screen) &&
			    (key == CTRL_C || (was_page && strchr("qQ", key))))
				c->dropping = true;
			else if (was_page && key == 'c')
				c->screen.paged = false;
			return;
		}
	} else if (key == CTRL_C && !c->dropping) {
		c->dropping = true;
		put(c, "^C\n", 3);
		return;
	}
	if (c->ahead.len < AHEAD_MAX)
		strbuf_add(&c->ahead, &key, 1);
}

static void type(struct client *c, const uint8_t *data, size_t len)
{
	size_t n;

	for (; len && !c->user.over; data += n, len -= n) {
		n = 1;
		if (c->open && !screen_busy(&c->screen))
			n = readline_input(data, len);
		else
			key_meanwhile(c, *data);
		if (!n)
			return;
	}
}

static void on_keys(void *opaque, const uint8_t *data, size_t len)
{
	type(opaque, data, len);
}

static void on_drained(void *opaque)
{
	screen_drained(&((struct client *)opaque)->screen);
}

static void on_no_keys(void *opaque)
{
	leave(opaque, 0);
}

static void on_closed(void *opaque)
{
	struct client *c = opaque;

	c->cd = c->screen.cd = NULL;
	leave(c, 1);
}

static const struct chardev_handler handler = {
	.input = on_keys,
	.drained = on_drained,
	.ended = on_no_keys,
	.closed = on_closed,
};

/* ---- life ---- */

static void on_stdio(void *opaque, struct chardev *cd)
{
	struct client *c = opaque;

	c->cd = cd;
}

static int open_terminal(struct client *c, struct error *err)
{
	int ret = endpoint_open(&c->stdio, c->loop, "stdio", on_stdio, c, err);

	if (ret)
		return ret;
	c->screen = (struct screen){
		.write = put, .done = on_screen_done, .opaque = c, .cd = c->cd, .tty = true
	};
	c->user = (struct readline_user){ .ops = &ops, .colour = style_wanted() };
	if (!readline_take(&c->user))
		return error_set(err, -ENOMEM, "cannot edit lines: out of memory");
	chardev_set_handler(c->cd, &handler, c);
	return 0;
}

static int run(struct client *c, struct error *err)
{
	struct strbuf greeting = STRBUF_INIT;
	int ret = loop_create(&c->loop);

	if (ret)
		return error_set(err, ret, "cannot make an event loop: %s", strerror(-ret));
	ret = loop_add_fd(c->loop, c->link->fd, EPOLLIN, on_readable, c, &c->src);
	if (ret)
		return error_set(err, ret, "cannot watch the connection: %s", strerror(-ret));
	ret = open_terminal(c, err);
	if (ret)
		return ret;
	strbuf_printf(&greeting, "the monitor of %s - `help` lists the commands, Ctrl-D leaves\n",
		      c->name);
	put(c, strbuf_str(&greeting), greeting.len);
	strbuf_free(&greeting);
	/* The first prompt may have come with the hello. */
	loop_post(c->loop, show, c);
	loop_run(c->loop);
	return 0;
}

int client_terminal(struct remote_link *link, const char *name)
{
	struct client c = { .link = link, .name = name };
	struct error err;
	int ret = run(&c, &err);

	readline_leave(&c.user);
	screen_free(&c.screen);
	strbuf_free(&c.ahead);
	if (c.cd)
		chardev_close(c.cd);
	if (c.stdio)
		endpoint_close(c.stdio);
	if (c.src)
		loop_remove(c.src);
	if (c.loop)
		loop_destroy(c.loop);
	remote_link_close(link);
	if (ret) {
		fprintf(stderr, "vitrine: %s\n", err.text);
		return 1;
	}
	return c.status;
}
