/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frame of the migration programs. VFIO_BDF names the function under test, bound to its variant
 * driver; VFIO_PEER another one of the same model, for loading what the first has saved;
 * VFIO_COUNT says how often what is repeated is repeated.
 *
 * A fixture states what driver and set-up must offer; what does not fit is not scheduled. A
 * program in which nothing fits ends with status 4.
 */
#ifndef SELFTEST_VFIO_MIGRATION_KIT_H
#define SELFTEST_VFIO_MIGRATION_KIT_H

#include <kselftest_harness.h>

#include "event.h"
#include "kit_main.h"
#include "pci_sysfs.h"
#include "plug.h"
#include "session.h"
#include "vdev.h"

/* The device that main() holds open for all tests, running at the start of each. */
#define MIGRATION_FIXTURE(name, wants)						\
	KIT_FIXTURE(name, wants, kit_join(&self->dev), kit_leave(&self->dev))

/* Nothing is open, not even by main(): for programs that are about opening and closing. */
#define CLOSED_FIXTURE(name, wants)						\
	KIT_FIXTURE(name, wants, vdev_open(&self->dev, test_bdf()), vdev_close(&self->dev))

#define KIT_FIXTURE(name, wants, begin, end)					\
	FIXTURE(name) {								\
		struct vdev dev;						\
		int flags;							\
	};									\
	FIXTURE_SETUP(name)							\
	{									\
		ASSERT_EQ(0, begin);						\
		self->flags = mig_flags(&self->dev);				\
		ASSERT_LE(0, self->flags);					\
		ASSERT_EQ(VFIO_DEVICE_STATE_RUNNING, mig_state(&self->dev));	\
	}									\
	FIXTURE_TEARDOWN(name)							\
	{									\
		end;								\
	}									\
	static void __attribute__((constructor)) declare_##name(void)		\
	{									\
		fixture_needs(#name, wants, false);				\
	}									\
	struct name##_takes_a_semicolon

/* Each state in turn that a driver with @flags has. */
#define for_each_state(state, flags)						\
	for ((state) = mig_next(flags, 0); (state); (state) = mig_next(flags, state))

/* Whether the device stays open between the tests; a program that closes it says no first. */
#ifndef KIT_HOLDS
#define KIT_HOLDS true
#endif

int main(int argc, char **argv)
{
	char **chosen = kit_arguments(&argc, argv, KIT_HOLDS);

	return chosen ? test_harness_run(argc, chosen) : KSFT_SKIP;
}

#endif
