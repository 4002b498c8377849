// SPDX-License-Identifier: GPL-3.0-or-later
/* The loop: order of posts, removal of sources, descriptors that epoll refuses, quitting. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "hv/loop.h"

static struct loop *loop;

static void setup(void)
{
	cr_assert_eq(loop_create(&loop), 0);
}

static void teardown(void)
{
	loop_destroy(loop);
}

TestSuite(loop, .init = setup, .fini = teardown, .timeout = 120);

static void quit_with(void *opaque)
{
	loop_quit(loop, (int)(intptr_t)opaque);
}

Test(loop, quit_gives_the_first_code)
{
	loop_quit(loop, 7);
	loop_quit(loop, 8);
	cr_assert_eq(loop_run(loop), 7);
	/* And the wish is used up. */
	loop_post(loop, quit_with, (void *)3);
	cr_assert_eq(loop_run(loop), 3);
}

static char order[16];

static void note(void *opaque)
{
	strncat(order, opaque, sizeof(order) - strlen(order) - 1);
}

static void post_more(void *opaque)
{
	note("b");
	loop_post(loop, note, opaque);
	loop_post(loop, quit_with, NULL);
}

Test(loop, posts_run_in_order)
{
	loop_post(loop, note, "a");
	loop_post(loop, post_more, "d");
	loop_post(loop, note, "c");
	loop_run(loop);
	cr_assert_str_eq(order, "abcd");
}

Test(loop, cancelled_post_does_not_run)
{
	loop_post(loop, note, "a");
	loop_post(loop, note, order);
	loop_cancel(loop, note, order);
	loop_post(loop, note, "b");
	loop_post(loop, quit_with, NULL);
	loop_run(loop);
	cr_assert_str_eq(order, "ab");
}

Test(loop, cancel_of_the_last_post_keeps_the_list_whole)
{
	loop_post(loop, note, order);
	loop_cancel(loop, note, order);
	loop_post(loop, note, "x");
	loop_post(loop, quit_with, NULL);
	loop_run(loop);
	cr_assert_str_eq(order, "x");
}

#define POSTERS 4
#define POSTS	5000
static unsigned counted;

static void count_one(void *opaque)
{
	(void)opaque;
	cr_expect(loop_on_thread(loop));
	if (++counted == POSTERS * POSTS)
		loop_quit(loop, 0);
}

static void *poster(void *opaque)
{
	int i;

	(void)opaque;
	for (i = 0; i < POSTS; i++)
		loop_post(loop, count_one, NULL);
	return NULL;
}

Test(loop, posts_from_many_threads_all_arrive)
{
	pthread_t t[POSTERS];
	int i;

	for (i = 0; i < POSTERS; i++)
		pthread_create(&t[i], NULL, poster, NULL);
	loop_run(loop);
	for (i = 0; i < POSTERS; i++)
		pthread_join(t[i], NULL);
	cr_assert_eq(counted, POSTERS * POSTS);
}

static void *other_thread(void *on_thread)
{
	*(bool *)on_thread = loop_on_thread(loop);
	return NULL;
}

static void ask_other_thread(void *on_thread)
{
	pthread_t t;

	pthread_create(&t, NULL, other_thread, on_thread);
	pthread_join(t, NULL);
	loop_quit(loop, 0);
}

Test(loop, knows_its_thread)
{
	bool on_thread = true;

	cr_assert(loop_on_thread(loop));
	loop_post(loop, ask_other_thread, &on_thread);
	loop_run(loop);
	cr_assert_not(on_thread);
	cr_assert(loop_on_thread(loop));
}

/* Two sources are ready in one batch; the first that is called removes the other and itself. */
static struct loop_source *pair[2];
static unsigned calls;

static void remove_both(void *opaque, uint32_t events)
{
	(void)opaque;
	(void)events;
	calls++;
	loop_remove(pair[0]);
	loop_remove(pair[1]);
	loop_post(loop, quit_with, NULL);
}

Test(loop, removed_source_is_not_called_from_the_batch)
{
	int a[2], b[2];

	cr_assert_eq(pipe(a) | pipe(b), 0);
	loop_add_fd(loop, a[0], EPOLLIN, remove_both, NULL, &pair[0]);
	loop_add_fd(loop, b[0], EPOLLIN, remove_both, NULL, &pair[1]);
	cr_assert_eq(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
	loop_run(loop);
	cr_assert_eq(calls, 1);
}

static void silence_both(void *opaque, uint32_t events)
{
	(void)opaque;
	(void)events;
	calls++;
	loop_set_events(pair[0], 0);
	loop_set_events(pair[1], 0);
	loop_post(loop, quit_with, NULL);
}

Test(loop, silenced_source_is_not_called_from_the_batch)
{
	int a[2], b[2];

	cr_assert_eq(pipe(a) | pipe(b), 0);
	loop_add_fd(loop, a[0], EPOLLIN, silence_both, NULL, &pair[0]);
	loop_add_fd(loop, b[0], EPOLLIN, silence_both, NULL, &pair[1]);
	cr_assert_eq(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
	loop_run(loop);
	cr_assert_eq(calls, 1);
}

static void on_hangup(void *opaque, uint32_t events)
{
	(void)opaque;
	(void)events;
	calls++;
	loop_quit(loop, 0);
}

Test(loop, no_events_means_no_call_for_a_hangup)
{
	struct loop_source *src;
	int p[2];

	cr_assert_eq(pipe(p), 0);
	cr_assert_eq(loop_add_fd(loop, p[0], 0, on_hangup, NULL, &src), 0);
	close(p[1]);
	loop_post(loop, quit_with, NULL);
	loop_run(loop);
	cr_assert_eq(calls, 0);
	/* What happened meanwhile is told as soon as somebody cares. */
	loop_set_events(src, EPOLLIN);
	loop_run(loop);
	cr_assert_eq(calls, 1);
}

static void read_file(void *opaque, uint32_t events)
{
	struct loop_source **src = opaque;

	cr_expect_eq(events, EPOLLIN);
	if (++calls < 3)
		return;
	loop_set_events(*src, 0);
	loop_post(loop, quit_with, NULL);
}

Test(loop, plain_file_is_always_ready)
{
	struct loop_source *src;
	int fd = open("/dev/null", O_RDONLY);

	cr_assert_eq(loop_add_fd(loop, fd, EPOLLIN, read_file, &src, &src), 0);
	loop_run(loop);
	cr_assert_eq(calls, 3);
	loop_remove(src);
	close(fd);
}

Test(loop, bad_descriptor_is_an_error)
{
	cr_assert_eq(loop_add_fd(loop, -1, EPOLLIN, on_hangup, NULL, NULL), -EBADF);
}
