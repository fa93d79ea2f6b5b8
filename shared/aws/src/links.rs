//! What the console does with the bucket besides the port: links for browsers, copies, names, removals.

use std::time::Duration;

use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::presigning::PresigningConfig;
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::ports::{Answer, ObjectVersion};

use crate::fault::{fault, status, unbuilt};
use crate::objects::{BY_TAG, Bucket};
use crate::upload::content_type;

/// How long a link opens something. A transfer that has begun may last longer.
const GOOD_FOR: Duration = Duration::from_secs(300);
/// The type of an upload; what it is, its bytes say.
const BYTES: &str = "application/octet-stream";

/// A request that somebody else may send, without credentials of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// Headers that the request must have; those that every client sets itself are left out.
    pub headers: Vec<(String, String)>,
}

impl Bucket {
    /// The largest object that one request of S3 writes or copies.
    pub const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

    /// A link that puts one object. Its length is fixed where it is known.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub async fn link_to_put(&self, key: &str, len: Option<u64>) -> Answer<Link> {
        const DOING: &str = "making a link to put";
        let put = self.client.put_object().bucket(&self.name).key(key).content_type(BYTES);
        let put = put.set_content_length(len.and_then(|len| i64::try_from(len).ok()));
        // The bytes are not known here, so their checksum is not either.
        let plain = Builder::new().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let put = put.customize().config_override(plain).presigned(good_for(DOING)?).await;
        let put = put.map_err(|error| fault(DOING, error))?;
        let of_every_client = |name: &str| matches!(name, "host" | "content-length");
        let headers = put.headers().filter(|(name, _)| !of_every_client(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Link { url: put.uri().to_owned(), headers })
    }

    /// A link that gets one object: shown, or saved under a name.
    ///
    /// # Errors
    /// Where there are no credentials.
    pub async fn link_to_get(&self, key: &str, save_as: Option<&str>) -> Answer<String> {
        const DOING: &str = "making a link to get";
        let shown = save_as.map_or("inline".to_owned(), |name| format!("attachment; filename=\"{name}\""));
        let get = self.client.get_object().bucket(&self.name).key(key);
        let get = get.response_content_disposition(shown).response_content_type(content_type(key));
        let get = get.response_cache_control("no-store").presigned(good_for(DOING)?).await;
        Ok(get.map_err(|error| fault(DOING, error))?.uri().to_owned())
    }

    /// Copies one version to a key that has no object; an object that is there stays.
    ///
    /// # Errors
    /// [`Fault::Gone`] where that version is gone, and where S3 cannot be reached.
    pub async fn copy_if_absent(&self, source: &ObjectVersion, key: &str) -> Answer<()> {
        let from = format!("{}/{}", self.name, source.key);
        let copy = self.client.copy_object().bucket(&self.name).key(key).if_none_match("*");
        let copy = match source.version.strip_prefix(BY_TAG) {
            Some(tag) => copy.copy_source(from).copy_source_if_match(tag),
            None => copy.copy_source(format!("{from}?versionId={}", source.version)),
        };
        match copy.send().await {
            Ok(_) => Ok(()),
            // It is there; or the source was overwritten in a bucket without versions, and then nothing is there.
            Err(error) if status(&error) == Some(412) => Ok(()),
            Err(error) if status(&error) == Some(404) => Err(Fault::Gone(source.key.clone())),
            Err(error) => Err(fault("copying an object", error)),
        }
    }

    /// Removes an object; in a bucket with versions it stays as an old one.
    ///
    /// # Errors
    /// Where S3 cannot be reached.
    pub async fn remove(&self, key: &str) -> Answer<()> {
        let delete = self.client.delete_object().bucket(&self.name).key(key).send().await;
        delete.map(drop).map_err(|error| fault("removing an object", error))
    }

    /// The names of the objects right under a prefix that have an ending, without prefix and ending, ascending.
    ///
    /// # Errors
    /// Where S3 cannot be reached.
    pub async fn names(&self, prefix: &str, ending: &str) -> Answer<Vec<String>> {
        let list = self.client.list_objects_v2().bucket(&self.name).prefix(prefix).delimiter("/");
        let mut pages = list.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault("listing objects", error))?;
            let name = |key: &str| Some(key.strip_prefix(prefix)?.strip_suffix(ending)?.to_owned());
            names.extend(page.contents().iter().filter_map(|object| name(object.key()?)));
        }
        Ok(names)
    }
}

fn good_for(doing: &'static str) -> Answer<PresigningConfig> {
    PresigningConfig::expires_in(GOOD_FOR).map_err(|error| unbuilt(doing, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::Client;
    use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

    fn bucket() -> Bucket {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".to_owned()), None, "test");
        let config =
            Builder::new().behavior_version(BehaviorVersion::latest()).region(Region::new("eu-west-1"));
        Bucket::new(Client::from_conf(config.credentials_provider(credentials).build()), "lists")
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn a_link_to_put_fixes_key_type_and_length_and_lives_for_minutes() {
        let link = block_on(bucket().link_to_put("uploads/acme/u/file", Some(7))).unwrap();
        assert!(
            link.url.starts_with("https://lists.s3.eu-west-1.amazonaws.com/uploads/acme/u/file?"),
            "{}",
            link.url
        );
        assert!(link.url.contains("X-Amz-Expires=300"), "{}", link.url);
        let signed = link.url.split('&').find_map(|part| part.strip_prefix("X-Amz-SignedHeaders=")).unwrap();
        assert_eq!(signed.replace("%3B", ";"), "content-length;content-type;host");
        assert_eq!(link.headers, [("content-type".to_owned(), BYTES.to_owned())]);
        assert!(!link.url.to_lowercase().contains("checksum"), "{}", link.url);
        let unknown = block_on(bucket().link_to_put("uploads/acme/u/file", None)).unwrap();
        assert!(!unknown.url.contains("content-length"), "{}", unknown.url);
    }

    #[test]
    fn a_link_to_get_says_what_it_gives() {
        let link = block_on(bucket().link_to_get("imports/acme/i/failed.csv", Some("failed.csv"))).unwrap();
        assert!(link.contains("X-Amz-Expires=300") && link.contains("text%2Fcsv"), "{link}");
        assert!(link.contains("attachment%3B%20filename%3D%22failed.csv%22"), "{link}");
    }
}
