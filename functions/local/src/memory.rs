//! The allocator: workers allocate and free many small pieces at the same time, and mimalloc does that faster than
//! the system.
//!
//! Each chunk needs the same large blocks again, for its text, values, result rows and records. mimalloc returns free
//! memory to the system after a while, all of it at once, and the system clears each page that is taken again. So large
//! blocks that were freed last are kept for the next chunk, up to a limit.

use std::alloc::{GlobalAlloc, Layout};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// `mi_option_purge_delay` of mimalloc.h, which the crate does not name: milliseconds after which free memory returns to
/// the system.
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// A new chunk starts every 20 milliseconds, so memory that is free for longer is not needed soon. Measured over a
/// million rows: 175 MiB, while the allocator's default of a second takes 215, for 2 or 3 % more time; at 2
/// milliseconds 145 MiB, for 12 % more.
const GIVEN_BACK_AFTER: std::ffi::c_long = 50;

/// Makes the allocator return free memory soon, unless the environment sets another delay.
pub fn give_back_soon() {
    // SAFETY: sets a number that the allocator reads when it frees; it may be set at any time.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set_default(PURGE_DELAY, GIVEN_BACK_AFTER);
    }
}

/// Sizes of blocks that are kept.
const LARGE: usize = 64 << 10;
const LARGEST: usize = 8 << 20;

/// Bytes of all blocks that are kept, and their number: a chunk needs some 7 MiB. Measured over a million rows: a third
/// of the page faults, at the same peak.
const KEPT_BYTES: usize = 16 << 20;
const KEPT_BLOCKS: usize = 64;

/// Blocks are aligned for any type of this alignment.
const ALIGNED: usize = 16;

static KEPT: Mutex<Kept> = Mutex::new(Kept { blocks: [(0, 0); KEPT_BLOCKS], len: 0, bytes: 0 });

/// Frees the blocks that are kept: no chunk is to come.
pub fn give_back() {
    while let Some(block) = kept().oldest() {
        free(block);
    }
}

fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A block that is free: its size and its exposed address.
type Block = (usize, usize);

/// Large blocks that are free, those that were freed last at the end.
struct Kept {
    blocks: [Block; KEPT_BLOCKS],
    len: usize,
    bytes: usize,
}

impl Kept {
    /// Takes the block of this size that was freed last.
    fn take(&mut self, size: usize) -> Option<Block> {
        let place = self.blocks[..self.len].iter().rposition(|block| block.0 == size)?;
        Some(self.remove(place))
    }

    /// Keeps a block, or returns the oldest one: without that there is room.
    fn keep(&mut self, block: Block) -> Result<(), Block> {
        if (self.len == KEPT_BLOCKS || self.bytes + block.0 > KEPT_BYTES)
            && let Some(oldest) = self.oldest()
        {
            return Err(oldest);
        }
        self.blocks[self.len] = block;
        self.len += 1;
        self.bytes += block.0;
        Ok(())
    }

    fn oldest(&mut self) -> Option<Block> {
        (self.len > 0).then(|| self.remove(0))
    }

    fn remove(&mut self, place: usize) -> Block {
        let block = self.blocks[place];
        self.blocks.copy_within(place + 1..self.len, place);
        self.len -= 1;
        self.bytes -= block.0;
        block
    }
}

/// The size of the block for a layout: of large ones there are few sizes, so that they fit again. `None`: it is not kept.
fn block_size(size: usize, align: usize) -> Option<usize> {
    let is_kept = (LARGE..=LARGEST).contains(&size) && align <= ALIGNED;
    is_kept.then(|| size.next_multiple_of(1 << (size.ilog2() - 3)))
}

/// mimalloc, which gets large blocks only once they are not kept any more.
struct Allocator;

// SAFETY: every block comes from mimalloc, with at least the size of its layout, and is in use or kept or freed.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(size) = block_size(layout.size(), layout.align()) else {
            return unsafe { MiMalloc.alloc(layout) };
        };
        let block = kept().take(size);
        block.map_or_else(
            || unsafe { MiMalloc.alloc(of_size(size)) },
            |(_, at)| ptr::with_exposed_provenance_mut(at),
        )
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let size = block_size(layout.size(), layout.align());
        unsafe { MiMalloc.alloc_zeroed(size.map_or(layout, of_size)) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        let Some(size) = block_size(layout.size(), layout.align()) else {
            return unsafe { MiMalloc.dealloc(at, layout) };
        };
        let block = (size, at.expose_provenance());
        while let Err(oldest) = kept().keep(block) {
            free(oldest);
        }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match (block_size(layout.size(), layout.align()), block_size(size, layout.align())) {
            (None, None) => unsafe { MiMalloc.realloc(at, layout, size) },
            (old, new) if old == new => at,
            _ => unsafe {
                let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(at, moved, layout.size().min(size));
                    self.dealloc(at, layout);
                }
                moved
            },
        }
    }
}

#[allow(unsafe_code)]
fn of_size(size: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and sizes of blocks are far below the limit.
    unsafe { Layout::from_size_align_unchecked(size, ALIGNED) }
}

#[allow(unsafe_code)]
fn free((size, at): Block) {
    // SAFETY: the block is in use by nobody, and was allocated with this size.
    unsafe { MiMalloc.dealloc(ptr::with_exposed_provenance_mut(at), of_size(size)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_sizes_fit_every_large_layout() {
        assert_eq!(block_size(LARGE - 1, 1), None);
        assert_eq!(block_size(LARGEST + 1, 1), None);
        assert_eq!(block_size(LARGE, 32), None);
        for (size, wanted) in
            [(LARGE, LARGE), (LARGE + 1, 72 << 10), (1_000_000, 1 << 20), (LARGEST, LARGEST)]
        {
            assert_eq!(block_size(size, 8), Some(wanted), "{size}");
        }
    }

    #[test]
    fn the_blocks_that_were_freed_last_are_kept() {
        let mut kept = Kept { blocks: [(0, 0); KEPT_BLOCKS], len: 0, bytes: 0 };
        for block in [(1, 10), (2, 20), (1, 11)] {
            assert_eq!(kept.keep(block), Ok(()));
        }
        assert_eq!((kept.take(1), kept.take(3), kept.take(1)), (Some((1, 11)), None, Some((1, 10))));
        let large = KEPT_BYTES / 4;
        let given_up: Vec<Block> = (0..5).filter_map(|at| kept.keep((large, at)).err()).collect();
        assert_eq!(given_up, [(2, 20)]);
        (0..100).for_each(|at| _ = kept.keep((1, at)));
        assert!(kept.bytes <= KEPT_BYTES && kept.len <= KEPT_BLOCKS);
    }

    #[test]
    fn vectors_keep_their_content_as_they_grow_and_shrink() {
        let threads: Vec<_> = (0..4u64)
            .map(|seed| {
                std::thread::spawn(move || {
                    for round in 0..40 {
                        let mut numbers: Vec<u64> = Vec::new();
                        (0..200_000).for_each(|number| numbers.push(number * seed + round));
                        numbers.truncate(30_000);
                        numbers.shrink_to_fit();
                        assert!((0..).zip(&numbers).all(|(at, number)| *number == at * seed + round));
                        assert!(vec![0_u8; 300_000 + round as usize].iter().all(|byte| *byte == 0));
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        give_back();
        assert_eq!(kept().bytes, 0);
    }
}
