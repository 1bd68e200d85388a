// SPDX-License-Identifier: GPL-2.0-only
/*
 * Userspace decides how long the kernel copies from and to its memory: a page that userfaultfd(2)
 * keeps back holds up read() and write() of a stream. Meanwhile the device is closed, taken from
 * its driver, and is another's; whoever was held up learns that, and touches nothing of it.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KIT_HOLDS false
#include "kit.h"

CLOSED_FIXTURE(device, WANTS_STALLING);

/*
 * Memory whose first part is there, and whose rest comes when it is let.
 * @uffd:	of the rest
 * @map:	first part
 * @rest:	page-aligned, behind the first part
 * @content:	of the rest
 * @half:	bytes of either
 */
struct stalling {
	int uffd;
	unsigned char *map, *rest, *content;
	size_t half;
};

/* Room for @half bytes, a multiple of pages, on either side. */
static int stalling_open(struct stalling *s, size_t half)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	s->half = half;
	s->map = mmap(NULL, 2 * half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	s->content = mmap(NULL, half, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->map == MAP_FAILED || s->content == MAP_FAILED)
		return -errno;
	s->rest = s->map + half;
	s->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (s->uffd < 0 || ioctl(s->uffd, UFFDIO_API, &api))
		return -errno;
	reg.range.start = (uintptr_t)s->rest;
	reg.range.len = half;
	return ioctl(s->uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

/* Whether somebody has come to a page that is not there. */
static bool stalling_holds(struct stalling *s)
{
	struct pollfd p = { .fd = s->uffd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&p, 1, PATIENCE_MS) == 1 && read(s->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	       msg.event == UFFD_EVENT_PAGEFAULT;
}

static int stalling_release(struct stalling *s)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)s->rest, .src = (uintptr_t)s->content, .len = s->half,
	};

	return ioctl(s->uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}

static void stalling_close(struct stalling *s)
{
	close(s->uffd);
	munmap(s->map, 2 * s->half);
	munmap(s->content, s->half);
}

/* One read() or write() by a thread of its own. */
struct mover {
	pthread_t thread;
	int fd;
	void *at;
	size_t len;
	bool writes;
	ssize_t result;
};

static void *move(void *arg)
{
	struct mover *m = arg;

	m->result = m->writes ? write(m->fd, m->at, m->len) : read(m->fd, m->at, m->len);
	if (m->result < 0)
		m->result = -errno;
	return NULL;
}

/* The device is closed and goes to another driver and back. */
static void give_away(struct __test_metadata *_metadata, struct vdev *v)
{
	char driver[64];

	pci_driver(test_bdf(), driver, sizeof(driver));
	vdev_close(v);
	ASSERT_EQ(0, pci_unbind(test_bdf()));
	ASSERT_EQ(0, pci_give(test_bdf(), driver));
}

static size_t whole_pages(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* write() of @good is held up after @there bytes, and the device given away meanwhile. */
static void stall_write(struct __test_metadata *_metadata, struct vdev *v,
			const struct stream *good, size_t there)
{
	struct mover m = { .len = good->len, .writes = true };
	struct stalling s;

	ASSERT_EQ(0, stalling_open(&s, whole_pages(good->len)));
	m.at = s.rest - there;
	memcpy(m.at, good->bytes, there);
	memcpy(s.content, good->bytes + there, good->len - there);

	ASSERT_EQ(0, mig_set(v, VFIO_DEVICE_STATE_RESUMING, &m.fd));
	ASSERT_EQ(0, pthread_create(&m.thread, NULL, move, &m));
	ASSERT_TRUE(stalling_holds(&s)) TH_LOG("at %zu", there);
	give_away(_metadata, v);
	ASSERT_EQ(0, stalling_release(&s));
	ASSERT_EQ(0, pthread_join(m.thread, NULL));
	EXPECT_EQ(-ENODEV, m.result) TH_LOG("at %zu of %zu", there, good->len);

	close(m.fd);
	stalling_close(&s);
	ASSERT_EQ(0, vdev_open(v, test_bdf()));
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(v));
}

TEST_F_TIMEOUT(device, a_writer_held_up_while_the_device_goes_is_told_so, 180)
{
	struct stream good = {};

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	/* Within a header, before another part, amid the state, and just before the end. */
	stall_write(_metadata, &self->dev, &good, 4);
	stall_write(_metadata, &self->dev, &good, 16);
	stall_write(_metadata, &self->dev, &good, good.len / 2);
	stall_write(_metadata, &self->dev, &good, good.len - 1);
	EXPECT_TRUE(kit_is_well(&self->dev, 90));
	stream_free(&good);
}

/* What was taken before a reset does not reach the device after it. */
TEST_F_TIMEOUT(device, a_writer_held_up_while_the_device_is_reset_is_told_so, 60)
{
	struct stream good = {};
	struct mover m = { .writes = true };
	struct stalling s;

	ASSERT_EQ(0, mig_save(&self->dev, &good, STEP));
	ASSERT_EQ(0, mig_run(&self->dev));
	ASSERT_EQ(0, stalling_open(&s, whole_pages(good.len)));
	m.len = good.len;
	m.at = s.rest - good.len / 2;
	memcpy(m.at, good.bytes, good.len / 2);
	memcpy(s.content, good.bytes + good.len / 2, good.len - good.len / 2);

	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RESUMING, &m.fd));
	ASSERT_EQ(0, pthread_create(&m.thread, NULL, move, &m));
	ASSERT_TRUE(stalling_holds(&s));
	EXPECT_EQ(-EBUSY, mig_set(&self->dev, VFIO_DEVICE_STATE_STOP, NULL));
	ASSERT_EQ(0, mig_reset(&self->dev));
	ASSERT_EQ(0, stalling_release(&s));
	ASSERT_EQ(0, pthread_join(m.thread, NULL));
	EXPECT_EQ(-ENODEV, m.result);
	EXPECT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));

	close(m.fd);
	stalling_close(&s);
	EXPECT_TRUE(kit_is_well(&self->dev, 91));
	stream_free(&good);
}

TEST_F_TIMEOUT(device, a_reader_held_up_while_the_device_goes_harms_nobody, 60)
{
	struct mover m = { .len = STEP };
	struct stalling s;

	ASSERT_EQ(0, stalling_open(&s, whole_pages(STEP)));
	m.at = s.rest - 4;
	ASSERT_EQ(0, mig_enter(&self->dev, VFIO_DEVICE_STATE_STOP_COPY, &m.fd));
	ASSERT_EQ(0, pthread_create(&m.thread, NULL, move, &m));
	ASSERT_TRUE(stalling_holds(&s));
	give_away(_metadata, &self->dev);
	ASSERT_EQ(0, stalling_release(&s));
	ASSERT_EQ(0, pthread_join(m.thread, NULL));
	/* What it was given before counts as read; there is no more. */
	EXPECT_NE(0, m.result);
	EXPECT_EQ(-1, read(m.fd, s.content, STEP));
	EXPECT_EQ(ENODEV, errno);

	close(m.fd);
	stalling_close(&s);
	ASSERT_EQ(0, vdev_open(&self->dev, test_bdf()));
	EXPECT_TRUE(kit_is_well(&self->dev, 92));
}
