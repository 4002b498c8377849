/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the 9P server know of each other. */
#ifndef DEVICES_9P_INTERNAL_H
#define DEVICES_9P_INTERNAL_H

#include <sys/stat.h>

#include "devices/9p/server.h"
#include "devices/9p/wire.h"

#define P9_FIDS_MAX  65536u
#define P9_FILES_MAX 256u	 /* open at a time: descriptors are the whole program's */
#define P9_PATHS_MAX (32u << 20) /* bytes of all fids' paths */
#define P9_BUCKETS   1024u
#define P9_NO_FID    UINT32_MAX

/* A file that the client has a number for. */
struct p9_fid {
	uint32_t number;
	int fd;	    /* -1: not open */
	char *path; /* below the directory, without a slash at its ends; "" is the directory */
	struct p9_fid *next;
};

struct p9 {
	const char *name;
	int root; /* O_PATH */
	dev_t root_dev;
	bool readonly;
	uint32_t message_max; /* what was agreed */
	struct p9_fid *fids[P9_BUCKETS];
	size_t path_bytes;
	struct p9_counts counts; /* atomic */
};

/* ---- fids.c ---- */

/* -EBADF when there is none. */
int p9_fid_find(struct p9 *s, uint32_t number, struct p9_fid **fid);
/* The next one of a request. */
int p9_fid_take(struct p9 *s, struct p9_in *in, struct p9_fid **fid);
/* -EBADF when the number is in use or P9_NO_FID, -ENFILE, -ENOMEM. */
int p9_fid_new(struct p9 *s, uint32_t number, const char *path, struct p9_fid **fid);
int p9_fid_set_path(struct p9 *s, struct p9_fid *fid, const char *path);
/* Takes @fd over; -EMFILE when too many are open, and then it is closed. */
int p9_fid_opened(struct p9 *s, struct p9_fid *fid, int fd);
void p9_fid_drop(struct p9 *s, struct p9_fid *fid);
/* What is at @from, and below it, is now at @to: fids go with it. */
void p9_fids_renamed(struct p9 *s, const char *from, const char *to);

/* ---- path.c ---- */

/* "DIR/NAME" in a buffer of PATH_MAX; -ENAMETOOLONG. */
int p9_join(char *to, const char *dir, const char *name);
/* A descriptor for @path, without following a link; @flags as for openat2(). */
int p9_open(const struct p9 *s, const char *path, int flags);
/*
 * The directory that @path is in, as an O_PATH descriptor to be closed; @name is the rest of @path.
 * The shared directory itself has no parent here: it is "." in itself.
 */
int p9_open_parent(const struct p9 *s, const char *path, const char **name);
/* A regular file or a directory, to read or write: others are -EPERM, and not opened. */
int p9_open_file(const struct p9 *s, const char *path, int flags);
/* The open file, or an O_PATH descriptor of it, so that an unlinked one can still be looked at. */
int p9_borrow(const struct p9 *s, const struct p9_fid *fid);
void p9_give_back(const struct p9_fid *fid, int fd);
int p9_stat(const struct p9 *s, const char *path, struct stat *st);
void p9_put_qid(const struct p9 *s, struct p9_out *out, const struct stat *st);

/* ---- handlers: 0 or a negative errno, which is the reply ---- */

typedef int p9_handler(struct p9 *s, struct p9_in *in, struct p9_out *out);

/* session.c */
p9_handler p9_version, p9_attach, p9_walk, p9_clunk, p9_flush;
/* files.c */
p9_handler p9_lopen, p9_lcreate, p9_read, p9_write, p9_fsync, p9_lock, p9_getlock;
/* directory.c */
p9_handler p9_readdir;
/* attributes.c */
p9_handler p9_getattr, p9_setattr, p9_statfs;
/* names.c */
p9_handler p9_mkdir, p9_mknod, p9_symlink, p9_readlink, p9_link, p9_rename, p9_renameat,
	p9_unlinkat, p9_remove;

/* What is allowed to be in a mode that the client gives: no set-user-id, no set-group-id. */
#define P9_MODE_BITS 01777u

void p9_count(uint64_t *counter, uint64_t by);

#endif
