// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a device file: a handler and a row per command, and what describes the device.
 *
 * Every command but VFIO_DEVICE_RESET takes a structure whose first member is its size as the
 * user knows it, argsz.  Copying it in and out and checking its size is written here once.
 */

#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_config.h"
#include "vfio_pci_priv.h"

static inline void vfio_pci_free_caps(struct vfio_info_cap *caps)
{
	if (caps->size)
		kfree(caps->buf);
}

DEFINE_CLASS(vfio_info_caps, struct vfio_info_cap, vfio_pci_free_caps(&_T),
	     (struct vfio_info_cap) {}, void)

/*
 * Hands the capability chain @caps to the user behind its structure of @size bytes, if *@argsz has
 * room for both; tells the room it takes if not.
 */
static inline int vfio_pci_copy_caps(struct vfio_info_cap *caps, void __user *uarg, size_t size,
				     u32 *argsz, u32 *cap_offset)
{
	if (*argsz < size + caps->size) {
		*argsz = size + caps->size;
		*cap_offset = 0;
		return 0;
	}

	vfio_info_cap_shift(caps, size);
	if (copy_to_user(uarg + size, caps->buf, caps->size))
		return -EFAULT;
	*cap_offset = size;
	return 0;
}

/* ---- VFIO_DEVICE_GET_INFO -------------------------------------------------------------------- */

/* Which AtomicOps the root complex completes for this function (PCIe 6.0, 6.15). */
static int vfio_pci_atomic_cap(struct vfio_pci_core_device *vdev, struct vfio_info_cap *caps)
{
	static const struct {
		u32 devcap2;
		u32 flag;
	} widths[] = {
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP32, VFIO_PCI_ATOMIC_COMP32 },
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP64, VFIO_PCI_ATOMIC_COMP64 },
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP128, VFIO_PCI_ATOMIC_COMP128 },
	};
	struct vfio_device_info_cap_pci_atomic_comp cap = {
		.header = { .id = VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP, .version = 1 },
	};
	struct pci_dev *pdev = pci_physfn(vdev->pdev);
	u32 devcap2;

	pcie_capability_read_dword(pdev, PCI_EXP_DEVCAP2, &devcap2);

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++)
		if (devcap2 & widths[i].devcap2 &&
		    !pci_enable_atomic_ops_to_root(pdev, widths[i].devcap2))
			cap.flags |= widths[i].flag;

	return cap.flags ? vfio_info_add_capability(caps, &cap.header, sizeof(cap)) : 0;
}

static int vfio_pci_ioctl_info(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg)
{
	struct vfio_device_info *info = arg;
	CLASS(vfio_info_caps, caps)();
	int ret;

	info->flags = VFIO_DEVICE_FLAGS_PCI;
	if (vdev->reset_works)
		info->flags |= VFIO_DEVICE_FLAGS_RESET;
	info->num_regions = VFIO_PCI_NUM_REGIONS + vdev->num_regions;
	info->num_irqs = VFIO_PCI_NUM_IRQS;
	info->cap_offset = 0;

	ret = vfio_pci_arch.info_caps ? vfio_pci_arch.info_caps(vdev, &caps) : 0;
	if (!ret)
		ret = vfio_pci_atomic_cap(vdev, &caps);
	if (ret || !caps.size)
		return ret;

	info->flags |= VFIO_DEVICE_FLAGS_CAPS;
	return vfio_pci_copy_caps(&caps, uarg, sizeof(*info), &info->argsz, &info->cap_offset);
}

/* ---- VFIO_DEVICE_GET_REGION_INFO ------------------------------------------------------------- */

#define VFIO_PCI_REGION_RW	(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)

/* The end of the legacy VGA memory window, the highest address that the VGA region reaches. */
#define VFIO_PCI_VGA_REGION_SIZE	0xc0000

static int vfio_pci_bar_info(struct vfio_pci_core_device *vdev, struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	struct vfio_info_cap_header msix_mappable = {
		.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
		.version = 1,
	};

	info->size = pci_resource_len(vdev->pdev, info->index);
	if (!info->size)
		return 0;

	info->flags = VFIO_PCI_REGION_RW;
	if (!(vdev->bar_mmap_supported & BIT(info->index)))
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (info->index != vdev->msix_bar || vfio_pci_migration_by_container(vdev))
		return 0;
	return vfio_info_add_capability(caps, &msix_mappable, sizeof(msix_mappable));
}

static noinline int vfio_pci_device_region_info(struct vfio_pci_core_device *vdev,
						struct vfio_region_info *info,
						struct vfio_info_cap *caps)
{
	struct vfio_pci_region *region = vfio_pci_region_get(vdev, info->index);
	struct vfio_region_info_cap_type type = {
		.header = { .id = VFIO_REGION_INFO_CAP_TYPE, .version = 1 },
	};
	int ret;

	if (!region)
		return -EINVAL;

	info->size = region->size;
	info->flags = region->flags;

	type.type = region->type;
	type.subtype = region->subtype;
	ret = vfio_info_add_capability(caps, &type.header, sizeof(type));
	if (ret || !region->ops->add_capability)
		return ret;
	return region->ops->add_capability(vdev, region, caps);
}

