# SPDX-License-Identifier: GPL-2.0-only
#
# What people type.  The modules themselves are described in Kbuild, the lab in scripts/lab.

# The kernel to build for: a build folder as distributions' header packages install it.
KDIR	?= /lib/modules/$(shell uname -r)/build
# One line per interface that differs between these stands in include/compat/.
SUPPORTED := 6.12

LAB	:= scripts/lab
top	:= $(CURDIR)

release  = $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
version  = $(shell echo $(release) | cut -d. -f1-2)
KBUILD	 = $(MAKE) -C $(KDIR) M=$(top)

.DEFAULT_GOAL := modules

.PHONY: modules
modules: kernel-supported
	@$(KBUILD) modules

.PHONY: modules_install
modules_install: kernel-supported
	@$(KBUILD) INSTALL_MOD_DIR=updates CONFIG_MODULE_SIG_ALL= modules_install
	depmod $(release)

.PHONY: modules_uninstall
modules_uninstall:
	rm -f $(foreach m,vfio-pci vfio-pci-core mlx5/mlx5-vfio-pci mlx5/mlx5-vfio-manager, \
		/lib/modules/$(release)/updates/drivers/vfio/pci/$(m).ko*)
	rm -f /lib/modules/$(release)/updates/samples/vfio-pci/edu_vfio_pci.ko*
	depmod $(release)

.PHONY: kernel-supported
kernel-supported:
	@if [ -z "$(release)" ]; then \
		echo "No kernel headers in $(KDIR): install the linux-headers package of your kernel, or name a build folder with KDIR=." >&2; exit 1; \
	fi
	@case " $(SUPPORTED) " in *" $(version) "*) ;; *) \
		echo "Kernel $(release) is not supported; supported are: $(SUPPORTED). Name another kernel's build folder with KDIR=." >&2; exit 1;; \
	esac

.PHONY: clean
clean:
	@find $(top) \( -name .git -o -name results \) -prune -o -type f \
		\( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' -o -name '.*.cmd' \
		-o -name modules.order -o -name Module.symvers \) -exec rm -f {} +

.PHONY: demo
demo:
	@$(LAB) demo

.PHONY: demo-migration
demo-migration:
	@$(LAB) demo-migration

.PHONY: demo-mlx5
demo-mlx5:
	@$(LAB) demo-mlx5

.PHONY: check
check:
	@scripts/check

.PHONY: check-debug
check-debug:
	@scripts/check --debug

.PHONY: check-arch
check-arch:
	@scripts/check --arch

.PHONY: check-faults
check-faults:
	@scripts/check --faults

# What stands in make check with few repetitions, with many.
.PHONY: check-mlx5-long
check-mlx5-long:
	@MLX5_PROGRAMS= MLX5_COUNT=20 MLX5_PERCENT=4 MLX5_MANY='20 10 100' scripts/check $(wildcard tools/testing/t/8[4-6]-mlx5-*.t tools/testing/t/long/*-mlx5-*.t)

# make mlx5-downtime SIZES='64 256'
.PHONY: mlx5-downtime
mlx5-downtime:
	@$(LAB) mlx5-downtime $(SIZES)

.PHONY: check-fuzz
check-fuzz:
	@scripts/check --fuzz

# make fuzz ARGS='--seed 7 --operations 1000000'; see tools/testing/fuzz/fuzz and vfio-fuzz --help.
.PHONY: fuzz
fuzz:
	@tools/testing/fuzz/fuzz $(ARGS)

# make coverage RUNS='selftests migration'
.PHONY: coverage
coverage:
	@scripts/coverage $(RUNS)

.PHONY: check-static
check-static:
	@scripts/check --static

.PHONY: bench
bench:
	@scripts/bench $(BENCH)

.PHONY: help
help:
	@echo 'On any Debian machine, no special hardware (all in the lab, see scripts/lab help):'
	@echo '  make demo              the main job, told step by step: a disk goes to a guest through our modules'
	@echo '  make demo-migration    a guest is migrated live between two devices, told step by step, with a plot'
	@echo '  make demo-mlx5         a guest moves between functions of a simulated BlueField while it writes'
	@echo '  make check             all tests on the stock kernel, ours and the kernel'"'"'s own as control'
	@echo '  make check-debug       the tests under KASAN, lockdep and kmemleak'
	@echo '  make check-arch        the tests on s390x and ppc64el: Debian'"'"'s kernels, zPCI, PHB4, pseries'
	@echo '  make check-faults      the tests with each allocation of the kernel failing in turn'
	@echo '  make check-mlx5-long   the tests of mlx5-vfio-pci that repeat things, with many repetitions'
	@echo '  make mlx5-downtime     how long a function stands still, with PRE_COPY and without; draws it [SIZES="64 256"]'
	@echo '  make check-fuzz        the fuzzer and many threads on one device; ten minutes each under KASAN and lockdep'
	@echo '  make fuzz              the same calls to ours and to the kernel'"'"'s own driver   [ARGS="--seconds 60 --seed 1"]'
	@echo '  make coverage          which lines of our modules the tests reach, per file; hours   [RUNS="selftests"]'
	@echo '  make check-static      W=1, sparse, checkpatch, shellcheck'
	@echo '  make bench             ours against the kernel'"'"'s own in instructions; fails where a goal is missed'
	@echo '                         [BENCH="--quick" or what else scripts/bench --help tells]'
	@echo 'On a host with a supported kernel ($(SUPPORTED)):'
	@echo '  make                   build the modules                      [KDIR=kernel build folder]'
	@echo '  make modules_install   install them under updates/, where modprobe prefers them, and run depmod'
	@echo '  make modules_uninstall remove them again; the kernel'"'"'s own come back'
	@echo '  make clean             remove what a build made'
