// SPDX-License-Identifier: GPL-2.0-only
/*
 * The standard header and the capabilities of PCI config space, a table each.
 *
 * Section numbers are those of the PCI Express Base Specification 6.0 unless another is named.
 * struct vfio_pci_field says what the columns mean.
 */
#include <linux/array_size.h>

#include "vfio_pci_config.h"

#define ALL	U32_MAX

#define BAR(offset)	{ offset, 4, .virt = ALL, .write = ALL }

/*
 * 7.5.1, type 0 header.  A VF's IDs read as all ones, so the user gets the kernel's.  BARs belong
 * to the host; which of their bits can be written is the device's (vfio_pci_config_init.c).  INTx
 * is masked by the kernel with the bit that the user has, and can be hidden altogether.
 */
static const struct vfio_pci_field header_fields[] = {
	{ PCI_VENDOR_ID, 2, .virt = ALL },
	{ PCI_DEVICE_ID, 2, .virt = ALL },
	{ PCI_COMMAND, 2, .virt = PCI_COMMAND_INTX_DISABLE, .write = ALL,
	  .hook = vfio_pci_command_hook },
	{ PCI_STATUS, 2, .virt = PCI_STATUS_CAP_LIST },
	{ PCI_CLASS_REVISION, 4, .fixed = ALL },
	{ PCI_CACHE_LINE_SIZE, 1, .write = ALL },
	{ PCI_LATENCY_TIMER, 1, .write = ALL },
	{ PCI_HEADER_TYPE, 1, .fixed = ALL },
	{ PCI_BIST, 1, .write = ALL },
	BAR(PCI_BASE_ADDRESS_0),
	BAR(PCI_BASE_ADDRESS_1),
	BAR(PCI_BASE_ADDRESS_2),
	BAR(PCI_BASE_ADDRESS_3),
	BAR(PCI_BASE_ADDRESS_4),
	BAR(PCI_BASE_ADDRESS_5),
	{ PCI_CARDBUS_CIS, 4, .fixed = ALL },
	{ PCI_SUBSYSTEM_VENDOR_ID, 2, .fixed = ALL },
	{ PCI_SUBSYSTEM_ID, 2, .fixed = ALL },
	BAR(PCI_ROM_ADDRESS),
	{ PCI_CAPABILITY_LIST, 1, .virt = ALL },
	{ 0x35, 1, .fixed = ALL },	/* Reserved, to 0x3b */
	{ 0x36, 2, .fixed = ALL },
	{ 0x38, 4, .fixed = ALL },
	{ PCI_INTERRUPT_LINE, 1, .virt = ALL, .write = ALL },
	{ PCI_INTERRUPT_PIN, 1, .virt = ALL },
	{ PCI_MIN_GNT, 1, .fixed = ALL },
	{ PCI_MAX_LAT, 1, .fixed = ALL },
	{}
};

const struct vfio_pci_cap vfio_pci_header_cap = {
	.length = PCI_STD_HEADER_SIZEOF, .fields = header_fields,
};

/*
 * 7.5.2.  Power states go through the kernel.  Wake-up events are the host's to handle, so the user
 * sees a device that has none.
 */
#define PM_PME	(PCI_PM_CTRL_PME_ENABLE | PCI_PM_CTRL_PME_STATUS)

static const struct vfio_pci_field pm_fields[] = {
	{ PCI_PM_PMC, 2, .virt = PCI_PM_CAP_PME_MASK, .zero = PCI_PM_CAP_PME_MASK,
	  .fixed = ~PCI_PM_CAP_PME_MASK },
	{ PCI_PM_CTRL, 2, .virt = PM_PME, .zero = PM_PME, .w1c = PCI_PM_CTRL_PME_STATUS,
	  .write = ~(PM_PME | PCI_PM_CTRL_STATE_MASK), .hook = vfio_pci_pm_ctrl_hook },
	{ PCI_PM_PPB_EXTENSIONS, 1, .write = ALL },
	{ PCI_PM_DATA_REGISTER, 1, .write = ALL },
	{}
};

/* 7.9.18.  Access goes through the kernel's, see the hook. */
static const struct vfio_pci_field vpd_fields[] = {
	{ PCI_VPD_ADDR, 2, .virt = ALL, .write = ALL, .hook = vfio_pci_vpd_addr_hook },
	{ PCI_VPD_DATA, 4, .virt = ALL, .write = ALL },
	{}
};

/*
 * 7.7.1, in two layouts.  Address and data are the host's, and what the user writes there is never
 * used.  The mask bits are the user's, in the device.
 */
#define MSI_FLAGS_WRITE	(PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE)

static const struct vfio_pci_field msi32_fields[] = {
	{ PCI_MSI_FLAGS, 2, .virt = ALL, .write = MSI_FLAGS_WRITE,
	  .hook = vfio_pci_msi_flags_hook },
	{ PCI_MSI_ADDRESS_LO, 4, .virt = ALL, .write = ALL },
	{ PCI_MSI_DATA_32, 2, .virt = ALL, .write = ALL },
	{ PCI_MSI_MASK_32, 4, .write = ALL },
	{ PCI_MSI_PENDING_32, 4 },
	{}
};

static const struct vfio_pci_field msi64_fields[] = {
	{ PCI_MSI_FLAGS, 2, .virt = ALL, .write = MSI_FLAGS_WRITE,
	  .hook = vfio_pci_msi_flags_hook },
	{ PCI_MSI_ADDRESS_LO, 4, .virt = ALL, .write = ALL },
	{ PCI_MSI_ADDRESS_HI, 4, .virt = ALL, .write = ALL },
	{ PCI_MSI_DATA_64, 2, .virt = ALL, .write = ALL },
	{ PCI_MSI_MASK_64, 4, .write = ALL },
	{ PCI_MSI_PENDING_64, 4 },
	{}
};

