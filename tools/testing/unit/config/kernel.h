/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much of the kernel as the config space engine asks for, for a program, and what the other
 * programs here have in common with it.  Locks only check that they are taken in order; the device
 * is an array of bytes.
 */
#ifndef UNIT_KERNEL_H
#define UNIT_KERNEL_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <linux/pci_regs.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;

#define pci_power_t		int
#define pci_ers_result_t	int
#define pci_channel_state_t	int
#define spinlock_t		int

#define __user
#define __iomem
#define __rcu
#define __force
#define __uninitialized
#define noinline

#define U8_MAX		((u8)~0U)
#define U16_MAX		((u16)~0U)
#define U32_MAX		((u32)~0U)
#define BITS_PER_BYTE	8
#define SZ_128K		0x20000

#define GENMASK(high, low)	(~0UL >> (63 - (high)) & ~0UL << (low))
#define FIELD_GET(mask, value)	(((value) & (mask)) >> __builtin_ctz(mask))
#define FIELD_PREP(mask, value)	((value) << __builtin_ctz(mask) & (mask))
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, value)	((x) = (value))
#define min(a, b)		({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b)		({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ > b_ ? a_ : b_; })
#define min_t(type, a, b)	min((type)(a), (type)(b))
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define round_down(x, to)	((x) & -(to))
#define lower_32_bits(x)	((u32)(x))
#define upper_32_bits(x)	((u32)((u64)(x) >> 32))
#define struct_size(p, member, count)	offsetof(typeof(*(p)), member[count])
#define container_of(p, type, member)	((type *)((char *)(p) - offsetof(type, member)))

#define cpu_to_le32(x)		htole32(x)
#define le32_to_cpu(x)		le32toh(x)

static inline unsigned int ALIGN(unsigned int x, unsigned int to)
{
	return round_down(x + to - 1, to);
}

#define UNIT_UNALIGNED(bits)							\
	static inline u##bits get_unaligned_le##bits(const void *from)		\
	{									\
		u##bits value;							\
										\
		memcpy(&value, from, sizeof(value));				\
		return le##bits##toh(value);					\
	}									\
	static inline void put_unaligned_le##bits(u##bits value, void *to)	\
	{									\
		value = htole##bits(value);					\
		memcpy(to, &value, sizeof(value));				\
	}

UNIT_UNALIGNED(16)
UNIT_UNALIGNED(32)

static inline void memset32(u32 *to, u32 value, size_t count)
{
	while (count--)
		*to++ = value;
}

/* What cleanup.h makes of a lock or a pointer. */
#define DEFINE_CLASS(name, type, exit, init, args...)				\
	struct class_##name { type value; };					\
	static inline void class_##name##_destructor(struct class_##name *p)	\
	{									\
		type _T = p->value;						\
										\
		exit;								\
	}									\
	static inline struct class_##name class_##name##_constructor(args)	\
	{									\
		return (struct class_##name) { init };				\
	}
#define DEFINE_GUARD(name, type, lock, unlock)					\
	DEFINE_CLASS(name, type, unlock, ({ lock; _T; }), type _T)
#define UNIT_PASTE_(a, b)	a##b
#define UNIT_PASTE(a, b)	UNIT_PASTE_(a, b)
#define UNIT_CLEANUP(name)	__attribute__((cleanup(class_##name##_destructor), unused))
#define guard(name)								\
	struct class_##name UNIT_PASTE(guard_, __LINE__) UNIT_CLEANUP(name) =	\
		class_##name##_constructor
#define scoped_guard(name, arg)							\
	for (struct class_##name scope UNIT_CLEANUP(name) = class_##name##_constructor(arg), \
	     *once = &scope; once; once = NULL)
#define __free(how)		__attribute__((cleanup(free_##how)))
#define no_free_ptr(p)		take_pointer(&(p))

static inline void *take_pointer(void *p)
{
	void *taken = *(void **)p;

	*(void **)p = NULL;
	return taken;
}

#define GFP_KERNEL_ACCOUNT	0
#define kvfree(p)		free(p)

static inline void *kvzalloc(size_t size, int flags)
{
	return calloc(1, size);
}

#define kzalloc(size, flags)	kvzalloc(size, flags)
#define kfree(p)		free(p)

static inline void free_kvfree(void *p)
{
	free(*(void **)p);
}

struct mutex { bool held; };
struct rw_semaphore { int unused; };
struct list_head { struct list_head *next, *prev; };
struct xarray { int unused; };
struct rcu_head { int unused; };
struct notifier_block { int unused; };
struct device { int unused; };
struct vfio_device { struct kvm *kvm; const void *log_ops; };

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline void list_add_tail(struct list_head *item, struct list_head *list)
{
	item->next = list;
	item->prev = list->prev;
	list->prev->next = item;
	list->prev = item;
}

#define list_for_each_entry(p, list, member)						\
	for (p = container_of((list)->next, typeof(*(p)), member); &(p)->member != (list);	\
	     p = container_of((p)->member.next, typeof(*(p)), member))
#define list_for_each_entry_safe(p, after, list, member)				\
	for (p = container_of((list)->next, typeof(*(p)), member);			\
	     after = container_of((p)->member.next, typeof(*(p)), member),		\
	     &(p)->member != (list); p = after)

#define unlikely(x)		(x)
#define BITS_PER_WORD		(8 * sizeof(unsigned long))
#define DECLARE_BITMAP(name, bits)							\
	unsigned long name[((bits) + BITS_PER_WORD - 1) / BITS_PER_WORD]

static inline bool test_bit(unsigned int bit, const unsigned long *map)
{
	return map[bit / BITS_PER_WORD] >> bit % BITS_PER_WORD & 1;
}

static inline void __set_bit(unsigned int bit, unsigned long *map)
{
	map[bit / BITS_PER_WORD] |= 1UL << bit % BITS_PER_WORD;
}

static inline unsigned long find_next_bit(const unsigned long *map, unsigned long size,
					  unsigned long from)
{
	while (from < size && !test_bit(from, map))
		from++;
	return from < size ? from : size;
}

struct vfio_info_cap;
struct vm_area_struct;
struct eventfd_ctx;
struct pci_saved_state;
struct vfio_device_set;
struct pci_error_handlers { int unused; };

void mutex_init(struct mutex *lock);
void mutex_destroy(struct mutex *lock);
void mutex_lock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))

