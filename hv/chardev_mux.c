// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * One terminal for several users: see chardev_mux in chardev.h.
 *
 * The mux always listens, even when the user in focus has no room: a person at
 * a stopped guest must get through with Ctrl-A c. What was typed meanwhile
 * waits in the user's buffer; only a paste that fills that holds input back.
 *
 * All users' output is shown as it comes, unless the one in focus edits a line: then it gets the
 * others' (`aside`) and shows it above that line.
 */
#include "hv/chardev_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/strbuf.h"

#define ESCAPE	   0x01 /* Ctrl-A */
#define TYPE_AHEAD 65536u

struct mux_user {
	struct chardev base;
	pthread_mutex_t lock; /* guards the next three; only the loop thread writes the first two */
	struct chardev_mux *mux; /* NULL when that is gone */
	bool cut;		 /* the terminal is gone */
	bool posted;

	/* Loop thread only. */
	bool closing;
	bool told; /* that it has the focus */
	unsigned depth;
	uint8_t *buf; /* a ring of TYPE_AHEAD bytes */
	size_t head, len;
	struct mux_user *next;
};

struct chardev_mux {
	struct loop *loop;
	struct chardev *cd; /* NULL once its peer is gone */
	void (*quit)(void *opaque);
	void *opaque;
	bool escaped;		/* the last byte was the escape key */
	struct mux_user *users; /* in the order they were added */
	struct mux_user *focus;
	struct aside aside;
	bool ended;	/* destroyed from inside a callback: freed when that returns */
	unsigned depth; /* of callbacks under way */
};

static void say(struct chardev_mux *mux, const char *text)
{
	chardev_write(mux->cd, text, strlen(text));
}

static void user_free(struct mux_user *u)
{
	pthread_mutex_destroy(&u->lock);
	free(u->buf);
	free(u);
}

static void deliver(void *opaque);

/* ---- what others write while one edits a line ---- */

static void mux_drained(void *opaque);
static void mux_leave(struct chardev_mux *mux);

static void write_rest(struct chardev_mux *mux)
{
	struct strbuf text = STRBUF_INIT;

	aside_take(&mux->aside, true, &text);
	if (mux->cd && text.len)
		chardev_write(mux->cd, text.data, text.len);
	strbuf_free(&text);
}

/* @u has the keyboard, or loses it. */
static void aside_focus(struct mux_user *u, bool has_it)
{
	if (!u->mux || (!has_it && u->mux->aside.owner != u))
		return;
	aside_set_owner(&u->mux->aside, has_it && u->base.handler->aside ? u : NULL);
	if (!has_it)
		write_rest(u->mux);
}

static void show_aside(void *opaque)
{
	struct chardev_mux *mux = opaque;
	struct strbuf text = STRBUF_INIT;
	struct mux_user *u = mux->focus;

	mux->depth++;
	aside_take(&mux->aside, false, &text);
	if (text.len && u && u->base.handler && u->base.handler->aside)
		u->base.handler->aside(u->base.opaque, (const uint8_t *)text.data, text.len);
	else if (text.len && mux->cd)
		chardev_write(mux->cd, text.data, text.len);
	strbuf_free(&text);
	/* Who waited for room has some: chardev_queued() counted this text. */
	if (!mux->ended && mux->cd && !chardev_queued(mux->cd))
		mux_drained(mux);
	mux_leave(mux);
}

static void tell_focus(struct mux_user *u, bool has_it)
{
	if (!u || !u->base.handler || u->told == has_it)
		return;
	u->told = has_it;
	aside_focus(u, has_it);
	if (u->base.handler->focus)
		u->base.handler->focus(u->base.opaque, has_it);
}

