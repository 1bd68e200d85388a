// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lengths of capabilities that say themselves how long they are.
 *
 * The answers are the device's and unchecked; the caller cuts them to what is left of config space.
 */
#include <linux/align.h>
#include <linux/bitfield.h>

#include "vfio_pci_config.h"

static int measure_byte(struct pci_dev *pdev, int pos, u8 *val)
{
	return pcibios_err_to_errno(pci_read_config_byte(pdev, pos, val));
}

static int measure_word(struct pci_dev *pdev, int pos, u16 *val)
{
	return pcibios_err_to_errno(pci_read_config_word(pdev, pos, val));
}

static int measure_dword(struct pci_dev *pdev, int pos, u32 *val)
{
	return pcibios_err_to_errno(pci_read_config_dword(pdev, pos, val));
}

int vfio_pci_msi_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u16 flags;
	int ret = measure_word(pdev, pos + PCI_MSI_FLAGS, &flags);

	if (ret)
		return ret;

	if (flags & PCI_MSI_FLAGS_64BIT) {
		*cap = &vfio_pci_msi64_cap;
		return flags & PCI_MSI_FLAGS_MASKBIT ? PCI_MSI_PENDING_64 + 4 : PCI_MSI_DATA_64 + 2;
	}
	return flags & PCI_MSI_FLAGS_MASKBIT ? PCI_MSI_PENDING_32 + 4 : PCI_MSI_DATA_32 + 2;
}

int vfio_pci_pcix_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u16 command;

	return measure_word(pdev, pos + PCI_X_CMD, &command) ?:
	       PCI_X_CMD_VERSION(command) ? PCI_CAP_PCIX_SIZEOF_V2 : PCI_CAP_PCIX_SIZEOF_V0;
}

int vfio_pci_ht_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u8 type;

	return measure_byte(pdev, pos + PCI_CAP_FLAGS + 1, &type) ?:
	       type & HT_3BIT_CAP_MASK ? HT_CAP_SIZEOF_SHORT : HT_CAP_SIZEOF_LONG;
}

int vfio_pci_vndr_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u8 length;

	return measure_byte(pdev, pos + PCI_CAP_FLAGS, &length) ?: length;
}

int vfio_pci_exp_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	bool link = pci_pcie_type(pdev) != PCI_EXP_TYPE_RC_END;

	if (FIELD_GET(PCI_EXP_FLAGS_VERS, pcie_caps_reg(pdev)) == 1)
		return link ? PCI_CAP_EXP_ENDPOINT_SIZEOF_V1 : PCI_CAP_EXP_RC_ENDPOINT_SIZEOF_V1;
	return link ? PCI_CAP_EXP_ENDPOINT_SIZEOF_V2 : PCI_CAP_EXP_RC_ENDPOINT_SIZEOF_V2;
}

int vfio_pci_sata_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u8 where;

	return measure_byte(pdev, pos + PCI_SATA_REGS, &where) ?:
	       (where & PCI_SATA_REGS_MASK) == PCI_SATA_REGS_INLINE ? PCI_SATA_SIZEOF_LONG :
								       PCI_SATA_SIZEOF_SHORT;
}

/* Port arbitration tables are a bridge's, and none of this is the user's to write: not counted. */
int vfio_pci_vc_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 cap1, cap2;
	int length, phases;
	int ret;

	ret = measure_dword(pdev, pos + PCI_VC_PORT_CAP1, &cap1) ?:
	      measure_dword(pdev, pos + PCI_VC_PORT_CAP2, &cap2);
	if (ret)
		return ret;

	length = PCI_CAP_VC_BASE_SIZEOF +
		 (1 + FIELD_GET(PCI_VC_CAP1_EVCC, cap1)) * PCI_CAP_VC_PER_VC_SIZEOF;

	if (cap2 & PCI_VC_CAP2_128_PHASE)
		phases = 128;
	else if (cap2 & PCI_VC_CAP2_64_PHASE)
		phases = 64;
	else if (cap2 & PCI_VC_CAP2_32_PHASE)
		phases = 32;
	else
		return length;

	/* The VC arbitration table: four bits a phase, on a 16-byte boundary. */
	return ALIGN(length, 16) + phases / 2;
}

/* VSEC and DVSEC: the length stands in the same bits of the same register. */
int vfio_pci_vsec_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 header;

	return measure_dword(pdev, pos + PCI_VNDR_HEADER, &header) ?: PCI_VNDR_HEADER_LEN(header);
}

int vfio_pci_acs_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 acs;
	int bits;
	int ret;

	ret = measure_dword(pdev, pos + PCI_ACS_CAP, &acs);
	if (ret)
		return ret;
	if (!(acs & PCI_ACS_EC))
		return PCI_ACS_EGRESS_CTL_V;

	/* A vector size of zero means 256. */
	bits = acs >> BITS_PER_BYTE & U8_MAX;
	return PCI_ACS_EGRESS_CTL_V + ALIGN(bits ?: 256, 32) / BITS_PER_BYTE;
}

int vfio_pci_rebar_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 control;

	return measure_dword(pdev, pos + PCI_REBAR_CTRL, &control) ?:
	       PCI_REBAR_CAP + 8 * FIELD_GET(PCI_REBAR_CTRL_NBAR_MASK, control);
}

int vfio_pci_dpa_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 dpa;

	return measure_dword(pdev, pos + PCI_DPA_CAP, &dpa) ?:
	       PCI_DPA_BASE_SIZEOF + 1 + FIELD_GET(PCI_DPA_CAP_SUBSTATE_MASK, dpa);
}

int vfio_pci_tph_measure(struct pci_dev *pdev, int pos, const struct vfio_pci_cap **cap)
{
	u32 tph;
	int ret;

	ret = measure_dword(pdev, pos + PCI_TPH_CAP, &tph);
	if (ret)
		return ret;
	if ((tph & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return PCI_TPH_BASE_SIZEOF;

	/* The size field is the index of the last entry. */
	return PCI_TPH_BASE_SIZEOF + 2 * (1 + FIELD_GET(PCI_TPH_CAP_ST_MASK, tph));
}
