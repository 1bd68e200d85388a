// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card as its own driver uses it.
 */
#include <endian.h>
#include <string.h>
#include <linux/pci_regs.h>

#include "host.h"

#define AT_SRIOV	0x140
#define AT_TIMEOUT	0xff8

static uint32_t config_read(struct vfu *vfu, unsigned int at)
{
	return pci_get32(vfu_data(vfu), at);
}

static void test_startup(void)
{
	struct vfu *vfu = function("pf");

	result((config_read(vfu, AT_SRIOV) & 0xffff) == PCI_EXT_CAP_ID_VNDR,
	       "before the first reset, SR-IOV is disguised");
	function_reset(vfu);
	result((config_read(vfu, AT_SRIOV) & 0xffff) == PCI_EXT_CAP_ID_SRIOV,
	       "and no longer after it");
	driver_attach(&pf, "pf");
	result(!driver_simple(&pf, MLX5_CMD_OP_INIT_HCA, 0, 0) &&
	       pf.status == STATUS_BAD_SYS_STATE, "a function that is not enabled does not start");
	result(driver_start(&pf), "the PF starts");
	result(!driver_simple(&pf, 0x7ff, 0, 0) && pf.status == STATUS_BAD_OP && pf.syndrome,
	       "what is not modelled is no operation, as firmware says");
	result(card->functions[0].n_pages == BOOT_PAGES + INIT_PAGES, "the firmware has its pages");
}

static void test_delivery(void)
{
	uint8_t in[64] = {};

	IFC_SET(cmd_in, in, opcode, MLX5_CMD_OP_NOP);
	driver_post(&pf, in, sizeof(in), 1000);
	result(driver_wait(&pf) && !pf.delivery && !pf.status, "a command in blocks is executed");
	/* The next one finds a chain whose token it does not expect. */
	IFC_SET(cmd_if_box, memory + pf.in_blocks, token, 0x54);
	memory[pf.queue + 0x3f] = 1;
	bar_write(pf.vfu, 0x18, htobe32(1), 4);
	result(driver_wait(&pf) && pf.delivery == 2, "blocks of another command are not delivered");
	bits_set(memory + pf.queue, 0x08 * 8, 64, 1ULL << 40);
	memory[pf.queue + 0x3f] = 1;
	bar_write(pf.vfu, 0x18, htobe32(1), 4);
	result(driver_wait(&pf) && pf.delivery == 5, "blocks that are nowhere are not delivered");
}

static void test_events(void)
{
	unsigned int before = interrupts(pf.vfu, 1);

	result(driver_eq(&pf, 1, 1ULL << 0xa) && interrupts(pf.vfu, 1) == before,
	       "no event for the command that makes the queue for them");
	result(driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0) && interrupts(pf.vfu, 1) == before + 1 &&
	       memory[pf.eq + 1] == 0xa && be32toh(*(uint32_t *)(memory + pf.eq + 0x20)) == 1 &&
	       !memory[pf.eq + 0x3f], "a command's completion is an event and an interrupt");
	result(driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0) && interrupts(pf.vfu, 1) == before + 1,
	       "no further interrupt until the queue is armed");
	bar_write(pf.vfu, pf.uar * 4096 + 0x40, htobe32(pf.eqn << 24 | 1), 4);
	result(interrupts(pf.vfu, 1) == before + 2, "arming it with events unread raises one");
	for (unsigned int i = 2; i < 70; i++) {
		bar_write(pf.vfu, pf.uar * 4096 + 0x48, htobe32(pf.eqn << 24 | i), 4);
		driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0);
	}
	result(memory[pf.eq + 0x3f] == 1 && memory[pf.eq + 4 * 64 + 0x3f] == 1 &&
	       !memory[pf.eq + 63 * 64 + 0x3f], "entries change owner with each turn");
	bar_write(pf.vfu, pf.uar * 4096 + 0x48, htobe32(pf.eqn << 24 | 70), 4);
}

static void test_keys(void)
{
	uint64_t at = memory_new(3 * 4096);
	uint32_t key = driver_mkey(&pf, at, 2 * 4096);
	struct hca *hca = &card->functions[0];
	uint8_t in[16] = {};
	char bytes[8] = "";

	memcpy(memory + at + 4094, "abcd", 4);
	result(mkey_copy(hca, key, 4094, bytes, 4, false) && !memcmp(bytes, "abcd", 4),
	       "a key leads to its pages");
	IFC_SET(cmd_in, in, opcode, MLX5_CMD_OP_QUERY_MKEY);
	bits_set(in, 0x40, 32, key >> 8);
	result(!driver_command(&pf, in, sizeof(in), 64) && pf.status == STATUS_BAD_OUT_LEN,
	       "an answer wants its room");
	result(driver_command(&pf, in, sizeof(in), IFC_BYTES(query_mkey_out)) &&
	       IFC_GET(mkc, pf.out + IFC_AT(query_mkey_out, memory_key_mkey_entry), len) == 8192,
	       "an object is as it was made");
	result(!mkey_copy(hca, key, 8190, bytes, 4, false) &&
	       !mkey_copy(hca, key, -2ULL, bytes, 4, false), "and no further");
	result(!mkey_copy(hca, key + 1, 0, bytes, 4, false), "a key of another variant is none");
	result(driver_simple(&pf, MLX5_CMD_OP_DESTROY_MKEY, 0, key >> 8) &&
	       !mkey_copy(hca, key, 0, bytes, 4, false), "a key that was destroyed is none");
}

