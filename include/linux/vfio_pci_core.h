/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vfio-pci-core: what a vfio PCI driver builds on.
 *
 * A variant driver embeds struct vfio_pci_core_device, points its vfio_device_ops at the functions
 * below (or at its own, which call them) and registers.  The names and prototypes are those of the
 * kernel's header of the same name, so a driver written for that one compiles against this one;
 * what this library adds beyond it stands in headers of its own.
 *
 * Unless a function says otherwise it may sleep and takes no lock from its caller.
 */
#ifndef VFIO_PCI_CORE_H
#define VFIO_PCI_CORE_H

#include <linux/irqbypass.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/uuid.h>
#include <linux/vfio.h>
#include <linux/xarray.h>

/*
 * The file offset of a device file is a region index above, and an offset into that region below,
 * this bit.  Userspace learns it from VFIO_DEVICE_GET_REGION_INFO, it is not ABI.
 */
#define VFIO_PCI_OFFSET_SHIFT		40
#define VFIO_PCI_OFFSET_MASK		((1ULL << VFIO_PCI_OFFSET_SHIFT) - 1)
#define VFIO_PCI_OFFSET_TO_INDEX(off)	((off) >> VFIO_PCI_OFFSET_SHIFT)
#define VFIO_PCI_INDEX_TO_OFFSET(index)	((u64)(index) << VFIO_PCI_OFFSET_SHIFT)

struct vfio_pci_config;
struct vfio_pci_core_device;
struct vfio_pci_dma_buf;
struct vfio_pci_migration;
struct vfio_pci_region;
struct vfio_pci_vf_token;

/**
 * struct vfio_pci_eventfd - an eventfd that is signalled without a lock
 * @rcu: frees it once no signaller can hold it any more
 * @ctx: what to signal; a reference is held
 */
struct vfio_pci_eventfd {
	struct rcu_head		rcu;
	struct eventfd_ctx	*ctx;
};

/**
 * struct vfio_pci_regops - what a device-specific region does
 * @rw: read or write; @ppos holds the region index too, and moves on by what was done.  Returns the
 *	number of bytes done or a negative errno.  The device is runtime-resumed.
 * @mmap: optional, for regions with VFIO_REGION_INFO_FLAG_MMAP
 * @release: frees the region's data when the device is disabled
 * @add_capability: optional, adds to the capability chain of the region info
 */
struct vfio_pci_regops {
	ssize_t (*rw)(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
		      loff_t *ppos, bool iswrite);
	int (*mmap)(struct vfio_pci_core_device *vdev, struct vfio_pci_region *region,
		    struct vm_area_struct *vma);
	void (*release)(struct vfio_pci_core_device *vdev, struct vfio_pci_region *region);
	int (*add_capability)(struct vfio_pci_core_device *vdev, struct vfio_pci_region *region,
			      struct vfio_info_cap *caps);
};

/**
 * struct vfio_pci_region - a device-specific region, index VFIO_PCI_NUM_REGIONS and up
 * @ops: what it does
 * @data: the registering driver's
 * @type: VFIO_REGION_INFO_CAP_TYPE's type
 * @subtype: and subtype
 * @flags: VFIO_REGION_INFO_FLAG_*
 * @size: bytes
 */
struct vfio_pci_region {
	const struct vfio_pci_regops	*ops;
	void				*data;
	u32				type;
	u32				subtype;
	u32				flags;
	size_t				size;
};

