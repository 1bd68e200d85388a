/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of every program here. A program declares fixtures, each with the
 * traits a function must have for its tests to mean anything; main() selects
 * the fixtures that fit the function named by $VFIO_BDF and runs only those.
 *
 *	VFIO_BDF=0000:01:00.0 ./program
 *
 * Exit status 4 and no output when nothing fits.
 */
#ifndef SELFTEST_VFIO_FIXTURE_H
#define SELFTEST_VFIO_FIXTURE_H

#include <kselftest_harness.h>

/* Seconds, for what hangs: under KASAN on a busy machine ten openings take a minute. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#include "event.h"
#include "frame.h"
#include "pci_sysfs.h"
#include "traits.h"
#include "vdev.h"

#define DECLARE_FIXTURE(name, traits, shared)					\
	static void __attribute__((constructor)) declare_##name(void)		\
	{									\
		fixture_needs(#name, traits, shared);				\
	}									\
	struct name##_takes_a_semicolon

/* Declare fixture @name, with nothing open, for functions that have @traits. */
#define PLAIN_FIXTURE(name, traits)						\
	FIXTURE(name) {								\
		const char *bdf;						\
	};									\
	FIXTURE_SETUP(name)							\
	{									\
		self->bdf = test_bdf();						\
	}									\
	FIXTURE_TEARDOWN(name)							\
	{									\
	}									\
	DECLARE_FIXTURE(name, traits, false);					\
	struct name##_opens_nothing

#define OPEN_FIXTURE(name, traits, shared, open_it, close_it)			\
	FIXTURE(name) {								\
		struct vdev dev;						\
	};									\
	FIXTURE_SETUP(name)							\
	{									\
		ASSERT_EQ(0, open_it);						\
	}									\
	FIXTURE_TEARDOWN(name)							\
	{									\
		close_it(&self->dev);						\
	}									\
	DECLARE_FIXTURE(name, traits, shared);					\
	struct name##_opens_the_device

/*
 * The same with the device open as self->dev. The tests of a program share one
 * open device; each gets a file of its own and leaves the registers as found.
 */
#define DEVICE_FIXTURE(name, traits)						\
	OPEN_FIXTURE(name, traits, true, held_device(&self->dev), held_release)

/* The same with a device that the test alone has open, not to be mixed with the former. */
#define FRESH_FIXTURE(name, traits)						\
	OPEN_FIXTURE(name, traits, false, vdev_open(&self->dev, test_bdf()), vdev_close)

int main(int argc, char **argv)
{
	char **chosen = fixture_arguments(traits_of(test_bdf()), &argc, argv);

	if (!chosen)
		return KSFT_SKIP;
	if (held_open())
		ksft_exit_fail_msg("cannot open %s\n", test_bdf());
	return test_harness_run(argc, chosen);
}

#endif
