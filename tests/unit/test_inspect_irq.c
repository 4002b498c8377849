// SPDX-License-Identifier: GPL-3.0-or-later
/* info irq without KVM: who raised what, how often, and what became of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>

#include "hv/inspect_irq.h"
#include "hv/pci.h"
#include "tests/unit/fake_machine.h"

static struct fake *f;
static struct strbuf out;

static void setup(void)
{
	f = fake_create();
	cr_assert_not_null(f);
	cr_assert(fake_add_devices(f));
}

static void teardown(void)
{
	fake_destroy(f);
	strbuf_free(&out);
}

TestSuite(inspect_irq, .init = setup, .fini = teardown, .timeout = 20);

static const char *shown(void)
{
	strbuf_clear(&out);
	inspect_irqs(&f->m, &out);
	return strbuf_str(&out);
}

#define expect_line(text_) cr_expect(strstr(shown(), text_ "\n"), "%s\n%s", text_, strbuf_str(&out))

static void set_line(const char *name, bool level)
{
	struct device *dev = device_find(&f->m, name);

	pthread_mutex_lock(&dev->lock);
	device_irq_set(dev, level);
	pthread_mutex_unlock(&dev->lock);
}

Test(inspect_irq, a_line)
{
	expect_line("GSI 8, down: 0 raised, 0 delivered, 0 merged, 0 lost, 0 acknowledged\n"
		    "  from rtc0: 0 raised, 0 acknowledged");
	cr_expect_null(strstr(shown(), "GSI 5"), "which nobody has");
	set_line("rtc0", true);
	expect_line("GSI 8, up: 1 raised, 0 delivered, 0 merged, 0 lost, 0 acknowledged\n"
		    "  from rtc0: 1 raised, 0 acknowledged");
	set_line("rtc0", true);
	set_line("rtc0", false);
	expect_line("GSI 8, down: 1 raised, 0 delivered, 0 merged, 0 lost, 1 acknowledged\n"
		    "  from rtc0: 1 raised, 1 acknowledged");
	irq_set(&f->m, 5, false);
	cr_expect_null(strstr(shown(), "GSI 5"), "it is down as it was");
	irq_set(&f->m, 5, true);
	expect_line("GSI 5, up: 1 raised, 0 delivered, 0 merged, 0 lost, 0 acknowledged");
}

Test(inspect_irq, a_look_changes_nothing)
{
	char *first;

	set_line("rtc0", true);
	first = strdup(shown());
	cr_expect_str_eq(shown(), first);
	free(first);
}

Test(inspect_irq, messages)
{
	struct pci_func *edu = device_find(&f->m, "edu0")->pci;
	uint16_t bdf = (uint16_t)(edu->slot << 3);
	uint8_t msi = edu->msi;

	cr_expect(strstr(shown(), "from edu0, INTA# of slot "), "%s", strbuf_str(&out));
	cr_expect_null(strstr(shown(), "MSI of edu0"), "it is off, and was never sent");
	pci_config_write(&f->m, bdf, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	pci_config_write(&f->m, bdf, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee01000);
	pci_config_write(&f->m, bdf, msi + PCI_MSI_DATA_64, 2, 0x41);
	pci_config_write(&f->m, bdf, msi + PCI_MSI_FLAGS, 2, PCI_MSI_FLAGS_ENABLE);
	pci_msi_send(edu);
	expect_line("MSI of edu0: 1 sent, 0 delivered, 0 lost\n  to vector 0x41 to APIC 0x1");
	pci_config_write(&f->m, bdf, msi + PCI_MSI_FLAGS, 2, 0);
	expect_line("MSI of edu0: 1 sent, 0 delivered, 0 lost\n  to vector 0x41 to APIC 0x1, off");
}

Test(inspect_irq, controllers)
{
	struct error err = { "" };

	cr_expect_eq(inspect_controller(&f->m, "gic", 0, &out, &err), -ENOENT);
	cr_expect_str_eq(err.text, "this processor has no gic");
	cr_expect_eq(inspect_controller(&f->m, "lapic", 0, &out, &err), -ESRCH);
	cr_expect_eq(inspect_controller(&f->m, "lapic", -1, &out, &err), -ESRCH);
	cr_expect_eq(inspect_controller(&f->m, "lapic", 1 << 20, &out, &err), -ESRCH);
	cr_expect_eq(inspect_controller(&f->m, "ioapic", 0, &out, &err), -EBADF);
	cr_expect_str_eq(err.text, "KVM does not show its ioapic: Bad file descriptor");
}