/**
 * struct vfio_pci_core_device - a PCI function in the hands of this library
 *
 * @vdev: what vfio.ko sees; must come first in a driver's structure (vfio_alloc_device())
 * @pdev: the function; a driver may use it as it likes within what the library promises
 * @barmap: kernel mappings of the BARs, made on demand by vfio_pci_core_setup_barmap(), gone after
 *	    vfio_pci_core_disable()
 * @memory_lock: held for reading around each access to the function's memory space, for writing
 *		 while memory decode, power or reset state changes
 *
 * @config: config space as the user sees it; NULL while the device is closed
 * @arch_data: of the architecture extension
 *
 * @irq_type: VFIO_PCI_{INTX,MSI,MSIX}_IRQ_INDEX in use, VFIO_PCI_NUM_IRQS for none; @igate
 * @igate: serialises configuration of interrupts
 * @irqlock: INTx mask state against the handler
 * @ctx: by vector, of the interrupt file that irq_type belongs to; @igate
 * @err_trigger: signalled on an AER event; written under @igate
 * @req_trigger: signalled when the device is wanted back; written under @igate
 * @msix_bar: BAR that holds the MSI-X table, 0xff for none; valid while open
 * @msi_size: vectors of the MSI capability, 0 without; valid while open
 * @msi_qmax: log2 of the MSI vectors that the user was granted
 * @msix_size: bytes of the MSI-X table
 * @msix_offset: of the table in @msix_bar
 * @virq_disabled: the user set INTX_DISABLE in its command register
 * @pm_intx_masked: INTx was masked for runtime suspend and wants unmasking at resume
 *
 * @region: the device-specific regions, @num_regions of them; fixed once the device is open
 * @num_regions: see @region
 * @dummy_resources_list: reservations of the rest of a page that a small BAR is alone in
 * @ioeventfds_lock: guards @ioeventfds_list and @ioeventfds_nr
 * @ioeventfds_list: struct vfio_pci_ioeventfd
 * @ioeventfds_nr: length of @ioeventfds_list
 * @dmabufs: struct vfio_pci_dma_buf of this device; @memory_lock
 *
 * @pci_saved_state: state at open, restored at close
 * @pm_save: state kept over D3hot by functions that lose it there; @memory_lock for writing
 * @pm_wake_eventfd_ctx: signalled when the device wakes; @memory_lock for writing
 * @pm_runtime_engaged: a low-power feature is in force; @memory_lock
 * @sriov_active: VFs exist or are being made
 * @needs_reset: closed without a successful reset; dev_set->lock
 * @pristine: reset and restored at the last close, and not touched since, vfio_pci_pristine.c
 * @sleep_nb: spoils @pristine when the system goes to sleep
 *
 * @nb: sees VFs of this PF arrive and bind
 * @vf_token: of a PF; what opens its VFs
 * @sriov_pfs_item: in the list of PFs whose VFs this library made
 * @sriov_pf_core_dev: of a VF that this library made
 *
 * @dma_window_lock: held while a window of <linux/vfio_pci_dma_window.h> is open
 * @migration: of drivers that called vfio_pci_migration_init(), else NULL
 *
 * @has_dyn_msix: MSI-X vectors can be allocated one at a time
 * @pci_2_3: INTx can be masked at the function (PCI 2.3 DisINTx and INTx status work)
 * @reset_works: the function can be reset alone
 * @has_vga: the VGA region exists
 * @nointx: INTx is broken beyond use and hidden
 * @needs_pm_restore: D3hot loses config state (PM capability without No_Soft_Reset)
 * @disable_idle_d3: leave the function in D0 while nobody uses it
 * @trust_close_reset: the driver touches the function between enable and disable only
 * @bar_trapped: BARs that are reached by read and write alone, vfio_pci_core_trap_bar()
 * @bar_mmap_supported: BARs that may be mapped by userspace, fixed at finish_enable
 *
 * Fields above the first blank line are for variant drivers; the rest is the library's own, in the
 * order of the files that own them.
 */
struct vfio_pci_core_device {
	struct vfio_device		vdev;
	struct pci_dev			*pdev;
	void __iomem			*barmap[PCI_STD_NUM_BARS];
	struct rw_semaphore		memory_lock;

	struct vfio_pci_config		*config;
	void				*arch_data;

	struct mutex			igate;
	spinlock_t			irqlock;
	struct xarray			ctx;
	int				irq_type;
	u8				msix_bar;
	u8				msi_qmax;
	u8				msi_size;
	u16				msix_size;
	u32				msix_offset;
	struct vfio_pci_eventfd __rcu	*err_trigger;
	struct vfio_pci_eventfd __rcu	*req_trigger;
	bool				virq_disabled;
	bool				pm_intx_masked;

	int				num_regions;
	int				ioeventfds_nr;
	struct vfio_pci_region		*region;
	struct list_head		dummy_resources_list;
	struct list_head		ioeventfds_list;
	struct mutex			ioeventfds_lock;
	struct list_head		dmabufs;

	struct pci_saved_state		*pci_saved_state;
	struct pci_saved_state		*pm_save;
	struct eventfd_ctx		*pm_wake_eventfd_ctx;
	bool				pm_runtime_engaged;
	bool				sriov_active;
	bool				needs_reset;
	bool				pristine;
	struct notifier_block		sleep_nb;

	struct notifier_block		nb;
	struct vfio_pci_vf_token	*vf_token;
	struct vfio_pci_core_device	*sriov_pf_core_dev;
	struct list_head		sriov_pfs_item;

	struct mutex			dma_window_lock;
	struct vfio_pci_migration	*migration;

	/* Written while the device is opened or registered only, so sharing a word is safe. */
	bool				reset_works:1;
	bool				needs_pm_restore:1;
	bool				disable_idle_d3:1;
	bool				trust_close_reset:1;
	bool				pci_2_3:1;
	bool				nointx:1;
	bool				has_dyn_msix:1;
	bool				has_vga:1;
	u8				bar_trapped;
	u8				bar_mmap_supported;
};

