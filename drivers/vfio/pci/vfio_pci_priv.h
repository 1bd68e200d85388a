/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of vfio-pci-core owe each other; a section per file.
 *
 * Locks, outermost first (Documentation/locking.rst has the whole order):
 *	dev_set->lock > config->lock > igate > ioeventfds_lock > memory_lock (write); irqlock is
 *	innermost.
 */
#ifndef VFIO_PCI_PRIV_H
#define VFIO_PCI_PRIV_H

#include <linux/cleanup.h>
#include <linux/vfio_pci_core.h>

#include <compat/vfio_dma_buf.h>

static inline struct vfio_pci_core_device *to_vfio_pci_core(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct vfio_pci_core_device, vdev);
}

/* ---- vfio_pci_core.c: lifetime --------------------------------------------------------------- */

/**
 * struct vfio_pci_core_params - library-wide settings, from vfio_pci_core_set_params()
 * @nointxmask: never rely on PCI 2.3 INTx masking
 * @disable_vga: no VGA region
 * @disable_idle_d3: keep unused functions in D0
 */
struct vfio_pci_core_params {
	bool nointxmask;
	bool disable_vga;
	bool disable_idle_d3;
};

extern struct vfio_pci_core_params vfio_pci_params;

/* ---- vfio_pci_config*.c, vfio_pci_*caps*.c: config space ------------------------------------- */

/**
 * vfio_pci_config_init() - build the user's view of config space
 * @vdev: enabled, in D0, not yet visible to the user
 *
 * Context: sleeps; open path, dev_set->lock held.
 * Return: 0, -ENOMEM, or the errno of a failed config access.
 */
int vfio_pci_config_init(struct vfio_pci_core_device *vdev);
/* Undoes vfio_pci_config_init(); harmless without it. */
void vfio_pci_config_free(struct vfio_pci_core_device *vdev);

/* VFIO_PCI_CONFIG_REGION_INDEX; as vfio_pci_regops.rw.  -EFAULT beyond the end, as ever. */
ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			   loff_t *ppos, bool iswrite);

/**
 * vfio_pci_memory_enabled() - may the function's memory space be touched now?
 * @vdev: open
 *
 * True in D0 to D2 with the user's memory enable bit set (a VF's is the PF's business).
 * Context: memory_lock held; any context.
 */
bool vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev);

/**
 * vfio_pci_config_emulate() - make a dword of config space memory of the user's
 * @vdev: open, not yet visible to the user
 * @pos: in config space; a multiple of four, behind the standard header
 * @value: what the user reads there until it writes something else
 *
 * The device neither shows nor gets this dword any more, until it is opened anew.
 *
 * Context: sleeps; takes the config lock, so never under igate or memory_lock.
 * Return: 0, or -EINVAL for a position that will not do.
 */
int vfio_pci_config_emulate(struct vfio_pci_core_device *vdev, unsigned int pos, u32 value);

/* ---- vfio_pci_intrs.c, vfio_pci_intx.c, vfio_pci_msi.c, vfio_pci_events.c: interrupts -------- */

/*
 * Learns what the function can do: msi_size, msix_*, has_dyn_msix.  What the function says of
 * itself is checked, so an MSI-X table is in its BAR or there is none.
 * Context: sleeps; open path, in D0, BARs assigned.
 */
void vfio_pci_irqs_setup(struct vfio_pci_core_device *vdev);

/**
 * vfio_pci_set_irqs() - VFIO_DEVICE_SET_IRQS after its sizes were checked
 * @vdev: open
 * @request: flags with one VFIO_IRQ_SET_DATA_*, an index below VFIO_PCI_NUM_IRQS, and vectors that
 *	     VFIO_DEVICE_GET_IRQ_INFO tells of; the kernel's copy, which does not change
 * @data: u8 or s32 for each vector, as the flags say; not looked at where that is nothing
 *
 * Context: sleeps; igate held.
 * Return: 0, -ENOTTY for what an index does not do, -EINVAL for what its state forbids, a positive
 * number of vectors where fewer than asked for are to be had, or another errno.
 */
int vfio_pci_set_irqs(struct vfio_pci_core_device *vdev, const struct vfio_irq_set *request,
		      void *data);

/* Frees whatever interrupts are set up.  Context: sleeps; device closing, takes igate. */
void vfio_pci_irqs_teardown(struct vfio_pci_core_device *vdev);

/* Drops the error and request eventfds.  Context: sleeps; takes igate. */
void vfio_pci_irq_events_release(struct vfio_pci_core_device *vdev);

