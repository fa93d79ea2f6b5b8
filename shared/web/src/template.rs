//! A template as a workbook: a note on each header, and text format so that cells stay as they are typed.

use rollcall_domain::profile::template::{Template, TemplateColumn};
use rust_xlsxwriter::utility::check_sheet_name;
use rust_xlsxwriter::{Color, DocProperties, ExcelDateTime, Format, Note, Workbook, Worksheet, XlsxError};

/// Writes the template; the same template gives the same bytes.
///
/// # Errors
/// If the workbook cannot be created.
pub fn workbook(template: &Template) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    // The current time would make every file different.
    let made = ExcelDateTime::from_ymd(2026, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_title(&template.title).set_creation_datetime(&made));
    let sheet = workbook.add_worksheet();
    sheet.set_name(sheet_name(&template.title))?;
    for (at, column) in (0..).zip(&template.columns) {
        write_column(sheet, at, column)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    workbook.save_to_buffer()
}

/// The profile's title, if it is a valid name of a sheet.
fn sheet_name(title: &str) -> &str {
    if check_sheet_name(title).is_ok() { title } else { "Rollcall" }
}

fn write_column(sheet: &mut Worksheet, at: u16, column: &TemplateColumn) -> Result<(), XlsxError> {
    let cells = if column.as_text { Format::new().set_num_format("@") } else { Format::new() };
    sheet.set_column_format(at, &cells)?;
    sheet.set_column_width(at, width(column))?;
    sheet.write_string_with_format(0, at, &column.header, &header(column))?;
    sheet.insert_note(0, at, &Note::new(&column.note).add_author_prefix(false).set_width(NOTE_WIDTH))?;
    match column.example.parse::<f64>() {
        _ if column.example.is_empty() => {}
        Ok(number) if !column.as_text => _ = sheet.write_number_with_format(1, at, number, &cells)?,
        _ => _ = sheet.write_string_with_format(1, at, &column.example, &cells)?,
    }
    Ok(())
}

/// In pixels: enough for a sentence or two without a scroll bar.
const NOTE_WIDTH: u32 = 260;

fn header(column: &TemplateColumn) -> Format {
    let plain = Format::new().set_bold();
    if column.required { plain.set_background_color(Color::RGB(0x00FF_E9A8)) } else { plain }
}

/// The characters of header and example, plus a margin.
fn width(column: &TemplateColumn) -> f64 {
    let longest = column.header.chars().count().max(column.example.chars().count());
    f64::from(u32::try_from(longest).unwrap_or(u32::MAX).clamp(8, 40)) + 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_domain::profile::built_in::BUILT_IN;
    use rollcall_domain::profile::compiled::Profile;
    use rollcall_domain::profile::template::template;
    use rollcall_domain::types::locale::Locale;

    #[test]
    fn the_same_template_gives_the_same_bytes() {
        let profile = Profile::built_in("accounts").expect("it is built in");
        let template = template(&profile, Locale::Es);
        assert_eq!(workbook(&template).unwrap(), workbook(&template).unwrap());
    }

    #[test]
    fn every_title_is_a_sheets_name() {
        for (name, _) in BUILT_IN {
            let profile = Profile::built_in(name).expect("it is built in");
            for locale in Locale::ALL {
                assert_eq!(sheet_name(profile.title(locale)), profile.title(locale));
            }
        }
        assert_eq!(sheet_name("a/b"), "Rollcall");
    }
}