static int vfio_pci_describe_region(struct vfio_pci_core_device *vdev,
				    struct vfio_region_info *info, struct vfio_info_cap *caps)
{
	switch (info->index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return vfio_pci_bar_info(vdev, info, caps);
	case VFIO_PCI_ROM_REGION_INDEX:
		info->size = vfio_pci_rom_size(vdev);
		info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ : 0;
		return 0;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		info->size = vdev->pdev->cfg_size;
		info->flags = VFIO_PCI_REGION_RW;
		return 0;
	case VFIO_PCI_VGA_REGION_INDEX:
		if (!vdev->has_vga)
			return -EINVAL;
		info->size = VFIO_PCI_VGA_REGION_SIZE;
		info->flags = VFIO_PCI_REGION_RW;
		return 0;
	default:
		return vfio_pci_device_region_info(vdev, info, caps);
	}
}

static int vfio_pci_ioctl_region_info(struct vfio_pci_core_device *vdev, void *arg,
				      void __user *uarg)
{
	struct vfio_region_info *info = arg;
	CLASS(vfio_info_caps, caps)();
	int ret;

	info->flags = 0;
	info->size = 0;
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);

	ret = vfio_pci_describe_region(vdev, info, &caps);
	if (ret || !caps.size)
		return ret;

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	return vfio_pci_copy_caps(&caps, uarg, sizeof(*info), &info->argsz, &info->cap_offset);
}

/* ---- VFIO_DEVICE_GET_IRQ_INFO, VFIO_DEVICE_SET_IRQS ------------------------------------------ */

/* Vectors that @index offers, 0 where there are none. */
static inline int vfio_pci_irq_count(struct vfio_pci_core_device *vdev, unsigned int index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return vfio_pci_config_shadow(vdev->config, PCI_INTERRUPT_PIN, 1) ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return vdev->msi_size;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return vdev->msix_size / PCI_MSIX_ENTRY_SIZE;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return pci_is_pcie(vdev->pdev) ? 1 : 0;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

static int vfio_pci_ioctl_irq_info(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg)
{
	struct vfio_irq_info *info = arg;

	if (info->index >= VFIO_PCI_NUM_IRQS ||
	    (info->index == VFIO_PCI_ERR_IRQ_INDEX && !pci_is_pcie(vdev->pdev)))
		return -EINVAL;

	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->count = vfio_pci_irq_count(vdev, info->index);

	if (info->index == VFIO_PCI_INTX_IRQ_INDEX)
		info->flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info->index != VFIO_PCI_MSIX_IRQ_INDEX || !vdev->has_dyn_msix)
		info->flags |= VFIO_IRQ_INFO_NORESIZE;

	return 0;
}

static noinline int vfio_pci_set_irqs_many(struct vfio_pci_core_device *vdev,
					   const struct vfio_irq_set *set, const void __user *from,
					   size_t size)
{
	void *data __free(kfree) = memdup_user(from, size);

	if (IS_ERR(data))
		return PTR_ERR(data);

	guard(mutex)(&vdev->igate);
	return vfio_pci_set_irqs(vdev, set, data);
}

static int vfio_pci_ioctl_set_irqs(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg)
{
	struct vfio_irq_set __user *uset = uarg;
	struct vfio_irq_set *set = arg;
	size_t size = 0;
	s32 one;
	int ret;

	ret = vfio_set_irqs_validate_and_prepare(set, vfio_pci_irq_count(vdev, set->index),
						 VFIO_PCI_NUM_IRQS, &size);
	if (ret)
		return ret;

	/* Most requests carry one eventfd, or nothing. */
	if (size && size != sizeof(one))
		return vfio_pci_set_irqs_many(vdev, set, &uset->data, size);
	if (size && copy_from_user(&one, &uset->data, sizeof(one)))
		return -EFAULT;

	guard(mutex)(&vdev->igate);
	return vfio_pci_set_irqs(vdev, set, &one);
}

/* ---- VFIO_DEVICE_IOEVENTFD ------------------------------------------------------------------- */

static int vfio_pci_ioctl_ioeventfd(struct vfio_pci_core_device *vdev, void *arg,
				    void __user *uarg)
{
	struct vfio_device_ioeventfd *ioeventfd = arg;
	u32 width = ioeventfd->flags & VFIO_DEVICE_IOEVENTFD_SIZE_MASK;

	/* The width in bytes is the flag itself: exactly one of 1, 2, 4, 8. */
	if (ioeventfd->flags != width || hweight32(width) != 1 || ioeventfd->fd < -1)
		return -EINVAL;

	return vfio_pci_ioeventfd(vdev, ioeventfd->offset, ioeventfd->data, width, ioeventfd->fd);
}

/* ---- rows ------------------------------------------------------------------------------------ */

union vfio_pci_ioctl_arg {
	u32				argsz;
	struct vfio_device_info		info;
	struct vfio_region_info		region_info;
	struct vfio_irq_info		irq_info;
	struct vfio_irq_set		irq_set;
	struct vfio_pci_hot_reset_info	hot_reset_info;
	struct vfio_pci_hot_reset	hot_reset;
	struct vfio_device_ioeventfd	ioeventfd;
};

