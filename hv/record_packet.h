/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the GDB server says what it receives and sends: for logs (record.h) and statistics. */
#ifndef HV_RECORD_PACKET_H
#define HV_RECORD_PACKET_H

#include <stdbool.h>
#include <stddef.h>

struct machine;

/* One packet, without its frame; Ctrl-C is a byte 3. Counted, and kept while that is wanted. Loop
 * thread. */
void record_packet(struct machine *m, bool sent, const void *data, size_t len);

#endif
