/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line: `vitrine [run|demo|check] …`. The only room that knows
 * all the others.
 */
#ifndef HV_CLI_CLI_H
#define HV_CLI_CLI_H

/* The exit status of the program: 0, 1 (it failed), 2 (usage), or what the guest asked for. */
int cli_main(int argc, char **argv);

#endif
