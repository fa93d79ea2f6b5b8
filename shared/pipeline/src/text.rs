//! An object's decoded text, piece by piece: memory use does not depend on its length.

use std::borrow::Cow;
use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use rollcall_domain::file::decode::{Decoder, Encoding};
use rollcall_domain::file::dialect::{Dialect, Rewriter};
use rollcall_domain::file::packed::{Bytes, Packing, Unpacked};
use rollcall_domain::file::workbook::{Sheet, SheetText, Workbook};
use rollcall_domain::plan::import_plan::Plan;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::limits;

use crate::fault::Fault;
use crate::patch::{Patch, Patcher};
use crate::ports::{Answer, ObjectVersion, Objects};

/// Bytes of an object in one read.
pub(crate) const PIECE: u64 = 4 * 1024 * 1024;
/// Pieces that are on their way at the same time, where reads wait for a network: it is busy while a piece is worked on.
const AHEAD: usize = 4;

/// A piece that is on its way.
type Coming<'a> = Pin<Box<dyn Future<Output = Answer<Vec<u8>>> + Send + 'a>>;

/// The beginning of an object.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// Its packing.
    pub(crate) packing: Option<Packing>,
    /// Its first bytes, unpacked.
    pub(crate) beginning: Vec<u8>,
    /// Its bytes, unpacked.
    pub(crate) len: u64,
}

/// Bytes that are enough to identify the format of a file.
const BEGINNING: u64 = 4096;

/// Reads the beginning of an object, or returns the finding with the reason why it cannot be unpacked.
pub(crate) async fn look(
    objects: &impl Objects,
    object: &ObjectVersion,
) -> Result<Result<Look, Finding>, Fault> {
    let beginning = objects.read(object, 0..object.len.min(BEGINNING)).await?;
    let plain = Look { packing: None, beginning, len: object.len };
    if Packing::of(&plain.beginning).is_none() {
        return Ok(Ok(plain));
    }
    if object.len > limits::PACKED_BYTES {
        return Ok(Err(Finding::new(Code::FileTooLarge).arg("limit", limits::PACKED)));
    }
    let bytes = Bytes::new(read_whole(objects, object).await?);
    let Some(packing) = bytes.packing() else { return Ok(Ok(plain)) };
    let content = Unpacked::look(packing, bytes);
    Ok(content.map(|content| Look { packing: Some(packing), beginning: content.beginning, len: content.len }))
}

/// Reads an object's bytes from its beginning, unpacked.
pub(crate) struct Pieces<'a, O> {
    objects: &'a O,
    object: &'a ObjectVersion,
    packing: Option<Packing>,
    /// Bytes that have come, and those that were asked for.
    read: u64,
    asked: u64,
    coming: FuturesOrdered<Coming<'a>>,
    /// Grows with the pieces that were wanted: a reader that wants the beginning only asks for no more.
    at_once: usize,
    unpacked: Option<Unpacked>,
    /// The next piece of a packed object: the unpacker needs to know which piece is the last.
    ahead: Option<Vec<u8>>,
}

impl<'a, O: Objects> Pieces<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion, packing: Option<Packing>) -> Self {
        let coming = FuturesOrdered::new();
        Self { objects, object, packing, read: 0, asked: 0, coming, at_once: 1, unpacked: None, ahead: None }
    }

    /// The next piece; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        match self.packing {
            Some(packing) => self.next_unpacked(packing).await,
            None => self.next_sent().await,
        }
    }

    /// The next packed piece.
    async fn next_sent(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if self.is_over() {
            return Ok(None);
        }
        self.ask();
        let piece = self.coming.next().await.transpose()?.unwrap_or_default();
        if piece.is_empty() {
            return Err(Fault::Gone(self.object.key.clone()));
        }
        let wanted = PIECE.min(self.object.len - self.read);
        self.read += piece.len() as u64;
        if (piece.len() as u64) < wanted {
            // What follows was asked for from another place.
            self.coming.clear();
            self.asked = self.read;
        }
        self.at_once = (self.at_once * 2).min(AHEAD.min(O::AT_ONCE));
        Ok(Some(piece))
    }

    /// Asks for the next pieces; they come in their order.
    fn ask(&mut self) {
        while self.coming.len() < self.at_once && self.asked < self.object.len {
            let end = self.object.len.min(self.asked + PIECE);
            self.coming.push_back(Box::pin(self.objects.read(self.object, self.asked..end)));
            self.asked = end;
        }
    }

    async fn next_unpacked(&mut self, packing: Packing) -> Result<Option<Vec<u8>>, Fault> {
        let unpacked = match &mut self.unpacked {
            Some(unpacked) => unpacked,
            None => {
                let bytes = Bytes::new(read_whole(self.objects, self.object).await?);
                let mut unpacked = Unpacked::open(packing, bytes).map_err(unreadable)?;
                self.ahead = unpacked.next(PIECE as usize).map_err(unreadable)?;
                self.unpacked.insert(unpacked)
            }
        };
        let piece = self.ahead.take();
        if piece.is_some() {
            self.ahead = unpacked.next(PIECE as usize).map_err(unreadable)?;
        }
        Ok(piece)
    }

    fn is_over(&self) -> bool {
        match &self.unpacked {
            Some(_) => self.ahead.is_none(),
            None => self.read >= self.object.len,
        }
    }
}

