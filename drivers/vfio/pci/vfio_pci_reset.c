// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset of one function, and of all functions that share a slot or bus (hot reset).
 *
 * A hot reset hits every function in its scope, so whoever asks for it has to own them all.  All
 * vfio devices in one scope form a vfio_device_set; a scope may be reset only if each of its
 * functions is in that set, which also pins them there while the set's lock is held.
 */

#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

int vfio_pci_reset_function(struct vfio_pci_core_device *vdev)
{
	guard(vfio_pci_memory_quiesced)(vdev);

	/*
	 * The PCI core would wake the function for the reset on its own, and then the state that
	 * it lost in D3hot would stay lost.
	 */
	vfio_pci_set_power_state(vdev, PCI_D0);
	return pci_try_reset_function(vdev->pdev);
}

int vfio_pci_ioctl_reset(struct vfio_pci_core_device *vdev)
{
	return vdev->reset_works ? vfio_pci_reset_function(vdev) : -EINVAL;
}

/* ---- what a hot reset hits ------------------------------------------------------------------- */

/**
 * struct vfio_pci_reset_scope - the functions that one hot reset hits
 * @bus: they are on this bus or below it
 * @slot: and in or below this slot; NULL where the whole bus is reset
 */
struct vfio_pci_reset_scope {
	struct pci_bus	*bus;
	struct pci_slot	*slot;
};

/* Return: 0, or -ENODEV where neither slot nor bus can be reset. */
static int vfio_pci_reset_scope_of(struct pci_dev *pdev, struct vfio_pci_reset_scope *scope)
{
	bool by_slot = !pci_probe_reset_slot(pdev->slot);

	*scope = (struct vfio_pci_reset_scope) {
		.bus = pdev->bus,
		.slot = by_slot ? pdev->slot : NULL,
	};
	return by_slot || !pci_probe_reset_bus(pdev->bus) ? 0 : -ENODEV;
}

static bool vfio_pci_below_slot(struct pci_dev *pdev, const struct pci_slot *slot)
{
	while (pdev && pdev->bus != slot->bus)
		pdev = pdev->bus->self;
	return pdev && pdev->slot == slot;
}

/**
 * struct vfio_pci_scope_walk - one pass over the functions of a scope
 * @scope: which
 * @visit: called for each; not 0 ends the walk
 * @result: of the last visit
 * @dev_set: of the device that asks
 * @ictx: iommufd of the device that asks, for those opened by character device
 * @rows: room for what is found, NULL to count only
 * @room: rows
 * @found: functions seen
 * @flags: VFIO_PCI_HOT_RESET_FLAG_*
 */
struct vfio_pci_scope_walk {
	const struct vfio_pci_reset_scope	*scope;
	int (*visit)(struct vfio_pci_scope_walk *walk, struct pci_dev *pdev);
	int					result;
	struct vfio_device_set			*dev_set;
	struct iommufd_ctx			*ictx;
	struct vfio_pci_dependent_device	*rows;
	u32					room;
	u32					found;
	u32					flags;
};

static int vfio_pci_scope_step(struct pci_dev *pdev, void *data)
{
	struct vfio_pci_scope_walk *walk = data;

	if (!walk->scope->slot || vfio_pci_below_slot(pdev, walk->scope->slot))
		walk->result = walk->visit(walk, pdev);
	return walk->result;
}

static int vfio_pci_scope_for_each(struct vfio_pci_scope_walk *walk)
{
	walk->result = 0;
	pci_walk_bus(walk->scope->bus, vfio_pci_scope_step, walk);
	return walk->result;
}

static int vfio_pci_visit_count(struct vfio_pci_scope_walk *walk, struct pci_dev *pdev)
{
	walk->found++;
	return 0;
}

static u32 vfio_pci_scope_count(const struct vfio_pci_reset_scope *scope)
{
	struct vfio_pci_scope_walk walk = { .scope = scope, .visit = vfio_pci_visit_count };

	vfio_pci_scope_for_each(&walk);
	return walk.found;
}

/* ---- VFIO_DEVICE_GET_PCI_HOT_RESET_INFO ------------------------------------------------------ */

/* VFIO_PCI_DEVID_OWNED and _NOT_OWNED, or the iommufd's ID of the device. */
static u32 vfio_pci_reset_devid(struct vfio_device_set *dev_set, struct iommufd_ctx *ictx,
				struct pci_dev *pdev)
{
	struct vfio_device *core_vdev = vfio_find_device_in_devset(dev_set, &pdev->dev);
	int id = core_vdev ? vfio_iommufd_get_dev_id(core_vdev, ictx) : -ENODEV;

