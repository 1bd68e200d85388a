// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine takes a function away while its user has it open: the user is asked
 * to let go, and the slot empties when he does. $VFIO_QEMU_ID names the function in
 * the monitor of the QEMU around; the function does not come back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/fixture.h"

FRESH_FIXTURE(unpluggable, HAS_QEMU_ID);

/* Linux waits five seconds for somebody to press the slot's button again. */
#define BUTTON_MS 90000

static bool is_gone(void *arg)
{
	return !pci_present(arg);
}

TEST_F(unpluggable, an_open_function_is_asked_for_and_goes_when_closed)
{
	char command[96], bdf[16];
	int fd = event_new();

	snprintf(bdf, sizeof(bdf), "%s", test_bdf());
	snprintf(command, sizeof(command), "lab-monitor device_del %s", getenv("VFIO_QEMU_ID"));
	ASSERT_EQ(0, vdev_arm(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, system(command));
	EXPECT_LE(1, event_wait(fd, BUTTON_MS));
	EXPECT_TRUE(pci_present(bdf));
	EXPECT_NE(0xffff, cfg_get(&self->dev, PCI_VENDOR_ID, 2));
	vdev_close(&self->dev);
	EXPECT_TRUE(wait_until(is_gone, bdf, BUTTON_MS));
}
