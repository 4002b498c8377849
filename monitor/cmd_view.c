// SPDX-License-Identifier: GPL-3.0-or-later
/* What a processor shows of itself: info idt, gdt, tss, msr, cpuid. See hv/inspect_vcpu.h. */
#include "hv/inspect_vcpu.h"
#include "monitor/command.h"
#include "monitor/info.h"
#include "monitor/session.h"

/* The row's name is the view's. */
void mon_info_view(struct mon_call *call)
{
	int vcpu = call->arg[0].set ? (int)call->arg[0].num : call->session->cpu;
	struct error err = { "" };

	if (inspect_view(call->m, call->cmd->name, vcpu, call->out, &err))
		mon_error(call, "%s", err.text);
}

const struct mon_arg mon_info_view_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; the current one unless given" },
	{ 0 },
};
