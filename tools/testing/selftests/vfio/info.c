// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a device says about itself: VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO
 * with its capability chain, VFIO_DEVICE_GET_IRQ_INFO. Truth comes from sysfs and
 * from the physical config space.
 */
#include "lib/fixture.h"

DEVICE_FIXTURE(any, 0);
DEVICE_FIXTURE(resettable, HAS_RESET);
DEVICE_FIXTURE(msix, HAS_MSIX);
DEVICE_FIXTURE(mapped_msix, HAS_MSIX | HAS_PAGE_BAR);
DEVICE_FIXTURE(no_rom, LACKS_ROM);
DEVICE_FIXTURE(no_vga, LACKS_VGA);

TEST_F(any, is_a_pci_device_with_all_regions_and_interrupt_types)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, vdev_info(&self->dev, &info));
	EXPECT_EQ(VFIO_DEVICE_FLAGS_PCI, info.flags & ~(VFIO_DEVICE_FLAGS_RESET |
							VFIO_DEVICE_FLAGS_CAPS));
	EXPECT_LE(VFIO_PCI_NUM_REGIONS, info.num_regions);
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
}

TEST_F(any, device_info_of_the_oldest_size_leaves_later_fields_alone)
{
	struct vfio_device_info info = {
		.argsz = offsetof(struct vfio_device_info, cap_offset),
		.cap_offset = 0x5a5a5a5a,
	};

	ASSERT_EQ(0, vdev_ioctl(&self->dev, VFIO_DEVICE_GET_INFO, &info));
	EXPECT_EQ(VFIO_PCI_NUM_IRQS, info.num_irqs);
	EXPECT_EQ(0x5a5a5a5a, info.cap_offset);
}

TEST_F(resettable, device_info_offers_reset)
{
	struct vfio_device_info info;

	ASSERT_EQ(0, vdev_info(&self->dev, &info));
	EXPECT_TRUE(info.flags & VFIO_DEVICE_FLAGS_RESET);
}

