//! The request of an import: its program's settings, its profile and its options, as they are when it is split.

use jiff::Timestamp;
use rollcall_domain::plan::object_keys;
use rollcall_domain::plan::object_keys::{Drop, DropTarget};
use rollcall_domain::profile::compiled::Profile;
use rollcall_domain::profile::options::Options;
use rollcall_domain::profile::settings::Settings;
use rollcall_domain::profile::toml_table;
use rollcall_domain::types::code::Code;
use rollcall_domain::types::finding::Finding;
use rollcall_domain::types::kind::UnknownKind;
use rollcall_domain::types::names::{ImportId, NameError};

use crate::fault::Fault;
use crate::ports::{Answer, ImportItem, ObjectVersion, Objects};

/// How the profile of an import is noted that approves a dry run.
pub(crate) const APPROVE: &str = "approve/";

/// The drop that started an import.
pub(crate) fn drop_of(item: &ImportItem) -> Answer<Drop> {
    let noted = |error: String| Fault::damaged("reading an import", error);
    if let Some(dry_run) = item.profile.strip_prefix(APPROVE) {
        let dry_run = ImportId::parse(dry_run).map_err(|error| noted(error.to_string()))?;
        let (program, file) = (item.program.clone(), dry_run.to_string());
        return Ok(Drop { program, what: DropTarget::Approve(dry_run), file, dry_run: false });
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

/// The stored state of a new import. Its id is derived, so that the same drop is the same import.
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
    };
    ImportItem {
        import_id: ImportId::derive(bucket, &object.key, &object.version, object.modified),
        program: drop.program.clone(),
        profile,
        dry_run: drop.dry_run,
        object,
        options,
        started_at,
        chunks: None,
        status: None,
    }
}

/// What a drop asks for: program, profile and options as they are now.
pub(crate) struct ImportRequest {
    pub(crate) settings: Settings,
    pub(crate) profile: Option<Profile>,
    pub(crate) options: Options,
    pub(crate) errors: Vec<Finding>,
}

impl ImportRequest {
    pub(crate) async fn read(objects: &impl Objects, item: &ImportItem, drop: &Drop) -> Answer<Self> {
        let mut asked = Self {
            settings: Settings::default(),
            profile: None,
            options: Options::default(),
            errors: Vec::new(),
        };
        if let Err(finding) = asked.fill(objects, item, drop).await? {
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
        let sidecar = read_text(objects, &object_keys::sidecar(&item.object.key)).await?;
        let sidecar = sidecar.map(|text| text.and_then(|text| toml_table::read_table(&text))).transpose();
        let read = sidecar.map_err(|detail| (String::new(), detail)).and_then(|sidecar| {
            let defaults =
                if profile.directory.is_some() { Vec::new() } else { self.settings.default_options() };
            let given: Vec<_> = sidecar.unwrap_or_default().into_iter().chain(item.options.clone()).collect();
            let options = Options::read_over(&defaults, &given).map_err(|error| (error.name, error.what))?;
            options.check(&profile).map_err(|error| (error.name, error.what))?;
            Ok(options)
        });
        self.profile = Some(profile);
        Ok(read.map(|options| self.options = options).map_err(|(option, detail)| {
            let finding = Finding::new(Code::OptionsInvalid).arg("detail", detail);
            if option.is_empty() { finding } else { finding.arg("option", option) }
        }))
    }
}

fn settings_invalid(key: &str, detail: String) -> Finding {
    Finding::new(Code::SettingsInvalid).arg("detail", format!("{key}: {detail}"))
}

async fn read_text(objects: &impl Objects, key: &str) -> Answer<Option<Result<String, String>>> {
    let bytes = objects.get(key).await?;
    Ok(bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())))
}

/// A custom profile takes precedence over a built-in one of the same name.
pub(crate) async fn read_profile(
    objects: &impl Objects,
    what: &DropTarget,
) -> Answer<Result<Profile, Finding>> {
    let name = match what {
        DropTarget::Directory(kind) => return Ok(Ok(Profile::of_directory(*kind))),
        DropTarget::Profile(name) => name,
        DropTarget::Approve(dry_run) => {
            return Ok(Err(Finding::new(Code::ApprovalUnknown).value(dry_run.as_str())));
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