/* Gives the user as much of its buffer as it takes; false when it was freed. */
static bool hand_over(struct mux_user *u)
{
	const struct chardev_handler *h;
	size_t n, room;

	u->depth++;
	/* It had the focus before it had a handler. */
	if (u->mux && u->mux->focus == u)
		tell_focus(u, true);
	while (u->len && !u->closing && (h = u->base.handler)) {
		room = h->room ? h->room(u->base.opaque) : u->len;
		n = u->len < TYPE_AHEAD - u->head ? u->len : TYPE_AHEAD - u->head;
		if (n > room)
			n = room;
		if (!n || u->closing)
			break;
		if (h->input)
			h->input(u->base.opaque, u->buf + u->head, n);
		u->head = (u->head + n) % TYPE_AHEAD;
		u->len -= n;
	}
	u->depth--;
	if (u->closing && !u->depth) {
		user_free(u);
		return false;
	}
	return true;
}

/* Posted when a user may have room again. */
static void deliver(void *opaque)
{
	struct mux_user *u = opaque;
	bool was_full = u->len == TYPE_AHEAD;

	pthread_mutex_lock(&u->lock);
	u->posted = false;
	pthread_mutex_unlock(&u->lock);
	if (!hand_over(u))
		return;
	if (was_full && u->mux && u->mux->cd && u->len < TYPE_AHEAD)
		chardev_poll_input(u->mux->cd);
}

static int user_write(struct chardev *cd, const void *data, size_t len)
{
	struct mux_user *u = (struct mux_user *)cd;
	bool wake = false;
	int ret = -EPIPE;

	pthread_mutex_lock(&u->lock);
	if (u->mux && !u->cut)
		ret = aside_keep(&u->mux->aside, u, data, len, &wake)
			      ? 0
			      : chardev_write(u->mux->cd, data, len);
	/* Without memory for that the text waits for the next change of focus. */
	if (wake)
		loop_post(u->base.loop, show_aside, u->mux);
	pthread_mutex_unlock(&u->lock);
	return ret;
}

static size_t user_queued(struct chardev *cd)
{
	struct mux_user *u = (struct mux_user *)cd;
	size_t len = 0;

	pthread_mutex_lock(&u->lock);
	if (u->mux && !u->cut)
		len = chardev_queued(u->mux->cd) + aside_len(&u->mux->aside);
	pthread_mutex_unlock(&u->lock);
	return len;
}

static void user_poll_input(struct chardev *cd)
{
	struct mux_user *u = (struct mux_user *)cd;

	pthread_mutex_lock(&u->lock);
	if (!u->posted)
		u->posted = loop_post(u->base.loop, deliver, u) == 0;
	pthread_mutex_unlock(&u->lock);
}

/* @u may be NULL; @show: the person asked for it and is told who it is. */
static void set_focus(struct chardev_mux *mux, struct mux_user *u, bool show)
{
	struct mux_user *old = mux->focus;
	struct strbuf line = STRBUF_INIT;

	if (u == old)
		return;
	mux->focus = u;
	if (show) {
		strbuf_printf(&line, "\r\n[%s]\r\n", u->base.name);
		chardev_write(mux->cd, strbuf_str(&line), line.len);
		strbuf_free(&line);
	}
	/* Input may have been held back for want of room in the old one. */
	if (u)
		chardev_poll_input(mux->cd);
	tell_focus(old, false);
	if (mux->focus == u)
		tell_focus(u, true);
}

/* Takes the user out of its mux. Callers hold no lock. */
static void user_detach(struct mux_user *u)
{
	struct chardev_mux *mux = u->mux;
	struct mux_user **link;

	pthread_mutex_lock(&u->lock);
	u->mux = NULL;
	pthread_mutex_unlock(&u->lock);
	if (!mux)
		return;
	if (mux->aside.owner == u) {
		aside_set_owner(&mux->aside, NULL);
		write_rest(mux);
	}
	for (link = &mux->users; *link != u;)
		link = &(*link)->next;
	*link = u->next;
	if (mux->focus == u)
		set_focus(mux, mux->users, false);
}

static void user_close(struct chardev *cd)
{
	struct mux_user *u = (struct mux_user *)cd;

	if (u->closing)
		return;
	u->closing = true;
	u->base.handler = NULL;
	user_detach(u);
	loop_cancel(u->base.loop, deliver, u);
	if (!u->depth)
		user_free(u);
}

