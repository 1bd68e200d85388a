// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the server does for a client that means well, and what it answers to mistakes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define BASE	0x100000ULL
#define MEMORY	(64 * WIRE_PAGE)

static int memory_fd(size_t size)
{
	int fd = memfd_create("guest", 0);

	return fd >= 0 && !ftruncate(fd, size) ? fd : -1;
}

static int map(uint64_t address, uint64_t size, uint64_t offset, int fd)
{
	struct wire_dma_map what = {
		.argsz = sizeof(what), .flags = WIRE_MAP_READ | WIRE_MAP_WRITE,
		.offset = offset, .address = address, .size = size,
	};

	return client_ask(WIRE_DMA_MAP, &what, sizeof(what), fd, &what, 0);
}

static int unmap(uint64_t address, uint64_t size)
{
	struct wire_dma_unmap what = { .argsz = sizeof(what), .address = address, .size = size };

	return client_ask(WIRE_DMA_UNMAP, &what, sizeof(what), -1, &what, 0);
}

static unsigned int mappings_of_memfd(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned int count = 0;
	char line[512];

	while (fgets(line, sizeof(line), maps))
		count += !!strstr(line, "memfd:guest");
	fclose(maps);
	return count;
}

static void test_version(void)
{
	static const uint8_t newer[] = { 1, 0, 0, 0 };
	static const uint8_t no_json[] = "\0\0\0\0{\"capabilities\":";
	uint8_t answer[4];

	client_connect();
	result(client_ask(WIRE_RESET, NULL, 0, -1, answer, 0) == -EINVAL && client_hung_up(),
	       "a command before the version ends the connection");
	client_connect();
	result(client_ask(WIRE_VERSION, newer, sizeof(newer), -1, answer, 4) == -EINVAL,
	       "another major version is refused");
	client_connect();
	result(client_ask(WIRE_VERSION, no_json, sizeof(no_json), -1, answer, 4) == -EINVAL,
	       "capabilities that are no JSON are refused");
	client_hello();
	result(client_ask(WIRE_VERSION, "\0\0\0\0", 4, -1, answer, 4) == -EINVAL,
	       "the version is said once");
	result(client_ask(1000, NULL, 0, -1, answer, 4) == -EOPNOTSUPP,
	       "unknown commands are refused");
	result(client_ask(WIRE_FEATURE, "\0\0\0\0\0\0\0\0", 8, -1, answer, 4) == -ENOTTY,
	       "features are refused");
}

/* The same file, to read only, as a client might have been given it. */
static int read_only(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void test_dma(void)
{
	int fd = memory_fd(MEMORY), other = memory_fd(WIRE_PAGE), mere = read_only(fd);
	char bytes[WIRE_PAGE] = "";

	client_hello();
	result(!unmap(0, 1ULL << 39) && !unmap(0, 1ULL << 63),
	       "unmapping a range with nothing in it succeeds");
	for (unsigned int i = 0; i < 8; i++)
		map(BASE + i * WIRE_PAGE, WIRE_PAGE, (7 - i) * WIRE_PAGE, fd);
	result(mappings_of_memfd() == 1, "a file is mapped once however many of its pages are");
	pwrite(fd, "seven", 6, 7 * WIRE_PAGE);
	result(vfu_dma_read(device, BASE, bytes, 6) && !strcmp(bytes, "seven"),
	       "reads get what is at the page's offset in the file");
	result(vfu_dma_write(device, BASE + WIRE_PAGE - 2, "ab", 3) &&
	       pread(fd, bytes, 1, 6 * WIRE_PAGE) == 1 && !bytes[0],
	       "an access may go on in the next mapping");
	result(!vfu_dma_read(device, BASE + 8 * WIRE_PAGE - 2, bytes, 3),
	       "an access must not leave what is mapped");
	result(!vfu_dma_read(device, UINT64_MAX, bytes, 2) &&
	       !vfu_dma_read(device, UINT64_MAX - 1, bytes, 4), "an access must not wrap");
	result(map(BASE, WIRE_PAGE, 0, fd) == -EEXIST &&
	       map(BASE - WIRE_PAGE, 1ULL << 20, 0, fd) == -EEXIST,
	       "a mapping over another one is refused");
	result(mere >= 0 && map(BASE << 8, WIRE_PAGE, 0, mere) == -EACCES,
	       "a file that the client may not write is refused, whoever else has it mapped");
	result(map(BASE << 8, MEMORY, WIRE_PAGE, fd) == -EINVAL &&
	       map(BASE << 8, WIRE_PAGE, -(uint64_t)WIRE_PAGE, fd) == -EINVAL,
	       "a mapping beyond the file's end is refused");
	result(map(-(uint64_t)WIRE_PAGE, 2 * WIRE_PAGE, 0, fd) == -EINVAL &&
	       map(BASE << 8, 0, 0, fd) == -EINVAL &&
	       map((BASE << 8) + 1, WIRE_PAGE, 0, fd) == -EINVAL,
	       "a range that wraps, is empty or not of pages is refused");
	result(!map(BASE << 9, WIRE_PAGE, 0, -1) && !vfu_dma_read(device, BASE << 9, bytes, 1),
	       "memory without a file can be mapped and not be accessed");
	result(!map(BASE << 8, 2 * WIRE_PAGE, 0, fd) &&
	       unmap(BASE << 8, WIRE_PAGE) == -EINVAL &&
	       unmap((BASE << 8) + WIRE_PAGE, 4 * WIRE_PAGE) == -EINVAL &&
	       vfu_dma_read(device, BASE << 8, bytes, WIRE_PAGE),
	       "a range that divides a mapping is refused and changes nothing");
	result(!unmap(0, 1ULL << 62) && !vfu_dma_read(device, BASE, bytes, 1),
	       "a range takes all mappings inside it");
	result(!mappings_of_memfd(), "the file is forgotten with its last mapping");
	result(!map(BASE, WIRE_PAGE, 0, other) && !ftruncate(other, 0) &&
	       !vfu_dma_read(device, BASE, bytes, 1) && !vfu_dma_write(device, BASE, bytes, 1),
	       "a client that truncates its memory harms nobody");
	close(fd);
	close(other);
	close(mere);
}

static int set_irqs(uint32_t flags, uint32_t start, uint32_t count, int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = VFIO_PCI_MSIX_IRQ_INDEX,
		.start = start, .count = count,
	};

	return client_ask(WIRE_SET_IRQS, &set, sizeof(set), fd, &set, 0);
}

