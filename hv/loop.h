/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop: one thread, epoll, for devices' host side, sockets and timers.
 *
 * The thread that calls loop_run() is the loop thread. gdb, the monitor and
 * every chardev live on it; vCPU threads reach it only with loop_post().
 */
#ifndef HV_LOOP_H
#define HV_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_source;

/* 0 or negative errno. The caller owns the loop. */
int loop_create(struct loop **out);
/* Sources that are left are freed, their descriptors are not closed. */
void loop_destroy(struct loop *loop);

/* Runs until loop_quit(); returns the code given to it. */
int loop_run(struct loop *loop);
/* Makes loop_run() return after the current callback; the first call's code counts. Any thread. */
void loop_quit(struct loop *loop, int code);
/* True on the thread that is inside loop_run(), or before loop_run() was called at all. */
bool loop_on_thread(const struct loop *loop);

/*
 * Calls @fn(@opaque) once on the loop thread, in the order posted. Any
 * thread, never blocks. 0 or -ENOMEM.
 */
int loop_post(struct loop *loop, void (*fn)(void *opaque), void *opaque);
/*
 * Forgets the posts of @fn with @opaque that did not run yet: who frees @opaque
 * calls it first. Loop thread. Posts that are left at loop_destroy() never run.
 */
void loop_cancel(struct loop *loop, void (*fn)(void *opaque), void *opaque);

/*
 * Watches @fd for @events (EPOLLIN …). Loop thread. A descriptor that epoll
 * refuses (a plain file: EPERM) is treated as always ready. With @events 0 no
 * call comes, not even for a hang-up. Remove the source before closing @fd.
 */
int loop_add_fd(struct loop *loop, int fd, uint32_t events,
		void (*fn)(void *opaque, uint32_t events), void *opaque, struct loop_source **out);
void loop_set_events(struct loop_source *src, uint32_t events);
/* Safe inside any callback, the source's own included: no call comes after it. */
void loop_remove(struct loop_source *src);

#endif
