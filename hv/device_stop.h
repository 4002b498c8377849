/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Device breakpoints inside the machine: see control_device.h. */
#ifndef HV_DEVICE_STOP_H
#define HV_DEVICE_STOP_H

#include "hv/control_device.h"

/* Makes the machine the observer of its devices. Loop thread. */
int device_stops_create(struct machine *m, struct error *err);
/* No vCPU and no device exists any more. */
void device_stops_destroy(struct machine *m);
/* Those of @owner, when it leaves. Loop thread. */
void device_bps_of_client_drop(struct machine *m, const struct control_client *owner);

#endif
