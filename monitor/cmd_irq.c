// SPDX-License-Identifier: GPL-3.0-or-later
/* Interrupts and their controllers: info irq, lapic, ioapic, pic, pit. See hv/inspect_irq.h. */
#include "hv/inspect_irq.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

void mon_info_irq(struct mon_call *call)
{
	inspect_irqs(call->m, call->out);
}

/* The row's name is the controller's. */
void mon_info_controller(struct mon_call *call)
{
	int vcpu = call->arg[0].set ? (int)call->arg[0].num : call->session->cpu;
	struct error err;

	if (inspect_controller(call->m, call->cmd->name, vcpu, call->out, &err))
		mon_error(call, "%s", err.text);
}

const struct mon_arg mon_info_lapic_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; the current one unless given" },
	{ 0 },
};
