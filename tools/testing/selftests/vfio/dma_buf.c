// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE_DMA_BUF: ranges of a BAR as a dma-buf. A kernel that cannot
 * take mappings back from importers has no such feature at all.
 */
#include <fcntl.h>
#include "lib/dma_buf.h"
#include "lib/fixture.h"

FRESH_FIXTURE(bar, HAS_PAGE_BAR);

#define PAGE 4096ULL
#define BAR 0xbaaU	/* in a row: the BAR of the fixture */

static int page_bar(const char *bdf)
{
	return bar_with(bdf, RESOURCE_MEM, PAGE, ~0ULL);
}

static bool is_offered(const struct vdev *v)
{
	return !vdev_feature(v, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET |
			     VFIO_DEVICE_FEATURE_DMA_BUF, NULL, 0);
}

static int export(const struct vdev *v, const struct dma_buf_request *r, size_t size)
{
	struct dma_buf_request copy = *r;

	if (copy.region == BAR)
		copy.region = page_bar(v->bdf);
	return vdev_feature(v, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF, &copy, size);
}

static int export_page(const struct vdev *v)
{
	const struct dma_buf_request r = { BAR, O_RDWR | O_CLOEXEC, 0, 1, { 0, PAGE } };

	return export(v, &r, sizeof(r));
}

TEST_F(bar, the_feature_is_there_or_absent_for_every_call)
{
	int fd = export_page(&self->dev);

	if (is_offered(&self->dev)) {
		ASSERT_LE(0, fd);
		EXPECT_EQ(PAGE, (__u64)lseek(fd, 0, SEEK_END));
		EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
		EXPECT_EQ(0, close(fd));
	} else {
		EXPECT_EQ(-ENOTTY, fd);
	}
	EXPECT_EQ(is_offered(&self->dev) ? -EINVAL : -ENOTTY,
		  vdev_feature(&self->dev, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_BUF,
			       NULL, 0));
}

TEST_F(bar, ranges_follow_one_another)
{
	const struct dma_buf_request r = { BAR, O_RDWR, 0, 2, { 0, PAGE, 0, PAGE } };
	int fd = export(&self->dev, &r, sizeof(r));

	if (is_offered(&self->dev)) {
		EXPECT_EQ(2 * PAGE, (__u64)lseek(fd, 0, SEEK_END));
		close(fd);
	} else {
		EXPECT_EQ(-ENOTTY, fd);
	}
}

TEST_F(bar, mistakes_are_refused)
{
	const __u64 end = pci_resource(self->dev.bdf, page_bar(self->dev.bdf), NULL);
	const struct {
		const char *what;
		struct dma_buf_request request;
		size_t size;
		int want;
	} rows[] = {
		{ "flags", { BAR, O_RDWR, 1, 1, { 0, PAGE } }, 48, -EINVAL },
		{ "no ranges", { BAR, O_RDWR, 0, 0, { 0, PAGE } }, 48, -EINVAL },
		{ "open flags", { BAR, O_RDWR | O_CREAT, 0, 1, { 0, PAGE } }, 48, -EINVAL },
		{ "an empty range", { BAR, O_RDWR, 0, 1, { 0, 0 } }, 48, -EINVAL },
		{ "half a page", { BAR, O_RDWR, 0, 1, { 0, PAGE / 2 } }, 48, -EINVAL },
		{ "from half a page", { BAR, O_RDWR, 0, 1, { PAGE / 2, PAGE } }, 48, -EINVAL },
		{ "behind the end", { BAR, O_RDWR, 0, 1, { end, PAGE } }, 48, -EINVAL },
		{ "across the end", { BAR, O_RDWR, 0, 1, { end - PAGE, 2 * PAGE } }, 48, -EINVAL },
		{ "offset overflow", { BAR, O_RDWR, 0, 1, { -PAGE, 2 * PAGE } }, 48, -EINVAL },
		{ "length overflow", { BAR, O_RDWR, 0, 1, { PAGE, -PAGE } }, 48, -EINVAL },
		{ "a bad second", { BAR, O_RDWR, 0, 2, { 0, PAGE, end, PAGE } }, 48, -EINVAL },
		{ "more than is sent", { BAR, O_RDWR, 0, 3, { 0, PAGE, 0, PAGE } }, 48, -EINVAL },
		{ "far too many", { BAR, O_RDWR, 0, ~0U, { 0, PAGE } }, 48, -EINVAL },
		{ "a short structure", { BAR, O_RDWR, 0, 1, { 0, PAGE } }, 15, -EINVAL },
		{ "the ROM", { VFIO_PCI_ROM_REGION_INDEX, 0, 0, 1, { 0, PAGE } }, 48, -ENODEV },
		{ "config space", { VFIO_PCI_CONFIG_REGION_INDEX, 0, 0, 1, { 0, PAGE } }, 48,
		  -ENODEV },
		{ "no region", { ~0U, O_RDWR, 0, 1, { 0, PAGE } }, 48, -ENODEV },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(is_offered(&self->dev) ? rows[i].want : -ENOTTY,
			  export(&self->dev, &rows[i].request, rows[i].size)) {
			TH_LOG("%s", rows[i].what);
		}
	}
	EXPECT_TRUE(still_usable(&self->dev));
}

TEST_F(bar, the_file_may_outlive_the_device)
{
	bool offered = is_offered(&self->dev);
	int fd = export_page(&self->dev);

	vdev_close(&self->dev);
	EXPECT_EQ(offered ? (off_t)PAGE : (off_t)-1, lseek(fd, 0, SEEK_END));
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_TRUE(still_usable(&self->dev));
	close(fd);
	EXPECT_TRUE(still_usable(&self->dev));
}
