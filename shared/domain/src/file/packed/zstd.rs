//! Zstandard frames, one after the other; each checksum is verified.

use std::io::{Cursor, Error, ErrorKind, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::file::packed::Bytes;

/// Reads the frames of a file.
pub(super) struct Frames {
    input: Cursor<Bytes>,
    decoder: FrameDecoder,
    /// Whether a frame is being read.
    within: bool,
}

impl Frames {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { input: Cursor::new(bytes), decoder: FrameDecoder::new(), within: false }
    }

    fn is_over(&self) -> bool {
        self.input.position() >= self.input.get_ref().as_ref().len() as u64
    }

    /// Goes on to the next frame with content; skippable frames are skipped.
    fn begin(&mut self) -> std::io::Result<()> {
        let at = self.input.position() as usize;
        let rest = &self.input.get_ref().as_ref()[at..];
        // RFC 8878, 3.1.2: one of 16 magic numbers, then the length of the skippable content.
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18, a, b, c, d, ..] = *rest {
            self.input.set_position((at as u64 + 8) + u64::from(u32::from_le_bytes([a, b, c, d])));
            return if self.input.position() > self.input.get_ref().as_ref().len() as u64 {
                Err(ErrorKind::UnexpectedEof.into())
            } else {
                Ok(())
            };
        }
        self.decoder.reset(&mut self.input).map_err(Error::other)?;
        self.within = true;
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        self.within = false;
        match (self.decoder.get_checksum_from_data(), self.decoder.get_calculated_checksum()) {
            (Some(told), Some(found)) if told != found => Err(Error::other("the checksum is wrong")),
            _ => Ok(()),
        }
    }
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if !self.within {
                if self.is_over() {
                    return Ok(0);
                }
                self.begin()?;
                continue;
            }
            if self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                let strategy = BlockDecodingStrategy::UptoBytes(buffer.len().min(1 << 20));
                self.decoder.decode_blocks(&mut self.input, strategy).map_err(Error::other)?;
            }
            let read = self.decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            if self.decoder.is_finished() {
                self.end()?;
            }
        }
    }
}
