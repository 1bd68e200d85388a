// SPDX-License-Identifier: GPL-2.0-only
/*
 * The capabilities of extended config space, a table each.
 *
 * Section numbers are those of the PCI Express Base Specification 6.0.  struct vfio_pci_field says
 * what the columns mean.
 */
#include <linux/array_size.h>

#include "vfio_pci_config.h"

#define ALL	U32_MAX

/* 7.8.4.  Errors of the function are the user's to see, mask and clear. */
#define ERR_UNCOR								\
	(PCI_ERR_UNC_UND | PCI_ERR_UNC_DLP | PCI_ERR_UNC_SURPDN |		\
	 PCI_ERR_UNC_POISON_TLP | PCI_ERR_UNC_FCP | PCI_ERR_UNC_COMP_TIME |	\
	 PCI_ERR_UNC_COMP_ABORT | PCI_ERR_UNC_UNX_COMP | PCI_ERR_UNC_RX_OVER |	\
	 PCI_ERR_UNC_MALF_TLP | PCI_ERR_UNC_ECRC | PCI_ERR_UNC_UNSUP |		\
	 PCI_ERR_UNC_ACSV | PCI_ERR_UNC_INTN | PCI_ERR_UNC_MCBTLP |		\
	 PCI_ERR_UNC_ATOMEG | PCI_ERR_UNC_TLPPRE)
#define ERR_COR									\
	(PCI_ERR_COR_RCVR | PCI_ERR_COR_BAD_TLP | PCI_ERR_COR_BAD_DLLP |	\
	 PCI_ERR_COR_REP_ROLL | PCI_ERR_COR_REP_TIMER | PCI_ERR_COR_ADV_NFAT |	\
	 PCI_ERR_COR_INTERNAL | PCI_ERR_COR_LOG_OVER)

static const struct vfio_pci_field err_fields[] = {
	{ PCI_ERR_UNCOR_STATUS, 4, .write = ERR_UNCOR, .w1c = ALL },
	{ PCI_ERR_UNCOR_MASK, 4, .write = ERR_UNCOR },
	{ PCI_ERR_UNCOR_SEVER, 4, .write = ERR_UNCOR },
	{ PCI_ERR_COR_STATUS, 4, .write = ERR_COR, .w1c = ALL },
	{ PCI_ERR_COR_MASK, 4, .write = ERR_COR },
	{ PCI_ERR_CAP, 4, .write = PCI_ERR_CAP_ECRC_GENE | PCI_ERR_CAP_ECRC_CHKE },
	{}
};

/* 7.8.1.  The selector picks what the data register shows. */
static const struct vfio_pci_field pwr_fields[] = {
	{ PCI_PWR_DSR, 1, .write = ALL },
	{ PCI_PWR_DATA, 4 },
	{ PCI_PWR_CAP, 1, .fixed = ALL },
	{}
};

/* 7.9.3 */
static const struct vfio_pci_field dsn_fields[] = {
	{ 4, 4, .fixed = ALL },		/* Serial Number Register (Lower DW) */
	{ 8, 4, .fixed = ALL },		/* Serial Number Register (Upper DW) */
	{}
};

/* 7.8.8 */
static const struct vfio_pci_field ari_fields[] = {
	{ PCI_ARI_CAP, 2, .fixed = ALL },
	{ PCI_ARI_CTRL, 2 },
	{}
};

/* 10.5.1.  Translation is between the host's IOMMU driver and the device. */
static const struct vfio_pci_field ats_fields[] = {
	{ PCI_ATS_CAP, 2, .fixed = ALL },
	{ PCI_ATS_CTRL, 2 },
	{}
};

/* 7.8.2 */
static const struct vfio_pci_field ltr_fields[] = {
	{ PCI_LTR_MAX_SNOOP_LAT, 2 },
	{ PCI_LTR_MAX_NOSNOOP_LAT, 2 },
	{}
};