static bool user_is_tty(const struct chardev *cd)
{
	const struct mux_user *u = (const struct mux_user *)cd;

	return u->mux && u->mux->cd && chardev_is_tty(u->mux->cd);
}

static void user_winsize(const struct chardev *cd, unsigned *cols, unsigned *rows)
{
	const struct mux_user *u = (const struct mux_user *)cd;

	*cols = 80;
	*rows = 24;
	if (u->mux && u->mux->cd)
		chardev_winsize(u->mux->cd, cols, rows);
}

static const struct chardev_ops user_ops = {
	.write = user_write,
	.queued = user_queued,
	.poll_input = user_poll_input,
	.close = user_close,
	.is_tty = user_is_tty,
	.winsize = user_winsize,
};

static void put(struct mux_user *u, uint8_t byte)
{
	if (!u || u->len == TYPE_AHEAD)
		return;
	u->buf[(u->head + u->len) % TYPE_AHEAD] = byte;
	u->len++;
}

static void key_help(struct chardev_mux *mux)
{
	struct strbuf text = STRBUF_INIT;
	const struct mux_user *u;

	strbuf_puts(&text, "\r\nCtrl-A h  this help\r\nCtrl-A c  next:");
	for (u = mux->users; u; u = u->next)
		strbuf_printf(&text, " %s%s%s", u == mux->focus ? "[" : "", u->base.name,
			      u == mux->focus ? "]" : "");
	strbuf_puts(&text, "\r\nCtrl-A x  quit vitrine\r\nCtrl-A Ctrl-A  sends Ctrl-A\r\n");
	chardev_write(mux->cd, strbuf_str(&text), text.len);
	strbuf_free(&text);
}

static void key_next(struct chardev_mux *mux)
{
	if (mux->focus)
		set_focus(mux, mux->focus->next ? mux->focus->next : mux->users, true);
}

static void key_quit(struct chardev_mux *mux)
{
	say(mux, "\r\n");
	if (mux->quit)
		mux->quit(mux->opaque);
}

static void key_escape(struct chardev_mux *mux)
{
	put(mux->focus, ESCAPE);
}

static const struct {
	uint8_t key;
	void (*fn)(struct chardev_mux *mux);
} keys[] = {
	{ 'h', key_help }, { '?', key_help },	   { 'c', key_next },
	{ 'x', key_quit }, { ESCAPE, key_escape },
};

/* Another key after the escape does nothing. */
static void command(struct chardev_mux *mux, uint8_t key)
{
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (keys[i].key == key) {
			keys[i].fn(mux);
			return;
		}
	}
}

static size_t mux_room(void *opaque)
{
	struct chardev_mux *mux = opaque;

	return mux->focus ? TYPE_AHEAD - mux->focus->len : TYPE_AHEAD;
}

static void mux_free(struct chardev_mux *mux)
{
	loop_cancel(mux->loop, show_aside, mux);
	aside_free(&mux->aside);
	free(mux);
}

/* End of a callback. */
static void mux_leave(struct chardev_mux *mux)
{
	if (!--mux->depth && mux->ended)
		mux_free(mux);
}

static void mux_input(void *opaque, const uint8_t *data, size_t len)
{
	struct chardev_mux *mux = opaque;
	struct mux_user *u;
	size_t i;

	mux->depth++;
	for (i = 0; i < len && !mux->ended; i++) {
		if (mux->escaped) {
			mux->escaped = false;
			command(mux, data[i]);
		} else if (data[i] == ESCAPE) {
			mux->escaped = true;
		} else {
			put(mux->focus, data[i]);
		}
		/* What was typed goes out before an escape may move the focus. */
		u = mux->ended ? NULL : mux->focus;
		/* One that hand_over() freed has left the focus before: the analyzer does not see
		 * it. */
		if (u && u->len && /* NOLINT(clang-analyzer-unix.Malloc) */
		    (i + 1 == len || data[i + 1] == ESCAPE))
			hand_over(u);
	}
	mux_leave(mux);
}