/// All packed bytes of an object; only for packed files and workbooks, whose length has a limit.
async fn read_whole(objects: &impl Objects, object: &ObjectVersion) -> Result<Vec<u8>, Fault> {
    let mut pieces = Pieces::new(objects, object, None);
    let mut whole = Vec::with_capacity(object.len as usize);
    while let Some(piece) = pieces.next_sent().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// All of a workbook's bytes, unpacked.
pub(crate) async fn read_workbook(
    objects: &impl Objects,
    object: &ObjectVersion,
    packing: Option<Packing>,
) -> Result<Vec<u8>, Fault> {
    let mut pieces = Pieces::new(objects, object, packing);
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// The conversion of an object to text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Its packing.
    pub(crate) packing: Option<Packing>,
    /// The format of the unpacked bytes.
    pub(crate) kind: Kind,
    /// The quoting dialect and the delimiter, if the text is to be rewritten.
    pub(crate) dialect: Option<(Dialect, u8)>,
    /// Cells that were typed over.
    pub(crate) patch: Option<Patch>,
}

/// The format of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text in an encoding.
    Delimited(Encoding),
    /// A workbook, of which one sheet is read.
    Sheet(Sheet),
}

impl Form {
    pub(crate) fn of(plan: &Plan) -> Self {
        let kind = plan.sheet.clone().map_or(Kind::Delimited(plan.encoding), Kind::Sheet);
        let dialect = (plan.dialect, plan.delimiter());
        Self {
            packing: plan.packing,
            kind,
            dialect: Some(dialect).filter(|(dialect, _)| !dialect.is_ordinary()),
            patch: Patch::of_plan(plan),
        }
    }
}

/// Reads an object's text from its beginning.
pub(crate) struct Text<'a, O> {
    pieces: Pieces<'a, O>,
    source: Source,
    rewriter: Option<Rewriter>,
    patcher: Option<Patcher>,
}

enum Source {
    Delimited(Decoder),
    /// Opened when its text is first requested.
    Closed(Sheet),
    Sheet(SheetText),
}

impl<'a, O: Objects> Text<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion, form: Form) -> Self {
        let source = match form.kind {
            Kind::Delimited(encoding) => Source::Delimited(Decoder::new(encoding)),
            Kind::Sheet(sheet) => Source::Closed(sheet),
        };
        let rewriter = form.dialect.map(|(dialect, delimiter)| Rewriter::new(dialect, delimiter));
        let patcher = form.patch.map(Patcher::new);
        Self { pieces: Pieces::new(objects, object, form.packing), source, rewriter, patcher }
    }

    /// Sets the dialect that the first piece has shown; returns that piece in the ordinary dialect.
    pub(crate) fn follow(&mut self, dialect: Dialect, delimiter: u8, first: Vec<u8>) -> Vec<u8> {
        if dialect.is_ordinary() {
            return first;
        }
        let rewriter = self.rewriter.insert(Rewriter::new(dialect, delimiter));
        rewritten(rewriter, &first, self.pieces.is_over())
    }

    /// Types over cells from the first piece on; gives that piece with its new cells.
    pub(crate) fn patch(&mut self, patch: Option<Patch>, first: Vec<u8>) -> Vec<u8> {
        match patch {
            Some(patch) => self.patcher.insert(Patcher::new(patch)).feed(&first),
            None => first,
        }
    }

    /// The next piece; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        let piece = self.next_sent().await?;
        let Some(patcher) = &mut self.patcher else { return Ok(piece) };
        Ok(match piece {
            Some(piece) => Some(patcher.feed(&piece)),
            None => Some(patcher.finish()).filter(|rest| !rest.is_empty()),
        })
    }

    /// The next piece as it was sent.
    async fn next_sent(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if let Source::Closed(sheet) = &self.source {
            let Pieces { objects, object, packing, .. } = self.pieces;
            let bytes = read_workbook(objects, object, packing).await?;
            let opened = Workbook::open(bytes).and_then(|book| book.into_text(sheet));
            self.source = Source::Sheet(opened.map_err(unreadable)?);
        }
        match &mut self.source {
            Source::Sheet(text) => text.read().map_err(unreadable),
            Source::Delimited(decoder) => Ok(match self.pieces.next().await? {
                Some(piece) => {
                    let (piece, last) =
                        (decoded(decoder, piece, self.pieces.is_over()), self.pieces.is_over());
                    Some(match &mut self.rewriter {
                        Some(rewriter) => rewritten(rewriter, &piece, last),
                        None => piece,
                    })
                }
                None => None,
            }),
            Source::Closed(_) => unreachable!("it was opened above"),
        }
    }
}

/// A surveyed file is readable, because the same bytes always give the same workbook and the same unpacked content.
fn unreadable(finding: Finding) -> Fault {
    Fault::damaged("reading the object", finding.code)
}

fn rewritten(rewriter: &mut Rewriter, piece: &[u8], last: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(piece.len());
    rewriter.feed(piece, &mut out);
    if last {
        rewriter.finish(&mut out);
    }
    out
}

fn decoded(decoder: &mut Decoder, piece: Vec<u8>, last: bool) -> Vec<u8> {
    let decoded = match decoder.decode(&piece, last) {
        Cow::Borrowed(same) if same.len() == piece.len() => None,
        other => Some(other.into_owned()),
    };
    decoded.unwrap_or(piece)
}