static int set_line(uint32_t flags, int fd)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set), .flags = flags, .index = VFIO_PCI_INTX_IRQ_INDEX, .count = 1,
	};

	return client_ask(WIRE_SET_IRQS, &set, sizeof(set), fd, &set, 0);
}

static void test_line(void)
{
	uint32_t to_fd = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	uint32_t mask = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK;
	uint32_t unmask = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK;
	int event = eventfd(0, EFD_NONBLOCK);
	eventfd_t value = 0;

	client_hello();
	vfu_assert(device, true);
	result(!set_line(to_fd, event) && !eventfd_read(event, &value) && value == 1,
	       "a line that is asserted tells who comes to listen");
	vfu_assert(device, true);
	result(eventfd_read(event, &value), "once, until it is unmasked");
	result(!set_line(unmask, -1) && !eventfd_read(event, &value) && value == 1,
	       "and again then, if it still is");
	vfu_assert(device, false);
	result(!set_line(unmask, -1) && eventfd_read(event, &value),
	       "a line that is not asserted tells nobody");
	result(!set_line(mask, -1), "it can be masked");
	vfu_assert(device, true);
	result(eventfd_read(event, &value), "and tells nobody then");
	result(set_line(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK, event) == -EINVAL,
	       "but not unmasked by an eventfd");
	vfu_assert(device, false);
	close(event);
}

static void test_irqs(void)
{
	uint32_t to_fd = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	uint32_t none = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
	int event = eventfd(0, EFD_NONBLOCK);
	eventfd_t value = 0;
	int pipes[2];

	client_hello();
	result(!vfu_trigger(device, 0) && !vfu_trigger(device, VECTORS),
	       "a vector without an eventfd is not raised");
	result(!set_irqs(to_fd, 3, 1, event) && vfu_trigger(device, 3) &&
	       !eventfd_read(event, &value) && value == 1, "a vector raises its eventfd");
	result(!set_irqs(none, 3, 1, -1) && !eventfd_read(event, &value),
	       "the client can raise it too");
	result(set_irqs(to_fd, VECTORS, 1, event) == -EINVAL &&
	       set_irqs(to_fd, 1, UINT32_MAX, event) == -EINVAL &&
	       set_irqs(to_fd, UINT32_MAX, 2, event) == -EINVAL,
	       "vectors that the function does not have are refused");
	result(!pipe(pipes) && set_irqs(to_fd, 0, 1, pipes[1]) == -EINVAL,
	       "what is no eventfd is refused");
	/* The largest value an eventfd can have: one more would block. */
	eventfd_write(event, UINT64_MAX - 1);
	result(vfu_trigger(device, 3), "an eventfd that nobody reads does not hold up the server");
	eventfd_read(event, &value);
	result(!set_irqs(none, 0, 0, -1) && !vfu_trigger(device, 3),
	       "all vectors can be switched off");
	close(pipes[0]);
	close(pipes[1]);
	close(event);
}

