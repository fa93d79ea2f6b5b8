//! The common parts of the three tables: keys, batches with retries of unprocessed items, waits with jitter.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};
use rollcall_domain::types::id::{base32, sha256};
use rollcall_pipeline::fault::Fault;
use rollcall_pipeline::pace::{self, Pace, Sent, Stopped};
use rollcall_pipeline::ports::Answer;

use crate::clock::SystemClock;
use crate::fault::{fault, is_throttled, unbuilt};

/// Partition key.
pub(crate) const PK: &str = "pk";
/// Sort key.
pub(crate) const SK: &str = "sk";
/// Keys of one BatchGetItem.
const GET_AT_ONCE: usize = 100;
/// Items of one BatchWriteItem.
pub(crate) const PUT_AT_ONCE: usize = 25;
/// Batches in flight at the same time: a busy table needs no more.
const AT_A_TIME: usize = 8;
/// How often in a row a batch may come back whole before the message returns to the queue.
const TRIES: u32 = 9;
/// How often a batch whose answer was lost is sent again.
const LOST: u32 = 4;

pub(crate) type Item = HashMap<String, AttributeValue>;
/// Partition and sort key; an empty sort key if the table has none.
pub(crate) type Key = (String, String);

/// One table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) client: Client,
    /// The same without the SDK's retries: of a throttled batch the pace is to hear at once.
    unretried: Client,
    pub(crate) name: String,
    pub(crate) pace: Pace,
}

impl Table {
    pub(crate) fn new(client: Client, name: impl Into<String>) -> Self {
        let config = client.config().to_builder().retry_config(RetryConfig::disabled()).build();
        Self { unretried: Client::from_conf(config), client, name: name.into(), pace: Pace::default() }
    }

    /// The items that exist under distinct keys.
    pub(crate) async fn get_all(
        &self,
        doing: &'static str,
        keys: Vec<Key>,
        consistent: bool,
    ) -> Answer<HashMap<Key, Item>> {
        let batches: Vec<Vec<Item>> =
            keys.chunks(GET_AT_ONCE).map(|keys| keys.iter().map(key_item).collect()).collect();
        let found: Vec<Vec<Item>> = stream::iter(batches)
            .map(|batch| self.get_batch(doing, batch, consistent))
            .buffer_unordered(AT_A_TIME)
            .try_collect()
            .await?;
        Ok(found.into_iter().flatten().map(|item| (key_of(&item), item)).collect())
    }

    async fn get_batch(&self, doing: &'static str, keys: Vec<Item>, consistent: bool) -> Answer<Vec<Item>> {
        let mut found = Vec::with_capacity(keys.len());
        let mut left = keys;
        // How often in a row nothing came.
        let mut attempt = 0;
        while attempt < TRIES {
            let all = left.len();
            let ask = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(consistent);
            let ask = ask.build().map_err(|error| unbuilt(doing, error))?;
            let answer = self.client.batch_get_item().request_items(&self.name, ask).send().await;
            let mut answer = answer.map_err(|error| fault(doing, error))?;
            let responses = answer.responses.as_mut();
            found.extend(responses.and_then(|all| all.remove(&self.name)).unwrap_or_default());
            let unprocessed = answer.unprocessed_keys.as_mut().and_then(|all| all.remove(&self.name));
            left = unprocessed.map(|rest| rest.keys).unwrap_or_default();
            if left.is_empty() {
                return Ok(found);
            }
            attempt = if left.len() < all { 0 } else { attempt + 1 };
            pause(attempt).await;
        }
        Err(Fault::throttled(doing, format_args!("{} keys stay unprocessed", left.len())))
    }

    /// Puts items with distinct keys in their order, and replaces those before. Where it stops it says how many batches,
    /// of [`PUT_AT_ONCE`] items each, are written.
    pub(crate) async fn put_all(&self, doing: &'static str, items: Vec<Item>) -> Result<(), Stopped> {
        let requests: Answer<Vec<WriteRequest>> =
            items.into_iter().map(|item| put_request(doing, item)).collect();
        let requests = requests.map_err(|fault| Stopped { done: 0, fault })?;
        let batches = requests.chunks(PUT_AT_ONCE).map(<[WriteRequest]>::to_vec).collect();
        let send = |batch| self.put_batch(doing, batch);
        pace::send_all(doing, &self.pace, &SystemClock, AT_A_TIME, batches, send).await
    }

