// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What an x86 VM has beside RAM and vCPUs: the two PICs, the IOAPIC and the PIT, all inside
 * KVM, and the addresses KVM takes for its own pages (KVM api.rst 4.35, 4.36).
 *
 * The state that KVM gives the chips at creation is kept: a reset puts it back.
 */
#include "hv/arch/x86/x86.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "hv/kvm.h"
#include "hv/machine.h"
#include "hv/probe.h"

static int irqchip_create(struct machine *m, struct error *err)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
	struct kvm_reinject_control reinject = { .pit_reinject = 0 };
	uint64_t identity = X86_IDENTITY_MAP_ADDR;

	if (ioctl(m->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0 ||
	    ioctl(m->vm_fd, KVM_SET_TSS_ADDR, X86_TSS_ADDR) < 0)
		return error_set(err, -errno, "KVM refused the addresses of its own pages: %s",
				 strerror(errno));
	if (ioctl(m->vm_fd, KVM_CREATE_IRQCHIP, 0) < 0)
		return error_set(err, -errno, "KVM cannot make the interrupt controllers: %s",
				 strerror(errno));
	if (ioctl(m->vm_fd, KVM_CREATE_PIT2, &pit) < 0)
		return error_set(err, -errno, "KVM cannot make the timer: %s", strerror(errno));
	/* Ticks that were missed while the guest stood still are not made up for in a burst. */
	ioctl(m->vm_fd, KVM_REINJECT_CONTROL, &reinject);
	return 0;
}

/* As firmware would: the lines of PCI are levels (ELCR, 82371SB data sheet 2.5.5). */
static int pci_lines_are_levels(struct machine *m, struct error *err)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_SLAVE };

	if (ioctl(m->vm_fd, KVM_GET_IRQCHIP, &chip) < 0)
		goto fail;
	chip.chip.pic.elcr |= 1 << (10 - 8) | 1 << (11 - 8);
	if (ioctl(m->vm_fd, KVM_SET_IRQCHIP, &chip) < 0)
		goto fail;
	return 0;
fail:
	return error_set(err, -errno, "KVM refuses to set up the 8259: %s", strerror(errno));
}

static int irqchip_snapshot(struct machine *m, struct error *err)
{
	struct arch_vm *a = m->arch;

	for (uint32_t i = 0; i < 3; i++) {
		a->irqchip[i].chip_id = i;
		if (ioctl(m->vm_fd, KVM_GET_IRQCHIP, &a->irqchip[i]) < 0)
			goto fail;
	}
	if (ioctl(m->vm_fd, KVM_GET_PIT2, &a->pit) < 0)
		goto fail;
	return 0;
fail:
	return error_set(err, -errno, "KVM does not show the interrupt controllers: %s",
			 strerror(errno));
}

int arch_vm_reset(struct machine *m, struct error *err)
{
	struct arch_vm *a = m->arch;

	for (int i = 0; i < 3; i++)
		if (ioctl(m->vm_fd, KVM_SET_IRQCHIP, &a->irqchip[i]) < 0)
			return error_set(err, -errno,
					 "KVM refused to reset the interrupt controllers: %s",
					 strerror(errno));
	if (ioctl(m->vm_fd, KVM_SET_PIT2, &a->pit) < 0)
		return error_set(err, -errno, "KVM refused to reset the timer: %s",
				 strerror(errno));
	return 0;
}

/* Exits for MSRs that KVM does not know: exits.c traces them and lets the guest have its #GP. */
static void enable_caps(struct machine *m)
{
	struct kvm_enable_cap msr = { .cap = KVM_CAP_X86_USER_SPACE_MSR,
				      .args = { KVM_MSR_EXIT_REASON_UNKNOWN } };
	struct kvm_enable_cap failure = { .cap = KVM_CAP_EXIT_ON_EMULATION_FAILURE, .args = { 1 } };
	struct kvm_enable_cap triple = { .cap = KVM_CAP_X86_TRIPLE_FAULT_EVENT, .args = { 1 } };

	if (m->caps->value[KVMCAP_MSR_FILTER])
		msr.args[0] |= KVM_MSR_EXIT_REASON_FILTER;
	if (m->caps->value[KVMCAP_USER_SPACE_MSR])
		ioctl(m->vm_fd, KVM_ENABLE_CAP, &msr);
	if (m->caps->value[KVMCAP_EXIT_ON_EMULATION_FAILURE])
		ioctl(m->vm_fd, KVM_ENABLE_CAP, &failure);
	if (m->caps->value[KVMCAP_TRIPLE_FAULT_EVENT])
		ioctl(m->vm_fd, KVM_ENABLE_CAP, &triple);
}

