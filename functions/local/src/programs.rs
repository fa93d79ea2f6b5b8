//! The programs of a home: their names and settings.

use pollster::block_on;
use rollcall_domain::plan::object_keys;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::types::names::ProgramName;
use rollcall_embedded::home::Home;
use rollcall_pipeline::ports::Objects;

use crate::answer::Failure;

/// A program of a home.
///
/// # Errors
/// Where there is none of this name.
pub fn program_of(home: &Home, name: &str) -> Result<ProgramName, Failure> {
    let program = ProgramName::parse(name).map_err(|error| Failure::said(error.to_string()))?;
    let settings = object_keys::settings(&program);
    if !home.bucket().root().join(&settings).is_file() {
        let words = format!("no such program: {program}; `rollcall program set {program}` creates it");
        return Err(Failure::said(words));
    }
    Ok(program)
}

/// The settings of a program; `None` where there is no such program.
///
/// # Errors
/// Where they are not valid.
pub fn settings_of(home: &Home, program: &ProgramName) -> Result<Option<Settings>, Failure> {
    let key = object_keys::settings(program);
    let Some(bytes) = block_on(home.bucket().get(&key))? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned());
    let settings = text.and_then(|text| Settings::parse(&text)).map_err(|what| {
        let file = home.bucket().root().join(&key);
        Failure::said(format!("{}: {what}; mend the file, or remove it to begin anew", file.display()))
    })?;
    Ok(Some(settings))
}
