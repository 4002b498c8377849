// SPDX-License-Identifier: GPL-3.0-or-later
/* The same machine as in tests/unit-mon; the chardevs are real here. */
#include "tests/unit-mon/fake_control.c"
#include "tests/unit-mon/fake_inspect.c"
