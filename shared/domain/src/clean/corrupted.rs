//! Finds values that were lost before the file was sent: through a failed formula or a wrong encoding.

/// The error values that failed formulas leave in their cells: in English in a workbook, in the sender's language in
/// a file that was saved from one.
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

/// The value of a formula without a cached result: a program wrote the workbook, and no spreadsheet has calculated it
/// yet.
pub const NOT_CALCULATED: &str = "#FORMULA!";

/// Returns the reason of `value_spoiled` if the cell's value is lost.
pub fn corrupted(cell: &str) -> Option<&'static str> {
    if cell.starts_with('#') && SPREADSHEET_ERRORS.contains(&cell) {
        return Some("formula");
    }
    if cell == NOT_CALCULATED {
        return Some("formula_not_calculated");
    }
    (!cell.is_ascii() && cell.contains(char::REPLACEMENT_CHARACTER)).then_some("unreadable_characters")
}
