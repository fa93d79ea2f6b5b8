//! The server as a process, and a client that sends exactly the bytes that a test wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A home and the server on it.
pub struct Server {
    folder: TempDir,
    pub home: PathBuf,
    child: Child,
    pub address: String,
    pub token: String,
    pub cookie: String,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?} {}", self.text()))
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub fn rollcall(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rollcall")).arg("--home").arg(home).args(arguments).output().unwrap()
}

impl Server {
    /// A server on a home with the programs `acme` and `other`.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(&[], arguments)
    }

    /// The same in an environment.
    pub fn start_in(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("home");
        for program in ["acme", "other"] {
            let set = ["program", "set", program, "--title", program, "--region", "BR"];
            assert!(rollcall(&home, &set).status.success());
        }
        Self::on(folder, home, environment, arguments)
    }

    /// Ends it as a crash does, and starts another one on the same home.
    pub fn kill_and_start_again(&mut self, environment: &[(&str, &str)]) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        *self = Self::on(folder, self.home.clone(), environment, &[]);
    }

    fn on(folder: TempDir, home: PathBuf, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
            .arg("--home")
            .arg(&home)
            .args(["serve", "--listen", "127.0.0.1:0", "--workers", "2"])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let (address, token) = line
            .trim()
            .split_once("http://")
            .and_then(|(_, link)| link.split_once("/?token="))
            .unwrap_or_else(|| panic!("no link: {line}"));
        let mut server = Self {
            folder,
            home,
            child,
            address: address.to_owned(),
            token: token.to_owned(),
            cookie: String::new(),
        };
        server.cookie = server.sign_in();
        server
    }

    /// Opens a session with the link; its cookie.
    pub fn sign_in(&self) -> String {
        let signed_in = self.send("GET", &format!("/?token={}", self.token), &[("cookie", "none=1")], b"");
        assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"));
        signed_in.header("set-cookie").split(';').next().unwrap().to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends bytes, and reads to the end.
    pub fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        parse(&bytes)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        let has = |name: &str| headers.iter().any(|(known, _)| *known == name);
        if !has("host") {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        if !has("cookie") && !self.cookie.is_empty() {
            head.push_str(&format!("cookie: {}\r\n", self.cookie));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(&[head.as_bytes(), b"\r\n", body].concat())
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[("content-type", "application/json")], body.to_string().as_bytes())
    }

    /// Uploads a file; its id.
    pub fn upload(&self, file: &str, profile: &str, bytes: &[u8]) -> String {
        let begun = self.post("/api/programs/acme/uploads", &json!({ "file": file, "profile": profile }));
        assert_eq!(begun.status, 201, "{}", begun.text());
        let begun = begun.json();
        let put = self.send("PUT", begun["put"]["url"].as_str().unwrap(), &[], bytes);
        assert_eq!(put.status, 204, "{}", put.text());
        begun["upload_id"].as_str().unwrap().to_owned()
    }

    /// Waits until an import is over; its state.
    pub fn over(&self, import: &str) -> Value {
        let began = Instant::now();
        loop {
            let state = self.get(&format!("/api/programs/acme/imports/{import}")).json();
            if state["phase"] == "over" && !state["status"].is_null() {
                return state;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{state}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts an import of an upload and waits for its end.
    pub fn import(&self, upload: &str, dry_run: bool, options: Value) -> Value {
        self.over(&self.begin(upload, dry_run, options))
    }

    /// Starts an import of an upload; its id.
    pub fn begin(&self, upload: &str, dry_run: bool, options: Value) -> String {
        let body = json!({ "upload_id": upload, "dry_run": dry_run, "options": options });
        let started = self.post("/api/programs/acme/imports", &body);
        assert_eq!(started.status, 202, "{}", started.text());
        started.json()["import_id"].as_str().unwrap().to_owned()
    }

    pub fn result(&self, import: &str, file: &str) -> String {
        let answer = self.get(&format!("/api/programs/acme/imports/{import}/results/{file}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.text()
    }

    /// Every file in the bucket, with its path there.
    pub fn bucket(&self) -> Vec<String> {
        fn look(folder: &Path, root: &Path, found: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    look(&path, root, found);
                } else {
                    found.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let (root, mut found) = (self.home.join("bucket"), Vec::new());
        look(&root, &root, &mut found);
        found.sort();
        found
    }

    /// Ends it as a user does; what it answers.
    pub fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().unwrap();
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn parse(bytes: &[u8]) -> Answer {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..at]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: Vec<(String, String)> = lines.filter_map(header).collect();
    let mut body = bytes.get(at + 4..).unwrap_or_default().to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body);
    }
    Answer { status, headers, body }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let Ok(len) = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16) else { break };
        out.extend_from_slice(&bytes[end + 2..(end + 2 + len).min(bytes.len())]);
        bytes = bytes.get(end + 4 + len..).unwrap_or_default();
        if len == 0 {
            break;
        }
    }
    out
}
