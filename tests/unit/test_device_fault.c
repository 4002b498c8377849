// SPDX-License-Identifier: GPL-3.0-or-later
/* Injected faults, as the driver of edu and of a serial line meet them. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>

#include "hv/device_fault.h"
#include "hv/dma.h"
#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

#define BAR   0xc0000000ull
#define ECAM  (PCI_ECAM_BASE | 1 << 15)
#define LINE  11
#define CLOCK 8

static struct fake *f;
static struct error err;

static void setup(void)
{
	fake_watch_irqs();
	f = fake_create();
	cr_assert_not_null(f);
	cr_assert_eq(memory_create(&f->m.ram, -1, 1 << 20, &err), 0, "%s", err.text);
	cr_assert(fake_add_devices(f));
	bus_write(&f->m.mmio, ECAM | PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void teardown(void)
{
	memory_destroy(f->m.ram);
	f->m.ram = NULL;
	fake_destroy(f);
}

TestSuite(fault, .init = setup, .fini = teardown, .timeout = 120);

static uint64_t get(uint64_t at)
{
	uint64_t value;

	bus_read(&f->m.mmio, at, 4, &value);
	return value;
}

static void set(unsigned reg, uint64_t value)
{
	bus_write(&f->m.mmio, BAR + reg, 4, value);
}

static void inject(const char *device, enum device_fault fault)
{
	cr_assert_eq(control_inject(&f->m, device, fault, &err), 0, "%s", err.text);
}

static const char *waiting(const char *device)
{
	static struct strbuf text;

	strbuf_clear(&text);
	device_faults_describe(device_find(&f->m, device), &text);
	return strbuf_str(&text);
}

static void set_clock_line(bool level)
{
	struct device *dev = device_find(&f->m, "rtc0");

	pthread_mutex_lock(&dev->lock);
	device_irq_set(dev, level);
	pthread_mutex_unlock(&dev->lock);
}

/* 64 bytes from the device to 0x1000. */
static void copy(void)
{
	bus_write(&f->m.mmio, BAR + 0x80, 8, 0x40000);
	bus_write(&f->m.mmio, BAR + 0x88, 8, 0x1000);
	bus_write(&f->m.mmio, BAR + 0x90, 8, 64);
	bus_write(&f->m.mmio, BAR + 0x98, 8, 3);
	for (int turn = 0; turn < 50 && (get(BAR + 0x98) & 1); turn++)
		fake_run_for(f, 1);
}

static uint8_t byte_of_ram(uint64_t gpa)
{
	return *(uint8_t *)memory_ptr(f->m.ram, gpa, 1);
}

Test(fault, the_next_access_to_memory_fails)
{
	*(uint8_t *)memory_ptr(f->m.ram, 0x1000, 1) = 0x5a;
	inject("edu0", FAULT_ERROR);
	cr_expect_str_eq(waiting("edu0"), "waits to happen: error\n");
	copy();
	cr_expect_eq(byte_of_ram(0x1000), 0x5a, "nothing was written");
	cr_expect_str_eq(waiting("edu0"), "");
	copy();
	cr_expect_eq(byte_of_ram(0x1000), 0, "the one after it goes well");
	cr_expect_eq(fake_traced("edu0: injected: error"), 1u);
}