static void test_vfs(void)
{
	uint8_t in[16] = {};

	result(bar_read(function("vf0"), 0, 4) == ~0U, "a VF that is not there reads as ones");
	config_write16(pf.vfu, AT_SRIOV + PCI_SRIOV_NUM_VF, 2);
	config_write16(pf.vfu, AT_SRIOV + PCI_SRIOV_CTRL,
		       PCI_SRIOV_CTRL_VFE | PCI_SRIOV_CTRL_MSE);
	function_reset(function("vf0"));
	function_reset(function("vf1"));
	driver_attach(&vf[0], "vf0");
	result(!driver_start(&vf[0]), "a VF does not start before the PF's driver allows it");
	result(driver_simple(&pf, MLX5_CMD_OP_ENABLE_HCA, 0, 1) &&
	       driver_simple(&pf, MLX5_CMD_OP_ENABLE_HCA, 0, 2) &&
	       !driver_simple(&pf, MLX5_CMD_OP_ENABLE_HCA, 0, 3),
	       "the PF's driver enables the VFs that there are");
	result(driver_start(&vf[0]) && driver_eq(&vf[0], 3, 1ULL << 0xa), "and then it starts");
	result(!driver_simple(&vf[0], MLX5_CMD_OP_SUSPEND_VHCA, 0, 2) &&
	       vf[0].status == STATUS_BAD_OP, "a VF migrates nobody");
	IFC_SET(query_hca_cap_in, in, opcode, MLX5_CMD_OP_QUERY_HCA_CAP);
	IFC_SET(query_hca_cap_in, in, op_mod, 1);
	IFC_SET(query_hca_cap_in, in, other_function, 1);
	IFC_SET(query_hca_cap_in, in, function_id, 2);
	result(driver_command(&pf, in, sizeof(in), IFC_BYTES(query_hca_cap_out)) &&
	       IFC_GET(cmd_hca_cap, pf.out + IFC_AT(query_hca_cap_out, capability), vhca_id) ==
	       card->functions[2].vhca.id, "the PF's driver learns a VF's number");
}

static void test_faults(void)
{
	card->faults[0] = (struct fault) { .opcode = MLX5_CMD_OP_NOP, .times = 1, .status = 5,
					   .syndrome = 0x1234 };
	result(!driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0) && pf.status == 5 &&
	       pf.syndrome == 0x1234 && driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0),
	       "a command fails as often as it is told to");
	card->faults[0] = (struct fault) { .opcode = MLX5_CMD_OP_NOP, .times = 1, .delay = 40 };
	result(driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0), "a command takes longer");
	card->faults[0] = (struct fault) { .opcode = MLX5_CMD_OP_NOP, .times = 1, .lost = true };
	result(!driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0), "a command never completes");
	pf.entry = 1;
	result(driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0), "and others go on meanwhile");
}

static void test_dying(void)
{
	uint8_t in[16] = {};

	IFC_SET(cmd_in, in, opcode, MLX5_CMD_OP_NOP);
	card->faults[0] = (struct fault) { .opcode = MLX5_CMD_OP_NOP, .times = 1, .delay = 20 };
	pf.entry = 2;
	driver_post(&pf, in, sizeof(in), 64);
	card->functions[0].syndrome = 1;
	result(!driver_wait(&pf), "firmware that dies ends nothing that it began");
	card->functions[0].syndrome = 0;
	pf.entry = 3;
	result(driver_simple(&pf, MLX5_CMD_OP_NOP, 0, 0), "when it is well again it takes more");
}

static void test_timeouts(void)
{
	result(!bar_read(pf.vfu, AT_TIMEOUT, 4), "a card has no opinion how long commands take");
	card->options.timeout = 4;
	result(be32toh(bar_read(pf.vfu, AT_TIMEOUT, 4)) == (0x20000000U | 4),
	       "unless it is told, in seconds");
	card->options.timeout = 0;
}

void test_card(void)
{
	test_startup();
	test_delivery();
	test_events();
	test_keys();
	test_vfs();
	test_faults();
	test_dying();
	test_timeouts();
}
