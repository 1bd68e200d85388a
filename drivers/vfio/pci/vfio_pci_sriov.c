// SPDX-License-Identifier: GPL-2.0-only
/*
 * SR-IOV under a PF that userspace drives, and the VF token that makes it safe enough.
 *
 * Who drives a PF can harm who uses its VFs.  Where the PF's driver is in userspace, both sides
 * therefore prove that they know each other: each PF has a token, a UUID set by its user, and a VF
 * opens only to who names it.  The token is given with the device name that userspace opens:
 *
 *	0000:04:10.0 vf_token=bd8d9d2b-5a5f-4f5a-a211-f591514ba1f3
 *
 * It is asked for on a VF whose PF this library has made VFs for, and on a PF while its VFs are
 * open.  On a PF whose VFs are idle it sets the token.  Anywhere else it is a mistake.
 */

#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

/**
 * struct vfio_pci_vf_token - what opens the VFs of a PF
 * @lock: guards the rest
 * @uuid: random until a user sets it
 * @users: VFs that are open
 */
struct vfio_pci_vf_token {
	struct mutex	lock;
	uuid_t		uuid;
	unsigned int	users;
};

/* PFs whose VFs this library made, or is making. */
static LIST_HEAD(vfio_pci_sriov_pfs);
static DEFINE_MUTEX(vfio_pci_sriov_pfs_lock);

static int vfio_pci_token_refuse(struct vfio_pci_core_device *vdev, int ret, const char *why)
{
	pci_info_ratelimited(vdev->pdev, "%s\n", why);
	return ret;
}

static int vfio_pci_vf_token_check(struct vfio_pci_core_device *vdev, const uuid_t *given)
{
	struct vfio_pci_core_device *pf = vdev->sriov_pf_core_dev ?: vdev;
	struct vfio_pci_vf_token *token = pf->vf_token;

	if (!token) {
		if (!given)
			return 0;
		return vfio_pci_token_refuse(vdev, -EINVAL,
					     vdev->pdev->is_virtfn ?
					     "VF token given, but the PF is not driven by vfio" :
					     "VF token given, but this is neither a PF nor a VF");
	}

	guard(mutex)(&token->lock);

	if (pf == vdev && !token->users) {
		if (given)
			token->uuid = *given;
		return 0;
	}

	if (!given)
		return vfio_pci_token_refuse(vdev, -EACCES, "VF token required");
	if (!uuid_equal(given, &token->uuid))
		return vfio_pci_token_refuse(vdev, -EACCES, "wrong VF token");
	return 0;
}

/**
 * vfio_pci_core_match() - vfio_device_ops.match: is this the device that userspace names?
 * @core_vdev: a device of the group that is asked
 * @buf: name and options, from userspace, terminated
 *
 * Context: sleeps.
 * Return: 1 for yes, 0 for no, -EINVAL for options that do not parse or a token where none is
 * wanted, -EACCES for a missing or wrong token.
 */
int vfio_pci_core_match(struct vfio_device *core_vdev, char *buf)
{
	static const char option[] = "vf_token=";
	struct vfio_pci_core_device *vdev = to_vfio_pci_core(core_vdev);
	const char *name = pci_name(vdev->pdev);
	uuid_t uuid, *given = NULL;
	const char *rest = buf;
	int ret;

	if (!str_has_prefix(rest, name))
		return 0;
	rest += strlen(name);
	if (*rest && *rest != ' ')
		return 0;

	for (rest += strspn(rest, " "); *rest; rest += strspn(rest, " ")) {
		if (given || !str_has_prefix(rest, option))
			return -EINVAL;

		rest += strlen(option);
		if (strnlen(rest, UUID_STRING_LEN) < UUID_STRING_LEN)
			return -EINVAL;
		ret = uuid_parse(rest, &uuid);
		if (ret)
			return ret;

		given = &uuid;
		rest += UUID_STRING_LEN;
	}

	return vfio_pci_vf_token_check(vdev, given) ?: 1;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_match);

/**
 * vfio_pci_feature_vf_token() - VFIO_DEVICE_FEATURE_PCI_VF_TOKEN
 * @device: open
 * @flags: VFIO_DEVICE_FEATURE_SET, or PROBE; to read it would show a former user's token
 * @arg: 16 bytes of UUID
 * @argsz: bytes at @arg
 *
 * Context: sleeps.
 * Return: 0, -ENOTTY on what is no PF, -EINVAL for wrong size or @flags, -EFAULT.
 */
int vfio_pci_feature_vf_token(struct vfio_device *device, u32 flags, void __user *arg,
			      size_t argsz)
{
	struct vfio_pci_vf_token *token = to_vfio_pci_core(device)->vf_token;
	uuid_t uuid;
	int ret;

	if (!token)
		return -ENOTTY;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, sizeof(uuid));
	if (ret != 1)
		return ret;
	if (copy_from_user(&uuid, arg, sizeof(uuid)))
		return -EFAULT;

	guard(mutex)(&token->lock);
	token->uuid = uuid;
	return 0;
}

/*
 * A VF of a PF under a vfio driver gets the same driver, so that no host driver is let loose on
 * what a userspace PF driver made.
 */