Test(fault, the_next_request_is_never_done)
{
	inject("edu0", FAULT_TIMEOUT);
	set(0x08, 5);
	fake_run_for(f, 20);
	cr_expect_eq(get(BAR + 0x20) & 1, 1u, "COMPUTING");
	inject("edu0", FAULT_TIMEOUT);
	copy();
	cr_expect_eq(get(BAR + 0x98) & 1, 1u, "START");
	devices_reset(&f->m);
	bus_write(&f->m.mmio, ECAM | PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	bus_write(&f->m.mmio, 0, 1, 0);
	cr_expect_eq(get(BAR + 0x20) & 1, 0u);
}

Test(fault, the_next_interrupt_is_lost)
{
	inject("edu0", FAULT_LOST_IRQ);
	set(0x60, 1);
	cr_expect_not(fake_irq_level(LINE));
	cr_expect_eq(get(BAR + 0x24), 1u, "the device believes that it has interrupted");
	set(0x60, 2);
	cr_expect_not(fake_irq_level(LINE), "its line is up already, it thinks");
	set(0x64, 3);
	set(0x60, 1);
	cr_expect(fake_irq_level(LINE), "the next one arrives");

	inject("rtc0", FAULT_LOST_IRQ);
	set_clock_line(true);
	cr_expect_not(fake_irq_level(CLOCK));
	set_clock_line(false);
	set_clock_line(true);
	cr_expect(fake_irq_level(CLOCK));
}

Test(fault, a_message_is_lost)
{
	struct pci_func *edu = device_find(&f->m, "edu0")->pci;
	uint16_t bdf = (uint16_t)(edu->slot << 3);

	pci_config_write(&f->m, bdf, edu->msi + PCI_MSI_ADDRESS_LO, 4, 0xfee00000);
	pci_config_write(&f->m, bdf, edu->msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	inject("edu0", FAULT_LOST_IRQ);
	set(0x60, 1);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 0u);
	set(0x60, 2);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 1u);
	inject("edu0", FAULT_SPURIOUS_IRQ);
	cr_expect_eq(fake_traced("msi 0xfee00000"), 2u);
}

Test(fault, an_interrupt_for_nothing)
{
	inject("edu0", FAULT_SPURIOUS_IRQ);
	cr_expect_eq(fake_irq_edges(LINE), 1u);
	cr_expect_not(fake_irq_level(LINE));
	cr_expect_eq(get(BAR + 0x24), 0u, "the device knows of nothing");
	set(0x60, 1);
	cr_expect_eq(control_inject(&f->m, "edu0", FAULT_SPURIOUS_IRQ, &err), -EBUSY);
	cr_expect(fake_irq_level(LINE), "and stays as it is");
	inject("rtc0", FAULT_SPURIOUS_IRQ);
	cr_expect_eq(fake_irq_edges(CLOCK), 1u);
	set_clock_line(true);
	cr_expect_eq(control_inject(&f->m, "rtc0", FAULT_SPURIOUS_IRQ, &err), -EBUSY);
}

Test(fault, unplugged)
{
	struct device *edu = device_find(&f->m, "edu0");
	uint8_t byte;

	set(0x60, 1);
	inject("edu0", FAULT_UNPLUG);
	cr_expect_not(fake_irq_level(LINE), "it pulls nothing");
	cr_expect_eq(get(BAR), 0xffffffffu);
	cr_expect_eq(get(ECAM), 0xffffffffu, "it is not on its bus");
	bus_write(&f->m.mmio, ECAM | PCI_COMMAND, 2, 0);
	set(0x60, 2);
	cr_expect_eq(device_reg_peek(edu, device_reg_find(edu, "irq_status")), 1u,
		     "a person sees what it was like");
	cr_expect_eq(dma_read(edu, 0x1000, &byte, 1), -EFAULT);
	pci_intx_set(edu->pci, true);
	cr_expect_not(fake_irq_level(LINE));
	cr_expect_eq(control_inject(&f->m, "edu0", FAULT_ERROR, &err), -ENODEV);
	cr_expect_str_eq(waiting("edu0"), "unplugged until the next reset\n");
	pci_intx_set(edu->pci, false);
	devices_reset(&f->m);
	cr_expect_eq(get(ECAM), 0x11e81234u);

	inject("serial0", FAULT_UNPLUG);
	cr_expect_eq(fake_in(f, 0x3fd, 1), 0xffu);
}

Test(fault, what_cannot_be)
{
	cr_expect_eq(control_inject(&f->m, "edu9", FAULT_ERROR, &err), -ENOENT);
	cr_expect_str_eq(err.text, "there is no device 'edu9'");
	cr_expect_eq(control_inject(&f->m, "edu0", FAULT_COUNT, &err), -ENOENT);
	cr_expect_eq(control_inject(&f->m, "serial0", FAULT_TIMEOUT, &err), -ENOTSUP);
	cr_expect_str_eq(err.text, "serial0 has no requests that could take for ever");
	cr_expect_eq(control_inject(&f->m, "serial0", FAULT_ERROR, &err), -ENOTSUP);
	cr_expect_eq(control_inject(&f->m, "pci0", FAULT_LOST_IRQ, &err), -ENOTSUP);
	cr_expect_str_eq(err.text, "pci0 has no interrupt");
}
