// SPDX-License-Identifier: GPL-2.0-only
/*
 * Config registers whose write has an effect.
 *
 * The tables name these functions.  Each runs under the config lock, with no other lock held, and
 * does the write itself with whatever has to happen around it.
 */
#include <linux/bitfield.h>

#include "vfio_pci_config.h"
#include "vfio_pci_priv.h"

/* The register as the user wants it: what it was, with what is written on top. */
static u32 hook_merge(const struct vfio_pci_config_write *w, u32 old)
{
	return (old & ~w->mask) | (w->value & w->mask);
}

/* ---- command register ------------------------------------------------------------------------ */

static bool bars_intact(struct vfio_pci_core_device *vdev)
{
	u32 *bars = vdev->config->bars;
	u32 now;
	int i;

	for (i = 0; i < PCI_STD_NUM_BARS; i++) {
		if (!bars[i])
			continue;
		if (pci_user_read_config_dword(vdev->pdev, PCI_BASE_ADDRESS_0 + i * 4, &now))
			return false;
		if (now != bars[i])
			return false;
	}
	return true;
}

static void bars_restore(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u32 *bars = vdev->config->bars;
	int i;

	pci_info_ratelimited(pdev, "lost its BARs to a reset that was not ours, restored\n");

	for (i = 0; i < PCI_STD_NUM_BARS; i++)
		pci_user_write_config_dword(pdev, PCI_BASE_ADDRESS_0 + i * 4, bars[i]);
	pci_user_write_config_dword(pdev, PCI_ROM_ADDRESS, bars[i]);
}

/*
 * Writes the command register, memory_lock held.
 *
 * If the user enables what it has enabled already, and the device has it disabled, then the device
 * was reset by some means that only the user's driver knows.  It must not decode with lost BARs.
 */
static int command_commit(struct vfio_pci_core_device *vdev,
			  const struct vfio_pci_config_write *w, u16 old, u16 new)
{
	const u16 virt = PCI_COMMAND_MEMORY | PCI_COMMAND_IO | PCI_COMMAND_INTX_DISABLE;
	const u16 decode = PCI_COMMAND_MEMORY | PCI_COMMAND_IO;
	const u16 write = w->mask & ~PCI_COMMAND_INTX_DISABLE;
	struct pci_dev *pdev = vdev->pdev;
	u16 device, lost;
	int ret;

	ret = pci_user_read_config_word(pdev, PCI_COMMAND, &device);
	if (ret)
		return ret;

	lost = new & old & ~device & decode;
	if (pdev->no_command_memory)
		lost &= ~PCI_COMMAND_MEMORY;
	/* What a VF decodes is up to its PF. */
	if (!pdev->is_virtfn && (lost || !bars_intact(vdev))) {
		bars_restore(vdev);
		if (vdev->nointx)
			device |= PCI_COMMAND_INTX_DISABLE;
	}

	ret = pci_user_write_config_word(pdev, PCI_COMMAND,
					 (device & ~write) | (w->value & write));
	if (!ret)
		vfio_pci_config_shadow_set(vdev->config, PCI_COMMAND, virt, new);
	return ret;
}

/* igate is taken here, so memory_lock is not held any more. */
static void command_sync_intx(struct vfio_pci_core_device *vdev)
{
	u16 command = vfio_pci_config_shadow(vdev->config, PCI_COMMAND, 2);
	bool disabled = command & PCI_COMMAND_INTX_DISABLE;

	if (disabled == vdev->virq_disabled)
		return;

	/* Seen by whoever sets INTx up from now on; what is set up already is told. */
	WRITE_ONCE(vdev->virq_disabled, disabled);
	if (disabled)
		vfio_pci_intx_mask(vdev);
	else
		vfio_pci_intx_unmask(vdev);
}

int vfio_pci_command_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	u16 old = vfio_pci_config_shadow(vdev->config, PCI_COMMAND, 2);
	u16 new = hook_merge(w, old);
	int ret;

	if (!(w->mask & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO))) {
		ret = vfio_pci_config_commit(vdev, w);
	} else if (new & PCI_COMMAND_MEMORY) {
		scoped_guard(vfio_pci_memory, vdev)
			ret = command_commit(vdev, w, old, new);
	} else {
		scoped_guard(vfio_pci_memory_quiesced, vdev)
			ret = command_commit(vdev, w, old, new);
	}
	if (ret)
		return ret;

	command_sync_intx(vdev);
	return 0;
}

/* ---- power management ------------------------------------------------------------------------ */

int vfio_pci_pm_ctrl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	u32 state = w->value & PCI_PM_CTRL_STATE_MASK;
	int ret;

	ret = vfio_pci_config_commit(vdev, w);
	if (ret || !(w->mask & PCI_PM_CTRL_STATE_MASK))
		return ret;

	if (state == (__force u32)PCI_D3hot) {
		guard(vfio_pci_memory_quiesced)(vdev);
		ret = vfio_pci_set_power_state(vdev, PCI_D3hot);
	} else {
		guard(vfio_pci_memory)(vdev);
		ret = vfio_pci_set_power_state(vdev, (__force pci_power_t)state);
	}
	/* A device that refuses shows its old state in the register: the user's business. */
	return ret == -ENOMEM ? ret : 0;
}

