/* SPDX-License-Identifier: GPL-2.0-only */
/* What the architecture extension of s390 asks for beyond ../config/kernel.h. */
#ifndef UNIT_ZPCI_H
#define UNIT_ZPCI_H

#include <assert.h>

#include "../config/kernel.h"
#include <linux/vfio.h>

#define CLP_UTIL_STR_LEN	64
#define CLP_PFIP_NR_SEGMENTS	4
#define ZPCI_MAX_WRITE_SIZE	128

struct zpci_dev {
	u64 start_dma, end_dma, dma_mask, msi_addr;
	u32 fh;
	u16 pchid, vfn, fmb_length, fmb_update, maxstbl;
	u8 pft, pfgid, version;
	unsigned int max_msi;
	bool util_str_avail;
	u8 pfip[CLP_PFIP_NR_SEGMENTS];
	u8 util_str[CLP_UTIL_STR_LEN];
};

/* @buf grows with each capability; allocation number @fail_at fails, 0 for none. */
struct vfio_info_cap {
	u8 *buf;
	size_t size;
	unsigned int added, fail_at;
};

struct kvm { int unused; };

extern struct zpci_kvm_hook {
	int (*kvm_register)(void *opaque, struct kvm *kvm);
	void (*kvm_unregister)(void *opaque);
} zpci_kvm_hook;

struct zpci_dev *to_zpci(struct pci_dev *pdev);
int vfio_info_add_capability(struct vfio_info_cap *caps, struct vfio_info_cap_header *cap,
			     size_t size);

#endif /* UNIT_ZPCI_H */