TEST_F(any, bars_have_the_size_of_their_resources)
{
	int bar;

	for (bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		EXPECT_EQ(pci_resource(self->dev.bdf, bar, NULL),
			  vdev_region_size(&self->dev, bar)) TH_LOG("BAR %d", bar);
}

TEST_F(any, bars_are_readable_and_writable_and_absent_ones_have_no_flags)
{
	const __u32 rw = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	int bar;

	for (bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++) {
		__u32 flags = vdev_region_flags(&self->dev, bar);

		EXPECT_EQ(pci_resource(self->dev.bdf, bar, NULL) ? rw : 0, flags & rw)
			TH_LOG("BAR %d", bar);
	}
}

TEST_F(any, memory_bars_are_mappable_and_io_bars_are_not)
{
	const __u64 page = sysconf(_SC_PAGESIZE);
	int bar;

	for (bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++) {
		__u64 kind, size = pci_resource(self->dev.bdf, bar, &kind);
		bool offered = vdev_region_flags(&self->dev, bar) & VFIO_REGION_INFO_FLAG_MMAP;

		/* A smaller memory BAR is offered where the rest of its page is free. */
		if (size >= page || !size || kind & RESOURCE_IO)
			EXPECT_EQ(size && kind & RESOURCE_MEM && host_maps_bars(), offered)
				TH_LOG("BAR %d", bar);
	}
}

TEST_F(any, regions_lie_apart_in_the_file)
{
	struct vfio_region_info info, next;
	__u32 index;

	for (index = 0; index < VFIO_PCI_CONFIG_REGION_INDEX; index++) {
		ASSERT_EQ(0, vdev_region_info(&self->dev, index, &info));
		ASSERT_EQ(0, vdev_region_info(&self->dev, index + 1, &next));
		EXPECT_LE(info.offset + info.size, next.offset);
	}
}

TEST_F(any, config_region_has_the_size_of_config_space)
{
	struct vfio_region_info info;

	ASSERT_EQ(0, vdev_region_info(&self->dev, VFIO_PCI_CONFIG_REGION_INDEX, &info));
	EXPECT_EQ(phys_cfg_size(self->dev.bdf), info.size);
	EXPECT_EQ(VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE, info.flags);
}

TEST_F(no_vga, vga_region_is_invalid)
{
	struct vfio_region_info info;

	EXPECT_EQ(-EINVAL, vdev_region_info(&self->dev, VFIO_PCI_VGA_REGION_INDEX, &info));
}

TEST_F(no_rom, rom_region_is_empty)
{
	struct vfio_region_info info;

	ASSERT_EQ(0, vdev_region_info(&self->dev, VFIO_PCI_ROM_REGION_INDEX, &info));
	EXPECT_EQ(0, info.size);
	EXPECT_EQ(0, info.flags);
}

TEST_F(any, no_region_claims_a_sparse_map)
{
	__u32 index;

	for (index = 0; index < VFIO_PCI_VGA_REGION_INDEX; index++)
		EXPECT_EQ(0, vdev_region_cap(&self->dev, index, VFIO_REGION_INFO_CAP_SPARSE_MMAP));
}

/* The BAR that holds the MSI-X table, from the physical capability. */
static int msix_bar(const struct vdev *v)
{
	unsigned int at = phys_find_cap(v->bdf, PCI_CAP_ID_MSIX);

	return phys_get(v->bdf, at + PCI_MSIX_TABLE, 4) & PCI_MSIX_TABLE_BIR;
}

TEST_F(mapped_msix, only_the_bar_with_the_table_says_msix_mappable)
{
	int bar;

	for (bar = VFIO_PCI_BAR0_REGION_INDEX; bar <= VFIO_PCI_BAR5_REGION_INDEX; bar++)
		EXPECT_EQ(bar == msix_bar(&self->dev),
			  vdev_region_cap(&self->dev, bar, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE))
			TH_LOG("BAR %d", bar);
}

TEST_F(mapped_msix, a_chain_that_does_not_fit_tells_the_size_it_needs)
{
	const size_t whole = sizeof(struct vfio_region_info) + sizeof(struct vfio_info_cap_header);
	struct vfio_region_info info;

	ASSERT_EQ(0, vdev_region_info(&self->dev, msix_bar(&self->dev), &info));
	EXPECT_EQ(whole, info.argsz);
	EXPECT_EQ(0, info.cap_offset);
	EXPECT_TRUE(info.flags & VFIO_REGION_INFO_FLAG_CAPS);
}

TEST_F(any, interrupt_counts_equal_those_of_the_capabilities)
{
	const char *bdf = self->dev.bdf;
	unsigned int msi = phys_find_cap(bdf, PCI_CAP_ID_MSI);
	unsigned int msix = phys_find_cap(bdf, PCI_CAP_ID_MSIX);
	__u32 want[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = !!(traits_of(bdf) & HAS_INTX),
		[VFIO_PCI_MSI_IRQ_INDEX] =
			msi ? 1U << ((phys_get(bdf, msi + 2, 2) & PCI_MSI_FLAGS_QMASK) >> 1) : 0,
		[VFIO_PCI_MSIX_IRQ_INDEX] =
			msix ? (phys_get(bdf, msix + 2, 2) & PCI_MSIX_FLAGS_QSIZE) + 1 : 0,
	};
	struct vfio_irq_info info;
	__u32 index;

	for (index = VFIO_PCI_INTX_IRQ_INDEX; index <= VFIO_PCI_MSIX_IRQ_INDEX; index++) {
		ASSERT_EQ(0, vdev_irq_info(&self->dev, index, &info));
		EXPECT_EQ(want[index], info.count) TH_LOG("index %u", index);
	}
}

TEST_F(any, interrupt_flags_tell_masking_and_resizing)
{
	static const __u32 want[] = {
		[VFIO_PCI_INTX_IRQ_INDEX] = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
					    VFIO_IRQ_INFO_AUTOMASKED,
		[VFIO_PCI_MSI_IRQ_INDEX] = VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE,
	};
	struct vfio_irq_info info;
	__u32 index;

	for (index = VFIO_PCI_INTX_IRQ_INDEX; index <= VFIO_PCI_MSI_IRQ_INDEX; index++) {
		ASSERT_EQ(0, vdev_irq_info(&self->dev, index, &info));
		EXPECT_EQ(want[index], info.flags) TH_LOG("index %u", index);
	}
}

TEST_F(msix, msix_vectors_may_be_added_where_the_kernel_can_do_that)
{
	const __u32 fixed = traits_of(self->dev.bdf) & HAS_GROWING_MSIX ? 0 :
									  VFIO_IRQ_INFO_NORESIZE;
	struct vfio_irq_info info;

	ASSERT_EQ(0, vdev_irq_info(&self->dev, VFIO_PCI_MSIX_IRQ_INDEX, &info));
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | fixed, info.flags);
}

TEST_F(any, error_interrupt_exists_on_pci_express_only)
{
	struct vfio_irq_info info;
	int ret = vdev_irq_info(&self->dev, VFIO_PCI_ERR_IRQ_INDEX, &info);

	if (traits_of(self->dev.bdf) & HAS_PCIE) {
		ASSERT_EQ(0, ret);
		EXPECT_EQ(1, info.count);
	} else {
		EXPECT_EQ(-EINVAL, ret);
	}
}

TEST_F(any, request_interrupt_always_exists)
{
	struct vfio_irq_info info;

	ASSERT_EQ(0, vdev_irq_info(&self->dev, VFIO_PCI_REQ_IRQ_INDEX, &info));
	EXPECT_EQ(1, info.count);
	EXPECT_EQ(VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE, info.flags);
}