static int access_region(unsigned int command, uint32_t region, uint64_t offset, uint32_t count,
			 size_t bytes, void *answer)
{
	uint8_t message[sizeof(struct wire_region_access) + 64] = {};
	struct wire_region_access *what = (void *)message;

	what->offset = offset;
	what->region = region;
	what->count = count;
	memset(what->data, 0x5a, bytes);
	return client_ask(command, message, sizeof(*what) + bytes, -1, answer,
			  answer ? sizeof(*what) + 8 : 0);
}

static void test_regions(void)
{
	uint8_t answer[sizeof(struct wire_region_access) + 8] = {};

	client_hello();
	result(!access_region(WIRE_REGION_WRITE, 0, 8, 4, 4, NULL) &&
	       !access_region(WIRE_REGION_READ, 0, 8, 8, 0, answer) &&
	       !memcmp(answer + sizeof(struct wire_region_access), "ZZZZ\0\0\0\0", 8),
	       "what is written to a region is read from it");
	result(access_region(WIRE_REGION_READ, 0, BAR_SIZE - 2, 4, 0, NULL) == -EINVAL &&
	       access_region(WIRE_REGION_READ, 0, -2ULL, 4, 0, NULL) == -EINVAL &&
	       access_region(WIRE_REGION_READ, 0, 0, UINT32_MAX, 0, NULL) == -EINVAL &&
	       access_region(WIRE_REGION_READ, 1, 0, 4, 0, NULL) == -EINVAL &&
	       access_region(WIRE_REGION_READ, 100, 0, 4, 0, NULL) == -EINVAL,
	       "an access outside of a region is refused");
	result(access_region(WIRE_REGION_WRITE, 0, 0, 32, 4, NULL) == -EINVAL,
	       "a write of more than the message has is refused");
	device_resets = 0;
	result(!client_ask(WIRE_RESET, NULL, 0, -1, NULL, 0) && device_resets == 1,
	       "a reset reaches the device");
}

static void test_connections(void)
{
	struct wire_header half = { .command = WIRE_RESET, .size = sizeof(half) };
	struct wire_header huge = { .command = WIRE_RESET, .size = UINT32_MAX };
	struct wire_header tiny = { .command = WIRE_RESET, .size = 3 };
	struct wire_header many[1000];
	int fd = memory_fd(MEMORY);

	client_hello();
	map(BASE, WIRE_PAGE, 0, fd);
	client_close();
	result(!mappings_of_memfd(), "nothing of a client is left when it is gone");
	client_hello();
	result(!map(BASE, WIRE_PAGE, 0, fd) && !map(-(uint64_t)WIRE_PAGE, WIRE_PAGE, 0, fd),
	       "the last page of all can be mapped");
	client_close();
	result(!mappings_of_memfd(), "nor is anything left of a client that did");
	client_hello();
	client_send(&half, 7, NULL, 0);
	result(!client_hung_up(), "half a message is waited for");
	device_resets = 0;
	client_send((uint8_t *)&half + 7, sizeof(half) - 7, NULL, 0);
	result(device_resets == 1, "and understood when the rest has come");
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct wire_header) {
			.command = WIRE_RESET, .size = sizeof(many[i]), .flags = WIRE_NO_REPLY,
		};
	device_resets = 0;
	result(send(client, many, sizeof(many), MSG_DONTWAIT) == sizeof(many) &&
	       loop_once(10) > 0 && device_resets && device_resets < ARRAY_SIZE(many),
	       "a client that talks without end lets others have their turn");
	result(!client_hung_up() && device_resets == ARRAY_SIZE(many), "and is heard out");
	client_hello();
	client_send(&huge, sizeof(huge), NULL, 0);
	result(client_hung_up(), "a message larger than can be ends the connection");
	client_hello();
	client_send(&tiny, sizeof(tiny), NULL, 0);
	result(client_hung_up(), "a message smaller than its header ends the connection");
	close(fd);
}

void test_behaviour(void)
{
	test_version();
	test_dma();
	test_irqs();
	test_line();
	test_regions();
	test_connections();
}
