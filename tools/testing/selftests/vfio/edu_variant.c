// SPDX-License-Identifier: GPL-2.0-only
/*
 * samples/vfio-pci/edu_vfio_pci: what it changes for the user, migration between two edu devices,
 * and which memory is reported as written by them.
 *
 *	EDU_A=0000:01:00.0 EDU_B=0000:02:00.0 ./edu_variant
 *
 * Both bound to edu-vfio-pci. The conformance tests of migration itself are in migration/.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kselftest_harness.h>

#include "lib/edu.h"
#include "lib/event.h"
#include "lib/vdev.h"

#define PAGE		4096
#define PAGES		64
#define IOVA		0x200000ULL
#define EDU_LIVENESS	0x04
#define EDU_STATUS	0x20
#define EDU_COMPUTING	0x01
#define MIGRATED	0xf8
#define BUSY_MS		15000

FIXTURE(edu) {
	struct vdev a;
	struct vdev b;
	unsigned char *memory;
};

FIXTURE_SETUP(edu)
{
	ASSERT_EQ(0, vdev_open(&self->a, getenv("EDU_A")));
	ASSERT_EQ(0, vdev_open(&self->b, getenv("EDU_B")));
	self->memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	ASSERT_EQ(0, vdev_dma_map(&self->a, self->memory, IOVA, PAGES * PAGE));
	ASSERT_EQ(0, vdev_dma_map(&self->b, self->memory, IOVA, PAGES * PAGE));
	cfg_update16(&self->a, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
	cfg_update16(&self->b, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
}

FIXTURE_TEARDOWN(edu)
{
	vdev_close(&self->a);
	vdev_close(&self->b);
	munmap(self->memory, PAGES * PAGE);
}

/* ---- the device ------------------------------------------------------------------------------ */

static __u32 edu_get(const struct vdev *v, __u64 reg)
{
	return vdev_get(v, EDU_BAR, reg, 4);
}

static bool dma_idle(void *v)
{
	return !(edu_get(v, EDU_DMA_CMD) & EDU_DMA_START);
}

static bool computed(void *v)
{
	return !(edu_get(v, EDU_STATUS) & EDU_COMPUTING);
}

static void start_dma(struct vdev *v, __u64 src, __u64 dst, __u64 count, __u64 command)
{
	vdev_put(v, EDU_BAR, EDU_DMA_SRC, 8, src);
	vdev_put(v, EDU_BAR, EDU_DMA_DST, 8, dst);
	vdev_put(v, EDU_BAR, EDU_DMA_COUNT, 8, count);
	vdev_put(v, EDU_BAR, EDU_DMA_CMD, 8, EDU_DMA_START | command);
}

static bool dma(struct vdev *v, __u64 src, __u64 dst, __u64 count, __u64 command)
{
	start_dma(v, src, dst, count, command);
	return wait_until(dma_idle, v, BUSY_MS);
}

static bool factorial(struct vdev *v, __u32 n)
{
	vdev_put(v, EDU_BAR, EDU_FACTORIAL, 4, n);
	return wait_until(computed, v, BUSY_MS);
}

/* ---- migration ------------------------------------------------------------------------------- */

/* The state's data_fd, 0 without one, or -errno. */
static int set_state(const struct vdev *v, __u32 state)
{
	struct {
		struct vfio_device_feature feature;
		struct vfio_device_feature_mig_state mig;
	} arg = {
		.feature = {
			.argsz = sizeof(arg),
			.flags = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | VFIO_DEVICE_FEATURE_SET,
		},
		.mig = { .device_state = state },
	};
	int ret = vdev_ioctl(v, VFIO_DEVICE_FEATURE, &arg);

	if (ret)
		return ret;
	return arg.mig.data_fd < 0 ? 0 : arg.mig.data_fd;
}

static int get_state(const struct vdev *v)
{
	struct vfio_device_feature_mig_state mig = {};
	int ret = vdev_feature(v, VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | VFIO_DEVICE_FEATURE_GET,
			       &mig, sizeof(mig));

	return ret ?: (int)mig.device_state;
}