/* Memory of the "user's" may end anywhere, as memory of the program's. */
static inline unsigned long copy_to_user(void *to, const void *from, size_t count)
{
	memcpy(to, from, count);
	return 0;
}

static inline unsigned long copy_from_user(void *to, const void *from, size_t count)
{
	memcpy(to, from, count);
	return 0;
}

enum { PCI_D0, PCI_D1, PCI_D2, PCI_D3hot };

#define PCI_STD_NUM_BARS	6
#define PCI_ROM_RESOURCE	6
#define PCI_CFG_SPACE_SIZE	256
#define PCI_CFG_SPACE_EXP_SIZE	4096
#define PCI_VENDOR_ID_INTEL	0x8086
#define PCI_CLASS_DISPLAY_VGA	0x0300
#define IRQ_NOTCONNECTED	0x80000000
#define IORESOURCE_ROM_SHADOW	0x00000002
#define IORESOURCE_IO		0x00000100
#define IORESOURCE_MEM		0x00000200
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_MEM_64	0x00100000

struct resource {
	u64 start, end;
	unsigned long flags;
};

struct pci_device_id {
	u32 vendor, device;
};

/*
 * @config: what the device says; @written: bytes that were written to; @fail: no access works;
 * @restless: bits of each dword that are the other way round at every second read
 */
struct pci_dev {
	struct device dev;
	struct resource resource[PCI_STD_NUM_BARS + 1];
	u16 vendor, device;
	unsigned int irq, class;
	int cfg_size;
	int current_state;
	u16 pcie_flags_reg;
	bool is_virtfn, no_command_memory;

	u8 config[PCI_CFG_SPACE_EXP_SIZE];
	u8 written[PCI_CFG_SPACE_EXP_SIZE];
	unsigned int reads;
	u32 restless[PCI_CFG_SPACE_EXP_SIZE / 4];
	bool fail, vpd_stuck;
};

#define PCI_DEVICE(vendor_id, device_id)	.vendor = (vendor_id), .device = (device_id)
#define PCI_POSSIBLE_ERROR(value)	((value) == (typeof(value))~0ULL)
#define pcie_caps_reg(pdev)		((pdev)->pcie_flags_reg)
#define pci_pcie_type(pdev)		((pdev)->pcie_flags_reg >> 4 & 0xf)
#define pcie_set_readrq(pdev, size)	((void)(pdev), (void)(size))
#define pcibios_err_to_errno(error)	(error)
#define pci_resource_start(pdev, bar)	((pdev)->resource[bar].start)
#define pci_resource_len(pdev, bar)	(resource_size(&(pdev)->resource[bar]))
#define pci_resource_flags(pdev, bar)	((pdev)->resource[bar].flags)

static inline u64 resource_size(const struct resource *res)
{
	return res->end - res->start + 1;
}

static inline const struct pci_device_id *pci_match_id(const struct pci_device_id *ids,
						       struct pci_dev *pdev)
{
	return ids->vendor == pdev->vendor && ids->device == pdev->device ? ids : NULL;
}

static inline int pcie_get_mps(struct pci_dev *pdev)
{
	return 128;
}

#define pci_warn(pdev, format...)		((void)(pdev))
#define pci_dbg(pdev, format...)		((void)(pdev))
#define pci_info_ratelimited(pdev, format...)	((void)(pdev))
#define dev_warn_ratelimited(dev, format...)	((void)(dev))

int pci_read_config_byte(struct pci_dev *pdev, int pos, u8 *value);
int pci_read_config_word(struct pci_dev *pdev, int pos, u16 *value);
int pci_read_config_dword(struct pci_dev *pdev, int pos, u32 *value);
int pci_user_write_config_byte(struct pci_dev *pdev, int pos, u8 value);
int pci_user_write_config_word(struct pci_dev *pdev, int pos, u16 value);
int pci_user_write_config_dword(struct pci_dev *pdev, int pos, u32 value);

#define pci_user_read_config_byte	pci_read_config_byte
#define pci_user_read_config_word	pci_read_config_word
#define pci_user_read_config_dword	pci_read_config_dword

ssize_t pci_read_vpd(struct pci_dev *pdev, loff_t pos, size_t count, void *buf);
ssize_t pci_write_vpd(struct pci_dev *pdev, loff_t pos, size_t count, const void *buf);

#endif /* UNIT_KERNEL_H */
