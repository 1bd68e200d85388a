// SPDX-License-Identifier: GPL-2.0-only
/*
 * Register accesses, and their transfer from and to a user.
 *
 * A transfer is cut at the edges of what the user must not touch and at multiples of IO_WINDOW.
 * Each piece moves between the function and a buffer on the stack under one hold of memory_lock.
 * User memory is touched outside of that lock only: it may be a mapping of the same function, and
 * its fault handler wants the lock as well.
 */
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "vfio_pci_priv.h"

/* Longest run of accesses under one hold of memory_lock; a multiple of the widest access. */
#define IO_WINDOW	512

/*
 * Values travel as the bytes that the function stores, in their order.  PCI has them little-endian,
 * and the user knows that: no swap on either kind of CPU.
 */
#ifdef __BIG_ENDIAN
#define io_get8		ioread8
#define io_get16	ioread16be
#define io_get32	ioread32be
#define io_get64	ioread64be
#define io_put8		iowrite8
#define io_put16	iowrite16be
#define io_put32	iowrite32be
#define io_put64	iowrite64be
#else
#define io_get8		ioread8
#define io_get16	ioread16
#define io_get32	ioread32
#define io_get64	ioread64
#define io_put8		iowrite8
#define io_put16	iowrite16
#define io_put32	iowrite32
#define io_put64	iowrite64
#endif

static int io_begin(struct vfio_pci_core_device *vdev, bool test_mem)
{
	if (!test_mem)
		return 0;

	down_read(&vdev->memory_lock);
	if (likely(vfio_pci_memory_enabled(vdev)))
		return 0;

	up_read(&vdev->memory_lock);
	return -EIO;
}

static void io_end(struct vfio_pci_core_device *vdev, bool test_mem)
{
	if (test_mem)
		up_read(&vdev->memory_lock);
}

/*
 * vfio_pci_core_iowrite8(), 16, 32 and 64 write a register, vfio_pci_core_ioread8() etc. read one
 * @vdev: open if @test_mem
 * @test_mem: memory space, which must be enabled; false for I/O ports
 * @val: the register's bytes in memory order; a read that fails leaves it alone
 * @io: register, in a mapping by vfio_pci_core_setup_barmap() or the caller's own
 *
 * Context: sleeps and takes memory_lock for reading if @test_mem, any context otherwise.
 * Return: 0, or -EIO while memory space is disabled.
 */
