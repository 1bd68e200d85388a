// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE_DMA_LOGGING_*: which memory the device has written. Of virtio-blk that is
 * known exactly: what it is asked for, the ring of used buffers, and a byte of status.
 *
 * Only a kernel with iommufd has these features, scripts/lab run --debug for instance.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "kit.h"
#include "virtio.h"

#define PAGE	DISK_PAGE
#define PAGES	1024
#define LENGTH	(PAGES * PAGE)
#define IOVA	0x10000000ULL
#define WORDS	(PAGES / 64)
#define WRITTEN	(BIT(DISK_USED) | BIT(DISK_STATUS))	/* by every request */

MIGRATION_FIXTURE(idle, WANTS_LOGGING);
MIGRATION_FIXTURE(disk, WANTS_LOGGING | WANTS_DISK);

/* The driver of the device, which a test has for itself. */
static struct disk driver;

static int begin(const struct vdev *v)
{
	driver = (struct disk) { .v = v, .iova = IOVA };
	driver.memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (driver.memory == MAP_FAILED)
		return -ENOMEM;
	return vdev_dma_map(v, driver.memory, IOVA, LENGTH) ?: disk_start(&driver);
}

static void end(void)
{
	mig_log_stop(driver.v);
	mig_run(driver.v);
	disk_stop(&driver);
	vdev_dma_unmap(driver.v, IOVA, LENGTH);
	munmap(driver.memory, LENGTH);
}

static int write_page(unsigned int page)
{
	return disk_read(&driver, (__u64)page * PAGE, PAGE);
}

/* The first 64 pages; all ones if the report failed. */
static __u64 reported(const struct vdev *v)
{
	__u64 bitmap = 0;

	return mig_log_report(v, IOVA, 64 * PAGE, PAGE, &bitmap) ? ~0ULL : bitmap;
}

TEST_F(idle, a_device_without_a_driver_has_written_nothing)
{
	__u64 bitmap[WORDS] = {};
	size_t i;

	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	EXPECT_EQ(0, mig_log_report(&self->dev, IOVA, LENGTH, PAGE, bitmap));
	for (i = 0; i < WORDS; i++)
		EXPECT_EQ(0, bitmap[i]);
	EXPECT_EQ(-EINVAL, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	EXPECT_EQ(0, mig_log_stop(&self->dev));
	EXPECT_EQ(-EINVAL, mig_log_stop(&self->dev));
	EXPECT_EQ(-EINVAL, mig_log_report(&self->dev, IOVA, LENGTH, PAGE, bitmap));
}

TEST_F(idle, tracking_can_begin_again_and_again)
{
	__u64 bitmap[WORDS] = {};
	unsigned int round;

	for (round = 0; round < kit_count(); round++) {
		ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
		ASSERT_EQ(0, mig_log_report(&self->dev, IOVA, LENGTH, PAGE, bitmap));
		ASSERT_EQ(0, mig_log_stop(&self->dev));
	}
}

TEST_F(disk, what_it_wrote_is_reported_once)
{
	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	ASSERT_EQ(0, disk_read(&driver, 10 * PAGE, 2 * PAGE));
	EXPECT_EQ(WRITTEN | 3ULL << 10, reported(&self->dev));
	EXPECT_EQ(0, reported(&self->dev));
	ASSERT_EQ(0, write_page(40));
	EXPECT_EQ(WRITTEN | BIT(40), reported(&self->dev));
	end();
}

TEST_F(disk, what_it_wrote_before_is_not_reported)
{
	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, write_page(20));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	EXPECT_EQ(0, reported(&self->dev));
	ASSERT_EQ(0, write_page(21));
	EXPECT_EQ(WRITTEN | BIT(21), reported(&self->dev));
	end();
}

TEST_F(disk, a_write_across_pages_is_one_to_each)
{
	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	ASSERT_EQ(0, disk_read(&driver, 13 * PAGE - 256, 512));
	EXPECT_EQ(WRITTEN | 3ULL << 12, reported(&self->dev));
	end();
}

TEST_F(disk, its_last_writes_are_reported_when_it_is_stopped)
{
	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	ASSERT_EQ(0, write_page(30));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	EXPECT_EQ(WRITTEN | BIT(30), reported(&self->dev));
	EXPECT_EQ(0, reported(&self->dev));
	end();
}

TEST_F(disk, what_is_not_asked_about_is_kept)
{
	__u64 bitmap = 0;

	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	ASSERT_EQ(0, write_page(100));
	EXPECT_EQ(WRITTEN, reported(&self->dev));
	ASSERT_EQ(0, mig_log_report(&self->dev, IOVA + 64 * PAGE, 64 * PAGE, PAGE, &bitmap));
	EXPECT_EQ(BIT(100 - 64), bitmap);
	end();
}

TEST_F(disk, larger_pages_are_reported_whole)
{
	const __u64 large = 16 * PAGE;
	__u64 bitmap = 0;

	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, large));
	ASSERT_EQ(0, write_page(5 * 16 + 3));
	ASSERT_EQ(0, mig_log_report(&self->dev, IOVA, LENGTH, large, &bitmap));
	EXPECT_EQ(1 | BIT(5), bitmap);
	end();
}

TEST_F(disk, of_many_writes_none_is_left_out_and_none_invented)
{
	__u64 bitmap[WORDS] = {}, want[WORDS] = { WRITTEN };
	unsigned int round, i, page;

	srandom(1);
	ASSERT_EQ(0, begin(&self->dev));
	ASSERT_EQ(0, mig_log_start(&self->dev, IOVA, LENGTH, PAGE));
	for (round = 0; round < 3; round++) {
		memset(bitmap, 0, sizeof(bitmap));
		memset(want, 0, sizeof(want));
		want[0] = WRITTEN;
		for (i = 0; i < 200; i++) {
			page = DISK_DATA + random() % (PAGES - DISK_DATA);
			want[page / 64] |= BIT(page % 64);
			ASSERT_EQ(0, write_page(page));
		}
		ASSERT_EQ(0, mig_log_report(&self->dev, IOVA, LENGTH, PAGE, bitmap));
		EXPECT_EQ(0, memcmp(want, bitmap, sizeof(want)));
	}
	end();
}