    /// A lost answer is asked for again; puts may be repeated.
    async fn put_batch(&self, doing: &'static str, batch: Vec<WriteRequest>) -> Answer<Sent<WriteRequest>> {
        let mut attempt = 0;
        loop {
            let put = self.unretried.batch_write_item().request_items(&self.name, batch.clone());
            match put.send().await {
                Ok(answer) => {
                    let rest = answer.unprocessed_items.and_then(|mut all| all.remove(&self.name));
                    return Ok(Sent::But(rest.unwrap_or_default()));
                }
                Err(error) if is_throttled(&error) => return Ok(Sent::Throttled(batch)),
                Err(error) => match fault(doing, error) {
                    fault if fault.is_transient() && attempt < LOST => attempt += 1,
                    fault => return Err(fault),
                },
            }
            pause(attempt).await;
        }
    }
}

fn put_request(doing: &'static str, item: Item) -> Answer<WriteRequest> {
    let put = PutRequest::builder().set_item(Some(item)).build().map_err(|error| unbuilt(doing, error))?;
    Ok(WriteRequest::builder().put_request(put).build())
}

/// Waits before a retry: twice as long each time, with jitter, so that writers that collided separate.
pub(crate) async fn pause(attempt: u32) {
    let longest = 25_u64 << attempt.min(8);
    tokio::time::sleep(Duration::from_millis(fastrand::u64(longest / 2..=longest))).await;
}

/// A write whose condition did not hold counts as done.
pub(crate) fn unless_refused<T>(
    doing: &'static str,
    sent: Result<T, SdkError<UpdateItemError, HttpResponse>>,
) -> Answer<()> {
    held(doing, sent).map(drop)
}

/// Whether the condition of a write held.
pub(crate) fn held<T>(
    doing: &'static str,
    sent: Result<T, SdkError<UpdateItemError, HttpResponse>>,
) -> Answer<bool> {
    let refused = |error: &SdkError<UpdateItemError, HttpResponse>| {
        error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
    };
    match sent {
        Ok(_) => Ok(true),
        Err(error) if refused(&error) => Ok(false),
        Err(error) => Err(fault(doing, error)),
    }
}

/// Shortens a key part to fit: a DynamoDB sort key has at most 1,024 bytes, and a cell may be longer.
pub(crate) fn fitting(part: &str) -> String {
    const LONGEST: usize = 480;
    if part.len() <= LONGEST && !part.starts_with('~') {
        return part.to_owned();
    }
    let mut digest = "~".to_owned();
    base32(&sha256(&[part]), &mut digest);
    digest
}

fn key_item((pk, sk): &Key) -> Item {
    let mut item = Item::from([(PK.to_owned(), text(pk))]);
    if !sk.is_empty() {
        item.insert(SK.to_owned(), text(sk));
    }
    item
}

fn key_of(item: &Item) -> Key {
    let part = |name| text_of(item, name).unwrap_or_default().to_owned();
    (part(PK), part(SK))
}

/// A text attribute.
pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A number attribute.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// The text under a name.
pub(crate) fn text_of<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// The number under a name.
pub(crate) fn number_of<N: std::str::FromStr>(item: &Item, name: &str) -> Option<N> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_part_that_is_too_long_becomes_its_digest() {
        assert_eq!(fitting("e:ann@sample.com"), "e:ann@sample.com");
        let long = "x".repeat(40_000);
        assert_eq!(fitting(&long).len(), 53);
        assert_ne!(fitting(&long), fitting(&"y".repeat(40_000)));
        // A text that looks like a digest must not be mistaken for one.
        assert_ne!(fitting(&fitting(&long)), fitting(&long));
    }
}