/* Everything of a stream; its length or -errno. */
static ssize_t drain(int fd, void *to, size_t room)
{
	size_t length = 0;

	while (true) {
		ssize_t got = read(fd, to + length, room - length);

		if (got < 0)
			return -errno;
		if (!got)
			return length;
		length += got;
	}
}

static ssize_t feed(int fd, const void *from, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t took = write(fd, from + done, length - done);

		if (took < 0)
			return -errno;
		done += took;
	}
	return done;
}

#define STREAM_MAX	65536

/* Leaves @from in STOP_COPY. */
static ssize_t save(const struct vdev *from, void *stream)
{
	int fd = set_state(from, VFIO_DEVICE_STATE_STOP_COPY);
	ssize_t length;

	if (fd <= 0)
		return fd ?: -EBADF;
	length = drain(fd, stream, STREAM_MAX);
	close(fd);
	return length;
}

/* Leaves @to in STOP. */
static int load(const struct vdev *to, const void *stream, size_t length)
{
	int fd = set_state(to, VFIO_DEVICE_STATE_RESUMING);
	ssize_t done;
	int ret;

	if (fd <= 0)
		return fd ?: -EBADF;
	done = feed(fd, stream, length);
	ret = done < 0 ? done : set_state(to, VFIO_DEVICE_STATE_STOP);
	close(fd);
	return ret;
}

static int migrate(const struct vdev *from, const struct vdev *to)
{
	char stream[STREAM_MAX];
	ssize_t length = save(from, stream);
	int ret = length < 0 ? (int)length : load(to, stream, length);

	return ret ?: set_state(to, VFIO_DEVICE_STATE_RUNNING);
}

TEST_F(edu, registers_migrate)
{
	ASSERT_TRUE(factorial(&self->a, 7));
	vdev_put(&self->a, EDU_BAR, EDU_LIVENESS, 4, 0x12345678);
	ASSERT_TRUE(factorial(&self->b, 3));

	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, get_state(&self->b));
	EXPECT_EQ(5040, edu_get(&self->b, EDU_FACTORIAL));
	EXPECT_EQ(~0x12345678U, edu_get(&self->b, EDU_LIVENESS));
	ASSERT_TRUE(factorial(&self->b, 5));
	EXPECT_EQ(120, edu_get(&self->b, EDU_FACTORIAL));
}

TEST_F(edu, a_factorial_of_zero_bits_migrates)
{
	ASSERT_TRUE(factorial(&self->a, 40));
	ASSERT_TRUE(factorial(&self->b, 3));
	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(0, edu_get(&self->b, EDU_FACTORIAL));
}

TEST_F(edu, the_buffer_migrates_and_dma_goes_on)
{
	for (int i = 0; i < PAGE; i++)
		self->memory[i] = i * 7;
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	memset(self->memory, 0, PAGE);

	ASSERT_EQ(0, migrate(&self->a, &self->b));
	ASSERT_TRUE(dma(&self->b, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM));
	for (int i = 0; i < PAGE; i++)
		ASSERT_EQ((unsigned char)(i * 7), self->memory[PAGE + i]);
	EXPECT_EQ(0, self->memory[0]);
}

TEST_F(edu, the_source_runs_on_if_nothing_came_of_it)
{
	char stream[STREAM_MAX];

	memset(self->memory, 0x5a, PAGE);
	ASSERT_TRUE(factorial(&self->a, 6));
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	ASSERT_LT(0, save(&self->a, stream));
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_RUNNING));

	EXPECT_EQ(720, edu_get(&self->a, EDU_FACTORIAL));
	EXPECT_EQ(IOVA, vdev_get(&self->a, EDU_BAR, EDU_DMA_SRC, 8));
	EXPECT_EQ(EDU_BUFFER, vdev_get(&self->a, EDU_BAR, EDU_DMA_DST, 8));
	EXPECT_EQ(0, vdev_get(&self->a, EDU_BAR, EDU_DMA_CMD, 8));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM));
	EXPECT_EQ(0, memcmp(self->memory, self->memory + PAGE, PAGE));
}

