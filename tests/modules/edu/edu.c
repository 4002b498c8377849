// SPDX-License-Identifier: GPL-2.0-only OR GPL-3.0-or-later
/*
 * A Linux driver of edu, the PCI teaching device (docs/devices.md), to be stepped through in gdb.
 *
 * The device computes a factorial and interrupts when it is done. Writing n to the attribute
 * `factorial` of the device and reading it again gives n!:
 *
 *   echo 6 >/sys/bus/pci/drivers/edu/0000:00:01.0/factorial
 *
 * Built out of tree, against the headers of a stock kernel: docs/debugging-a-driver.md.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sysfs.h>

#define EDU_BAR 0

/* Registers (QEMU, docs/specs/edu). */
#define EDU_ID	       0x00
#define EDU_LIVENESS   0x04 /* reads as the inverse of what was written */
#define EDU_FACTORIAL  0x08
#define EDU_STATUS     0x20
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_ACK    0x64

#define EDU_ID_MAGIC_MASK  0xff
#define EDU_ID_MAGIC	   0xed
#define EDU_STATUS_IRQ	   0x80 /* interrupt when a factorial is done */
#define EDU_LIVENESS_PROBE 0x12345678
#define EDU_PATIENCE	   (60 * HZ)

struct edu {
	void __iomem *regs;
	struct mutex lock; /* one factorial at a time */
	struct completion done;
	u32 result; /* of the last one */
};

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct edu *edu = data;
	u32 why = readl(edu->regs + EDU_IRQ_STATUS);

	if (!why)
		return IRQ_NONE;
	writel(why, edu->regs + EDU_IRQ_ACK);
	complete(&edu->done);
	return IRQ_HANDLED;
}

static int edu_compute(struct edu *edu, u32 n)
{
	int ret = 0;

	mutex_lock(&edu->lock);
	reinit_completion(&edu->done);
	writel(n, edu->regs + EDU_FACTORIAL);
	if (wait_for_completion_timeout(&edu->done, EDU_PATIENCE))
		edu->result = readl(edu->regs + EDU_FACTORIAL);
	else
		ret = -ETIMEDOUT;
	mutex_unlock(&edu->lock);
	return ret;
}

static ssize_t factorial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct edu *edu = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", edu->result);
}

static ssize_t factorial_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct edu *edu = dev_get_drvdata(dev);
	u32 n;
	int ret = kstrtou32(buf, 0, &n);

	if (!ret)
		ret = edu_compute(edu, n);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(factorial);

static struct attribute *edu_attrs[] = {
	&dev_attr_factorial.attr,
	NULL,
};
ATTRIBUTE_GROUPS(edu);

static int edu_check(struct pci_dev *pdev, struct edu *edu)
{
	u32 id = readl(edu->regs + EDU_ID);
	u32 inverse;

	if ((id & EDU_ID_MAGIC_MASK) != EDU_ID_MAGIC)
		return dev_err_probe(&pdev->dev, -ENODEV, "identification %#x is none of edu\n",
				     id);
	writel(EDU_LIVENESS_PROBE, edu->regs + EDU_LIVENESS);
	inverse = readl(edu->regs + EDU_LIVENESS);
	if (inverse != ~EDU_LIVENESS_PROBE)
		return dev_err_probe(&pdev->dev, -EIO, "it does not live: %#x\n", inverse);
	dev_info(&pdev->dev, "edu version %u.%u\n", id >> 24, id >> 16 & 0xff);
	return 0;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu;
	int ret;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;
	mutex_init(&edu->lock);
	init_completion(&edu->done);
	pci_set_drvdata(pdev, edu);

	ret = pcim_enable_device(pdev);
	if (ret)
		return ret;
	ret = pcim_iomap_regions(pdev, BIT(EDU_BAR), KBUILD_MODNAME);
	if (ret)
		return ret;
	edu->regs = pcim_iomap_table(pdev)[EDU_BAR];
	ret = edu_check(pdev, edu);
	if (ret)
		return ret;

	pci_set_master(pdev); /* a message is a write to memory */
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0)
		return ret;
	ret = request_irq(pci_irq_vector(pdev, 0), edu_interrupt, 0, KBUILD_MODNAME, edu);
	if (ret)
		goto no_irq;
	writel(EDU_STATUS_IRQ, edu->regs + EDU_STATUS);

	ret = edu_compute(edu, 10);
	if (ret)
		goto no_answer;
	dev_info(&pdev->dev, "10! is %u\n", edu->result);
	return 0;

no_answer:
	writel(0, edu->regs + EDU_STATUS);
	free_irq(pci_irq_vector(pdev, 0), edu);
no_irq:
	pci_free_irq_vectors(pdev);
	return ret;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	writel(0, edu->regs + EDU_STATUS);
	free_irq(pci_irq_vector(pdev, 0), edu);
	pci_free_irq_vectors(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ 0 },
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = KBUILD_MODNAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.dev_groups = edu_groups,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("Driver of the PCI teaching device edu");
MODULE_LICENSE("GPL");