/* ---- vital product data ---------------------------------------------------------------------- */

/*
 * The PCI core serialises access to VPD with the rest of the kernel, so address and data are
 * emulated on top of it.  A transfer starts with a write to the byte that has the flag, and flips
 * the flag when it is done; a failed one leaves the user waiting, as a device would.
 */
int vfio_pci_vpd_addr_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	struct vfio_pci_config *config = vdev->config;
	unsigned int data_pos = w->cap->start + PCI_VPD_DATA;
	__le32 data;
	u16 addr;
	int ret;

	ret = vfio_pci_config_commit(vdev, w);
	if (ret || !(w->mask & PCI_VPD_ADDR_F))
		return ret;

	/* A device may have put something else where the data ought to be. */
	if (config->owner[data_pos / 4] != config->owner[w->base / 4])
		return 0;

	addr = vfio_pci_config_shadow(config, w->base, 2);
	if (addr & PCI_VPD_ADDR_F) {
		data = cpu_to_le32(vfio_pci_config_shadow(config, data_pos, 4));
		if (pci_write_vpd(vdev->pdev, addr & PCI_VPD_ADDR_MASK, 4, &data) != 4)
			return 0;
	} else {
		data = 0;
		if (pci_read_vpd(vdev->pdev, addr, 4, &data) < 0)
			return 0;
		vfio_pci_config_shadow_set(config, data_pos, U32_MAX, le32_to_cpu(data));
	}
	vfio_pci_config_shadow_set(config, w->base, PCI_VPD_ADDR_F, ~addr);
	return 0;
}

/* ---- message signalled interrupts ------------------------------------------------------------ */

/*
 * Vectors are set up by ioctl.  What this register may do is to switch off and on again what is set
 * up, with no more vectors than were granted; igate keeps the one in step with the other.
 */
int vfio_pci_msi_flags_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	struct vfio_pci_config *config = vdev->config;
	u16 writable = config->writable[w->base / 4] >> (w->base % 4 * BITS_PER_BYTE);
	u16 flags = vfio_pci_config_shadow(config, w->base, 2);
	int ret;

	if (!(w->mask & writable))
		return 0;

	flags = (flags & ~writable) | (hook_merge(w, flags) & writable);

	guard(mutex)(&vdev->igate);

	if (vdev->irq_type != VFIO_PCI_MSI_IRQ_INDEX)
		flags &= ~PCI_MSI_FLAGS_ENABLE;
	if (FIELD_GET(PCI_MSI_FLAGS_QSIZE, flags) > vdev->msi_qmax) {
		flags &= ~PCI_MSI_FLAGS_QSIZE;
		flags |= FIELD_PREP(PCI_MSI_FLAGS_QSIZE, vdev->msi_qmax);
	}

	ret = pci_user_write_config_word(vdev->pdev, w->base, flags);
	if (!ret)
		vfio_pci_config_shadow_set(config, w->base, U16_MAX, flags);
	return ret;
}

/* ---- function level reset -------------------------------------------------------------------- */

/*
 * Commits without the bit that asks for a reset, which always reads as zero, and says whether it
 * was there.  The kernel picks the way to reset, not always the one that the user wrote to.
 */
static int commit_reset_bit(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w,
			    u32 bit, bool *reset)
{
	*reset = w->value & w->mask & bit;
	w->value &= ~bit;
	return vfio_pci_config_commit(vdev, w);
}

int vfio_pci_exp_devctl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	struct vfio_pci_config *config = vdev->config;
	struct pci_dev *pdev = vdev->pdev;
	u16 old = vfio_pci_config_shadow(config, w->base, 2);
	bool reset;
	u16 new;
	int ret;

	ret = commit_reset_bit(vdev, w, PCI_EXP_DEVCTL_BCR_FLR, &reset);
	if (ret)
		return ret;

	if (reset && vfio_pci_config_shadow(config, w->cap->start + PCI_EXP_DEVCAP, 4) &
		     PCI_EXP_DEVCAP_FLR)
		vfio_pci_reset_function(vdev);

	/*
	 * Only the host sees what payload size the whole path can take, so the device keeps the
	 * host's.  The read request size is the user's choice, though never below that: a user that
	 * thinks payloads are small would ask for needlessly small reads.
	 */
	new = vfio_pci_config_shadow(config, w->base, 2);
	if ((old ^ new) & PCI_EXP_DEVCTL_READRQ)
		pcie_set_readrq(pdev, max(128 << FIELD_GET(PCI_EXP_DEVCTL_READRQ, new),
					  pcie_get_mps(pdev)));
	return 0;
}

int vfio_pci_af_ctrl_hook(struct vfio_pci_core_device *vdev, struct vfio_pci_config_write *w)
{
	const u8 need = PCI_AF_CAP_FLR | PCI_AF_CAP_TP;
	bool reset;
	int ret;

	ret = commit_reset_bit(vdev, w, PCI_AF_CTRL_FLR, &reset);
	if (ret || !reset)
		return ret;

	if ((vfio_pci_config_shadow(vdev->config, w->cap->start + PCI_AF_CAP, 1) & need) == need)
		vfio_pci_reset_function(vdev);
	return 0;
}
