/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often a vCPU has come out of the guest, why, and how long what followed took: from the return
 * of KVM_RUN to the end of the exit's handler. Always on; one vCPU's are written by its own thread
 * alone, and read by the loop thread.
 *
 * Each exit is counted. Two looks at the clock take as long as a tenth of a port's access, so only
 * the first ones of a reason are timed, and then one in EXIT_SAMPLE.
 */
#ifndef HV_EXIT_STATS_H
#define HV_EXIT_STATS_H

#include <stdint.h>
#include <time.h>

/* Reasons of later kernels count as the last one. */
#define EXIT_REASONS 48
/* Of time: the first is below 512 ns, each of the others reaches twice as far as the one before. */
#define EXIT_BUCKETS 16

#define EXIT_ALL_TIMED 64
#define EXIT_SAMPLE    16

struct exit_stat {
	uint64_t count;
	uint64_t timed, ns; /* how many were, and their time together */
	uint64_t bucket[EXIT_BUCKETS];
};

static inline uint64_t exit_stats_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline unsigned exit_stats_bucket(uint64_t ns)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(ns | 0x1ff);

	return bits - 9 < EXIT_BUCKETS ? bits - 9 : EXIT_BUCKETS - 1;
}

/* One writer: a load and a store are enough, the reader sees one or the other. */
static inline void exit_stats_bump(uint64_t *counter, uint64_t by)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + by,
			 __ATOMIC_RELAXED);
}

/* Counts one for @reason. The statistics of it when it is to be timed, else NULL. */
static inline struct exit_stat *exit_stats_count(struct exit_stat stats[EXIT_REASONS],
						 unsigned reason)
{
	struct exit_stat *s = &stats[reason < EXIT_REASONS ? reason : EXIT_REASONS - 1];

	exit_stats_bump(&s->count, 1);
	return s->count <= EXIT_ALL_TIMED || s->count % EXIT_SAMPLE == 0 ? s : NULL;
}

static inline void exit_stats_time(struct exit_stat *s, uint64_t ns)
{
	exit_stats_bump(&s->timed, 1);
	exit_stats_bump(&s->ns, ns);
	exit_stats_bump(&s->bucket[exit_stats_bucket(ns)], 1);
}

#endif