TEST_F(edu, dma_in_flight_is_complete_before_the_device_stops)
{
	memset(self->memory, 0x11, PAGE);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	start_dma(&self->a, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM);
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_STOP));
	EXPECT_EQ(0, memcmp(self->memory, self->memory + PAGE, PAGE));
}

TEST_F(edu, a_stopped_device_takes_no_orders)
{
	ASSERT_TRUE(factorial(&self->a, 4));
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_STOP));
	vdev_put(&self->a, EDU_BAR, EDU_FACTORIAL, 4, 5);
	EXPECT_EQ(24, edu_get(&self->a, EDU_FACTORIAL));
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_RESET, NULL));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, get_state(&self->a));
	ASSERT_TRUE(factorial(&self->a, 5));
	EXPECT_EQ(120, edu_get(&self->a, EDU_FACTORIAL));
}

/* Who handles the eventfd in userspace may have saved the machine before it came to that. */
TEST_F(edu, a_pending_message_is_sent_again_when_the_device_runs)
{
	char stream[STREAM_MAX];
	int fd = event_new();
	ssize_t length;

	ASSERT_EQ(0, vdev_arm(&self->a, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->a, 0x10));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	length = save(&self->a, stream);
	ASSERT_LT(0, length);
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));

	ASSERT_EQ(0, vdev_arm(&self->b, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, load(&self->b, stream, length));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, set_state(&self->b, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0x10, edu_get(&self->b, EDU_IRQ_STATUS));
	EXPECT_EQ(0, edu_ack(&self->b, ~0U));
}