/*
 * Lifetime.  A driver's probe: vfio_alloc_device(), dev_set_drvdata(), register; its remove:
 * unregister, vfio_put_device().  Its open_device: enable, what it wants to add, finish_enable.
 */
int vfio_pci_core_init_dev(struct vfio_device *core_vdev);
int vfio_pci_core_register_device(struct vfio_pci_core_device *vdev);
void vfio_pci_core_unregister_device(struct vfio_pci_core_device *vdev);
void vfio_pci_core_release_dev(struct vfio_device *core_vdev);

int vfio_pci_core_enable(struct vfio_pci_core_device *vdev);
void vfio_pci_core_finish_enable(struct vfio_pci_core_device *vdev);
void vfio_pci_core_disable(struct vfio_pci_core_device *vdev);
void vfio_pci_core_close_device(struct vfio_device *core_vdev);

void vfio_pci_core_set_params(bool nointxmask, bool is_disable_vga, bool is_disable_idle_d3);

/* struct vfio_device_ops, as they are or called from a driver's own */
ssize_t vfio_pci_core_read(struct vfio_device *core_vdev, char __user *buf, size_t count,
			   loff_t *ppos);
ssize_t vfio_pci_core_write(struct vfio_device *core_vdev, const char __user *buf, size_t count,
			    loff_t *ppos);
int vfio_pci_core_mmap(struct vfio_device *core_vdev, struct vm_area_struct *vma);
long vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd, unsigned long arg);
int vfio_pci_core_ioctl_feature(struct vfio_device *device, u32 flags, void __user *arg,
				size_t argsz);
int vfio_pci_core_match(struct vfio_device *core_vdev, char *buf);
void vfio_pci_core_request(struct vfio_device *core_vdev, unsigned int count);

/* struct pci_driver's */
extern const struct pci_error_handlers vfio_pci_core_err_handlers;
pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev, pci_channel_state_t state);
int vfio_pci_core_sriov_configure(struct vfio_pci_core_device *vdev, int nr_virtfn);

/* Regions and BARs */
int vfio_pci_core_register_dev_region(struct vfio_pci_core_device *vdev, unsigned int type,
				      unsigned int subtype, const struct vfio_pci_regops *ops,
				      size_t size, u32 flags, void *data);
int vfio_pci_core_setup_barmap(struct vfio_pci_core_device *vdev, int bar);

/**
 * enum vfio_pci_io_width - the widest single access that a range allows, in bytes
 * @VFIO_PCI_IO_WIDTH_1: bytes only
 * @VFIO_PCI_IO_WIDTH_2: up to 16 bits
 * @VFIO_PCI_IO_WIDTH_4: up to 32 bits
 * @VFIO_PCI_IO_WIDTH_8: up to 64 bits
 */
enum vfio_pci_io_width {
	VFIO_PCI_IO_WIDTH_1 = 1,
	VFIO_PCI_IO_WIDTH_2 = 2,
	VFIO_PCI_IO_WIDTH_4 = 4,
	VFIO_PCI_IO_WIDTH_8 = 8,
};

ssize_t vfio_pci_core_do_io_rw(struct vfio_pci_core_device *vdev, bool test_mem, void __iomem *io,
			       char __user *buf, loff_t off, size_t count, size_t x_start,
			       size_t x_end, bool iswrite, enum vfio_pci_io_width max_width);
bool vfio_pci_core_range_intersect_range(loff_t buf_start, size_t buf_cnt, loff_t reg_start,
					 size_t reg_cnt, loff_t *buf_offset,
					 size_t *intersect_count, size_t *register_offset);

int vfio_pci_core_ioread8(struct vfio_pci_core_device *vdev, bool test_mem,
			  u8 *val, void __iomem *io);
int vfio_pci_core_ioread16(struct vfio_pci_core_device *vdev, bool test_mem,
			   u16 *val, void __iomem *io);
int vfio_pci_core_ioread32(struct vfio_pci_core_device *vdev, bool test_mem,
			   u32 *val, void __iomem *io);
#ifdef ioread64
int vfio_pci_core_ioread64(struct vfio_pci_core_device *vdev, bool test_mem,
			   u64 *val, void __iomem *io);
#endif
int vfio_pci_core_iowrite8(struct vfio_pci_core_device *vdev, bool test_mem,
			   u8 val, void __iomem *io);
int vfio_pci_core_iowrite16(struct vfio_pci_core_device *vdev, bool test_mem,
			    u16 val, void __iomem *io);
int vfio_pci_core_iowrite32(struct vfio_pci_core_device *vdev, bool test_mem,
			    u32 val, void __iomem *io);
#ifdef iowrite64
int vfio_pci_core_iowrite64(struct vfio_pci_core_device *vdev, bool test_mem,
			    u64 val, void __iomem *io);
#endif

#endif /* VFIO_PCI_CORE_H */
