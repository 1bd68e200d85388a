// SPDX-License-Identifier: GPL-2.0-only
/*
 * For the lab's virtual machine only.  A VF decodes the addresses that its PF's SR-IOV capability
 * gives it, and has no BARs of its own.  QEMU maps a vfio-user function where the function's own
 * BARs say.  So when a VF appears, and before any driver sees it, its own BARs are written with
 * what the capability implies.
 */
#include <linux/module.h>
#include <linux/pci.h>

#define SIM_VENDOR	0x15b3
#define SIM_DEVICE	0x101d

static void write_bar(struct pci_dev *vf, int bar)
{
	struct resource *res = &vf->resource[bar];
	int at = PCI_BASE_ADDRESS_0 + 4 * bar;
	struct pci_bus_region region;

	if (!(res->flags & IORESOURCE_MEM))
		return;
	pcibios_resource_to_bus(vf->bus, &region, res);
	pci_write_config_dword(vf, at, lower_32_bits(region.start));
	if (res->flags & IORESOURCE_MEM_64)
		pci_write_config_dword(vf, at + 4, upper_32_bits(region.start));
}

static int device_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *vf = to_pci_dev(data);
	struct pci_dev *pf = pci_physfn(vf);

	if (action != BUS_NOTIFY_ADD_DEVICE || !vf->is_virtfn)
		return NOTIFY_DONE;
	if (pf->vendor != SIM_VENDOR || pf->device != SIM_DEVICE)
		return NOTIFY_DONE;
	for (int bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		write_bar(vf, bar);
	pci_write_config_word(vf, PCI_COMMAND, PCI_COMMAND_MEMORY);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = device_event };

static int __init lab_vf_bars_init(void)
{
	return bus_register_notifier(&pci_bus_type, &notifier);
}

static void __exit lab_vf_bars_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &notifier);
}

module_init(lab_vf_bars_init);
module_exit(lab_vf_bars_exit);

MODULE_DESCRIPTION("BARs of simulated VFs, in the lab's virtual machine");
MODULE_LICENSE("GPL");
