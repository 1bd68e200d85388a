/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Huge mappings of device memory: vmf_insert_pfn_pmd() and vmf_insert_pfn_pud() take a plain page
 * frame number.  Before 6.17 they want it wrapped in a pfn_t.
 */
#ifndef COMPAT_PFNMAP_H
#define COMPAT_PFNMAP_H

#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/version.h>

#if KERNEL_VERSION(6, 17, 0) > LINUX_VERSION_CODE
#include <linux/pfn_t.h>

#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
static inline vm_fault_t compat_vmf_insert_pfn_pmd(struct vm_fault *vmf, unsigned long pfn,
						   bool write)
{
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

#define vmf_insert_pfn_pmd compat_vmf_insert_pfn_pmd
#endif

#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
static inline vm_fault_t compat_vmf_insert_pfn_pud(struct vm_fault *vmf, unsigned long pfn,
						   bool write)
{
	return vmf_insert_pfn_pud(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}

#define vmf_insert_pfn_pud compat_vmf_insert_pfn_pud
#endif

#endif /* before 6.17 */

#endif /* COMPAT_PFNMAP_H */
