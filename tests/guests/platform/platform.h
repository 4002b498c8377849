/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the drivers of the platform guest share. */
#ifndef GUESTS_PLATFORM_H
#define GUESTS_PLATFORM_H

#include "tests/guests/drivers/drivers.h"

/* main.c: lets @gsi through as @vector, an edge, to CPU 0. */
void ioapic_open(uint8_t gsi, uint8_t vector);

/* uart.c */
void uart_drill(void);

#endif
