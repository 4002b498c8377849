// SPDX-License-Identifier: GPL-3.0-or-later
/* A server's life, and which handler does which message: see server.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/9p/internal.h"
#include "devices/9p/protocol.h"
#include "hv/trace.h"

static int refuse(struct p9 *s, struct p9_in *in, struct p9_out *out)
{
	(void)s;
	(void)in;
	(void)out;
	return -EOPNOTSUPP;
}

static const struct message {
	const char *name;
	p9_handler *handle;
	bool changes; /* the directory, always: refused when it is read-only */
} messages[] = {
	[P9_TSTATFS] = { "Tstatfs", p9_statfs, false },
	[P9_TLOPEN] = { "Tlopen", p9_lopen, false },
	[P9_TLCREATE] = { "Tlcreate", p9_lcreate, true },
	[P9_TSYMLINK] = { "Tsymlink", p9_symlink, true },
	[P9_TMKNOD] = { "Tmknod", p9_mknod, true },
	[P9_TRENAME] = { "Trename", p9_rename, true },
	[P9_TREADLINK] = { "Treadlink", p9_readlink, false },
	[P9_TGETATTR] = { "Tgetattr", p9_getattr, false },
	[P9_TSETATTR] = { "Tsetattr", p9_setattr, true },
	/* Extended attributes and authentication: Linux does without. */
	[P9_TXATTRWALK] = { "Txattrwalk", refuse, false },
	[P9_TXATTRCREATE] = { "Txattrcreate", refuse, false },
	[P9_TREADDIR] = { "Treaddir", p9_readdir, false },
	[P9_TFSYNC] = { "Tfsync", p9_fsync, false },
	[P9_TLOCK] = { "Tlock", p9_lock, false },
	[P9_TGETLOCK] = { "Tgetlock", p9_getlock, false },
	[P9_TLINK] = { "Tlink", p9_link, true },
	[P9_TMKDIR] = { "Tmkdir", p9_mkdir, true },
	[P9_TRENAMEAT] = { "Trenameat", p9_renameat, true },
	[P9_TUNLINKAT] = { "Tunlinkat", p9_unlinkat, true },
	[P9_TVERSION] = { "Tversion", p9_version, false },
	[P9_TAUTH] = { "Tauth", refuse, false },
	[P9_TATTACH] = { "Tattach", p9_attach, false },
	[P9_TFLUSH] = { "Tflush", p9_flush, false },
	[P9_TWALK] = { "Twalk", p9_walk, false },
	[P9_TREAD] = { "Tread", p9_read, false },
	[P9_TWRITE] = { "Twrite", p9_write, false },
	[P9_TCLUNK] = { "Tclunk", p9_clunk, false },
	/* It clunks the fid as well, whatever comes of it. */
	[P9_TREMOVE] = { "Tremove", p9_remove, false },
};

void p9_count(uint64_t *counter, uint64_t by)
{
	__atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

static const struct message *find(uint8_t type)
{
	bool known = type < sizeof(messages) / sizeof(messages[0]) && messages[type].handle;

	return known ? &messages[type] : NULL;
}

static int handle(struct p9 *s, const struct message *m, struct p9_in *in, struct p9_out *out)
{
	int ret;

	if (!m)
		return -EOPNOTSUPP;
	if (m->changes && s->readonly)
		return -EROFS;
	ret = m->handle(s, in, out);
	return !ret && out->full ? -EMSGSIZE : ret;
}

static void put_header(struct p9_out *out, size_t len, uint8_t type, uint16_t tag)
{
	struct p9_out header = { .p = out->p, .room = P9_HEADER };

	p9_put32(&header, (uint32_t)len);
	p9_put8(&header, type);
	p9_put16(&header, tag);
}

size_t p9_handle(struct p9 *s, const uint8_t *request, size_t len, uint8_t *reply, size_t room)
{
	struct p9_in in = { .p = request, .left = len };
	struct p9_out out = { .p = reply, .len = P9_HEADER, .room = room };
	uint32_t size = p9_take32(&in);
	uint8_t type = p9_take8(&in);
	uint16_t tag = p9_take16(&in);
	const struct message *m = find(type);
	int ret;

	if (room > s->message_max && type != P9_TVERSION)
		out.room = s->message_max;
	if (size < P9_HEADER || size > len || (size > s->message_max && type != P9_TVERSION)) {
		ret = -EBADMSG;
	} else {
		in.left = size - P9_HEADER;
		ret = handle(s, m, &in, &out);
	}
	p9_count(&s->counts.requests, 1);
	trace(TRACE_DEVICE, "%s: %s: %s", s->name, m ? m->name : "an unknown message",
	      ret ? strerror(-ret) : "done");
	if (ret) {
		p9_count(&s->counts.errors, 1);
		out.len = P9_HEADER;
		out.full = false;
		p9_put32(&out, (uint32_t)-ret);
	}
	put_header(&out, out.len, ret ? P9_RLERROR : (uint8_t)(type + 1), tag);
	return out.len;
}

void p9_reset(struct p9 *s)
{
	for (unsigned i = 0; i < P9_BUCKETS; i++)
		while (s->fids[i])
			p9_fid_drop(s, s->fids[i]);
}

void p9_get_counts(const struct p9 *s, struct p9_counts *counts)
{
	*counts = (struct p9_counts){
		.requests = __atomic_load_n(&s->counts.requests, __ATOMIC_RELAXED),
		.errors = __atomic_load_n(&s->counts.errors, __ATOMIC_RELAXED),
		.bytes_read = __atomic_load_n(&s->counts.bytes_read, __ATOMIC_RELAXED),
		.bytes_written = __atomic_load_n(&s->counts.bytes_written, __ATOMIC_RELAXED),
		.fids = __atomic_load_n(&s->counts.fids, __ATOMIC_RELAXED),
		.files = __atomic_load_n(&s->counts.files, __ATOMIC_RELAXED),
	};
}

static int open_root(struct p9 *s, const char *dir, struct error *err)
{
	struct stat st;
	int fd, ret;

	s->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->root < 0)
		return error_set(err, -errno, "%s: %s", dir, strerror(errno));
	/* Whether it can be read, and whether the kernel keeps paths below it. */
	fd = p9_open(s, "", O_RDONLY | O_DIRECTORY);
	ret = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	if (ret == -ENOSYS)
		error_set(err, ret, "%s: sharing it needs openat2(), which Linux has from 5.6 on",
			  dir);
	else if (ret)
		error_set(err, ret, "%s: %s", dir, strerror(-ret));
	else
		s->root_dev = st.st_dev;
	if (ret)
		close(s->root);
	return ret;
}

int p9_create(struct p9 **server, const char *name, const char *dir, bool readonly,
	      struct error *err)
{
	struct p9 *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return error_set(err, -ENOMEM, "%s: out of memory", dir);
	s->name = name;
	s->readonly = readonly;
	s->message_max = P9_MESSAGE_MAX;
	ret = open_root(s, dir, err);
	if (ret)
		free(s);
	else
		*server = s;
	return ret;
}

void p9_destroy(struct p9 *s)
{
	if (!s)
		return;
	p9_reset(s);
	close(s->root);
	free(s);
}