	if (id > 0)
		return id;
	/* Not bound itself, but no other iommufd can get at it: its group is bound to ours. */
	return id == -ENOENT ? VFIO_PCI_DEVID_OWNED : VFIO_PCI_DEVID_NOT_OWNED;
}

static int vfio_pci_visit_describe(struct vfio_pci_scope_walk *walk, struct pci_dev *pdev)
{
	struct vfio_pci_dependent_device *row;
	struct iommu_group *group;

	/* One was plugged in since they were counted. */
	if (walk->found == walk->room)
		return -EAGAIN;

	row = &walk->rows[walk->found++];
	row->segment = pci_domain_nr(pdev->bus);
	row->bus = pdev->bus->number;
	row->devfn = pdev->devfn;

	if (walk->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID) {
		row->devid = vfio_pci_reset_devid(walk->dev_set, walk->ictx, pdev);
		if (row->devid == VFIO_PCI_DEVID_NOT_OWNED)
			walk->flags &= ~VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
		return 0;
	}

	group = iommu_group_get(&pdev->dev);
	if (!group)
		return -EPERM;	/* not isolated, so no user may reset it */
	row->group_id = iommu_group_id(group);
	iommu_group_put(group);
	return 0;
}

/**
 * vfio_pci_ioctl_hot_reset_info() - VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 * @vdev: open
 * @arg: struct vfio_pci_hot_reset_info
 * @uarg: the same in userspace, followed by room for rows
 *
 * Context: sleeps; takes dev_set->lock.
 * Return: 0, -ENODEV where there is no hot reset, -ENOSPC with the count in @arg if @uarg has too
 * little room, -EAGAIN if a function appeared meanwhile, -EPERM for one without IOMMU group,
 * -ENOMEM, -EFAULT.
 */
int vfio_pci_ioctl_hot_reset_info(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg)
{
	struct vfio_pci_hot_reset_info __user *uinfo = uarg;
	struct vfio_pci_hot_reset_info *info = arg;
	struct vfio_pci_reset_scope scope;
	struct vfio_pci_scope_walk walk = {
		.scope = &scope,
		.visit = vfio_pci_visit_describe,
		.dev_set = vdev->vdev.dev_set,
		.ictx = vfio_iommufd_device_ictx(&vdev->vdev),
	};
	int ret;

	info->flags = 0;

	ret = vfio_pci_reset_scope_of(vdev->pdev, &scope);
	if (ret)
		return ret;

	walk.room = vfio_pci_scope_count(&scope);
	if (WARN_ON(!walk.room))
		return -ERANGE;

	if (walk.room > (info->argsz - sizeof(*info)) / sizeof(*walk.rows)) {
		info->count = walk.room;
		return -ENOSPC;
	}

	struct vfio_pci_dependent_device *rows __free(kfree) =
		kcalloc(walk.room, sizeof(*rows), GFP_KERNEL);

	if (!rows)
		return -ENOMEM;
	walk.rows = rows;

	if (vfio_device_cdev_opened(&vdev->vdev))
		walk.flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID | VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;

	scoped_guard(mutex, &vdev->vdev.dev_set->lock)
		ret = vfio_pci_scope_for_each(&walk);
	if (ret)
		return ret;

	if (copy_to_user(uinfo->devices, rows, array_size(walk.found, sizeof(*rows))))
		return -EFAULT;

	info->count = walk.found;
	info->flags = walk.flags;
	return 0;
}

/* ---- VFIO_DEVICE_PCI_HOT_RESET --------------------------------------------------------------- */

#define for_each_in_set(vdev, dev_set) \
	list_for_each_entry(vdev, &(dev_set)->device_list, vdev.dev_set_list)

static int vfio_pci_visit_member(struct vfio_pci_scope_walk *walk, struct pci_dev *pdev)
{
	return vfio_find_device_in_devset(walk->dev_set, &pdev->dev) ? 0 : -ENODEV;
}

/* A function whose slot or bus is the set's, or NULL if the set does not cover all that it hits. */
static struct pci_dev *vfio_pci_set_resettable(struct vfio_device_set *dev_set)
{
	struct vfio_pci_reset_scope scope;
	struct vfio_pci_scope_walk walk = {
		.scope = &scope,
		.visit = vfio_pci_visit_member,
		.dev_set = dev_set,
	};
	struct pci_dev *pdev;

