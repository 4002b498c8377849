// SPDX-License-Identifier: GPL-3.0-or-later
/* Errors for people: see error.h. */
#include "hv/error.h"

#include <stdio.h>
#include <string.h>

int error_set(struct error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err) {
		va_start(ap, fmt);
		vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code;
}

void error_prefix(struct error *err, const char *fmt, ...)
{
	char joined[2 * sizeof(err->text)];
	va_list ap;
	int n;

	if (!err)
		return;
	va_start(ap, fmt);
	n = vsnprintf(joined, sizeof(err->text), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(err->text))
		n = sizeof(err->text) - 1;
	snprintf(joined + n, sizeof(joined) - (size_t)n, ": %s", err->text);
	joined[sizeof(err->text) - 1] = '\0';
	memcpy(err->text, joined, sizeof(err->text));
}
