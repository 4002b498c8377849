// SPDX-License-Identifier: GPL-3.0-or-later
/* Ports, as a person reads and writes them: see control.h. */
#include <errno.h>

#include "hv/arch/arch.h"
#include "hv/control.h"
#include "hv/machine.h"

static int check(struct machine *m, uint16_t port, unsigned size, struct error *err)
{
	const char *kernel = arch_kernel_device(m, true, port);

	if (size != 1 && size != 2 && size != 4)
		return error_set(err, -EINVAL, "a port has 1, 2 or 4 bytes");
	if (kernel)
		return error_set(err, -EBUSY, "0x%x belongs to the %s, which is inside KVM", port,
				 kernel);
	return 0;
}

static int nobody(uint16_t port, struct error *err)
{
	return error_set(err, -ENODEV, "nobody answers at port 0x%x: `info mtree` lists them",
			 port);
}

int control_port_read(struct machine *m, uint16_t port, unsigned size, uint32_t *value,
		      struct error *err)
{
	int ret = check(m, port, size, err);
	uint64_t wide = 0;

	if (ret)
		return ret;
	if (!bus_read(&m->pio, port, size, &wide))
		return nobody(port, err);
	*value = (uint32_t)wide;
	return 0;
}

int control_port_write(struct machine *m, uint16_t port, unsigned size, uint32_t value,
		       struct error *err)
{
	int ret = check(m, port, size, err);

	if (ret)
		return ret;
	return bus_write(&m->pio, port, size, value) ? 0 : nobody(port, err);
}
