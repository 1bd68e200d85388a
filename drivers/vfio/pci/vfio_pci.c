// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci: gives any PCI function to userspace.  All it does itself is to decide which devices it
 * takes; what happens to them is vfio-pci-core.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>
#include <linux/vfio_pci_pristine.h>

static char ids[1024] __initdata;
module_param_string(ids, ids, sizeof(ids), 0);
MODULE_PARM_DESC(ids, "PCI IDs to bind besides driver_override, separated by commas, each as vendor:device[:subvendor[:subdevice[:class[:class_mask]]]] in hexadecimal");

static bool nointxmask;
module_param(nointxmask, bool, 0644);
MODULE_PARM_DESC(nointxmask, "Do not mask INTx at the function (PCI 2.3) but at the interrupt controller, which takes a line of its own");

static bool disable_vga = !IS_ENABLED(CONFIG_VFIO_PCI_VGA);
#if IS_ENABLED(CONFIG_VFIO_PCI_VGA)
module_param(disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Do not offer legacy VGA ranges to userspace");
#endif

static bool disable_idle_d3;
module_param(disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3, "Leave functions in D0 while nobody uses them");

static bool disable_denylist;
module_param(disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist, "Bind devices with known errata that an untrusted user can exploit");

static bool enable_sriov;
#ifdef CONFIG_PCI_IOV
module_param(enable_sriov, bool, 0644);
MODULE_PARM_DESC(enable_sriov, "Let sriov_numvfs make VFs of a PF that is bound to this driver; without a userspace driver of the PF that supports it they may not work");
#endif

/* QuickAssist and accelerators with errata that let their user harm the host. */
static const struct pci_device_id vfio_pci_denylist[] = {
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_C62X_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_DSA_SPR0) },
	{ PCI_VDEVICE(INTEL, PCI_DEVICE_ID_INTEL_IAX_SPR0) },
	{}
};

static bool vfio_pci_denied(struct pci_dev *pdev)
{
	if (!pci_match_id(vfio_pci_denylist, pdev))
		return false;

	pci_warn(pdev, "in the denylist of unsafe devices, %s\n",
		 disable_denylist ? "which is disabled: bound" : "not bound");
	return !disable_denylist;
}

static int vfio_pci_open_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	int ret = vfio_pci_core_enable(vdev);

	if (!ret)
		vfio_pci_core_finish_enable(vdev);
	return ret;
}

static const struct vfio_device_ops vfio_pci_ops = {
	.name		= "vfio-pci",

	.init		= vfio_pci_core_init_dev,
	.match		= vfio_pci_core_match,
	.open_device	= vfio_pci_open_device,
	.close_device	= vfio_pci_core_close_device,
	.request	= vfio_pci_core_request,
	.release	= vfio_pci_core_release_dev,

	.bind_iommufd	= vfio_iommufd_physical_bind,
	.attach_ioas	= vfio_iommufd_physical_attach_ioas,
	.detach_ioas	= vfio_iommufd_physical_detach_ioas,
	.unbind_iommufd	= vfio_iommufd_physical_unbind,

	.ioctl		= vfio_pci_core_ioctl,
	.device_feature	= vfio_pci_core_ioctl_feature,
	.mmap		= vfio_pci_core_mmap,
	.read		= vfio_pci_core_read,
	.write		= vfio_pci_core_write,
};

static int vfio_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_core_device *vdev;
	int ret = -EINVAL;

	if (vfio_pci_denied(pdev))
		return ret;

	vdev = vfio_alloc_device(vfio_pci_core_device, vdev, &pdev->dev, &vfio_pci_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	pci_set_drvdata(pdev, vdev);
	vfio_pci_core_trust_close_reset(vdev);

	ret = vfio_pci_core_register_device(vdev);
	if (ret)
		vfio_put_device(&vdev->vdev);
	return ret;
}

static void vfio_pci_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *vdev = pci_get_drvdata(pdev);

	vfio_pci_core_unregister_device(vdev);
	vfio_put_device(&vdev->vdev);
}

static int vfio_pci_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	if (!enable_sriov)
		return -ENOENT;
	return vfio_pci_core_sriov_configure(pci_get_drvdata(pdev), nr_virtfn);
}

/* Any device, but only if driver_override names us; ids= and new_id add others at run time. */
static const struct pci_device_id vfio_pci_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, vfio_pci_table);

static struct pci_driver vfio_pci_driver = {
	.name			= "vfio-pci",
	.id_table		= vfio_pci_table,
	/* The user's IOMMU domain is vfio's to set up, no default one is wanted. */
	.driver_managed_dma	= true,
	.probe			= vfio_pci_probe,
	.sriov_configure	= vfio_pci_sriov_configure,
	.err_handler		= &vfio_pci_core_err_handlers,
	.remove			= vfio_pci_remove,
};

static void __init vfio_pci_add_id(const char *text)
{
	struct pci_device_id id = { .subvendor = PCI_ANY_ID, .subdevice = PCI_ANY_ID };
	int ret;

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", &id.vendor, &id.device, &id.subvendor,
		   &id.subdevice, &id.class, &id.class_mask) < 2) {
		pr_warn("ids: \"%s\" is no vendor:device\n", text);
		return;
	}

	ret = pci_add_dynid(&vfio_pci_driver, id.vendor, id.device, id.subvendor, id.subdevice,
			    id.class, id.class_mask, 0);
	if (ret)
		pr_warn("ids: cannot add %s: %d\n", text, ret);
	else
		pr_info("ids: added %04x:%04x[%04x:%04x] class %#08x/%08x\n", id.vendor, id.device,
			id.subvendor, id.subdevice, id.class, id.class_mask);
}

static int __init vfio_pci_init(void)
{
	char *rest = ids, *text;
	int ret;

	vfio_pci_core_set_params(nointxmask, disable_vga, disable_idle_d3);

	ret = pci_register_driver(&vfio_pci_driver);
	if (ret)
		return ret;

	while ((text = strsep(&rest, ",")))
		if (*text)
			vfio_pci_add_id(text);

	if (disable_denylist)
		pr_warn("the denylist of unsafe devices is disabled\n");
	return 0;
}
module_init(vfio_pci_init);

static void __exit vfio_pci_exit(void)
{
	pci_unregister_driver(&vfio_pci_driver);
}
module_exit(vfio_pci_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("VFIO driver for any PCI device");
MODULE_VERSION("0.1");
