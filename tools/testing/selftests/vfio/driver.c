// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfio-pci as a PCI driver: which functions it takes, its parameters, its sysfs, and
 * that a function nobody uses sleeps. (Documentation: driver-api/vfio.rst)
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "lib/fixture.h"

#define DRIVER "/sys/bus/pci/drivers/vfio-pci/"
#define PARAMETERS "/sys/module/vfio_pci/parameters/"

/* Dynamic IDs concern all functions: one program at a time. */
PLAIN_FIXTURE(binding, IS_PF);
PLAIN_FIXTURE(any, 0);
PLAIN_FIXTURE(idle, HAS_RUNTIME_PM);
PLAIN_FIXTURE(pm, HAS_RUNTIME_PM | HAS_PM | IS_PF);

static bool driver_is(const char *bdf, const char *want)
{
	char name[64];

	pci_driver(bdf, name, sizeof(name));
	return !strcmp(name, want);
}

/* The identity of the function as new_id and remove_id take it. */
static void identity(const char *bdf, char *text, size_t size)
{
	snprintf(text, size, "%04lx %04lx", pci_attr_number(bdf, "vendor"),
		 pci_attr_number(bdf, "device"));
}

TEST_F(binding, without_an_override_it_takes_nothing)
{
	exclude_others();
	ASSERT_EQ(0, pci_unbind(self->bdf));
	ASSERT_EQ(0, pci_attr_write(self->bdf, "driver_override", "\n"));
	EXPECT_EQ(-ENODEV, pci_bind(self->bdf, "vfio-pci"));
	EXPECT_TRUE(driver_is(self->bdf, ""));
	ASSERT_EQ(0, pci_give(self->bdf, "vfio-pci"));
	EXPECT_TRUE(driver_is(self->bdf, "vfio-pci"));
}

TEST_F(binding, an_override_for_someone_else_is_respected)
{
	exclude_others();
	ASSERT_EQ(0, pci_unbind(self->bdf));
	ASSERT_EQ(0, pci_attr_write(self->bdf, "driver_override", "nobody"));
	EXPECT_EQ(-ENODEV, pci_bind(self->bdf, "vfio-pci"));
	EXPECT_EQ(0, pci_give(self->bdf, "vfio-pci"));
}

TEST_F(binding, a_dynamic_id_takes_the_function_until_it_is_removed)
{
	char id[32];

	exclude_others();
	identity(self->bdf, id, sizeof(id));
	ASSERT_EQ(0, pci_unbind(self->bdf));
	ASSERT_EQ(0, pci_attr_write(self->bdf, "driver_override", "\n"));
	EXPECT_EQ(0, file_write(DRIVER "new_id", id));
	EXPECT_TRUE(driver_is(self->bdf, "vfio-pci"));
	EXPECT_EQ(-EEXIST, file_write(DRIVER "new_id", id));
	EXPECT_EQ(0, file_write(DRIVER "remove_id", id));
	EXPECT_EQ(-ENODEV, file_write(DRIVER "remove_id", id));
	ASSERT_EQ(0, pci_unbind(self->bdf));
	EXPECT_EQ(-ENODEV, pci_bind(self->bdf, "vfio-pci"));
	ASSERT_EQ(0, pci_give(self->bdf, "vfio-pci"));
}

TEST_F(binding, binding_makes_the_groups_file_and_unbinding_removes_it)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%d", vdev_group_of(self->bdf));
	EXPECT_EQ(0, access(path, F_OK));
	if (traits_of(self->bdf) & HAS_PEER && !(traits_of(self->bdf) & HAS_PEER_GROUP))
		return;
	exclude_others();
	ASSERT_EQ(0, pci_unbind(self->bdf));
	EXPECT_NE(0, access(path, F_OK));
	ASSERT_EQ(0, pci_give(self->bdf, "vfio-pci"));
	EXPECT_EQ(0, access(path, F_OK));
}

TEST_F(any, the_function_has_a_vfio_device_in_sysfs)
{
	EXPECT_TRUE(pci_attr_exists(self->bdf, "vfio-dev"));
}

TEST_F(any, parameters_have_the_modes_of_the_kernels_driver)
{
	static const struct {
		const char *path;
		mode_t mode;
	} parameters[] = {
		{ PARAMETERS "nointxmask", 0644 },
#ifdef __x86_64__
		{ PARAMETERS "disable_vga", 0444 },
#endif
		{ PARAMETERS "disable_idle_d3", 0644 },
		{ PARAMETERS "enable_sriov", 0644 },
		{ PARAMETERS "disable_denylist", 0444 },
	};
	struct stat st;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parameters); i++) {
		ASSERT_EQ(0, stat(parameters[i].path, &st)) TH_LOG("%s", parameters[i].path);
		EXPECT_EQ(parameters[i].mode, st.st_mode & 07777) TH_LOG("%s", parameters[i].path);
	}
	EXPECT_NE(0, stat(PARAMETERS "ids", &st));
}

TEST_F(any, the_modules_aliases_are_for_override_only)
{
	char path[256], line[512];
	int overriding = 0, plain = 0;
	struct utsname uts;
	FILE *file;

	ASSERT_EQ(0, uname(&uts));
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.alias", uts.release);
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, " vfio_pci\n"))
			continue;
		overriding += !strncmp(line, "alias vfio_pci:v", 16);
		plain += !strncmp(line, "alias pci:", 10);
	}
	fclose(file);
	EXPECT_EQ(1, overriding);
	EXPECT_EQ(0, plain);
}

static bool is_suspended(void *arg)
{
	char status[32] = "";

	pci_attr_read(arg, "power/runtime_status", status, sizeof(status));
	return !strcmp(status, "suspended");
}

TEST_F(idle, a_function_nobody_uses_is_suspended)
{
	struct vdev v;

	EXPECT_TRUE(wait_until(is_suspended, (void *)self->bdf, PATIENCE_MS));
	ASSERT_EQ(0, vdev_open(&v, self->bdf));
	EXPECT_FALSE(is_suspended((void *)self->bdf));
	vdev_close(&v);
	EXPECT_TRUE(wait_until(is_suspended, (void *)self->bdf, PATIENCE_MS));
}

TEST_F(pm, an_unused_function_is_in_d3hot_and_an_open_one_in_d0)
{
	char state[16] = "";
	struct vdev v;

	ASSERT_TRUE(wait_until(is_suspended, (void *)self->bdf, PATIENCE_MS));
	ASSERT_EQ(0, pci_attr_read(self->bdf, "power_state", state, sizeof(state)));
	EXPECT_STREQ("D3hot", state);
	ASSERT_EQ(0, vdev_open(&v, self->bdf));
	ASSERT_EQ(0, pci_attr_read(self->bdf, "power_state", state, sizeof(state)));
	EXPECT_STREQ("D0", state);
	vdev_close(&v);
}

TEST_F(any, the_module_cannot_be_unloaded_while_a_device_is_open)
{
	char before[16], after[16];
	struct vdev v;

	exclude_others();
	ASSERT_EQ(0, file_read("/sys/module/vfio_pci/refcnt", before, sizeof(before)));
	ASSERT_EQ(0, vdev_open(&v, self->bdf));
	ASSERT_EQ(0, file_read("/sys/module/vfio_pci/refcnt", after, sizeof(after)));
	EXPECT_LT(0, atoi(after));
	vdev_close(&v);
}
