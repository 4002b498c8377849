/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a guest's kernel says of itself for whoever reads its memory: its vmcoreinfo, lines like
 * "KERNELOFFSET=1a000000" and "SYMBOL(init_uts_ns)=ffffffff82a2a5a0" (Linux,
 * Documentation/admin-guide/kdump/vmcoreinfo.rst). The guest tells where it is by fw_cfg.
 */
#ifndef HV_VMCOREINFO_H
#define HV_VMCOREINFO_H

#include <stdint.h>

#include "hv/error.h"
#include "hv/strbuf.h"

struct machine;

/*
 * The lines; what is not printable in them is a '?'. @gpa: where the note begins. Loop thread, the
 * guest running or not. -ENODEV: the machine has no fw_cfg; -ENOENT: the guest has not told;
 * -EINVAL: what is there is no such note; each with a sentence.
 */
int vmcoreinfo_read(struct machine *m, struct strbuf *text, uint64_t *gpa, struct error *err);

#endif