/* What KVM_CREATE_IRQCHIP and KVM_CREATE_PIT2 put where (Linux arch/x86/kvm/i8259.c, i8254.c). */
static const struct {
	const char *name;
	bool port;
	uint64_t first, last;
} kernel_devices[] = {
	{ "PIC", true, 0x20, 0x21 },
	{ "PIC", true, 0xa0, 0xa1 },
	{ "PIC", true, 0x4d0, 0x4d1 },
	{ "PIT", true, 0x40, 0x43 },
	{ "PIT's gate", true, 0x61, 0x61 },
	{ "IOAPIC", false, 0xfec00000, 0xfec000ff },
	{ "local APIC", false, 0xfee00000, 0xfee00fff },
};

const char *arch_kernel_device(struct machine *m, bool port, uint64_t addr)
{
	(void)m;
	for (size_t i = 0; i < sizeof(kernel_devices) / sizeof(kernel_devices[0]); i++)
		if (kernel_devices[i].port == port && addr >= kernel_devices[i].first &&
		    addr <= kernel_devices[i].last)
			return kernel_devices[i].name;
	return NULL;
}

unsigned arch_phys_bits(const struct machine *m)
{
	/* Without a processor, what the first ones with 64 bits had. */
	return m->arch ? x86_cpuid_maxphyaddr(m->arch->cpuid) : 36;
}

/* GSI n is input n of the I/O APIC and, below 16, of the two 8259s (Linux
 * arch/x86/kvm/irq_comm.c, default_routing). */
unsigned arch_irq_routes(struct kvm_irq_routing_entry entries[ARCH_IRQ_ROUTES_MAX])
{
	struct kvm_irq_routing_entry *e = entries;

	for (uint32_t gsi = 0; gsi < ARCH_IRQ_LINES; gsi++) {
		if (gsi < 16)
			*e++ = (struct kvm_irq_routing_entry){
				.gsi = gsi,
				.type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { .irqchip = gsi < 8 ? KVM_IRQCHIP_PIC_MASTER
								  : KVM_IRQCHIP_PIC_SLAVE,
					       .pin = gsi % 8 },
			};
		*e++ = (struct kvm_irq_routing_entry){
			.gsi = gsi,
			.type = KVM_IRQ_ROUTING_IRQCHIP,
			.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = gsi },
		};
	}
	return (unsigned)(e - entries);
}

static uint32_t guest_debug_flags(const struct kvm_caps *caps)
{
	uint32_t flags = (uint32_t)caps->value[KVMCAP_GUEST_DEBUG2];

	/* Older kernels do not say; these are as old as KVM_SET_GUEST_DEBUG itself. */
	if (!flags)
		flags = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP | KVM_GUESTDBG_USE_SW_BP |
			KVM_GUESTDBG_USE_HW_BP;
	return flags;
}

int arch_vm_create(struct machine *m, const struct machine_config *cfg, struct error *err)
{
	struct arch_vm *a = calloc(1, sizeof(*a));
	int size, khz, ret;

	m->arch = a;
	if (!a || !(a->cpuid = calloc(1, sizeof(*a->cpuid)))) {
		ret = error_set(err, -ENOMEM, "no memory for the machine's processor part");
		goto fail;
	}
	a->guestdbg_flags = guest_debug_flags(m->caps);
	a->bp_inject_adds_len = true;
	khz = ioctl(m->vm_fd, KVM_GET_TSC_KHZ, 0);
	if (khz < 0)
		khz = ioctl(m->kvm_fd, KVM_GET_TSC_KHZ, 0);
	a->tsc_khz = khz > 0 ? (uint32_t)khz : 0;

	ret = x86_cpuid_supported(m->kvm_fd, a->cpuid, err);
	if (ret < 0)
		goto fail;
	ret = x86_cpuid_build(a->cpuid, cfg->cpu, cfg->max_vcpus, a->tsc_khz, err);
	if (ret < 0)
		goto fail;
	/* KVM_CAP_XSAVE2 answers for the VM: the area can be larger than 4096 bytes. */
	size = ioctl(m->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_XSAVE2);
	x86_xsave_layout_init(&a->xsave, a->cpuid, size > 0 ? (uint32_t)size : 0);
	ret = x86_msr_list_get(m->kvm_fd, &a->msrs, err);
	if (ret < 0)
		goto fail;
	ret = irqchip_create(m, err);
	if (ret < 0)
		goto fail;
	ret = pci_lines_are_levels(m, err);
	if (ret < 0)
		goto fail;
	ret = irqchip_snapshot(m, err);
	if (ret < 0)
		goto fail;
	enable_caps(m);
	return 0;
fail:
	arch_vm_destroy(m);
	return ret;
}

void arch_vm_probed(struct machine *m, const struct probe_result *probe)
{
	m->arch->bp_inject_adds_len = !(probe->arch & X86_FOUND_BP_AT_INSN);
	m->arch->early_traps = probe->arch & X86_FOUND_EARLY_TRAPS;
	m->arch->rf_passes = probe->arch & X86_FOUND_RF_PASSES;
}

void arch_vm_destroy(struct machine *m)
{
	if (!m->arch)
		return;
	x86_power_on_forget(m->arch);
	free(m->arch->msrs.index);
	free(m->arch->cpuid);
	free(m->arch);
	m->arch = NULL;
}