const struct vfio_pci_cap vfio_pci_msi64_cap = {
	.length = PCI_MSI_DATA_32 + 2, .fields = msi64_fields,
};

/* 7.7.2.  Vectors are set up by ioctl alone. */
static const struct vfio_pci_field msix_fields[] = {
	{ PCI_MSIX_FLAGS, 2, .fixed = PCI_MSIX_FLAGS_QSIZE },
	{ PCI_MSIX_TABLE, 4, .fixed = ALL },
	{ PCI_MSIX_PBA, 4, .fixed = ALL },
	{}
};

/* PCI-X Addendum 2.0, 7.2 */
static const struct vfio_pci_field pcix_fields[] = {
	{ PCI_X_CMD, 2, .write = ALL },
	{ PCI_X_ECC_CSR, 4, .write = ALL },
	{}
};

/*
 * 7.5.3.  The user may not set what other devices or the IOMMU rely on: phantom functions, the
 * payload size, ARI forwarding; of the payload size it has an idea of its own.  Links and slots are
 * the host's.
 */
#define DEVCTL_VIRT	(PCI_EXP_DEVCTL_BCR_FLR | PCI_EXP_DEVCTL_PAYLOAD | PCI_EXP_DEVCTL_READRQ)

static const struct vfio_pci_field exp_fields[] = {
	{ PCI_EXP_FLAGS, 2, .fixed = ALL },
	{ PCI_EXP_DEVCAP, 4, .fixed = ALL },
	{ PCI_EXP_DEVCTL, 2, .virt = DEVCTL_VIRT, .write = ~PCI_EXP_DEVCTL_PHANTOM,
	  .hook = vfio_pci_exp_devctl_hook },
	{ PCI_EXP_DEVSTA, 2 },
	{ PCI_EXP_LNKCAP, 4, .fixed = ALL },
	{ PCI_EXP_LNKCTL, 2 },
	{ PCI_EXP_LNKSTA, 2 },
	{ PCI_EXP_SLTCAP, 4, .fixed = ALL },
	{ PCI_EXP_SLTCTL, 2, .fixed = ALL },	/* a slot is below a port: zeros here */
	{ PCI_EXP_SLTSTA, 2, .fixed = ALL },
	{ PCI_EXP_RTCTL, 2 },
	{ PCI_EXP_RTCAP, 2, .fixed = ALL },
	{ PCI_EXP_RTSTA, 4 },
	{ PCI_EXP_DEVCAP2, 4, .fixed = ALL },
	{ PCI_EXP_DEVCTL2, 2, .write = ~PCI_EXP_DEVCTL2_ARI },
	{ PCI_EXP_DEVSTA2, 2 },
	{ PCI_EXP_LNKCAP2, 4, .fixed = ALL },
	{ PCI_EXP_LNKCTL2, 2 },
	{ PCI_EXP_LNKSTA2, 2 },
	{}
};

/* Conventional PCI Advanced Features ECN */
static const struct vfio_pci_field af_fields[] = {
	{ PCI_AF_LENGTH, 1, .fixed = ALL },
	{ PCI_AF_CAP, 1, .fixed = ALL },
	{ PCI_AF_CTRL, 1, .virt = PCI_AF_CTRL_FLR, .write = PCI_AF_CTRL_FLR,
	  .hook = vfio_pci_af_ctrl_hook },
	{ PCI_AF_STATUS, 1 },
	{}
};

/*
 * By capability ID.  One without fields is read-only; one without a row is kept from the user: the
 * NULL capability, those of bridges and slots, and those that nobody has thought about yet.
 */
static const struct vfio_pci_cap std_caps[PCI_CAP_ID_MAX + 1] = {
	[PCI_CAP_ID_PM]	  = { .length = PCI_PM_SIZEOF, .fields = pm_fields },
	[PCI_CAP_ID_AGP]  = { .length = PCI_AGP_SIZEOF },
	[PCI_CAP_ID_VPD]  = { .length = PCI_CAP_VPD_SIZEOF, .fields = vpd_fields },
	[PCI_CAP_ID_MSI]  = { .length = PCI_MSI_DATA_32 + 2, .measure = vfio_pci_msi_measure,
			      .fields = msi32_fields },
	[PCI_CAP_ID_PCIX] = { .length = PCI_CAP_PCIX_SIZEOF_V0, .measure = vfio_pci_pcix_measure,
			      .fields = pcix_fields },
	[PCI_CAP_ID_HT]	  = { .length = PCI_CAP_SIZEOF, .measure = vfio_pci_ht_measure },
	[PCI_CAP_ID_VNDR] = { .length = PCI_CAP_SIZEOF, .measure = vfio_pci_vndr_measure,
			      .raw = true },
	[PCI_CAP_ID_EXP]  = { .length = PCI_CAP_EXP_RC_ENDPOINT_SIZEOF_V1,
			      .measure = vfio_pci_exp_measure, .fields = exp_fields },
	[PCI_CAP_ID_MSIX] = { .length = PCI_CAP_MSIX_SIZEOF, .fields = msix_fields },
	[PCI_CAP_ID_SATA] = { .length = PCI_SATA_SIZEOF_SHORT, .measure = vfio_pci_sata_measure },
	[PCI_CAP_ID_AF]	  = { .length = PCI_CAP_AF_SIZEOF, .fields = af_fields },
};

const struct vfio_pci_cap *vfio_pci_std_cap(u8 id)
{
	return id < ARRAY_SIZE(std_caps) && std_caps[id].length ? &std_caps[id] : NULL;
}