TEST_F(edu, a_message_that_was_acknowledged_is_not_sent_again)
{
	int fd = event_new();

	ASSERT_EQ(0, vdev_arm(&self->a, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, edu_raise(&self->a, 0x10));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, edu_ack(&self->a, ~0U));

	ASSERT_EQ(0, vdev_arm(&self->b, VFIO_PCI_MSI_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	ASSERT_EQ(0, edu_raise(&self->b, 0x20));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0x20, edu_get(&self->b, EDU_IRQ_STATUS));
	EXPECT_EQ(0, edu_ack(&self->b, ~0U));
}

TEST_F(edu, a_pending_level_is_asserted_until_acknowledged)
{
	int fd = event_new();

	ASSERT_EQ(0, edu_raise(&self->a, 0x10));
	ASSERT_EQ(0, vdev_arm(&self->b, VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &fd));
	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	EXPECT_EQ(0x10, edu_get(&self->b, EDU_IRQ_STATUS));
	ASSERT_EQ(0, vdev_intx_action(&self->b, VFIO_IRQ_SET_ACTION_UNMASK));
	EXPECT_EQ(1, event_wait(fd, PATIENCE_MS));
	ASSERT_EQ(0, edu_ack(&self->b, ~0U));
	ASSERT_EQ(0, vdev_intx_action(&self->b, VFIO_IRQ_SET_ACTION_UNMASK));
	EXPECT_EQ(0, event_wait(fd, QUIET_MS));
	EXPECT_EQ(0, edu_ack(&self->a, ~0U));
}

TEST_F(edu, a_device_without_memory_decode_migrates)
{
	ASSERT_TRUE(factorial(&self->a, 8));
	cfg_update16(&self->a, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
	cfg_update16(&self->b, PCI_COMMAND, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY, 0);
	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(0, cfg_get(&self->b, PCI_COMMAND, 2) & (PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY));
	cfg_update16(&self->b, PCI_COMMAND, PCI_COMMAND_MEMORY, PCI_COMMAND_MEMORY);
	EXPECT_EQ(40320, edu_get(&self->b, EDU_FACTORIAL));
}

/* ---- streams that must not be loaded --------------------------------------------------------- */

TEST_F(edu, a_bad_stream_is_refused_and_a_reset_leads_out)
{
	char stream[STREAM_MAX], bad[STREAM_MAX];
	ssize_t length = save(&self->a, stream);

	ASSERT_LT(0, length);

	EXPECT_EQ(-ENODATA, load(&self->b, stream, length - 1));
	EXPECT_EQ(VFIO_DEVICE_STATE_ERROR, get_state(&self->b));
	EXPECT_EQ(-EINVAL, set_state(&self->b, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_EQ(0, vdev_ioctl(&self->b, VFIO_DEVICE_RESET, NULL));

	memcpy(bad, stream, length);
	bad[length / 2] ^= 1;
	EXPECT_EQ(-EBADMSG, load(&self->b, bad, length));
	ASSERT_EQ(0, vdev_ioctl(&self->b, VFIO_DEVICE_RESET, NULL));

	memcpy(bad, stream, length);
	bad[0] ^= 1;
	EXPECT_EQ(-EINVAL, load(&self->b, bad, length));
	ASSERT_EQ(0, vdev_ioctl(&self->b, VFIO_DEVICE_RESET, NULL));

	memcpy(bad, stream, length);
	memcpy(bad + length, stream, length);
	EXPECT_EQ(-EILSEQ, load(&self->b, bad, 2 * length));
	ASSERT_EQ(0, vdev_ioctl(&self->b, VFIO_DEVICE_RESET, NULL));

	EXPECT_EQ(0, load(&self->b, stream, length));
}

/* ---- what the user sees of the variant ------------------------------------------------------- */

TEST_F(edu, bar_0_is_not_mapped)
{
	int err = 0;

	EXPECT_FALSE(vdev_region_flags(&self->a, EDU_BAR) & VFIO_REGION_INFO_FLAG_MMAP);
	EXPECT_EQ(NULL, vdev_mmap(&self->a, EDU_BAR, 0, PAGE, MAP_SHARED, &err));
	EXPECT_EQ(-EINVAL, err);
}

TEST_F(edu, the_region_counts_commands)
{
	struct vfio_region_info region = {};
	__u64 count = ~0ULL;

	ASSERT_EQ(0, vdev_region_info(&self->a, VFIO_PCI_NUM_REGIONS, &region));
	ASSERT_EQ(1, vdev_region_cap(&self->a, VFIO_PCI_NUM_REGIONS, VFIO_REGION_INFO_CAP_TYPE));
	ASSERT_EQ(8, region.size);
	ASSERT_EQ(8, pread(self->a.fd, &count, 8, region.offset));
	EXPECT_EQ(0, count);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, 64, 0));
	/* A read may begin anywhere, and ends with the region. */
	ASSERT_EQ(8, pread(self->a.fd, &count, 8, region.offset));
	EXPECT_EQ(1, count);
	EXPECT_EQ(4, pread(self->a.fd, &count, 8, region.offset + 4));
	EXPECT_EQ(-1, pread(self->a.fd, &count, 8, region.offset + 8));
	EXPECT_EQ(-1, pwrite(self->a.fd, &count, 8, region.offset));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(edu, the_config_field_composes_with_its_neighbours)
{
	__u8 bytes[7], want[7];

	EXPECT_EQ(0, cfg_get(&self->a, MIGRATED, 4));
	ASSERT_EQ(0, cfg_put(&self->a, MIGRATED, 4, 0x44332211));
	EXPECT_EQ(0x44332211, cfg_get(&self->a, MIGRATED, 4));
	EXPECT_EQ(0x4433, cfg_get(&self->a, MIGRATED + 2, 2));
	EXPECT_EQ(0x22, cfg_get(&self->a, MIGRATED + 1, 1));
	/* Part of a field goes to the hook merged with the rest. */
	ASSERT_EQ(0, cfg_put(&self->a, MIGRATED + 1, 1, 0xaa));
	EXPECT_EQ(0x4433aa11, cfg_get(&self->a, MIGRATED, 4));
	ASSERT_EQ(0, cfg_put(&self->a, MIGRATED + 2, 2, 0xccdd));
	EXPECT_EQ(0xccddaa11, cfg_get(&self->a, MIGRATED, 4));

	for (int i = 0; i < 3; i++)
		want[i] = cfg_get(&self->a, MIGRATED - 3 + i, 1);
	memcpy(want + 3, "\x11\xaa\xdd\xcc", 4);
	ASSERT_EQ(7, vdev_read(&self->a, VFIO_PCI_CONFIG_REGION_INDEX, MIGRATED - 3, bytes, 7));
	EXPECT_EQ(0, memcmp(bytes, want, 7));
}

TEST_F(edu, the_config_field_tells_migrations)
{
	ASSERT_EQ(0, migrate(&self->a, &self->b));
	EXPECT_EQ(1, cfg_get(&self->b, MIGRATED, 4));
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_RESET, NULL));
	ASSERT_EQ(0, migrate(&self->b, &self->a));
	EXPECT_EQ(2, cfg_get(&self->a, MIGRATED, 4));
}

/* ---- dirty pages, by the container ----------------------------------------------------------- */

static int dirty_pages(const struct vdev *v, __u32 flags, __u64 *bitmap)
{
	struct {
		struct vfio_iommu_type1_dirty_bitmap head;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} arg = {
		.head = { .argsz = sizeof(arg), .flags = flags },
		.get = {
			.iova = IOVA,
			.size = PAGES * PAGE,
			.bitmap = { .pgsize = PAGE, .size = PAGES / 8, .data = bitmap },
		},
	};

	return ioctl(v->container, VFIO_IOMMU_DIRTY_PAGES, &arg) ? -errno : 0;
}

static __u64 written(const struct vdev *v)
{
	__u64 bitmap = 0;
	int ret = dirty_pages(v, VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP, &bitmap);

	return ret ? ~0xdeadULL : bitmap;
}

#define TRACK_START	VFIO_IOMMU_DIRTY_PAGES_FLAG_START
#define TRACK_STOP	VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP

TEST_F(edu, all_memory_counts_as_written_before_the_first_dma)
{
	ASSERT_EQ(0, dirty_pages(&self->a, TRACK_START, NULL));
	EXPECT_EQ(~0ULL, written(&self->a));
	EXPECT_EQ(0, dirty_pages(&self->a, TRACK_STOP, NULL));
}

TEST_F(edu, exactly_the_written_pages_are_reported)
{
	ASSERT_EQ(0, dirty_pages(&self->a, TRACK_START, NULL));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 5 * PAGE, 64, EDU_DMA_TO_RAM));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 9 * PAGE - 16, 32, EDU_DMA_TO_RAM));
	EXPECT_EQ(1ULL << 5 | 1ULL << 8 | 1ULL << 9, written(&self->a) & ~1ULL);

	/* Reported once; the last is let go of as soon as the driver hears of it. */
	edu_ack(&self->a, 0);
	written(&self->a);
	EXPECT_EQ(0, written(&self->a));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 63 * PAGE, PAGE, EDU_DMA_TO_RAM));
	EXPECT_EQ(1ULL << 63, written(&self->a));
	EXPECT_EQ(0, dirty_pages(&self->a, TRACK_STOP, NULL));
}

