//! Looks at the records of a piece on several threads. Each thread in turn finds the borders of records in the next part,
//! looks at them, and in turn notes what it saw: so borders and notes are in file order, and while one thread does
//! either, the other looks at records.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crate::file::split::{RecordEnd, Splitter};
use crate::survey::look::{RecordScanner, Seen};
use crate::survey::notes::Notes;

/// Bytes of a part. There may be one record per byte, and each needs a hundred bytes.
const PART: usize = 256 * 1024;

/// From this number of bytes on, a second thread pays off.
const WORTH_A_THREAD: usize = 128 * 1024;

/// The part of a piece in which no borders were found yet.
pub(super) struct Rest<'a> {
    pub(super) piece: &'a [u8],
    pub(super) cut_to: usize,
    /// Where the first record begins that no part contains.
    pub(super) seen_to: &'a mut usize,
    pub(super) splitter: &'a mut Splitter,
}

/// The records that end in a part.
#[derive(Default)]
pub(super) struct Part {
    /// Where the part begins, and its first record.
    base: usize,
    start: usize,
    ends: Vec<RecordEnd>,
    seen: Vec<Seen>,
}

impl Rest<'_> {
    /// Finds the records that end in the next part; `false` where there is none.
    fn cut(&mut self, part: &mut Part) -> bool {
        let here = self.cut_to..self.piece.len().min(self.cut_to + PART);
        (part.base, part.start) = (here.start, *self.seen_to);
        part.ends.clear();
        self.splitter.feed(&self.piece[here.clone()], &mut part.ends);
        *self.seen_to = part.ends.last().map_or(part.start, |last| here.start + last.end);
        self.cut_to = here.end;
        !here.is_empty()
    }
}

impl Part {
    /// Looks at each record.
    fn look(&mut self, piece: &[u8], looker: &mut RecordScanner<'_>) {
        looker.keys.clear();
        self.seen.clear();
        let mut start = self.start;
        for end in &self.ends {
            let upto = self.base + end.end;
            let whole = upto - usize::from(end.terminator);
            self.seen.push(looker.look(&piece[start..whole], (whole - start) as u64, end.lines));
            start = upto;
        }
    }

    /// Notes what was seen.
    fn note(&self, looker: &RecordScanner<'_>, notes: &mut Notes<'_>) {
        let (mut start, mut keys) = (self.start, looker.keys.as_slice());
        for (seen, end) in self.seen.iter().zip(&self.ends) {
            let (own, left) = keys.split_at(seen.keys);
            let upto = self.base + end.end;
            notes.note(seen, own, (upto - start) as u64, end.lines);
            (start, keys) = (upto, left);
        }
    }
}

/// What threads do in turn: each gets a thing from the one before, and passes it on.
struct Turn<T> {
    mine: Receiver<T>,
    next: Sender<T>,
}

impl<T> Turn<T> {
    /// A ring of so many threads; the first has the thing. A single one passes it to itself.
    fn ring(threads: usize, thing: T) -> impl Iterator<Item = Self> {
        let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| channel()).unzip();
        senders.rotate_left(1);
        let turns = receivers.into_iter().zip(senders).map(|(mine, next)| Self { mine, next });
        let turns: Vec<Self> = turns.collect();
        turns.last().and_then(|last| last.next.send(thing).ok()).expect("the first thread receives");
        turns.into_iter()
    }

    /// Waits for the thing; `None` if the thread before is over.
    fn wait(&self) -> Option<T> {
        self.mine.recv().ok()
    }

    /// The next thread may be over: then nobody needs the thing.
    fn pass(&self, thing: T) {
        let _ = self.next.send(thing);
    }
}

/// Looks at all records that end in the rest of a piece, and notes them.
pub(super) fn look_at_all(
    rest: Rest<'_>,
    lookers: &mut [RecordScanner<'_>; 2],
    parts: &mut [Part; 2],
    notes: &mut Notes<'_>,
) {
    let piece = rest.piece;
    let threads = if piece.len() - rest.cut_to < WORTH_A_THREAD { 1 } else { lookers.len() };
    let turns = Turn::ring(threads, rest).zip(Turn::ring(threads, notes));
    thread::scope(|scope| {
        let mut works = lookers.iter_mut().zip(parts).zip(turns).map(|((looker, part), (rest, notes))| {
            move || {
                while let Some(mut uncut) = rest.wait() {
                    let has_part = uncut.cut(part);
                    rest.pass(uncut);
                    if !has_part {
                        return;
                    }
                    part.look(piece, looker);
                    let Some(noted) = notes.wait() else { return };
                    part.note(looker, noted);
                    notes.pass(noted);
                }
            }
        });
        let first = works.next();
        works.for_each(|work| _ = scope.spawn(work));
        if let Some(mut work) = first {
            work();
        }
    });
}
