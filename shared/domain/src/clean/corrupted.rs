//! Finds values that were lost before the file was sent: by a failed formula, or by a wrong encoding.

/// What a formula that failed leaves in its cell: in a workbook in English, in a file saved from one in the sender's
/// language.
#[rustfmt::skip]
const SPREADSHEET_ERRORS: [&str; 37] = [
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#DATA!", "#SPILL!", "#CALC!",
    // Portuguese.
    "#N/D", "#VALOR!", "#NOME?", "#NULO!", "#NÚM!", "#DESPEJAR!",
    // German.
    "#NV", "#BEZUG!", "#WERT!", "#ZAHL!", "#ÜBERLAUF!", "#KALK!",
    // French.
    "#VALEUR!", "#NOM?", "#NUL!", "#NOMBRE!", "#PROPAGATION!", "#EPARS!", "#CALCUL!",
    // Spanish.
    "#¡REF!", "#¡VALOR!", "#¡DIV/0!", "#¿NOMBRE?", "#¡NULO!", "#¡NUM!", "#¡DESBORDAMIENTO!", "#¡CALC!",
];

/// Stands for a formula whose value no spreadsheet has stored: a program wrote the workbook, and nobody opened it.
pub const NOT_CALCULATED: &str = "#FORMULA!";

/// Why a cell says nothing any more, if that is so: the reason of `value_spoiled`.
pub fn corrupted(cell: &str) -> Option<&'static str> {
    if cell.starts_with('#') && SPREADSHEET_ERRORS.contains(&cell) {
        return Some("formula");
    }
    if cell == NOT_CALCULATED {
        return Some("formula_not_calculated");
    }
    (!cell.is_ascii() && cell.contains(char::REPLACEMENT_CHARACTER)).then_some("unreadable_characters")
}
