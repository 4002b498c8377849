/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The device tree of the machine, generated with libfdt from its device list. */
#ifndef HV_BOOT_FDT_H
#define HV_BOOT_FDT_H

#include <stddef.h>

#include "hv/error.h"

struct machine;

/*
 * Memory, processors, interrupt controller, command line, and every device whose
 * class has a `compatible`: those on ports under /isa with <1 PORT LENGTH>, those in memory under
 * /platform. Where the initrd is only the boot code knows: it adds that itself.
 *
 * A blob for free(). -ENOMEM, or -EINVAL when libfdt refuses. Loop thread, guest not running.
 */
int fdt_build(struct machine *m, void **blob, size_t *size, struct error *err);

#endif
