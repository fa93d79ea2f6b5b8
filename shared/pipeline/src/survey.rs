//! The first pass over a drop: determines the form of its text, and accepts or refuses the file.

use rollcall_domain::file::decode;
use rollcall_domain::file::decode::{
    Census, Confidence, Detected, DetectedBy, DetectedEncoding, Encoding, Place, SurrogateScanner,
};
use rollcall_domain::file::workbook::{Sheet, SheetText, Workbook, is_workbook};
use rollcall_domain::plan::import_plan::ChunkSize;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::survey::opening::Opening;
use rollcall_domain::survey::sheet;
use rollcall_domain::survey::whole_file::{Survey, Surveyed};
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::limits;

use crate::patch::{Patch, Patcher};
use crate::ports::{Answer, ObjectVersion, Objects};
use crate::request::{FoundOptions, ImportRequest};
use crate::text::{Form, Kind, Look, Pieces, Text, look, read_workbook};

/// Reads the whole file once, and accepts or refuses it.
pub(crate) async fn survey(
    objects: &impl Objects,
    object: &ObjectVersion,
    request: &ImportRequest,
    size: ChunkSize,
) -> Answer<Surveyed> {
    let Some(profile) = request.profile.as_deref().filter(|_| request.errors.is_empty()) else {
        return Ok(refused(request.errors.clone()));
    };
    if object.len > limits::FILE_BYTES {
        return Ok(refused(vec![Finding::new(Code::FileTooLarge).arg("limit", limits::FILE)]));
    }
    let look = match look(objects, object).await? {
        Ok(look) => look,
        Err(finding) => return Ok(refused(vec![finding])),
    };
    let pass = Pass { objects, object, look: &look, request, profile, size };
    let surveyed = if is_workbook(&look.beginning) {
        match open_workbook(objects, object, &look, request, Some(profile)).await? {
            Ok((sheet, text)) => pass.sheet(sheet, text).await?,
            Err(finding) => Err(finding),
        }
    } else {
        match decode::detect(&look.beginning, request.options.encoding.as_deref()) {
            Ok(detected) => Ok(pass.text(detected).await?),
            Err(finding) => Err(finding),
        }
    };
    let surveyed = surveyed.unwrap_or_else(|finding| refused(vec![finding]));
    Ok(Surveyed { packing: look.packing, ..surveyed })
}

fn refused(errors: Vec<Finding>) -> Surveyed {
    Surveyed { errors, ..Surveyed::default() }
}

/// Opens a workbook at the requested sheet, or returns the finding with the reason why it cannot.
async fn open_workbook(
    objects: &impl Objects,
    object: &ObjectVersion,
    look: &Look,
    request: &ImportRequest,
    profile: Option<&Profile>,
) -> Answer<Result<(Sheet, SheetText), Finding>> {
    if look.len > limits::WORKBOOK_BYTES {
        return Ok(Err(Finding::new(Code::FileTooLarge).arg("limit", limits::WORKBOOK)));
    }
    let bytes = read_workbook(objects, object, look.packing).await?;
    Ok(Workbook::open(bytes).and_then(|mut book| {
        let sheet = sheet::choose(&mut book, profile, &request.options)?;
        let text = book.into_text(&sheet)?;
        Ok((sheet, text))
    }))
}

/// Adds the options found for the header to the survey.
fn with_found(surveyed: Surveyed, found: Option<FoundOptions>) -> Surveyed {
    let mapping_saved = found.as_ref().is_some_and(|found| found.saved);
    Surveyed { options: found.map(|found| found.options), mapping_saved, ..surveyed }
}

/// A pass over one file for one request.
struct Pass<'a, O> {
    objects: &'a O,
    object: &'a ObjectVersion,
    look: &'a Look,
    request: &'a ImportRequest,
    profile: &'a Profile,
    size: ChunkSize,
}

