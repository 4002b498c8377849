// SPDX-License-Identifier: GPL-3.0-or-later
/* Breakpoints with filters of the same machine. */
#include "tests/unit-mon/fake_at.c"
