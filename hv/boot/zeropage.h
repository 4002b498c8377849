/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Linux's structs of the boot protocol, from its own header. The zero page is
 * called struct boot_params there, a name that boot.h has for something else.
 */
#ifndef HV_BOOT_ZEROPAGE_H
#define HV_BOOT_ZEROPAGE_H

#define boot_params linux_zero_page
#include <asm/bootparam.h>
#undef boot_params

#endif
