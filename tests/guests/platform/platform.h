/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the drivers of the platform guest share. */
#ifndef GUESTS_PLATFORM_H
#define GUESTS_PLATFORM_H

#include "tests/guests/kit/kit.h"

/* Prints a line; ends the guest when it is not @ok. */
void check(bool ok, const char *what);

#endif
