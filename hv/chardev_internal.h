/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the chardev room share: a stream's operations, the
 * stream on descriptors that all but a mux user are, and the endpoint.
 */
#ifndef HV_CHARDEV_INTERNAL_H
#define HV_CHARDEV_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "hv/chardev.h"
#include "hv/socket_file.h"
#include "hv/strbuf.h"

struct chardev_ops {
	int (*write)(struct chardev *cd, const void *data, size_t len);
	size_t (*queued)(struct chardev *cd);
	void (*poll_input)(struct chardev *cd);
	void (*close)(struct chardev *cd);
	bool (*is_tty)(const struct chardev *cd);
	void (*winsize)(const struct chardev *cd, unsigned *cols, unsigned *rows);
	/* NULL: none can come. */
	void (*accept_fds)(struct chardev *cd);
	int (*take_fd)(struct chardev *cd);
};

/* Descriptors that came and were not taken yet (chardev_fds.c). */
#define CHARDEV_FDS_MAX 16
struct chardev_fds {
	int fd[CHARDEV_FDS_MAX];
	unsigned count;
};
/* recvmsg() that keeps the descriptors; those that do not fit are closed. */
ssize_t chardev_fds_recv(struct chardev_fds *fds, int sock, void *buf, size_t len);
int chardev_fds_take(struct chardev_fds *fds); /* -1: none */
void chardev_fds_close(struct chardev_fds *fds);

/*
 * Text of others for the user of a mux that edits a line (chardev_aside.c). Writers keep it here,
 * from any thread; the loop takes it out.
 */
struct aside {
	pthread_mutex_t lock; /* guards the rest; nothing is taken inside it */
	const void *owner;    /* the user that shows it; NULL: none does */
	struct strbuf text;
	bool posted; /* somebody will take it */
};
int aside_init(struct aside *a);
void aside_free(struct aside *a);
void aside_set_owner(struct aside *a, const void *owner);
/* False: @from writes by itself. @wake: somebody has to take it soon, which was not said before. */
bool aside_keep(struct aside *a, const void *from, const void *data, size_t len, bool *wake);
/* Whole lines, or @all. */
void aside_take(struct aside *a, bool all, struct strbuf *out);
size_t aside_len(struct aside *a);

struct chardev {
	const struct chardev_ops *ops;
	struct loop *loop;
	const struct chardev_handler *handler;
	bool taken; /* somebody set a handler once, and so will close it */
	void *opaque;
	char name[160];
};

enum stream_writes {
	STREAM_NONBLOCK, /* the descriptor is in non-blocking mode */
	STREAM_SEND,	 /* a socket: send() with flags */
	STREAM_DIRECT,	 /* a plain file: never waits for a peer */
	STREAM_ASK,	 /* shared with others in blocking mode: poll() before small writes */
};

/* How to make a stream of descriptors. They are the stream's from then on. */
struct stream_params {
	const char *name;
	int rfd; /* -1: no input */
	int wfd; /* may be the same */
	enum stream_writes writes;
	bool tty;
	bool lossy;   /* maybe nobody reads, so no writer should wait for it */
	bool lasting; /* end of input, or of output, is no end of the stream: stdio */
	/* Called when the stream is closed, before the descriptors are; may be NULL. */
	void (*released)(void *opaque, int fd);
	void *opaque;
};
/* On failure the descriptors stay the caller's. */
int stream_create(struct chardev **out, struct loop *loop, const struct stream_params *params);

struct endpoint_kind;
struct endpoint {
	struct loop *loop;
	const struct endpoint_kind *kind;
	char *name;
	void (*accept)(void *opaque, struct chardev *cd);
	void *opaque;

	/* Servers only (chardev_socket.c). */
	int fd, spare_fd;
	struct loop_source *src;
	unsigned clients; /* ever accepted */
	struct socket_file file;
};

struct endpoint_kind {
	const char *prefix;
	bool exact;  /* nothing follows the prefix */
	bool keep;   /* the prefix is a part of the argument: /dev/… */
	bool server; /* clients connect */
	/*
	 * Sets ep->name if it differs from the spec; a kind that is no server
	 * leaves its stream in *cd, or NULL.
	 */
	int (*open)(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
	void (*close)(struct endpoint *ep); /* NULL: nothing to do */
};

int chardev_stdio_open(struct endpoint *ep, const char *arg, struct chardev **cd,
		       struct error *err);
int chardev_file_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
int chardev_line_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
int chardev_pty_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
int chardev_unix_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
int chardev_tcp_open(struct endpoint *ep, const char *arg, struct chardev **cd, struct error *err);
void chardev_server_close(struct endpoint *ep);

#endif
