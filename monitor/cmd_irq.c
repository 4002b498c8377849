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

static const struct mon_field source_fields[] = {
	{ "device", MON_TEXT, false, "its name", NULL },
	{ "slot", MON_NUMBER, MON_OPTIONAL, "on the PCI bus", NULL },
	{ "raised", MON_NUMBER, MON_OPTIONAL, "by this device", NULL },
	{ "acknowledged", MON_NUMBER, MON_OPTIONAL, "by its driver", NULL },
	{ 0 },
};

static const struct mon_field route_fields[] = {
	{ "controller", MON_TEXT, false, "which one", NULL },
	{ "input", MON_NUMBER, false, "of it", NULL },
	{ "text", MON_TEXT, false, "what the guest has programmed there", NULL },
	{ 0 },
};

static const struct mon_field line_fields[] = {
	{ "gsi", MON_INTEGER, false, "its number", NULL },
	{ "up", MON_BOOL, false, "now", NULL },
	{ "raised", MON_NUMBER, false, "how often", NULL },
	{ "delivered", MON_NUMBER, false, "a controller took it", NULL },
	{ "merged", MON_NUMBER, false, "while the last one was pending", NULL },
	{ "lost", MON_NUMBER, false, "masked, or nobody listens", NULL },
	{ "acknowledged", MON_NUMBER, false, "the line was lowered again", NULL },
	{ "sources", MON_LIST, false, "devices that raise it", source_fields },
	{ "routes", MON_LIST, false, "controllers that it goes to", route_fields },
	{ 0 },
};

static const struct mon_field message_fields[] = {
	{ "device", MON_TEXT, false, "that sends it", NULL },
	{ "vector", MON_NUMBER, MON_OPTIONAL, "of MSI-X", NULL },
	{ "gsi", MON_NUMBER, MON_OPTIONAL, "KVM's number of it", NULL },
	{ "sent", MON_NUMBER, false, "how often", NULL },
	{ "delivered", MON_NUMBER, MON_OPTIONAL, "a vCPU took it", NULL },
	{ "lost", MON_NUMBER, MON_OPTIONAL, "nobody did", NULL },
	{ "text", MON_TEXT, false, "where it goes", NULL },
	{ 0 },
};

const struct mon_field mon_info_irq_result[] = {
	{ "lines", MON_LIST, false, "that have a device or were raised", line_fields },
	{ "messages", MON_LIST, false, "MSI and MSI-X", message_fields },
	{ 0 },
};

static const struct mon_field lvt_fields[] = {
	{ "name", MON_TEXT, false, "timer, thermal, counters, LINT0, LINT1, error", NULL },
	{ "value", MON_NUMBER, false, "the entry", NULL },
	{ "text", MON_TEXT, false, "decoded", NULL },
	{ 0 },
};

const struct mon_field mon_info_lapic_result[] = {
	{ "base", MON_NUMBER, false, "physical address", NULL },
	{ "mode", MON_TEXT, false, "off, xAPIC, x2APIC", NULL },
	{ "bootstrap", MON_BOOL, false, "of the bootstrap processor", NULL },
	{ "id", MON_NUMBER, false, "the register", NULL },
	{ "version", MON_NUMBER, false, "the register", NULL },
	{ "ldr", MON_NUMBER, false, "the register", NULL },
	{ "dfr", MON_NUMBER, MON_OPTIONAL, "the register, which x2APIC has not", NULL },
	{ "svr", MON_NUMBER, false, "the register", NULL },
	{ "enabled", MON_BOOL, false, "by software, a bit of SVR", NULL },
	{ "tpr", MON_NUMBER, false, "the register", NULL },
	{ "ppr", MON_NUMBER, false, "the register", NULL },
	{ "esr", MON_NUMBER, false, "the register", NULL },
	{ "icr", MON_NUMBER, false, "the last interrupt sent to others", NULL },
	{ "icr_text", MON_TEXT, false, "decoded", NULL },
	{ "lvt", MON_LIST, false, "the local vector table", lvt_fields },
	{ "deadline", MON_NUMBER, MON_OPTIONAL, "TSC at which the timer comes", NULL },
	{ "initial_count", MON_NUMBER, MON_OPTIONAL, "of the timer", NULL },
	{ "current_count", MON_NUMBER, MON_OPTIONAL, "of the timer", NULL },
	{ "divided_by", MON_NUMBER, MON_OPTIONAL, "the timer's clock", NULL },
	{ "isr", MON_LIST, false, "vectors in service", mon_numbers },
	{ "irr", MON_LIST, false, "vectors requested", mon_numbers },
	{ "tmr", MON_LIST, false, "vectors that came by a level", mon_numbers },
	{ 0 },
};

static const struct mon_field input_fields[] = {
	{ "input", MON_NUMBER, false, "its number", NULL },
	{ "entry", MON_NUMBER, false, "of the redirection table", NULL },
	{ "text", MON_TEXT, false, "decoded", NULL },
	{ 0 },
};

const struct mon_field mon_info_ioapic_result[] = {
	{ "base", MON_NUMBER, false, "physical address", NULL },
	{ "id", MON_NUMBER, false, "the register", NULL },
	{ "selected", MON_NUMBER, false, "the register that is selected", NULL },
	{ "irr", MON_NUMBER, false, "inputs that are requested, a bit each", NULL },
	{ "inputs", MON_LIST, false, "all of them", input_fields },
	{ 0 },
};

static const struct mon_field pic_fields[] = {
	{ "name", MON_TEXT, false, "master or slave", NULL },
	{ "vector", MON_NUMBER, false, "of its input 0", NULL },
	{ "irr", MON_NUMBER, false, "requested", NULL },
	{ "imr", MON_NUMBER, false, "masked", NULL },
	{ "isr", MON_NUMBER, false, "in service", NULL },
	{ "elcr", MON_NUMBER, false, "level-triggered", NULL },
	{ "text", MON_TEXT, false, "its modes", NULL },
	{ 0 },
};

const struct mon_field mon_info_pic_result[] = {
	{ "chips", MON_LIST, false, "the two", pic_fields },
	{ 0 },
};

static const struct mon_field channel_fields[] = {
	{ "channel", MON_NUMBER, false, "its number", NULL },
	{ "mode", MON_NUMBER, false, "0 to 5; more: not programmed", NULL },
	{ "count", MON_NUMBER, false, "0 is the largest", NULL },
	{ "gate", MON_BOOL, false, "up", NULL },
	{ "text", MON_TEXT, false, "decoded", NULL },
	{ 0 },
};

const struct mon_field mon_info_pit_result[] = {
	{ "channels", MON_LIST, false, "the three", channel_fields },
	{ "speaker", MON_BOOL, false, "it is on", NULL },
	{ 0 },
};

const struct mon_arg mon_info_lapic_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; the current one unless given" },
	{ 0 },
};
