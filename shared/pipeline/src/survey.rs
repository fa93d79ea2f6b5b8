//! The first reading of a drop: in which form its text comes, and the file's verdict.

use rollcall_domain::decode::{self, Census, Encoding};
use rollcall_domain::finding::{Code, Finding};
use rollcall_domain::limits;
use rollcall_domain::plan::ChunkSize;
use rollcall_domain::profile::Profile;
use rollcall_domain::survey::{Opening, Survey, Surveyed};
use rollcall_domain::workbook::{Sheet, SheetText, Workbook, is_workbook};

use crate::ports::{Answer, ObjectVersion, Objects};
use crate::split::Asked;
use crate::text::{Form, Pieces, Text, read_whole};

/// Bytes that tell what a file is.
const BEGINNING: u64 = 4096;

/// Reads the whole file once and gives its verdict.
pub(crate) async fn survey(
    objects: &impl Objects,
    object: &ObjectVersion,
    asked: &Asked,
    size: ChunkSize,
) -> Answer<Surveyed> {
    let Some(profile) = asked.profile.as_ref().filter(|_| asked.errors.is_empty()) else {
        return Ok(refused(asked.errors.clone()));
    };
    if object.len > limits::FILE_BYTES {
        return Ok(refused(vec![Finding::new(Code::FileTooLarge).arg("limit", limits::FILE)]));
    }
    let beginning = objects.read(object, 0..object.len.min(BEGINNING)).await?;
    if is_workbook(&beginning) {
        let opened = open_workbook(objects, object, asked).await?;
        let surveyed = opened.and_then(|(sheet, text)| survey_sheet(sheet, text, asked, profile, size));
        return Ok(surveyed.unwrap_or_else(|finding| refused(vec![finding])));
    }
    let detected = match decode::detect(&beginning, asked.options.encoding.as_deref()) {
        Ok(detected) => detected,
        Err(finding) => return Ok(refused(vec![finding])),
    };
    let surveyed = survey_as(objects, object, asked, profile, detected.encoding, size).await?;
    if detected.sure || !surveyed.no_text || !is_windows_1252(objects, object).await? {
        return Ok(surveyed);
    }
    survey_as(objects, object, asked, profile, Encoding::Windows1252, size).await
}

fn refused(errors: Vec<Finding>) -> Surveyed {
    Surveyed { errors, ..Surveyed::default() }
}

/// Opens a workbook at the sheet that is asked for; the finding where that is not possible.
async fn open_workbook(
    objects: &impl Objects,
    object: &ObjectVersion,
    asked: &Asked,
) -> Answer<Result<(Sheet, SheetText), Finding>> {
    if object.len > limits::WORKBOOK_BYTES {
        return Ok(Err(Finding::new(Code::FileTooLarge).arg("limit", limits::WORKBOOK)));
    }
    let bytes = read_whole(objects, object).await?;
    Ok(Workbook::open(bytes).and_then(|mut book| {
        let sheet = book.choose(&asked.options)?;
        let text = book.into_text(&sheet)?;
        Ok((sheet, text))
    }))
}

fn survey_sheet(
    sheet: Sheet,
    mut text: SheetText,
    asked: &Asked,
    profile: &Profile,
    size: ChunkSize,
) -> Result<Surveyed, Finding> {
    let first = text.read()?.ok_or_else(|| Finding::new(Code::FileEmpty))?;
    let opening = Opening::of_sheet(&first, profile, &asked.options);
    let mut survey = Survey::new(opening, profile, &asked.options, &asked.settings, size);
    survey.feed(&first);
    while let Some(piece) = text.read()? {
        survey.feed(&piece);
    }
    Ok(Surveyed { sheet: Some(sheet), ..survey.finish() })
}

/// Surveys a file of text in one encoding.
async fn survey_as(
    objects: &impl Objects,
    object: &ObjectVersion,
    asked: &Asked,
    profile: &Profile,
    encoding: Encoding,
    size: ChunkSize,
) -> Answer<Surveyed> {
    let mut text = Text::new(objects, object, Form::Delimited(encoding));
    let Some(first) = text.next().await?.filter(|first| !first.is_empty()) else {
        return Ok(refused(vec![Finding::new(Code::FileEmpty)]));
    };
    let complete = object.len <= crate::text::PIECE;
    let opening = Opening::of(&first, complete, profile, &asked.options);
    let skip = opening.skip;
    let mut survey = Survey::new(opening, profile, &asked.options, &asked.settings, size);
    survey.feed(&first[skip..]);
    while let Some(piece) = text.next().await? {
        survey.feed(&piece);
    }
    Ok(Surveyed { encoding: Some(encoding), ..survey.finish() })
}

/// Whether a file that is no clean UTF-8 is Windows-1252: one more reading, for such files alone.
async fn is_windows_1252(objects: &impl Objects, object: &ObjectVersion) -> Answer<bool> {
    let mut pieces = Pieces::new(objects, object);
    let mut census = Census::default();
    while let Some(piece) = pieces.next().await? {
        census.feed(&piece);
    }
    Ok(census.is_windows_1252())
}

/// The form of a file as it was surveyed, or as its beginning tells it; nothing where it cannot be read.
pub(crate) async fn form(
    objects: &impl Objects,
    object: &ObjectVersion,
    asked: &Asked,
    surveyed: &Surveyed,
) -> Answer<Option<Form>> {
    if let Some(sheet) = &surveyed.sheet {
        return Ok(Some(Form::Sheet(sheet.clone())));
    }
    if let Some(encoding) = surveyed.encoding {
        return Ok(Some(Form::Delimited(encoding)));
    }
    let beginning = objects.read(object, 0..object.len.min(BEGINNING)).await?;
    if is_workbook(&beginning) {
        let opened = open_workbook(objects, object, asked).await?;
        return Ok(opened.ok().map(|(sheet, _)| Form::Sheet(sheet)));
    }
    let told = decode::detect(&beginning, asked.options.encoding.as_deref());
    let told = told.or_else(|_| decode::detect(&beginning, None)).ok();
    Ok(told.map(|detected| Form::Delimited(detected.encoding)))
}
