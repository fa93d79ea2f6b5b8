//! An object's decoded text, piece by piece: memory stays flat however long it is.

use rollcall_domain::decode::{Decoder, Encoding};

use crate::fault::Fault;
use crate::ports::{ObjectVersion, Objects};

/// Bytes of an object that are read at once.
pub(crate) const PIECE: u64 = 4 * 1024 * 1024;

/// Reads an object's text from its beginning.
pub(crate) struct Text<'a, O> {
    objects: &'a O,
    object: &'a ObjectVersion,
    decoder: Decoder,
    read: u64,
}

impl<'a, O: Objects> Text<'a, O> {
    pub(crate) fn new(objects: &'a O, object: &'a ObjectVersion, encoding: Encoding) -> Self {
        Self { objects, object, decoder: Decoder::new(encoding), read: 0 }
    }

    /// The next piece; `None` behind the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, Fault> {
        if self.read >= self.object.len {
            return Ok(None);
        }
        let end = self.object.len.min(self.read + PIECE);
        let piece = self.objects.read(self.object, self.read..end).await?;
        if piece.is_empty() {
            return Err(Fault::Gone(self.object.key.clone()));
        }
        self.read += piece.len() as u64;
        let decoded = match self.decoder.decode(&piece, self.read >= self.object.len) {
            std::borrow::Cow::Borrowed(same) if same.len() == piece.len() => None,
            other => Some(other.into_owned()),
        };
        Ok(Some(decoded.unwrap_or(piece)))
    }
}
