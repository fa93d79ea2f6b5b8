//! The request of an import: its program's settings, its profile and its options at the time when it is split.

use std::sync::Arc;

use jiff::Timestamp;
use rollcall_domain::plan::mapping::Mapping;
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::{Drop, DropTarget};
use rollcall_domain::plan::saved_mapping;
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::profile::toml_table;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::kind::UnknownKind;
use rollcall_domain::types::names::{ImportId, NameError, ProgramName};

use crate::fault::Fault;
use crate::ports::{Answer, ImportItem, ObjectVersion, Objects};
use crate::sidecar;

/// The prefix of the stored profile name of an import that approves a dry run.
pub(crate) const APPROVE: &str = "approve/";

/// How the profile of an import is noted that undoes another one.
pub(crate) const UNDO: &str = "undo/";

/// The drop that started an import.
pub(crate) fn drop_of(item: &ImportItem) -> Answer<Drop> {
    let noted = |error: String| Fault::damaged("reading an import", error);
    if let Some(dry_run) = item.profile.strip_prefix(APPROVE) {
        let dry_run = ImportId::parse(dry_run).map_err(|error| noted(error.to_string()))?;
        let (program, file) = (item.program.clone(), dry_run.to_string());
        return Ok(Drop { program, what: DropTarget::Approve(dry_run), file, dry_run: false });
    }
    if let Some(undone) = item.profile.strip_prefix(UNDO) {
        let undone = ImportId::parse(undone).map_err(|error| noted(error.to_string()))?;
        let (program, file) = (item.program.clone(), undone.to_string());
        return Ok(Drop { program, what: DropTarget::Undo(undone), file, dry_run: item.dry_run });
    }
    let what = match item.profile.strip_prefix("directory/") {
        Some(kind) => {
            DropTarget::Directory(kind.parse().map_err(|error: UnknownKind| noted(error.to_string()))?)
        }
        None => {
            DropTarget::Profile(item.profile.parse().map_err(|error: NameError| noted(error.to_string()))?)
        }
    };
    let file = item.object.key.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Drop { program: item.program.clone(), what, file, dry_run: item.dry_run })
}

/// The stored state of a new import. Its id is derived, so the same drop is always the same import.
pub fn new_item(
    bucket: &str,
    drop: &Drop,
    object: ObjectVersion,
    options: Vec<(String, String)>,
    started_at: Timestamp,
) -> ImportItem {
    let profile = match &drop.what {
        DropTarget::Profile(name) => name.to_string(),
        DropTarget::Directory(kind) => format!("directory/{kind}"),
        DropTarget::Approve(dry_run) => format!("{APPROVE}{dry_run}"),
        DropTarget::Undo(undone) => format!("{UNDO}{undone}"),
    };
    ImportItem {
        import_id: ImportId::derive(bucket, &object.key, &object.version, object.modified),
        program: drop.program.clone(),
        profile,
        dry_run: drop.dry_run,
        object,
        options,
        started_at,
        lane: None,
        chunks: None,
        status: None,
    }
}

/// The request of a drop: the current program, profile and options.
pub(crate) struct ImportRequest {
    pub(crate) settings: Settings,
    pub(crate) profile: Option<Arc<Profile>>,
    pub(crate) options: Options,
    pub(crate) errors: Vec<Finding>,
    /// The program's options for every drop, unparsed.
    defaults: Vec<(String, String)>,
    /// The options of this drop, unparsed.
    given: Vec<(String, String)>,
    /// The folder of the mappings that are saved for the program and the profile.
    saved_in: (ProgramName, String),
}

impl ImportRequest {
    /// The request of an import; no later import uses its sidecar.
    pub(crate) async fn read(objects: &impl Objects, item: &ImportItem, drop: &Drop) -> Answer<Self> {
        let sidecar = sidecar::read(objects, item).await?;
        Self::with_sidecar(objects, item, drop, sidecar).await
    }

    /// The request of a preview, which claims no sidecar.
    pub(crate) async fn peek(objects: &impl Objects, item: &ImportItem, drop: &Drop) -> Answer<Self> {
        let sidecar = sidecar::peek(objects, item).await?;
        Self::with_sidecar(objects, item, drop, sidecar).await
    }

    async fn with_sidecar(
        objects: &impl Objects,
        item: &ImportItem,
        drop: &Drop,
        sidecar: Option<Vec<u8>>,
    ) -> Answer<Self> {
        let mut asked = Self {
            settings: Settings::default(),
            profile: None,
            options: Options::default(),
            errors: Vec::new(),
            defaults: Vec::new(),
            given: Vec::new(),
            saved_in: (item.program.clone(), item.profile.clone()),
        };
        if let Err(finding) = asked.fill(objects, item, drop, sidecar).await? {
            asked.errors.push(finding);
        }
        asked.options.dry_run |= drop.dry_run;
        Ok(asked)
    }

