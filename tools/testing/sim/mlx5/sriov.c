// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV in spite of QEMU, which hides that capability of a vfio-user function.  It reads config
 * space once, when the machine is made, and later asks for each capability's ID again: so until
 * the machine's first reset, the capability says that it is a vendor's own.
 *
 * A real VF's BARs are where its PF's capability says.  QEMU knows only what each function's own
 * BARs say, so something in the virtual machine has to write them; see l1/vf_bars.c.
 */
#include <linux/pci_regs.h>

#include "card.h"

#define AT_SERIAL	0x100
#define AT_SRIOV	0x140
#define VF_DEVICE	0x101e

#define EXT_CAP(id, version, next) ((id) | (version) << 16 | (uint32_t)(next) << 20)

static uint32_t header(bool sriov)
{
	return EXT_CAP(sriov ? PCI_EXT_CAP_ID_SRIOV : PCI_EXT_CAP_ID_VNDR, 1, 0);
}

/** sriov_add() - give a PF the capability, disguised */
void sriov_add(struct hca *pf)
{
	struct pci_function *fn = &pf->pci;
	unsigned int vfs = pf->card->options.vfs;

	/* QEMU emulates the first capability, whichever it is. */
	pci_set32(fn, AT_SERIAL, EXT_CAP(PCI_EXT_CAP_ID_DSN, 1, vfs ? AT_SRIOV : 0), 0);
	pci_set32(fn, AT_SERIAL + 4, 0x00123456, 0);
	pci_set32(fn, AT_SERIAL + 8, 0x0002c903, 0);
	if (!vfs)
		return;
	pci_set32(fn, AT_SRIOV, header(false), 0);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_CTRL, 0, PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_INITIAL_VF, vfs, 0);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_TOTAL_VF, vfs, 0);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_NUM_VF, 0, 0xffff);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_VF_OFFSET, 1, 0);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_VF_STRIDE, 1, 0);
	pci_set16(fn, AT_SRIOV + PCI_SRIOV_VF_DID, VF_DEVICE, 0);
	pci_set32(fn, AT_SRIOV + PCI_SRIOV_SUP_PGSIZE, 1, 0);
	pci_set32(fn, AT_SRIOV + PCI_SRIOV_SYS_PGSIZE, 1, 1);
	pci_set32(fn, AT_SRIOV + PCI_SRIOV_BAR,
		  PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH,
		  ~(uint32_t)(VF_BAR_SIZE - 1));
	pci_set32(fn, AT_SRIOV + PCI_SRIOV_BAR + 4, 0, ~0U);
}

/** sriov_show() - the PF was reset: QEMU has seen what it should see */
void sriov_show(struct hca *pf)
{
	if (!pf->card->options.vfs)
		return;
	pf->card->was_reset = true;
	pci_set32(&pf->pci, AT_SRIOV, header(true), 0);
}

/** sriov_written() - VFs that are switched off forget everything */
void sriov_written(struct hca *pf)
{
	bool on = pci_get16(&pf->pci, AT_SRIOV + PCI_SRIOV_CTRL) & PCI_SRIOV_CTRL_VFE;
	unsigned int count = pci_get16(&pf->pci, AT_SRIOV + PCI_SRIOV_NUM_VF);

	for (unsigned int i = 1; i <= pf->card->options.vfs; i++) {
		struct hca *vf = &pf->card->functions[i];
		bool present = on && i <= count;

		if (vf->present && !present)
			hca_reset(vf);
		vf->present = present;
	}
}