#define DEFINE_IOWRITE(bits)								\
int vfio_pci_core_iowrite##bits(struct vfio_pci_core_device *vdev, bool test_mem,	\
				u##bits val, void __iomem *io)				\
{											\
	int ret = io_begin(vdev, test_mem);						\
											\
	if (ret)									\
		return ret;								\
	io_put##bits(val, io);								\
	io_end(vdev, test_mem);								\
	return 0;									\
}											\
EXPORT_SYMBOL_GPL(vfio_pci_core_iowrite##bits)

#define DEFINE_IOREAD(bits)								\
int vfio_pci_core_ioread##bits(struct vfio_pci_core_device *vdev, bool test_mem,	\
			       typeof(u##bits) *val, void __iomem *io)			\
{											\
	int ret = io_begin(vdev, test_mem);						\
											\
	if (ret)									\
		return ret;								\
	*val = io_get##bits(io);							\
	io_end(vdev, test_mem);								\
	return 0;									\
}											\
EXPORT_SYMBOL_GPL(vfio_pci_core_ioread##bits)

DEFINE_IOWRITE(8);
DEFINE_IOWRITE(16);
DEFINE_IOWRITE(32);
DEFINE_IOWRITE(64);
DEFINE_IOREAD(8);
DEFINE_IOREAD(16);
DEFINE_IOREAD(32);
DEFINE_IOREAD(64);

/* The widest naturally aligned access at @pos that stays within @left bytes. */
static unsigned int io_width(size_t pos, size_t left, unsigned int max)
{
	while (max > left || pos & (max - 1))
		max /= 2;
	return max;
}

/* Whether @count bytes at @pos are one access; of none it is false. */
static bool io_is_single(size_t pos, size_t count, unsigned int max)
{
	return count - 1 < max && !((pos | count) & (count - 1));
}

/* As many of the widest accesses as fit: once aligned, a run stays so up to its tail. */
#define IO_RUN(bits, access)								\
	do {										\
		access;									\
		buf += (bits) / 8;							\
		pos += (bits) / 8;							\
		count -= (bits) / 8;							\
	} while (max_width == (bits) / 8 && count >= (bits) / 8)

/**
 * vfio_pci_io_read() - read a run of registers
 * @buf: memory that is aligned as @pos is, so that each word is aligned in both
 * @io: start of a mapping
 * @pos: first byte, from @io
 * @count: bytes
 * @max_width: the widest single access
 *
 * Context: any; the caller knows that the registers answer.
 */
void vfio_pci_io_read(void *buf, const void __iomem *io, size_t pos, size_t count,
		      unsigned int max_width)
{
	while (count) {
		switch (io_width(pos, count, max_width)) {
		case 8:
			IO_RUN(64, *(u64 *)buf = io_get64(io + pos));
			break;
		case 4:
			IO_RUN(32, *(u32 *)buf = io_get32(io + pos));
			break;
		case 2:
			IO_RUN(16, *(u16 *)buf = io_get16(io + pos));
			break;
		default:
			IO_RUN(8, *(u8 *)buf = io_get8(io + pos));
		}
	}
}

/* The same the other way round. */
static void io_write(const void *buf, void __iomem *io, size_t pos, size_t count,
		     unsigned int max_width)
{
	while (count) {
		switch (io_width(pos, count, max_width)) {
		case 8:
			IO_RUN(64, io_put64(*(const u64 *)buf, io + pos));
			break;
		case 4:
			IO_RUN(32, io_put32(*(const u32 *)buf, io + pos));
			break;
		case 2:
			IO_RUN(16, io_put16(*(const u16 *)buf, io + pos));
			break;
		default:
			IO_RUN(8, io_put8(*(const u8 *)buf, io + pos));
		}
	}
}

/* One access, aligned to its @width. */
#define IO_SINGLE(bits)									\
	do {										\
		u##bits val;								\
		int ret;								\
											\
		if (iswrite && copy_from_user(&val, buf, sizeof(val)))			\
			return -EFAULT;							\
		ret = iswrite ?								\
		      vfio_pci_core_iowrite##bits(vdev, test_mem, val, io) :		\
		      vfio_pci_core_ioread##bits(vdev, test_mem, &val, io);		\
		if (!ret && !iswrite && copy_to_user(buf, &val, sizeof(val)))		\
			ret = -EFAULT;							\
		return ret;								\
	} while (0)

static int io_rw_single(struct vfio_pci_core_device *vdev, bool test_mem, void __iomem *io,
			char __user *buf, size_t width, bool iswrite)
{
	switch (width) {
	case 8:
		IO_SINGLE(64);
	case 4:
		IO_SINGLE(32);
	case 2:
		IO_SINGLE(16);
	default:
		IO_SINGLE(8);
	}
}

/* A piece of a transfer, within one window and all of it excluded or none. */
static noinline int io_rw_piece(struct vfio_pci_core_device *vdev, bool test_mem,
				void __iomem *io, char __user *buf, size_t pos, size_t count,
				bool iswrite, unsigned int max_width)
{
	u8 window[IO_WINDOW] __aligned(8) __uninitialized;
	u8 *slot = window + pos % IO_WINDOW;
	int ret;

	if (iswrite && copy_from_user(slot, buf, count))
		return -EFAULT;

	ret = io_begin(vdev, test_mem);
	if (ret)
		return ret;

	if (iswrite)
		io_write(slot, io, pos, count, max_width);
	else
		vfio_pci_io_read(slot, io, pos, count, max_width);

	io_end(vdev, test_mem);

	if (!iswrite && copy_to_user(buf, slot, count))
		return -EFAULT;
	return 0;
}

/* What the user sees of an excluded range. */
static noinline int io_rw_excluded(char __user *buf, size_t count, bool iswrite)
{
	u8 ones[IO_WINDOW] __uninitialized;

	if (iswrite)
		return 0;

	memset(ones, 0xff, count);
	return copy_to_user(buf, ones, count) ? -EFAULT : 0;
}

/**
 * vfio_pci_core_do_io_rw() - move bytes between a register range and user memory
 * @vdev: open if @test_mem
 * @test_mem: memory space, which must be enabled; false for I/O ports
 * @io: start of the range
 * @buf: user memory
 * @off: first byte, from @io
 * @count: bytes; the caller knows that @off + @count is inside of the range
 * @x_start: from here, from @io, ...
 * @x_end: ... to before here reads give 0xff, writes are dropped and nothing is accessed
 * @iswrite: from @buf to @io
 * @max_width: the widest single access
 *
 * Each access is as wide as its alignment, the bytes left and @max_width allow.
 *
 * Context: sleeps; takes memory_lock for reading if @test_mem.
 * Return: @count; -EIO while memory space is disabled, -EFAULT for bad user memory.  What was
 * done before an error stays done.
 */
ssize_t vfio_pci_core_do_io_rw(struct vfio_pci_core_device *vdev, bool test_mem, void __iomem *io,
			       char __user *buf, loff_t off, size_t count, size_t x_start,
			       size_t x_end, bool iswrite, enum vfio_pci_io_width max_width)
{
	size_t pos = off, end = off + count;
	size_t len;
	int ret;

	/* A register, which is what most callers want: nothing to cut or to gather. */
	if ((pos >= x_end || end <= x_start) && io_is_single(pos, count, max_width))
		return io_rw_single(vdev, test_mem, io + pos, buf, count, iswrite) ?: count;

	for (; pos < end; pos += len, buf += len) {
		bool excluded = pos >= x_start && pos < x_end;

		len = min(end - pos, IO_WINDOW - pos % IO_WINDOW);
		if (excluded)
			len = min(len, x_end - pos);
		else if (pos < x_start)
			len = min(len, x_start - pos);

		ret = excluded ? io_rw_excluded(buf, len, iswrite) :
				 io_rw_piece(vdev, test_mem, io, buf, pos, len, iswrite, max_width);
		if (ret)
			return ret;

		/* A BAR may take minutes to read, and a killed process does not want it. */
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	return count;
}
EXPORT_SYMBOL_GPL(vfio_pci_core_do_io_rw);
