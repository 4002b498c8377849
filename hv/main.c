// SPDX-License-Identifier: GPL-3.0-or-later
/* The program's entry: everything else is in the archive, for tests to link. */
#include "hv/cli/cli.h"

int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