TEST_F(edu, reading_memory_does_not_count_as_writing_it)
{
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 1 * PAGE, 8, EDU_DMA_TO_RAM));
	ASSERT_EQ(0, dirty_pages(&self->a, TRACK_START, NULL));
	ASSERT_TRUE(dma(&self->a, IOVA + 20 * PAGE, EDU_BUFFER, PAGE, 0));
	EXPECT_EQ(0, written(&self->a) >> 20 & 1);
	EXPECT_EQ(0, dirty_pages(&self->a, TRACK_STOP, NULL));
}

TEST_F(edu, a_page_is_reported_until_the_write_is_over)
{
	ASSERT_EQ(0, dirty_pages(&self->a, TRACK_START, NULL));
	start_dma(&self->a, EDU_BUFFER, IOVA + 33 * PAGE, PAGE, EDU_DMA_TO_RAM);
	EXPECT_EQ(1ULL << 33, written(&self->a));
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_STOP));
	/* Whatever was asked before it was written, this is asked after. */
	EXPECT_EQ(1ULL << 33, written(&self->a));
	EXPECT_EQ(0, written(&self->a));
	EXPECT_EQ(0, dirty_pages(&self->a, TRACK_STOP, NULL));
}

TEST_F(edu, memory_is_unmapped_while_it_is_being_written)
{
	start_dma(&self->a, EDU_BUFFER, IOVA + 3 * PAGE, PAGE, EDU_DMA_TO_RAM);
	EXPECT_EQ(0, vdev_dma_unmap(&self->a, IOVA, PAGES * PAGE));
	ASSERT_TRUE(wait_until(dma_idle, &self->a, BUSY_MS));
	ASSERT_EQ(0, vdev_dma_map(&self->a, self->memory, IOVA, PAGES * PAGE));
	memset(self->memory, 0x77, PAGE);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM));
	EXPECT_EQ(0x77, self->memory[PAGE]);
}

