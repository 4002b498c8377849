/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * KVM's own statistics of a VM or a vCPU, as KVM_GET_STATS_FD gives them: a file that describes
 * itself (Linux Documentation/virt/kvm/api.rst, 4.133).
 *
 *   header | id | descriptors, one of a fixed size for each statistic | data, 64-bit numbers
 *
 * Later kernels have more of them, and may have other kinds and units: nothing here knows a name,
 * and what it does not know the kind of is numbers.
 */
#ifndef HV_STATS_H
#define HV_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "hv/error.h"

enum stats_kind {
	STATS_CUMULATIVE, /* only grows */
	STATS_INSTANT,	  /* as it is now */
	STATS_PEAK,	  /* the most there was */
	STATS_LINEAR, /* a histogram: value[n] counts what is in [n * bucket, (n + 1) * bucket) */
	STATS_LOG,    /* … value[0] counts zeros, value[n] what is in [2^(n-1), 2^n) */
	STATS_KIND_UNKNOWN,
};

enum stats_unit {
	STATS_NONE,
	STATS_BYTES,
	STATS_SECONDS,
	STATS_CYCLES,
	STATS_BOOLEAN,
	STATS_UNIT_UNKNOWN,
};

struct stats_item {
	const char *name;
	enum stats_kind kind;
	enum stats_unit unit;
	unsigned base; /* a value is to be multiplied by base^exponent: 2 or 10 */
	int exponent;
	uint32_t bucket; /* of STATS_LINEAR; the last bucket of a histogram has no end */
	size_t count;	 /* at least 1 */
	const uint64_t *value;
};

struct stats {
	char *id; /* KVM's name of whose they are: "kvm-1234/vcpu-0" */
	struct stats_item *item;
	size_t count;
	/* What the above points into. */
	void *descs;
	uint64_t *values;
};

/* No exponent is further from 0. */
#define STATS_EXPONENT_MAX 63

/*
 * Reads all of them from @fd, which stays the caller's, and which may be any file: -EINVAL and a
 * sentence when it is none of that form, -errno when it cannot be read. Any thread. What is in
 * @out lives until stats_free(), which does no harm after an error.
 */
int stats_read(int fd, struct stats *out, struct error *err) __attribute__((warn_unused_result));
void stats_free(struct stats *s);

#endif
