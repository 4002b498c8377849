// SPDX-License-Identifier: GPL-3.0-or-later
/* Reading KVM's statistics: see stats.h. Every offset and size in the file is checked. */
#include "hv/stats.h"

#include <ctype.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any kernel has: about 60 of them, names of 48 bytes, 2 KiB of data. */
#define ITEMS_MAX  4096
#define NAME_BYTES 256
#define DATA_MAX   (1u << 20)

static int read_at(int fd, uint32_t offset, void *buf, size_t len, struct error *err)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pread(fd, (char *)buf + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, -errno, "KVM's statistics cannot be read: %s",
					 strerror(errno));
		if (!n)
			return error_set(err, -EINVAL, "KVM's statistics end at byte %zu",
					 offset + done);
		done += (size_t)n;
	}
	return 0;
}

/* A name is a word. */
static bool is_name(const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)name[i]))
			return false;
	return len && len < size;
}

static int decode(const struct kvm_stats_desc *desc, const char *name, size_t name_size,
		  struct stats_item *item, struct error *err)
{
	unsigned kind = (desc->flags & KVM_STATS_TYPE_MASK) >> KVM_STATS_TYPE_SHIFT;
	unsigned unit = (desc->flags & KVM_STATS_UNIT_MASK) >> KVM_STATS_UNIT_SHIFT;

	if (!is_name(name, name_size))
		return error_set(err, -EINVAL, "KVM describes a statistic without a name");
	if (!desc->size || desc->offset % sizeof(uint64_t) || desc->offset > DATA_MAX ||
	    desc->size * sizeof(uint64_t) > DATA_MAX - desc->offset)
		return error_set(err, -EINVAL, "KVM describes %s as %u numbers at byte %u", name,
				 desc->size, desc->offset);
	if (desc->exponent > STATS_EXPONENT_MAX || desc->exponent < -STATS_EXPONENT_MAX)
		return error_set(err, -EINVAL, "KVM gives %s the exponent %d", name,
				 desc->exponent);
	*item = (struct stats_item){
		.name = name,
		.kind = kind < STATS_KIND_UNKNOWN ? kind : STATS_KIND_UNKNOWN,
		.unit = unit < STATS_UNIT_UNKNOWN ? unit : STATS_UNIT_UNKNOWN,
		.base = (desc->flags & KVM_STATS_BASE_MASK) == KVM_STATS_BASE_POW2 ? 2 : 10,
		.exponent = desc->exponent,
		.bucket = desc->bucket_size,
		.count = desc->size,
	};
	if (item->kind == STATS_LINEAR && !item->bucket)
		return error_set(err, -EINVAL, "KVM gives the histogram %s no size of a bucket",
				 name);
	return 0;
}

/* Items, whose offsets in the data are left in @offsets; @end is behind the last byte of it. */
static int read_items(int fd, const struct kvm_stats_header *h, struct stats *s, uint32_t *offsets,
		      size_t *end, struct error *err)
{
	size_t stride = sizeof(struct kvm_stats_desc) + h->name_size;
	int ret = read_at(fd, h->desc_offset, s->descs, stride * h->num_desc, err);

	*end = 0;
	for (; !ret && s->count < h->num_desc; s->count++) {
		const char *at = (const char *)s->descs + s->count * stride;
		struct kvm_stats_desc desc;
		size_t last;

		memcpy(&desc, at, sizeof(desc));
		ret = decode(&desc, at + sizeof(desc), h->name_size, &s->item[s->count], err);
		offsets[s->count] = desc.offset;
		last = desc.offset + desc.size * sizeof(uint64_t);
		if (last > *end)
			*end = last;
	}
	return ret;
}

static int read_values(int fd, const struct kvm_stats_header *h, struct stats *s,
		       const uint32_t *offsets, size_t bytes, struct error *err)
{
	int ret;

	s->values = malloc(bytes + 1);
	if (!s->values)
		return error_set(err, -ENOMEM, "out of memory");
	ret = read_at(fd, h->data_offset, s->values, bytes, err);
	for (size_t i = 0; i < s->count; i++)
		s->item[i].value = s->values + offsets[i] / sizeof(uint64_t);
	return ret;
}

static int read_header(int fd, struct kvm_stats_header *h, struct error *err)
{
	int ret = read_at(fd, 0, h, sizeof(*h), err);

	if (!ret && (h->num_desc > ITEMS_MAX || !h->name_size || h->name_size > NAME_BYTES))
		ret = error_set(err, -EINVAL,
				"KVM speaks of %u statistics with names of %u bytes: more than "
				"can be",
				h->num_desc, h->name_size);
	return ret;
}

/* One more byte than is read stays 0 behind a name that is not ended. */
static int allocate(const struct kvm_stats_header *h, struct stats *s, uint32_t **offsets,
		    struct error *err)
{
	s->id = calloc(1, h->name_size + 1);
	s->descs = calloc(h->num_desc + 1, sizeof(struct kvm_stats_desc) + h->name_size);
	s->item = calloc(h->num_desc + 1, sizeof(s->item[0]));
	*offsets = calloc(h->num_desc + 1, sizeof((*offsets)[0]));
	return s->id && s->descs && s->item && *offsets ? 0
							: error_set(err, -ENOMEM, "out of memory");
}

int stats_read(int fd, struct stats *out, struct error *err)
{
	struct kvm_stats_header h;
	uint32_t *offsets = NULL;
	size_t bytes;
	int ret;

	*out = (struct stats){ 0 };
	ret = read_header(fd, &h, err);
	if (ret)
		return ret;
	ret = allocate(&h, out, &offsets, err);
	if (!ret)
		ret = read_at(fd, h.id_offset, out->id, h.name_size, err);
	if (!ret)
		ret = read_items(fd, &h, out, offsets, &bytes, err);
	if (!ret)
		ret = read_values(fd, &h, out, offsets, bytes, err);
	free(offsets);
	if (ret)
		stats_free(out);
	return ret;
}

void stats_free(struct stats *s)
{
	free(s->id);
	free(s->item);
	free(s->descs);
	free(s->values);
	*s = (struct stats){ 0 };
}