	lockdep_assert_held(&dev_set->lock);

	pdev = list_first_entry(&dev_set->device_list, struct vfio_pci_core_device,
				vdev.dev_set_list)->pdev;
	if (vfio_pci_reset_scope_of(pdev, &scope) || vfio_pci_scope_for_each(&walk))
		return NULL;
	return pdev;
}

/* Drops the usage counts of the set's devices, up to but not including @end (NULL: of all). */
static void vfio_pci_set_put(struct vfio_device_set *dev_set, struct vfio_pci_core_device *end)
{
	struct vfio_pci_core_device *vdev;

	for_each_in_set(vdev, dev_set) {
		if (vdev == end)
			return;
		pm_runtime_put(&vdev->pdev->dev);
	}
}

static int vfio_pci_set_get(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *vdev;
	int ret;

	for_each_in_set(vdev, dev_set) {
		ret = pm_runtime_resume_and_get(&vdev->pdev->dev);
		if (ret) {
			vfio_pci_set_put(dev_set, vdev);
			return ret;
		}
	}
	return 0;
}

/**
 * struct vfio_pci_reset_proof - what a user shows to own a set
 * @ictx: its iommufd, if it opened the device by character device
 * @count: group files
 * @groups: a reference is held on each, so the groups stay the user's during the reset
 */
struct vfio_pci_reset_proof {
	struct iommufd_ctx	*ictx;
	u32			count;
	struct file		*groups[] __counted_by(count);
};

static void vfio_pci_reset_proof_free(struct vfio_pci_reset_proof *proof)
{
	if (IS_ERR_OR_NULL(proof))
		return;

	for (u32 i = 0; i < proof->count && proof->groups[i]; i++)
		fput(proof->groups[i]);
	kfree(proof);
}

DEFINE_FREE(vfio_pci_reset_proof, struct vfio_pci_reset_proof *, vfio_pci_reset_proof_free(_T))

static bool vfio_pci_reset_proves(const struct vfio_pci_reset_proof *proof,
				  struct vfio_pci_core_device *vdev)
{
	if (proof->ictx) {
		int id = vfio_iommufd_get_dev_id(&vdev->vdev, proof->ictx);

		return id > 0 || id == -ENOENT;
	}

	for (u32 i = 0; i < proof->count; i++)
		if (vfio_file_has_dev(proof->groups[i], &vdev->vdev))
			return true;
	return false;
}

/* Ends vfio_pci_set_quiesce() for the set's devices, up to but not including @end (NULL: all). */
static void vfio_pci_set_unlock(struct vfio_device_set *dev_set, struct vfio_pci_core_device *end)
{
	struct vfio_pci_core_device *vdev;

	for_each_in_set(vdev, dev_set) {
		if (vdev == end)
			return;
		vfio_pci_memory_unlock(vdev);
	}
}

/*
 * Quiesces memory space of the whole set.  Two users may do this to overlapping sets of locks in
 * any order, so it never waits for one.
 */
static int vfio_pci_set_quiesce(struct vfio_device_set *dev_set,
				const struct vfio_pci_reset_proof *proof)
{
	struct vfio_pci_core_device *vdev;
	int ret = 0;

	for_each_in_set(vdev, dev_set) {
		if (!vfio_pci_reset_proves(proof, vdev))
			ret = -EINVAL;
		else if (!vfio_pci_memory_try_quiesce(vdev))
			ret = -EBUSY;
		if (ret) {
			vfio_pci_set_unlock(dev_set, vdev);
			return ret;
		}
	}
	return 0;
}

static int vfio_pci_set_reset(struct vfio_device_set *dev_set,
			      const struct vfio_pci_reset_proof *proof)
{
	struct vfio_pci_core_device *vdev;
	struct pci_dev *pdev;
	int ret;

	guard(mutex)(&dev_set->lock);

	pdev = vfio_pci_set_resettable(dev_set);
	if (!pdev)
		return -EINVAL;

	ret = vfio_pci_set_get(dev_set);
	if (ret)
		return ret;

	ret = vfio_pci_set_quiesce(dev_set, proof);
	if (!ret) {
		for_each_in_set(vdev, dev_set)
			vfio_pci_pristine_spoil(vdev);
		/* As in vfio_pci_reset_function(): wake them ourselves, or lose state. */
		for_each_in_set(vdev, dev_set)
			vfio_pci_set_power_state(vdev, PCI_D0);
		ret = pci_reset_bus(pdev);
		vfio_pci_set_unlock(dev_set, NULL);
	}

	vfio_pci_set_put(dev_set, NULL);
	return ret;
}

