// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The loop: see loop.h.
 *
 * One epoll set. An eventfd in it stands for "there is a post, or a wish to
 * quit". A removed source is only marked and taken out of the epoll set; its
 * memory goes when the batch of events that may still point at it is done.
 * Descriptors that epoll refuses (plain files, /dev/null) are kept in a list
 * and served on every turn while somebody wants their events.
 */
#include "hv/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define BATCH 32

struct loop_source {
	struct loop *loop;
	int fd;
	uint32_t events;
	bool always_ready; /* epoll refused it */
	bool dead;
	void (*fn)(void *opaque, uint32_t events);
	void *opaque;
	struct loop_source *next, **link;
};

struct loop_post {
	void (*fn)(void *opaque);
	void *opaque;
	struct loop_post *next;
};

struct loop {
	int epoll_fd;
	int event_fd;
	/* Written once by loop_run(), before `started` is set. */
	pthread_t thread;
	atomic_bool started;
	atomic_bool quit;
	atomic_int code;

	pthread_mutex_t lock; /* guards the posts */
	struct loop_post *posts, **posts_tail;

	/* Loop thread only. */
	unsigned dispatching;
	unsigned always_ready; /* sources of that kind with events wanted */
	struct loop_source *sources;
	struct loop_source *graveyard;
};

static void source_link(struct loop_source **list, struct loop_source *src)
{
	src->next = *list;
	src->link = list;
	if (src->next)
		src->next->link = &src->next;
	*list = src;
}

static void source_unlink(struct loop_source *src)
{
	*src->link = src->next;
	if (src->next)
		src->next->link = src->link;
}

int loop_create(struct loop **out)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	struct loop *loop = calloc(1, sizeof(*loop));
	int ret;

	if (!loop)
		return -ENOMEM;
	loop->posts_tail = &loop->posts;
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		ret = -errno;
		goto err_free;
	}
	loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->event_fd < 0) {
		ret = -errno;
		goto err_epoll;
	}
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->event_fd, &ev) < 0) {
		ret = -errno;
		goto err_event;
	}
	ret = -pthread_mutex_init(&loop->lock, NULL);
	if (ret)
		goto err_event;
	*out = loop;
	return 0;

err_event:
	close(loop->event_fd);
err_epoll:
	close(loop->epoll_fd);
err_free:
	free(loop);
	return ret;
}

static void bury(struct loop *loop)
{
	struct loop_source *src;

	while ((src = loop->graveyard)) {
		loop->graveyard = src->next;
		free(src);
	}
}

void loop_destroy(struct loop *loop)
{
	struct loop_source *src;
	struct loop_post *post;

	if (!loop)
		return;
	while ((src = loop->sources)) {
		/* The analyzer does not see that this moves the head of the list. */
		source_unlink(src); /* NOLINT(clang-analyzer-unix.Malloc) */
		free(src);
	}
	bury(loop);
	while ((post = loop->posts)) {
		loop->posts = post->next;
		free(post);
	}
	pthread_mutex_destroy(&loop->lock);
	close(loop->event_fd);
	close(loop->epoll_fd);
	free(loop);
}

/* An eventfd write fails only when the counter is full, and then it is readable anyway. */
static void wake(struct loop *loop)
{
	ssize_t n = write(loop->event_fd, &(uint64_t){ 1 }, sizeof(uint64_t));

	(void)n;
}

void loop_quit(struct loop *loop, int code)
{
	bool expected = false;

	/* The first wish counts: what ends the program sets its exit status. */
	if (!atomic_compare_exchange_strong(&loop->quit, &expected, true))
		return;
	atomic_store(&loop->code, code);
	wake(loop);
}

bool loop_on_thread(const struct loop *loop)
{
	return !atomic_load(&loop->started) || pthread_equal(loop->thread, pthread_self());
}

int loop_post(struct loop *loop, void (*fn)(void *opaque), void *opaque)
{
	struct loop_post *post = malloc(sizeof(*post));

	if (!post)
		return -ENOMEM;
	*post = (struct loop_post){ .fn = fn, .opaque = opaque };
	pthread_mutex_lock(&loop->lock);
	*loop->posts_tail = post;
	loop->posts_tail = &post->next;
	pthread_mutex_unlock(&loop->lock);
	/* Pairs with drain_event(), which empties the eventfd before it looks at the list. */
	wake(loop);
	return 0;
}

void loop_cancel(struct loop *loop, void (*fn)(void *opaque), void *opaque)
{
	struct loop_post **link, *post;

	pthread_mutex_lock(&loop->lock);
	for (link = &loop->posts; (post = *link);) {
		if (post->fn == fn && post->opaque == opaque) {
			*link = post->next;
			free(post);
		} else {
			link = &post->next;
		}
	}
	loop->posts_tail = link;
	pthread_mutex_unlock(&loop->lock);
}

/* Takes one post; counts the rest of those that were there at the start of this turn. */
static struct loop_post *take_post(struct loop *loop, size_t *left)
{
	struct loop_post *post = NULL;

