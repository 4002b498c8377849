// SPDX-License-Identifier: GPL-3.0-or-later
/* The same device as in tests/unit-mon. */
#include "tests/unit-mon/fake_device.c"