/* 9.3.3.  VFs are made by the host; what depends on how many there are is read anew. */
static const struct vfio_pci_field sriov_fields[] = {
	{ PCI_SRIOV_CAP, 4, .fixed = ALL },
	{ PCI_SRIOV_CTRL, 2 },
	{ PCI_SRIOV_STATUS, 2 },
	{ PCI_SRIOV_INITIAL_VF, 2 },
	{ PCI_SRIOV_TOTAL_VF, 2 },
	{ PCI_SRIOV_NUM_VF, 2 },
	{ PCI_SRIOV_FUNC_LINK, 1 },
	{ PCI_SRIOV_VF_OFFSET, 2 },
	{ PCI_SRIOV_VF_STRIDE, 2 },
	{ PCI_SRIOV_VF_DID, 2, .fixed = ALL },
	{ PCI_SRIOV_SUP_PGSIZE, 4, .fixed = ALL },
	{ PCI_SRIOV_SYS_PGSIZE, 4 },
	{}
};

/*
 * By capability ID.  One without fields is read-only; one without a row is kept from the user:
 * those of ports and root complexes, and those that nobody has thought about yet.
 */
static const struct vfio_pci_cap ext_caps[PCI_EXT_CAP_ID_MAX + 1] = {
	[PCI_EXT_CAP_ID_ERR]   = { .length = PCI_ERR_ROOT_COMMAND, .fields = err_fields },
	[PCI_EXT_CAP_ID_VC]    = { .length = PCI_CAP_VC_BASE_SIZEOF,
				   .measure = vfio_pci_vc_measure },
	[PCI_EXT_CAP_ID_DSN]   = { .length = PCI_EXT_CAP_DSN_SIZEOF, .fields = dsn_fields },
	[PCI_EXT_CAP_ID_PWR]   = { .length = PCI_EXT_CAP_PWR_SIZEOF, .fields = pwr_fields },
	[PCI_EXT_CAP_ID_MFVC]  = { .length = PCI_CAP_VC_BASE_SIZEOF,
				   .measure = vfio_pci_vc_measure },
	[PCI_EXT_CAP_ID_VC9]   = { .length = PCI_CAP_VC_BASE_SIZEOF,
				   .measure = vfio_pci_vc_measure },
	[PCI_EXT_CAP_ID_VNDR]  = { .length = PCI_VNDR_HEADER + 4,
				   .measure = vfio_pci_vsec_measure, .raw = true },
	[PCI_EXT_CAP_ID_ACS]   = { .length = PCI_ACS_EGRESS_CTL_V,
				   .measure = vfio_pci_acs_measure },
	[PCI_EXT_CAP_ID_ARI]   = { .length = PCI_EXT_CAP_ARI_SIZEOF, .fields = ari_fields },
	[PCI_EXT_CAP_ID_ATS]   = { .length = PCI_EXT_CAP_ATS_SIZEOF, .fields = ats_fields },
	[PCI_EXT_CAP_ID_SRIOV] = { .length = PCI_EXT_CAP_SRIOV_SIZEOF, .fields = sriov_fields },
	[PCI_EXT_CAP_ID_MCAST] = { .length = PCI_EXT_CAP_MCAST_ENDPOINT_SIZEOF },
	[PCI_EXT_CAP_ID_PRI]   = { .length = PCI_EXT_CAP_PRI_SIZEOF },
	[PCI_EXT_CAP_ID_REBAR] = { .length = PCI_REBAR_CTRL + 4,
				   .measure = vfio_pci_rebar_measure },
	[PCI_EXT_CAP_ID_DPA]   = { .length = PCI_DPA_BASE_SIZEOF,
				   .measure = vfio_pci_dpa_measure },
	[PCI_EXT_CAP_ID_TPH]   = { .length = PCI_TPH_BASE_SIZEOF,
				   .measure = vfio_pci_tph_measure },
	[PCI_EXT_CAP_ID_LTR]   = { .length = PCI_EXT_CAP_LTR_SIZEOF, .fields = ltr_fields },
	[PCI_EXT_CAP_ID_DVSEC] = { .length = PCI_DVSEC_HEADER1 + 4,
				   .measure = vfio_pci_vsec_measure, .raw = true },
};

/* Holds the place of a hidden capability that is the first of its list. */
const struct vfio_pci_cap vfio_pci_ext_placeholder_cap = { .length = PCI_CAP_SIZEOF };

const struct vfio_pci_cap *vfio_pci_ext_cap(u16 id)
{
	return id < ARRAY_SIZE(ext_caps) && ext_caps[id].length ? &ext_caps[id] : NULL;
}
