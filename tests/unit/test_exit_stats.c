// SPDX-License-Identifier: GPL-3.0-or-later
/* Counting exits: which column a time belongs to, and reasons that nobody knows yet. */
#include <criterion/criterion.h>

#include "hv/exit_stats.h"

Test(exit_stats, buckets_double)
{
	cr_expect_eq(exit_stats_bucket(0), 0u);
	cr_expect_eq(exit_stats_bucket(511), 0u);
	cr_expect_eq(exit_stats_bucket(512), 1u);
	cr_expect_eq(exit_stats_bucket(1023), 1u);
	cr_expect_eq(exit_stats_bucket(1024), 2u);
	cr_expect_eq(exit_stats_bucket(8 * 1000 * 1000), 14u);
	cr_expect_eq(exit_stats_bucket(UINT64_MAX), EXIT_BUCKETS - 1u);
}

Test(exit_stats, counts_all_and_times_some)
{
	static struct exit_stat stats[EXIT_REASONS];
	unsigned timed = 0;

	for (unsigned i = 0; i < EXIT_ALL_TIMED; i++)
		cr_assert_eq(exit_stats_count(stats, 2), &stats[2]);
	for (unsigned i = 0; i < 10 * EXIT_SAMPLE; i++)
		timed += exit_stats_count(stats, 2) != NULL;
	cr_expect_eq(timed, 10u);
	cr_expect_eq(stats[2].count, EXIT_ALL_TIMED + 10u * EXIT_SAMPLE);
	exit_stats_time(&stats[2], 100);
	exit_stats_time(&stats[2], 1000);
	cr_expect_eq(stats[2].ns, 1100u);
	cr_expect_eq(stats[2].timed, 2u);
	cr_expect_eq(stats[2].bucket[0], 1u);
	cr_expect_eq(stats[2].bucket[1], 1u);
	/* One that nobody knows yet. */
	cr_expect_eq(exit_stats_count(stats, 1000), &stats[EXIT_REASONS - 1]);
}