/* ---- dirty pages, by the device -------------------------------------------------------------- */

static int log_start(const struct vdev *v)
{
	struct vfio_device_feature_dma_logging_range range = { IOVA, PAGES * PAGE };
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = PAGE,
		.num_ranges = 1,
		.ranges = (__u64)(uintptr_t)&range,
	};

	return vdev_feature(v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			    &control, sizeof(control));
}

static int log_stop(const struct vdev *v)
{
	return vdev_feature(v, VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			    NULL, 0);
}

static __u64 log_report(const struct vdev *v)
{
	__u64 bitmap = 0;
	struct vfio_device_feature_dma_logging_report report = {
		.iova = IOVA,
		.length = PAGES * PAGE,
		.page_size = PAGE,
		.bitmap = (__u64)(uintptr_t)&bitmap,
	};
	int ret = vdev_feature(v, VFIO_DEVICE_FEATURE_GET |
			       VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, &report, sizeof(report));

	return ret ? ~0xdeadULL : bitmap;
}

/* vfio.ko can report where it was built with iommufd; where it cannot nobody shall rely on it. */
TEST_F(edu, the_device_reports_what_it_wrote_or_says_that_it_does_not)
{
	if (access("/dev/iommu", F_OK)) {
		EXPECT_EQ(-ENOTTY, log_start(&self->a));
		return;
	}

	EXPECT_EQ(-EINVAL, log_stop(&self->a));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA, 16, EDU_DMA_TO_RAM));
	/* The driver hears with the next write that it is over; until then it counts. */
	edu_ack(&self->a, 0);
	ASSERT_EQ(0, log_start(&self->a));
	EXPECT_EQ(-EINVAL, log_start(&self->a));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 7 * PAGE, 64, EDU_DMA_TO_RAM));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + 12 * PAGE - 8, 16, EDU_DMA_TO_RAM));
	edu_ack(&self->a, 0);
	EXPECT_EQ(1ULL << 7 | 1ULL << 11 | 1ULL << 12, log_report(&self->a));
	EXPECT_EQ(0, log_report(&self->a));

	start_dma(&self->a, EDU_BUFFER, IOVA + 20 * PAGE, PAGE, EDU_DMA_TO_RAM);
	EXPECT_EQ(1ULL << 20, log_report(&self->a));
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_STOP));
	EXPECT_EQ(1ULL << 20, log_report(&self->a));
	EXPECT_EQ(0, log_report(&self->a));
	EXPECT_EQ(0, log_stop(&self->a));
}

/* ---- a device of an iommufd ------------------------------------------------------------------ */

FIXTURE(iommufd) {
	struct vdev a;
	unsigned char *memory;
};

static int open_cdev(struct vdev *v, const char *bdf)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind) };
	struct vfio_region_info info;
	char path[300];
	glob_t found;
	int ret;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev/vfio*", bdf);
	if (glob(path, 0, NULL, &found))
		return -ENOENT;
	snprintf(path, sizeof(path), "/dev/vfio/devices%s", strrchr(found.gl_pathv[0], '/'));
	globfree(&found);

	*v = (struct vdev){ .group = -1 };
	v->fd = open(path, O_RDWR | O_CLOEXEC);
	v->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	bind.iommufd = v->container;
	ret = vdev_ioctl(v, VFIO_DEVICE_BIND_IOMMUFD, &bind);
	for (__u32 i = 0; !ret && i < VFIO_PCI_NUM_REGIONS; i++)
		v->offsets[i] = vdev_region_info(v, i, &info) ? 0 : info.offset;
	return ret;
}