/*
 * One command: @in bytes are what every user must provide; up to @out, the structure's size, and
 * the user's argsz is written back, 0 for nothing.  Inlined into each row, where all of it is
 * constant: a copy whose size the compiler knows needs no check at run time, nor does a call of
 * what it knows go through a pointer.
 */
static __always_inline long
vfio_pci_ioctl_run(struct vfio_pci_core_device *vdev, void __user *uarg, size_t in, size_t out,
		   int (*handler)(struct vfio_pci_core_device *vdev, void *arg,
				  void __user *uarg))
{
	/* Of which @in bytes are copied and those up to @out zeroed: a handler looks at no more. */
	union vfio_pci_ioctl_arg data __uninitialized;
	size_t room;
	int ret;

	if (copy_from_user(&data, uarg, in))
		return -EFAULT;
	if (data.argsz < in)
		return -EINVAL;
	if (out > in)
		memset((void *)&data + in, 0, out - in);

	/* The handler may raise argsz to what it would take; the user's room is the old one. */
	room = data.argsz;

	ret = handler(vdev, &data, uarg);

	/* With -ENOSPC the structure says how much space it takes. */
	if (!out || (ret && ret != -ENOSPC))
		return ret;
	if (room < out ? copy_to_user(uarg, &data, room) : copy_to_user(uarg, &data, out))
		return -EFAULT;
	return ret;
}

/* A function for each row, so that none saves registers that only another one needs. */
#define DEFINE_ROW(name, in, out)							\
static noinline long vfio_pci_row_##name(struct vfio_pci_core_device *vdev,		\
					 void __user *uarg)				\
{											\
	return vfio_pci_ioctl_run(vdev, uarg, in, out, vfio_pci_ioctl_##name);		\
}

#define UP_TO(type, last)	offsetofend(struct type, last)

DEFINE_ROW(info, UP_TO(vfio_device_info, num_irqs), sizeof(struct vfio_device_info))
DEFINE_ROW(region_info, UP_TO(vfio_region_info, offset), UP_TO(vfio_region_info, offset))
DEFINE_ROW(irq_info, UP_TO(vfio_irq_info, count), UP_TO(vfio_irq_info, count))
DEFINE_ROW(set_irqs, UP_TO(vfio_irq_set, count), 0)
DEFINE_ROW(hot_reset_info, UP_TO(vfio_pci_hot_reset_info, count),
	   UP_TO(vfio_pci_hot_reset_info, count))
DEFINE_ROW(hot_reset, UP_TO(vfio_pci_hot_reset, count), 0)
DEFINE_ROW(ioeventfd, UP_TO(vfio_device_ioeventfd, fd), 0)

#undef UP_TO
#undef DEFINE_ROW

/**
 * vfio_pci_core_ioctl() - vfio_device_ops.ioctl
 * @core_vdev: open
 * @cmd: VFIO_DEVICE_*, but for those that vfio.ko handles (VFIO_DEVICE_FEATURE, ...)
 * @arg: user address of the command's structure
 *
 * Context: sleeps; vfio.ko keeps the function runtime-resumed.
 * Return: what the command says, -ENOTTY for an unknown one, -EFAULT, or -EINVAL for an argsz that
 * is too small.
 */
long vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd, unsigned long arg)
{
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return vfio_pci_row_info(vdev, uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return vfio_pci_row_region_info(vdev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return vfio_pci_row_irq_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return vfio_pci_row_set_irqs(vdev, uarg);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return vfio_pci_row_hot_reset_info(vdev, uarg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return vfio_pci_row_hot_reset(vdev, uarg);
	case VFIO_DEVICE_IOEVENTFD:
		return vfio_pci_row_ioeventfd(vdev, uarg);
	case VFIO_DEVICE_RESET:
		return vfio_pci_ioctl_reset(vdev);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_core_ioctl);

/* ---- VFIO_DEVICE_FEATURE --------------------------------------------------------------------- */

/**
 * vfio_pci_core_ioctl_feature() - vfio_device_ops.device_feature
 * @device: open
 * @flags: the feature in VFIO_DEVICE_FEATURE_MASK, and GET, SET or PROBE
 * @arg: the feature's data in userspace
 * @argsz: bytes at @arg
 *
 * Migration and DMA logging do not come here: vfio.ko calls a driver's vfio_migration_ops and
 * vfio_log_ops itself.
 *
 * Context: sleeps; vfio.ko keeps the function runtime-resumed.
 * Return: what the feature says, or -ENOTTY for an unknown one.
 */
int vfio_pci_core_ioctl_feature(struct vfio_device *device, u32 flags, void __user *arg,
				size_t argsz)
{
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
		return vfio_pci_feature_vf_token(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return vfio_pci_feature_low_power_entry(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return vfio_pci_feature_low_power_entry_wakeup(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return vfio_pci_feature_low_power_exit(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_DMA_BUF:
		return vfio_pci_feature_dma_buf(device, flags, arg, argsz);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_GPL(vfio_pci_core_ioctl_feature);
