/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trouble: a kernel with a bug of each kind that docs/cookbook.md finds. Each is a function that
 * main.c calls when its name is on the command line; what they share is here.
 */
#ifndef GUESTS_TROUBLE_TROUBLE_H
#define GUESTS_TROUBLE_TROUBLE_H

#include "tests/guests/drivers/drivers.h"

/* main.c: ticks of the timer on CPU 0. */
extern volatile uint64_t jiffies;

/* boot.c */
void calibrate_delay(void);
void prepare_root(void);
void probe_ide(void);
/* Where a boot ends that has come through. */
void run_init(void);

/* mm.c */
void mark_rodata_ro(void);
void add_to_page_cache(void);

/* smp.c: what runs on CPU 0, and beside it on CPU 1. */
void setup_gdt(void);
void rename_files(void);
void write_back_inodes(void);
void run_workqueue(void);
void queue_work(void);
void serve_requests(void);

/* edu.c */
void edu_compute(void);
void edu_receive(void);

#endif