/* Maps @memory at IOVA in an address space of the device's own. */
static int attach(const struct vdev *v, void *memory)
{
	struct iommu_ioas_alloc ioas = { .size = sizeof(ioas) };
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE |
			 IOMMU_IOAS_MAP_READABLE,
		.user_va = (__u64)(uintptr_t)memory,
		.length = PAGES * PAGE,
		.iova = IOVA,
	};
	struct vfio_device_attach_iommufd_pt pt = { .argsz = sizeof(pt) };

	if (ioctl(v->container, IOMMU_IOAS_ALLOC, &ioas))
		return -errno;
	map.ioas_id = ioas.out_ioas_id;
	pt.pt_id = ioas.out_ioas_id;
	if (ioctl(v->container, IOMMU_IOAS_MAP, &map))
		return -errno;
	return vdev_ioctl(v, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &pt);
}

FIXTURE_SETUP(iommufd)
{
	ASSERT_EQ(0, open_cdev(&self->a, getenv("EDU_A")));
	self->memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->memory);
	cfg_update16(&self->a, PCI_COMMAND, PCI_COMMAND_MASTER, PCI_COMMAND_MASTER);
}

FIXTURE_TEARDOWN(iommufd)
{
	vdev_close(&self->a);
}

TEST_F(iommufd, a_device_is_saved_and_loaded_and_gets_its_memory_back)
{
	char stream[STREAM_MAX];
	ssize_t length;

	/* A window needs no memory of the user's. */
	ASSERT_LT(0, save(&self->a, stream));
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_RESET, NULL));

	ASSERT_EQ(0, attach(&self->a, self->memory));
	memset(self->memory, 0x3c, PAGE);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	length = save(&self->a, stream);
	ASSERT_LT(0, length);
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_RESET, NULL));
	memset(self->memory, 0, PAGE);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));

	ASSERT_EQ(0, load(&self->a, stream, length));
	ASSERT_EQ(0, set_state(&self->a, VFIO_DEVICE_STATE_RUNNING));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM));
	EXPECT_EQ(0x3c, self->memory[PAGE]);
	EXPECT_EQ(0x3c, self->memory[2 * PAGE - 1]);
}

TEST_F(iommufd, a_device_that_lost_its_memory_is_saved_and_gets_other_memory)
{
	struct vfio_device_detach_iommufd_pt pt = { .argsz = sizeof(pt) };
	char stream[STREAM_MAX];

	ASSERT_EQ(0, attach(&self->a, self->memory));
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_DETACH_IOMMUFD_PT, &pt));
	ASSERT_LT(0, save(&self->a, stream));
	ASSERT_EQ(0, vdev_ioctl(&self->a, VFIO_DEVICE_RESET, NULL));

	ASSERT_EQ(0, attach(&self->a, self->memory));
	memset(self->memory, 0x5a, PAGE);
	ASSERT_TRUE(dma(&self->a, IOVA, EDU_BUFFER, PAGE, 0));
	ASSERT_TRUE(dma(&self->a, EDU_BUFFER, IOVA + PAGE, PAGE, EDU_DMA_TO_RAM));
	EXPECT_EQ(0x5a, self->memory[2 * PAGE - 1]);
}

/* ---- a device that shares its group ---------------------------------------------------------- */

/* While it is saved it reaches nothing of the user's, and neither would the other function. */
TEST(a_device_that_shares_its_group_is_not_saved)
{
	char stream[STREAM_MAX];
	struct vdev v;

	ASSERT_EQ(0, vdev_open(&v, getenv("EDU_SHARED")));
	EXPECT_EQ(-EOPNOTSUPP, save(&v, stream));
	EXPECT_EQ(0, set_state(&v, VFIO_DEVICE_STATE_RUNNING));
	EXPECT_TRUE(factorial(&v, 5));
	EXPECT_EQ(120, edu_get(&v, EDU_FACTORIAL));
	vdev_close(&v);
}

TEST_HARNESS_MAIN