static void mux_drained(void *opaque)
{
	struct chardev_mux *mux = opaque;
	struct mux_user *list[8];
	size_t n = 0, i;
	struct mux_user *u;

	/* Callbacks may close users: each is looked up again before its turn. */
	for (u = mux->users; u && n < sizeof(list) / sizeof(list[0]); u = u->next)
		list[n++] = u;
	mux->depth++;
	for (i = 0; i < n; i++) {
		for (u = mux->users; u && u != list[i];)
			u = u->next;
		if (u && u->base.handler && u->base.handler->drained)
			u->base.handler->drained(u->base.opaque);
	}
	mux_leave(mux);
}

/* The terminal is gone, and with it its users' peer. */
static void mux_closed(void *opaque)
{
	struct chardev_mux *mux = opaque;
	const struct chardev_handler *h;
	struct mux_user *u;

	mux->depth++;
	/* After this no thread writes to the terminal any more, which is freed when we return. */
	for (u = mux->users; u; u = u->next) {
		pthread_mutex_lock(&u->lock);
		u->cut = true;
		pthread_mutex_unlock(&u->lock);
	}
	mux->cd = NULL;
	mux->focus = NULL;
	aside_set_owner(&mux->aside, NULL);
	while ((u = mux->users)) {
		h = u->base.handler; /* NOLINT(clang-analyzer-unix.Malloc): detached, then freed */
		user_detach(u);
		if (!h)
			continue; /* nobody to tell: its owner will close it */
		u->closing = true;
		loop_cancel(u->base.loop, deliver, u);
		if (h->closed)
			h->closed(u->base.opaque);
		if (!u->depth)
			user_free(u);
	}
	mux_leave(mux);
}

static const struct chardev_handler mux_handler = {
	.room = mux_room,
	.input = mux_input,
	.drained = mux_drained,
	.closed = mux_closed,
};

int chardev_mux_create(struct chardev_mux **out, struct chardev *cd, void (*quit)(void *opaque),
		       void *opaque)
{
	struct chardev_mux *mux = calloc(1, sizeof(*mux));

	if (!mux || aside_init(&mux->aside)) {
		free(mux);
		chardev_close(cd);
		return -ENOMEM;
	}
	mux->loop = cd->loop;
	mux->cd = cd;
	mux->quit = quit;
	mux->opaque = opaque;
	chardev_set_handler(cd, &mux_handler, mux);
	*out = mux;
	return 0;
}

struct chardev *chardev_mux_add(struct chardev_mux *mux, const char *label)
{
	struct mux_user *u = calloc(1, sizeof(*u));
	struct mux_user **link = &mux->users;

	if (!u)
		return NULL;
	u->buf = malloc(TYPE_AHEAD);
	if (!u->buf || pthread_mutex_init(&u->lock, NULL)) {
		free(u->buf);
		free(u);
		return NULL;
	}
	u->base.ops = &user_ops;
	snprintf(u->base.name, sizeof(u->base.name), "%s", label);
	u->base.loop = mux->loop;
	u->cut = !mux->cd;
	u->mux = mux;
	while (*link)
		link = &(*link)->next;
	*link = u;
	if (!mux->focus)
		mux->focus = u;
	return &u->base;
}

void chardev_mux_destroy(struct chardev_mux *mux)
{
	struct mux_user *u;

	if (!mux)
		return;
	while ((u = mux->users)) {
		pthread_mutex_lock(&u->lock);
		u->mux = NULL;
		pthread_mutex_unlock(&u->lock);
		mux->users = u->next;
		if (!u->base.taken)
			chardev_close(&u->base);
	}
	write_rest(mux);
	chardev_close(mux->cd);
	mux->cd = NULL;
	mux->focus = NULL;
	mux->ended = true;
	if (!mux->depth)
		mux_free(mux);
}
