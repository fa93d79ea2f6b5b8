//! How the file is read, and what its rows mean.

use super::View;

/// How the file is read and what its rows mean.
pub(super) struct FileView {
    pub(super) open: bool,
    pub(super) is_text: bool,
    pub(super) delimiter: Option<String>,
    pub(super) delimiters: Vec<Choice>,
    pub(super) encoding: String,
    pub(super) set_encoding: String,
    pub(super) sheet: String,
    pub(super) set_sheet: String,
    pub(super) modes: Vec<Choice>,
    pub(super) switches: Vec<Switch>,
}

pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

pub(super) struct Switch {
    pub(super) name: &'static str,
    pub(super) value: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl View<'_> {
    pub(super) fn file(&self) -> FileView {
        let preview = self.preview();
        let set = |name: &str| self.chosen.set.get(name).cloned().unwrap_or_default();
        let sign = |sign: &str| if sign == "\t" { self.f.w.tab.clone() } else { sign.to_owned() };
        FileView {
            open: self.chosen.set.values().any(|value| !value.is_empty() && value != "upsert"),
            is_text: preview.sheet.is_none(),
            delimiter: preview.delimiter.as_deref().map(sign),
            delimiters: self.delimiters(),
            encoding: preview.encoding.clone().unwrap_or_default(),
            set_encoding: set("encoding"),
            sheet: preview.sheet.clone().unwrap_or_default(),
            set_sheet: set("sheet"),
            modes: self.modes(),
            switches: self.switches(),
        }
    }

    fn delimiters(&self) -> Vec<Choice> {
        let set = self.chosen.set.get("delimiter").map_or("", String::as_str);
        let choice = |value: &'static str| Choice {
            value,
            label: if value == "tab" { self.f.w.tab.clone() } else { value.to_owned() },
            chosen: set == value,
        };
        [",", ";", "|", "^", "tab"].map(choice).into()
    }

    fn modes(&self) -> Vec<Choice> {
        let set = self.chosen.set.get("mode").map_or("upsert", String::as_str);
        let w = self.f.w;
        let choice = |(value, label): (&'static str, &String)| Choice {
            value,
            label: label.clone(),
            chosen: set == value,
        };
        [("upsert", &w.mode_upsert), ("create", &w.mode_create), ("update", &w.mode_update)]
            .map(choice)
            .into()
    }

    fn switches(&self) -> Vec<Switch> {
        let switch = |name: &'static str, value: &'static str, label: &String| Switch {
            name,
            value,
            label: label.clone(),
            chosen: self.chosen.set.get(name).is_some_and(|set| set == value),
        };
        let w = self.f.w;
        let mut switches = vec![switch("invalid_optional", "drop", &w.drop_invalid)];
        if self.profile.repeat.allowable {
            switches.push(switch("allow_duplicates", "true", &w.allow_duplicates));
        }
        if self.profile.offers_replace() {
            switches.push(switch("replace", "true", &w.replace));
        }
        switches
    }
}
