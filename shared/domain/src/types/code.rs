//! The codes: the public names of findings, on which scripts rely.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// The subject of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole file: it is refused.
    File,
    /// One row: it is rejected.
    Row,
    /// A warning: nothing is refused.
    Warning,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused or the row rejected.
    Error,
    /// The row is accepted, and the result files show the finding.
    Warning,
}

macro_rules! codes {
    ($($scope:ident $variant:ident $name:literal $doc:literal)*) => {
        /// The kind of a finding. The variants are in the order of their strings, which is also the order of `Ord`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $doc] $variant,)*
        }

        impl Code {
            /// Every code, sorted by its string.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the public name, as in result files.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Returns the subject of the code.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$variant => Scope::$scope,)* }
            }
        }
    };
}

codes! {
    Row AccountAmbiguous "account_ambiguous" "Several accounts match and the profile does not choose."
    Warning AccountSeveral "account_several" "Several accounts matched; one was chosen (IMP-15)."
    Warning AccountUnknown "account_unknown" "No account has the id that the row gives; the other rules were used."
    Row AgentUnknown "agent_unknown" "The agent's login is not registered (DIG-8)."
    Warning AlreadyActive "already_active" "A cadence is in progress for this contact (CAD-15)."
    File ApprovalUnknown "approval_unknown" "There is no dry run of this id whose working files are still there."
    File ArchiveUnsafe "archive_unsafe" "A workbook's archive unpacks to more than is safe."
    Row BytesInvalid "bytes_invalid" "The row holds bytes that its encoding does not know."
    Warning CandidatesTooMany "candidates_too_many" "A match key has too many candidates and matches nothing."
    Row ChangedSinceApproval "changed_since_approval" "The answer of the row is not the one that was approved."
    File ColumnMissing "column_missing" "A mandatory field has no column (CAD-10)."
    File ColumnRepeated "column_repeated" "Two columns claim one field."
    Warning ColumnsUnmapped "columns_unmapped" "Columns hold data and were not imported."
    Warning CompanySeveral "company_several" "A company's name has several ids; the lowest was taken (CAD-2)."
    Row CompanyUnknown "company_unknown" "The company is not registered."
    Warning ContactExists "contact_exists" "The contact exists and was left as it is (mode create)."
    Row ContactUnknown "contact_unknown" "The contact does not exist (mode update)."
    Row DateInvalid "date_invalid" "A cell is not a date."
    Warning DateOrderAssumed "date_order_assumed" "Day and month of a column could be read either way (DIG-14)."
    File DelimiterNotAllowed "delimiter_not_allowed" "The profile does not take this delimiter (DIG-3)."
    Row DuplicateInFile "duplicate_in_file" "The row repeats an earlier one."
    Row EmailInvalid "email_invalid" "A cell is not an e-mail address."
    Warning EmailTypoSuspected "email_typo_suspected" "An address looks mistyped."
    Warning EncodingAssumed "encoding_assumed" "The encoding is likely and not certain."
    File EncodingInvalid "encoding_invalid" "The file is not in the encoding that was said or found."
    File EncodingUncertain "encoding_uncertain" "No encoding is likely: the sender has to say it."
    Warning ExampleSkipped "example_skipped" "The example row of a template was left in the file and was skipped."
    File FileEmpty "file_empty" "The file holds nothing."
    File FileTooLarge "file_too_large" "The file is larger than the limit."
    File FormatUnsupported "format_unsupported" "The file is neither delimited text nor a workbook that is read."
    Row GroupMany "group_many" "A cell names several groups (IMP-21)."
    Row GroupUnknown "group_unknown" "The group does not exist (IMP-24)."
    Warning HeaderRepeated "header_repeated" "The header occurs again as a row and was skipped."
    File HeaderTooLong "header_too_long" "A header is longer than the limit."
    File NoRows "no_rows" "The file has a header and no data."
    Row NotStored "not_stored" "The record could not be stored."
    Row NumberInvalid "number_invalid" "A cell is not a number."
    Row OneOfMissing "one_of_missing" "None of several fields is filled in, and one is needed (SAG-6)."
    File OptionsInvalid "options_invalid" "An option of the drop cannot be followed."
    Row OwnerAmbiguous "owner_ambiguous" "Several owners bear this name (CAD-1)."
    Warning OwnerSeveral "owner_several" "Several owners bear this name; the first was taken (CAD-2)."
    Row OwnerUnknown "owner_unknown" "The owner is not registered (CAD-11)."
    Warning PhoneCountryAssumed "phone_country_assumed" "A phone had no country; the program's region was taken (SAG-7)."
    Row PhoneInvalid "phone_invalid" "A cell is not a phone number."
    Warning PhoneLegacyForm "phone_legacy_form" "A phone was written in a form out of use and was converted (SAG-9)."
    File ProfileUnknown "profile_unknown" "No profile has this name."
    File ProgramUnknown "program_unknown" "No program has this name."
    File QuotaExceeded "quota_exceeded" "The program has used up its dry runs of the day."
    File QuoteUnclosed "quote_unclosed" "A quoted cell is never closed."
    Warning QuotesIrregular "quotes_irregular" "Quotes follow no rule; the cells around them may be wrong."
    File RemovalChanged "removal_changed" "An approved import would remove other contacts than its dry run showed."
    Row RequiredMissing "required_missing" "A mandatory cell is empty."
    Row RowRagged "row_ragged" "The row has more or fewer cells than the header."
    Row RowTooLarge "row_too_large" "The row is larger than the limit."
    Warning RowsNotChosen "rows_not_chosen" "The option rows chooses no row of the file."
    Warning RowsRemoved "rows_removed" "A replacing import removes contacts, or in a dry run would remove them."
    File SettingsInvalid "settings_invalid" "The program's settings or the profile cannot be followed."
    File SheetMissing "sheet_missing" "The workbook has no such sheet."
    Row Suppressed "suppressed" "The address or phone must not be contacted."
    Warning TagIgnored "tag_ignored" "A tag was empty or repeated."
    Row TagUnknown "tag_unknown" "The tag does not exist (SAG-11)."
    File TooManyColumns "too_many_columns" "The file has more columns than the limit."
    File TooManyRejected "too_many_rejected" "More rows were rejected than the sender allows."
    File TooManyRemoved "too_many_removed" "A replacing import would remove more contacts than the sender allows."
    File TooManyRows "too_many_rows" "The file has more rows than the limit."
    File UndoImpossible "undo_impossible" "The import cannot be undone."
    Row UrlInvalid "url_invalid" "A cell is not a web address."
    Warning ValueDropped "value_dropped" "A value was left out."
    Warning ValueEmptyWord "value_empty_word" "A word that means nothing, such as N/A, was read as empty."
    Warning ValueRepaired "value_repaired" "A value was mended."
    Warning ValueSeveral "value_several" "A cell holds several values where one fits; the first valid one was taken."
    Row ValueSpoiled "value_spoiled" "A spreadsheet or a wrong encoding has destroyed the value."
    Row ValueTooLong "value_too_long" "A cell is longer than the limit."
    Warning ValueTrimmed "value_trimmed" "Blanks around a value were taken off."
    Row ValueUnknown "value_unknown" "A cell is none of the values allowed."
    Row WindowInvalid "window_invalid" "A cell is not a window of time."
    File WorkbookInvalid "workbook_invalid" "The workbook cannot be read."
    File WorkbookProtected "workbook_protected" "The file, a workbook or a packed one, is protected by a password."
}

