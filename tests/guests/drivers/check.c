// SPDX-License-Identifier: GPL-3.0-or-later
/* A line for each thing that works, and the end at the first that does not. */
#include "tests/guests/drivers/drivers.h"

static const char *name = "guest";
static unsigned int line;

void check_as(const char *guest)
{
	name = guest;
}

void check(bool ok, const char *what)
{
	line++;
	print("%s: %s: %s\n", name, what, ok ? "ok" : "WRONG");
	if (!ok)
		debug_exit((uint8_t)line);
}
