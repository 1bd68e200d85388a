// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may touch a function's memory space, and when.
 *
 * Everyone who touches it holds memory_lock for reading and has seen it enabled meanwhile.  Whoever
 * makes it stop answering holds the lock for writing and takes away what others reach it through
 * without that lock: user mappings, which fault in again, and dma-bufs, whose importers are told.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pm_runtime.h>
#include <linux/vfio_pci_override.h>

#include "vfio_pci_priv.h"

/**
 * vfio_pci_zap_bars() - take all user mappings of BARs away
 * @vdev: registered
 *
 * The next access through one of them faults, and gets its page back once memory space answers.
 *
 * Context: sleeps; memory_lock held for writing, or a fault could slip in behind.
 */
void vfio_pci_zap_bars(struct vfio_pci_core_device *vdev)
{
	const u64 from = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_BAR0_REGION_INDEX);
	const u64 to = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_ROM_REGION_INDEX);

	lockdep_assert_held_write(&vdev->memory_lock);

	unmap_mapping_range(vdev->vdev.inode->i_mapping, from, to - from, true);
}

/**
 * vfio_pci_memory_lock() - begin a change that leaves memory space answering; see the guards
 * @vdev: registered
 *
 * Context: sleeps; takes memory_lock for writing.
 */
void vfio_pci_memory_lock(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
}

/* Takes away what others reach memory space through without memory_lock, which is held. */
static void take_away(struct vfio_pci_core_device *vdev)
{
	vfio_pci_zap_bars(vdev);
	if (!list_empty(&vdev->dmabufs))
		vfio_pci_dma_buf_move(vdev, true);
}

/**
 * vfio_pci_memory_quiesce() - begin a change that may stop memory space from answering
 * @vdev: registered
 *
 * When it returns nobody but the caller can reach the function's memory space.
 *
 * Context: sleeps; takes memory_lock for writing.
 */
void vfio_pci_memory_quiesce(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
	take_away(vdev);
}

/**
 * vfio_pci_memory_try_quiesce() - vfio_pci_memory_quiesce(), unless memory_lock is taken
 * @vdev: registered
 *
 * Context: sleeps, but not for memory_lock; takes it for writing.
 * Return: true if vfio_pci_memory_unlock() has to follow.
 */
bool vfio_pci_memory_try_quiesce(struct vfio_pci_core_device *vdev)
{
	if (!down_write_trylock(&vdev->memory_lock))
		return false;

	take_away(vdev);
	return true;
}

/**
 * vfio_pci_memory_unlock() - end what one of the three before began
 * @vdev: registered
 *
 * Gives dma-bufs back if memory space answers now.  Power management also comes here while the
 * device is closed; then there are neither dma-bufs nor a user's view of the command register.
 *
 * Context: sleeps; memory_lock held for writing, and released.
 */
void vfio_pci_memory_unlock(struct vfio_pci_core_device *vdev)
{
	if (!list_empty(&vdev->dmabufs) && !vdev->pm_runtime_engaged &&
	    vfio_pci_memory_enabled(vdev))
		vfio_pci_dma_buf_move(vdev, false);
	up_write(&vdev->memory_lock);
}

/* Virtual functions have no memory enable bit of their own, and need none. */
static bool memory_decodes(const struct pci_dev *pdev, u16 command)
{
	return pdev->no_command_memory || command & PCI_COMMAND_MEMORY;
}

/**
 * vfio_pci_memory_decode_begin() - let the kernel reach memory space whatever the user set
 * @vdev: enabled, runtime-resumed
 *
 * Context: sleeps; takes memory_lock for writing.
 * Return: what vfio_pci_memory_decode_end() needs.  A function that is gone reads as decoding.
 */
struct vfio_pci_memory_decode vfio_pci_memory_decode_begin(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_memory_decode decode = { .vdev = vdev };
	u16 command;

	down_write(&vdev->memory_lock);
	pci_read_config_word(vdev->pdev, PCI_COMMAND, &command);
	if (!memory_decodes(vdev->pdev, command)) {
		pci_write_config_word(vdev->pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
		decode.switched_on = true;
	}
	return decode;
}

/**
 * vfio_pci_memory_decode_end() - undo vfio_pci_memory_decode_begin()
 * @decode: what that returned
 *
 * Other bits of the command register stay as the kernel set them meanwhile (INTx disable).
 *
 * Context: sleeps; releases memory_lock.
 */
void vfio_pci_memory_decode_end(const struct vfio_pci_memory_decode *decode)
{
	struct vfio_pci_core_device *vdev = decode->vdev;
	u16 command;

	if (decode->switched_on) {
		pci_read_config_word(vdev->pdev, PCI_COMMAND, &command);
		if (!PCI_POSSIBLE_ERROR(command))
			pci_write_config_word(vdev->pdev, PCI_COMMAND,
					      command & ~PCI_COMMAND_MEMORY);
	}
	up_write(&vdev->memory_lock);
}

static u32 peek32_decoding(struct vfio_pci_core_device *vdev, unsigned int bar, u32 offset)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 command;
	u32 value;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	if (memory_decodes(pdev, command))
		return ioread32(vdev->barmap[bar] + offset);

	pci_write_config_word(pdev, PCI_COMMAND, command | PCI_COMMAND_MEMORY);
	value = ioread32(vdev->barmap[bar] + offset);
	pci_write_config_word(pdev, PCI_COMMAND, command);
	return value;
}

/**
 * vfio_pci_core_peek32() - read a register whatever the user set
 * @vdev: enabled
 * @bar: a memory BAR
 * @offset: of the register, a multiple of four
 * @value: in CPU order
 *
 * Memory decode and power state are the user's, and a driver that has to know what the device does
 * cannot wait for it.  They are as before when this returns.
 *
 * Context: sleeps; takes memory_lock for writing.
 * Return: 0, -EINVAL for no such register, -ENODEV for a function that is gone, or an errno of
 * mapping the BAR or resuming the function.
 */
int vfio_pci_core_peek32(struct vfio_pci_core_device *vdev, unsigned int bar, u32 offset,
			 u32 *value)
{
	struct pci_dev *pdev = vdev->pdev;
	pci_power_t power;
	int ret;

	if (bar >= PCI_STD_NUM_BARS || !(pci_resource_flags(pdev, bar) & IORESOURCE_MEM))
		return -EINVAL;
	if (offset % 4 || offset + 4ULL > pci_resource_len(pdev, bar))
		return -EINVAL;

	ret = vfio_pci_core_setup_barmap(vdev, bar);
	if (!ret)
		ret = pm_runtime_resume_and_get(&pdev->dev);
	if (ret)
		return ret;

	scoped_guard(rwsem_write, &vdev->memory_lock) {
		power = pdev->current_state;
		if (vfio_pci_asleep(power))
			vfio_pci_set_power_state(vdev, PCI_D0);
		*value = peek32_decoding(vdev, bar, offset);
		if (vfio_pci_asleep(power))
			vfio_pci_set_power_state(vdev, power);
	}
	pm_runtime_put(&pdev->dev);

	if (PCI_POSSIBLE_ERROR(*value) && !pci_device_is_present(pdev))
		return -ENODEV;
	return 0;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_peek32);
