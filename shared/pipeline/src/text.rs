//! An object's decoded text, piece by piece: memory stays flat however long it is.

use std::borrow::Cow;

use rollcall_domain::decode::{Decoder, Encoding};
use rollcall_domain::finding::Finding;
use rollcall_domain::plan::Plan;
use rollcall_domain::workbook::{Sheet, SheetText, Workbook};

use crate::fault::Fault;
use crate::ports::{ObjectVersion, Objects};

/// Bytes of an object that are read at once.
pub(crate) const PIECE: u64 = 4 * 1024 * 1024;

/// Reads an object's bytes from its beginning.
pub(crate) struct Pieces<'a, O> {
    objects: &'a O,
    object: &'a ObjectVersion,
    read: u64,
}

impl<'a, O: Objects> Pieces<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion) -> Self {
        Self { objects, object, read: 0 }
    }

    /// The next piece; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if self.is_over() {
            return Ok(None);
        }
        let end = self.object.len.min(self.read + PIECE);
        let piece = self.objects.read(self.object, self.read..end).await?;
        if piece.is_empty() {
            return Err(Fault::Gone(self.object.key.clone()));
        }
        self.read += piece.len() as u64;
        Ok(Some(piece))
    }

    fn is_over(&self) -> bool {
        self.read >= self.object.len
    }
}

/// All of an object's bytes: of workbooks only, whose length has a limit.
pub(crate) async fn read_whole(objects: &impl Objects, object: &ObjectVersion) -> Result<Vec<u8>, Fault> {
    let mut pieces = Pieces::new(objects, object);
    let mut whole = Vec::with_capacity(object.len as usize);
    while let Some(piece) = pieces.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// How an object becomes text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// It is text, in an encoding.
    Delimited(Encoding),
    /// It is a workbook, of which one sheet is read.
    Sheet(Sheet),
}

impl Form {
    pub(crate) fn of(plan: &Plan) -> Self {
        plan.sheet.clone().map_or(Form::Delimited(plan.encoding), Form::Sheet)
    }
}

/// Reads an object's text from its beginning.
pub(crate) struct Text<'a, O> {
    pieces: Pieces<'a, O>,
    source: Source,
}

enum Source {
    Delimited(Decoder),
    /// Opened when its text is first asked for.
    Closed(Sheet),
    Sheet(SheetText),
}

impl<'a, O: Objects> Text<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion, form: Form) -> Self {
        let source = match form {
            Form::Delimited(encoding) => Source::Delimited(Decoder::new(encoding)),
            Form::Sheet(sheet) => Source::Closed(sheet),
        };
        Self { pieces: Pieces::new(objects, object), source }
    }

    /// The next piece; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if let Source::Closed(sheet) = &self.source {
            let bytes = read_whole(self.pieces.objects, self.pieces.object).await?;
            let opened = Workbook::open(bytes).and_then(|book| book.into_text(sheet));
            self.source = Source::Sheet(opened.map_err(unreadable)?);
        }
        match &mut self.source {
            Source::Sheet(text) => text.read().map_err(unreadable),
            Source::Delimited(decoder) => Ok(match self.pieces.next().await? {
                Some(piece) => Some(decoded(decoder, piece, self.pieces.is_over())),
                None => None,
            }),
            Source::Closed(_) => unreachable!("it was opened above"),
        }
    }
}

/// A workbook that was surveyed can be read: the same bytes are the same workbook.
fn unreadable(finding: Finding) -> Fault {
    Fault::damaged("reading a workbook", finding.code)
}

fn decoded(decoder: &mut Decoder, piece: Vec<u8>, last: bool) -> Vec<u8> {
    let decoded = match decoder.decode(&piece, last) {
        Cow::Borrowed(same) if same.len() == piece.len() => None,
        other => Some(other.into_owned()),
    };
    decoded.unwrap_or(piece)
}
