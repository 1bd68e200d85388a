// SPDX-License-Identifier: GPL-2.0-only
/* What a variant driver supports, as lines for a person; and that it can save and load at all. */
#include <time.h>
#include <unistd.h>

#include "envelope.h"
#include "kit.h"

MIGRATION_FIXTURE(driver, 0);

static const char *yes(bool is)
{
	return is ? "yes" : "no";
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

TEST_F(driver, saves_and_loads_and_says_what_it_supports)
{
	__u32 logging = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET |
			VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	struct vfio_device_feature_mig_data_size size = {};
	const struct plug *plug = plug_of(self->dev.bdf);
	struct stream s = {};
	double begin, saved, loaded;
	char driver[64];

	pci_driver(self->dev.bdf, driver, sizeof(driver));
	ASSERT_EQ(0, vdev_feature(&self->dev, VFIO_DEVICE_FEATURE_GET |
				  VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size, sizeof(size)));
	begin = seconds();
	ASSERT_EQ(0, mig_save(&self->dev, &s, STEP));
	saved = seconds();
	ASSERT_EQ(0, mig_load(&self->dev, &s, STEP));
	ASSERT_EQ(0, mig_set(&self->dev, VFIO_DEVICE_STATE_RUNNING, NULL));
	loaded = seconds();
	EXPECT_LT(0, s.len);

	printf("# report: driver %s\n", driver);
	printf("# report: STOP_COPY %s, P2P %s, PRE_COPY %s, DMA logging %s\n",
	       yes(self->flags & VFIO_MIGRATION_STOP_COPY), yes(self->flags & VFIO_MIGRATION_P2P),
	       yes(self->flags & VFIO_MIGRATION_PRE_COPY),
	       yes(!vdev_feature(&self->dev, logging, NULL, 0)));
	printf("# report: stream of %zu bytes, estimated at %llu; %s\n", s.len,
	       (unsigned long long)size.stop_copy_length, envelope_is(&s) ?
	       "in the library's envelope: damage is refused" :
	       "in a format of its own: damage may be taken");
	printf("# report: saved in %.3f s, loaded in %.3f s\n", saved - begin, loaded - saved);
	printf("# report: what the device holds is %s\n",
	       plug ? "compared" : "not looked at, since plug.c does not know the model");
	stream_free(&s);
}