impl<O: Objects> Pass<'_, O> {
    /// Surveys a text file; a second time if its encoding differs from the one that its beginning suggests.
    async fn text(&self, detected: Detected) -> Answer<Surveyed> {
        let surveyed = self.text_in(detected.encoding).await?;
        let is_certain = !(surveyed.no_text || surveyed.escapes && detected.by == DetectedBy::Content);
        if is_certain || detected.encoding.is_wide() {
            let Detected { encoding, by } = detected;
            let guessed = by == DetectedBy::Content && encoding.is_wide();
            let confidence = if guessed { Confidence::High } else { Confidence::Certain };
            let against = if surveyed.no_text { self.half_a_pair(encoding).await? } else { None };
            let found = DetectedEncoding { encoding, by, confidence, against, finding: None };
            return Ok(Surveyed { encoding: Some(found), ..surveyed });
        }
        let found = self.census(detected).await?;
        if let Some(uncertain) = found.finding.clone().filter(Finding::is_error) {
            // Without the encoding, other errors of the file cannot be found.
            return Ok(Surveyed { encoding: Some(found), ..refused(vec![uncertain]) });
        }
        let mut surveyed =
            if found.encoding == detected.encoding { surveyed } else { self.text_in(found.encoding).await? };
        surveyed.warnings.extend(found.finding.clone());
        Ok(Surveyed { encoding: Some(found), ..surveyed })
    }

    async fn sheet(&self, sheet: Sheet, mut text: SheetText) -> Answer<Result<Surveyed, Finding>> {
        let first = match text.read() {
            Ok(Some(first)) => first,
            Ok(None) => return Ok(Err(Finding::new(Code::FileEmpty))),
            Err(finding) => return Ok(Err(finding)),
        };
        let mut opening = Opening::of_sheet(&first, self.profile, &self.request.options);
        if opening.is_refused_at_once() {
            return Ok(Ok(Surveyed { sheet: Some(sheet), ..Surveyed::refused_by(opening) }));
        }
        let found = match self.request.options_of_header(self.objects, &opening.mapping).await? {
            Ok(found) => found,
            Err(finding) => return Ok(Err(finding)),
        };
        let options = found.as_ref().map_or(&self.request.options, |found| &found.options);
        if found.is_some() {
            opening = Opening::of_sheet(&first, self.profile, options);
        }
        let skip = opening.skip;
        let mut patcher = match Patch::of_opening(options, &opening) {
            Ok(patch) => patch.map(Patcher::new),
            Err(finding) => return Ok(Err(finding)),
        };
        let mut patched = |piece: Vec<u8>| match &mut patcher {
            Some(patcher) => patcher.feed(&piece),
            None => piece,
        };
        let first = patched(first);
        let mut survey = Survey::new(opening, self.profile, options, &self.request.settings, self.size);
        survey.feed(&first[skip..]);
        loop {
            match text.read() {
                Ok(Some(piece)) => survey.feed(&patched(piece)),
                Ok(None) => break,
                Err(finding) => return Ok(Err(finding)),
            }
        }
        survey.feed(&patcher.map(|mut patcher| patcher.finish()).unwrap_or_default());
        Ok(Ok(with_found(Surveyed { sheet: Some(sheet), ..survey.finish() }, found)))
    }

    /// Surveys a file of text in one encoding.
    async fn text_in(&self, encoding: Encoding) -> Answer<Surveyed> {
        let packing = self.look.packing;
        let form = Form { packing, kind: Kind::Delimited(encoding), dialect: None, patch: None };
        let mut text = Text::new(self.objects, self.object, form);
        let Some(first) = text.next().await?.filter(|first| !first.is_empty()) else {
            return Ok(refused(vec![Finding::new(Code::FileEmpty)]));
        };
        let complete = self.look.len <= crate::text::PIECE;
        let mut opening = Opening::of(&first, complete, self.profile, &self.request.options);
        if opening.is_refused_at_once() {
            return Ok(Surveyed::refused_by(opening));
        }
        let found = match self.request.options_of_header(self.objects, &opening.mapping).await? {
            Ok(found) => found,
            Err(finding) => return Ok(refused(vec![finding])),
        };
        let options = found.as_ref().map_or(&self.request.options, |found| &found.options);
        if found.is_some() {
            opening = Opening::of(&first, complete, self.profile, options);
            if opening.is_refused_at_once() {
                return Ok(with_found(Surveyed::refused_by(opening), found));
            }
        }
        let first = text.follow(opening.dialect, opening.delimiter, first);
        let first = match Patch::of_opening(options, &opening) {
            Ok(patch) => text.patch(patch, first),
            Err(finding) => return Ok(refused(vec![finding])),
        };
        let skip = opening.skip;
        let mut survey = Survey::new(opening, self.profile, options, &self.request.settings, self.size);
        survey.expect(self.object.len, &first[skip..]);
        survey.feed(&first[skip..]);
        while let Some(piece) = text.next().await? {
            survey.feed(&piece);
        }
        Ok(with_found(survey.finish(), found))
    }

    /// Determines the encoding of a file with bytes that do not fit: one more pass, for such files only.
    async fn census(&self, detected: Detected) -> Answer<DetectedEncoding> {
        let mut pieces = Pieces::new(self.objects, self.object, self.look.packing);
        let mut census = Census::default();
        while let Some(piece) = pieces.next().await? {
            census.feed(&piece);
        }
        Ok(census.verdict(detected))
    }

    /// Finds the first place where UTF-16 is invalid: one more pass up to there, for such files only.
    async fn half_a_pair(&self, encoding: Encoding) -> Answer<Option<Place>> {
        let mut pieces = Pieces::new(self.objects, self.object, self.look.packing);
        let mut scanner = SurrogateScanner::new(encoding);
        while let Some(piece) = pieces.next().await? {
            let place = scanner.feed(&piece);
            if place.is_some() {
                return Ok(place);
            }
        }
        Ok(scanner.finish())
    }
}

/// The form of a file from its survey, or from its beginning; `None` if it cannot be read.
pub(crate) async fn form(
    objects: &impl Objects,
    object: &ObjectVersion,
    request: &ImportRequest,
    surveyed: &Surveyed,
) -> Answer<Option<Form>> {
    let of = |packing, kind| Some(Form { packing, kind, dialect: None, patch: None });
    if let Some(sheet) = &surveyed.sheet {
        return Ok(of(surveyed.packing, Kind::Sheet(sheet.clone())));
    }
    if let Some(found) = &surveyed.encoding {
        return Ok(of(surveyed.packing, Kind::Delimited(found.encoding)));
    }
    let Ok(look) = look(objects, object).await? else { return Ok(None) };
    if is_workbook(&look.beginning) {
        let opened = open_workbook(objects, object, &look, request, request.profile.as_deref()).await?;
        return Ok(opened.ok().and_then(|(sheet, _)| of(look.packing, Kind::Sheet(sheet))));
    }
    let detected = decode::detect(&look.beginning, request.options.encoding.as_deref());
    let detected = detected.or_else(|_| decode::detect(&look.beginning, None)).ok();
    Ok(detected.and_then(|detected| of(look.packing, Kind::Delimited(detected.encoding))))
}
