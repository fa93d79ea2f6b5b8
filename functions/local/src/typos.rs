//! Names in the arguments of an import, checked before anything is written: program, profile, options and fields.

use std::fs;
use std::path::Path;

use rollcall_domain::plan::object_keys::{self, Drop, DropTarget};
use rollcall_domain::profile::built_in::BUILT_IN;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::types::code::Code;

use rollcall_domain::types::names::ProfileName;

use crate::answer::Failure;
use crate::drop::StartError;

/// The options of a drop; besides them there are `map.<header>`, `value.<field>.<from>` and
/// `cell.<row>.<field>`.
const OPTIONS: [&str; 19] = [
    "dry_run",
    "delimiter",
    "encoding",
    "sheet",
    "first_line",
    "columns",
    "replace",
    "allow_duplicates",
    "validate_agent",
    "ambiguous",
    "rows",
    "invalid_optional",
    "notify",
    "mode",
    "blank",
    "clear_word",
    "keep_fields",
    "max_rejected",
    "max_removed",
];

/// Checks the names of a requested import.
///
/// # Errors
/// The first unknown name, with the nearest known one.
pub fn check(home: &Path, drop: &Drop, given: &[(String, String)]) -> Result<(), StartError> {
    check_options(given)?;
    if !may_be_home(home) {
        // Opening the home reports the problem.
        return Ok(());
    }
    let bucket = home.join("bucket");
    check_program(&bucket, drop)?;
    let DropTarget::Profile(name) = &drop.what else { return Ok(()) };
    let own = fs::read_to_string(bucket.join(object_keys::profile(name)));
    let profile = match own {
        // The import reports the errors of an invalid profile.
        Ok(text) => Profile::parse(&text).ok(),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => None,
        Err(_) => Some(Profile::built_in(name.as_str()).ok_or_else(|| no_profile(&bucket, name.as_str()))?),
    };
    profile.map_or(Ok(()), |profile| check_fields(&profile, given))
}

/// Whether a home exists here or could be created here.
fn may_be_home(home: &Path) -> bool {
    let is_empty = || fs::read_dir(home).is_ok_and(|mut entries| entries.next().is_none());
    fs::symlink_metadata(home).is_err() || home.join("bucket").is_dir() || is_empty()
}

fn check_options(given: &[(String, String)]) -> Result<(), StartError> {
    for (name, _) in given {
        let plain = name.replace('-', "_");
        let has_prefix = ["map.", "value.", "cell."].iter().any(|prefix| name.starts_with(prefix));
        if !has_prefix && !OPTIONS.contains(&plain.as_str()) {
            let known = OPTIONS.map(str::to_owned);
            return Err(unknown(Code::OptionsInvalid, "option", name, &known));
        }
    }
    Ok(())
}

fn check_program(bucket: &Path, drop: &Drop) -> Result<(), StartError> {
    let program = &drop.program;
    if program.is_marketplace() || bucket.join(object_keys::settings(program)).exists() {
        return Ok(());
    }
    Err(unknown(Code::ProgramUnknown, "program", program.as_str(), &tables(&bucket.join("settings"))))
}

/// Checks the name of a profile.
///
/// # Errors
/// Where it is not known, with the nearest one that is.
pub fn check_profile(bucket: &Path, name: &str) -> Result<(), Failure> {
    let custom = ProfileName::parse(name).map(|name| bucket.join(object_keys::profile(&name)));
    if custom.is_ok_and(|file| file.is_file()) || Profile::built_in(name).is_some() {
        return Ok(());
    }
    Err(no_profile(bucket, name).failure)
}

fn no_profile(bucket: &Path, name: &str) -> StartError {
    let mut known = tables(&bucket.join("settings/profiles"));
    known.extend(BUILT_IN.iter().map(|(name, _)| (*name).to_owned()));
    unknown(Code::ProfileUnknown, "profile", name, &known)
}

fn check_fields(profile: &Profile, given: &[(String, String)]) -> Result<(), StartError> {
    let known: Vec<String> = profile.fields.iter().map(|field| field.name.to_string()).collect();
    for (option, value) in given {
        let fields: Vec<&str> = match option.as_str() {
            "columns" => value.split(',').collect(),
            option if option.starts_with("map.") => vec![value],
            _ => continue,
        };
        // An empty name leaves a column out.
        let mut named = fields.into_iter().map(str::trim).filter(|field| !field.is_empty());
        if let Some(field) = named.find(|field| profile.field(field).is_none()) {
            let what = format!("option {option}: field");
            return Err(unknown(Code::OptionsInvalid, &what, field, &known));
        }
    }
    Ok(())
}

/// The names of the TOML files in a folder.
fn tables(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let toml = files.filter(|file| file.extension().is_some_and(|ending| ending == "toml"));
    let mut names: Vec<String> =
        toml.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

/// Names with a lower similarity are not typos of each other.
const ALIKE: f64 = 0.75;

fn unknown(code: Code, what: &str, name: &str, known: &[String]) -> StartError {
    let alike = known.iter().map(|known| (strsim::jaro_winkler(name, known), known));
    let nearest = alike.max_by(|one, other| one.0.total_cmp(&other.0)).filter(|(alike, _)| *alike >= ALIKE);
    let hint = match (nearest, known) {
        (Some((_, nearest)), _) => format!("did you mean {nearest}?"),
        (None, []) => "`rollcall program set` makes one".to_owned(),
        (None, known) => format!("known: {}", known.join(", ")),
    };
    StartError::refused(code, format!("{what} {name:?} is not known; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_domain::profile::options::Options;

    #[test]
    fn the_options_are_those_of_the_domain() {
        let error = Options::read(&[("nothing".to_owned(), String::new())]).map_err(|error| error.what);
        let what = error.err().unwrap_or_default();
        let listed = what.rsplit("one of ").next().unwrap_or_default();
        let mut listed: Vec<&str> = listed.split(", ").filter(|name| !name.contains('<')).collect();
        let mut here = OPTIONS.to_vec();
        listed.sort_unstable();
        here.sort_unstable();
        assert_eq!(here, listed);
    }
}
