// SPDX-License-Identifier: GPL-2.0-only
/*
 * The architecture extension of s390, where a PCI function is the face of a zPCI function:
 * userspace learns what it needs to show the same one to a guest, and KVM learns which function a
 * guest has, so that the machine can carry out the guest's PCI instructions without an exit.
 */
#include <linux/kvm_host.h>
#include <linux/string.h>
#include <linux/vfio_zdev.h>
#include <asm/pci_clp.h>
#include <asm/pci_io.h>

#include "vfio_pci_priv.h"

/* ---- VFIO_DEVICE_GET_INFO -------------------------------------------------------------------- */

static int base_cap(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_zpci_base cap = {
		.header = { .id = VFIO_DEVICE_INFO_CAP_ZPCI_BASE, .version = 2 },
		.fh = zdev->fh,
		.gid = zdev->pfgid,
		.pft = zdev->pft,
		.vfn = zdev->vfn,
		.pchid = zdev->pchid,
		.start_dma = zdev->start_dma,
		.end_dma = zdev->end_dma,
		.fmb_length = zdev->fmb_length,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/*
 * The two longest blocks that one PCI store can carry differ: @maxstbl is for a store that the host
 * makes for the guest, through the region's file, @imaxstbl for one that the machine carries out.
 */
static int group_cap(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_zpci_group cap = {
		.header = { .id = VFIO_DEVICE_INFO_CAP_ZPCI_GROUP, .version = 2 },
		.version = zdev->version,
		.flags = VFIO_DEVICE_INFO_ZPCI_FLAG_REFRESH,
		.dasm = zdev->dma_mask,
		.msi_addr = zdev->msi_addr,
		.noi = zdev->max_msi,
		.mui = zdev->fmb_update,
		.maxstbl = ZPCI_MAX_WRITE_SIZE,
		.imaxstbl = zdev->maxstbl,
	};

	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/* The layout that the utility string and the function path share: a size and so many bytes. */
struct zpci_bytes {
	struct vfio_info_cap_header	header;
	__u32				size;
	__u8				bytes[CLP_UTIL_STR_LEN];
};

static_assert(CLP_PFIP_NR_SEGMENTS <= CLP_UTIL_STR_LEN);
static_assert(offsetof(struct zpci_bytes, bytes) ==
	      offsetof(struct vfio_device_info_cap_zpci_util, util_str));
static_assert(offsetof(struct zpci_bytes, bytes) ==
	      offsetof(struct vfio_device_info_cap_zpci_pfip, pfip));

/* On the stack: what is not allocated cannot be missing. */
static int bytes_cap(struct vfio_info_cap *caps, u16 id, const u8 *bytes, u32 size)
{
	struct zpci_bytes cap = {
		.header = { .id = id, .version = 1 },
		.size = size,
	};

	memcpy(cap.bytes, bytes, size);
	return vfio_info_add_capability(caps, &cap.header, offsetof(typeof(cap), bytes) + size);
}

/* Not every function has one; it is in EBCDIC. */
static int util_cap(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	if (!zdev->util_str_avail)
		return 0;
	return bytes_cap(caps, VFIO_DEVICE_INFO_CAP_ZPCI_UTIL, zdev->util_str,
			 sizeof(zdev->util_str));
}

static int pfip_cap(const struct zpci_dev *zdev, struct vfio_info_cap *caps)
{
	return bytes_cap(caps, VFIO_DEVICE_INFO_CAP_ZPCI_PFIP, zdev->pfip, sizeof(zdev->pfip));
}

/* A function that its machine took away is a PCI device without a zPCI one until it is removed. */
static int s390_info_caps(struct vfio_pci_core_device *vdev, struct vfio_info_cap *caps)
{
	const struct zpci_dev *zdev = to_zpci(vdev->pdev);

	if (!zdev)
		return 0;

	return base_cap(zdev, caps) ?:
	       group_cap(zdev, caps) ?:
	       util_cap(zdev, caps) ?:
	       pfip_cap(zdev, caps);
}

/* ---- KVM ------------------------------------------------------------------------------------- */

/*
 * Gives the function to the guest of the user's KVM, if it has one.  That disables the function and
 * enables it anew under another handle, hence before its config space is read.
 */
static int s390_open(struct vfio_pci_core_device *vdev)
{
	struct zpci_dev *zdev = to_zpci(vdev->pdev);
	struct kvm *kvm = vdev->vdev.kvm;
	int ret;

	if (!zdev)
		return -ENODEV;
	if (!IS_ENABLED(CONFIG_VFIO_PCI_ZDEV_KVM) || !kvm)
		return 0;
	/* Of a kvm that does not register functions. */
	if (!zpci_kvm_hook.kvm_register)
		return -ENOENT;

	ret = zpci_kvm_hook.kvm_register(zdev, kvm);
	if (!ret)
		vdev->arch_data = zdev;
	return ret;
}

/* The module behind the hook stays loaded while vdev.kvm lives, and that is until after close. */
static void s390_close(struct vfio_pci_core_device *vdev)
{
	struct zpci_dev *registered = vdev->arch_data;

	if (!registered)
		return;

	vdev->arch_data = NULL;
	zpci_kvm_hook.kvm_unregister(registered);
}

const struct vfio_pci_arch_ops vfio_pci_arch = {
	.register_device	= vfio_pci_vga_register,
	.unregister_device	= vfio_pci_vga_unregister,
	.open			= s390_open,
	.close			= s390_close,
	.info_caps		= s390_info_caps,
};