static int vfio_pci_vf_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct vfio_pci_core_device *vdev = container_of(nb, struct vfio_pci_core_device, nb);
	struct pci_dev *vf = to_pci_dev(data);
	struct pci_driver *theirs, *ours;

	if (!vf->is_virtfn || pci_physfn(vf) != vdev->pdev)
		return NOTIFY_DONE;

	switch (action) {
	case BUS_NOTIFY_ADD_DEVICE:
		if (device_set_driver_override(&vf->dev, vdev->vdev.ops->name))
			pci_warn(vdev->pdev, "cannot keep VF %s for driver %s\n", pci_name(vf),
				 vdev->vdev.ops->name);
		else
			pci_info(vdev->pdev, "VF %s is for driver %s\n", pci_name(vf),
				 vdev->vdev.ops->name);
		break;
	case BUS_NOTIFY_BOUND_DRIVER:
		theirs = pci_dev_driver(vf);
		ours = pci_dev_driver(vdev->pdev);
		if (theirs && theirs != ours)
			pci_warn(vdev->pdev, "VF %s has driver %s, its PF has %s\n", pci_name(vf),
				 theirs->name, ours->name);
		break;
	}
	return NOTIFY_DONE;
}

int vfio_pci_sriov_register(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_pci_core_device *pf;
	int ret;

	if (pdev->is_virtfn) {
		/* The PF stays: to disable SR-IOV means to unbind this VF first. */
		guard(mutex)(&vfio_pci_sriov_pfs_lock);
		list_for_each_entry(pf, &vfio_pci_sriov_pfs, sriov_pfs_item)
			if (pf->pdev == pci_physfn(pdev))
				vdev->sriov_pf_core_dev = pf;
		return 0;
	}

	if (!pdev->is_physfn)
		return 0;

	struct vfio_pci_vf_token *token __free(kfree) = kzalloc(sizeof(*token), GFP_KERNEL);

	if (!token)
		return -ENOMEM;
	mutex_init(&token->lock);
	uuid_gen(&token->uuid);

	vdev->nb.notifier_call = vfio_pci_vf_notify;
	ret = bus_register_notifier(&pci_bus_type, &vdev->nb);
	if (ret)
		return ret;

	vdev->vf_token = no_free_ptr(token);
	return 0;
}

void vfio_pci_sriov_unregister(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_vf_token *token __free(kfree) = vdev->vf_token;

	if (!token)
		return;

	bus_unregister_notifier(&pci_bus_type, &vdev->nb);
	vdev->vf_token = NULL;
	WARN_ON(token->users);
	mutex_destroy(&token->lock);
}

static void vfio_pci_count_token_user(struct vfio_pci_core_device *vdev, int change)
{
	struct vfio_pci_vf_token *token;

	if (!vdev->sriov_pf_core_dev)
		return;

	token = vdev->sriov_pf_core_dev->vf_token;
	guard(mutex)(&token->lock);
	WARN_ON(change < 0 && !token->users);
	token->users += change;
}

void vfio_pci_sriov_open(struct vfio_pci_core_device *vdev)
{
	vfio_pci_count_token_user(vdev, 1);
}

void vfio_pci_sriov_close(struct vfio_pci_core_device *vdev)
{
	vfio_pci_count_token_user(vdev, -1);
}

/* False if this PF stands in the list already. */
static bool vfio_pci_sriov_pf_add(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vfio_pci_sriov_pfs_lock);

	if (!list_empty(&vdev->sriov_pfs_item))
		return false;
	list_add_tail(&vdev->sriov_pfs_item, &vfio_pci_sriov_pfs);
	return true;
}

static void vfio_pci_sriov_pf_del(struct vfio_pci_core_device *vdev)
{
	/*
	 * Without memory_lock: the worst that a power change racing with this can meet is -EBUSY,
	 * and the function stays in D0.
	 */
	vdev->sriov_active = false;
	vfio_pci_pristine_spoil(vdev);

	guard(mutex)(&vfio_pci_sriov_pfs_lock);
	list_del_init(&vdev->sriov_pfs_item);
}

static int vfio_pci_sriov_enable(struct vfio_pci_core_device *vdev, int nr_virtfn)
{
	struct device *dev = &vdev->pdev->dev;
	int ret;

	/* Both ways to sleep end here, and sriov_active keeps the user from going back. */
	ret = pm_runtime_resume_and_get(dev);
	if (ret)
		return ret;
	scoped_guard(vfio_pci_memory, vdev) {
		vfio_pci_set_power_state(vdev, PCI_D0);
		vdev->sriov_active = true;
		vfio_pci_pristine_spoil(vdev);
	}

	ret = pci_enable_sriov(vdev->pdev, nr_virtfn);
	if (ret)
		pm_runtime_put(dev);
	return ret;
}

/**
 * vfio_pci_core_sriov_configure() - pci_driver.sriov_configure for a PF driven by userspace
 * @vdev: the PF
 * @nr_virtfn: VFs to make, or 0 to remove all
 *
 * Context: sleeps; the device lock of the PF is held, as sriov_numvfs and driver removal do.
 * Return: @nr_virtfn, 0 once there are none, -EINVAL if there are some already, or the errno of
 * resuming the PF or of pci_enable_sriov().
 */
int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *vdev, int nr_virtfn)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret = 0;

	device_lock_assert(&pdev->dev);

	if (nr_virtfn) {
		/* In the list first: the VFs look for their PF while they are being made. */
		if (!vfio_pci_sriov_pf_add(vdev))
			return -EINVAL;
		ret = vfio_pci_sriov_enable(vdev, nr_virtfn);
		if (!ret)
			return nr_virtfn;
	} else if (pci_num_vf(pdev)) {
		pci_disable_sriov(pdev);
		pm_runtime_put(&pdev->dev);
	}

	vfio_pci_sriov_pf_del(vdev);
	return ret;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_sriov_configure);
