/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Errors for people.
 *
 * Inside, functions return negative errno. Where a failure will be read by a
 * person, the function also takes a struct error and leaves one sentence in
 * it that says what failed, why, and if possible what to do.
 */
#ifndef HV_ERROR_H
#define HV_ERROR_H

#include <stdarg.h>

struct error {
	char text[512];
};

/*
 * Writes the sentence and returns @code (a negative errno), so that a caller
 * can `return error_set(err, -EINVAL, …)`. @err may be NULL. Any thread.
 */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the sentence that is already there. */
void error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
