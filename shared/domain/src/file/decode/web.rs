//! Encodings with several bytes per character: Shift_JIS, EUC-JP, ISO-2022-JP, GBK, GB18030, Big5, EUC-KR.

use std::fmt;

use encoding_rs::DecoderResult;

use crate::file::decode::unknown;

/// Decodes text; pieces may be cut anywhere.
pub(super) struct Web {
    decoder: encoding_rs::Decoder,
    /// The last bytes of earlier pieces: an invalid sequence may begin there.
    before: Vec<u8>,
}

/// Bytes of the longest sequence that a decoder can find invalid, including the bytes that it reads after it.
const LONGEST: usize = 16;

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("encoding", &self.decoder.encoding().name()).finish_non_exhaustive()
    }
}

impl Web {
    pub(super) fn new(encoding: &'static encoding_rs::Encoding) -> Self {
        Self { decoder: encoding.new_decoder_without_bom_handling(), before: Vec::new() }
    }

    /// Decodes a piece. Each invalid byte becomes one byte that is not UTF-8.
    pub(super) fn decode(&mut self, piece: &[u8], last: bool) -> Vec<u8> {
        let mut out = vec![0; piece.len() * 3 / 2 + LONGEST];
        let (mut read, mut written) = (0, 0);
        loop {
            let (result, taken, made) =
                self.decoder.decode_to_utf8_without_replacement(&piece[read..], &mut out[written..], last);
            (read, written) = (read + taken, written + made);
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => out.resize(out.len() * 2, 0),
                DecoderResult::Malformed(len, behind) => {
                    for at in (1..=usize::from(len)).rev() {
                        let byte = self.byte_before(piece, read, usize::from(behind) + at);
                        if out.len() - written < LONGEST {
                            out.resize(out.len() * 2, 0);
                        }
                        out[written] = unknown(byte);
                        written += 1;
                    }
                }
            }
        }
        out.truncate(written);
        self.remember(piece);
        out
    }

    /// The byte `distance` bytes before a place of the piece; it may be in an earlier piece.
    fn byte_before(&self, piece: &[u8], read: usize, distance: usize) -> u8 {
        let here = read.checked_sub(distance).map(|at| piece[at]);
        let earlier = || self.before.len().checked_sub(distance - read).map(|at| self.before[at]);
        here.or_else(earlier).unwrap_or(0xff)
    }

    fn remember(&mut self, piece: &[u8]) {
        self.before.extend_from_slice(&piece[piece.len().saturating_sub(LONGEST)..]);
        let old = self.before.len().saturating_sub(LONGEST);
        self.before.drain(..old);
    }
}