/* Takes references on the group files that the user lists.  Return: the proof or ERR_PTR(). */
static struct vfio_pci_reset_proof *
vfio_pci_reset_proof_get(const struct vfio_pci_reset_scope *scope, u32 count,
			 const s32 __user *ufds)
{
	/* A group holds a device at least, so more groups than devices cannot be needed. */
	if (count > vfio_pci_scope_count(scope))
		return ERR_PTR(-EINVAL);

	struct vfio_pci_reset_proof *proof __free(vfio_pci_reset_proof) =
		kzalloc(struct_size(proof, groups, count), GFP_KERNEL);
	s32 *fds __free(kfree) = memdup_array_user(ufds, count, sizeof(*fds));

	if (!proof)
		return ERR_PTR(-ENOMEM);
	if (IS_ERR(fds))
		return ERR_CAST(fds);
	proof->count = count;

	for (u32 i = 0; i < count; i++) {
		proof->groups[i] = fget(fds[i]);
		if (!proof->groups[i])
			return ERR_PTR(-EBADF);
		if (!vfio_file_is_group(proof->groups[i]))
			return ERR_PTR(-EINVAL);
	}

	return_ptr(proof);
}

/**
 * vfio_pci_ioctl_hot_reset() - VFIO_DEVICE_PCI_HOT_RESET
 * @vdev: open
 * @arg: struct vfio_pci_hot_reset
 * @uarg: the same in userspace, followed by group file descriptors
 *
 * A user that opened the device through its group lists the groups of all devices that are hit.
 * One that opened it as a character device lists none, its iommufd is the proof.
 *
 * Context: sleeps; takes dev_set->lock and each device's memory_lock.
 * Return: 0, -EINVAL for flags, for a list where none belongs or none where one does, for a file
 * that is no group or a set that the user does not own in full, -EBADF, -EFAULT, -ENODEV where
 * there is no hot reset, -EBUSY if a device is just being accessed, or the errno of the reset.
 */
int vfio_pci_ioctl_hot_reset(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg)
{
	struct vfio_pci_hot_reset __user *ureset = uarg;
	struct vfio_pci_hot_reset *reset = arg;
	struct vfio_pci_reset_scope scope;
	int ret;

	if (reset->flags || !!reset->count == vfio_device_cdev_opened(&vdev->vdev))
		return -EINVAL;

	ret = vfio_pci_reset_scope_of(vdev->pdev, &scope);
	if (ret)
		return ret;

	struct vfio_pci_reset_proof *proof __free(vfio_pci_reset_proof) =
		vfio_pci_reset_proof_get(&scope, reset->count, ureset->group_fds);

	if (IS_ERR(proof))
		return PTR_ERR(proof);
	if (!reset->count)
		proof->ictx = vfio_iommufd_device_ictx(&vdev->vdev);

	return vfio_pci_set_reset(vdev->vdev.dev_set, proof);
}

/* ---- registration and close ------------------------------------------------------------------ */

int vfio_pci_reset_assign_set(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	void *set_id = pdev->bus;

	/* Nothing but a function reset reaches these: a set of their own. */
	if (pci_is_root_bus(pdev->bus) || pdev->is_virtfn)
		set_id = vdev;
	else if (!pci_probe_reset_slot(pdev->slot))
		set_id = pdev->slot;

	return vfio_assign_device_set(&vdev->vdev, set_id);
}

void vfio_pci_reset_unused_set(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *vdev;
	bool needed = false;
	struct pci_dev *pdev;

	/* The one that is closing still counts. */
	if (vfio_device_set_open_count(dev_set) > 1)
		return;

	for_each_in_set(vdev, dev_set)
		needed |= vdev->needs_reset;
	if (!needed)
		return;

	pdev = vfio_pci_set_resettable(dev_set);
	if (!pdev || vfio_pci_set_get(dev_set))
		return;

	for_each_in_set(vdev, dev_set)
		vfio_pci_pristine_spoil(vdev);
	if (!pci_reset_bus(pdev)) {
		for_each_in_set(vdev, dev_set)
			vdev->needs_reset = false;
	}
	vfio_pci_set_put(dev_set, NULL);
}
