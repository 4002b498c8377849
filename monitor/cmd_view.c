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

static const struct mon_field gate_fields[] = {
	{ "vector", MON_NUMBER, false, "its number", NULL },
	{ "selector", MON_NUMBER, false, "code segment of the handler", NULL },
	{ "offset", MON_NUMBER, false, "the handler", NULL },
	{ "type", MON_TEXT, MON_OPTIONAL, "of gate; real mode has none", NULL },
	{ "dpl", MON_NUMBER, MON_OPTIONAL, "who may call it", NULL },
	{ "ist", MON_NUMBER, MON_OPTIONAL, "which stack", NULL },
	{ 0 },
};

const struct mon_field mon_info_idt_result[] = {
	{ "base", MON_NUMBER, false, "linear address", NULL },
	{ "limit", MON_NUMBER, false, "the last byte", NULL },
	{ "vectors", MON_LIST, false, "those that are present", gate_fields },
	{ 0 },
};

static const struct mon_field descriptor_fields[] = {
	{ "selector", MON_NUMBER, false, "its offset in the table", NULL },
	{ "type", MON_TEXT, false, "code, data, or which system descriptor", NULL },
	{ "base", MON_NUMBER, false, "linear address", NULL },
	{ "limit", MON_NUMBER, false, "the last byte", NULL },
	{ "dpl", MON_NUMBER, false, "privilege level", NULL },
	{ "present", MON_BOOL, false, "the P bit", NULL },
	{ 0 },
};

const struct mon_field mon_info_gdt_result[] = {
	{ "base", MON_NUMBER, false, "linear address", NULL },
	{ "limit", MON_NUMBER, false, "the last byte", NULL },
	{ "descriptors", MON_LIST, false, "those that are not 0", descriptor_fields },
	{ 0 },
};

const struct mon_field mon_info_tss_result[] = {
	{ "selector", MON_NUMBER, false, "of TR", NULL },
	{ "type", MON_TEXT, false, "of descriptor", NULL },
	{ "base", MON_NUMBER, false, "linear address", NULL },
	{ "limit", MON_NUMBER, false, "the last byte", NULL },
	{ "stacks", MON_MAP, MON_OPTIONAL, "rsp0, ist1, …", mon_numbers },
	{ "io_map", MON_NUMBER, MON_OPTIONAL, "its offset", NULL },
	{ 0 },
};

static const struct mon_field msr_fields[] = {
	{ "index", MON_NUMBER, false, "its number", NULL },
	{ "name", MON_TEXT, false, "its name", NULL },
	{ "value", MON_NUMBER, false, "what it holds", NULL },
	{ 0 },
};

const struct mon_field mon_info_msr_result[] = {
	{ "msrs", MON_LIST, false, "those that can be read", msr_fields },
	{ 0 },
};

static const struct mon_field leaf_fields[] = {
	{ "leaf", MON_NUMBER, false, "EAX", NULL },
	{ "sub", MON_NUMBER, false, "ECX", NULL },
	{ "eax", MON_NUMBER, false, "the answer", NULL },
	{ "ebx", MON_NUMBER, false, "the answer", NULL },
	{ "ecx", MON_NUMBER, false, "the answer", NULL },
	{ "edx", MON_NUMBER, false, "the answer", NULL },
	{ 0 },
};

const struct mon_field mon_info_cpuid_result[] = {
	{ "vendor", MON_TEXT, false, "of leaf 0", NULL },
	{ "leaves", MON_LIST, false, "all of them", leaf_fields },
	{ "features", MON_LIST, false, "names of those that are there", mon_texts },
	{ 0 },
};

const struct mon_arg mon_info_view_args[] = {
	{ "CPU", &mon_arg_vcpu, true, 0, 0, "of which vCPU; the current one unless given" },
	{ 0 },
};
