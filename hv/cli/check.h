/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vitrine check`. */
#ifndef HV_CLI_CHECK_H
#define HV_CLI_CHECK_H

/* Prints the table. The program's exit status: 0 when a guest can be debugged here, else 1. */
int cli_check(void);

#endif
