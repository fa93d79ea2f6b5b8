//! A folder with a home in it, and the commands that are run there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a home in it.
pub struct Place(TempDir);

/// The output of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Expects one line on standard error that contains these words.
    pub fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.err.lines().count(), 1, "{self:?}");
        for word in words {
            assert!(self.err.contains(word), "{word:?} is missing: {self:?}");
        }
    }
}

impl Place {
    /// A home with the program `acme` and its group `Gold`.
    pub fn new() -> Self {
        let place = Self::empty();
        place.ok(&["program", "set", "acme", "--region", "BR", "--notify", "ops@acme.example"]);
        let groups =
            place.file("groups.csv", "name,workflow,accept,invite\nGold,welcome,on_sign_up,marketplace\n");
        place.ok(&["directory", "load", "groups", &groups, "--program", "acme"]);
        place
    }

    pub fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rollcall"));
        command.current_dir(self.path()).env_remove("ROLLCALL_HOME").stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        told(self.command().args(arguments).output().unwrap())
    }

    pub fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran
    }

    pub fn import(&self, file: &str) -> Ran {
        self.import_with(file, &[])
    }

    pub fn import_with(&self, file: &str, more: &[&str]) -> Ran {
        let import = ["import", file, "--program", "acme", "--profile", "prospects", "--json"];
        self.run(&[&import, more].concat())
    }

    pub fn preview(&self, file: &str) -> Ran {
        self.preview_with(file, &[])
    }

    pub fn preview_with(&self, file: &str, more: &[&str]) -> Ran {
        let preview = ["preview", file, "--program", "acme", "--profile", "prospects", "--json"];
        self.run(&[&preview, more].concat())
    }

    pub fn contacts(&self) -> Vec<Value> {
        let ran = self.ok(&["contacts", "list", "--program", "acme", "--json"]);
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Every file below the folder with its content.
    pub fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, files)
                } else {
                    files.push((path.clone(), fs::read(&path).unwrap()))
                }
            }
        }
        let mut files = Vec::new();
        walk(self.path(), &mut files);
        files.sort();
        files
    }
}

pub fn told(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