/* Signals *@event if an eventfd is there.  Context: any. Return: whether it was. */
bool vfio_pci_eventfd_signal(struct vfio_pci_eventfd __rcu **event);

/* True if INTx was unmasked before.  Context: sleeps; takes igate, so never under memory_lock. */
bool vfio_pci_intx_mask(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_io.c: register accesses -------------------------------------------------------- */

void vfio_pci_io_read(void *buf, const void __iomem *io, size_t pos, size_t count,
		      unsigned int max_width);

/* ---- vfio_pci_bar.c: BARs and ROM by read and write ------------------------------------------ */

ssize_t vfio_pci_bar_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite);
ssize_t vfio_pci_rom_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite);
/* Bytes of the ROM region, 0 where no ROM can be read.  Context: sleeps; takes memory_lock. */
size_t vfio_pci_rom_size(struct vfio_pci_core_device *vdev);
/* Unmaps and releases all BARs.  Context: device closing. */
void vfio_pci_release_barmaps(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_mmap.c: BARs by mmap ----------------------------------------------------------- */

/* Finds which BARs userspace may map; reserves the rest of the page of a small one. */
void vfio_pci_probe_mmaps(struct vfio_pci_core_device *vdev);
void vfio_pci_release_mmaps(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_memory.c: who may touch memory space when -------------------------------------- */

/* Takes user mappings of all BARs away; they fault in again.  Context: memory_lock for writing. */
void vfio_pci_zap_bars(struct vfio_pci_core_device *vdev);

/*
 * guard(vfio_pci_memory)(vdev): memory_lock for writing, for a change that leaves memory space
 * answering or makes it answer.
 *
 * guard(vfio_pci_memory_quiesced)(vdev): the same with no user mapping and no dma-buf importer
 * left: what reset, power-down and memory disable need.
 *
 * At the end of either scope dma-bufs follow the state that memory space was left in.  Both sleep.
 */
void vfio_pci_memory_lock(struct vfio_pci_core_device *vdev);
void vfio_pci_memory_quiesce(struct vfio_pci_core_device *vdev);
void vfio_pci_memory_unlock(struct vfio_pci_core_device *vdev);
/* vfio_pci_memory_quiesce() without waiting for memory_lock.  Return: whether it was had. */
bool vfio_pci_memory_try_quiesce(struct vfio_pci_core_device *vdev);

DEFINE_GUARD(vfio_pci_memory, struct vfio_pci_core_device *,
	     vfio_pci_memory_lock(_T), vfio_pci_memory_unlock(_T))
DEFINE_GUARD(vfio_pci_memory_quiesced, struct vfio_pci_core_device *,
	     vfio_pci_memory_quiesce(_T), vfio_pci_memory_unlock(_T))

/*
 * CLASS(vfio_pci_memory_decode, decode)(vdev): memory_lock for writing and memory decode on, put
 * back as it was at the end of the scope: what the kernel's own access to the function (MSI-X
 * table, ROM) needs whatever the user did.  Sleeps.
 */
struct vfio_pci_memory_decode {
	struct vfio_pci_core_device	*vdev;
	bool				switched_on;
};

struct vfio_pci_memory_decode vfio_pci_memory_decode_begin(struct vfio_pci_core_device *vdev);
void vfio_pci_memory_decode_end(const struct vfio_pci_memory_decode *decode);

DEFINE_CLASS(vfio_pci_memory_decode, struct vfio_pci_memory_decode,
	     vfio_pci_memory_decode_end(&_T), vfio_pci_memory_decode_begin(vdev),
	     struct vfio_pci_core_device *vdev)

/* ---- vfio_pci_ioeventfd.c -------------------------------------------------------------------- */

/**
 * vfio_pci_ioeventfd() - VFIO_DEVICE_IOEVENTFD
 * @vdev: open
 * @offset: region and offset of the register, unchecked
 * @data: what is written when the eventfd fires
 * @count: 1, 2, 4 or 8 bytes
 * @fd: eventfd, or -1 to remove
 *
 * Context: sleeps; memory_lock not held.
 * Return: 0, -EINVAL outside of a BAR or inside the MSI-X table, -EEXIST for a duplicate, -ENODEV
 * when there is none to remove, -ENOSPC at the limit, -ENOMEM, or an errno of the eventfd or BAR.
 */
int vfio_pci_ioeventfd(struct vfio_pci_core_device *vdev, u64 offset, u64 data, int count, int fd);
/* Removes all.  Context: device closing. */
void vfio_pci_release_ioeventfds(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_region.c: device-specific regions ---------------------------------------------- */

/*
 * The region of a user's @index (VFIO_PCI_NUM_REGIONS and up), NULL past the last; safe against
 * speculation.
 */
struct vfio_pci_region *vfio_pci_region_get(struct vfio_pci_core_device *vdev, unsigned int index);
void vfio_pci_release_regions(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_pristine.c: is a reset at open needed? ----------------------------------------- */

/* Registration: sees system sleep.  Context: sleeps.  Return: 0 or an errno of the notifier. */
int vfio_pci_pristine_register(struct vfio_pci_core_device *vdev);
void vfio_pci_pristine_unregister(struct vfio_pci_core_device *vdev);

/*
 * Close: the function counts as pristine from here on until it is spoilt.  Called before the reset,
 * so that what happens during it is not overlooked; a reset that fails spoils.
 * Context: dev_set->lock.
 */
void vfio_pci_pristine_begin(struct vfio_pci_core_device *vdev);

/* Somebody touched the function, or may have.  Context: any. */
void vfio_pci_pristine_spoil(struct vfio_pci_core_device *vdev);

/**
 * vfio_pci_pristine_take() - open: was the function left alone since it was reset at close?
 * @vdev: being opened
 *
 * What the new user does spoils it, so it is not pristine afterwards.
 *
 * Context: dev_set->lock.
 * Return: true if a reset would change nothing.
 */
bool vfio_pci_pristine_take(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_ioctl.c, vfio_pci_reset.c, vfio_pci_power.c, vfio_pci_sriov.c ------------------ */

/* VFIO_DEVICE_RESET.  Return: -EINVAL for a function that cannot be reset alone, or its errno. */
int vfio_pci_ioctl_reset(struct vfio_pci_core_device *vdev);

/*
 * Handlers of ioctls: @arg holds the part of the structure that every user must provide,
 * the rest is zero, and what they leave in it goes back; @uarg is for what follows the structure.
 */
int vfio_pci_ioctl_hot_reset_info(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg);
int vfio_pci_ioctl_hot_reset(struct vfio_pci_core_device *vdev, void *arg, void __user *uarg);

/*
 * Resets the function for the user (FLR bits in config space).  Zaps, returns to D0 first.
 * Context: sleeps; takes memory_lock.  Return: 0, -EAGAIN when its lock is taken, -ENOTTY.
 */
int vfio_pci_reset_function(struct vfio_pci_core_device *vdev);

/* Puts the function into its device set before registration. */
int vfio_pci_reset_assign_set(struct vfio_pci_core_device *vdev);
/* Resets the slot or bus of a set whose last user left, if one of it needs that. dev_set->lock. */
void vfio_pci_reset_unused_set(struct vfio_device_set *dev_set);

/* Registration: learns what D3hot does to the function, hands it to runtime PM and back. */
void vfio_pci_power_register(struct vfio_pci_core_device *vdev);
void vfio_pci_power_unregister(struct vfio_pci_core_device *vdev);

/**
 * vfio_pci_set_power_state() - pci_set_power_state() that keeps config state over D3hot
 * @vdev: registered
 * @state: PCI_D0 to PCI_D3hot
 *
 * The command register is kept as the user has left it when the function wakes up, the rest as it
 * was when it fell asleep.
 *
 * Context: sleeps; memory_lock for writing unless nobody else can see the device.
 * Return: 0, -EBUSY for a PF with VFs, -ENOMEM where its state cannot be kept (it stays awake), or
 * pci_set_power_state()'s errno.
 */
int vfio_pci_set_power_state(struct vfio_pci_core_device *vdev, pci_power_t state);

/* In D3hot or a state below it, where neither memory nor most of config space answers. */
static inline bool vfio_pci_asleep(pci_power_t state)
{
	return (__force int)state >= (__force int)PCI_D3hot;
}

/* Ends the low-power feature and brings the function to D0; device closing. */
void vfio_pci_power_close(struct vfio_pci_core_device *vdev);

/* VFIO_DEVICE_FEATURE handlers; as vfio_device_ops.device_feature. */
int vfio_pci_feature_low_power_entry(struct vfio_device *device, u32 flags, void __user *arg,
				     size_t argsz);
int vfio_pci_feature_low_power_entry_wakeup(struct vfio_device *device, u32 flags,
					    void __user *arg, size_t argsz);
int vfio_pci_feature_low_power_exit(struct vfio_device *device, u32 flags, void __user *arg,
				    size_t argsz);
int vfio_pci_feature_vf_token(struct vfio_device *device, u32 flags, void __user *arg,
			      size_t argsz);

/* VF tokens: a PF gets one and a VF finds its PF's; users are counted while VFs are open. */
int vfio_pci_sriov_register(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_unregister(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_open(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_close(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_migration.c: for drivers that called vfio_pci_migration_init() ----------------- */

/* The device is open: its state is RUNNING.  Context: sleeps; the last step of opening. */
void vfio_pci_migration_open(struct vfio_pci_core_device *vdev);
/* Undoes vfio_pci_migration_init(), if that was called.  Context: sleeps; device unregistered. */
void vfio_pci_migration_release(struct vfio_pci_core_device *vdev);
/*
 * The device can migrate and the container says which memory is dirty.  QEMU asks it for each piece
 * of guest memory, mapped BARs included, and fails for one that does not begin at a page.  It cuts
 * a BAR at the MSI-X table, and only without VFIO_REGION_INFO_CAP_MSIX_MAPPABLE at pages.
 */
static inline bool vfio_pci_migration_by_container(const struct vfio_pci_core_device *vdev)
{
	return vdev->migration && !vdev->vdev.log_ops;
}

/* Of the module. */
int vfio_pci_migration_module_init(void);
void vfio_pci_migration_module_exit(void);

/* ---- vfio_pci_dmabuf.c: BAR ranges as dma-buf ------------------------------------------------ */

int vfio_pci_feature_dma_buf(struct vfio_device *device, u32 flags, void __user *arg,
			     size_t argsz);
/*
 * Importers lose access (@revoked) or may map again.  Context: sleeps; memory_lock for writing.
 * Revoke before memory decode, power or reset state changes; restore once memory space answers.
 */
void vfio_pci_dma_buf_move(struct vfio_pci_core_device *vdev, bool revoked);
/* Importers lose access for good.  Context: device closing. */
void vfio_pci_dma_buf_cleanup(struct vfio_pci_core_device *vdev);

/* ---- vfio_pci_x86.c, vfio_pci_s390.c, vfio_pci_powernv.c: architecture extensions ------------ */

/**
 * struct vfio_pci_arch_ops - what an architecture adds; every member is optional
 * @register_device: before the device is visible to userspace
 * @unregister_device: undoes it
 * @open: in vfio_pci_core_enable(), the function being reset and its state saved, before its config
 *	  space is read: makes it the user's towards the platform; may keep what it did in arch_data
 * @close: undoes it, before the saved state is restored; harmless without it
 * @setup: the last step of vfio_pci_core_enable(): may register regions, set has_vga
 * @info_caps: adds to the capability chain of VFIO_DEVICE_GET_INFO
 * @vga_rw: VFIO_PCI_VGA_REGION_INDEX, as vfio_pci_regops.rw, where has_vga is set
 *
 * All may sleep, are called without memory_lock or igate, and return 0 or an errno that the caller
 * passes on.  A device that is none of theirs is no error.
 */
struct vfio_pci_arch_ops {
	int (*register_device)(struct vfio_pci_core_device *vdev);
	void (*unregister_device)(struct vfio_pci_core_device *vdev);
	int (*open)(struct vfio_pci_core_device *vdev);
	void (*close)(struct vfio_pci_core_device *vdev);
	int (*setup)(struct vfio_pci_core_device *vdev);
	int (*info_caps)(struct vfio_pci_core_device *vdev, struct vfio_info_cap *caps);
	ssize_t (*vga_rw)(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			  loff_t *ppos, bool iswrite);
};

/* Defined by the one arch file that is built in; vfio_pci_arch_none.c where there is no other. */
extern const struct vfio_pci_arch_ops vfio_pci_arch;

/* vfio_pci_vga.c: register_device and unregister_device where the arch has no others */
int vfio_pci_vga_register(struct vfio_pci_core_device *vdev);
void vfio_pci_vga_unregister(struct vfio_pci_core_device *vdev);

static inline bool vfio_pci_is_vga(const struct pci_dev *pdev)
{
	return pdev->class >> 8 == PCI_CLASS_DISPLAY_VGA;
}

/* Whether the VGA functions' users get a VGA region. */
static inline bool vfio_pci_vga_enabled(void)
{
	return IS_ENABLED(CONFIG_VFIO_PCI_VGA) && !vfio_pci_params.disable_vga;
}

/* vfio_pci_x86_vga.c, vfio_pci_x86_igd.c; built where the kernel has them configured */
ssize_t vfio_pci_vga_rw(struct vfio_pci_core_device *vdev, char __user *buf, size_t count,
			loff_t *ppos, bool iswrite);
int vfio_pci_igd_open(struct vfio_pci_core_device *vdev);

#endif /* VFIO_PCI_PRIV_H */