    async fn fill(
        &mut self,
        objects: &impl Objects,
        item: &ImportItem,
        drop: &Drop,
        sidecar: Option<Vec<u8>>,
    ) -> Answer<Result<(), Finding>> {
        if !drop.program.is_marketplace() {
            let Some(text) = read_text(objects, &object_keys::settings(&drop.program)).await? else {
                return Ok(Err(Finding::new(Code::ProgramUnknown).value(drop.program.as_str())));
            };
            match text.and_then(|text| Settings::parse(&text)) {
                Ok(settings) => self.settings = settings,
                Err(detail) => {
                    return Ok(Err(settings_invalid(&object_keys::settings(&drop.program), detail)));
                }
            }
        }
        let profile = match read_profile(objects, &drop.what).await? {
            Ok(profile) => profile,
            Err(finding) => return Ok(Err(finding)),
        };
        let sidecar = sidecar.map(utf8);
        let sidecar = sidecar.map(|text| text.and_then(|text| toml_table::read_table(&text))).transpose();
        let read = sidecar.map_err(|detail| (String::new(), detail)).and_then(|sidecar| {
            let defaults =
                if profile.directory.is_some() { Vec::new() } else { self.settings.default_options() };
            let given: Vec<_> = sidecar.unwrap_or_default().into_iter().chain(item.options.clone()).collect();
            let options = Options::read_over(&defaults, &given).map_err(|error| (error.name, error.what))?;
            (self.defaults, self.given) = (defaults, given);
            options.check(&profile).map_err(|error| (error.name, error.what))?;
            self.settings.check_notify(&options.notify).map_err(|what| ("notify".to_owned(), what))?;
            Ok(options)
        });
        self.profile = Some(profile);
        Ok(read.map(|options| self.options = options).map_err(|(option, detail)| {
            let finding = Finding::new(Code::OptionsInvalid).arg("detail", detail);
            if option.is_empty() { finding } else { finding.arg("option", option) }
        }))
    }
}

/// Options that belong to the header of a file.
pub(crate) struct FoundOptions {
    pub(crate) options: Options,
    /// A mapping was saved for the header.
    pub(crate) saved: bool,
}

impl ImportRequest {
    /// The options including those saved for the header of the file, or carried by a result file; `None` if there are
    /// none. Later ones take precedence: the program's, the saved ones, those carried, those of the drop.
    pub(crate) async fn options_of_header(
        &self,
        objects: &impl Objects,
        mapping: &Mapping,
    ) -> Answer<Result<Option<FoundOptions>, Finding>> {
        let Some(profile) = &self.profile else { return Ok(Ok(None)) };
        let (program, profile_name) = &self.saved_in;
        let carried = saved_mapping::carried_options(mapping);
        let fingerprint = saved_mapping::fingerprint(mapping);
        let key = object_keys::saved_mapping(program, profile_name, &fingerprint);
        let saved = if mapping.has_header { read_text(objects, &key).await? } else { None };
        if saved.is_none() && carried.is_empty() {
            return Ok(Ok(None));
        }
        let is_saved = saved.is_some();
        let saved = saved.map(|text| text.and_then(|text| read_saved(&text, profile))).transpose();
        Ok(saved.map_err(|detail| invalid(&key, &detail)).and_then(|saved| {
            saved_mapping::check_carried(&carried).map_err(|error| invalid(&error.name, &error.what))?;
            let saved = saved.unwrap_or_default();
            let usual: Vec<_> = self.defaults.iter().cloned().chain(saved).chain(carried).collect();
            let read = Options::read_over(&usual, &self.given).and_then(|options| {
                options.check(profile)?;
                Ok(options)
            });
            let mut options = read.map_err(|error| invalid(&error.name, &error.what))?;
            // Whoever saved a mapping, or made a result file, may write to nobody else than who drops a file.
            self.settings.check_notify(&options.notify).map_err(|what| invalid("notify", &what))?;
            options.dry_run |= self.options.dry_run;
            Ok(Some(FoundOptions { options, saved: is_saved }))
        }))
    }
}

/// The options of a saved mapping, as far as the profile allows them.
fn read_saved(text: &str, profile: &Profile) -> Result<Vec<(String, String)>, String> {
    let pairs = toml_table::read_table(text)?;
    let options = Options::read(&pairs).map_err(|error| error.to_string())?;
    options.check(profile).map_err(|error| error.to_string())?;
    saved_mapping::check_saved(&pairs).map_err(|error| error.to_string())?;
    Ok(pairs)
}

fn invalid(option: &str, detail: &str) -> Finding {
    Finding::new(Code::OptionsInvalid).arg("option", option).arg("detail", detail)
}

fn settings_invalid(key: &str, detail: String) -> Finding {
    Finding::new(Code::SettingsInvalid).arg("detail", format!("{key}: {detail}"))
}

async fn read_text(objects: &impl Objects, key: &str) -> Answer<Option<Result<String, String>>> {
    let bytes = objects.get(key).await?;
    Ok(bytes.map(utf8))
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

/// A custom profile takes precedence over a built-in one of the same name.
pub(crate) async fn read_profile(
    objects: &impl Objects,
    what: &DropTarget,
) -> Answer<Result<Arc<Profile>, Finding>> {
    let name = match what {
        DropTarget::Directory(kind) => return Ok(Ok(Profile::of_directory(*kind))),
        DropTarget::Profile(name) => name,
        DropTarget::Approve(dry_run) => {
            return Ok(Err(Finding::new(Code::ApprovalUnknown).value(dry_run.as_str())));
        }
        DropTarget::Undo(undone) => {
            return Ok(Err(Finding::new(Code::UndoImpossible).value(undone.as_str())));
        }
    };
    let key = object_keys::profile(name);
    let Some(text) = read_text(objects, &key).await? else {
        let unknown = || Finding::new(Code::ProfileUnknown).value(name.as_str());
        return Ok(Profile::built_in(name.as_str()).ok_or_else(unknown));
    };
    let parsed = text.and_then(|text| Profile::parse(&text).map_err(|error| error.to_string()));
    Ok(match parsed {
        Ok(profile) if profile.name == *name => Ok(profile),
        Ok(profile) => {
            Err(settings_invalid(&key, format!("the profile names itself {:?}", profile.name.as_str())))
        }
        Err(detail) => Err(settings_invalid(&key, detail)),
    })
}
