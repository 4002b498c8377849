/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * As much of Criterion as our tests use, for ThreadSanitizer builds:
 * Criterion's own sandbox cannot map its arena beside TSan's shadow memory.
 * The same test sources are compiled against either header; this one forks
 * once for each test (runner.c).
 */
#ifndef TESTS_TSAN_CRITERION_H
#define TESTS_TSAN_CRITERION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tsan_test_options {
	void (*init)(void);
	void (*fini)(void);
	double timeout;
	bool disabled;
	int exit_code;
	int signal;
	const char *description;
};

struct tsan_test {
	const char *suite, *name;
	void (*fn)(void);
	struct tsan_test_options options;
	struct tsan_test *next;
};

struct tsan_suite {
	const char *name;
	struct tsan_test_options options; /* for tests that have none of their own */
	struct tsan_suite *next;
};

void tsan_register(struct tsan_test *test);
void tsan_register_suite(struct tsan_suite *suite);
_Noreturn void tsan_fail(const char *file, int line, const char *expr, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
_Noreturn void tsan_skip(void);

#define Test(suite_, name_, ...)                                                   \
	static void suite_##_##name_##_impl(void);                                 \
	__attribute__((constructor)) static void suite_##_##name_##_register(void) \
	{                                                                          \
		static struct tsan_test t = { .suite = #suite_,                    \
					      .name = #name_,                      \
					      .fn = suite_##_##name_##_impl,       \
					      .options = { __VA_ARGS__ } };        \
		tsan_register(&t);                                                 \
	}                                                                          \
	static void suite_##_##name_##_impl(void)

#define TestSuite(name_, ...)                                                                \
	__attribute__((constructor)) static void tsan_suite_##name_(void)                    \
	{                                                                                    \
		static struct tsan_suite s = { .name = #name_, .options = { __VA_ARGS__ } }; \
		tsan_register_suite(&s);                                                     \
	}                                                                                    \
	struct tsan_suite

#define TSAN_CHECK(cond, expr, ...)                                           \
	do {                                                                  \
		if (!(cond))                                                  \
			tsan_fail(__FILE__, __LINE__, expr, " " __VA_ARGS__); \
	} while (0)
#define cr_assert(c, ...)	       TSAN_CHECK(c, #c, ##__VA_ARGS__)
#define cr_assert_not(c, ...)	       TSAN_CHECK(!(c), "!" #c, ##__VA_ARGS__)
#define cr_assert_eq(a, b, ...)	       TSAN_CHECK((a) == (b), #a " == " #b, ##__VA_ARGS__)
#define cr_assert_neq(a, b, ...)       TSAN_CHECK((a) != (b), #a " != " #b, ##__VA_ARGS__)
#define cr_assert_gt(a, b, ...)	       TSAN_CHECK((a) > (b), #a " > " #b, ##__VA_ARGS__)
#define cr_assert_lt(a, b, ...)	       TSAN_CHECK((a) < (b), #a " < " #b, ##__VA_ARGS__)
#define cr_assert_geq(a, b, ...)       TSAN_CHECK((a) >= (b), #a " >= " #b, ##__VA_ARGS__)
#define cr_assert_leq(a, b, ...)       TSAN_CHECK((a) <= (b), #a " <= " #b, ##__VA_ARGS__)
#define cr_assert_null(p, ...)	       TSAN_CHECK(!(p), #p " is NULL", ##__VA_ARGS__)
#define cr_assert_not_null(p, ...)     TSAN_CHECK((p), #p " is not NULL", ##__VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)    TSAN_CHECK(!strcmp(a, b), #a " is " #b, ##__VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)   TSAN_CHECK(strcmp(a, b), #a " is not " #b, ##__VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) TSAN_CHECK(!memcmp(a, b, n), #a " holds " #b, ##__VA_ARGS__)
#define cr_assert_fail(...)	       tsan_fail(__FILE__, __LINE__, "reached", "" __VA_ARGS__)
#define cr_fail			       cr_assert_fail
#define cr_expect		       cr_assert
#define cr_expect_eq		       cr_assert_eq
#define cr_expect_not		       cr_assert_not
#define cr_expect_neq		       cr_assert_neq
#define cr_expect_gt		       cr_assert_gt
#define cr_expect_lt		       cr_assert_lt
#define cr_expect_geq		       cr_assert_geq
#define cr_expect_leq		       cr_assert_leq
#define cr_expect_null		       cr_assert_null
#define cr_expect_not_null	       cr_assert_not_null
#define cr_expect_str_eq	       cr_assert_str_eq
#define cr_skip_test(...)	       tsan_skip()
#define cr_log_info(...)	       ((void)0)

#endif
