/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VHCA: what an mlx5 device's firmware calls a function, be it a VF or emulated, and what a
 * migration of it takes: commands that another function, its manager, sends.
 *
 * The manager comes and goes (reset, unbind) while the VHCA's user holds sessions and buffers.  So
 * everything that was created in the manager's firmware hangs on the VHCA; mlx5_vhca_detach()
 * destroys it at once, and what is asked for afterwards answers -ENOTCONN, until the user begins a
 * new session with a manager that is back.
 *
 * vhca.c sends commands, session.c holds a session's protection domain and buffers and moves
 * images, buffer.c makes memory known to firmware, tracker.c logs dirty pages.
 */
#ifndef MLX5_VFIO_VHCA_H
#define MLX5_VFIO_VHCA_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/mlx5/driver.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/wait.h>

struct mlx5_tracker;
struct vfio_pci_mig_chunk;

/* One command moves what its 32-bit size field can say, in whole pages. */
#define MLX5_VHCA_MAX_IMAGE	(BIT_ULL(__mlx5_bit_sz(save_vhca_state_in, size)) - PAGE_SIZE)

/* A chunk that firmware fills in chunk mode, where it leaves the size to us. */
#define MLX5_VHCA_CHUNK		SZ_8M

/**
 * struct mlx5_vhca_transfer - the SAVE or LOAD that is on its way
 * @work: mlx5_core's
 * @mdev: that it was sent to
 * @chunk: that it is about
 * @saving: SAVE_VHCA_STATE
 * @keeps_track: it makes firmware remember what changes from here on
 * @in: the command, for the log if it fails
 * @out: its answer
 */
struct mlx5_vhca_transfer {
	struct mlx5_async_work		work;
	struct mlx5_core_dev		*mdev;
	struct vfio_pci_mig_chunk	*chunk;
	bool				saving;
	bool				keeps_track;
	u32				in[MLX5_ST_SZ_DW(save_vhca_state_in)];
	u32				out[MLX5_ST_SZ_DW(save_vhca_state_out)];
};

/**
 * struct mlx5_vhca - see above
 * @lock: guards all of it; innermost but for mlx5_core's.  Commands are sent with it held
 * @mdev: the manager's, NULL while there is none
 * @id: of the VHCA, valid with @mdev
 * @chunked: firmware gives an image in pieces
 * @session: one is on, and @pdn and @async are @mdev's
 * @pdn: protection domain of @buffers
 * @buffers: struct mlx5_buffer, mapped for @mdev
 * @async: the transfers of this session
 * @transfer: at most one is under way: @busy
 * @busy: set with the lock held, cleared by the completion in any context
 * @idle: for who waits for that, or for what a tracker says
 * @tracking: firmware remembers changes since an image was saved; set in any context
 * @spoilt: firmware could not go on with that, the final image has to be a whole one; as @tracking
 * @first: the next image to save begins a pass
 * @pass: enum vfio_pci_mig_pass of that
 * @tracker: logs dirty pages, or NULL
 * @interrupted: the manager is leaving; written in any context
 */
struct mlx5_vhca {
	struct mutex			lock;
	struct mlx5_core_dev		*mdev;
	u16				id;
	bool				chunked;

	bool				session;
	u32				pdn;
	struct list_head		buffers;
	struct mlx5_async_ctx		async;
	struct mlx5_vhca_transfer	transfer;
	bool				busy;
	wait_queue_head_t		idle;
	bool				tracking;
	bool				spoilt;
	bool				first;
	int				pass;

	struct mlx5_tracker		*tracker;
	bool				interrupted;
};

/* ---- vhca.c --------------------------------------------------------------------------------- */

void mlx5_vhca_init(struct mlx5_vhca *vhca);

/**
 * mlx5_vhca_supported() - can this manager migrate functions?
 * @mdev: loaded
 */
bool mlx5_vhca_supported(struct mlx5_core_dev *mdev);

/**
 * mlx5_vhca_attach() - a manager is there
 * @vhca: without one
 * @mdev: usable until mlx5_vhca_detach()
 * @id: by which it knows the VHCA
 *
 * Context: sleeps; takes the lock.
 */
void mlx5_vhca_attach(struct mlx5_vhca *vhca, struct mlx5_core_dev *mdev, u16 id);

/**
 * mlx5_vhca_detach() - the manager leaves; harmless without one
 * @vhca: its sessions are over, what they created is destroyed on return
 *
 * Context: sleeps, for as long as a command that was sent takes; takes the lock.
 */
void mlx5_vhca_detach(struct mlx5_vhca *vhca);

