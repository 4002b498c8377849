// SPDX-License-Identifier: GPL-3.0-or-later
/* Samples of a running machine, and the table that they are counted in. */
#include <criterion/criterion.h>
#include <errno.h>

#include "fake_kvm.h"
#include "hv/profile.h"

TestSuite(profile, .timeout = 300);

#define COUNTER 0x200000ull

static uint64_t samples(struct machine *m)
{
	struct profile_status s;

	cr_assert(profile_status(m, &s));
	return s.samples;
}

/* What is counted in the table; each at one of the two instructions. */
static uint64_t in_stacks(struct machine *m)
{
	struct profile_stack s;
	uint64_t sum = 0;

	for (size_t n = 0; profile_get(m, n, &s); n++) {
		sum += s.count;
		cr_assert(!s.count || (s.frame[0] >= TOY_LOAD && s.frame[0] < TOY_LOAD + 16),
			  "a sample at 0x%llx", (unsigned long long)s.frame[0]);
	}
	return sum;
}

Test(profile, samples_what_runs_and_nothing_else)
{
	struct machine *m = toy_spinner(2, COUNTER);
	struct profile_status s;
	struct error err = { "" };

	cr_expect_not(profile_status(m, &s));
	cr_assert_eq(profile_start(m, 1000, &err), 0, "%s", err.text);
	cr_expect_eq(profile_start(m, 1000, &err), -EBUSY);
	toy_run_loop(m, 20);
	cr_expect_eq(samples(m), 0u, "the guest is stopped");
	toy_resume(m);
	for (unsigned tries = 0; samples(m) < 20 && tries < TOY_PATIENCE_MS; tries++)
		toy_run_loop(m, 1);
	cr_expect_geq(samples(m), 20u);
	/* Stopping and going on meanwhile. */
	for (int i = 0; i < 20; i++) {
		cr_assert_eq(control_stop(m, NULL), 0);
		toy_resume(m);
	}
	profile_stop(m);
	cr_assert(profile_status(m, &s));
	cr_expect_not(s.on);
	cr_expect_eq(in_stacks(m) + s.idle + s.lost, s.samples);
	toy_run_loop(m, 10);
	cr_expect_eq(samples(m), s.samples, "none comes after the end");

	/* Another one begins anew, and goes with the machine. */
	control_stop(m, NULL);
	cr_assert_eq(profile_start(m, 10000, &err), 0, "%s", err.text);
	cr_expect_eq(samples(m), 0u);
	toy_resume(m);
	toy_run_loop(m, 10);
	toy_machine_free(m);
}

Test(profile, a_full_table_loses_and_says_so)
{
	struct machine *m = toy_spinner(1, COUNTER);
	struct profile_stack s = { .depth = 2 };
	struct profile_status status;
	struct error err = { "" };

	cr_assert_eq(profile_start(m, 1, &err), 0, "%s", err.text);
	for (uint64_t n = 0; n < 2u * PROFILE_STACKS; n++) {
		s.frame[0] = TOY_LOAD;
		s.frame[1] = n;
		profile_add(m, &s);
	}
	profile_stop(m);
	cr_assert(profile_status(m, &status));
	cr_expect_eq(status.samples, 2u * PROFILE_STACKS);
	cr_expect_geq(status.lost, PROFILE_STACKS);
	cr_expect_eq(in_stacks(m) + status.lost, status.samples);
	profile_forget(m);
	cr_expect_eq(in_stacks(m), 0u);
	toy_machine_free(m);
}
