//! The bytes of an object: where a body breaks midway, it is read on by range from where it broke.
//!
//! The SDK repeats a call until its answer begins; what happens to the body after that is up to its reader.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::Answer;

use crate::fault::{fault, status};
use crate::table::pause;

/// How often a body may break in one read.
const BREAKS: u32 = 5;

const DOING: &str = "reading an object";

/// Which version of an object is read.
#[derive(Debug, Clone)]
pub(crate) enum Which {
    /// The current one.
    Current,
    /// The one of this id.
    Version(String),
    /// The current one, if it has this entity tag.
    Tag(String),
}

/// Reads one object.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
}

impl Reader<'_> {
    /// The bytes of a range, or all of them; `None` where that version does not exist, or no longer.
    pub(crate) async fn read(&self, which: Which, range: Option<Range<u64>>) -> Answer<Option<Vec<u8>>> {
        let (mut which, mut bytes, mut pinned) = (which, Vec::new(), false);
        for attempt in 0..=BREAKS {
            if attempt > 0 {
                pause(attempt).await;
            }
            let Some(answer) = self.ask(&which, range.as_ref(), bytes.len() as u64).await? else {
                if !pinned {
                    return Ok(None);
                }
                // It was overwritten meanwhile: the current one is read from its beginning.
                (which, pinned) = (Which::Current, false);
                bytes.clear();
                continue;
            };
            if let (Which::Current, Some(tag)) = (&which, answer.e_tag()) {
                // What is left must be that of the same version.
                (which, pinned) = (Which::Tag(tag.to_owned()), true);
            }
            let is_whole = answer.content_range().is_none();
            if is_whole {
                bytes.clear();
            }
            let expected = answer.content_length().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
            let before = bytes.len();
            match append(&mut bytes, answer.body).await {
                Ok(()) => {
                    return Ok(Some(match range {
                        Some(range) if is_whole => part_of(&bytes, &range),
                        _ => bytes,
                    }));
                }
                Err(why) => tracing::warn!("{DOING}: broken after {} bytes: {why}", bytes.len()),
            }
            if bytes.len() - before >= expected {
                // All bytes came, and they are not those that were written.
                bytes.clear();
            }
        }
        Err(Fault::transient(DOING, "its body keeps breaking"))
    }

    /// The object without what was read of it.
    async fn ask(
        &self,
        which: &Which,
        range: Option<&Range<u64>>,
        read: u64,
    ) -> Answer<Option<GetObjectOutput>> {
        let get = self.client.get_object().bucket(self.bucket).key(self.key);
        let get = match which {
            Which::Current => get,
            Which::Version(id) => get.version_id(id),
            Which::Tag(tag) => get.if_match(tag),
        };
        let get = match range {
            Some(range) => get.range(format!("bytes={}-{}", range.start + read, range.end - 1)),
            None if read > 0 => get.range(format!("bytes={read}-")),
            None => get,
        };
        match get.send().await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if matches!(status(&error), Some(404 | 405 | 412 | 416)) => Ok(None),
            Err(error) => Err(fault(DOING, error)),
        }
    }
}

async fn append(bytes: &mut Vec<u8>, mut body: ByteStream) -> Result<(), String> {
    while let Some(piece) = body.try_next().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&piece);
    }
    Ok(())
}

/// Some stores return a whole version when a range is requested; the response then names no range.
fn part_of(bytes: &[u8], range: &Range<u64>) -> Vec<u8> {
    let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
    bytes[at(range.start)..at(range.end)].to_vec()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    use super::*;

    /// The headers of a request, in lower case.
    type Request = Vec<String>;
    /// What a server answers to a request, given how many came before.
    type Answers = fn(usize, &Request) -> Vec<u8>;

    fn header<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
        request.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn read_request(stream: &TcpStream) -> Request {
        let lines = BufReader::new(stream).lines().map_while(Result::ok);
        lines.take_while(|line| !line.is_empty()).map(|line| line.to_lowercase()).collect()
    }

    /// An answer that breaks off after so many bytes of its body.
    fn broken(head: &str, body: &[u8], after: usize) -> Vec<u8> {
        let len = body.len();
        let mut answer =
            format!("HTTP/1.1 {head}\r\ncontent-length: {len}\r\nconnection: close\r\n\r\n").into_bytes();
        answer.extend_from_slice(&body[..after.min(len)]);
        answer
    }

    /// Reads an object of a server that closes each connection after its answer; what was asked for, too.
    fn read(
        which: Which,
        range: Option<Range<u64>>,
        answers: Answers,
    ) -> (Answer<Option<Vec<u8>>>, Vec<String>) {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", server.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        std::thread::spawn(move || {
            for (number, stream) in server.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let request = read_request(&stream);
                let part = |name| header(&request, name).unwrap_or("-").to_owned();
                noted.lock().unwrap().push(format!("{} {}", part("range"), part("if-match")));
                stream.write_all(&answers(number, &request)).unwrap();
            }
        });
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(endpoint)
            .force_path_style(true);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = Client::from_conf(config.build());
        let reader = Reader { client: &client, bucket: "bucket", key: "key" };
        let read = runtime.block_on(reader.read(which, range));
        let asked = asked.lock().unwrap().clone();
        (read, asked)
    }

    const BODY: &[u8] = b"0123456789abcdef";

    /// Of 16 bytes each answer gives at most five.
    fn five_bytes(_: usize, request: &Request) -> Vec<u8> {
        let tag = "etag: \"one\"";
        let Some(range) = header(request, "range").and_then(|range| range.strip_prefix("bytes=")) else {
            return broken(&format!("200 OK\r\n{tag}"), BODY, 5);
        };
        let (from, to) = range.split_once('-').unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap_or(15));
        let head = format!("206 Partial Content\r\n{tag}\r\ncontent-range: bytes {from}-{to}/16");
        broken(&head, &BODY[from..=to], 5)
    }

    #[test]
    fn a_body_that_breaks_is_read_on_from_where_it_broke() {
        let version = Which::Version("v1".to_owned());
        let (bytes, asked) = read(version, Some(2..14), five_bytes);
        assert_eq!(bytes.unwrap().unwrap(), &BODY[2..14]);
        assert_eq!(asked, ["bytes=2-13 -", "bytes=7-13 -", "bytes=12-13 -"]);
        let (bytes, asked) = read(Which::Current, None, five_bytes);
        assert_eq!(bytes.unwrap().unwrap(), BODY);
        let tag = "\"one\"";
        assert_eq!(
            asked,
            [
                "- -".to_owned(),
                format!("bytes=5- {tag}"),
                format!("bytes=10- {tag}"),
                format!("bytes=15- {tag}")
            ]
        );
    }

    #[test]
    fn an_object_that_was_overwritten_meanwhile_is_read_anew() {
        let (bytes, asked) = read(Which::Current, None, |number, _| match number {
            0 => broken("200 OK\r\netag: \"one\"", b"old bytes", 4),
            1 => broken("412 Precondition Failed", b"", 0),
            _ => broken("200 OK\r\netag: \"two\"", b"new", 3),
        });
        assert_eq!(bytes.unwrap().unwrap(), b"new");
        assert_eq!(asked, ["- -", "bytes=4- \"one\"", "- -"]);
    }

    #[test]
    fn a_body_that_always_breaks_is_given_up() {
        let nothing: Answers = |_, _| broken("200 OK\r\netag: \"one\"", BODY, 0);
        let (bytes, asked) = read(Which::Version("v1".to_owned()), None, nothing);
        assert!(bytes.unwrap_err().is_transient());
        assert_eq!(asked.len(), BREAKS as usize + 1);
    }
}
