// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device and the rest of vfio-pci-core, as the config space engine meets them.  What must never
 * happen ends the program.
 */
#include "../../../../drivers/vfio/pci/vfio_pci_priv.h"

#define MUST(condition)								\
	do {									\
		if (condition)							\
			break;							\
		printf("Bail out! %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		fflush(stdout);							\
		abort();							\
	} while (0)

void mutex_init(struct mutex *lock)
{
	lock->held = false;
}

void mutex_destroy(struct mutex *lock)
{
	MUST(!lock->held);
}

void mutex_lock(struct mutex *lock)
{
	MUST(!lock->held);
	lock->held = true;
}

void mutex_unlock(struct mutex *lock)
{
	MUST(lock->held);
	lock->held = false;
}

static bool config_access(struct pci_dev *pdev, int pos, int width)
{
	MUST(pos >= 0 && pos % width == 0 && pos + width <= pdev->cfg_size);
	return !pdev->fail;
}

static int config_read(struct pci_dev *pdev, int pos, void *value, int width)
{
	memset(value, 0xff, width);
	if (!config_access(pdev, pos, width))
		return -EIO;
	pdev->reads++;
	memcpy(value, pdev->config + pos, width);
	for (int i = 0; i < width; i++)
		pdev->config[pos + i] ^= pdev->restless[(pos + i) / 4] >> (pos + i) % 4 * 8;
	return 0;
}

static int config_write(struct pci_dev *pdev, int pos, const void *value, int width)
{
	if (!config_access(pdev, pos, width))
		return -EIO;
	memset(pdev->written + pos, 1, width);
	memcpy(pdev->config + pos, value, width);
	return 0;
}

int pci_read_config_byte(struct pci_dev *pdev, int pos, u8 *value)
{
	return config_read(pdev, pos, value, sizeof(*value));
}

int pci_read_config_word(struct pci_dev *pdev, int pos, u16 *value)
{
	return config_read(pdev, pos, value, sizeof(*value));
}

int pci_read_config_dword(struct pci_dev *pdev, int pos, u32 *value)
{
	return config_read(pdev, pos, value, sizeof(*value));
}

int pci_user_write_config_byte(struct pci_dev *pdev, int pos, u8 value)
{
	return config_write(pdev, pos, &value, sizeof(value));
}

int pci_user_write_config_word(struct pci_dev *pdev, int pos, u16 value)
{
	return config_write(pdev, pos, &value, sizeof(value));
}

int pci_user_write_config_dword(struct pci_dev *pdev, int pos, u32 value)
{
	return config_write(pdev, pos, &value, sizeof(value));
}

ssize_t pci_read_vpd(struct pci_dev *pdev, loff_t pos, size_t count, void *buf)
{
	if (pdev->vpd_stuck)
		return -ETIMEDOUT;
	memset(buf, pos, count);
	return count;
}

ssize_t pci_write_vpd(struct pci_dev *pdev, loff_t pos, size_t count, const void *buf)
{
	return pdev->vpd_stuck ? -ETIMEDOUT : count;
}

/* memory_lock's stand-in is ioeventfds_lock, which is not the engine's to take. */
void vfio_pci_memory_lock(struct vfio_pci_core_device *vdev)
{
	mutex_lock(&vdev->ioeventfds_lock);
}

void vfio_pci_memory_quiesce(struct vfio_pci_core_device *vdev)
{
	mutex_lock(&vdev->ioeventfds_lock);
}

void vfio_pci_memory_unlock(struct vfio_pci_core_device *vdev)
{
	mutex_unlock(&vdev->ioeventfds_lock);
}

bool vfio_pci_intx_mask(struct vfio_pci_core_device *vdev)
{
	MUST(!vdev->ioeventfds_lock.held);
	guard(mutex)(&vdev->igate);
	return true;
}

void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev)
{
	vfio_pci_intx_mask(vdev);
}

int vfio_pci_set_power_state(struct vfio_pci_core_device *vdev, pci_power_t state)
{
	MUST(vdev->ioeventfds_lock.held && state >= PCI_D0 && state <= PCI_D3hot);
	return 0;
}

int vfio_pci_reset_function(struct vfio_pci_core_device *vdev)
{
	MUST(!vdev->igate.held);
	guard(vfio_pci_memory_quiesced)(vdev);
	return 0;
}
