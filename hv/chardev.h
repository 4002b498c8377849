/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Character streams to the outside: what DEV means on the command line.
 *
 *   stdio | unix:PATH | tcp:HOST:PORT | /dev/… | file:PATH | pty | none
 *
 * An endpoint is a DEV that was opened. It yields chardevs: one at once for
 * stdio, a serial line, a file or a pty; one for each client that connects to
 * a UNIX or TCP socket. Who consumes the DEV says in its callback what to do
 * with each of them (a serial port keeps one and refuses a second; the monitor
 * takes any number).
 *
 * All of this is loop-thread only, except chardev_write(), chardev_queued() and
 * chardev_poll_input(). No callback runs inside those, nor with a lock of this
 * room held, so a device may call them under its own lock.
 */
#ifndef HV_CHARDEV_H
#define HV_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"
#include "hv/loop.h"

struct chardev;
struct endpoint;

struct chardev_handler {
	/*
	 * All of these: loop thread. How many bytes can be taken now; 0 holds input back until
	 * chardev_poll_input(). NULL: any number.
	 */
	size_t (*room)(void *opaque);
	/* @len is never more than room() said. */
	void (*input)(void *opaque, const uint8_t *data, size_t len);
	/* All that chardev_queued() counted has left. NULL: not of interest. */
	void (*drained)(void *opaque);
	/*
	 * Input has ended, and the stream has not (stdio): what is written still goes out, and
	 * closed() is not called for it. May close the chardev. NULL: not of interest.
	 */
	void (*ended)(void *opaque);
	/* The peer is gone; the chardev is freed after this call returns. */
	void (*closed)(void *opaque);
	/*
	 * This user of a mux gets the keyboard now, or loses it. The one that has it from the
	 * start is told soon after chardev_set_handler(). NULL: does not care.
	 */
	void (*focus)(void *opaque, bool has_it);
	/*
	 * What other users of a mux have written while this one has the keyboard, in whole lines:
	 * it shows that itself, around the line that is being typed. NULL: it is shown as it comes.
	 */
	void (*aside)(void *opaque, const uint8_t *data, size_t len);
};

/*
 * Opens @spec. @accept is called on the loop thread for every stream (for a DEV that is no
 * server before endpoint_open() returns, with *@out set); it takes ownership and must call
 * chardev_set_handler() or chardev_close(). A socket file is made with mode 0600, replaces
 * a stale one, is refused when somebody listens on it, and is removed by
 * endpoint_close(). TCP binds just the address given; an empty HOST is 127.0.0.1.
 * Errors: negative errno and a sentence.
 */
int endpoint_open(struct endpoint **out, struct loop *loop, const char *spec,
		  void (*accept)(void *opaque, struct chardev *cd), void *opaque,
		  struct error *err);
/* No more streams; those that were accepted live on. */
void endpoint_close(struct endpoint *ep);
/* What a person connects to: "unix:/run/…", "tcp:127.0.0.1:1234", "pty:/dev/pts/3". Lives as long
 * as @ep. */
const char *endpoint_name(const struct endpoint *ep);
/* True for DEV kinds to which clients connect. */
bool endpoint_is_server(const struct endpoint *ep);

/* Input begins to flow. @handler NULL holds it back. */
void chardev_set_handler(struct chardev *cd, const struct chardev_handler *handler, void *opaque);
/*
 * Queues all of @data and writes what can be written now. Any thread, never
 * blocks. A peer that does not read loses what exceeds the queue's bound (1 MiB);
 * -EPIPE when it is gone, or what writing to a file failed with.
 */
int chardev_write(struct chardev *cd, const void *data, size_t len);
/*
 * Bytes that chardev_write() took and the peer did not yet: who can make its source wait
 * looks here. Always 0 where nobody may be there to read (a pty): what is too much is lost.
 * Any thread.
 */
size_t chardev_queued(const struct chardev *cd);
/* Has the handler's room() asked again, soon. Any thread. */
void chardev_poll_input(struct chardev *cd);
/* Sends what is queued as far as it goes, then closes; no callback comes after it. */
void chardev_close(struct chardev *cd);
/* True when a person with a terminal is at the other end. */
bool chardev_is_tty(const struct chardev *cd);
/* Terminal size, 80x24 when unknown. */
void chardev_winsize(const struct chardev *cd, unsigned *cols, unsigned *rows);
/*
 * "HOST:PORT", "[V6]:PORT" or ":PORT" (this machine) to a host for getaddrinfo() and a port, which
 * points into @arg. -EINVAL with a sentence.
 */
int chardev_tcp_split(const char *arg, char *host, size_t host_size, const char **port,
		      struct error *err);
/* "client 3 of unix:…": for messages. */
const char *chardev_name(const struct chardev *cd);

/*
 * From now on descriptors that the peer sends (SCM_RIGHTS) are kept, a few of them; else they are
 * closed as they come. Nothing to do for a stream that is no UNIX socket. Loop thread.
 */
void chardev_accept_fds(struct chardev *cd);
/* The oldest of them, the caller's from then on; -1: there is none. Loop thread. */
int chardev_take_fd(struct chardev *cd);

/*
 * One terminal shared by several users: the escape key Ctrl-A followed by a
 * letter (h help, c next user, x quit, Ctrl-A itself). Each user gets a
 * chardev of its own; output of all is shown, input goes to the one in focus.
 */
struct chardev_mux;
/* Owns @cd from now on, also when it fails. @quit: the person typed Ctrl-A x. */
int chardev_mux_create(struct chardev_mux **out, struct chardev *cd, void (*quit)(void *opaque),
		       void *opaque);
/* A new user of the terminal; the first one added has the focus. @label is shown when the focus
 * moves to it. */
struct chardev *chardev_mux_add(struct chardev_mux *mux, const char *label);
/*
 * Users that are left stay valid until they are closed; what they write is lost (-EPIPE). Those
 * that never were given a handler have no owner: they are freed.
 */
void chardev_mux_destroy(struct chardev_mux *mux);

/*
 * Puts the terminal of stdin into raw mode (output processing left on) and
 * makes sure that it is restored on every way out: return, exit, fatal signal.
 * Called by endpoint_open("stdio"). Async-signal-safe: terminal_restore().
 */
int terminal_raw(void); /* -ENOTTY when stdin is no terminal */
void terminal_restore(void);

#endif