/* SUSPEND_VHCA and RESUME_VHCA; @op_mod from mlx5_ifc.h.  Takes the lock. */
int mlx5_vhca_suspend(struct mlx5_vhca *vhca, u16 op_mod);
int mlx5_vhca_resume(struct mlx5_vhca *vhca, u16 op_mod);

/**
 * struct mlx5_vhca_sizes - QUERY_VHCA_MIGRATION_STATE's answer
 * @required: bytes that the next SAVE needs
 * @total: bytes left to save altogether; at least @required
 */
struct mlx5_vhca_sizes {
	u64	required;
	u64	total;
};

/**
 * mlx5_vhca_query() - how much there is to save
 * @vhca: its lock is held
 * @incremental: since the last image; with a session that tracks
 * @sizes: the answer
 *
 * Return: 0, -ENOTCONN, or mlx5_cmd_exec()'s errno.
 */
int mlx5_vhca_query(struct mlx5_vhca *vhca, bool incremental, struct mlx5_vhca_sizes *sizes);

/* ---- buffer.c ------------------------------------------------------------------------------- */

/**
 * struct mlx5_mkey_command - CREATE_MKEY in the making
 * @translations: to be filled with DMA addresses of pages
 * @in: the command, the maker's until mlx5_mkey_create()
 * @size: of it
 */
struct mlx5_mkey_command {
	__be64	*translations;
	u32	*in;
	size_t	size;
};

/**
 * mlx5_mkey_prepare() - a key for local and remote access to pages, from address 0
 * @command: to be filled and given to mlx5_mkey_create(), which must follow
 * @pdn: protection domain
 * @pages: of PAGE_SIZE
 *
 * Return: 0 or -ENOMEM.
 */
int mlx5_mkey_prepare(struct mlx5_mkey_command *command, u32 pdn, unsigned int pages);
/* Frees the command.  Return: 0 or mlx5_core_create_mkey()'s errno. */
int mlx5_mkey_create(struct mlx5_mkey_command *command, struct mlx5_core_dev *mdev, u32 *mkey);

/**
 * struct mlx5_buffer - memory that the manager's firmware may read or write
 * @item: in vhca->buffers; empty once the session that it was mapped for is over
 * @table: its pages, mapped for vhca->mdev while @item is in the list
 * @dir: of the mapping
 * @mkey: with which commands name it, as long
 */
struct mlx5_buffer {
	struct list_head	item;
	struct sg_table		table;
	enum dma_data_direction	dir;
	u32			mkey;
};

/**
 * mlx5_buffer_create() - map pages for the session
 * @vhca: with a session; its lock is held
 * @pages: single pages, the caller's; they must stay until mlx5_buffer_destroy()
 * @count: of them
 * @dir: DMA_FROM_DEVICE for saving
 *
 * Return: the buffer, or -ENOTCONN, -ENOMEM, or an errno of the DMA API or of CREATE_MKEY.
 */
struct mlx5_buffer *mlx5_buffer_create(struct mlx5_vhca *vhca, struct page **pages,
				       unsigned int count, enum dma_data_direction dir);
/* Takes it from the device, as far as that was not done; the rest stays.  With the lock held. */
void mlx5_buffer_disconnect(struct mlx5_vhca *vhca, struct mlx5_buffer *buffer);
/* With the lock held. */
void mlx5_buffer_destroy(struct mlx5_vhca *vhca, struct mlx5_buffer *buffer);

/* ---- session.c ------------------------------------------------------------------------------ */

/*
 * A session begins (-ENOTCONN without a manager) and ends; mlx5_session_drop() is the end with the
 * lock held, in which all buffers go.
 */
int mlx5_session_begin(struct mlx5_vhca *vhca);
void mlx5_session_end(struct mlx5_vhca *vhca);
void mlx5_session_drop(struct mlx5_vhca *vhca);

/* Chunks of the library: memory and its buffer.  As the hooks of the same names; take the lock. */
int mlx5_session_map(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk,
		     enum dma_data_direction dir);
void mlx5_session_unmap(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk);

/*
 * What hooks of linux/vfio_pci_migration.h do: save_pass, save, load, precopy_dirty, and the part
 * of save_end that stops firmware from remembering changes.  Take the lock.
 */
ssize_t mlx5_session_pass(struct mlx5_vhca *vhca, int pass);
ssize_t mlx5_session_save(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk);
ssize_t mlx5_session_load(struct mlx5_vhca *vhca, struct vfio_pci_mig_chunk *chunk);
int mlx5_session_dirty(struct mlx5_vhca *vhca, u64 *bytes);
int mlx5_session_untrack(struct mlx5_vhca *vhca);

#endif /* MLX5_VFIO_VHCA_H */