impl Code {
    /// Returns the severity of a finding with this code.
    pub const fn severity(self) -> Severity {
        match self.scope() {
            Scope::File | Scope::Row => Severity::Error,
            Scope::Warning => Severity::Warning,
        }
    }
}

impl Severity {
    /// Returns the word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = CodeUnknown;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let place = Self::ALL.binary_search_by(|code| code.as_str().cmp(name));
        place.map(|place| Self::ALL[place]).map_err(|_| CodeUnknown(name.to_owned()))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Code {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Code".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<&str> = Self::ALL.iter().map(|code| code.as_str()).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}

/// An unknown code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a code: {0}")]
pub struct CodeUnknown(pub String);

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists of the contract, copied.
    const FILE: &str = "file_empty no_rows column_missing column_repeated format_unsupported delimiter_not_allowed \
        encoding_invalid file_too_large too_many_rows too_many_columns quote_unclosed sheet_missing \
        workbook_protected workbook_invalid archive_unsafe program_unknown profile_unknown settings_invalid \
        options_invalid encoding_uncertain header_too_long too_many_rejected too_many_removed approval_unknown \
        undo_impossible";
    const ROW: &str = "row_too_large required_missing one_of_missing row_ragged email_invalid phone_invalid \
        url_invalid date_invalid window_invalid number_invalid value_unknown value_too_long value_spoiled \
        group_unknown group_many tag_unknown agent_unknown owner_unknown owner_ambiguous company_unknown \
        account_ambiguous duplicate_in_file bytes_invalid not_stored contact_unknown changed_since_approval suppressed";
    const WARNING: &str = "phone_country_assumed phone_legacy_form value_trimmed value_repaired value_dropped \
        account_several company_several owner_several candidates_too_many tag_ignored already_active \
        date_order_assumed email_typo_suspected encoding_assumed quotes_irregular columns_unmapped header_repeated \
        rows_removed value_several value_empty_word contact_exists";
    /// Codes that the contract does not list.
    const OWN_FILE: &str = "quota_exceeded removal_changed";
    const OWN_WARNING: &str = "account_unknown example_skipped rows_not_chosen";

    fn names(scope: Scope) -> Vec<&'static str> {
        Code::ALL.iter().filter(|code| code.scope() == scope).map(|code| code.as_str()).collect()
    }

    #[test]
    fn the_codes_are_the_contracts() {
        for (scope, list) in [(Scope::File, FILE), (Scope::Row, ROW), (Scope::Warning, WARNING)] {
            let own = match scope {
                Scope::File => OWN_FILE,
                Scope::Row => "",
                Scope::Warning => OWN_WARNING,
            };
            let mut expected: Vec<_> = list.split_whitespace().chain(own.split_whitespace()).collect();
            expected.sort_unstable();
            assert_eq!(names(scope), expected, "{scope:?}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_strings() {
        assert!(Code::ALL.is_sorted_by_key(|code| code.as_str()));
        assert!(Code::ALL.is_sorted());
    }

    #[test]
    fn every_code_reads_back() {
        for &code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(code));
            let json = serde_json::to_string(&code).unwrap();
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), code);
        }
        assert!("no_such_code".parse::<Code>().is_err());
    }
}
