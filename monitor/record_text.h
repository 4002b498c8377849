/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of hv/record.h as people read them. Loop thread. */
#ifndef MONITOR_RECORD_TEXT_H
#define MONITOR_RECORD_TEXT_H

#include "hv/record.h"
#include "hv/strbuf.h"

/* "KVM_EXIT_IO 0x3f8 <- 0x41", "work: translate_on for control_translate": what it was, without
 * when and where. */
void mon_record_what(const struct record *rec, struct strbuf *out);
/* "  0.012034 vcpu0 0xffffffff81000010 <probe+0x10> ": the beginning of a line: its time since
 * @start, and where it was. @vcpu below 0: nobody's; @pc 0: it is not known. */
void mon_record_when(struct machine *m, uint64_t time, uint64_t start, int vcpu, uint64_t pc,
		     struct strbuf *out);
/* One line: when, where, what, how long it took. */
void mon_record_line(struct machine *m, const struct record *rec, uint64_t start,
		     struct strbuf *out);
/* "exits"; NULL past the last. */
const char *mon_record_topic_name(enum record_topic topic);

#endif
