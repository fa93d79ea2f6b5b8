//! A result file as a workbook, in addition to its CSV, if the import read a workbook.

use rollcall_domain::file::cells::Cells;
use rollcall_domain::file::split::records;
use rollcall_domain::file::workbook_stream::{SheetFull, WorkbookStream};

use crate::ports::{Answer, ObjectWriter, Objects};

/// The byte order mark, with which a result file begins.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// A workbook that is being written.
#[derive(Debug)]
pub(super) struct ResultWorkbook<W> {
    file: W,
    stream: WorkbookStream,
    delimiter: u8,
}

impl<W: ObjectWriter> ResultWorkbook<W> {
    /// Begins a workbook with the header of its CSV; `None` if a sheet cannot hold even that.
    pub(super) async fn begin(
        objects: &impl Objects<Writer = W>,
        key: &str,
        header: &[u8],
        delimiter: u8,
    ) -> Answer<Option<Self>> {
        let header = String::from_utf8_lossy(header.strip_prefix(BOM).unwrap_or(header));
        let mut cells = Cells::default();
        cells.parse(header.trim_end_matches("\r\n"), delimiter);
        let Ok(stream) = WorkbookStream::begin(&cells.iter().collect::<Vec<_>>()) else { return Ok(None) };
        Ok(Some(Self { file: objects.create(key).await?, stream, delimiter }))
    }

    /// Adds rows of the CSV; `None` if the sheet cannot hold them: then the file never appears.
    pub(super) async fn add(mut self, rows: &[u8]) -> Answer<Option<Self>> {
        if self.add_rows(rows).is_err() {
            return Ok(None);
        }
        let bytes = self.stream.take();
        if !bytes.is_empty() {
            self.file.write(&bytes).await?;
        }
        Ok(Some(self))
    }

    fn add_rows(&mut self, rows: &[u8]) -> Result<(), SheetFull> {
        let text = String::from_utf8_lossy(rows);
        let mut cells = Cells::default();
        for record in records(text.as_bytes(), self.delimiter) {
            cells.parse(&text[record.body], self.delimiter);
            self.stream.add_row(cells.iter())?;
        }
        Ok(())
    }

    /// Makes the file appear.
    pub(super) async fn finish(mut self) -> Answer<()> {
        let rest = self.stream.finish();
        self.file.write(&rest).await?;
        self.file.finish().await
    }
}