	pthread_mutex_lock(&loop->lock);
	if (*left && loop->posts) {
		post = loop->posts;
		loop->posts = post->next;
		if (!loop->posts)
			loop->posts_tail = &loop->posts;
		--*left;
	}
	pthread_mutex_unlock(&loop->lock);
	return post;
}

static size_t count_posts(struct loop *loop)
{
	struct loop_post *post;
	size_t n = 0;

	pthread_mutex_lock(&loop->lock);
	for (post = loop->posts; post; post = post->next)
		n++;
	pthread_mutex_unlock(&loop->lock);
	return n;
}

/*
 * Runs the posts that are there now. Those that come meanwhile wait for the
 * next turn, so that two functions that post each other starve nobody.
 */
static void run_posts(struct loop *loop)
{
	size_t left = count_posts(loop);
	struct loop_post *post;

	while (!atomic_load(&loop->quit) && (post = take_post(loop, &left))) {
		void (*fn)(void *opaque) = post->fn;
		void *opaque = post->opaque;

		free(post);
		fn(opaque);
	}
}

static void drain_event(struct loop *loop)
{
	uint64_t n;
	ssize_t r = read(loop->event_fd, &n, sizeof(n));

	(void)r;
	run_posts(loop);
}

static void dispatch(struct loop_source *src, uint32_t events)
{
	/*
	 * An earlier callback of this batch may have removed the source or changed what it
	 * wants. epoll reports errors and hang-ups even when nothing was asked for, but a
	 * source that wants nothing hears nothing.
	 */
	if (src->dead || !src->events)
		return;
	events &= src->events | EPOLLERR | EPOLLHUP;
	if (events)
		src->fn(src->opaque, events);
}

static void serve_always_ready(struct loop *loop)
{
	struct loop_source *list[BATCH];
	struct loop_source *src;
	size_t n = 0, i;

	/* A copy: callbacks change the list. Dead ones stay valid until bury(). */
	for (src = loop->sources; src && n < BATCH; src = src->next) {
		if (src->always_ready && src->events)
			list[n++] = src;
	}
	for (i = 0; i < n && !atomic_load(&loop->quit); i++)
		dispatch(list[i], list[i]->events & (EPOLLIN | EPOLLOUT));
}

static int turn(struct loop *loop)
{
	struct epoll_event ev[BATCH];
	bool posts = false;
	int n, i;

	n = epoll_wait(loop->epoll_fd, ev, BATCH, loop->always_ready ? 0 : -1);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	loop->dispatching++;
	for (i = 0; i < n && !atomic_load(&loop->quit); i++) {
		if (ev[i].data.ptr)
			dispatch(ev[i].data.ptr, ev[i].events);
		else
			posts = true;
	}
	if (posts)
		drain_event(loop);
	if (loop->always_ready)
		serve_always_ready(loop);
	if (!--loop->dispatching)
		bury(loop);
	/* Posts left over by drain_event() wait in the list: ring the bell again for them. */
	if (posts && count_posts(loop))
		wake(loop);
	return 0;
}

int loop_run(struct loop *loop)
{
	int ret = 0;

	loop->thread = pthread_self();
	atomic_store(&loop->started, true);
	while (!atomic_load(&loop->quit) && !ret)
		ret = turn(loop);
	if (!ret)
		ret = atomic_load(&loop->code);
	atomic_store(&loop->quit, false);
	return ret;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events,
		void (*fn)(void *opaque, uint32_t events), void *opaque, struct loop_source **out)
{
	struct loop_source *src = calloc(1, sizeof(*src));
	struct epoll_event ev = { .events = events ? events : (uint32_t)EPOLLET, .data.ptr = src };

	if (!src)
		return -ENOMEM;
	*src = (struct loop_source){
		.loop = loop, .fd = fd, .events = events, .fn = fn, .opaque = opaque
	};
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int ret = -errno;

		if (ret != -EPERM) {
			free(src);
			return ret;
		}
		src->always_ready = true;
		loop->always_ready += events != 0;
	}
	source_link(&loop->sources, src);
	if (out)
		*out = src;
	return 0;
}

void loop_set_events(struct loop_source *src, uint32_t events)
{
	/*
	 * epoll reports EPOLLHUP and EPOLLERR whatever was asked for. Edge-triggered, they
	 * come once instead of making the loop spin on a source that wants nothing;
	 * the next EPOLL_CTL_MOD looks at the descriptor afresh.
	 */
	struct epoll_event ev = { .events = events ? events : (uint32_t)EPOLLET, .data.ptr = src };

	if (src->dead || src->events == events)
		return;
	if (src->always_ready)
		src->loop->always_ready += (events != 0) - (src->events != 0);
	else
		epoll_ctl(src->loop->epoll_fd, EPOLL_CTL_MOD, src->fd, &ev);
	src->events = events;
}

void loop_remove(struct loop_source *src)
{
	struct loop *loop;

	if (!src || src->dead)
		return;
	loop = src->loop;
	if (src->always_ready)
		loop->always_ready -= src->events != 0;
	else
		epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, src->fd, NULL);
	src->dead = true;
	source_unlink(src);
	if (!loop->dispatching) {
		free(src);
		return;
	}
	src->next = loop->graveyard;
	loop->graveyard = src;
}
